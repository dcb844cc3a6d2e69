//! The mesh: how many requests, how many fail, how long they take, for everything and for each workload; as a table, or as the
//! graph of who calls whom.

pub mod graph;
mod head;
pub mod table;
mod totals;

use std::{collections::HashMap, time::Duration};

use ratatui::{buffer::Buffer, layout::Rect};

use self::{
    graph::Picture,
    table::{MeshRow, Tops},
};
use super::{
    Cx, Filter, Grid, Look, Reply, Subject, Title, World,
    grid::{Facts, Told},
    state::{Message, Standing},
};
use crate::{
    base::{Now, Ticket, Uid, index::Row, sanitize},
    cluster::{Batch, Delta, Kind, ObjectRef, Scope, Source},
    config::Role,
    mesh::{
        beside::Beside,
        graph::NodeId,
        signals::{Freshness, MetricKind, MetricSource, Series, WorkloadRow, promql::Interest, usage::UsageFrom},
    },
    msg::{Command, Context, Effect},
    widgets::{put, spark},
};

/// Rows of the totals, with the empty ones around them.
const TOTALS: u16 = 6;

/// The pane.
#[derive(Debug, Default)]
pub struct Mesh {
    grid: Grid<MeshRow>,
    picture: Picture,
    tops: Tops,
    ticket: Option<Ticket>,
    /// The question for what stands beside the figures.
    beside_ticket: Option<Ticket>,
    beside: HashMap<Uid, Beside>,
    interest: Interest,
    standing: Standing,
}

impl Mesh {
    /// Measures the namespaces of a scope.
    pub fn open(&mut self, scope: &Scope, cx: &mut Cx<'_>) -> Vec<Effect> {
        let mut effects = self.close();
        let ticket = cx.tickets.take();
        self.ticket = Some(ticket);
        self.grid.clear();
        self.picture.clear();
        self.standing = Standing::default();
        self.interest = Interest::within(scope);
        effects.push(Effect::Measure(ticket, self.interest.clone()));
        effects
    }

    /// Latency of routes is asked of the gateways they hang on: tells the source when these change.
    pub fn through(&mut self, gateways: Vec<String>) -> Vec<Effect> {
        let Some(ticket) = self.ticket.filter(|_| self.interest.gateways != gateways) else { return Vec::new() };
        self.interest.gateways = gateways;
        vec![Effect::Measure(ticket, self.interest.clone())]
    }

    /// Stops measuring.
    pub fn close(&mut self) -> Vec<Effect> {
        let mut effects = self.unwatch();
        effects.extend(self.ticket.take().map(Effect::Stop));
        effects
    }

    /// Watches what stands beside the figures.
    pub fn watch(&mut self, scope: &Scope, cx: &mut Cx<'_>) -> Vec<Effect> {
        let mut effects = self.unwatch();
        let ticket = cx.tickets.take();
        self.beside_ticket = Some(ticket);
        effects.push(Effect::WatchBeside(ticket, scope.clone()));
        effects
    }

    /// Whether that is watched.
    pub fn watches(&self) -> bool {
        self.beside_ticket.is_some()
    }

    /// Ends that watch; what it told is no longer known.
    pub fn unwatch(&mut self) -> Vec<Effect> {
        self.beside.clear();
        self.beside_ticket.take().map(Effect::Stop).into_iter().collect()
    }

    /// Objects beside the figures changed; they count from the next figures on.
    pub fn hear_beside(&mut self, ticket: Ticket, batch: Batch<Beside>) {
        if self.beside_ticket != Some(ticket) {
            return;
        }
        for delta in batch.deltas {
            match delta {
                Delta::Upsert(row) => drop(self.beside.insert(row.uid, row)),
                Delta::Remove(uid) => drop(self.beside.remove(&uid)),
            }
        }
    }

    /// What stands beside the figures.
    pub fn beside(&self) -> impl Iterator<Item = &Beside> {
        self.beside.values()
    }

    /// Whether this is the question it waits for.
    pub fn asked(&self, ticket: Ticket) -> bool {
        self.ticket == Some(ticket)
    }

    /// Shows the graph, or the table again.
    pub fn show_graph(&mut self, shown: bool, world: &World) {
        self.picture.show(shown, world);
    }

    /// Whether the graph is looked at.
    pub fn draws(&self) -> bool {
        self.picture.shown()
    }

