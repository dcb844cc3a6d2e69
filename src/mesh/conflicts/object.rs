//! The object that has a part in a conflict: mostly a route, else one of Istio's other kinds.

use std::fmt;

use compact_str::CompactString;
use serde::Serialize;

use crate::mesh::routes::{RouteKind, RouteRef};

/// Its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A route, of any kind.
    Route(RouteKind),
    /// networking.istio.io.
    DestinationRule,
    /// networking.istio.io, which is not that of the Gateway API.
    Gateway,
    /// networking.istio.io.
    ServiceEntry,
    /// security.istio.io.
    PeerAuthentication,
    /// security.istio.io.
    AuthorizationPolicy,
}

impl ObjectKind {
    /// The kind's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Route(kind) => kind.name(),
            Self::DestinationRule => "DestinationRule",
            Self::Gateway => "Gateway",
            Self::ServiceEntry => "ServiceEntry",
            Self::PeerAuthentication => "PeerAuthentication",
            Self::AuthorizationPolicy => "AuthorizationPolicy",
        }
    }
}

/// Names one object; written `KIND NS/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its namespace.
    pub namespace: CompactString,
    /// Its name.
    pub name: CompactString,
}

impl ObjectName {
    pub(super) fn new(kind: ObjectKind, namespace: &str, name: &str) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }

    /// Whether it is this route.
    pub fn is(&self, route: &RouteRef) -> bool {
        self.kind == ObjectKind::Route(route.kind) && self.namespace == route.namespace && self.name == route.name
    }
}

impl From<RouteRef> for ObjectName {
    fn from(route: RouteRef) -> Self {
        Self { kind: ObjectKind::Route(route.kind), namespace: route.namespace, name: route.name }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind.name(), self.namespace, self.name)
    }
}

impl Serialize for ObjectName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
