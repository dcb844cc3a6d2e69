//! The routes: who takes which requests, where they go, which routes are in conflict, and why.

mod known;
mod table;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    Cx, Grid, Look, Reply, Subject, Title, World,
    grid::{Facts, Told},
    state::{self, Message, Standing},
};
use crate::{
    base::{Now, Ticket, Uid, sanitize},
    cluster::{Batch, Delta, ObjectRef, Row, Scope, Source, namespaces::NamespaceRow},
    config::Role,
    mesh::{
        conflicts::Example,
        gateways::{AllowedNamespaces, GatewayRow, Gateways, Seen},
        istio::{self, Looks, PieceRow},
        resolve::{self, Request},
        routes::{ParentKind, RouteKind, RouteRef, RouteRow},
        service,
        signals::{RouteGolden, fold::Measured, route},
        weights::Weights,
        wins::{Why, Wins},
    },
    msg::{Command, Context, Effect},
    widgets::{put, put_spans},
};

pub use known::Known;
pub use table::RouteColumn;

/// The pane. It shows the routes of one namespace and judges them among all that may be seen: routes of one namespace meet
/// those of others at a Gateway.
#[derive(Debug, Default)]
pub struct Routes {
    grid: Grid<RouteRow>,
    /// Routes of namespaces that are not shown.
    elsewhere: HashMap<Uid, RouteRow>,
    /// The namespaces shown.
    shown: Scope,
    known: Known,
    ticket: Option<Ticket>,
    sources: BTreeMap<RouteKind, Standing>,
    gateways: HashMap<Uid, GatewayRow>,
    /// How the Gateways stand as a source, and how far they were looked for.
    gateway_source: (Standing, Seen),
    /// The question for labels of namespaces: asked once a Gateway selects by them.
    labels_ticket: Option<Ticket>,
    /// Namespaces with their labels, by uid.
    namespaces: HashMap<Uid, (String, BTreeMap<String, String>)>,
    labels_live: bool,
    /// Objects of Istio's configuration, and Services.
    pieces: HashMap<Uid, PieceRow>,
    /// How each kind of them stands as a source, and how far it was looked for.
    piece_sources: BTreeMap<String, (Standing, Seen)>,
    /// The same objects as rows.
    istio: istio::Rows,
    /// The question for the root namespace of the mesh: asked once a policy is there.
    root_ticket: Option<Ticket>,
    /// The pods that are watched in this namespace, as selectors see them; `None`: not known.
    pods: Option<Arc<Looks>>,
}

impl Routes {
    /// Watches a namespace, or all.
    pub fn open(&mut self, scope: &Scope, cx: &mut Cx<'_>) -> Vec<Effect> {
        let mut effects = self.close();
        let ticket = cx.tickets.take();
        self.ticket = Some(ticket);
        self.shown.clone_from(scope);
        effects.push(Effect::WatchRoutes(ticket, scope.clone()));
        effects
    }

    /// Whether its rows are watched.
    pub fn watches(&self) -> bool {
        self.ticket.is_some()
    }

    /// Ends the watch; the filter, the order and the cursor's object are kept for the next one.
    pub fn close(&mut self) -> Vec<Effect> {
        let mut grid = std::mem::take(&mut self.grid);
        grid.clear();
        let closed = std::mem::replace(self, Self { grid, ..Self::default() });
        closed.ticket.into_iter().chain(closed.labels_ticket).chain(closed.root_ticket).map(Effect::Stop).collect()
    }

    /// What stands in a column for the rows of a name.
    pub fn cells(&self, row: &str, column: &str, world: &World, now: Now) -> Option<Vec<String>> {
        self.grid.cells(row, column, &Facts { now, world, own: &self.known, ascii: false })
    }

    /// The table in words.
    pub fn told(&self, world: &World, now: Now) -> Told {
        self.grid.told(&Facts { now, world, own: &self.known, ascii: false })
    }

