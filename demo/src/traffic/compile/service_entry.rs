//! ServiceEntries: where proxies were told that a host outside the mesh is.

use core::net::Ipv4Addr;

use serde_json::Value;

use crate::traffic::{
    json,
    request::{Request, host_rank},
};

/// A ServiceEntry.
#[derive(Debug, Clone)]
pub(super) struct ServiceEntry {
    pub(super) seniority: (String, String),
    namespace: String,
    hosts: Vec<String>,
    /// Namespaces it is for; `.` is its own, `*` are all.
    exports: Vec<String>,
    ports: Vec<u16>,
    /// Whether anybody has one of its addresses.
    answered: bool,
}

impl ServiceEntry {
    pub(super) fn read(object: &Value) -> Self {
        let exports = json::texts(object, &["spec", "exportTo"]);
        let fixed = json::word(object, &["spec", "resolution"]) == "STATIC";
        let endpoints = json::list(object, &["spec", "endpoints"]);
        let nowhere = |one: &Value| json::word(one, &["address"]).parse().is_ok_and(nobodys);
        Self {
            seniority: json::seniority(object),
            namespace: json::namespace(object).to_owned(),
            hosts: json::texts(object, &["spec", "hosts"]),
            exports: if exports.is_empty() { vec!["*".to_owned()] } else { exports },
            ports: json::list(object, &["spec", "ports"])
                .iter()
                .filter_map(|one| json::port(one, &["number"]))
                .collect(),
            answered: !(fixed && !endpoints.is_empty() && endpoints.iter().all(nowhere)),
        }
    }

    /// Whether a request of a namespace is answered: as the entry with the most specific host says, the oldest of equals.
    pub(super) fn answers(all: &[Self], request: &Request, from: &str) -> bool {
        let naming = all.iter().filter_map(|one| Some((one.names(request, from)?, one)));
        let best = naming.min_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.seniority.cmp(&other.seniority)));
        best.is_none_or(|(_, one)| one.answered)
    }

    fn names(&self, request: &Request, from: &str) -> Option<(bool, usize)> {
        let ours = |space: &String| space == "*" || space == from || (space == "." && self.namespace == from);
        if !self.exports.iter().any(ours) || !self.ports.contains(&request.port) {
            return None;
        }
        self.hosts.iter().filter_map(|host| host_rank(host, &request.host)).max()
    }
}

/// Addresses set aside for documentation (RFC 5737), and those that were never given out (240.0.0.0/4).
fn nobodys(address: Ipv4Addr) -> bool {
    address.is_documentation() || address.octets()[0] >= 240
}
