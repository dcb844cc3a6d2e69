//! Objects of any kind, as the server prints them: a table above the panes, one on top of the other as a person goes deeper.
//!
//! The kind comes from discovery, the columns from the server, the rows from a watch; nothing here knows what a kind means
//! beyond where `enter` leads ([`into`]). What is done to an object belongs to the app, which asks [`Objects::subject`].

mod cells;
mod into;
mod row;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use ratatui::{buffer::Buffer, layout::Rect};

pub use into::{Into, into};
pub use row::ObjectColumn;

use self::row::{Head, Measured};
use super::{
    Cx, Grid, Look, Marked, Reply, Subject, Title, World,
    grid::{Facts, Told},
    state::{self, Message, Standing},
};
use crate::{
    base::{Now, Ticket, Uid, width},
    cluster::{
        Batch, Delta, Kind, ObjectRef, Scope,
        columns::{Direction, Sort, View},
        event_rows,
        table::TableRow,
    },
    config::Role,
    mesh::signals::resource_use::UsageOf,
    msg::{Command, Context, Effect},
};

/// Cells that the namespaces take in the frame.
const PLACE: usize = 40;

/// What is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The kind.
    pub kind: Kind,
    /// Where, and which of them.
    pub scope: Scope,
    /// Only what this controller owns, kind and name.
    pub owner: Option<(String, String)>,
    /// Said in the title of what is not simply all of them: `of Deployment shop/web`.
    pub of: String,
}

impl Wanted {
    /// All of a kind.
    pub fn all(kind: Kind, namespace: Option<String>) -> Self {
        Self { kind, scope: Scope { namespace, ..Scope::default() }, owner: None, of: String::new() }
    }
}

/// The table.
#[derive(Debug)]
pub struct Objects {
    wanted: Wanted,
    grid: Grid<TableRow>,
    head: Head,
    ticket: Option<Ticket>,
    standing: Standing,
    /// The row to stand on once it comes: namespace and name.
    sought: Option<(String, String)>,
    /// A filter from the command line, until there are columns to ask.
    filter: String,
    /// The order a person's own columns come in, until there are columns.
    order: Option<Sort>,
    /// Only these, of all that were told.
    only: Option<Only>,
}

/// Some of the rows, and all of them.
#[derive(Debug, Default)]
struct Only {
    these: HashSet<Uid>,
    held: HashMap<Uid, TableRow>,
}

impl Objects {
    /// Watches what is wanted; `filter` as it is typed after `/`.
    pub fn open(wanted: Wanted, filter: &str, view: Option<Arc<View>>, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let ticket = cx.tickets.take();
        let measured = match (wanted.kind.group.as_str(), wanted.kind.kind.as_str()) {
            ("", "Pod") => Some(Measured::Pods),
            ("", "Node") => Some(Measured::Nodes),
            _ => None,
        };
        let namespaces = wanted.kind.namespaced && wanted.scope.is_wide();
        let head = Head { namespaces, measured, ..Head::default() };
        let sort = view.as_ref().and_then(|view| view.sort.clone());
        let effect = Effect::WatchTable(ticket, wanted.kind.clone(), wanted.scope.clone(), view);
        let mut objects = Self {
            wanted,
            grid: Grid::default(),
            head,
            ticket: Some(ticket),
            standing: Standing::default(),
            sought: None,
            filter: filter.to_owned(),
            order: sort,
            only: None,
        };
        objects.refilter(cx);
        (objects, vec![effect])
    }

    /// In this order rather than the usual one, and with the columns that are secondary.
    pub fn show_as(&mut self, sort: Option<Sort>, wide: bool) {
        self.order = sort.or(self.order.take());
        self.head.wide |= wide;
    }

    /// The order of the rows, where it is not the usual one.
    pub fn order(&self) -> Option<Sort> {
        let (column, reversed) = self.grid.sorted();
        if self.head.named("name") == Some(column) && !reversed {
            return None;
        }
        let (column, falls) = self.grid.order(&self.head, |column| matches!(column, ObjectColumn::Used(_)))?;
        Some(Sort { column, direction: if falls { Direction::Descending } else { Direction::Ascending } })
    }

    /// Whether columns that are secondary are shown.
    pub fn wide(&self) -> bool {
        self.head.wide
    }

    /// Stands on this row once it is there.
    pub fn seek(&mut self, namespace: &str, name: &str) {
        self.sought = Some((namespace.to_owned(), name.to_owned()));
    }

    /// Whose use its columns tell, if any.
    pub fn measures(&self) -> Option<UsageOf> {
        Some(match self.head.measured? {
            Measured::Pods => UsageOf::pods(&self.wanted.scope),
            Measured::Nodes => UsageOf::Nodes,
        })
    }

    /// What is used changed.
    pub fn measured(&mut self, cx: &mut Cx<'_>) {
        self.grid.resort(&facts(cx.now, cx.world, &self.head, false));
    }

    /// Whether it shows only some of its rows.
    pub fn sifts(&self) -> bool {
        self.only.is_some()
    }

