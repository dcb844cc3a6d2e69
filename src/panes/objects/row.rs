//! Rows that a server printed, as rows of a grid: the columns are the server's.

use std::{borrow::Cow, cmp::Ordering, sync::Arc};

use compact_str::CompactString;

use super::cells;
use crate::{
    base::age,
    cluster::{
        event_rows,
        table::{Column as Printed, TableRow},
    },
    config::Role,
    mesh::signals::resource_use::{ResourceUse, Usage},
    msg::Command,
    panes::{
        Filter, World,
        grid::{Align, Cell, Column, Facts, Tabular},
        usage_cells::{self, UsageColumn},
    },
};

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectColumn {
    /// The namespace, where several are shown.
    Namespace,
    /// A cell of the server's, by its place.
    Cell(u16),
    /// The age, from the time of creation.
    Age(u16),
    /// What a pod or a node uses.
    Used(UsageColumn),
}

/// What the headings are, and which are shown.
#[derive(Debug, Default)]
pub struct Head {
    /// The server's columns.
    pub printed: Arc<[Printed]>,
    /// Also those that the server holds for secondary.
    pub wide: bool,
    /// Objects of several namespaces stand here.
    pub namespaces: bool,
    /// A metrics server measures these.
    pub measured: Option<Measured>,
}

/// What a metrics server measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// Pods.
    Pods,
    /// Nodes.
    Nodes,
}

impl Measured {
    fn usage(self, world: &World) -> Option<&Usage> {
        match self {
            Self::Pods => world.usage.as_deref(),
            Self::Nodes => world.node_usage.as_deref(),
        }
    }
}

impl Head {
    fn printed(&self, at: u16) -> Option<&Printed> {
        self.printed.get(usize::from(at))
    }

    /// The columns of the grid for these headings.
    pub fn columns(&self) -> Vec<Column<ObjectColumn>> {
        let namespace = Column { id: ObjectColumn::Namespace, min: 9, max: 24, rank: 2, ..plain(0) };
        let printed = self.printed.iter().enumerate().map(|(at, printed)| {
            let place = u16::try_from(at).unwrap_or(u16::MAX);
            let number = matches!(printed.kind.as_str(), "integer" | "number");
            match printed.name.to_ascii_lowercase().as_str() {
                "last seen" if is_age(printed) => {
                    Column { align: Align::Right, max: 10, rank: 0, id: ObjectColumn::Age(place), ..plain(place) }
                }
                // Of an event it is as good as a name.
                "object" if self.printed.iter().any(is_seen) => {
                    Column { align: Align::Ends, min: 16, max: 44, rank: 1, slack: true, ..plain(place) }
                }
                "age" => Column { align: Align::Right, max: 6, rank: 1, id: ObjectColumn::Age(place), ..plain(place) },
                "name" => Column { align: Align::Ends, min: 16, max: 90, rank: 0, slack: true, ..plain(place) },
                "status" | "ready" | "phase" | "reason" => Column { rank: 1, max: 40, ..plain(place) },
                // What was printed first matters most; what does not fit goes from the end.
                "message" => Column { max: 200, rank: 2, slack: true, ..plain(place) },
                _ if number => Column { align: Align::Right, max: 14, rank: rank(at, printed), ..plain(place) },
                _ => Column { rank: rank(at, printed), ..plain(place) },
            }
        });
        let mut columns: Vec<_> = std::iter::once(namespace).chain(printed).collect();
        let at = columns.iter().position(|column| matches!(column.id, ObjectColumn::Age(_))).unwrap_or(columns.len());
        columns.splice(at..at, self.used());
        columns
    }

    fn used(&self) -> Vec<Column<ObjectColumn>> {
        use UsageColumn as U;
        let titles: &[(UsageColumn, &'static str)] = match self.measured {
            None => &[],
            Some(Measured::Pods) => &[
                (U::Cpu, "CPU"),
                (U::CpuOfRequest, "%CPU/R"),
                (U::CpuOfLimit, "%CPU/L"),
                (U::Memory, "MEM"),
                (U::MemoryOfRequest, "%MEM/R"),
                (U::MemoryOfLimit, "%MEM/L"),
            ],
            Some(Measured::Nodes) => {
                &[(U::Cpu, "CPU"), (U::CpuOfLimit, "%CPU"), (U::Memory, "MEM"), (U::MemoryOfLimit, "%MEM")]
            }
        };
        let column = |(of, title): &(UsageColumn, &'static str)| {
            let rank = if matches!(of, U::Cpu | U::Memory) { 4 } else { 8 };
            Column { id: ObjectColumn::Used(*of), title, align: Align::Right, min: 5, max: 8, rank, slack: false }
        };
        titles.iter().map(column).collect()
    }

    /// The column of this heading, in any case.
    pub fn named(&self, heading: &str) -> Option<ObjectColumn> {
        if heading.eq_ignore_ascii_case("namespace") {
            return Some(ObjectColumn::Namespace);
        }
        if let Some(used) = self.used().iter().find(|column| column.title.eq_ignore_ascii_case(heading)) {
            return Some(used.id);
        }
        let named = self.printed.iter().position(|printed| printed.name.eq_ignore_ascii_case(heading));
        // Of events the age is when they were seen last.
        let age = || heading.eq_ignore_ascii_case("age").then(|| self.printed.iter().position(is_age)).flatten();
        let place = named.or_else(age)?;
        let (at, age) = (u16::try_from(place).ok()?, self.printed.get(place).is_some_and(is_age));
        Some(if age { ObjectColumn::Age(at) } else { ObjectColumn::Cell(at) })
    }
}

/// Whether a column is counted from the time of the row, not copied.
fn is_age(printed: &Printed) -> bool {
    is_seen(printed) || printed.name.eq_ignore_ascii_case("age")
}

/// Whether it is when an event was seen last.
fn is_seen(printed: &Printed) -> bool {
    printed.kind == "date" && printed.name == event_rows::LAST_SEEN
}

fn rank(at: usize, printed: &Printed) -> u8 {
    u8::try_from(at).unwrap_or(u8::MAX).saturating_add(2).saturating_add(if printed.priority > 0 { 20 } else { 0 })
}

fn plain(place: u16) -> Column<ObjectColumn> {
    Column { id: ObjectColumn::Cell(place), title: "", align: Align::Left, min: 4, max: 60, rank: 3, slack: false }
}

impl Tabular for TableRow {
    type Column = ObjectColumn;
    type Own = Head;