    /// The filter while it is typed.
    pub fn typed(&self) -> Option<&str> {
        self.grid.typed()
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

    /// Filters from now on.
    pub fn filter_by(&mut self, text: &str, cx: &mut Cx<'_>) {
        let facts = Facts { now: cx.now, world: cx.world, own: &self.known, ascii: false };
        self.grid.filter_by(text, &facts);
    }

    /// The filter, as typed.
    pub fn filter(&self) -> &str {
        self.grid.filter().text()
    }

    /// The heading it sorts by, and whether the most stands first; `None` for the order of the start.
    pub fn order(&self) -> Option<(String, bool)> {
        self.grid.order(&self.known, most_first)
    }

    /// Sorts by the column of this heading, where there is one.
    pub fn order_by(&mut self, heading: &str, falls: bool, cx: &mut Cx<'_>) -> bool {
        let facts = Facts { now: cx.now, world: cx.world, own: &self.known, ascii: false };
        self.grid.order_by(heading, falls, most_first, &facts)
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
        let facts = Facts { now: cx.now, world: cx.world, own: &self.known, ascii: false };
        self.grid.insert(text, &facts);
    }

    /// Rows of one kind. Whether it was an answer to the question that counts.
    pub fn hear(&mut self, ticket: Ticket, kind: RouteKind, batch: Batch<RouteRow>, cx: &mut Cx<'_>) -> bool {
        if self.ticket != Some(ticket) {
            return false;
        }
        let settled = self.settled();
        self.sources.entry(kind).or_default().hear(batch.source, cx.now);
        let moved = !batch.deltas.is_empty();
        let shown = |row: &RouteRow| self.shown.covers(&row.namespace);
        let (here, away): (Vec<_>, Vec<_>) = batch.deltas.into_iter().partition(|delta| match delta {
            Delta::Upsert(row) => shown(row),
            Delta::Remove(uid) => !self.elsewhere.contains_key(uid),
        });
        take(&mut self.elsewhere, away);
        let facts = Facts { now: cx.now, world: cx.world, own: &self.known, ascii: false };
        self.grid.apply(here, &facts);
        let complete = self.settled();
        self.grid.begin(complete);
        if moved || settled != self.settled() {
            self.judge(cx);
        }
        moved
    }

    /// Gateways, and how far they are looked for.
    pub fn hear_gateways(
        &mut self,
        ticket: Ticket,
        seen: Seen,
        batch: Batch<GatewayRow>,
        cx: &mut Cx<'_>,
    ) -> Vec<Effect> {
        if self.ticket != Some(ticket) {
            return Vec::new();
        }
        self.gateway_source.0.hear(batch.source, cx.now);
        self.gateway_source.1 = seen;
        take(&mut self.gateways, batch.deltas);
        self.ask_labels(cx)
    }

    /// ListenerSets. A cluster that does not serve them has none.
    pub fn hear_listener_sets(&mut self, ticket: Ticket, batch: Batch<GatewayRow>, cx: &mut Cx<'_>) -> Vec<Effect> {
        if self.ticket != Some(ticket) || batch.deltas.is_empty() {
            return Vec::new();
        }
        take(&mut self.gateways, batch.deltas);
        self.ask_labels(cx)
    }

    /// Judges anew, and asks for labels of namespaces once something is allowed by them.
    fn ask_labels(&mut self, cx: &mut Cx<'_>) -> Vec<Effect> {
        self.judge(cx);
        let selects = |gateway: &GatewayRow| {
            let listeners = gateway.listeners.iter().map(|one| &one.namespaces);
            let mut all = listeners.chain(std::iter::once(&gateway.allowed_listeners));
            all.any(|allowed| matches!(allowed, AllowedNamespaces::Selector(_)))
        };
        if self.labels_ticket.is_some() || !self.gateways.values().any(selects) {
            return Vec::new();
        }
        let ticket = cx.tickets.take();
        self.labels_ticket = Some(ticket);
        vec![Effect::WatchLabels(ticket)]
    }

    /// Namespaces with their labels.
    pub fn hear_labels(&mut self, ticket: Ticket, batch: Batch<NamespaceRow>, cx: &mut Cx<'_>) {
        if self.labels_ticket != Some(ticket) {
            return;
        }
        self.labels_live |= batch.source == Source::Live;
        for delta in batch.deltas {
            match delta {
                Delta::Upsert(row) => drop(self.namespaces.insert(row.uid, (row.name.into(), row.labels))),
                Delta::Remove(uid) => drop(self.namespaces.remove(&uid)),
            }
        }
        self.judge(cx);
    }

    /// Objects of Istio's configuration of one kind, or Services, and how far they are looked for.
    pub fn hear_pieces(
        &mut self,
        ticket: Ticket,
        kind: String,
        seen: Seen,
        batch: Batch<PieceRow>,
        cx: &mut Cx<'_>,
    ) -> Vec<Effect> {
        if self.ticket != Some(ticket) {
            return Vec::new();
        }
        let source = self.piece_sources.entry(kind).or_default();
        let listed = source.0.listed();
        source.0.hear(batch.source, cx.now);
        source.1 = seen;
        if batch.deltas.is_empty() && listed == source.0.listed() {
            return Vec::new();
        }
        take(&mut self.pieces, batch.deltas);
        let mut rows = istio::Rows { root: self.istio.root.take(), ..istio::Rows::default() };
        self.pieces.values().for_each(|row| rows.put(row.piece.clone()));
        for kind in istio::pieces() {
            // Half a list says of nobody that he is not there.
            let told = self.piece_sources.get(&kind.kind).filter(|(standing, _)| standing.listed());
            rows.seen.insert(kind.kind, told.map_or(Seen::Nowhere, |(_, seen)| seen.clone()));
        }
        self.istio = rows;
        self.judge(cx);
        if self.root_ticket.is_some() || !self.istio.rooted() {
            return Vec::new();
        }
        let ticket = cx.tickets.take();
        self.root_ticket = Some(ticket);
        vec![Effect::MeshRoot(ticket)]
    }

    /// The root namespace of the mesh.
    pub fn hear_root(&mut self, ticket: Ticket, root: String, cx: &mut Cx<'_>) {
        if self.root_ticket == Some(ticket) {
            self.istio.root = Some(root);
            self.judge(cx);
        }
    }

    /// Whether pods have a say in what is told here.
    pub fn selects(&self) -> bool {
        self.istio.selects()
    }

    /// The pods of the namespace shown, as they are watched; `None` while they are not.
    pub fn hear_pods(&mut self, pods: Option<Arc<Looks>>, cx: &mut Cx<'_>) {
        if self.ticket.is_none() || self.pods.is_none() && pods.is_none() {
            return;
        }
        self.pods = pods;
        if self.selects() {
            self.judge(cx);
        }
    }

    /// Everything that has a say is listed as far as it will be.
    fn settled(&self) -> bool {
        self.sources.len() == RouteKind::ALL.len() && self.sources.values().all(Standing::settled)
    }

    fn all(&self) -> impl Iterator<Item = &RouteRow> {
        self.grid.index.iter().chain(self.elsewhere.values())
    }

    /// Says anew who wins: one route's change may concern any other. Half a list decides nothing.
    fn judge(&mut self, cx: &Cx<'_>) {
        self.known = if self.settled() && self.gateway_source.0.settled() {
            let namespaces: BTreeMap<String, BTreeMap<String, String>> = self.namespaces.values().cloned().collect();
            let (standing, seen) = &self.gateway_source;
            // What may not be read is unknown; a kind that is not served has no objects.
            let seen = if standing.listed() { seen.clone() } else { Seen::Nowhere };
            let services = self.istio.seen.get("Service") == Some(&Seen::Everywhere);
            let services = services.then(|| service::ports(&self.istio.services));
            // Where the rights end, routes of one namespace alone are seen.
            let wide = self.shown.names().is_empty() || !self.elsewhere.is_empty();
            let virtual_services = if wide { Seen::Everywhere } else { Seen::within(&self.shown) };
            let mut istio = istio::Known { virtual_services, ..self.istio.known(false) };
            if istio.root.is_none() {
                // Whom a policy is for is not known yet.
                (istio.peer_authentications, istio.authorization_policies) = Default::default();
            }
            if let Some(pods) = &self.pods {
                istio.workloads = Some(&pods.workloads);
                istio.proxyless = Some(&pods.proxyless);
            }
            // Pods of other namespaces are not watched, and so not known.
            istio.pods = Some(self.pods.as_ref().map_or(Seen::Nowhere, |_| Seen::within(&self.shown)));
            Known::of(&resolve::World {
                routes: self.all().collect(),
                gateways: Gateways { rows: self.gateways.values().collect(), seen },
                namespaces: self.labels_live.then_some(&namespaces),
                services,
                istio,
                ..resolve::World::default()
            })
        } else {
            Known::default()
        };
        let facts = Facts { now: cx.now, world: cx.world, own: &self.known, ascii: false };
        self.grid.resort(&facts);
    }

    /// All routes with the Gateways and what Istio's rules say, as far as figures need them.
    fn carried(&self) -> resolve::World<'_> {
        let gateways = Gateways { rows: self.gateways.values().collect(), seen: self.gateway_source.1.clone() };
        let istio = self.istio.known(false);
        resolve::World { routes: self.all().collect(), gateways, istio, ..resolve::World::default() }
    }

