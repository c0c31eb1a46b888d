//! Line plots as inline SVG, drawn by hand: they scale to a phone and follow light and dark.

use super::number;
use std::fmt::Write as _;

/// One line.
pub struct PlotLine<'a> {
    /// For the legend.
    pub name: &'a str,
    /// In plot coordinates; the axes are scaled to them.
    pub points: Vec<(f64, f64)>,
}

/// A plot with its ticks.
pub struct Plot<'a> {
    /// Heading, with the unit.
    pub title: String,
    /// Lines, at most five are told apart by colour.
    pub lines: Vec<PlotLine<'a>>,
    /// Places and labels on the horizontal axis.
    pub ticks: Vec<(f64, String)>,
    /// Vertical axis by powers of ten.
    pub logarithmic: bool,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 28.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 30.0;

struct Scale {
    x: (f64, f64),
    y: (f64, f64),
    logarithmic: bool,
}

impl Scale {
    fn of(plot: &Plot<'_>) -> Option<Self> {
        let points = || plot.lines.iter().flat_map(|line| line.points.iter().copied());
        let bounds = |pick: fn((f64, f64)) -> f64| {
            points().map(pick).filter(|value| value.is_finite()).fold(None, |found: Option<(f64, f64)>, value| {
                Some(found.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
            })
        };
        let (x, y) = (bounds(|point| point.0)?, bounds(|point| point.1)?);
        let y = if plot.logarithmic {
            let low = y.0.max(1e-3).log10().floor();
            (low, y.1.max(1e-3).log10().ceil().max(low + 1.0))
        } else {
            (0.0, nice_above(y.1))
        };
        Some(Self { x: (x.0, x.1.max(x.0 + 1e-9)), y, logarithmic: plot.logarithmic })
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (value - self.x.0) / (self.x.1 - self.x.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let value = if self.logarithmic { value.max(1e-3).log10() } else { value };
        HEIGHT - BOTTOM - (value - self.y.0) / (self.y.1 - self.y.0) * (HEIGHT - TOP - BOTTOM)
    }

    fn ticks(&self) -> Vec<f64> {
        if !self.logarithmic {
            return (0..=4).map(|quarter| self.y.1 * f64::from(quarter) / 4.0).collect();
        }
        let mut ticks = Vec::new();
        let mut power = self.y.0;
        while power <= self.y.1 {
            ticks.push(10_f64.powf(power));
            power += 1.0;
        }
        ticks
    }
}

/// The next of 1, 2, 4, 8, 10 times a power of ten: quarters of it are round numbers.
fn nice_above(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 4.0, 8.0, 10.0].into_iter().map(|step| step * power).find(|top| *top >= value).unwrap_or(value)
}

/// The plot as HTML: a figure with legend and SVG; empty when there is nothing to draw.
#[must_use]
pub fn draw(plot: &Plot<'_>) -> String {
    let Some(scale) = Scale::of(plot) else { return String::new() };
    let mut svg = String::new();
    for tick in scale.ticks() {
        let y = scale.y(tick);
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{LEFT}" x2="{:.1}" y1="{y:.1}" y2="{y:.1}"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            WIDTH - RIGHT,
            LEFT - 8.0,
            y + 4.0,
            short(tick),
        );
    }
    for (place, label) in &plot.ticks {
        let x = scale.x(*place);
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{x:.1}" x2="{x:.1}" y1="{TOP}" y2="{:.1}"/><text x="{x:.1}" y="{:.1}" text-anchor="middle">{label}</text>"#,
            HEIGHT - BOTTOM,
            HEIGHT - 10.0,
        );
    }
    let mut legend = String::new();
    for (index, line) in plot.lines.iter().enumerate() {
        let path: Vec<String> =
            line.points.iter().map(|&(x, y)| format!("{:.1},{:.1}", scale.x(x), scale.y(y))).collect();
        let class = index % 5;
        let _ = write!(svg, r#"<polyline class="line c{class}" points="{}"/>"#, path.join(" "));
        let _ = write!(legend, r#"<span><i class="c{class}"></i>{}</span>"#, super::html::escape(line.name));
    }
    let title = super::html::escape(&plot.title);
    format!(
        r#"<figure><figcaption>{title}<div class="legend">{legend}</div></figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">{svg}</svg></figure>"#
    )
}

/// A tick's label: 12k, 3.4M.
fn short(value: f64) -> String {
    match value {
        value if value >= 1e9 => format!("{}G", number(value / 1e9)),
        value if value >= 1e6 => format!("{}M", trim(value / 1e6)),
        value if value >= 1e4 => format!("{}k", trim(value / 1e3)),
        value => trim(value),
    }
}

fn trim(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(points: Vec<(f64, f64)>) -> Plot<'static> {
        let lines = vec![PlotLine { name: "a<b", points }];
        Plot { title: "t".to_owned(), lines, ticks: vec![(0.0, "0".to_owned())], logarithmic: false }
    }

    #[test]
    fn a_plot_stays_inside_its_frame_and_escapes_names() {
        let drawn = draw(&plot(vec![(0.0, 0.0), (5.0, 90.0)]));
        assert!(drawn.contains("a&lt;b") && !drawn.contains("a<b"));
        assert!(drawn.contains("points=\"64.0,250.0 612.0,"), "{drawn}");
    }

    #[test]
    fn nothing_to_draw_is_nothing() {
        assert_eq!(draw(&plot(Vec::new())), "");
        assert_eq!(draw(&plot(vec![(f64::NAN, f64::NAN)])), "");
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (value, top) in [(0.0, 1.0), (0.9, 1.0), (3.0, 4.0), (11.0, 20.0), (95.0, 100.0)] {
            assert!((nice_above(value) - top).abs() < 1e-9);
        }
        assert_eq!(short(1_500_000.0), "1.5M");
    }
}
