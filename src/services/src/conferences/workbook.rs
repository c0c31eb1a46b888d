//! A report as a workbook (Office Open XML), for spreadsheets. Texts are written as strings, which no spreadsheet takes for formulas.

use super::report::{Engagement, Report, kind_name, rows};
use plenum_schema::{Refusal, RefusalCode};
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

/// Most characters in a cell.
const CELL_CHARS: usize = 32_767;

/// Numbers of people and ballots are far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
fn number(value: u64) -> f64 {
    value as f64
}

fn text(sheet: &mut Worksheet, row: u32, column: u16, text: &str) -> Result<(), XlsxError> {
    let cut: String = text.chars().take(CELL_CHARS).collect();
    sheet.write_string(row, column, cut).map(drop)
}

fn heads(sheet: &mut Worksheet, names: &[&str]) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    for (column, name) in (0..).zip(names) {
        sheet.write_string_with_format(0, column, *name, &bold)?;
    }
    sheet.set_freeze_panes(1, 0).map(drop)
}

impl Report {
    /// As a workbook with two sheets: the conference, and every answer with its count.
    ///
    /// # Errors
    /// `internal` when it has more rows than a sheet takes.
    pub fn xlsx(&self) -> Result<Vec<u8>, Refusal> {
        self.workbook().map_err(|error| {
            tracing::error!(%error, "a workbook could not be written");
            Refusal::new(RefusalCode::Internal, "the report does not fit into a workbook; take CSV")
        })
    }

    fn workbook(&self) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        self.overview(book.add_worksheet().set_name("Conference")?)?;
        self.answers(book.add_worksheet().set_name("Answers")?)?;
        book.save_to_buffer()
    }

    fn overview(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        heads(sheet, &["what", "value"])?;
        let Engagement { voted, ballots, questions, asked, upvotes, replies, .. } = self.engagement;
        text(sheet, 1, 0, "title")?;
        text(sheet, 1, 1, &self.conference.info.title)?;
        let figures = [
            ("joined", self.audience.unique),
            ("at the same time", self.audience.peak),
            ("questions asked", questions),
            ("ballots", ballots),
            ("asked by the audience", asked),
            ("votes for what it asked", upvotes),
            ("replies", replies),
        ];
        let figures = figures.into_iter().chain(voted.map(|voted| ("voted at least once", voted)));
        for (row, (name, value)) in (2..).zip(figures) {
            text(sheet, row, 0, name)?;
            sheet.write_number(row, 1, number(value))?;
        }
        sheet.set_column_width(0, 20)?.set_column_width(1, 60).map(drop)
    }

    fn answers(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        heads(sheet, &["question", "kind", "ballots", "answer", "count"])?;
        let mut row = 0;
        for question in &self.questions {
            let Some(results) = &question.results else { continue };
            for (answer, count) in rows(&question.definition, results) {
                row += 1;
                text(sheet, row, 0, &question.definition.text)?;
                text(sheet, row, 1, &kind_name(results))?;
                sheet.write_number(row, 2, number(results.total_responses))?;
                text(sheet, row, 3, &answer)?;
                sheet.write_number(row, 4, number(count))?;
            }
        }
        sheet.set_column_width(0, 60)?.set_column_width(3, 40).map(drop)
    }
}