    const COLUMNS: &'static [Column<ObjectColumn>] = &[];
    const FIRST_SORT: ObjectColumn = ObjectColumn::Cell(0);
    const MARKS: bool = true;

    fn present(column: ObjectColumn, facts: &Facts<'_, Head>) -> bool {
        match column {
            ObjectColumn::Namespace => facts.own.namespaces,
            ObjectColumn::Cell(at) | ObjectColumn::Age(at) => {
                facts.own.wide || facts.own.printed(at).is_some_and(|printed| printed.priority == 0)
            }
            ObjectColumn::Used(_) => facts.own.measured.is_some_and(|of| of.usage(facts.world).is_some()),
        }
    }

    fn heading<'a>(column: &Column<ObjectColumn>, own: &'a Head) -> Cow<'a, str> {
        match column.id {
            ObjectColumn::Namespace => Cow::Borrowed("NAMESPACE"),
            ObjectColumn::Used(_) => Cow::Borrowed(column.title),
            ObjectColumn::Cell(at) | ObjectColumn::Age(at) => {
                Cow::Owned(own.printed(at).map(|printed| printed.name.to_uppercase()).unwrap_or_default())
            }
        }
    }

    fn cell(&self, column: ObjectColumn, facts: &Facts<'_, Head>) -> Cell {
        match column {
            ObjectColumn::Namespace => Cell::plain(&*self.namespace),
            ObjectColumn::Used(of) => usage_cells::cell(of, used(self, facts), facts.ascii),
            ObjectColumn::Age(at) => match self.created {
                // The server's text is as old as the last change of the object.
                Some(created) => Cell::plain(age::age(age::of_row(facts.now.server, created))),
                None => printed(self, at),
            },
            ObjectColumn::Cell(at) => {
                let cell = printed(self, at);
                let role = facts.own.printed(at).and_then(|printed| cells::role(&printed.name, &cell.text));
                Cell { role: cell.role.or(role), ..cell }
            }
        }
    }

    fn compare(&self, other: &Self, column: ObjectColumn, facts: &Facts<'_, Head>) -> Ordering {
        match column {
            ObjectColumn::Namespace => self.namespace.cmp(&other.namespace),
            ObjectColumn::Used(of) => usage_cells::compare(of, used(self, facts), used(other, facts)),
            // Youngest first.
            ObjectColumn::Age(_) => other.created.cmp(&self.created),
            ObjectColumn::Cell(at) => {
                let text = |row: &Self| row.cells.get(usize::from(at)).cloned().unwrap_or_default();
                cells::compare(&text(self), &text(other))
            }
        }
    }

    fn place(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }

    fn kept(&self, filter: &Filter) -> bool {
        let words = self.cells.iter().map(CompactString::as_str).chain([&*self.namespace, self.name.as_str()]);
        filter.keeps(words, |key| self.label(key))
    }

    // Headings are known to the pane alone: it sorts itself.
    fn sort_of(_: Command) -> Option<ObjectColumn> {
        None
    }

    fn hit(&self, facts: &Facts<'_, Head>) -> bool {
        facts.world.any_live() && facts.world.hits_pod(&self.namespace, &self.name)
    }

    fn restless(column: ObjectColumn) -> bool {
        matches!(column, ObjectColumn::Age(_) | ObjectColumn::Used(_))
    }
}

fn used<'a>(row: &TableRow, facts: &Facts<'a, Head>) -> Option<&'a ResourceUse> {
    facts.own.measured?.usage(facts.world)?.get(&row.namespace, &row.name)
}

fn printed(row: &TableRow, at: u16) -> Cell {
    match row.cells.get(usize::from(at)) {
        Some(text) if !text.is_empty() => Cell::plain(text.clone()),
        _ => Cell::of("–", Role::Unknown),
    }
}