    /// Figures of every route, from what was measured; and which shares their rules ask for.
    pub fn figures(&self, measured: &Measured) -> (Vec<RouteGolden>, Weights) {
        let world = self.carried();
        let of = |row: &&RouteRow| self.known.wins(row.uid).cloned().unwrap_or(Wins::Unknown);
        let wins: Vec<Wins> = world.routes.iter().map(of).collect();
        (route::attribute(&world, &wins, measured), Weights::of(&world, &wins, measured))
    }

    /// Names of the workloads that carry the routes.
    pub fn gateways(&self) -> Vec<String> {
        route::gateway_names(&self.carried())
    }

    /// Metrics changed.
    pub fn measured(&mut self, cx: &mut Cx<'_>) {
        let facts = Facts { now: cx.now, world: cx.world, own: &self.known, ascii: false };
        self.grid.resort(&facts);
    }

    /// Fits columns and window; the last rows tell the story of the route under the cursor.
    pub fn settle(&mut self, area: Rect, look: &Look<'_>) {
        let facts = Facts { now: look.now, world: look.world, own: &self.known, ascii: look.theme.ascii };
        self.grid.show_few(look.theme.presented);
        self.grid.settle(table_area(area), &facts);
    }

    /// What is under the cursor.
    pub fn subject(&self) -> Option<Subject> {
        let row = self.grid.index.cursor()?;
        Some(Subject {
            object: ObjectRef::new(row.served(), &row.namespace, &row.name),
            owner: None,
            labels: Vec::new(),
            containers: Vec::new(),
            services: row.services(),
        })
    }

