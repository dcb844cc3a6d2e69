//! Rules, matches, backends and filters, compact and common to all kinds of routes.

use std::collections::BTreeMap;

use compact_str::CompactString;

use super::Parent;

/// One rule: any of its matches, then filters, then backends by weight.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rule {
    /// Its own name, where it has one.
    pub name: Option<CompactString>,
    /// Alternatives; never empty (the default of the kind is filled in).
    pub matches: Vec<Match>,
    /// What is done to requests and answers.
    pub filters: Vec<Filter>,
    /// Where it sends.
    pub backends: Vec<Backend>,
    /// Time limits.
    pub timeouts: Timeouts,
    /// Attempts beyond the first.
    pub retries: Option<u32>,
    /// What is tried again: status codes (`retry.codes`), or Istio's words (`retries.retryOn`). Empty: not said.
    pub retry_on: Vec<CompactString>,
    /// The least time between two tries, in milliseconds.
    pub backoff_ms: Option<u64>,
    /// The VirtualService whose rules stand in the place of this one, as `(namespace, name)`.
    pub delegate: Option<(CompactString, CompactString)>,
}

/// One alternative: all of it must hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Match {
    /// The path.
    pub path: PathMatch,
    /// The method, upper case. `None`: any.
    pub method: Option<ValueMatch>,
    /// Headers; names lower case, first of equal names only (the specification ignores the rest).
    pub headers: Vec<ValueMatch>,
    /// Query parameters; names as written.
    pub query: Vec<ValueMatch>,
    /// The gRPC method (GRPCRoute).
    pub grpc: Option<GrpcMatch>,
    /// Further conditions in words (source labels, scheme, …). Not empty: the match is narrower than it looks.
    pub also: Vec<CompactString>,
    /// The same, to be tested: what only VirtualServices ask.
    pub mesh: Option<Box<MeshMatch>>,
}

/// What a match of a VirtualService asks beyond those of the Gateway API (networking.istio.io/v1 `HTTPMatchRequest`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct MeshMatch {
    /// `scheme`.
    pub scheme: Option<ValueMatch>,
    /// `authority`.
    pub authority: Option<ValueMatch>,
    /// `withoutHeaders`: none of these may hold.
    pub without: Vec<ValueMatch>,
    /// `sourceLabels`: the client carries all of them.
    pub labels: BTreeMap<String, String>,
    /// `sourceNamespace`: the client's.
    pub namespace: Option<CompactString>,
    /// `port`: the one the request came in on.
    pub port: Option<u16>,
    /// `gateways`: only there; empty: wherever the VirtualService counts.
    pub gateways: Vec<Parent>,
    /// `ignoreUriCase`.
    pub any_case: bool,
}

/// A test of the path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathMatch {
    /// The whole path.
    Exact(CompactString),
    /// A prefix element by element (Gateway API `PathPrefix`), without a trailing slash; the root is empty.
    Prefix(CompactString),
    /// A prefix letter by letter (Istio `prefix`).
    TextPrefix(CompactString),
    /// A regular expression on the whole path.
    Regex(CompactString),
    /// A type this version does not know: matches nothing.
    Other(CompactString),
}

impl Default for PathMatch {
    /// `PathPrefix` of `/`: any path.
    fn default() -> Self {
        Self::Prefix(CompactString::const_new(""))
    }
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum How {
    /// Equal.
    Exact,
    /// Begins with (Istio).
    Prefix,
    /// Regular expression on the whole value.
    Regex,
    /// Any value, but there.
    Present,
    /// Not there, or not so (Istio `withoutHeaders`): kept for reading.
    Not,
}

/// A test of a named value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueMatch {
    /// The header's or parameter's name; empty for the method.
    pub name: CompactString,
    /// How it is compared.
    pub how: How,
    /// With what.
    pub value: CompactString,
}

/// A test of the gRPC method.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct GrpcMatch {
    /// Regular expressions rather than equal text.
    pub regex: bool,
    /// `package.Service`; `None`: any.
    pub service: Option<CompactString>,
    /// The method's name; `None`: any.
    pub method: Option<CompactString>,
}

/// Where a share of the requests goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Backend {
    /// API group; empty for core.
    pub group: CompactString,
    /// `Service` mostly.
    pub kind: CompactString,
    /// Its namespace.
    pub namespace: CompactString,
    /// Its name.
    pub name: CompactString,
    /// The port; required for a Service by Gateway API, optional for Istio.
    pub port: Option<u16>,
    /// Weight; a share of the rule's sum. 0: nothing.
    pub weight: u32,
    /// Istio subset.
    pub subset: Option<CompactString>,
    /// Filters of this backend alone.
    pub filters: Vec<Filter>,
}

impl Backend {
    /// A core Service.
    pub fn is_service(&self) -> bool {
        self.group.is_empty() && self.kind == "Service"
    }

