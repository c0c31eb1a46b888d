//! Points on a picture: a grid of counts, so that no result walks the ballots and none grows with them.

use plenum_schema::poll::{Cell, Heat, Number, Spot};

/// Cells on each side.
const SIDE: u16 = 20;
/// The whole width, in millionths.
const WHOLE: i64 = 1_000_000;

/// How many points lie where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Grid {
    cells: Vec<u64>,
    x: i128,
    y: i128,
}

fn place(at: Number) -> usize {
    let cell = at.millionths().clamp(0, WHOLE) * i64::from(SIDE) / WHOLE;
    usize::try_from(cell).unwrap_or(0).min(usize::from(SIDE) - 1)
}

impl Grid {
    pub fn new() -> Self {
        Self { cells: vec![0; usize::from(SIDE) * usize::from(SIDE)], x: 0, y: 0 }
    }

    /// Counts a point, or (`adds` false) takes it out.
    pub fn count(&mut self, spot: Spot, adds: bool) {
        let index = place(spot.y) * usize::from(SIDE) + place(spot.x);
        if let Some(cell) = self.cells.get_mut(index) {
            *cell = if adds { *cell + 1 } else { cell.saturating_sub(1) };
        }
        let sign = if adds { 1 } else { -1 };
        self.x += sign * i128::from(spot.x.millionths());
        self.y += sign * i128::from(spot.y.millionths());
    }

    /// The heat map; `None` without a point.
    pub fn heat(&self) -> Option<Heat> {
        let total: u64 = self.cells.iter().sum();
        let at = |index: usize| u16::try_from(index).unwrap_or(0);
        let cell =
            |(index, count): (usize, &u64)| Cell { column: at(index) % SIDE, row: at(index) / SIDE, count: *count };
        (total > 0).then(|| Heat {
            columns: SIDE,
            rows: SIDE,
            center: Spot { x: Number::mean(self.x, total), y: Number::mean(self.y, total) },
            cells: self.cells.iter().enumerate().filter(|(_, count)| **count > 0).map(cell).collect(),
        })
    }
}
