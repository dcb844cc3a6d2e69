//! How the hosts of a destination are spoken to (`trafficPolicy`), as short words: no decision is made from them.

use compact_str::CompactString;
use serde_json::Value;

use crate::mesh::json::{Node, Notes};

/// What of a `trafficPolicy` (networking.istio.io/v1) is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// `tls.mode`: `DISABLE`, `SIMPLE`, `MUTUAL`, `ISTIO_MUTUAL`.
    pub tls: Option<CompactString>,
    /// The same of single ports.
    pub port_tls: Vec<(u16, CompactString)>,
    /// `connectionPool`, its limits as words.
    pub pool: Option<String>,
    /// `outlierDetection`, its limits as words.
    pub outliers: Option<String>,
    /// `loadBalancer`, as words.
    pub balancer: Option<String>,
}

impl Policy {
    /// The most words that are kept of one field.
    const MOST: usize = 16;

    pub(super) fn decode(owner: Node<'_>, notes: &mut Notes) -> Self {
        let Some(policy) = owner.get("trafficPolicy") else { return Self::default() };
        let mode = |node: Node<'_>, notes: &mut Notes| node.get("tls").and_then(|tls| tls.word("mode", notes));
        let ports: Vec<_> = policy.list("portLevelSettings", notes).collect();
        let mut port_tls: Vec<(u16, CompactString)> = Vec::new();
        for node in ports {
            let port = node.get("port").and_then(|port| port.number("number", notes));
            port_tls.extend(port.zip(mode(node, notes)));
        }
        let words = |field: &str| policy.get(field).map(|node| limits(node.value())).filter(|text| !text.is_empty());
        Self {
            tls: mode(policy, notes),
            port_tls,
            pool: words("connectionPool"),
            outliers: words("outlierDetection"),
            balancer: words("loadBalancer"),
        }
    }

    /// All of it on one line; `None`: it says nothing.
    pub fn words(&self) -> Option<String> {
        let mut all: Vec<String> = self.tls.iter().map(|mode| format!("TLS {mode}")).collect();
        all.extend(self.port_tls.iter().map(|(port, mode)| format!("on port {port} TLS {mode}")));
        all.extend(self.pool.iter().map(|text| format!("connection pool {text}")));
        all.extend(self.outliers.iter().map(|text| format!("outlier detection {text}")));
        all.extend(self.balancer.iter().map(|text| format!("load balancer {text}")));
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// This policy where it says something, `base` elsewhere: a subset's settings stand before its host's.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        let pick = |own: &Option<String>, base: &Option<String>| own.clone().or_else(|| base.clone());
        Self {
            tls: self.tls.clone().or_else(|| base.tls.clone()),
            port_tls: if self.port_tls.is_empty() { base.port_tls.clone() } else { self.port_tls.clone() },
            pool: pick(&self.pool, &base.pool),
            outliers: pick(&self.outliers, &base.outliers),
            balancer: pick(&self.balancer, &base.balancer),
        }
    }
}

/// The plain values of an object and of those within, as `name value`.
fn limits(value: &Value) -> String {
    let mut words = Vec::new();
    collect(value, &mut words);
    words.truncate(Policy::MOST);
    words.join(", ")
}

fn collect(value: &Value, into: &mut Vec<String>) {
    let Some(map) = value.as_object() else { return };
    for (name, value) in map {
        match value {
            Value::String(text) => into.push(format!("{name} {text}")),
            Value::Number(number) => into.push(format!("{name} {number}")),
            Value::Bool(yes) => into.push(format!("{name} {yes}")),
            Value::Object(_) => collect(value, into),
            Value::Null | Value::Array(_) => {}
        }
    }
}
