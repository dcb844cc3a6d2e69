//! The routes: who takes which requests, where they go, and which route loses them all to another, and why.

use std::{cmp::Ordering, collections::HashMap, time::Duration};

use compact_str::{CompactString, format_compact};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    Cx, Filter, Grid, Look, Reply, Subject, Title, World,
    grid::{Align, Cell, Column, Facts, Tabular},
    pods::{millis, rate},
    state::{self, Message},
};
use crate::{
    base::{Now, Ticket, Uid, age},
    cluster::{Batch, ObjectRef, Scope, Source},
    config::Role,
    mesh::{
        routes::{RouteKind, RouteRow},
        signals::{Origin, RouteGolden, fold::Measured, route},
        wins::{Why, Wins},
    },
    msg::{Command, Context, Effect},
    widgets::put_spans,
};

/// The columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their headings say it")]
pub enum RouteColumn {
    Namespace,
    Name,
    Kind,
    Match,
    Backends,
    Parents,
    Accepted,
    Wins,
    Rps,
    Errors,
    P99,
    Age,
}

/// What the pane knows beyond the rows.
#[derive(Debug, Default)]
pub struct Known {
    wins: HashMap<Uid, Wins>,
}

/// The pane.
#[derive(Debug, Default)]
pub struct Routes {
    grid: Grid<RouteRow>,
    known: Known,
    ticket: Option<Ticket>,
    sources: HashMap<RouteKind, Source>,
    stale: Option<Duration>,
}

impl Routes {
    /// Watches a namespace, or all.
    pub fn open(&mut self, scope: &Scope, cx: &mut Cx<'_>) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self.ticket.take().map(Effect::Stop).into_iter().collect();
        let ticket = cx.tickets.take();
        self.ticket = Some(ticket);
        self.sources.clear();
        self.stale = None;
        self.grid.clear();
        self.known = Known::default();
        effects.push(Effect::WatchRoutes(ticket, scope.clone()));
        effects
    }

    /// Whether its rows are watched.
    pub fn watches(&self) -> bool {
        self.ticket.is_some()
    }

    /// Ends the watch; the filter, the order and the cursor's object are kept for the next one.
    pub fn close(&mut self) -> Vec<Effect> {
        self.grid.clear();
        self.sources.clear();
        self.stale = None;
        self.known = Known::default();
        self.ticket.take().map(Effect::Stop).into_iter().collect()
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        self.grid.context(Context::Routes)
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        let facts = Facts { now: cx.now, world: cx.world, own: &self.known, ascii: false };
        self.grid.update(command, &facts);
        Reply::none()
    }

    /// Whether `back` has something to undo here.
    pub fn holds_back(&self) -> bool {
        !self.grid.filter().is_empty()
    }

    /// Text for the filter line.
    pub fn insert(&mut self, text: &str, cx: &mut Cx<'_>) {
        let facts = Facts { now: cx.now, world: cx.world, own: &self.known, ascii: false };
        self.grid.insert(text, &facts);
    }

    /// Rows of one kind.
    pub fn hear(&mut self, ticket: Ticket, kind: RouteKind, batch: Batch<RouteRow>, cx: &mut Cx<'_>) {
        if self.ticket != Some(ticket) {
            return;
        }
        self.sources.insert(kind, batch.source);
        self.stale = state::stale_since(self.stale, &self.source(), cx.now);
        let moved = !batch.deltas.is_empty();
        let facts = Facts { now: cx.now, world: cx.world, own: &self.known, ascii: false };
        self.grid.apply(batch.deltas, &facts);
        if moved {
            self.judge(cx);
        }
    }

    /// Says anew who wins: one route's change may concern any other.
    fn judge(&mut self, cx: &Cx<'_>) {
        let rows: Vec<RouteRow> = self.grid.index.iter().cloned().collect();
        let wins = crate::mesh::wins::wins(&rows, None);
        self.known.wins = rows.iter().map(|row| row.uid).zip(wins).collect();
        let facts = Facts { now: cx.now, world: cx.world, own: &self.known, ascii: false };
        self.grid.resort(&facts);
    }

    /// Figures of every route, from what was measured.
    pub fn figures(&self, measured: &Measured) -> Vec<RouteGolden> {
        let rows: Vec<RouteRow> = self.grid.index.iter().cloned().collect();
        let wins: Vec<Wins> =
            rows.iter().map(|row| self.known.wins.get(&row.uid).cloned().unwrap_or(Wins::Unknown)).collect();
        route::attribute(&rows, &wins, measured)
    }

