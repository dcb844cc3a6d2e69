//! Conflicts: rules that claim the same requests, rules whose requests cannot be served, and faults in Istio's configuration. A
//! pure function of the same world that the resolver takes.
//!
//! Two rules are in conflict where nothing they say decides between them: equally specific matches on one host at one place, so
//! that age, name or order does (gateway.networking.k8s.io/v1, comment on `rules[].matches`). A rule that is more specific than
//! another is no conflict: its author meant it. What is not known is not judged: without Services no backend is missing, without
//! Gateways no listener, without pods no label.
//!
//! It does not read certificates and what an AuthorizationPolicy allows, and it does not ask what a data plane did.

mod checks;
mod configuration;
mod covering;
mod istio;
mod meeting;
mod object;
mod rivals;
mod streams;
mod tell;

use std::collections::BTreeMap;

use serde::Serialize;

pub use object::{ObjectKind, ObjectName};

use super::{
    places::Places,
    resolve::World,
    routes::{Match, PathMatch, RouteRef, RouteRow, rule::How},
};

/// What kind of conflict it is. Codes are those of Kiali's list of validations, where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictKind {
    /// Two routes claim the same requests, and age or name decides. VirtualServices for one host: KIA1106.
    Duplicate,
    /// An earlier rule of the same route takes everything that a later one claims.
    Shadowed,
    /// A rule that no request can reach.
    Unreachable,
    /// A backend that is not there (of a VirtualService KIA1101, of other routes KIA1402), or the host of a DestinationRule
    /// (KIA0202).
    Dangling,
    /// A backend in another namespace that no ReferenceGrant permits.
    NoGrant,
    /// All weights of a rule are zero.
    ZeroWeight,
    /// A parent reaches no listener, or no listener serves a hostname. The Gateway is not there: KIA1401.
    NoListener,
    /// Two APIs steer the same host.
    MixedApi,
    /// A VirtualService names a Gateway of Istio's that is not there: KIA1102.
    MissingGateway,
    /// A route sends to a subset that no DestinationRule for the host has: KIA1107.
    MissingSubset,
    /// Labels of a subset that no pod behind the host has: KIA0203.
    EmptySubset,
    /// Two DestinationRules say the same of one host, and one of them is ignored: KIA0201.
    DuplicateRule,
    /// Two ServiceEntries have one host and port: KIA1211.
    DuplicateEntry,
    /// Servers of two of Istio's Gateways serve one host on one port of the same proxies: KIA0301.
    DuplicateServer,
    /// Two PeerAuthentications are for all workloads of one namespace, and one of them is ignored: KIA0002.
    DuplicatePolicy,
    /// A selector that no pod fits: of a Gateway KIA0302, of a policy KIA0004.
    Unselected,
    /// A DestinationRule calls without mutual TLS what takes nothing else (KIA0207, of the whole mesh KIA0208), or with it what
    /// does not take it (KIA0505, of the whole mesh KIA0506).
    MtlsMismatch,
    /// Ports of a PeerAuthentication that mean nothing.
    IgnoredPorts,
    /// A VirtualService that stands for a rule of another is not there, or cannot stand for it.
    BadDelegate,
    /// Weights that are not taken as they stand. Of a single destination: KIA1104.
    Weights,
}

impl ConflictKind {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::Duplicate,
        Self::Shadowed,
        Self::Unreachable,
        Self::Dangling,
        Self::NoGrant,
        Self::ZeroWeight,
        Self::NoListener,
        Self::MixedApi,
        Self::MissingGateway,
        Self::MissingSubset,
        Self::EmptySubset,
        Self::DuplicateRule,
        Self::DuplicateEntry,
        Self::DuplicateServer,
        Self::DuplicatePolicy,
        Self::Unselected,
        Self::MtlsMismatch,
        Self::IgnoredPorts,
        Self::BadDelegate,
        Self::Weights,
    ];

    /// Its word in the machine output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Shadowed => "shadowed",
            Self::Unreachable => "unreachable",
            Self::Dangling => "dangling",
            Self::NoGrant => "no-grant",
            Self::ZeroWeight => "zero-weight",
            Self::NoListener => "no-listener",
            Self::MixedApi => "mixed-api",
            Self::MissingGateway => "missing-gateway",
            Self::MissingSubset => "missing-subset",
            Self::EmptySubset => "empty-subset",
            Self::DuplicateRule => "duplicate-rule",
            Self::DuplicateEntry => "duplicate-entry",
            Self::DuplicateServer => "duplicate-server",
            Self::DuplicatePolicy => "duplicate-policy",
            Self::Unselected => "unselected",
            Self::MtlsMismatch => "mtls-mismatch",
            Self::IgnoredPorts => "ignored-ports",
            Self::BadDelegate => "bad-delegate",
            Self::Weights => "weights",
        }
    }

    /// What it is, for the help.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Duplicate => {
                "two routes claim the same requests, and age or name decides; two VirtualServices for one host (KIA1106)"
            }
            Self::Shadowed => "an earlier rule of the same route takes all that this one claims",
            Self::Unreachable => "no request can reach this rule",
            Self::Dangling => "a backend (KIA1101, KIA1402) or the host of a DestinationRule (KIA0202) is not there",
            Self::NoGrant => "a backend in another namespace that no ReferenceGrant permits",
            Self::ZeroWeight => "all weights of a rule are zero",
            Self::NoListener => {
                "a parent reaches no listener, or none serves a hostname; its Gateway is not there (KIA1401)"
            }
            Self::MixedApi => "an HTTPRoute and a VirtualService steer one host",
            Self::MissingGateway => "a Gateway of Istio's is not there (KIA1102)",
            Self::MissingSubset => "no DestinationRule has this subset (KIA1107)",
            Self::EmptySubset => "no pod has the labels of this subset (KIA0203)",
            Self::DuplicateRule => "two DestinationRules say the same of one host (KIA0201)",
            Self::DuplicateEntry => "two ServiceEntries have one host and port (KIA1211)",
            Self::DuplicateServer => "two of Istio's Gateways serve one host on one port of the same proxies (KIA0301)",
            Self::DuplicatePolicy => "two PeerAuthentications are for a whole namespace (KIA0002)",
            Self::Unselected => "no pod fits the selector of a Gateway (KIA0302) or a policy (KIA0004)",
            Self::MtlsMismatch => "callers and pods differ on mutual TLS (KIA0207, KIA0208, KIA0505, KIA0506)",
            Self::IgnoredPorts => "ports of a PeerAuthentication that mean nothing",
            Self::BadDelegate => "a VirtualService that stands for a rule of another is not there, or cannot",
            Self::Weights => "weights that are not taken as they stand (of a single destination KIA1104)",
        }
    }
}

