//! The pods: what kubectl shows, plus what the mesh knows of each.

use std::{cmp::Ordering, sync::Arc, time::Duration};

use compact_str::{CompactString, format_compact};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    Cx, Filter, Grid, Look, Marked, Reply, Subject, Title, World,
    grid::{Align, Cell, Column, Facts, Tabular, Told},
    state::{self, Message, Standing},
    usage_cells::{self, UsageColumn},
};
use crate::{
    base::{Now, Ticket, age},
    cluster::{Batch, Kind, ObjectRef, Scope, pods::PodRow},
    config::Role,
    mesh::{
        crew::workload,
        istio::{Alike, Looks},
        signals::{Golden, resource_use::ResourceUse},
    },
    msg::{Command, Context, Effect},
};

/// The columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their headings say it")]
pub enum PodColumn {
    Namespace,
    Name,
    Ready,
    Status,
    Restarts,
    Rps,
    Errors,
    P99,
    Used(UsageColumn),
    Age,
    Node,
    Ip,
    Owner,
}

/// The pane.
#[derive(Debug, Default)]
pub struct Pods {
    grid: Grid<PodRow>,
    ticket: Option<Ticket>,
    standing: Standing,
    alike: Alike,
}

impl Pods {
    /// Watches a namespace, or all.
    pub fn open(&mut self, scope: &Scope, cx: &mut Cx<'_>) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self.ticket.take().map(Effect::Stop).into_iter().collect();
        let ticket = cx.tickets.take();
        self.ticket = Some(ticket);
        self.standing = Standing::default();
        self.alike = Alike::default();
        self.grid.clear();
        effects.push(Effect::WatchPods(ticket, scope.clone()));
        effects
    }

    /// Whether its rows are watched.
    pub fn watches(&self) -> bool {
        self.ticket.is_some()
    }

    /// Ends the watch; the filter, the order and the cursor's object are kept for the next one.
    pub fn close(&mut self) -> Vec<Effect> {
        self.grid.clear();
        self.standing = Standing::default();
        self.alike = Alike::default();
        self.ticket.take().map(Effect::Stop).into_iter().collect()
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        self.grid.context(Context::Pods)
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        let facts = facts(cx.now, cx.world, false);
        self.grid.update(command, &facts);
        Reply::none()
    }

    /// Whether `back` has something to undo here.
    pub fn holds_back(&self) -> bool {
        !self.grid.filter().is_empty() || self.grid.any_marked()
    }

    /// Filters from now on.
    pub fn filter_by(&mut self, text: &str, cx: &mut Cx<'_>) {
        self.grid.filter_by(text, &facts(cx.now, cx.world, false));
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
        self.grid.insert(text, &facts(cx.now, cx.world, false));
    }

    /// Rows. Whether selectors could find other pods now.
    pub fn hear(&mut self, ticket: Ticket, batch: Batch<PodRow>, cx: &mut Cx<'_>) -> bool {
        if self.ticket != Some(ticket) {
            return false;
        }
        let listed = self.standing.listed();
        self.standing.hear(batch.source, cx.now);
        let moved = self.alike.hear(&batch.deltas) || listed != self.standing.listed();
        self.grid.apply(batch.deltas, &facts(cx.now, cx.world, false));
        self.grid.begin(self.standing.settled());
        moved && self.standing.listed()
    }

    /// Pods as selectors see them, once all of them are there: half a list says of nobody that he is not there.
    pub fn alike(&self) -> Option<Arc<Looks>> {
        self.standing.listed().then(|| self.alike.looks())
    }

    /// Metrics changed.
    pub fn measured(&mut self, cx: &mut Cx<'_>) {
        self.grid.resort(&facts(cx.now, cx.world, false));
    }

    /// All of them, whatever the filter shows.
    pub fn rows(&self) -> impl Iterator<Item = &PodRow> {
        self.grid.index.iter()
    }

    /// Puts the cursor on a pod, when it is shown.
    pub fn select(&mut self, namespace: &str, name: &str) -> bool {
        let uid = self.rows().find(|row| &*row.namespace == namespace && &*row.name == name).map(|row| row.uid);
        uid.is_some_and(|uid| self.grid.index.select(uid))
    }

    /// How its source stands.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Fits columns and window.
    pub fn settle(&mut self, area: Rect, look: &Look<'_>) {
        self.grid.show_few(look.theme.presented);
        self.grid.settle(self.standing.table(area), &facts(look.now, look.world, look.theme.ascii));
    }