    /// Names of the gateways the routes hang on.
    pub fn gateways(&self) -> Vec<String> {
        let rows: Vec<RouteRow> = self.grid.index.iter().cloned().collect();
        route::gateway_names(&rows)
    }

    /// Metrics changed.
    pub fn measured(&mut self, cx: &mut Cx<'_>) {
        let facts = Facts { now: cx.now, world: cx.world, own: &self.known, ascii: false };
        self.grid.resort(&facts);
    }

    /// Fits columns and window; the last rows tell the story of the route under the cursor.
    pub fn settle(&mut self, area: Rect, look: &Look<'_>) {
        let facts = Facts { now: look.now, world: look.world, own: &self.known, ascii: look.theme.ascii };
        self.grid.settle(table_area(area), &facts);
    }

    /// What is under the cursor.
    pub fn subject(&self) -> Option<Subject> {
        let row = self.grid.index.cursor()?;
        Some(Subject {
            object: ObjectRef::new(row.kind.kind(), &row.namespace, &row.name),
            owner: None,
            labels: Vec::new(),
            containers: Vec::new(),
        })
    }

    fn source(&self) -> Source {
        // What is wrong with any kind is worth saying; what is absent only when every kind is.
        let wrong =
            self.sources.values().find(|source| matches!(source, Source::Forbidden { .. } | Source::Broken { .. }));
        let loading = self.sources.values().find(|source| matches!(source, Source::Loading { .. } | Source::Idle));
        let all_absent = !self.sources.is_empty()
            && self.sources.len() == RouteKind::ALL.len()
            && self.sources.values().all(|source| matches!(source, Source::Absent { .. }));
        if all_absent {
            return Source::Absent {
                what: "no Gateway API and no Istio in this cluster\nroutes appear once their kinds are installed"
                    .to_owned(),
            };
        }
        let pending = self.sources.len() < RouteKind::ALL.len();
        wrong.or(loading).cloned().unwrap_or(if pending { Source::Idle } else { Source::Live })
    }

    /// The title.
    pub fn title(&self, now: Now) -> Title {
        let mut title = self.grid.title();
        title.words.extend(state::stale_word(self.stale, now));
        let losers = self.known.wins.values().filter(|wins| matches!(wins, Wins::No { .. })).count();
        if losers > 0 && title.right.is_none() {
            let word = if losers == 1 { "1 conflict".to_owned() } else { format!("{losers} conflicts") };
            title.right = Some((word, Role::Warn));
        }
        title.words.extend(state::title_word(&self.source(), self.grid.index.len()));
        title
    }

    /// When the picture changes by time alone.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        let ages = state::ages_wake(self.grid.visible().filter_map(|row| row.created), now);
        ages.into_iter().chain(self.grid.wakes()).chain(state::stale_wakes(self.stale, now)).min()
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let facts = Facts { now: look.now, world: look.world, own: &self.known, ascii: look.theme.ascii };
        match self.message(look.world) {
            Some(message) => message.view(area, buf, look),
            None => {
                let table = table_area(area);
                self.grid.view(table, buf, look, &facts);
                if self.stale.is_some() {
                    buf.set_style(table, look.theme.style(Role::TextDim));
                }
                if table.height < area.height {
                    self.story(Rect { y: table.bottom() + 1, height: 1, ..area }, buf, look);
                }
            }
        }
    }

    fn message(&self, world: &World) -> Option<Message> {
        let index = &self.grid.index;
        state::message(&self.source(), world, "routes", index.len()).or_else(|| {
            (index.shown() == 0).then(|| Message::filtered(self.grid.filter().text(), index.len(), "routes"))
        })
    }

    /// One sentence about the route under the cursor, or about the first that loses.
    fn story(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let loses = |row: &&RouteRow| matches!(self.known.wins.get(&row.uid), Some(Wins::No { .. }));
        let told = self.grid.index.cursor().filter(loses).or_else(|| self.grid.index.iter().find(loses));
        let row = told.or_else(|| self.grid.index.cursor());
        let Some(row) = row else { return };
        let style = |role| look.theme.style(role);
        let room = area.width.saturating_sub(2);
        let x = area.x + 1;
        if let Some(Wins::No { to, why }) = self.known.wins.get(&row.uid) {
            let why = match why {
                Why::Host => "it names the host more exactly",
                Why::Older => "same match, younger",
                Why::Name => "same match and age, later by name",
            };
            put_spans(
                buf,
                x,
                area.y,
                room,
                [
                    (row.name.as_str(), style(Role::Warn)),
                    (" loses every request to ", style(Role::TextDim)),
                    (to.name.as_str(), style(Role::Text)),
                    (": ", style(Role::TextDim)),
                    (why, style(Role::TextDim)),
                ],
            );
        } else if let Some(trouble) = row.story().first() {
            put_spans(
                buf,
                x,
                area.y,
                room,
                [
                    (row.name.as_str(), style(Role::Warn)),
                    (": ", style(Role::TextDim)),
                    (trouble.as_str(), style(Role::TextDim)),
                ],
            );
        }
    }
}

