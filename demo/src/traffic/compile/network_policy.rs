//! NetworkPolicies: who may open a connection to whom.

use std::net::Ipv4Addr;

use serde_json::Value;

use crate::traffic::json::{self, Labels};

use super::pods::Group;

/// A NetworkPolicy.
#[derive(Debug, Clone)]
pub(super) struct NetworkPolicy {
    namespace: String,
    selector: Value,
    ingress: Option<Vec<Value>>,
    egress: Option<Vec<Value>>,
}

/// One end of a connection: pods, or an address outside.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    pub(super) group: Option<&'a Group>,
    pub(super) ip: &'a str,
}

impl NetworkPolicy {
    pub(super) fn read(object: &Value) -> Self {
        let types = json::texts(object, &["spec", "policyTypes"]);
        let rules = |field: &str| json::list(object, &["spec", field]).to_vec();
        let has_egress = json::at(object, &["spec", "egress"]).is_some();
        let named = |name: &str, default: bool| {
            if types.is_empty() { default } else { types.iter().any(|one| one == name) }
        };
        Self {
            namespace: json::namespace(object).to_owned(),
            selector: json::at(object, &["spec", "podSelector"]).cloned().unwrap_or(Value::Null),
            ingress: named("Ingress", true).then(|| rules("ingress")),
            egress: named("Egress", has_egress).then(|| rules("egress")),
        }
    }

    /// Whether a connection from `from` to `to` is dropped.
    pub(super) fn drops(all: &[Self], namespaces: &[(String, Labels)], from: End<'_>, to: End<'_>, port: u16) -> bool {
        let ports = to.group.map(|group| &group.ports);
        let passes = |end: End<'_>, peer: End<'_>, rules_of: &dyn Fn(&Self) -> Option<&Vec<Value>>, list: &str| {
            let Some(group) = end.group else { return true };
            let holding = all
                .iter()
                .filter(|one| one.namespace == *group.namespace && json::selects(&one.selector, &group.labels));
            let mut isolated = false;
            for policy in holding {
                let Some(rules) = rules_of(policy) else { continue };
                isolated = true;
                let allowed = rules.iter().any(|rule| {
                    let peers = json::list(rule, &[list]);
                    let listed = json::list(rule, &["ports"]);
                    let port_fits = listed.is_empty()
                        || listed.iter().any(|one| match one.get("port") {
                            None => true,
                            Some(Value::String(name)) => ports.is_some_and(|ports| ports.get(name) == Some(&port)),
                            Some(number) => {
                                let first = number.as_u64().unwrap_or_default();
                                let last = one.get("endPort").and_then(Value::as_u64).unwrap_or(first);
                                (first..=last).contains(&u64::from(port))
                            }
                        });
                    let peer_fits =
                        peers.is_empty() || peers.iter().any(|one| is_peer(one, peer, &policy.namespace, namespaces));
                    port_fits && peer_fits
                });
                if allowed {
                    return true;
                }
            }
            !isolated
        };
        !passes(from, to, &|policy| policy.egress.as_ref(), "to")
            || !passes(to, from, &|policy| policy.ingress.as_ref(), "from")
    }
}

fn is_peer(one: &Value, peer: End<'_>, own: &str, namespaces: &[(String, Labels)]) -> bool {
    if let Some(block) = one.get("ipBlock") {
        let except = json::texts(block, &["except"]);
        return in_block(json::word(block, &["cidr"]), peer.ip) && !except.iter().any(|one| in_block(one, peer.ip));
    }
    let Some(group) = peer.group else { return false };
    let namespace = match one.get("namespaceSelector") {
        None => *group.namespace == *own,
        Some(selector) => {
            namespaces.iter().any(|(name, labels)| **name == *group.namespace && json::selects(selector, labels))
        }
    };
    namespace && one.get("podSelector").is_none_or(|selector| json::selects(selector, &group.labels))
}

fn in_block(cidr: &str, ip: &str) -> bool {
    let Some((base, bits)) = cidr.split_once('/') else { return false };
    let (Ok(base), Ok(bits), Ok(ip)) = (base.parse::<Ipv4Addr>(), bits.parse::<u32>(), ip.parse::<Ipv4Addr>()) else {
        return false;
    };
    let mask = u32::MAX.checked_shl(32u32.saturating_sub(bits)).unwrap_or(0);
    u32::from(base) & mask == u32::from(ip) & mask
}

#[cfg(test)]
mod tests {
    use super::in_block;

    #[test]
    fn blocks_hold_their_addresses() {
        assert!(
            in_block("10.0.0.0/8", "10.9.8.7") && in_block("0.0.0.0/0", "1.2.3.4") && in_block("1.2.3.4/32", "1.2.3.4")
        );
        assert!(!in_block("10.0.0.0/8", "11.0.0.1") && !in_block("x", "1.2.3.4") && !in_block("10.0.0.0/8", ""));
    }
}