    /// Shows only these from now on.
    pub fn keep_only(&mut self, these: HashSet<Uid>, cx: &mut Cx<'_>) {
        let only = self.only.get_or_insert_default();
        let gone = only.these.difference(&these).map(|uid| Delta::Remove(*uid));
        let came = these.difference(&only.these).filter_map(|uid| only.held.get(uid).cloned().map(Delta::Upsert));
        let deltas: Vec<_> = gone.chain(came).collect();
        only.these = these;
        self.grid.apply(deltas, &facts(cx.now, cx.world, &self.head, false));
    }

    /// What is looked at.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// The filter in force, as typed.
    pub fn filter(&self) -> &str {
        self.grid.filter().text()
    }

    /// Ends the watch.
    pub fn close(&mut self) -> Vec<Effect> {
        self.ticket.take().map(Effect::Stop).into_iter().collect()
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        // What can be done to pods can be done to them wherever they stand.
        self.grid.context(if self.head.measured == Some(Measured::Pods) { Context::Pods } else { Context::Objects })
    }

    /// Whether `back` has something to undo here.
    pub fn holds_back(&self) -> bool {
        self.grid.typing() || !self.grid.filter().is_empty() || self.grid.any_marked()
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        if !self.grid.typing() {
            match command {
                Command::Wide => {
                    self.head.wide = !self.head.wide;
                    return Reply::none();
                }
                Command::SortName => return self.sort("name", cx),
                Command::SortAge => return self.sort("age", cx),
                Command::SortReady => return self.sort("ready", cx),
                Command::SortRestarts => return self.sort("restarts", cx),
                Command::SortNamespace => return self.sort("namespace", cx),
                Command::SortStatus => {
                    let known = ["status", "ready", "phase", "state", "reason"];
                    return match known.into_iter().find(|name| self.head.named(name).is_some()) {
                        Some(name) => self.sort(name, cx),
                        None => Reply::none(),
                    };
                }
                _ => {}
            }
        }
        self.grid.update(command, &facts(cx.now, cx.world, &self.head, false));
        Reply::none()
    }

    fn sort(&mut self, heading: &str, cx: &mut Cx<'_>) -> Reply {
        if let Some(column) = self.head.named(heading) {
            let (before, reversed) = self.grid.sorted();
            let reversed = before == column && !reversed;
            self.grid.sort_by(column, reversed, &facts(cx.now, cx.world, &self.head, false));
        }
        Reply::none()
    }

    /// Puts the cursor on the row at a cell of the screen; whether there is one.
    pub fn point(&mut self, x: u16, y: u16) -> bool {
        self.grid.point(x, y)
    }

    /// Scrolls down by so many rows.
    pub fn wheel(&mut self, by: isize) {
        self.grid.wheel(by);
    }

    /// Text for the filter line.
    pub fn insert(&mut self, text: &str, cx: &mut Cx<'_>) {
        self.grid.insert(text, &facts(cx.now, cx.world, &self.head, false));
    }

    /// Whether this is the question it waits for.
    pub fn asked(&self, ticket: Ticket) -> bool {
        self.ticket == Some(ticket)
    }

    /// Rows.
    pub fn hear(&mut self, batch: Batch<TableRow>, cx: &mut Cx<'_>) {
        self.standing.hear(batch.source, cx.now);
        let columns = batch.deltas.iter().find_map(|delta| match delta {
            Delta::Upsert(row) if !Arc::ptr_eq(&row.columns, &self.head.printed) => Some(&row.columns),
            _ => None,
        });
        if let Some(columns) = columns {
            let same = self.head.printed == *columns;
            self.head.printed = columns.clone();
            if !same {
                self.grid.head(self.head.columns());
                let untouched = self.grid.sorted() == (ObjectColumn::Cell(0), false);
                let order = self.order.take().and_then(|sort| {
                    let column = self.head.named(&sort.column)?;
                    // What is used stands with the most first already.
                    let most = matches!(column, ObjectColumn::Used(_));
                    Some((column, (sort.direction == Direction::Descending) != most))
                });
                // Of events the newest come first.
                let name = || {
                    let seen = self.head.named(event_rows::LAST_SEEN);
                    let seen = seen.filter(|column| matches!(column, ObjectColumn::Age(_)));
                    Some((seen.or_else(|| self.head.named("name"))?, false))
                };
                if untouched && let Some((column, reversed)) = order.or_else(name) {
                    self.grid.sort_by(column, reversed, &facts(cx.now, cx.world, &self.head, false));
                }
                self.refilter(cx);
            }
        }
        let owner = self.wanted.owner.as_ref();
        let own = |row: &TableRow| match owner {
            Some((kind, name)) => {
                row.owner.as_ref().is_some_and(|owner| *owner.kind == **kind && *owner.name == **name)
            }
            None => true,
        };
        let only = &mut self.only;
        let deltas = batch.deltas.into_iter().map(|delta| match delta {
            // Whatever changed hands is no longer one of these.
            Delta::Upsert(row) if !own(&row) => Delta::Remove(row.uid),
            delta => match only {
                Some(only) => only.sift(delta),
                None => delta,
            },
        });
        let deltas: Vec<_> = deltas.collect();
        self.grid.apply(deltas, &facts(cx.now, cx.world, &self.head, false));
        self.grid.begin(self.standing.settled());
        if let Some((namespace, name)) = &self.sought {
            let of = |row: &&TableRow| row.name == *name && *row.namespace == **namespace;
            let found = self.grid.index.iter().find(of).map(|row| row.uid);
            if found.is_some_and(|uid| self.grid.index.select(uid)) {
                self.sought = None;
            }
        }
    }

