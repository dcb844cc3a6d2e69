//! Istio's own objects that have a say in who gets a request, as rows.
//!
//! Mental model: a VirtualService (a route, see [`super::routes`]) chooses a host and a subset; a [`DestinationRuleRow`] says
//! what the subset is and how its hosts are spoken to; an [`IstioGatewayRow`] says which requests from outside are heard at
//! all; a [`ServiceEntryRow`] names hosts outside the mesh; a [`SidecarRow`] narrows what a workload may reach. Each kind is
//! kept with how far it was looked for: what may not be read is unknown, not absent. Beside them stands what only the checks of
//! [`super::conflicts`] ask for: policies of security.istio.io, which pods a [`ServiceRow`] means, labels of pods.
//!
//! It reads networking.istio.io/v1 (v1beta1 and v1alpha3 have the same fields) and decides nothing: [`super::resolve`] does.

mod alike;
mod authorization_policy;
mod destination_rule;
mod gateway;
mod piece;
mod policy;
mod scope;
mod service_entry;
mod sidecar;

use std::collections::{BTreeMap, BTreeSet};

pub use alike::{Alike, Looks};
pub use authorization_policy::AuthorizationPolicyRow;
pub use destination_rule::{DestinationRuleRow, Subset};
pub use gateway::{IstioGatewayRow, Server};
pub use piece::{Piece, PieceRow, pieces};
pub use policy::Policy;
pub use scope::{Scoped, exported};
pub use service_entry::ServiceEntryRow;
pub use sidecar::{Egress, SidecarRow};

use super::{
    dataplane::{self, Dataplane},
    gateways::Seen,
    mtls::peer_authentication::PeerAuthenticationRow,
    service::ServiceRow,
};
use crate::cluster::{Kind, Manifest};

/// Labels by their keys.
pub type Labels = BTreeMap<String, String>;

/// Whether labels carry all that a selector asks for.
pub fn selects(selector: &Labels, labels: &Labels) -> bool {
    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// The API group of all of them.
pub const GROUP: &str = "networking.istio.io";

/// The namespace whose objects count for the whole mesh. A mesh may be told another; this is the default.
pub const ROOT: &str = "istio-system";

/// The kinds read here, as the API server serves them.
pub fn kinds() -> [Kind; 4] {
    let kind = |name: &str, plural: &str| Kind::namespaced(GROUP, "v1", name, plural);
    [
        kind("DestinationRule", "destinationrules"),
        kind("Gateway", "gateways"),
        kind("ServiceEntry", "serviceentries"),
        kind("Sidecar", "sidecars"),
    ]
}

/// Rows of all kinds, in no order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// DestinationRules.
    pub destination_rules: Vec<DestinationRuleRow>,
    /// Gateways of networking.istio.io.
    pub gateways: Vec<IstioGatewayRow>,
    /// ServiceEntries.
    pub service_entries: Vec<ServiceEntryRow>,
    /// Sidecars.
    pub sidecars: Vec<SidecarRow>,
    /// PeerAuthentications.
    pub peer_authentications: Vec<PeerAuthenticationRow>,
    /// AuthorizationPolicies.
    pub authorization_policies: Vec<AuthorizationPolicyRow>,
    /// Services by `NS/NAME`.
    pub services: BTreeMap<String, ServiceRow>,
    /// Labels of workloads' pods by `NS/NAME`, where they are known.
    pub workloads: BTreeMap<String, Labels>,
    /// Those of them that have no proxy, as far as pods tell: templates do not.
    pub proxyless: BTreeSet<String>,
    /// The root namespace of the mesh, where it was told.
    pub root: Option<String>,
    /// How far each kind was looked for, by its name; a kind that is not named was not told, as in files.
    pub seen: BTreeMap<String, Seen>,
}

impl Rows {
    /// Adds one object; says whether it is of a kind of Istio's that has a say in who takes a request.
    pub fn take(&mut self, object: &Manifest) -> bool {
        let Some(piece) = Piece::of(object) else { return false };
        let routes = piece.routes();
        self.put(piece);
        routes
    }

    /// Keeps the labels of a workload's pods, which say what applies to it as a client.
    pub fn workload(&mut self, object: &Manifest) {
        let at: &[&str] = match object.kind() {
            "Deployment" | "StatefulSet" | "DaemonSet" => &["spec", "template", "metadata", "labels"],
            "Pod" => &["metadata", "labels"],
            _ => return,
        };
        let labels = object.at(at).and_then(serde_json::Value::as_object);
        let labels = labels.into_iter().flatten();
        let labels = labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
        let name = format!("{}/{}", object.namespace().unwrap_or("default"), object.name());
        // A pod that does not run yet may be given its proxy on the way in.
        let runs = object.kind() == "Pod" && object.at(&["status", "phase"]).is_some();
        if runs && dataplane::of(object, None) == Dataplane::Absent {
            self.proxyless.insert(name.clone());
        }
        self.workloads.insert(name, labels);
    }

