//! Who answers a request: the precedence of HTTPRoute as a pure function.
//!
//! Mental model: the request picks one listener of one Gateway (the most specific hostname on its port); routes attached to
//! that listener put their rules forward; every match that holds competes, step by step as the specification of HTTPRoute
//! (gateway.networking.k8s.io/v1, comments on `hostnames` and `rules[].matches`, bundle v1.4) lists the steps; the first
//! difference decides, and it is what [`Loser::lost_at`] names.
//!
//! What the specification leaves to implementations is decided here one way and said in [`Resolution::notes`]: regular
//! expressions rank below any prefix (as Istio ranks them), and a host that a more specific route claims still falls through
//! to less specific routes when no rule of the former holds.
//!
//! A call of a gRPC method is resolved by the precedence of GRPCRoute, and may be taken by an HTTPRoute too. From a workload
//! inside the mesh it goes to a Service; routes on it steer the call.
//!
//! A listener of TLS or TCP has TLSRoutes and TCPRoutes instead: the name in the handshake decides, then age and name. Ingresses
//! of one class are a frontend of their own (networking.k8s.io/v1: exact hosts first, then the longest path, then exact ones).
//!
//! VirtualServices are resolved by Istio's rules instead, in a folder of their own. It does not know what a data plane really did.

mod asked;
mod frontend;
pub mod inside;
mod istio;
mod kinds;
pub(super) mod matching;
pub mod rank;
pub mod request;
pub mod tell;
mod verdict;

use std::collections::BTreeMap;

use serde::Serialize;

pub use request::{GrpcCall, Request, Scheme};

use self::{
    frontend::{Frontend, Standing},
    kinds::Layer,
    rank::Rank,
};
use super::{
    gateways::{Gateways, Seen},
    host, istio as rows,
    routes::{Filter, Parent, ParentKind, RouteKind, RouteRef, RouteRow},
};

/// What the resolver knows of the world. Absent knowledge is `None`, not empty.
#[derive(Debug, Clone, Default)]
pub struct World<'a> {
    /// All routes.
    pub routes: Vec<&'a RouteRow>,
    /// The Gateways. One that is unknown and that a route names is taken as one listener for all hostnames.
    pub gateways: Gateways<'a>,
    /// Services as `NS/NAME` with their ports; `None`: unknown, so the parents' `ResolvedRefs` decides.
    pub services: Option<BTreeMap<String, Vec<u16>>>,
    /// What ReferenceGrants permit; `None`: unknown.
    pub grants: Option<Vec<Grant>>,
    /// Kinds of routes that may not be read: what they take is not known.
    pub unread: Vec<RouteKind>,
    /// Labels of namespaces; `None`: unknown.
    pub namespaces: Option<&'a BTreeMap<String, BTreeMap<String, String>>>,
    /// Istio's own objects.
    pub istio: rows::Known<'a>,
}

/// One permission of a ReferenceGrant (gateway.networking.k8s.io/v1beta1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Kind of the referring object, with its group: `(group, kind)`.
    pub from: (String, String),
    /// Its namespace.
    pub from_namespace: String,
    /// Kind of the object referred to: `(group, kind)`.
    pub to: (String, String),
    /// Its namespace: the grant's own.
    pub to_namespace: String,
    /// Only this name; `None`: all.
    pub to_name: Option<String>,
}

/// How a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A backend gets it.
    Forward,
    /// The client is sent elsewhere.
    Redirect,
    /// The proxy answers itself.
    DirectResponse,
    /// Nothing matches: 404, or no listener at all.
    NoRoute,
    /// A rule matches and has no valid backend: 500.
    NoBackend,
}

/// The step at which a competitor fell out, in the words of the machine output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LostAt {
    /// Not attached to the request's listener.
    Listener,
    /// Its parent refused it.
    NotAccepted,
    /// Not exported to the namespace it would count in (Istio `exportTo`), or outside what the client's Sidecar reaches.
    NotExported,
    /// Of VirtualServices: for another gateway, or not for the mesh.
    Gateway,
    /// Its hostnames do not match, or match less specifically.
    Hostname,
    /// An exact path: not this one, or the winner has one.
    PathExact,
    /// A path prefix: not this one, or the winner's is longer.
    PathPrefix,
    /// A path expression.
    PathRegex,
    /// A gRPC service.
    Service,
    /// A method: not this one, or the winner names one.
    Method,
    /// Headers: not there, or the winner names more.
    Headers,
    /// Query parameters: not there, or the winner names more.
    Query,
    /// Of VirtualServices: another scheme.
    Scheme,
    /// Of VirtualServices: another port.
    Port,
    /// Of VirtualServices: other clients.
    Source,
    /// The winner is older.
    Age,
    /// Equally old; the winner's `ns/name` comes first.
    Name,
    /// A later rule or match of the same route.
    Order,
}