/// The table's part of the pane: a blank and a line below tell a story where there is room for both.
fn table_area(area: Rect) -> Rect {
    Rect { height: if area.height >= 8 { area.height - 2 } else { area.height }, ..area }
}

const fn column(
    id: RouteColumn,
    title: &'static str,
    align: Align,
    min: u16,
    max: u16,
    rank: u8,
) -> Column<RouteColumn> {
    Column { id, title, align, min, max, rank, slack: false }
}

impl Tabular for RouteRow {
    type Column = RouteColumn;
    type Own = Known;

    const COLUMNS: &'static [Column<RouteColumn>] = &[
        column(RouteColumn::Namespace, "NAMESPACE", Align::Left, 9, 20, 4),
        Column { slack: true, ..column(RouteColumn::Name, "NAME", Align::Left, 10, 40, 0) },
        column(RouteColumn::Kind, "KIND", Align::Left, 4, 14, 9),
        Column { slack: true, ..column(RouteColumn::Match, "HOST / MATCH", Align::Left, 14, 60, 0) },
        Column { slack: true, ..column(RouteColumn::Backends, "BACKENDS", Align::Left, 10, 44, 2) },
        column(RouteColumn::Parents, "PARENTS", Align::Left, 7, 28, 8),
        column(RouteColumn::Accepted, "ACCEPTED", Align::Left, 8, 12, 7),
        Column { slack: true, ..column(RouteColumn::Wins, "WINS", Align::Left, 4, 32, 1) },
        column(RouteColumn::Rps, "RPS", Align::Right, 5, 8, 3),
        column(RouteColumn::Errors, "ERR%", Align::Right, 5, 6, 6),
        column(RouteColumn::P99, "P99", Align::Right, 5, 7, 5),
        column(RouteColumn::Age, "AGE", Align::Right, 4, 5, 6),
    ];
    const FIRST_SORT: RouteColumn = RouteColumn::Name;

    fn present(column: RouteColumn, facts: &Facts<'_, Known>) -> bool {
        match column {
            RouteColumn::Namespace => facts.world.namespace.is_none(),
            RouteColumn::Rps | RouteColumn::Errors | RouteColumn::P99 => facts.world.metrics.is_some(),
            _ => true,
        }
    }

    fn cell(&self, column: RouteColumn, facts: &Facts<'_, Known>) -> Cell {
        let wins = facts.own.wins.get(&self.uid);
        let loses = matches!(wins, Some(Wins::No { .. } | Wins::NotAccepted));
        let lit = |text: CompactString| Cell { text, role: loses.then_some(Role::Warn) };
        let faint = |text: CompactString| Cell { text, role: loses.then_some(Role::TextDim) };
        match column {
            RouteColumn::Namespace => Cell::plain(self.namespace.clone()),
            RouteColumn::Name => lit(self.name.clone()),
            RouteColumn::Kind => Cell::of(
                match self.kind {
                    RouteKind::Http => "HTTP",
                    RouteKind::Grpc => "gRPC",
                    RouteKind::VirtualService => "VirtualService",
                },
                Role::TextDim,
            ),
            RouteColumn::Match => faint(format_compact!("{} {}", self.host_cell(), self.match_cell())),
            RouteColumn::Backends => faint(self.backends_cell().into()),
            RouteColumn::Parents => Cell::plain(self.parents_cell()),
            RouteColumn::Accepted => Cell {
                text: self.accepted_cell().into(),
                role: match (self.accepted(), self.resolved_refs()) {
                    (Some(true), Some(false)) => Some(Role::Warn),
                    (Some(true), _) => None,
                    (Some(false), _) => Some(Role::Bad),
                    (None, _) => Some(Role::Unknown),
                },
            },
            RouteColumn::Wins => match wins {
                None | Some(Wins::Unknown) => Cell::unknown(),
                Some(wins @ Wins::Yes) => Cell::plain(format_compact!("{wins}")),
                Some(wins) => lit(format_compact!("{wins}")),
            },
            RouteColumn::Rps => figure(self, facts.world, |golden| golden.golden.rps, rate),
            RouteColumn::Errors => figure(
                self,
                facts.world,
                |golden| golden.golden.error_share.map(|share| share * 100.0),
                |percent| format_compact!("{percent:.1}"),
            ),
            RouteColumn::P99 => figure(self, facts.world, |golden| golden.golden.p99_ms, millis),
            RouteColumn::Age => {
                self.created.map_or_else(Cell::unknown, |at| Cell::plain(age::age(age::of_row(facts.now.server, at))))
            }
        }
    }

    fn compare(&self, other: &Self, column: RouteColumn, facts: &Facts<'_, Known>) -> Ordering {
        let metric = |pick: fn(&RouteGolden) -> Option<f64>| {
            let of = |row: &Self| facts.world.route(&row.route_ref()).and_then(pick);
            of(other).unwrap_or(f64::NEG_INFINITY).total_cmp(&of(self).unwrap_or(f64::NEG_INFINITY))
        };
        match column {
            RouteColumn::Namespace => self.namespace.cmp(&other.namespace),
            RouteColumn::Name => self.name.cmp(&other.name),
            RouteColumn::Kind => self.kind.cmp(&other.kind),
            RouteColumn::Match => (self.host_cell(), self.match_cell()).cmp(&(other.host_cell(), other.match_cell())),
            RouteColumn::Backends => self.backends_cell().cmp(&other.backends_cell()),
            RouteColumn::Parents => self.parents_cell().cmp(&other.parents_cell()),
            // What is not accepted, and what loses, first.
            RouteColumn::Accepted => self.accepted().cmp(&other.accepted()),
            RouteColumn::Wins => {
                let wins = |row: &Self| facts.own.wins.get(&row.uid).and_then(Wins::known);
                wins(self).unwrap_or(true).cmp(&wins(other).unwrap_or(true))
            }
            RouteColumn::Rps => metric(|golden| golden.golden.rps),
            RouteColumn::Errors => metric(|golden| golden.golden.error_share),
            RouteColumn::P99 => metric(|golden| golden.golden.p99_ms),
            RouteColumn::Age => other.created.cmp(&self.created),
        }
    }

    fn place(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }

    fn kept(&self, filter: &Filter) -> bool {
        let own = [self.name.as_str(), &self.namespace];
        let hosts = self.hosts.iter().map(CompactString::as_str);
        let backends = self.rules.iter().flat_map(|rule| rule.backends.iter().map(|backend| backend.name.as_str()));
        filter.keeps(own.into_iter().chain(hosts).chain(backends), |_| None)
    }

    fn sort_of(command: Command) -> Option<RouteColumn> {
        match command {
            Command::SortName => Some(RouteColumn::Name),
            Command::SortAge => Some(RouteColumn::Age),
            Command::SortStatus => Some(RouteColumn::Wins),
            Command::SortNamespace => Some(RouteColumn::Namespace),
            _ => None,
        }
    }

    fn hit(&self, facts: &Facts<'_, Known>) -> bool {
        facts.world.any_live() && facts.world.hits_route(&self.route_ref().to_string())
    }

    fn restless(column: RouteColumn) -> bool {
        matches!(
            column,
            RouteColumn::Age | RouteColumn::Rps | RouteColumn::Errors | RouteColumn::P99 | RouteColumn::Wins
        )
    }
}

fn figure(
    row: &RouteRow,
    world: &World,
    pick: fn(&RouteGolden) -> Option<f64>,
    text: fn(f64) -> CompactString,
) -> Cell {
    let Some(golden) = world.route(&row.route_ref()) else { return Cell::unknown() };
    match (golden.origin, pick(golden).filter(|value| value.is_finite())) {
        (Origin::Measured, Some(value)) => Cell::plain(text(value)),
        (Origin::Shared, Some(value)) => Cell::plain(format_compact!("≈{}", text(value))),
        (Origin::Unknown, _) | (_, None) => Cell::unknown(),
    }
}
