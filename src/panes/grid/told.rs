//! A table in words: the row under the cursor, and which rows are unwell.

use super::{Column, Facts, Grid, Tabular};
use crate::config::Role;

/// A table in words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Rows that the filter keeps.
    pub rows: usize,
    /// Which of them has the cursor, from 1.
    pub at: usize,
    /// Namespace and name of that row.
    pub name: (String, String),
    /// What stands in it, but for what is empty or unknown.
    pub cells: Vec<Said>,
    /// A live fault touches it.
    pub hit: bool,
    /// Rows in the window in which something is bad, by name, and that.
    pub unwell: Vec<(String, Vec<Said>)>,
}

/// A cell in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The heading of its column.
    pub heading: String,
    /// What stands in it.
    pub text: String,
    /// It changes with time or metrics alone.
    pub restless: bool,
}

impl<R: Tabular> Grid<R> {
    /// The table in words.
    pub fn told(&self, facts: &Facts<'_, R::Own>) -> Told {
        let rows = self.index.shown();
        let Some(row) = self.index.cursor() else { return Told { rows, ..Told::default() } };
        let said = |column: &Column<R::Column>| {
            let text = row.cell(column.id, facts).text.trim().to_owned();
            let heading = R::heading(column, facts.own).into_owned();
            (!text.is_empty() && text != "–").then(|| Said { heading, text, restless: R::restless(column.id) })
        };
        let (namespace, name) = row.place();
        let mut told = Told {
            rows,
            at: self.index.cursor_at() + 1,
            name: (namespace.to_owned(), name.to_owned()),
            cells: self.columns.iter().filter(|column| R::present(column.id, facts)).filter_map(said).collect(),
            hit: row.hit(facts),
            unwell: Vec::new(),
        };
        for row in self.visible() {
            let cells = self.columns.iter().filter(|column| !R::restless(column.id));
            let bad = cells.filter_map(|column| {
                let cell = row.cell(column.id, facts);
                let heading = || R::heading(column, facts.own).into_owned();
                (cell.role == Some(Role::Bad)).then(|| Said {
                    heading: heading(),
                    text: cell.text.to_string(),
                    restless: false,
                })
            });
            let bad: Vec<Said> = bad.collect();
            if !bad.is_empty() {
                told.unwell.push((row.place().1.to_owned(), bad));
            }
        }
        told
    }
}