    /// All of them, whatever the filter shows.
    pub fn rows(&self) -> impl Iterator<Item = &RouteRow> {
        self.grid.index.iter()
    }

    /// A request that the route under the cursor is for: its first that can be made up.
    pub fn request(&self) -> Option<Request> {
        let row = self.grid.index.cursor()?;
        let host = row.hosts.first().map_or_else(String::new, |host| row.meant(host));
        let host = match row.parents.iter().find(|parent| parent.kind == ParentKind::Service) {
            Some(service) => format!("{}.{}.svc.cluster.local", service.name, service.namespace),
            None => host,
        };
        let mut matches = row.rules.iter().flat_map(|rule| &rule.matches);
        matches.find_map(|one| Some(Example::of(&host, &[one])?.request()))
    }

    /// Puts the cursor on a route, when it is shown.
    pub fn select(&mut self, route: &RouteRef) -> bool {
        let uid = self.grid.index.iter().find(|row| row.route_ref() == *route).map(|row| row.uid);
        uid.is_some_and(|uid| self.grid.index.select(uid))
    }

    /// Puts the cursor on the first route of a name, of whichever kind, when it is shown.
    pub fn select_named(&mut self, namespace: &str, name: &str) -> bool {
        let named = self.rows().find(|row| row.namespace == namespace && row.name == name);
        named.map(RouteRow::route_ref).is_some_and(|route| self.select(&route))
    }

    /// The conflicts of the route under the cursor: a name and a text; `None` when it has none.
    pub fn conflicts(&self) -> Option<(String, String)> {
        let row = self.grid.index.cursor()?;
        let own = row.route_ref();
        let each: Vec<String> = self.known.naming(&own).map(|one| one.lines().join("\n")).collect();
        (!each.is_empty()).then(|| (format!("Conflicts of {own}"), each.join("\n\n")))
    }

    /// How all kinds together stand: what is wrong with any is worth saying, what is absent only when every kind is.
    pub fn standing(&self) -> Standing {
        let first = |test: fn(&Standing) -> bool| self.sources.values().find(|standing| test(standing)).cloned();
        let absent = |standing: &Standing| matches!(standing.source(), Source::Absent { .. });
        if self.sources.len() < RouteKind::ALL.len() {
            return first(Standing::troubled).unwrap_or_default();
        }
        // Every cluster serves Ingresses; without any there is nothing to show.
        let none = |(kind, standing): (&RouteKind, &Standing)| {
            absent(standing) || *kind == RouteKind::Ingress && standing.listed() && self.all().next().is_none()
        };
        if self.sources.iter().all(none) {
            let what = "no Gateway API and no Istio in this cluster\nroutes appear once their kinds are installed";
            return Standing::of(Source::Absent { what: what.to_owned() });
        }
        first(Standing::troubled)
            .or_else(|| first(|standing| !standing.settled()))
            .unwrap_or_else(|| Standing::of(Source::Live))
    }

