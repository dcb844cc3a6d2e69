//! The mesh: how many requests, how many fail, how long they take, for everything and for each workload.

use std::{cmp::Ordering, time::Duration};

use compact_str::{CompactString, format_compact};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    Cx, Filter, Grid, Look, Reply, Subject, Title, World,
    grid::{Align, Cell, Column, Facts, Tabular},
    mesh_head,
    pods::{errors, millis, number, rate},
    state::{Message, Standing},
};
use crate::{
    base::{Now, Ticket, Uid, index::Row},
    cluster::{Delta, Kind, ObjectRef, Source},
    config::Role,
    mesh::{
        crew::Crew,
        health::{Health, State},
        signals::{Freshness, Golden, MetricSource, Series, WorkloadRow, promql::Interest},
    },
    msg::{Command, Context, Effect},
    widgets::{put, put_right, put_spans, spark},
};

/// Rows of the totals, with the empty ones around them.
const TOTALS: u16 = 6;
/// Cells of a sparkline in the table.
const SPARK: usize = 12;

/// A workload as a row of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct MeshRow(WorkloadRow);

impl Row for MeshRow {
    fn uid(&self) -> Uid {
        // A workload's figures carry no uid: its name stands for it.
        Uid::parse(&format!("{}/{}", self.0.namespace, self.0.workload))
    }
}

/// The columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their headings say it")]
pub enum MeshColumn {
    Namespace,
    Mark,
    Workload,
    Health,
    Plane,
    Rps,
    RpsTrend,
    Errors,
    ErrorTrend,
    P50,
    P90,
    P99,
    P99Trend,
    Mtls,
    Tries,
    Limit,
}

/// The highest values, so that the sparklines of one column share their scale.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tops {
    rps: f32,
    errors: f32,
    p99: f32,
}

/// The pane.
#[derive(Debug, Default)]
pub struct Mesh {
    grid: Grid<MeshRow>,
    tops: Tops,
    ticket: Option<Ticket>,
    interest: Interest,
    standing: Standing,
}

impl Mesh {
    /// Measures a namespace, or all.
    pub fn open(&mut self, namespace: Option<&str>, cx: &mut Cx<'_>) -> Vec<Effect> {
        let mut effects = self.close();
        let ticket = cx.tickets.take();
        self.ticket = Some(ticket);
        self.grid.clear();
        self.standing = Standing::default();
        self.interest = Interest { namespace: namespace.map(str::to_owned), ..Interest::default() };
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
        self.ticket.take().map(Effect::Stop).into_iter().collect()
    }

    /// Whether this is the question it waits for.
    pub fn asked(&self, ticket: Ticket) -> bool {
        self.ticket == Some(ticket)
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
        let series = |pick: fn(&WorkloadRow) -> &Series| spark::top(rows.iter().map(|row| pick(row).0.as_slice()));
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
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        self.grid.context(Context::Mesh)
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        let facts = Facts { now: cx.now, world: cx.world, own: &self.tops, ascii: false };
        self.grid.update(command, &facts);
        Reply::none()
    }

    /// Whether `back` has something to undo here.
    pub fn holds_back(&self) -> bool {
        !self.grid.filter().is_empty()
    }

    /// Text for the filter line.
    pub fn insert(&mut self, text: &str, cx: &mut Cx<'_>) {
        let facts = Facts { now: cx.now, world: cx.world, own: &self.tops, ascii: false };
        self.grid.insert(text, &facts);
    }

    /// Fits columns and window.
    pub fn settle(&mut self, area: Rect, look: &Look<'_>) {
        let facts = Facts { now: look.now, world: look.world, own: &self.tops, ascii: look.theme.ascii };
        self.grid.settle(table_area(self.figures_area(area, look.world), look.world), &facts);
    }

    /// The figures' part of the pane: while they are old, the last line says why.
    fn figures_area(&self, area: Rect, world: &World) -> Rect {
        let told = self.standing.troubled() && world.metrics.is_some();
        Rect { height: area.height.saturating_sub(u16::from(told)), ..area }
    }

    /// What is under the cursor: the Deployment of that name, which is what meshes call a workload.
    pub fn subject(&self) -> Option<Subject> {
        let row = &self.grid.index.cursor()?.0;
        let kind = match row.workload.strip_prefix("svc/") {
            Some(_) => Kind::namespaced("", "v1", "Service", "services"),
            None => Kind::namespaced("apps", "v1", "Deployment", "deployments"),
        };
        let name = row.workload.strip_prefix("svc/").unwrap_or(&row.workload);
        Some(Subject {
            object: ObjectRef::new(kind, &row.namespace, name),
            owner: None,
            labels: Vec::new(),
            containers: Vec::new(),
        })
    }

