//! One row per route object: what it claims, where it sends, and what its parents said about it.
//!
//! Read from HTTPRoute, GRPCRoute, TLSRoute, TCPRoute and UDPRoute (gateway.networking.k8s.io), VirtualService (networking.istio.io/v1) and
//! Ingress (networking.k8s.io/v1). A row keeps what the resolver needs and no more; the object itself is dropped. Decoding never
//! fails: what cannot be read is skipped and said in [`RouteRow::notes`].

mod gateway_api;
mod ingress;
mod parent;
pub mod rule;
pub mod stream;
mod summary;
mod virtual_service;

use std::fmt;

use compact_str::CompactString;
use jiff::Timestamp;
use serde::Serialize;

pub use parent::{Condition, Parent, ParentKind, Verdict};
pub use rule::{
    Backend, Filter, GrpcMatch, HeaderEdits, Match, MeshMatch, Mirror, PathMatch, Rule, Timeouts, ValueMatch,
};
pub use stream::{StreamMatch, StreamRule};

use super::host;
use crate::{
    base::Uid,
    cluster::{Kind, Manifest},
};

/// Which kind of route a row was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum RouteKind {
    /// gateway.networking.k8s.io/v1.
    #[serde(rename = "HTTPRoute")]
    Http,
    /// gateway.networking.k8s.io/v1.
    #[serde(rename = "GRPCRoute")]
    Grpc,
    /// gateway.networking.k8s.io/v1, v1alpha3 and v1alpha2.
    #[serde(rename = "TLSRoute")]
    Tls,
    /// gateway.networking.k8s.io/v1 and v1alpha2.
    #[serde(rename = "TCPRoute")]
    Tcp,
    /// gateway.networking.k8s.io/v1 and v1alpha2.
    #[serde(rename = "UDPRoute")]
    Udp,
    /// networking.istio.io/v1.
    #[serde(rename = "VirtualService")]
    VirtualService,
    /// networking.k8s.io/v1.
    #[serde(rename = "Ingress")]
    Ingress,
}

impl RouteKind {
    /// All of them, in the order they are shown.
    pub const ALL: [Self; 7] =
        [Self::Http, Self::Grpc, Self::Tls, Self::Tcp, Self::Udp, Self::VirtualService, Self::Ingress];

    /// The kind's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTPRoute",
            Self::Grpc => "GRPCRoute",
            Self::Tls => "TLSRoute",
            Self::Tcp => "TCPRoute",
            Self::Udp => "UDPRoute",
            Self::VirtualService => "VirtualService",
            Self::Ingress => "Ingress",
        }
    }

    /// The API group that serves it.
    pub fn group(self) -> &'static str {
        match self {
            Self::Http | Self::Grpc | Self::Tls | Self::Tcp | Self::Udp => "gateway.networking.k8s.io",
            Self::VirtualService => "networking.istio.io",
            Self::Ingress => "networking.k8s.io",
        }
    }

    /// The kind as the API server serves it, in its stable version.
    pub fn kind(self) -> Kind {
        let plural = match self {
            Self::Http => "httproutes",
            Self::Grpc => "grpcroutes",
            Self::Tls => "tlsroutes",
            Self::Tcp => "tcproutes",
            Self::Udp => "udproutes",
            Self::VirtualService => "virtualservices",
            Self::Ingress => "ingresses",
        };
        Kind::namespaced(self.group(), "v1", self.name(), plural)
    }

    /// The kind in every version it may be served in, the stable one first: TLSRoute, TCPRoute and UDPRoute were alpha.
    pub fn versions(self) -> Vec<Kind> {
        let older: &[&str] = match self {
            Self::Tls => &["v1alpha3", "v1alpha2"],
            Self::Tcp | Self::Udp => &["v1alpha2"],
            Self::Http | Self::Grpc | Self::VirtualService | Self::Ingress => &[],
        };
        let stable = self.kind();
        let older = older.iter().map(|version| Kind { version: (*version).to_owned(), ..stable.clone() });
        std::iter::once(stable.clone()).chain(older).collect()
    }

    /// Whether it is about connections, not about requests: what is inside is not looked at.
    pub fn is_stream(self) -> bool {
        match self {
            Self::Tls | Self::Tcp | Self::Udp => true,
            Self::Http | Self::Grpc | Self::VirtualService | Self::Ingress => false,
        }
    }

    /// The route kind an object is of, by group and kind (any version).
    pub fn of(manifest: &Manifest) -> Option<Self> {
        let (group, _) = manifest.api_version().split_once('/')?;
        Self::ALL.into_iter().find(|kind| kind.group() == group && kind.name() == manifest.kind())
    }
}

/// Names one route; written `KIND NS/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteRef {
    /// Its kind.
    pub kind: RouteKind,
    /// Its namespace.
    pub namespace: CompactString,
    /// Its name.
    pub name: CompactString,
}

impl fmt::Display for RouteRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind.name(), self.namespace, self.name)
    }
}