    /// The title.
    pub fn title(&self, now: Now) -> Title {
        let mut title = self.grid.title(&self.standing(), now, &self.known);
        let found = self.known.count(self.grid.index.iter());
        if found > 0 && title.right.is_none() {
            let word = if found == 1 { "1 conflict".to_owned() } else { format!("{found} conflicts") };
            title.right = Some((word, Role::Warn));
        }
        title
    }

    /// When the picture changes by time alone.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        let ages = state::ages_wake(self.grid.visible().filter_map(|row| row.created), now);
        ages.into_iter().chain(self.grid.wakes()).chain(self.standing().wakes(now)).min()
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let facts = Facts { now: look.now, world: look.world, own: &self.known, ascii: look.theme.ascii };
        let standing = self.standing();
        if let Some(message) = self.message(&standing, look) {
            message.view(area, buf, look);
            return;
        }
        let table = table_area(area);
        self.grid.view(table, buf, look, &facts);
        if standing.broken() {
            buf.set_style(table, look.theme.style(Role::TextDim));
        }
        if table.height < area.height {
            let line = Rect { y: table.bottom() + 1, height: 1, ..area };
            match standing.trouble(look.now) {
                Some(trouble) => {
                    put(buf, line.x + 1, line.y, line.width.saturating_sub(2), &trouble, look.theme.style(Role::Warn));
                }
                None => self.story(line, buf, look),
            }
        }
    }

    fn message(&self, standing: &Standing, look: &Look<'_>) -> Option<Message> {
        let index = &self.grid.index;
        standing.message(look, "routes", index.len()).or_else(|| {
            (index.shown() == 0).then(|| Message::filtered(self.grid.filter().text(), index.len(), "routes"))
        })
    }

    /// One sentence about the route under the cursor, or about the first that loses.
    fn story(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let loses = |row: &&RouteRow| matches!(self.known.wins(row.uid), Some(Wins::No { .. }));
        let out = |row: &&RouteRow| matches!(self.known.wins(row.uid), Some(Wins::No { .. } | Wins::NotAttached));
        let troubled = |row: &&RouteRow| out(row) || self.known.against(row).len() > 0;
        let told = self.grid.index.cursor().filter(troubled).or_else(|| self.grid.index.iter().find(loses));
        let row = told.or_else(|| self.grid.index.cursor());
        let Some(row) = row else { return };
        let style = |role| look.theme.style(role);
        let room = area.width.saturating_sub(2);
        let x = area.x + 1;
        if let Some(Wins::No { to, why }) = self.known.wins(row.uid) {
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
        } else if self.known.wins(row.uid) == Some(&Wins::NotAttached) {
            let spans = [
                (row.name.as_str(), style(Role::Warn)),
                (" gets no request: no listener of ", style(Role::TextDim)),
                (&*row.parents_cell(), style(Role::Text)),
                (" takes it", style(Role::TextDim)),
            ];
            put_spans(buf, x, area.y, room, spans);
        } else if let Some(conflict) = self.known.against(row).next() {
            let spans = [
                (row.name.as_str(), style(Role::Warn)),
                (": ", style(Role::TextDim)),
                (&*sanitize::line(&conflict.why), style(Role::TextDim)),
            ];
            put_spans(buf, x, area.y, room, spans);
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

/// Takes changes over into rows that are kept but not shown.
fn take<R: Row>(rows: &mut HashMap<Uid, R>, deltas: Vec<Delta<R>>) {
    for delta in deltas {
        match delta {
            Delta::Upsert(row) => drop(rows.insert(row.uid(), row)),
            Delta::Remove(uid) => drop(rows.remove(&uid)),
        }
    }
}

/// The table's part of the pane: a blank and a line below tell a story where there is room for both.
fn table_area(area: Rect) -> Rect {
    Rect { height: if area.height >= 8 { area.height - 2 } else { area.height }, ..area }
}

/// Columns whose most stands first without being asked for.
fn most_first(column: RouteColumn) -> bool {
    matches!(column, RouteColumn::Rps | RouteColumn::Errors | RouteColumn::P99)
}