/// A competitor that lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loser {
    /// The route.
    pub route: RouteRef,
    /// Index of its rule.
    pub rule: usize,
    /// Index of the match in that rule.
    pub r#match: usize,
    /// Where it fell out.
    pub lost_at: LostAt,
    /// Whether it matched the request at all, and so would answer if the winner went away.
    pub matched: bool,
}

/// A backend of the winning rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackendShare {
    /// `NS/NAME:PORT`.
    pub r#ref: String,
    /// Its weight.
    pub weight: u32,
    /// Whether it can be sent to; requests for an invalid one get 500.
    pub valid: bool,
}

/// A filter of the winning rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterStep {
    /// Its type as the specification names it.
    pub r#type: String,
    /// What it does, in words.
    pub detail: String,
}

/// Where a redirect leads: what the client will ask next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedirectTo {
    /// `http` or `https`.
    pub scheme: String,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path.
    pub path: String,
}

/// The answer; serialises to the stable JSON of `brink routes resolve -o json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resolution {
    /// How the request ends.
    pub outcome: Outcome,
    /// The status code where the proxy answers itself; `None` when a backend does, or nobody listens.
    pub status: Option<u16>,
    /// `NS/GATEWAY/LISTENER`, `Service NS/NAME` or `IngressClass NAME`.
    pub listener: Option<String>,
    /// The winner.
    pub route: Option<RouteRef>,
    /// Index of its rule.
    pub rule: Option<usize>,
    /// Index of the match in that rule.
    pub r#match: Option<usize>,
    /// Its backends.
    pub backends: Vec<BackendShare>,
    /// Its filters, in order.
    pub filters: Vec<FilterStep>,
    /// Where it redirects to.
    pub redirect: Option<RedirectTo>,
    /// Its time limit, the tighter of request and backend; `None`: none set.
    pub timeout_ms: Option<u64>,
    /// Attempts beyond the first.
    pub retries: Option<u32>,
    /// All competitors, best first.
    pub losers: Vec<Loser>,
    /// What was assumed.
    pub notes: Vec<String>,
}

/// Who answers `request` in `world`. Total and deterministic: the order of the rows does not matter.
pub fn resolve(world: &World<'_>, request: &Request) -> Resolution {
    let host = host::normal(&request.host);
    let (request, path) = request.split();
    let mut notes = Vec::new();
    match &world.gateways.seen {
        Seen::Everywhere => {}
        Seen::Nowhere => notes.push(
            "no Gateway is known: every Gateway that routes name is taken as one listener for all hosts".to_owned(),
        ),
        Seen::Namespace(namespace) => notes.push(format!(
            "only the Gateways of {namespace} are known: any other that routes name is taken as one listener for all hosts"
        )),
    }
    notes.extend(
        world
            .unread
            .iter()
            .map(|kind| format!("{} may not be read: what they would take is not known", kind.kind().plural)),
    );
    let virtual_services = world.routes.iter().any(|route| route.kind == RouteKind::VirtualService);
    if request.scheme.is_stream() && virtual_services {
        notes.push("rules of VirtualServices for tls and tcp are not asked".to_owned());
    } else if let Some(mut answer) = istio::inside(world, &request, &host, &path) {
        let steered = frontend::all(world, &request, &host).into_iter().map(|frontend| frontend.label());
        answer
            .notes
            .extend(steered.map(|label| format!("routes on {label} are not asked: Istio takes the VirtualService")));
        return answer;
    }
    let frontends = frontend::all(world, &request, &host);
    let mut answers: Vec<_> = frontends.iter().map(|frontend| at(frontend, world, &request, &host, &path)).collect();
    answers.extend(istio::at_gateways(world, &request, &host, &path));
    let serving: Vec<usize> = (0..answers.len()).filter(|at| answers[*at].route.is_some()).collect();
    let chosen = serving.first().copied().unwrap_or(0);
    for other in serving.iter().skip(1).filter_map(|at| answers[*at].listener.as_deref()) {
        notes.push(format!("{other} answers this request too: name a Gateway to choose"));
    }
    notes.extend(unasked(world, &request, &host));
    if chosen >= answers.len() {
        if let Some(answer) = inside::unsteered(world, &request, &host) {
            return Resolution { notes, ..answer };
        }
        notes.push(nobody(world, &request, &host));
        return Resolution::nothing(None, None, notes);
    }
    let mut answer = answers.swap_remove(chosen);
    answer.notes.splice(0..0, notes);
    answer
}