    fn refilter(&mut self, cx: &mut Cx<'_>) {
        if !self.filter.is_empty() {
            self.grid.filter_by(&self.filter, &facts(cx.now, cx.world, &self.head, false));
            if !self.head.printed.is_empty() {
                self.filter.clear();
            }
        }
    }

    /// What is under the cursor.
    pub fn subject(&self) -> Option<Subject> {
        self.grid.index.cursor().map(|row| self.subject_of(row))
    }

    /// Whether any row is marked.
    pub fn any_marked(&self) -> bool {
        self.grid.any_marked()
    }

    /// What is marked.
    pub fn marked(&self) -> Marked {
        self.grid.marked().map(|(row, shown)| (self.subject_of(row), shown)).collect()
    }

    fn subject_of(&self, row: &TableRow) -> Subject {
        Subject {
            object: ObjectRef::new(self.wanted.kind.clone(), &row.namespace, &row.name),
            owner: row.owner.as_ref().map(|owner| (owner.kind.to_string(), owner.name.to_string())),
            labels: row.labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
            containers: Vec::new(),
            services: Vec::new(),
        }
    }

    /// The row under the cursor: each heading with its cell.
    pub fn row_cells(&self, world: &World, now: Now) -> Vec<(String, String)> {
        self.grid.cursor_cells(&facts(now, world, &self.head, false))
    }

    /// The table in words.
    pub fn told(&self, world: &World, now: Now) -> Told {
        self.grid.told(&facts(now, world, &self.head, false))
    }

    /// The filter while it is typed.
    pub fn typed(&self) -> Option<&str> {
        self.grid.typed()
    }

    /// Fits columns and window.
    pub fn settle(&mut self, area: Rect, look: &Look<'_>) {
        self.grid.show_few(look.theme.presented);
        self.grid.settle(self.standing.table(area), &facts(look.now, look.world, &self.head, look.theme.ascii));
    }

    /// Its name in the frame: `deployments`, `pods of Deployment shop/web`.
    pub fn name(&self) -> String {
        let plural = &self.wanted.kind.plural;
        let place = match self.wanted.scope.names().as_slice() {
            _ if !self.wanted.of.is_empty() => format!(" {}", self.wanted.of),
            names if self.wanted.kind.namespaced && !names.is_empty() => {
                format!(" in {}", width::cut(&names.join(","), PLACE))
            }
            _ => String::new(),
        };
        let labels = &self.wanted.scope.labels;
        let labels =
            if labels.is_empty() || !self.wanted.of.is_empty() { String::new() } else { format!(" -l {labels}") };
        format!("{plural}{place}{labels}")
    }

    /// The title.
    pub fn title(&self, now: Now) -> Title {
        let mut title = self.grid.title(&self.standing, now, &self.head);
        if self.head.wide {
            title.words.push(("wide".to_owned(), Role::TextDim));
        }
        title
    }

    /// When the picture changes by time alone.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        let ages = state::ages_wake(self.grid.visible().filter_map(|row| row.created), now);
        ages.into_iter().chain(self.grid.wakes()).chain(self.standing.wakes(now)).min()
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        if let Some(message) = self.message(look) {
            message.view(area, buf, look);
            return;
        }
        self.grid.view(
            self.standing.table(area),
            buf,
            look,
            &facts(look.now, look.world, &self.head, look.theme.ascii),
        );
        self.standing.over(area, buf, look);
    }

    fn message(&self, look: &Look<'_>) -> Option<Message> {
        let (index, plural) = (&self.grid.index, self.wanted.kind.plural.as_str());
        if index.is_empty() && !self.wanted.of.is_empty() && self.standing.complete() {
            return Some(Message::quiet(format!("no {plural} {}", self.wanted.of), "esc goes back"));
        }
        self.standing
            .message(look, plural, index.len())
            .or_else(|| (index.shown() == 0).then(|| Message::filtered(self.grid.filter().text(), index.len(), plural)))
    }
}

impl Only {
    /// Keeps what was told, and lets through what is wanted of it.
    fn sift(&mut self, delta: Delta<TableRow>) -> Delta<TableRow> {
        match delta {
            Delta::Upsert(row) => {
                let uid = row.uid;
                self.held.insert(uid, row.clone());
                if self.these.contains(&uid) { Delta::Upsert(row) } else { Delta::Remove(uid) }
            }
            Delta::Remove(uid) => {
                self.held.remove(&uid);
                Delta::Remove(uid)
            }
        }
    }
}

fn facts<'a>(now: Now, world: &'a World, own: &'a Head, ascii: bool) -> Facts<'a, Head> {
    Facts { now, world, own, ascii }
}
