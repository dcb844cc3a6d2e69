//! What a workload may reach, as its Sidecar says: one that selects it, else its namespace's, else the root namespace's.

use super::{
    super::{BackendShare, Outcome, Resolution, World},
    Place,
};
use crate::mesh::{
    gateways::Seen,
    istio::{ROOT, SidecarRow},
    routes::RouteRow,
};

/// The Sidecar of a workload.
pub(super) struct Reach<'a> {
    sidecar: Option<&'a SidecarRow>,
}

impl<'a> Reach<'a> {
    pub(super) fn of(world: &World<'a>, place: &Place<'_>, workload: &str, notes: &mut Vec<String>) -> Self {
        let heard = &world.istio.sidecars;
        if heard.seen == Seen::Nowhere && !world.istio.destination_rules.rows.is_empty() {
            notes.push("Sidecars are not known: taken as if there were none".to_owned());
        }
        let mut rows: Vec<&SidecarRow> = heard.rows.iter().collect();
        rows.sort_by_key(|row| (row.created.is_none(), row.created, row.name.clone()));
        let own = |row: &&&SidecarRow| row.namespace == place.viewer;
        let selects = |row: &SidecarRow, notes: &mut Vec<String>| match place.labels {
            Some(labels) => row.selector.iter().all(|(key, value)| labels.get(key) == Some(value)),
            None => {
                notes.push(format!(
                    "Sidecar {}/{} is for some workloads; the labels of {workload} are not known: left out",
                    row.namespace, row.name
                ));
                false
            }
        };
        let narrow = rows.iter().filter(own).find(|row| !row.selector.is_empty() && selects(row, notes));
        let wide = || rows.iter().filter(own).find(|row| row.selector.is_empty());
        let root = || rows.iter().find(|row| row.namespace == ROOT && row.selector.is_empty());
        Self { sidecar: narrow.or_else(wide).or_else(root).copied() }
    }

    /// Whether a host of that namespace is among its egress hosts.
    pub(super) fn allows_host(&self, forms: &[String], namespace: Option<&str>, port: Option<u16>) -> bool {
        let Some(sidecar) = self.sidecar.filter(|row| !row.egress.is_empty()) else { return true };
        // In the root namespace's Sidecar `.` is the client's own; here it only stands for the Sidecar's.
        sidecar
            .egress
            .iter()
            .filter(|egress| egress.port.is_none_or(|own| port.is_none_or(|port| own == port)))
            .flat_map(|egress| &egress.hosts)
            .any(|host| {
                namespace.is_none_or(|namespace| host.admits(&sidecar.namespace, namespace))
                    && forms.iter().any(|form| host.covers(form))
            })
    }

    /// Whether a VirtualService is among them.
    pub(super) fn allows_route(&self, route: &RouteRow, forms: &[String], port: Option<u16>) -> bool {
        self.allows_host(forms, Some(&route.namespace), port)
    }

    /// The answer to a request whose host is not among them.
    pub(super) fn refused(
        &self,
        place: &Place<'_>,
        service: &str,
        port: Option<u16>,
        mut notes: Vec<String>,
    ) -> Resolution {
        let name = self.sidecar.map(|row| format!("{}/{}", row.namespace, row.name)).unwrap_or_default();
        notes.push(format!("Sidecar {name} leaves {service} out of the hosts this workload reaches"));
        self.unregistered(place, service, port, notes)
    }

    /// Whether its Sidecar says what becomes of hosts it does not know.
    pub(super) fn says(&self) -> bool {
        self.sidecar.is_some_and(|row| row.outbound.is_some())
    }

    /// The answer to a request whose host the sidecar does not know.
    pub(super) fn unregistered(
        &self,
        place: &Place<'_>,
        service: &str,
        port: Option<u16>,
        mut notes: Vec<String>,
    ) -> Resolution {
        let outbound = self.sidecar.and_then(|row| row.outbound.as_deref());
        let mut answer = Resolution::nothing(Some(place.label.clone()), None, Vec::new());
        match outbound {
            Some("REGISTRY_ONLY") => {
                notes.push("REGISTRY_ONLY: the sidecar answers 502 for hosts it does not know".to_owned());
                answer.status = Some(502);
            }
            Some("ALLOW_ANY") => {
                notes.push("ALLOW_ANY: it is passed on to where it was sent, by no route".to_owned());
                answer.outcome = Outcome::Forward;
                let r#ref = port.map_or_else(|| service.to_owned(), |port| format!("{service}:{port}"));
                answer.backends = vec![BackendShare::whole(r#ref, true)];
            }
            Some(_) | None => notes.push(
                "what the mesh does with hosts a sidecar does not know is not known here: ALLOW_ANY passes them on, \
                 REGISTRY_ONLY answers 502"
                    .to_owned(),
            ),
        }
        answer.notes = notes;
        answer
    }
}