impl Side {
    fn of(route: &RouteRow, rule: Option<usize>) -> Self {
        Self { object: route.route_ref().into(), rule }
    }
}

/// A rule of a route, or another object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Side {
    /// The route, or the other object. Its field is named `route` whatever it is.
    #[serde(rename = "route")]
    pub object: ObjectName,
    /// Index of its rule; `None`: the object as a whole.
    pub rule: Option<usize>,
}

/// A request that shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Default)]
pub struct Example {
    /// The host.
    pub host: String,
    /// The path.
    pub path: String,
    /// The method, where one is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Headers that are needed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Query parameters that are needed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
}

/// One conflict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Conflict {
    /// What it is.
    pub kind: ConflictKind,
    /// Who gets the requests; `None`: nobody, or nobody knows.
    pub winner: Option<Side>,
    /// Who does not.
    pub loser: Side,
    /// Why, in words.
    pub why: String,
    /// The code of the check that finds the same in Kiali, such as `KIA1102`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kiali: Option<&'static str>,
    /// A request that shows it; `None`: none comes so far, or none could be made up.
    pub example: Option<Example>,
    /// Where it is not about routes: those whose requests it concerns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteRef>,
}

impl Conflict {
    /// Whether the route loses by it, or its requests are concerned.
    pub fn hits(&self, route: &RouteRef) -> bool {
        self.loser.object.is(route) || self.routes.contains(route)
    }

    /// Whether the route has a part in it at all.
    pub fn names(&self, route: &RouteRef) -> bool {
        self.hits(route) || self.winner.as_ref().is_some_and(|side| side.object.is(route))
    }

    /// Whether something of this namespace has a part in it.
    pub fn is_of(&self, namespace: &str) -> bool {
        let sides = std::iter::once(&self.loser).chain(&self.winner);
        let mut spaces =
            sides.map(|side| &side.object.namespace).chain(self.routes.iter().map(|route| &route.namespace));
        spaces.any(|own| own == namespace)
    }
}

/// `brink conflicts -o json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictsOutput {
    /// All of them, in a fixed order.
    pub conflicts: Vec<Conflict>,
}

/// All conflicts of a world, in a fixed order whatever the order of its rows.
pub fn conflicts(world: &World<'_>) -> Vec<Conflict> {
    let places = Places::of(world);
    let mut all = rivals::find(world, &places);
    all.extend(istio::find(world));
    all.extend(streams::find(world));
    all.extend(checks::find(world, &places));
    all.extend(configuration::find(world));
    all.sort();
    all.dedup();
    all
}

impl Example {
    /// A request that all of these matches take, to a host of this pattern.
    pub fn of(pattern: &str, matches: &[&Match]) -> Option<Self> {
        let host = match pattern.strip_prefix('*') {
            _ if pattern.is_empty() => "example.com".to_owned(),
            Some("") => "example.com".to_owned(),
            Some(rest) => format!("any{rest}"),
            None => pattern.to_owned(),
        };
        let mut example = Self { host, path: "/".to_owned(), ..Self::default() };
        for found in matches {
            let path = match &found.path {
                PathMatch::Prefix(path) | PathMatch::TextPrefix(path) if path.is_empty() => "/".to_owned(),
                PathMatch::Exact(path) | PathMatch::Prefix(path) | PathMatch::TextPrefix(path) => path.to_string(),
                // What an expression takes is not made up.
                PathMatch::Regex(_) | PathMatch::Other(_) => return None,
            };
            // The longest of them is under all the others, or there is no such request.
            if path.len() > example.path.len() {
                example.path = path;
            }
            if let Some(method) = &found.method {
                example.method = Some(method.value.to_string());
            }
            let value = |how: How, value: &str| match how {
                How::Exact | How::Prefix => Some(value.to_owned()),
                How::Present => Some("any".to_owned()),
                How::Regex | How::Not => None,
            };
            for header in &found.headers {
                example.headers.insert(header.name.to_string(), value(header.how, &header.value)?);
            }
            for parameter in &found.query {
                example.query.insert(parameter.name.to_string(), value(parameter.how, &parameter.value)?);
            }
            if !found.also.is_empty() || found.grpc.is_some() {
                return None;
            }
        }
        Some(example)
    }
}
