//! The report as one page: no script, nothing fetched, readable on a phone, light and dark.

use super::plot::{Plot, PlotLine, draw};
use super::{Outcome, Report, Table, number};
use std::fmt::Write as _;

const STYLE: &str = include_str!("report.css");

/// Text made safe for HTML.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The whole page.
#[must_use]
pub fn page(report: &Report) -> String {
    let (class, verdict) = match report.outcome() {
        Outcome::Passed => ("good", "Nothing lost, doubled or reordered; every bound kept"),
        Outcome::BudgetBroken => ("warn", "Correct, but a figure is out of its bounds"),
        Outcome::Incorrect => ("bad", "Not correct: see the checks"),
    };
    let title = escape(&report.scenario);
    let command = escape(&report.command.join(" "));
    let body = [
        budget(report),
        tables(report),
        curves(report),
        timelines(report),
        figures(report),
        checks(report),
        about(report),
    ]
    .concat();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title} · load report</title><style>{STYLE}</style></head><body><main>\
         <h1>{title}</h1><p class=\"verdict {class}\">{verdict}</p><pre>plenum-loadtest {command}</pre>{body}</main></body></html>\n"
    )
}

fn table(head: &str, columns: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut html = format!("<h2>{head}</h2><div class=\"scroll\"><table><thead><tr>");
    for column in columns {
        let _ = write!(html, "<th scope=\"col\">{column}</th>");
    }
    html.push_str("</tr></thead><tbody>");
    for row in rows {
        html.push_str("<tr>");
        for cell in row {
            let _ = write!(html, "<td>{cell}</td>");
        }
        html.push_str("</tr>");
    }
    html + "</tbody></table></div>"
}

fn budget(report: &Report) -> String {
    let rows = report.budget.iter().map(|line| {
        let value = line.value.map_or("absent".to_owned(), number);
        let verdict = if line.holds { "<b class=\"good\">kept</b>" } else { "<b class=\"bad\">broken</b>" };
        vec![escape(&line.figure), format!("{} {}", line.kind, number(line.bound)), value, verdict.to_owned()]
    });
    table("Budget", &["figure", "bound", "measured", ""], &rows.collect::<Vec<_>>())
}

fn tables(report: &Report) -> String {
    let one = |shown: &Table| {
        let columns: Vec<String> = shown.columns.iter().map(|column| escape(column)).collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let rows: Vec<Vec<String>> =
            shown.rows.iter().map(|row| row.iter().map(|cell| escape(cell)).collect()).collect();
        table(&escape(&shown.title), &columns, &rows)
    };
    report.tables.iter().map(one).collect()
}

/// Percentiles are spread by their distance from 100: 90, 99, 99.9 are one step apart.
fn spread(percentile: f64) -> f64 {
    -(1.0 - percentile / 100.0).max(1e-4).log10()
}

fn curves(report: &Report) -> String {
    let lines = report.curves.iter().map(|curve| PlotLine {
        name: &curve.name,
        points: curve.points.iter().map(|point| (spread(point.percentile), point.ms)).collect(),
    });
    let ticks =
        [0.0, 50.0, 90.0, 99.0, 99.9, 99.99].map(|percentile| (spread(percentile), format!("{percentile}"))).to_vec();
    let title = "Latency by percentile, ms".to_owned();
    let plot = draw(&Plot { title, lines: lines.collect(), ticks, logarithmic: true });
    if plot.is_empty() { plot } else { format!("<h2>Latency</h2>{plot}") }
}

fn timelines(report: &Report) -> String {
    let mut html = String::new();
    for timeline in &report.timelines {
        let lines: Vec<PlotLine<'_>> = timeline
            .series
            .iter()
            .map(|series| PlotLine { name: &series.name, points: series.points.clone() })
            .collect();
        let times = lines.iter().flat_map(|line| line.points.iter().map(|point| point.0));
        let (first, last) = times.fold((f64::MAX, 0_f64), |(low, high), at| (low.min(at), high.max(at)));
        let step = (last / 6.0).ceil().max(1.0);
        let ticks = (0..=6).map(|n| f64::from(n) * step).filter(|at| (first..=last).contains(at));
        let ticks = ticks.map(|at| (at, format!("{at} s"))).collect();
        let title = format!("{}, {}", timeline.title, timeline.unit);
        html += &draw(&Plot { title, lines, ticks, logarithmic: false });
    }
    if html.is_empty() { html } else { format!("<h2>Over time</h2>{html}") }
}

