//! Conflicts: rules that claim the same requests, and rules whose requests cannot be served. A pure function of the same world
//! that the resolver takes.
//!
//! Two rules are in conflict where nothing they say decides between them: equally specific matches on one host at one place, so
//! that age, name or order does (gateway.networking.k8s.io/v1, comment on `rules[].matches`). A rule that is more specific than
//! another is no conflict: its author meant it. What is not known is not judged: without Services no backend is missing, without
//! Gateways no listener.
//!
//! It does not read DestinationRules, policies and certificates, and it does not ask what a data plane did.

mod checks;
mod covering;
mod istio;
mod rivals;
mod tell;

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    places::Places,
    resolve::World,
    routes::{Match, PathMatch, RouteRef, RouteRow, rule::How},
};

/// What kind of conflict it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictKind {
    /// Two routes claim the same requests, and age or name decides.
    Duplicate,
    /// An earlier rule of the same route takes everything that a later one claims.
    Shadowed,
    /// A rule that no request can reach.
    Unreachable,
    /// A backend that is not there.
    Dangling,
    /// A backend in another namespace that no ReferenceGrant permits.
    NoGrant,
    /// All weights of a rule are zero.
    ZeroWeight,
    /// A parent reaches no listener, or no listener serves a hostname.
    NoListener,
    /// Two APIs steer the same host.
    MixedApi,
}

impl ConflictKind {
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
        }
    }
}

impl Side {
    fn of(route: &RouteRow, rule: Option<usize>) -> Self {
        Self { route: route.route_ref(), rule }
    }
}

/// A rule of a route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Side {
    /// The route.
    pub route: RouteRef,
    /// Index of its rule; `None`: the route as a whole.
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
    /// A request that shows it; `None`: none comes so far, or none could be made up.
    pub example: Option<Example>,
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
    all.extend(checks::find(world, &places));
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