impl Serialize for RouteRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One route object as a row.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteRow {
    /// `metadata.uid`; for files without one, a fold of kind, namespace and name.
    pub uid: Uid,
    /// Which kind.
    pub kind: RouteKind,
    /// The API version it was read in, such as `v1`: what the server serves, which may be older than the stable one.
    pub version: CompactString,
    /// Namespace (`default` for files that name none).
    pub namespace: CompactString,
    /// Name.
    pub name: CompactString,
    /// Hostnames, lower case, as written otherwise. Empty: whatever the listener serves.
    pub hosts: Vec<CompactString>,
    /// What it attaches to, with what the parents' controllers said.
    pub parents: Vec<Parent>,
    /// The rules, in order.
    pub rules: Vec<Rule>,
    /// The host of each rule, empty for any, where rules have hosts of their own (Ingress); else empty.
    pub rule_hosts: Vec<CompactString>,
    /// `metadata.creationTimestamp`; the older of two equal claims wins. Files have none.
    pub created: Option<Timestamp>,
    /// `metadata.generation`.
    pub generation: i64,
    /// Rules of a VirtualService for connections, those of `tls` before those of `tcp`.
    pub streams: Vec<StreamRule>,
    /// `exportTo` of a VirtualService; empty: the mesh's default.
    pub export_to: Vec<CompactString>,
    /// What could not be read, in words.
    pub notes: Vec<String>,
}

impl RouteRow {
    /// Reads an object of the given kind. Total: anything decodes, what is odd is noted.
    pub fn decode(kind: RouteKind, manifest: &Manifest) -> Self {
        match kind {
            RouteKind::Http | RouteKind::Grpc | RouteKind::Tls | RouteKind::Tcp | RouteKind::Udp => {
                gateway_api::decode(kind, manifest)
            }
            RouteKind::VirtualService => virtual_service::decode(manifest),
            RouteKind::Ingress => ingress::decode(manifest),
        }
    }

    /// The Services of its own namespace that it sends to, in the order they are named.
    pub fn services(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for backend in self.rules.iter().flat_map(|rule| &rule.backends) {
            let own = backend.is_service() && backend.namespace == self.namespace;
            if own && !all.iter().any(|known| *known == backend.name) {
                all.push(backend.name.to_string());
            }
        }
        all
    }

    /// The host of a rule where rules have hosts of their own; empty: any.
    pub fn rule_host(&self, rule: usize) -> Option<&str> {
        self.rule_hosts.get(rule).map(CompactString::as_str)
    }

    /// Whether a rule is what an Ingress does with requests that no rule takes.
    pub fn is_default(&self, rule: usize) -> bool {
        self.kind == RouteKind::Ingress
            && self.rules.get(rule).is_some_and(|rule| rule.name.as_deref() == Some(ingress::DEFAULT))
    }

    /// Its kind in the version it was read in: to read it again.
    pub fn served(&self) -> Kind {
        Kind { version: self.version.to_string(), ..self.kind.kind() }
    }

    /// Its reference.
    pub fn route_ref(&self) -> RouteRef {
        RouteRef { kind: self.kind, namespace: self.namespace.clone(), name: self.name.clone() }
    }

    /// One of its hosts as the mesh means it: a short name of a VirtualService is a service of its own namespace.
    pub fn meant(&self, host: &str) -> String {
        host::meant(host, &self.namespace)
    }

    /// Whether a parent accepts it: `Some(true)` when one does, `Some(false)` when all that answered refuse, `None` when no
    /// controller said anything (VirtualServices and Ingresses never hear).
    pub fn accepted(&self) -> Option<bool> {
        summary::any(self.parents.iter().map(|parent| parent.accepted.as_ref()))
    }

    /// Whether all its references resolve, as its parents' controllers say.
    pub fn resolved_refs(&self) -> Option<bool> {
        summary::all(self.parents.iter().map(|parent| parent.resolved_refs.as_ref()))
    }
}

/// A row's identity and notes, common to all kinds.
fn blank(kind: RouteKind, manifest: &Manifest) -> RouteRow {
    let namespace = manifest.namespace().unwrap_or("default");
    let name = manifest.name();
    RouteRow {
        uid: manifest.uid().unwrap_or_else(|| Uid::parse(&format!("{} {namespace}/{name}", kind.name()))),
        kind,
        version: manifest.api_version().rsplit('/').next().filter(|version| !version.is_empty()).unwrap_or("v1").into(),
        namespace: namespace.into(),
        name: name.into(),
        hosts: Vec::new(),
        parents: Vec::new(),
        rules: Vec::new(),
        rule_hosts: Vec::new(),
        created: manifest.created(),
        generation: manifest.at(&["metadata", "generation"]).and_then(serde_json::Value::as_i64).unwrap_or(0),
        streams: Vec::new(),
        export_to: Vec::new(),
        notes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Manifest, RouteKind, RouteRow};

    #[test]
    fn a_route_is_read_again_in_the_version_it_came_in() {
        let of = |version: &str| {
            let object = json!({
                "apiVersion": format!("gateway.networking.k8s.io/{version}"), "kind": "TLSRoute",
                "metadata": {"name": "pass", "namespace": "shop"}, "spec": {},
            });
            RouteRow::decode(RouteKind::Tls, &Manifest(object)).served().path(Some("shop"))
        };
        let alpha = "/apis/gateway.networking.k8s.io/v1alpha2/namespaces/shop/tlsroutes";
        assert_eq!(of("v1alpha2"), alpha);
        assert_eq!(of("v1"), alpha.replace("v1alpha2", "v1"));
    }
}