/// Who has a say that is not heard here.
fn unasked(world: &World<'_>, request: &Request, host: &str) -> Vec<String> {
    let mut notes: Vec<String> = inside::virtual_services(world, host)
        .filter(|route| !route.parents.iter().any(|parent| parent.kind == ParentKind::IstioGateway))
        .filter(|_| request.from.is_none())
        .map(|route| {
            format!("{} names {host} too, for clients inside the mesh: say who sends the request", route.route_ref())
        })
        .collect();
    if request.from.is_none() {
        let consumers = world.routes.iter().filter(|route| inside::is_consumer(route, request, host));
        notes.extend(consumers.map(|route| {
            format!(
                "{} steers clients in namespace {} only: say who sends the request to count it",
                route.route_ref(),
                route.namespace
            )
        }));
    }
    notes.sort();
    notes
}

/// Why no frontend takes the request.
fn nobody(world: &World<'_>, request: &Request, host: &str) -> String {
    let (scheme, port) = (request.scheme.protocol(), request.port);
    let host = if request.scheme == Scheme::Tcp { "connections" } else { host };
    let port = port.map(|port| format!(" on port {port}")).unwrap_or_default();
    if let Some((namespace, name)) = &request.from {
        return format!("no route steers {host} for {namespace}/{name}, and no Service of that name is known");
    }
    let Gateways { rows, seen } = &world.gateways;
    match &request.gateway {
        Some((namespace, name))
            if rows.iter().any(|row| row.hangs_on.is_none() && row.namespace == *namespace && row.name == *name) =>
        {
            format!("Gateway {namespace}/{name} has no {scheme} listener{port} for {host}")
        }
        Some((namespace, name)) if seen.covers(namespace) => format!("there is no Gateway {namespace}/{name}"),
        Some((namespace, name)) => format!("no route names Gateway {namespace}/{name}, which is not known itself"),
        None => format!("no Gateway has a {scheme} listener{port} for {host}"),
    }
}

impl Resolution {
    /// No rule: 404 where something listens, no answer at all where nothing does.
    fn nothing(listener: Option<String>, status: Option<u16>, notes: Vec<String>) -> Self {
        Self {
            outcome: Outcome::NoRoute,
            status,
            listener,
            route: None,
            rule: None,
            r#match: None,
            backends: Vec::new(),
            filters: Vec::new(),
            redirect: None,
            timeout_ms: None,
            retries: None,
            losers: Vec::new(),
            notes,
        }
    }
}

/// A route that takes part at one frontend.
struct Attached<'a> {
    route: &'a RouteRow,
    parent: &'a Parent,
    /// The hostnames that count there; none: whatever the frontend serves.
    hosts: Vec<&'a str>,
}

fn hosts_of(route: &RouteRow) -> Vec<&str> {
    route.hosts.iter().map(AsRef::as_ref).collect()
}