    /// `NS/NAME:PORT`, the form of the machine output.
    pub fn label(&self) -> String {
        let mut text = format!("{}/{}", self.namespace, self.name);
        if let Some(port) = self.port {
            text.push_str(&format!(":{port}"));
        }
        text
    }
}

/// What a rule does besides forwarding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Changes request headers.
    RequestHeaders(HeaderEdits),
    /// Changes answer headers.
    ResponseHeaders(HeaderEdits),
    /// Copies requests elsewhere.
    Mirror(Mirror),
    /// Answers with a redirect.
    Redirect(Redirect),
    /// Changes host or path before forwarding.
    Rewrite {
        /// New host.
        host: Option<CompactString>,
        /// New path.
        path: Option<PathEdit>,
    },
    /// An object of the implementation.
    Extension {
        /// Its kind.
        kind: CompactString,
        /// Its name.
        name: CompactString,
    },
    /// Answers itself (Istio `directResponse`).
    DirectResponse {
        /// Status code.
        status: u16,
    },
    /// A fault already in place (Istio `fault`); in words.
    Fault(String),
    /// Another type, by name.
    Other(CompactString),
    /// A type that no version of the specification names: requests that would go through it get an error.
    Unknown(CompactString),
}

/// Changes of headers; names as written, compared in any case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct HeaderEdits {
    /// Take the place of what is there.
    pub set: Vec<(CompactString, CompactString)>,
    /// Are added to what is there.
    pub add: Vec<(CompactString, CompactString)>,
    /// Are taken away.
    pub remove: Vec<CompactString>,
}

impl HeaderEdits {
    /// `set a=b, add c=d, remove e`.
    pub fn words(&self) -> String {
        let pairs = |verb: &'static str, pairs: &[(CompactString, CompactString)]| {
            pairs.iter().map(|(name, value)| format!("{verb} {name}={value}")).collect::<Vec<_>>()
        };
        let mut words = pairs("set", &self.set);
        words.extend(pairs("add", &self.add));
        words.extend(self.remove.iter().map(|name| format!("remove {name}")));
        words.join(", ")
    }

    /// Headers after these changes. Names are lower case; several values of a name are joined by `,`.
    pub fn apply(&self, headers: &mut BTreeMap<String, String>) {
        for name in &self.remove {
            headers.remove(&name.to_ascii_lowercase().to_string());
        }
        for (name, value) in &self.set {
            headers.insert(name.to_ascii_lowercase().into(), value.to_string());
        }
        for (name, value) in &self.add {
            headers
                .entry(name.to_ascii_lowercase().into())
                .and_modify(|held| {
                    held.push(',');
                    held.push_str(value);
                })
                .or_insert_with(|| value.to_string());
        }
    }
}

/// Where copies of requests go, and how many.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mirror {
    /// To whom.
    pub to: Backend,
    /// Of a million requests.
    pub per_million: u32,
}

impl Mirror {
    /// A part of all requests as it is kept; more than all is all.
    pub(super) fn per_million(numerator: u64, denominator: u64) -> u32 {
        let part = numerator.saturating_mul(1_000_000).checked_div(denominator).unwrap_or(0);
        u32::try_from(part.min(1_000_000)).unwrap_or(1_000_000)
    }

    /// Percent of the requests that are copied.
    pub fn percent(&self) -> f64 {
        f64::from(self.per_million) / 10_000.0
    }

    /// `all to NS/NAME:PORT`, `12.5 % to NS/NAME:PORT`.
    pub fn words(&self) -> String {
        match self.per_million {
            1_000_000 => format!("all to {}", self.to.label()),
            _ => format!("{} % to {}", self.percent(), self.to.label()),
        }
    }
}

/// A redirect; `None` keeps what the request had.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Redirect {
    /// `http` or `https`.
    pub scheme: Option<CompactString>,
    /// New host.
    pub host: Option<CompactString>,
    /// New port.
    pub port: Option<u16>,
    /// New path.
    pub path: Option<PathEdit>,
    /// Status code; 302 when not said.
    pub status: u16,
}

/// How a path is changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathEdit {
    /// The whole path.
    Full(CompactString),
    /// The matched prefix.
    Prefix(CompactString),
    /// Whatever an expression finds (Istio `uriRegexRewrite`), with `\1` for its groups.
    Regex {
        /// The expression.
        find: CompactString,
        /// What stands in its place.
        with: CompactString,
    },
}

/// Time limits in milliseconds; `None`: not set. 0: no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timeouts {
    /// From the client's request to the whole answer.
    pub request_ms: Option<u64>,
    /// One attempt at a backend.
    pub backend_ms: Option<u64>,
}

impl Timeouts {
    /// The tighter of the two that are set.
    pub fn tighter(self) -> Option<u64> {
        [self.request_ms, self.backend_ms].into_iter().flatten().filter(|ms| *ms > 0).min()
    }
}

impl Redirect {
    /// One that changes nothing but says 302, the specification's default.
    pub fn with_default_status() -> Self {
        Self { status: 302, ..Self::default() }
    }
}