    /// Takes the world's new figures over.
    pub fn measured(&mut self, cx: &mut Cx<'_>) {
        self.standing.hear(
            match &cx.world.metric_source {
                MetricSource::None | MetricSource::Asking => Source::Idle,
                MetricSource::Good => Source::Live,
                MetricSource::Broken { cause, fix, retry } => {
                    Source::Broken { cause: format!("{cause}\n{fix}"), retry: *retry }
                }
            },
            cx.now,
        );
        let rows: Vec<WorkloadRow> =
            cx.world.metrics.as_ref().map(|metrics| metrics.workloads.clone()).unwrap_or_default();
        let series = |pick: fn(&WorkloadRow) -> &Series| spark::top(rows.iter().flat_map(|row| pick(row).iter()));
        self.tops = Tops {
            rps: series(|row| &row.trends.rps),
            errors: series(|row| &row.trends.error_share),
            p99: series(|row| &row.trends.p99_ms),
        };
        let rows: Vec<MeshRow> = rows.into_iter().map(MeshRow).collect();
        let there: std::collections::HashSet<Uid> = rows.iter().map(Row::uid).collect();
        let gone: Vec<Uid> = self.grid.index.iter().map(Row::uid).filter(|uid| !there.contains(uid)).collect();
        let deltas = rows.into_iter().map(Delta::Upsert).chain(gone.into_iter().map(Delta::Remove)).collect();
        let facts = Facts { now: cx.now, world: cx.world, own: &self.tops, ascii: false };
        self.grid.apply(deltas, &facts);
        self.grid.resort(&facts);
        self.picture.hear(cx.world);
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        self.grid.context(if self.picture.shown() { Context::Graph } else { Context::Mesh })
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        let facts = Facts { now: cx.now, world: cx.world, own: &self.tops, ascii: false };
        let filters = self.grid.typing()
            || command == Command::Filter
            || command == Command::Back && !self.grid.filter().is_empty();
        if !self.picture.shown() || filters {
            self.grid.update(command, &facts);
            self.picture.seek(self.grid.filter());
        } else {
            self.picture.update(command);
        }
        Reply::none()
    }

    /// Whether a command does anything here: the graph has no order to change.
    pub fn means(&self, command: Command) -> bool {
        use Command as C;
        let sorts = matches!(
            command,
            C::SortName | C::SortAge | C::SortStatus | C::SortNamespace | C::SortLeft | C::SortRight | C::SortReverse
        );
        !(self.picture.shown() && (sorts || command == C::Open))
    }

    /// Whether `back` has something to undo here.
    pub fn holds_back(&self) -> bool {
        !self.grid.filter().is_empty() || self.picture.holds_back()
    }

    /// Puts the cursor on the row or the node at a cell of the screen; whether there is one.
    pub fn point(&mut self, x: u16, y: u16) -> bool {
        if self.picture.shown() { self.picture.point(x, y) } else { self.grid.point(x, y) }
    }

    /// Scrolls down by so many rows.
    pub fn wheel(&mut self, by: isize) {
        if self.picture.shown() {
            self.picture.update(if by > 0 { Command::Down } else { Command::Up });
        } else {
            self.grid.wheel(by);
        }
    }

    /// Text for the filter line.
    pub fn insert(&mut self, text: &str, cx: &mut Cx<'_>) {
        let facts = Facts { now: cx.now, world: cx.world, own: &self.tops, ascii: false };
        self.grid.insert(text, &facts);
        self.picture.seek(self.grid.filter());
    }

    /// The table in words.
    pub fn told(&self, world: &World, now: Now) -> Told {
        self.grid.told(&Facts { now, world, own: &self.tops, ascii: false })
    }

    /// The filter while it is typed.
    pub fn typed(&self) -> Option<&str> {
        self.grid.typed()
    }

    /// Fits columns and window.
    pub fn settle(&mut self, area: Rect, look: &Look<'_>) {
        let facts = Facts { now: look.now, world: look.world, own: &self.tops, ascii: look.theme.ascii };
        let figures = self.figures_area(area, look.world);
        self.grid.show_few(look.theme.presented);
        self.grid.settle(table_area(figures, look.world), &facts);
        if self.picture.shown() {
            self.picture.settle(figures, look);
        }
    }

    /// The figures' part of the pane: while they are old, the last line says why.
    fn figures_area(&self, area: Rect, world: &World) -> Rect {
        let told = self.standing.troubled() && world.metrics.is_some();
        Rect { height: area.height.saturating_sub(u16::from(told)), ..area }
    }

    /// What is under the cursor: the Deployment of that name, which is what meshes call a workload. Whoever is outside the cluster
    /// is no object.
    pub fn subject(&self) -> Option<Subject> {
        let service = || Kind::namespaced("", "v1", "Service", "services");
        let deployment = || Kind::namespaced("apps", "v1", "Deployment", "deployments");
        let object = if self.picture.shown() {
            match &self.picture.selected()?.id {
                NodeId::Workload((namespace, name)) => ObjectRef::new(deployment(), namespace, name),
                NodeId::Service((namespace, name)) => ObjectRef::new(service(), namespace, name),
                NodeId::External(_) | NodeId::Unknown => return None,
            }
        } else {
            let row = &self.grid.index.cursor()?.0;
            match row.workload.strip_prefix("svc/") {
                Some(name) => ObjectRef::new(service(), &row.namespace, name),
                None => ObjectRef::new(deployment(), &row.namespace, &row.workload),
            }
        };
        Some(Subject { object, owner: None, labels: Vec::new(), containers: Vec::new(), services: Vec::new() })
    }