/// The answer of one frontend.
fn at(frontend: &Frontend<'_>, world: &World<'_>, request: &Request, host: &str, path: &str) -> Resolution {
    let mut notes = Vec::new();
    if let Some((status, why)) = frontend::turned_away(frontend, request, host) {
        return Resolution::nothing(Some(frontend.label()), status, vec![why]);
    }
    let layer = Layer::of(frontend, request);
    let handshake = request.sni.as_deref().map(host::normal);
    let host = handshake.as_deref().filter(|_| layer == Layer::Tls).unwrap_or(host);
    let mut ranked: Vec<(Rank<'_>, &Parent)> = Vec::new();
    let mut out: Vec<Loser> = Vec::new();
    let whole =
        |route: &RouteRow, lost_at| Loser { route: route.route_ref(), rule: 0, r#match: 0, lost_at, matched: false };
    let mut attached: Vec<Attached<'_>> = Vec::new();
    for route in world.routes.iter().copied() {
        match frontend::standing(frontend, route, request, host, world) {
            // A GRPCRoute takes no other request; attached it may keep an HTTPRoute out, see below.
            Standing::Out(lost_at) if kinds::takes(route, request, layer) => out.push(whole(route, lost_at)),
            Standing::Out(_) | Standing::Stranger => {}
            Standing::Attached { parent, hosts } => attached.push(Attached { route, parent, hosts }),
        }
    }
    if !matches!(frontend, Frontend::Service { .. }) {
        for (route, older) in kinds::refuse(&mut attached) {
            if kinds::takes(route, request, layer) && rank::host_rank(&hosts_of(route), host).is_some() {
                notes.push(format!("{} is not accepted: {older} claims the same host and is older", route.route_ref()));
                out.push(whole(route, LostAt::NotAccepted));
            }
        }
    }
    let mut closest = (0, 0);
    for Attached { route, parent, hosts } in attached {
        if !kinds::takes(route, request, layer) {
            continue;
        }
        let Some(rank) = rank::host_rank(&hosts, host) else {
            out.push(whole(route, LostAt::Hostname));
            continue;
        };
        closest = closest.max(rank);
        for (rule, body) in route.rules.iter().enumerate() {
            let own = route.rule_host(rule).filter(|own| !own.is_empty());
            if let Some(own) = own {
                if !host::matches_one_label(own, host) {
                    let lost = |found| Loser { rule, r#match: found, ..whole(route, LostAt::Hostname) };
                    out.extend((0..body.matches.len()).map(lost));
                    continue;
                }
                closest = closest.max(rank::host_rank(&[own], host).unwrap_or_default());
            }
            let hosts = own.map_or_else(|| hosts.clone(), |own| vec![own]);
            for (found, test) in body.matches.iter().enumerate() {
                match matching::holds(test, request, path, &mut notes) {
                    Ok(()) => ranked.extend(Rank::new(route, &hosts, host, rule, found).map(|rank| (rank, parent))),
                    Err(lost_at) => {
                        out.push(Loser { route: route.route_ref(), rule, r#match: found, lost_at, matched: false });
                    }
                }
            }
        }
    }
    ranked.sort_by(|(a, _), (b, _)| rank::better(a, b));
    out.sort_by(|a, b| {
        let key = |loser: &Loser| (rank::nearest(loser.lost_at), loser.rule, loser.r#match);
        key(a).cmp(&key(b)).then_with(|| a.route.cmp(&b.route))
    });
    let mut ranked = ranked.into_iter();
    let Some((winner, parent)) = ranked.next() else {
        let (status, told) = verdict::without_route(layer, request);
        notes.extend(told.map(ToOwned::to_owned));
        let mut answer = Resolution::nothing(Some(frontend.label()), status, notes);
        answer.losers = out;
        return answer;
    };
    let beaten: Vec<Loser> = ranked
        .map(|(rank, _)| Loser {
            route: rank.route.route_ref(),
            rule: rank.rule,
            r#match: rank.found,
            lost_at: winner.against(&rank).1,
            matched: true,
        })
        .collect();
    say_what_is_left_open(&winner, &beaten, closest, &mut notes);
    if winner.route.kind == RouteKind::Ingress {
        notes.extend(winner.route.notes.iter().cloned());
    }
    if let Frontend::Listener { listener, assumed_port: true, .. } = frontend {
        notes.push(format!("no port was given: taken as port {}", listener.port));
    }
    let rule = &winner.route.rules[winner.rule];
    let test = &rule.matches[winner.found];
    let backends = verdict::backends(winner.route, rule, parent, world, &mut notes);
    let (outcome, mut status) = verdict::outcome(rule, &backends);
    if let Some(told) = verdict::without_backend(layer, request, winner.route).filter(|_| outcome == Outcome::NoBackend)
    {
        notes.push(told.to_owned());
        status = None;
    }
    let redirect = rule.filters.iter().find_map(|filter| match filter {
        Filter::Redirect(redirect) => Some(redirect),
        _ => None,
    });
    Resolution {
        outcome,
        status,
        listener: Some(frontend.label()),
        route: Some(winner.route.route_ref()),
        rule: Some(winner.rule),
        r#match: Some(winner.found),
        backends,
        filters: rule.filters.iter().map(verdict::step).collect(),
        redirect: redirect
            .map(|redirect| verdict::redirect(redirect, request, host, path, &test.path, frontend.port(request))),
        timeout_ms: rule.timeouts.tighter(),
        retries: rule.retries,
        losers: beaten.into_iter().chain(out).collect(),
        notes,
    }
}

/// Says where the specification leaves the answer to implementations.
/// `closest` is the rank of the most specific hostname that any attached route claims for this host.
fn say_what_is_left_open(winner: &Rank<'_>, beaten: &[Loser], closest: (usize, usize), notes: &mut Vec<String>) {
    if beaten.iter().any(|loser| loser.lost_at == LostAt::PathRegex) {
        notes.push(
            "a regular expression matches too; its precedence is up to the implementation, here it comes last"
                .to_owned(),
        );
    }
    if closest > winner.host {
        notes.push(
            "a route with a more specific hostname has no rule for this request; data planes that keep hosts apart answer \
             404 instead"
                .to_owned(),
        );
    }
}
