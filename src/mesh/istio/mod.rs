//! Istio's own objects that have a say in who gets a request, as rows.
//!
//! Mental model: a VirtualService (a route, see [`super::routes`]) chooses a host and a subset; a [`DestinationRuleRow`] says
//! what the subset is and how its hosts are spoken to; an [`IstioGatewayRow`] says which requests from outside are heard at
//! all; a [`ServiceEntryRow`] names hosts outside the mesh; a [`SidecarRow`] narrows what a workload may reach. Each kind is
//! kept with how far it was looked for: what may not be read is unknown, not absent.
//!
//! It reads networking.istio.io/v1 (v1beta1 and v1alpha3 have the same fields) and decides nothing: [`super::resolve`] does.

mod destination_rule;
mod gateway;
mod policy;
mod scope;
mod service_entry;
mod sidecar;

use std::collections::BTreeMap;

pub use destination_rule::{DestinationRuleRow, Subset};
pub use gateway::{IstioGatewayRow, Server};
pub use policy::Policy;
pub use scope::{Scoped, exported};
pub use service_entry::ServiceEntryRow;
pub use sidecar::{Egress, SidecarRow};

use super::gateways::Seen;
use crate::cluster::{Kind, Manifest};

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

/// Rows of all four kinds, in no order.
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
    /// Labels of workloads' pods by `NS/NAME`, where they are known.
    pub workloads: BTreeMap<String, BTreeMap<String, String>>,
    /// How far each kind was looked for, by its name; a kind that is not named was not told, as in files.
    pub seen: BTreeMap<String, Seen>,
}

impl Rows {
    /// Adds one object; says whether it is of a kind read here.
    pub fn take(&mut self, object: &Manifest) -> bool {
        if object.api_version().split_once('/').is_none_or(|(group, _)| group != GROUP) {
            return false;
        }
        match object.kind() {
            "DestinationRule" => self.destination_rules.push(DestinationRuleRow::decode(object)),
            "Gateway" => self.gateways.push(IstioGatewayRow::decode(object)),
            "ServiceEntry" => self.service_entries.push(ServiceEntryRow::decode(object)),
            "Sidecar" => self.sidecars.push(SidecarRow::decode(object)),
            _ => return false,
        }
        true
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
        self.workloads.insert(format!("{}/{}", object.namespace().unwrap_or("default"), object.name()), labels);
    }

    /// What these rows let one know. `complete`: a kind that was not told about and has no rows is not there.
    pub fn known(&self, complete: bool) -> Known<'_> {
        let told = |kind: &str, some: bool| match self.seen.get(kind) {
            Some(seen) => seen.clone(),
            None if some || complete => Seen::Everywhere,
            None => Seen::Nowhere,
        };
        Known {
            destination_rules: Heard {
                rows: &self.destination_rules,
                seen: told("DestinationRule", !self.destination_rules.is_empty()),
            },
            gateways: Heard { rows: &self.gateways, seen: told("Gateway", !self.gateways.is_empty()) },
            service_entries: Heard {
                rows: &self.service_entries,
                seen: told("ServiceEntry", !self.service_entries.is_empty()),
            },
            workloads: Some(&self.workloads),
            sidecars: Heard { rows: &self.sidecars, seen: told("Sidecar", !self.sidecars.is_empty()) },
        }
    }
}

/// Rows of one kind, and where one that is not among them is absent rather than unknown.
#[derive(Debug, Clone)]
pub struct Heard<'a, T> {
    /// Those that were seen.
    pub rows: &'a [T],
    /// How far they were looked for.
    pub seen: Seen,
}

impl<T> Default for Heard<'_, T> {
    fn default() -> Self {
        Self { rows: &[], seen: Seen::Nowhere }
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
    /// Labels of workloads' pods by `NS/NAME`.
    pub workloads: Option<&'a BTreeMap<String, BTreeMap<String, String>>>,
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