    /// What is under the cursor.
    pub fn subject(&self) -> Option<Subject> {
        self.grid.index.cursor().map(subject)
    }

    /// Whether any row is marked.
    pub fn any_marked(&self) -> bool {
        self.grid.any_marked()
    }

    /// What is marked.
    pub fn marked(&self) -> Marked {
        self.grid.marked().map(|(row, shown)| (subject(row), shown)).collect()
    }

    /// What stands in a column for the rows of a name.
    pub fn cells(&self, row: &str, column: &str, world: &World, now: Now) -> Option<Vec<String>> {
        self.grid.cells(row, column, &facts(now, world, false))
    }

    /// The row under the cursor: each heading with its cell.
    pub fn row_cells(&self, world: &World, now: Now) -> Vec<(String, String)> {
        self.grid.cursor_cells(&facts(now, world, false))
    }

    /// The table in words.
    pub fn told(&self, world: &World, now: Now) -> Told {
        self.grid.told(&facts(now, world, false))
    }

    /// The filter while it is typed.
    pub fn typed(&self) -> Option<&str> {
        self.grid.typed()
    }

    /// The filter, as typed.
    pub fn filter(&self) -> &str {
        self.grid.filter().text()
    }

    /// The heading it sorts by, and whether the most stands first; `None` for the order of the start.
    pub fn order(&self) -> Option<(String, bool)> {
        self.grid.order(&(), most_first)
    }

    /// Sorts by the column of this heading, where there is one.
    pub fn order_by(&mut self, heading: &str, falls: bool, cx: &mut Cx<'_>) -> bool {
        self.grid.order_by(heading, falls, most_first, &facts(cx.now, cx.world, false))
    }

    /// Rows held.
    pub fn len(&self) -> usize {
        self.grid.index.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.grid.index.is_empty()
    }

    /// The title.
    pub fn title(&self, now: Now) -> Title {
        self.grid.title(&self.standing, now, &())
    }

    /// When the picture changes by time alone.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        let ages = state::ages_wake(self.grid.visible().filter_map(|row| row.created), now);
        ages.into_iter().chain(self.grid.wakes()).chain(self.standing.wakes(now)).min()
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let facts = facts(look.now, look.world, look.theme.ascii);
        if let Some(message) = self.message(look) {
            message.view(area, buf, look);
            return;
        }
        self.grid.view(self.standing.table(area), buf, look, &facts);
        self.standing.over(area, buf, look);
    }

    fn message(&self, look: &Look<'_>) -> Option<Message> {
        let index = &self.grid.index;
        self.standing
            .message(look, "pods", index.len())
            .or_else(|| (index.shown() == 0).then(|| Message::filtered(self.grid.filter().text(), index.len(), "pods")))
    }
}

fn subject(row: &PodRow) -> Subject {
    Subject {
        object: ObjectRef::new(Kind::namespaced("", "v1", "Pod", "pods"), &row.namespace, &row.name),
        owner: row.owner.as_ref().map(|owner| (owner.kind.to_string(), owner.name.to_string())),
        labels: row.labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
        containers: row.containers.iter().map(ToString::to_string).collect(),
        services: Vec::new(),
    }
}

fn facts(now: Now, world: &World, ascii: bool) -> Facts<'_, ()> {
    Facts { now, world, own: &(), ascii }
}

const fn column(id: PodColumn, title: &'static str, align: Align, min: u16, max: u16, rank: u8) -> Column<PodColumn> {
    Column { id, title, align, min, max, rank, slack: false }
}

/// Columns whose most stands first without being asked for.
fn most_first(column: PodColumn) -> bool {
    use PodColumn as P;
    matches!(column, P::Restarts | P::Rps | P::Errors | P::P99 | P::Used(_))
}

impl Tabular for PodRow {
    type Column = PodColumn;
    type Own = ();