    /// Puts the cursor on a workload, or on a service, when it is shown.
    pub fn select(&mut self, namespace: &str, name: &str, service: bool) -> bool {
        if self.picture.shown() {
            let named = (namespace.into(), name.into());
            return self.picture.select(if service { NodeId::Service(named) } else { NodeId::Workload(named) });
        }
        let is = |row: &&MeshRow| {
            let (row, of_service) = (&row.0, row.0.workload.strip_prefix("svc/"));
            row.namespace == namespace && if service { of_service == Some(name) } else { row.workload == name }
        };
        let uid = self.grid.index.iter().find(is).map(Row::uid);
        uid.is_some_and(|uid| self.grid.index.select(uid))
    }

    /// The title.
    pub fn title(&self, world: &World, now: Now) -> Title {
        let mut title = self.grid.title(&Standing::of(Source::Live), now, &self.tops);
        if self.picture.shown() && world.metrics.is_some() {
            title.right = None;
            title.words.retain(|(_, role)| *role == Role::Accent);
            title.words.splice(0..0, self.picture.words());
            trouble_words(&mut title, world, now);
            return title;
        }
        if world.metrics.is_none() {
            title.words.clear();
            if world.metric_source != MetricSource::None {
                title.words.push(("–".to_owned(), Role::TextDim));
            }
        } else if let Some(span) = world.metrics.as_ref().and_then(|metrics| {
            let steps = metrics.total_trends.rps.len();
            (steps > 1).then(|| u64::from(metrics.step_s) * (steps as u64 - 1))
        }) {
            title.words.push((format!("· {} min", span.div_ceil(60)), Role::TextDim));
        }
        trouble_words(&mut title, world, now);
        title
    }

    /// When the picture changes by time alone.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        self.grid.wakes().into_iter().chain(self.standing.wakes(now)).min()
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let facts = Facts { now: look.now, world: look.world, own: &self.tops, ascii: look.theme.ascii };
        if let Some(message) = self.message(look) {
            message.view(area, buf, look);
            return;
        }
        let whole = area;
        let area = self.figures_area(area, look.world);
        if let Some(trouble) = self.standing.trouble(look.now).filter(|_| area.height < whole.height) {
            put(buf, area.x + 1, area.bottom(), area.width.saturating_sub(2), &trouble, look.theme.style(Role::Warn));
        }
        if self.picture.shown() {
            self.picture.view(area, buf, look, self.grid.filter());
            return;
        }
        let table = table_area(area, look.world);
        if table.y > area.y {
            totals::totals(Rect { height: TOTALS, ..area }, buf, look);
        }
        let rows = head::rows(area.height, look.world);
        if rows > 0 {
            head::view(Rect { y: area.y + TOTALS - 1, height: rows, ..area }, buf, look);
        }
        if self.grid.index.shown() == 0 {
            Message::filtered(self.grid.filter().text(), self.grid.index.len(), "workloads").view(table, buf, look);
        } else {
            self.grid.view(table, buf, look, &facts);
        }
    }

    fn message(&self, look: &Look<'_>) -> Option<Message> {
        let world = look.world;
        match (&world.metric_source, &world.metrics) {
            (MetricSource::None, _) => Some(Message::quiet(
                "no metric source",
                "start brink with --prometheus URL, such as http://127.0.0.1:9090 after a port-forward",
            )),
            (MetricSource::Asking | MetricSource::Good, None) => Some(Message::quiet("asking for figures…", "")),
            (MetricSource::Broken { .. }, None) => Some(self.standing.told(look, "workloads")),
            (_, Some(metrics)) if metrics.workloads.is_empty() => {
                let place = Some(world.spaces().join(", ")).filter(|names| !names.is_empty());
                let place = place.map(|names| format!(" in {names}")).unwrap_or_default();
                let note = metrics.notes.first().cloned();
                Some(Message::quiet(
                    format!("no mesh traffic measured{place}"),
                    note.unwrap_or_else(|| "workloads appear when istio_requests_total has samples of them".to_owned()),
                ))
            }
            (_, Some(_)) => None,
        }
    }
}

/// The table stands below the totals, where there is room for both.
fn table_area(area: Rect, world: &World) -> Rect {
    let head = if area.height >= 12 { TOTALS + head::rows(area.height, world) } else { 0 };
    Rect { y: area.y + head, height: area.height - head, ..area }
}

/// Who answered and what is wrong with the figures, for the title.
fn trouble_words(title: &mut Title, world: &World, now: Now) {
    // Who answers is worth a word where nobody named it.
    if let Some(whence) = world.metrics.as_ref().map(|metrics| &metrics.whence)
        && (whence.kind == MetricKind::Scrape || whence.place.starts_with("svc "))
    {
        // Not all of them: the figures are too low.
        let role = if whence.place.contains(" of ") { Role::Warn } else { Role::TextDim };
        title.words.push((format!("· {}", sanitize::line(&whence.place)), role));
    }
    if world.metrics.as_ref().and_then(|metrics| metrics.usage_from) == Some(UsageFrom::MetricsServer) {
        title.words.push(("· usage: metrics.k8s.io".to_owned(), Role::TextDim));
    }
    if matches!(world.metric_source, MetricSource::Broken { .. }) && world.metrics.is_some() {
        title.words.push(("no answer".to_owned(), Role::Warn));
    } else if world.freshness(now) == Some(Freshness::Stale) {
        title.words.push(("stale".to_owned(), Role::Warn));
    }
}
