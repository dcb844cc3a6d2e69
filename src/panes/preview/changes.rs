//! The changes of a plan as diffs: which one is looked at, folded or whole, one below the other or side by side.

use crate::{
    fault::{checked::Checked, diff as objects},
    widgets::diff::{self, DiffLine},
};

/// See the module docs.
#[derive(Debug, Default)]
pub struct Changes {
    /// By change of the preview.
    diffs: Vec<Vec<DiffLine>>,
    at: usize,
    whole: bool,
    side: bool,
    /// There is room for two sides; known after a settle.
    pub room_for_sides: bool,
    /// Line at which the chosen change begins in a layout of one column; known after a settle.
    pub starts: Vec<usize>,
}

impl Changes {
    /// The folded diffs of a plan.
    pub fn new(checked: &Checked) -> Self {
        let diffs = checked.preview.changes.iter().map(|change| diff::parse(&change.diff)).collect();
        Self { diffs, at: fuses(checked), ..Self::default() }
    }

    /// The same view of other diffs.
    #[must_use]
    pub fn looked_at_like(mut self, before: &Self) -> Self {
        self.at = before.at.min(self.diffs.len().saturating_sub(1));
        self.side = before.side;
        self
    }

    /// Which change is looked at.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The diff of a change.
    pub fn diff(&self, at: usize) -> &[DiffLine] {
        self.diffs.get(at).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether two sides are shown.
    pub fn sides(&self) -> bool {
        self.side && self.room_for_sides
    }

    /// Whether the screen is wide enough to offer two sides.
    pub fn wide(&self) -> bool {
        self.room_for_sides
    }

    /// Whether every line is shown.
    pub fn unfolded(&self) -> bool {
        self.whole
    }

    /// One diff or two sides.
    pub fn turn(&mut self) {
        self.side = !self.side && self.room_for_sides;
    }

    /// To another change, not around.
    pub fn go(&mut self, by: isize) {
        self.at = self.at.saturating_add_signed(by).min(self.diffs.len().saturating_sub(1));
    }

    /// Where the chosen change begins in a layout of one column.
    pub fn start(&self, otherwise: usize) -> usize {
        self.starts.get(self.at).copied().unwrap_or(otherwise)
    }

    /// Shows every line of the objects, or folds them again.
    pub fn unfold(&mut self, checked: &Checked) {
        self.whole = !self.whole;
        for (at, (lines, change)) in self.diffs.iter_mut().zip(&checked.preview.changes).enumerate() {
            let whole = self.whole.then(|| whole(checked, at)).flatten();
            *lines = diff::parse(whole.as_deref().unwrap_or(&change.diff));
        }
    }
}

/// How many fuses stand before the steps. What a fault does is looked at first, what ends it after.
fn fuses(checked: &Checked) -> usize {
    checked.preview.changes.len().saturating_sub(checked.plan.steps.len())
}

/// The diff of all lines of an object; `None` where the answer holds no objects to compare.
fn whole(checked: &Checked, at: usize) -> Option<String> {
    let at = at.checked_sub(fuses(checked))?;
    let step = checked.plan.steps.get(at)?;
    let stored = checked.stored.get(at)?.as_ref();
    let before = step.before.as_ref();
    (before.is_some() || stored.is_some()).then(|| objects::whole(before, stored))
}