    const COLUMNS: &'static [Column<PodColumn>] = &[
        column(PodColumn::Namespace, "NAMESPACE", Align::Left, 9, 24, 2),
        Column { slack: true, ..column(PodColumn::Name, "NAME", Align::Ends, 16, 60, 0) },
        column(PodColumn::Ready, "READY", Align::Left, 5, 7, 3),
        column(PodColumn::Status, "STATUS", Align::Left, 8, 26, 0),
        column(PodColumn::Restarts, "RS", Align::Right, 3, 12, 4),
        column(PodColumn::Rps, "RPS", Align::Right, 5, 7, 5),
        column(PodColumn::Errors, "ERR%", Align::Right, 5, 6, 5),
        column(PodColumn::P99, "P99", Align::Right, 5, 7, 6),
        column(PodColumn::Used(UsageColumn::Cpu), "CPU", Align::Right, 5, 7, 6),
        column(PodColumn::Used(UsageColumn::CpuOfRequest), "%CPU/R", Align::Right, 5, 7, 11),
        column(PodColumn::Used(UsageColumn::CpuOfLimit), "%CPU/L", Align::Right, 5, 7, 11),
        column(PodColumn::Used(UsageColumn::Memory), "MEM", Align::Right, 5, 7, 6),
        column(PodColumn::Used(UsageColumn::MemoryOfRequest), "%MEM/R", Align::Right, 5, 7, 11),
        column(PodColumn::Used(UsageColumn::MemoryOfLimit), "%MEM/L", Align::Right, 5, 7, 11),
        column(PodColumn::Age, "AGE", Align::Right, 4, 5, 1),
        column(PodColumn::Node, "NODE", Align::Left, 8, 32, 8),
        column(PodColumn::Ip, "IP", Align::Left, 11, 39, 9),
        column(PodColumn::Owner, "OWNER", Align::Left, 10, 40, 10),
    ];
    const FIRST_SORT: PodColumn = PodColumn::Name;
    const MARKS: bool = true;

    fn present(column: PodColumn, facts: &Facts<'_, ()>) -> bool {
        match column {
            PodColumn::Namespace => facts.world.only_namespace().is_none(),
            PodColumn::Rps | PodColumn::Errors | PodColumn::P99 => facts.world.metrics.is_some(),
            PodColumn::Used(_) => facts.world.usage.is_some(),
            _ => true,
        }
    }

    fn cell(&self, column: PodColumn, facts: &Facts<'_, ()>) -> Cell {
        let health = health(self);
        match column {
            PodColumn::Namespace => Cell::plain(&*self.namespace),
            PodColumn::Name => Cell { text: self.name.clone(), role: None },
            PodColumn::Ready => Cell { text: format_compact!("{}/{}", self.ready.0, self.ready.1), role: health },
            PodColumn::Status => Cell { text: CompactString::from(&*self.status), role: health },
            PodColumn::Restarts => {
                // The age of a restart says whether it is history; only a recent one asks for a look.
                let last = self.last_restart.map(|at| facts.now.age(at));
                let recent = last.is_some_and(|age| age < Duration::from_hours(1));
                let role = (recent && self.restarts > 0).then_some(Role::Warn);
                Cell { text: format_compact!("{}", self.restarts), role }
            }
            PodColumn::Rps => number(golden(self, facts.world).and_then(|golden| golden.rps), rate),
            PodColumn::Errors => errors(golden(self, facts.world).and_then(|golden| golden.error_share)),
            PodColumn::P99 => number(golden(self, facts.world).and_then(|golden| golden.p99_ms), millis),
            PodColumn::Used(of) => usage_cells::cell(of, used(self, facts.world), facts.ascii),
            PodColumn::Age => {
                self.created.map_or_else(Cell::unknown, |at| Cell::plain(age::age(age::of_row(facts.now.server, at))))
            }
            PodColumn::Node if self.node.is_empty() => Cell::unknown(),
            PodColumn::Node => Cell::plain(&*self.node),
            PodColumn::Ip => self.ip.map_or_else(Cell::unknown, |ip| Cell::plain(format_compact!("{ip}"))),
            PodColumn::Owner => self
                .owner
                .as_ref()
                .map_or_else(Cell::unknown, |owner| Cell::plain(format_compact!("{}/{}", owner.kind, owner.name))),
        }
    }

    fn compare(&self, other: &Self, column: PodColumn, facts: &Facts<'_, ()>) -> Ordering {
        let metric = |pick: fn(&Golden) -> Option<f64>| {
            let of = |row: &Self| golden(row, facts.world).and_then(|golden| pick(&golden));
            // Busiest first; what is unknown comes last.
            of(other).unwrap_or(f64::NEG_INFINITY).total_cmp(&of(self).unwrap_or(f64::NEG_INFINITY))
        };
        match column {
            PodColumn::Namespace => self.namespace.cmp(&other.namespace),
            PodColumn::Name => self.name.cmp(&other.name),
            // Fewest ready first: what is broken is looked for.
            PodColumn::Ready => self.ready.cmp(&other.ready),
            PodColumn::Status => self.status.cmp(&other.status),
            PodColumn::Restarts => other.restarts.cmp(&self.restarts),
            PodColumn::Rps => metric(|golden| golden.rps),
            PodColumn::Errors => metric(|golden| golden.error_share),
            PodColumn::P99 => metric(|golden| golden.p99_ms),
            PodColumn::Used(of) => usage_cells::compare(of, used(self, facts.world), used(other, facts.world)),
            // Youngest first.
            PodColumn::Age => other.created.cmp(&self.created),
            PodColumn::Node => self.node.cmp(&other.node),
            PodColumn::Ip => self.ip.cmp(&other.ip),
            PodColumn::Owner => owner(self).cmp(&owner(other)),
        }
    }

    fn place(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }

    fn kept(&self, filter: &Filter) -> bool {
        let words = [self.name.as_str(), &self.status, &self.namespace, &self.node];
        filter.keeps(words, |key| self.label(key))
    }

    fn sort_of(command: Command) -> Option<PodColumn> {
        match command {
            Command::SortName => Some(PodColumn::Name),
            Command::SortAge => Some(PodColumn::Age),
            Command::SortStatus => Some(PodColumn::Status),
            Command::SortReady => Some(PodColumn::Ready),
            Command::SortRestarts => Some(PodColumn::Restarts),
            Command::SortNamespace => Some(PodColumn::Namespace),
            _ => None,
        }
    }

    fn hit(&self, facts: &Facts<'_, ()>) -> bool {
        facts.world.any_live() && facts.world.hits_pod(&self.namespace, &self.name)
    }

    fn restless(column: PodColumn) -> bool {
        matches!(column, PodColumn::Age | PodColumn::Rps | PodColumn::Errors | PodColumn::P99 | PodColumn::Used(_))
    }
}