fn figures(report: &Report) -> String {
    let rows = report.figures.iter().map(|(name, value)| vec![escape(&name.replace('_', " ")), number(*value)]);
    table("Figures", &["figure", "value"], &rows.collect::<Vec<_>>())
}

fn checks(report: &Report) -> String {
    let checks = &report.checks;
    let row = |name: &str, value: u64| vec![name.to_owned(), number_of(value)];
    let rows = vec![
        row("events checked", checks.events),
        row("lost", checks.lost),
        row("duplicates", checks.duplicates),
        row("reordered", checks.reordered),
        row("another content than elsewhere", checks.diverged),
        row("acknowledged but not in the log", checks.acked_lost),
        row("not the protocol", checks.malformed),
        row("connections ended by the server", checks.unexpected_closes),
        row("refused sends", checks.unexpected_refusals),
        row("gaps declared by retention", checks.retention_gaps),
    ];
    let examples: String = checks.examples.iter().map(|example| format!("<li>{}</li>", escape(example))).collect();
    let list = if examples.is_empty() { examples } else { format!("<ul class=\"bad\">{examples}</ul>") };
    table("Checks", &["what", "count"], &rows) + &list
}

#[expect(clippy::cast_precision_loss, reason = "a count to print")]
fn number_of(value: u64) -> String {
    number(value as f64)
}

fn about(report: &Report) -> String {
    let rows = report.parameters.iter().map(|(name, value)| vec![escape(name), escape(value)]);
    let machine = &report.machine;
    let about = [
        vec!["machine".to_owned(), escape(&format!("{} × {}", machine.cores, machine.processor))],
        vec!["kernel".to_owned(), escape(&machine.kernel)],
        vec!["load average".to_owned(), escape(&machine.load)],
        vec!["tool".to_owned(), escape(&report.tool)],
        vec!["seconds since 1970".to_owned(), report.date.to_string()],
    ];
    let notes: String = report.notes.iter().map(|note| format!("<li>{}</li>", escape(note))).collect();
    let notes = if notes.is_empty() { notes } else { format!("<h2>How to read this</h2><ul>{notes}</ul>") };
    notes + &table("Run", &["what", "value"], &rows.chain(about).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::super::{Curve, Series, Timeline};
    use super::*;
    use crate::histogram::Point;

    fn report() -> Report {
        let mut report = Report::new("fanout<script>");
        report.figure("p99_ms", 3.5);
        report.curves.push(Curve {
            name: "plenum".to_owned(),
            points: vec![Point { percentile: 50.0, ms: 1.0 }, Point { percentile: 99.0, ms: 3.5 }],
        });
        let series = vec![Series { name: "plenum".to_owned(), points: vec![(0.0, 5.0), (9.0, 6.0)] }];
        report.timelines.push(Timeline { title: "Deliveries".to_owned(), unit: "per second".to_owned(), series });
        report.checks.examples.push("<b>".to_owned());
        report
    }

    #[test]
    fn a_page_stands_alone_and_escapes_everything() {
        let page = page(&report());
        assert!(!page.contains("<script") && !page.contains("<b></li>"));
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("src="));
        assert_eq!(page.matches("<svg").count(), 2);
        assert!(page.contains("width=device-width") && page.contains("prefers-color-scheme: dark"));
    }

    #[test]
    fn every_element_that_opens_closes() {
        let page = page(&report());
        for tag in ["table", "figure", "svg", "main", "ul", "tr", "thead", "tbody"] {
            let open = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(open, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn a_failed_run_says_so_first() {
        let mut report = report();
        report.checks.lost = 1;
        assert!(page(&report).contains("verdict bad"));
    }
}