    /// The title.
    pub fn title(&self, world: &World, now: Now) -> Title {
        let mut title = self.grid.title(&Standing::of(Source::Live), now);
        if world.metrics.is_none() {
            title.words.clear();
            if world.metric_source != MetricSource::None {
                title.words.push(("–".to_owned(), Role::TextDim));
            }
        } else if let Some(span) = world.metrics.as_ref().and_then(|metrics| {
            let steps = metrics.total_trends.rps.0.len();
            (steps > 1).then(|| u64::from(metrics.step_s) * (steps as u64 - 1))
        }) {
            title.words.push((format!("· {} min", span.div_ceil(60)), Role::TextDim));
        }
        if matches!(world.metric_source, MetricSource::Broken { .. }) && world.metrics.is_some() {
            title.words.push(("no answer".to_owned(), Role::Warn));
        } else if world.freshness(now) == Some(Freshness::Stale) {
            title.words.push(("stale".to_owned(), Role::Warn));
        }
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
        let table = table_area(area, look.world);
        if table.y > area.y {
            totals(Rect { height: TOTALS, ..area }, buf, look);
        }
        let rows = mesh_head::rows(area.height, look.world);
        if rows > 0 {
            mesh_head::view(Rect { y: area.y + TOTALS - 1, height: rows, ..area }, buf, look);
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
            (MetricSource::Asking | MetricSource::Good, None) => Some(Message::quiet("asking Prometheus…", "")),
            (MetricSource::Broken { .. }, None) => Some(self.standing.told(look, "workloads")),
            (_, Some(metrics)) if metrics.workloads.is_empty() => {
                let place = world.namespace.as_deref().map(|namespace| format!(" in {namespace}")).unwrap_or_default();
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
    let head = if area.height >= 12 { TOTALS + mesh_head::rows(area.height, world) } else { 0 };
    Rect { y: area.y + head, height: area.height - head, ..area }
}

/// Name, value, how it is written, its unit, its trend and the trend's colour.
type Total<'a> = (&'a str, Option<f64>, fn(f64) -> CompactString, &'a str, &'a Series, Role);

/// All requests together, each figure with its trend.
fn totals(area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let Some(metrics) = &look.world.metrics else { return };
    let (golden, trends) = (&metrics.total, &metrics.total_trends);
    let percent = golden.error_share.map(|share| share * 100.0);
    let one = |value: f64| format_compact!("{value:.1}");
    let rows: [Total<'_>; 4] = [
        ("rps", golden.rps, rate, "/s", &trends.rps, Role::Chart1),
        ("errors", percent, one, "%", &trends.error_share, Role::Chart1),
        ("p50", golden.p50_ms, millis, "", &trends.p50_ms, Role::Chart2),
        ("p99", golden.p99_ms, millis, "", &trends.p99_ms, Role::Chart2),
    ];
    // Latencies share a scale, so that p50 and p99 can be compared by eye.
    let latency = spark::top([trends.p50_ms.0.as_slice(), trends.p99_ms.0.as_slice()]);
    let longest = rows.iter().map(|(.., series, _)| series.0.len()).max().unwrap_or_default();
    let style = |role| look.theme.style(role);
    for (line, (name, value, text, unit, series, role)) in (1..area.height).zip(rows) {
        let y = area.y + line;
        put(buf, area.x + 1, y, 8, name, style(Role::TextDim));
        let strong = look.theme.style(Role::TextStrong);
        match value.filter(|value| value.is_finite()) {
            Some(value) => {
                let text = text(value);
                let digits = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
                let (number, own_unit) = text.split_at(digits);
                let unit = if own_unit.is_empty() { unit } else { own_unit };
                put_right(buf, area.x + 15, y, 7, number, strong);
                put(buf, area.x + 15, y, 3, unit, style(Role::TextDim));
            }
            None => {
                put_right(buf, area.x + 15, y, 7, "–", style(Role::Unknown));
            }
        }
        let cells = usize::from(area.width.saturating_sub(21)).min(60);
        let top = if matches!(name, "p50" | "p99") { latency } else { spark::top([series.0.as_slice()]) };
        // All four end with now at the same place, also the one whose past is not known.
        let text = spark::spark(&series.0, cells.min(longest), top, look.theme.ascii);
        put_spans(buf, area.x + 19, y, area.width.saturating_sub(20), [(text.as_str(), style(role))]);
    }
}

/// Attempts for each request that it receives.
fn tries(row: &WorkloadRow) -> Option<f64> {
    row.attempts?.figures().map(|figures| figures.amplification)
}

/// How well a workload is, in a glyph; nothing where all is well.
fn mark(state: State, ascii: bool) -> Cell {
    match state {
        State::Unknown | State::Healthy => Cell::default(),
        State::Idle => Cell::of(if ascii { "." } else { "·" }, Role::TextDim),
        State::Degraded => Cell::of("!", Role::Warn),
        State::Failing => Cell::of(if ascii { "x" } else { "✗" }, Role::Bad),
    }
}

/// How well a workload is, in few words: the worst reason.
fn health_cell(health: &Health) -> Cell {
    let why = || health.reasons.first().map(|reason| reason.short.as_str()).unwrap_or_default();
    match health.state {
        State::Unknown => Cell::unknown(),
        State::Healthy => Cell::plain("ok"),
        State::Idle => Cell::of(why(), Role::TextDim),
        State::Degraded => Cell::of(why(), Role::Warn),
        State::Failing => Cell::of(why(), Role::Bad),
    }
}

const fn column(id: MeshColumn, title: &'static str, align: Align, min: u16, max: u16, rank: u8) -> Column<MeshColumn> {
    Column { id, title, align, min, max, rank, slack: false }
}

#[expect(clippy::cast_possible_truncation, reason = "a sparkline's width")]
const TREND: u16 = SPARK as u16;

impl Tabular for MeshRow {
    type Column = MeshColumn;
    type Own = Tops;

    const COLUMNS: &'static [Column<MeshColumn>] = &[
        column(MeshColumn::Namespace, "NAMESPACE", Align::Left, 9, 20, 3),
        column(MeshColumn::Mark, "", Align::Left, 1, 1, 1),
        Column { slack: true, ..column(MeshColumn::Workload, "WORKLOAD", Align::Left, 12, 48, 0) },
        column(MeshColumn::Health, "HEALTH", Align::Left, 8, 18, 5),
        column(MeshColumn::Plane, "MESH", Align::Left, 7, 12, 5),
        column(MeshColumn::Rps, "RPS", Align::Right, 5, 8, 0),
        column(MeshColumn::RpsTrend, "", Align::Left, TREND, TREND, 4),
        column(MeshColumn::Errors, "ERR%", Align::Right, 5, 6, 1),
        column(MeshColumn::ErrorTrend, "", Align::Left, TREND, TREND, 7),
        column(MeshColumn::P50, "P50", Align::Right, 6, 7, 5),
        column(MeshColumn::P90, "P90", Align::Right, 6, 7, 8),
        column(MeshColumn::P99, "P99", Align::Right, 6, 7, 2),
        column(MeshColumn::P99Trend, "", Align::Left, TREND, TREND, 6),
        column(MeshColumn::Mtls, "MTLS", Align::Right, 5, 9, 9),
        column(MeshColumn::Tries, "TRIES", Align::Right, 5, 6, 10),
        column(MeshColumn::Limit, "LIMIT", Align::Right, 5, 6, 11),
    ];
    const FIRST_SORT: MeshColumn = MeshColumn::Rps;

    fn present(column: MeshColumn, facts: &Facts<'_, Tops>) -> bool {
        // A column of which nobody tells anything would be dashes alone.
        let told = |by: fn(&WorkloadRow) -> bool| {
            facts.world.metrics.as_ref().is_some_and(|metrics| metrics.workloads.iter().any(by))
        };
        match column {
            MeshColumn::Namespace => facts.world.namespace.is_none(),
            MeshColumn::Plane => !facts.world.crews.is_empty(),
            MeshColumn::Mtls => told(|row| row.security.mtls.is_some()),
            MeshColumn::Tries => told(|row| tries(row).is_some()),
            MeshColumn::Limit => told(|row| row.usage.saturation().is_some()),
            MeshColumn::Mark
            | MeshColumn::Workload
            | MeshColumn::Health
            | MeshColumn::Rps
            | MeshColumn::RpsTrend
            | MeshColumn::Errors
            | MeshColumn::ErrorTrend
            | MeshColumn::P50
            | MeshColumn::P90
            | MeshColumn::P99
            | MeshColumn::P99Trend => true,
        }
    }

    fn cell(&self, column: MeshColumn, facts: &Facts<'_, Tops>) -> Cell {
        let golden: &Golden = &self.0.golden;
        let trends = &self.0.trends;
        let trend =
            |series: &Series, top: f32, role: Role| Cell::of(spark::spark(&series.0, SPARK, top, facts.ascii), role);
        match column {
            MeshColumn::Namespace => Cell::plain(self.0.namespace.clone()),
            MeshColumn::Workload => Cell::plain(self.0.workload.clone()),
            MeshColumn::Mark => mark(facts.world.health(&self.0).state, facts.ascii),
            MeshColumn::Health => health_cell(&facts.world.health(&self.0)),
            MeshColumn::Plane => {
                facts.world.crew(&self.0).and_then(Crew::words).map_or_else(Cell::unknown, Cell::plain)
            }
            MeshColumn::Rps => number(golden.rps, rate),
            MeshColumn::RpsTrend => trend(&trends.rps, facts.own.rps, Role::Chart1),
            MeshColumn::Errors => errors(golden.error_share),
            MeshColumn::ErrorTrend => trend(&trends.error_share, facts.own.errors, Role::Chart5),
            MeshColumn::P50 => number(golden.p50_ms, millis),
            MeshColumn::P90 => number(golden.p90_ms, millis),
            MeshColumn::P99 => number(golden.p99_ms, millis),
            MeshColumn::P99Trend => trend(&trends.p99_ms, facts.own.p99, Role::Chart2),
            MeshColumn::Mtls => match (self.0.security.mtls, self.0.security.plaintext_share) {
                (None, _) => Cell::unknown(),
                (Some(true), _) => Cell::plain("yes"),
                (Some(false), share) => {
                    Cell::of(format_compact!("{:.0}% plain", share.unwrap_or_default() * 100.0), Role::Warn)
                }
            },
            MeshColumn::Tries => number(tries(&self.0), |tries| format_compact!("×{tries:.2}")),
            MeshColumn::Limit => number(self.0.usage.saturation(), |share| format_compact!("{:.0}%", share * 100.0)),
        }
    }

    fn compare(&self, other: &Self, column: MeshColumn, facts: &Facts<'_, Tops>) -> Ordering {
        let (a, b) = (&self.0, &other.0);
        let down =
            |a: Option<f64>, b: Option<f64>| b.unwrap_or(f64::NEG_INFINITY).total_cmp(&a.unwrap_or(f64::NEG_INFINITY));
        match column {
            MeshColumn::Namespace => a.namespace.cmp(&b.namespace),
            MeshColumn::Workload => a.workload.cmp(&b.workload),
            MeshColumn::Mark | MeshColumn::Health => facts.world.health(b).state.cmp(&facts.world.health(a).state),
            MeshColumn::Plane => {
                let plane = |row| facts.world.crew(row).and_then(Crew::plane);
                plane(a).cmp(&plane(b))
            }
            MeshColumn::Rps | MeshColumn::RpsTrend => down(a.golden.rps, b.golden.rps),
            MeshColumn::Errors | MeshColumn::ErrorTrend => down(a.golden.error_share, b.golden.error_share),
            MeshColumn::P50 => down(a.golden.p50_ms, b.golden.p50_ms),
            MeshColumn::P90 => down(a.golden.p90_ms, b.golden.p90_ms),
            MeshColumn::P99 | MeshColumn::P99Trend => down(a.golden.p99_ms, b.golden.p99_ms),
            MeshColumn::Mtls => down(a.security.plaintext_share, b.security.plaintext_share),
            MeshColumn::Tries => down(tries(a), tries(b)),
            MeshColumn::Limit => down(a.usage.saturation(), b.usage.saturation()),
        }
    }

    fn place(&self) -> (&str, &str) {
        (&self.0.namespace, &self.0.workload)
    }

    fn kept(&self, filter: &Filter) -> bool {
        filter.keeps([self.0.workload.as_str(), &self.0.namespace], |_| None)
    }

    fn sort_of(command: Command) -> Option<MeshColumn> {
        match command {
            Command::SortName => Some(MeshColumn::Workload),
            Command::SortStatus => Some(MeshColumn::Errors),
            Command::SortNamespace => Some(MeshColumn::Namespace),
            _ => None,
        }
    }

    fn hit(&self, facts: &Facts<'_, Tops>) -> bool {
        facts.world.any_live() && facts.world.hits_workload(&self.0.namespace, &self.0.workload)
    }

    fn restless(_: MeshColumn) -> bool {
        // Every figure changes with every sample: bold everywhere would say nothing.
        true
    }
}
