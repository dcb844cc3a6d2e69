//! Hosts that are no Services of the cluster, asked for from inside the mesh: those of ServiceEntries, and those nobody knows.

use super::{
    super::{BackendShare, Outcome, Request, Resolution, Scheme, World, rank},
    Place, forms,
    reach::Reach,
};
use crate::mesh::{
    gateways::Seen,
    istio::{ServiceEntryRow, exported},
};

/// What a workload is answered; `None`: nothing is known of the host.
pub(in super::super) fn beyond(world: &World<'_>, request: &Request, host: &str) -> Option<Resolution> {
    let (namespace, name) = request.from.as_ref()?;
    let labels = world.istio.workloads.and_then(|all| all.get(&format!("{namespace}/{name}")));
    let place =
        Place { gateway: None, viewer: namespace.clone(), port: request.port, labels, label: "mesh".to_owned() };
    let forms = forms(host, Some(namespace));
    let mut notes = Vec::new();
    let reach = Reach::of(world, &place, name, &mut notes);
    let entries = &world.istio.service_entries;
    let visible = |entry: &&ServiceEntryRow| exported(&entry.export_to, &entry.namespace, namespace);
    let mut named: Vec<(&ServiceEntryRow, (usize, usize))> = entries
        .rows
        .iter()
        .filter(visible)
        .filter_map(|entry| {
            let hosts: Vec<&str> = entry.hosts.iter().map(AsRef::as_ref).collect();
            let rank = rank::host_rank(&hosts, host).filter(|_| !hosts.is_empty())?;
            Some((entry, rank))
        })
        .collect();
    // The most exact host, then one of the client's own namespace, then the older.
    named.sort_by(|(a, exact), (b, other)| {
        let own = |entry: &ServiceEntryRow| entry.namespace != *namespace;
        let age = |entry: &ServiceEntryRow| (entry.created.is_none(), entry.created);
        other
            .cmp(exact)
            .then_with(|| (own(a), age(a), &a.namespace, &a.name).cmp(&(own(b), age(b), &b.namespace, &b.name)))
    });
    let Some((entry, _)) = named.first() else {
        // Who is not in any list that was seen whole is not registered; what then happens only the Sidecar says here.
        let whole = entries.seen == Seen::Everywhere && world.services.is_some();
        if !whole || !reach.says() || host.is_empty() {
            return None;
        }
        notes.push(format!("no Service and no ServiceEntry names {host}"));
        return Some(reach.unregistered(&place, host, request.port, notes));
    };
    let title = format!("ServiceEntry {}/{}", entry.namespace, entry.name);
    if !reach.allows_host(&forms, Some(&entry.namespace), request.port) {
        return Some(reach.refused(&place, host, request.port, notes));
    }
    let port = request.port.or_else(|| usual(entry, request.scheme));
    let protocol = entry.ports.iter().find(|(number, _)| Some(*number) == port).map(|(_, protocol)| protocol);
    if let (Some(port), None) = (port, protocol) {
        notes.push(format!("{title} has no port {port}"));
        return Some(reach.unregistered(&place, host, Some(port), notes));
    }
    notes.push(format!(
        "{title} is {}, resolution {}{}",
        entry.location,
        entry.resolution,
        protocol.map(|protocol| format!(", spoken as {protocol}")).unwrap_or_default()
    ));
    let mut answer = Resolution::nothing(Some(title), None, notes);
    answer.outcome = Outcome::Forward;
    let r#ref = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    answer.backends = vec![BackendShare::whole(r#ref, true)];
    Some(answer)
}

/// The port that is meant where none is said: the scheme's own, else the only one.
fn usual(entry: &ServiceEntryRow, scheme: Scheme) -> Option<u16> {
    let usual = scheme.default_port();
    let known = entry.ports.iter().find(|(number, _)| *number == usual).map(|(number, _)| *number);
    match (known, entry.ports.as_slice()) {
        (Some(known), _) => Some(known),
        (None, [(only, _)]) => Some(*only),
        (None, _) => None,
    }
}
