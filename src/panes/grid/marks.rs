//! Marked rows. A mark is on an object, by its uid: it stays through every reorder, filter and change, and goes with its object.

use std::collections::HashSet;

use super::{Grid, Tabular};
use crate::{
    base::{Index, Uid, index::Row},
    config::Role,
    msg::Command,
};

/// The sign of a marked row.
pub fn sign(ascii: bool) -> &'static str {
    if ascii { "+" } else { "✓" }
}

/// Which rows are marked.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    of: HashSet<Uid>,
    /// The row that was marked last: a range begins there.
    last: Option<Uid>,
}

impl Marks {
    /// Whether a row is marked.
    pub fn has(&self, uid: Uid) -> bool {
        self.of.contains(&uid)
    }

    /// No row is marked.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Takes all marks off.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Drops the marks of objects that are gone.
    pub fn follow<R: Row>(&mut self, index: &Index<R>) {
        if !self.of.is_empty() {
            self.of.retain(|uid| index.get(*uid).is_some());
            self.last = self.last.filter(|uid| self.of.contains(uid));
        }
    }

    fn toggle(&mut self, uid: Uid) {
        if self.of.remove(&uid) {
            self.last = self.last.filter(|last| *last != uid);
        } else {
            self.of.insert(uid);
            self.last = Some(uid);
        }
    }

    /// Marks the shown rows between the one that was marked last and this place; alone where there is none in sight.
    fn reach<R: Row>(&mut self, index: &Index<R>, to: usize) {
        let from = self.last.and_then(|last| index.window(0, index.shown()).position(|row| row.uid() == last));
        let (first, last) = from.map_or((to, to), |from| (from.min(to), from.max(to)));
        self.of.extend(index.window(first, last + 1 - first).map(Row::uid));
        self.last = index.at(to).map(Row::uid);
    }
}

impl<R: Tabular> Grid<R> {
    /// Carries a command about marks out; false for all others, and where rows take no marks.
    pub(super) fn mark(&mut self, command: Command) -> bool {
        if !R::MARKS {
            return false;
        }
        match command {
            Command::Mark => {
                if let Some(row) = self.index.cursor() {
                    self.marks.toggle(row.uid());
                }
            }
            Command::MarkRange => {
                if self.index.cursor().is_some() {
                    self.marks.reach(&self.index, self.index.cursor_at());
                }
            }
            Command::ClearMarks => self.marks.clear(),
            _ => return false,
        }
        true
    }

    /// Whether any row is marked.
    pub fn any_marked(&self) -> bool {
        !self.marks.is_empty()
    }

    /// The marked rows in the order of the table, each with whether the filter shows it.
    pub fn marked(&self) -> impl Iterator<Item = (&R, bool)> {
        let any = self.any_marked();
        let marked = self.index.iter().take_while(move |_| any).filter(|row| self.marks.has(row.uid()));
        marked.map(|row| (row, self.index.shows(row.uid())))
    }

    /// `· 3 marked, 1 hidden`, while any is.
    pub(super) fn marked_words(&self) -> Option<(String, Role)> {
        let hidden = self.marks.of.iter().filter(|uid| !self.index.shows(**uid)).count();
        let all = self.marks.of.len();
        let hidden = if hidden > 0 { format!(", {hidden} hidden") } else { String::new() };
        (all > 0).then(|| (format!("· {all} marked{hidden}"), Role::Mark))
    }
}