fn owner(row: &PodRow) -> Option<(&str, &str)> {
    row.owner.as_ref().map(|owner| (&*owner.kind, &*owner.name))
}

/// What the pod uses.
fn used<'a>(row: &PodRow, world: &'a World) -> Option<&'a ResourceUse> {
    world.usage.as_ref()?.get(&row.namespace, &row.name)
}

/// The figures of the pod's workload: a mesh measures workloads, so pods of one workload share them.
fn golden(row: &PodRow, world: &World) -> Option<Golden> {
    world.workload(&row.namespace, &workload(row)).map(|row| row.golden)
}

/// The colour of READY and STATUS: none when all is well.
fn health(row: &PodRow) -> Option<Role> {
    let status = &*row.status;
    let broken = ["Error", "BackOff", "Err", "Failed", "OOMKilled", "Evicted", "Invalid", "Unknown", "NodeLost"];
    if broken.iter().any(|word| status.contains(word)) {
        Some(Role::Bad)
    } else if matches!(status, "Completed" | "Succeeded") {
        Some(Role::TextDim)
    } else if status != "Running" || row.ready.0 < row.ready.1 {
        Some(Role::Warn)
    } else {
        None
    }
}

/// A number or `–`.
pub fn number(value: Option<f64>, text: fn(f64) -> CompactString) -> Cell {
    value.filter(|value| value.is_finite()).map_or_else(Cell::unknown, |value| Cell::plain(text(value)))
}

/// Requests per second: one digit after the point below ten.
pub fn rate(value: f64) -> CompactString {
    if value < 9.95 { format_compact!("{value:.1}") } else { format_compact!("{value:.0}") }
}

/// A share of errors in percent, coloured when it is worth a look.
pub fn errors(share: Option<f64>) -> Cell {
    let Some(share) = share.filter(|share| share.is_finite()) else { return Cell::unknown() };
    let role = match share {
        share if share >= 0.05 => Some(Role::Bad),
        share if share >= 0.01 => Some(Role::Warn),
        _ => None,
    };
    Cell { text: format_compact!("{:.1}", share * 100.0), role }
}

/// Milliseconds with their unit: `38ms`, `1.9s`.
pub fn millis(value: f64) -> CompactString {
    match value {
        value if value < 9.95 => format_compact!("{value:.1}ms"),
        value if value < 999.5 => format_compact!("{value:.0}ms"),
        value if value < 9950.0 => format_compact!("{:.1}s", value / 1000.0),
        value => format_compact!("{:.0}s", value / 1000.0),
    }
}