    /// Whether pods have a say: something selects them.
    pub fn selects(&self) -> bool {
        !self.gateways.is_empty()
            || !self.destination_rules.is_empty()
            || self.authorization_policies.iter().any(|row| !row.selector.is_empty())
            || self.peer_authentications.iter().any(PeerAuthenticationRow::selects)
    }

    /// Whether the root namespace has a say: a policy there is for the whole mesh.
    pub fn rooted(&self) -> bool {
        !self.peer_authentications.is_empty() || !self.authorization_policies.is_empty()
    }

    /// Leaves the policies out: where the root namespace is not known, nor is whom they are for.
    pub fn without_policies(&mut self) {
        self.peer_authentications.clear();
        self.authorization_policies.clear();
        for kind in [PeerAuthenticationRow::kind(), AuthorizationPolicyRow::kind()] {
            self.seen.insert(kind.kind, Seen::Nowhere);
        }
    }

    /// What these rows let one know. `complete`: a kind that was not told about and has no rows is not there.
    pub fn known(&self, complete: bool) -> Known<'_> {
        Known {
            destination_rules: self.heard("DestinationRule", &self.destination_rules, complete),
            gateways: self.heard("Gateway", &self.gateways, complete),
            service_entries: self.heard("ServiceEntry", &self.service_entries, complete),
            sidecars: self.heard("Sidecar", &self.sidecars, complete),
            peer_authentications: self.heard("PeerAuthentication", &self.peer_authentications, false),
            authorization_policies: self.heard("AuthorizationPolicy", &self.authorization_policies, false),
            virtual_services: self.seen.get("VirtualService").cloned().unwrap_or(Seen::Everywhere),
            services: Some(&self.services),
            workloads: Some(&self.workloads),
            proxyless: Some(&self.proxyless),
            pods: self.seen.get("Pod").cloned(),
            root: self.root.as_deref(),
        }
    }

    fn heard<'a, T>(&self, kind: &str, rows: &'a [T], complete: bool) -> Heard<'a, T> {
        let told = self.seen.get(kind).cloned();
        let found = if rows.is_empty() { Seen::Nowhere } else { Seen::Everywhere };
        let looked = told.clone().unwrap_or(found);
        let seen = if told.is_none() && complete { Seen::Everywhere } else { looked.clone() };
        Heard { rows, seen, looked }
    }
}

/// Rows of one kind, and where one that is not among them is absent rather than unknown.
#[derive(Debug, Clone)]
pub struct Heard<'a, T> {
    /// Those that were seen.
    pub rows: &'a [T],
    /// How far they were looked for.
    pub seen: Seen,
    /// The same, where a kind that no file has is not taken as absent because its Services are there: others keep such objects.
    pub looked: Seen,
}

impl<T> Default for Heard<'_, T> {
    fn default() -> Self {
        Self { rows: &[], seen: Seen::Nowhere, looked: Seen::Nowhere }
    }
}

/// Istio's objects as far as they are known.
#[derive(Debug, Clone, Default)]
pub struct Known<'a> {
    /// DestinationRules.
    pub destination_rules: Heard<'a, DestinationRuleRow>,
    /// Gateways of networking.istio.io.
    pub gateways: Heard<'a, IstioGatewayRow>,
    /// ServiceEntries.
    pub service_entries: Heard<'a, ServiceEntryRow>,
    /// Sidecars.
    pub sidecars: Heard<'a, SidecarRow>,
    /// PeerAuthentications.
    pub peer_authentications: Heard<'a, PeerAuthenticationRow>,
    /// AuthorizationPolicies.
    pub authorization_policies: Heard<'a, AuthorizationPolicyRow>,
    /// How far VirtualServices were looked for.
    pub virtual_services: Seen,
    /// Services by `NS/NAME`.
    pub services: Option<&'a BTreeMap<String, ServiceRow>>,
    /// Labels of workloads' pods by `NS/NAME`.
    pub workloads: Option<&'a BTreeMap<String, Labels>>,
    /// Those of them that have no proxy.
    pub proxyless: Option<&'a BTreeSet<String>>,
    /// How far pods were looked for; `None`: nobody told, as in files, which may have workloads of some namespaces only.
    pub pods: Option<Seen>,
    /// The root namespace of the mesh, where it was told.
    pub root: Option<&'a str>,
}

impl<'a> Known<'a> {
    /// The root namespace of the mesh.
    pub fn root(&self) -> &'a str {
        self.root.unwrap_or(ROOT)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::Rows;
    use crate::{cluster::Manifest, mesh::gateways::Seen};

    fn one(kind: &str, spec: &Value) -> Rows {
        let mut rows = Rows::default();
        let object = json!({
            "apiVersion": "networking.istio.io/v1beta1", "kind": kind,
            "metadata": {"name": "x", "namespace": "shop"}, "spec": spec,
        });
        assert!(rows.take(&Manifest(object)), "{kind}");
        rows
    }

    #[test]
    fn a_destination_rule_keeps_subsets_and_policies() {
        let rows = one(
            "DestinationRule",
            &json!({
                "host": "Reviews", "exportTo": ["."],
                "workloadSelector": {"matchLabels": {"app": "web"}},
                "trafficPolicy": {
                    "tls": {"mode": "ISTIO_MUTUAL"},
                    "portLevelSettings": [{"port": {"number": 9080}, "tls": {"mode": "DISABLE"}}],
                    "connectionPool": {"http": {"http1MaxPendingRequests": 1}, "tcp": {"maxConnections": 7}},
                    "outlierDetection": {"consecutive5xxErrors": 3},
                },
                "subsets": [{"name": "v2", "labels": {"version": "v2"}, "trafficPolicy": {"tls": {"mode": "SIMPLE"}}}],
            }),
        );
        let [rule] = rows.destination_rules.as_slice() else { panic!("{rows:?}") };
        assert_eq!((rule.host.as_str(), rule.export_to.as_slice()), ("reviews", ["."].map(Into::into).as_slice()));
        assert_eq!(rule.selector.get("app").map(String::as_str), Some("web"));
        let told = "TLS ISTIO_MUTUAL; on port 9080 TLS DISABLE; connection pool http1MaxPendingRequests 1, maxConnections 7; \
                    outlier detection consecutive5xxErrors 3";
        assert_eq!(rule.policy.words().as_deref(), Some(told));
        assert_eq!(rule.subsets[0].policy.tls.as_deref(), Some("SIMPLE"));
        assert_eq!(rule.subsets[0].labels.get("version").map(String::as_str), Some("v2"));
        assert!(rule.notes.is_empty(), "{:?}", rule.notes);
    }

    #[test]
    fn a_gateway_keeps_its_servers() {
        let server = json!({"hosts": ["shop/*.Example.com", "other.example.com"], "port": {"number": 443, "protocol": "https"},
            "tls": {"mode": "SIMPLE"}});
        let rows = one("Gateway", &json!({"selector": {"istio": "ingress"}, "servers": [server]}));
        let server = &rows.gateways[0].servers[0];
        assert_eq!((server.port, server.protocol.as_str(), server.tls.as_deref()), (443, "HTTPS", Some("SIMPLE")));
        assert_eq!(server.hosts[0].label(), "shop/*.example.com");
        assert_eq!(server.hosts[1].label(), "other.example.com");
    }

    #[test]
    fn entries_and_sidecars_keep_their_hosts() {
        let rows = one(
            "ServiceEntry",
            &json!({"hosts": ["api.bank.example"], "location": "MESH_EXTERNAL", "resolution": "DNS",
            "ports": [{"number": 443, "protocol": "TLS"}]}),
        );
        let entry = &rows.service_entries[0];
        assert_eq!(
            (entry.hosts[0].as_str(), entry.ports[0].0, entry.location.as_str()),
            ("api.bank.example", 443, "MESH_EXTERNAL")
        );
        let rows = one(
            "Sidecar",
            &json!({"workloadSelector": {"labels": {"app": "web"}},
            "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}, "egress": [{"hosts": ["./*", "bank/api.bank.example"]}]}),
        );
        let sidecar = &rows.sidecars[0];
        assert_eq!(sidecar.outbound.as_deref(), Some("REGISTRY_ONLY"));
        let hosts: Vec<String> = sidecar.egress[0].hosts.iter().map(super::Scoped::label).collect();
        assert_eq!(hosts, ["./*", "bank/api.bank.example"]);
    }

    #[test]
    fn a_kind_nobody_looked_for_is_unknown_and_one_that_was_looked_for_in_vain_is_absent() {
        let mut rows = Rows::default();
        assert_eq!(rows.known(false).sidecars.seen, Seen::Nowhere);
        assert_eq!(rows.known(true).sidecars.seen, Seen::Everywhere);
        rows.seen.insert("Sidecar".to_owned(), Seen::Nowhere);
        assert_eq!(rows.known(true).sidecars.seen, Seen::Nowhere);
    }

    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), ".{0,6}".prop_map(Value::from)];
        leaf.prop_recursive(4, 32, 4, |inner| {
            let field = prop::sample::select(vec![
                "host",
                "hosts",
                "subsets",
                "labels",
                "trafficPolicy",
                "tls",
                "mode",
                "servers",
                "port",
                "number",
                "egress",
                "portLevelSettings",
                "connectionPool",
                "outlierDetection",
                "workloadSelector",
                "exportTo",
                "ports",
            ]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((field, inner), 0..4)
                    .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_object_is_too_odd(spec in anything(), kind in prop::sample::select(vec!["DestinationRule", "Gateway", "ServiceEntry", "Sidecar"])) {
            one(kind, &spec);
        }
    }
}
