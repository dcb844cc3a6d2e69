//! What all checks look things up in, sorted once.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashMap},
};

use super::fitting::Fitting;
use crate::mesh::{
    gateways::Seen,
    host,
    istio::{Labels, ServiceEntryRow, exported, selects},
    resolve::World,
    routes::{Backend, ParentKind, RouteKind, RouteRef, RouteRow},
    service::ServiceRow,
};

/// A host as it is looked up: `NS/NAME` for a Service, else as it stands.
pub(super) fn key(host: &str) -> String {
    match host::service_of(host).filter(|_| host.contains(".svc")) {
        Some((namespace, name)) if !host::is_wildcard(host) => format!("{namespace}/{name}"),
        _ => host.to_owned(),
    }
}

/// The same of a destination.
pub(super) fn key_of(backend: &Backend) -> String {
    if backend.is_service() {
        format!("{}/{}", backend.namespace, backend.name)
    } else {
        backend.name.to_ascii_lowercase().into()
    }
}

/// A world, and what is looked up in it.
pub(super) struct Ground<'w> {
    pub(super) world: &'w World<'w>,
    /// All VirtualServices.
    pub(super) virtual_services: Vec<&'w RouteRow>,
    by_name: HashMap<(&'w str, &'w str), &'w RouteRow>,
    senders: OnceCell<HashMap<String, Vec<&'w RouteRow>>>,
    pods: OnceCell<BTreeMap<&'w str, Vec<Pod<'w>>>>,
    fitting: OnceCell<Fitting<'w>>,
    bound: OnceCell<HashMap<(&'w str, &'w str), Vec<&'w RouteRow>>>,
    entries: OnceCell<HashMap<&'w str, Vec<&'w ServiceEntryRow>>>,
}

/// A pod, or what a workload makes its pods from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pod<'w> {
    pub(super) labels: &'w Labels,
    /// Whether it is known to have no proxy.
    pub(super) proxyless: bool,
}

impl<'w> Ground<'w> {
    pub(super) fn of(world: &'w World<'w>) -> Self {
        let routes = world.routes.iter().copied();
        let virtual_services: Vec<_> = routes.filter(|route| route.kind == RouteKind::VirtualService).collect();
        let named = virtual_services.iter().map(|route| ((route.namespace.as_str(), route.name.as_str()), *route));
        Self {
            world,
            by_name: named.collect(),
            virtual_services,
            senders: OnceCell::new(),
            pods: OnceCell::new(),
            fitting: OnceCell::new(),
            bound: OnceCell::new(),
            entries: OnceCell::new(),
        }
    }

    /// The VirtualService of that name.
    pub(super) fn virtual_service(&self, namespace: &str, name: &str) -> Option<&'w RouteRow> {
        self.by_name.get(&(namespace, name)).copied()
    }

    /// The VirtualServices that are bound to one of these Gateways of Istio's, each as `(namespace, name)`.
    pub(super) fn bound(&self, gateways: &[(&str, &str)]) -> Vec<RouteRef> {
        let bound = self.bound.get_or_init(|| {
            let mut all: HashMap<(&str, &str), Vec<&RouteRow>> = HashMap::new();
            for route in self.virtual_services.iter().copied() {
                for parent in route.parents.iter().filter(|parent| parent.kind == ParentKind::IstioGateway) {
                    all.entry((&parent.namespace, &parent.name)).or_default().push(route);
                }
            }
            all
        });
        let to = gateways.iter().filter_map(|name| bound.get(name)).flatten();
        let mut all: Vec<RouteRef> = to.map(|route| route.route_ref()).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Routes that send to a host, which may be a pattern, by one of these rules or to this subset alone.
    pub(super) fn senders(&self, host: &str, subset: Option<&str>) -> Vec<RouteRef> {
        let senders = self.senders.get_or_init(|| {
            let mut all: HashMap<String, Vec<&RouteRow>> = HashMap::new();
            for route in self.world.routes.iter().copied() {
                for backend in route.rules.iter().flat_map(|rule| &rule.backends) {
                    let known = all.entry(key_of(backend)).or_default();
                    if !known.last().is_some_and(|one| std::ptr::eq(*one, route)) {
                        known.push(route);
                    }
                }
            }
            all
        });
        let at = key(host);
        let to = |route: &&&RouteRow| {
            let Some(subset) = subset else { return true };
            let mut backends = route.rules.iter().flat_map(|rule| &rule.backends);
            backends.any(|backend| backend.subset.as_deref() == Some(subset) && key_of(backend) == at)
        };
        let mut found: Vec<RouteRef> = if host::is_wildcard(host) {
            let covered = |known: &str| match known.split_once('/') {
                Some((namespace, name)) => host::matches(host, &format!("{name}.{namespace}.svc.cluster.local")),
                None => host::matches(host, known),
            };
            let all = senders.iter().filter(|(known, _)| covered(known)).flat_map(|(_, routes)| routes);
            all.map(|route| route.route_ref()).collect()
        } else {
            senders.get(&at).into_iter().flatten().filter(to).map(|route| route.route_ref()).collect()
        };
        found.sort();
        found.dedup();
        found
    }

    /// Pods of a namespace, as far as they are known.
    pub(super) fn pods(&self, namespace: &str) -> &[Pod<'w>] {
        self.all_pods().get(namespace).map_or(&[], Vec::as_slice)
    }

    /// Pods of all namespaces.
    pub(super) fn all_pods(&self) -> &BTreeMap<&'w str, Vec<Pod<'w>>> {
        self.pods.get_or_init(|| {
            let istio = &self.world.istio;
            let mut all: BTreeMap<&str, Vec<Pod<'_>>> = BTreeMap::new();
            for (at, labels) in istio.workloads.into_iter().flatten() {
                let Some((namespace, _)) = at.split_once('/') else { continue };
                let proxyless = istio.proxyless.is_some_and(|all| all.contains(at));
                all.entry(namespace).or_default().push(Pod { labels, proxyless });
            }
            all
        })
    }

    /// Pods of all namespaces, by what selects them.
    pub(super) fn fitting(&self) -> &Fitting<'w> {
        self.fitting.get_or_init(|| Fitting::of(self.all_pods()))
    }

    /// Whether a pod of this namespace would be known. Files tell of a namespace once they have a workload of it.
    pub(super) fn knows_pods(&self, namespace: &str) -> bool {
        match &self.world.istio.pods {
            Some(seen) => seen.covers(namespace),
            None => !self.pods(namespace).is_empty(),
        }
    }

    /// The Service that a whole host means, where it is known.
    pub(super) fn service(&self, host: &str) -> Option<&'w ServiceRow> {
        self.world.istio.services?.get(&key(host))
    }

    /// The known pods behind a Service.
    pub(super) fn behind(&self, service: &ServiceRow) -> Vec<Pod<'w>> {
        if service.selector.is_empty() {
            return Vec::new();
        }
        let all = self.pods(&service.namespace).iter();
        all.filter(|pod| selects(&service.selector, pod.labels)).copied().collect()
    }

    /// Why a host is not there, of all that name one: Services and ServiceEntries. `None`: it is, or that is not known. `viewers`
    /// are the namespaces it is looked for from.
    pub(super) fn absent(&self, host: &str, viewers: &[&str]) -> Option<String> {
        let entries = &self.world.istio.service_entries;
        if let Some((namespace, name)) = key(host).split_once('/') {
            let services = self.world.services.as_ref()?;
            let gone = !services.contains_key(&format!("{namespace}/{name}"));
            // An entry may have the name of a Service.
            return (gone && self.entries_of(host).is_empty())
                .then(|| format!("Service {namespace}/{name} is not there"));
        }
        if host::is_wildcard(host) || entries.looked != Seen::Everywhere || self.world.services.is_none() {
            return None;
        }
        let found = self.entries_of(host);
        let Some(first) = found.first() else { return Some(format!("no Service and no ServiceEntry has {host}")) };
        let seen =
            |entry: &ServiceEntryRow| viewers.iter().any(|viewer| exported(&entry.export_to, &entry.namespace, viewer));
        if found.iter().any(|entry| seen(entry)) {
            return None;
        }
        let first =
            found.iter().map(|entry| (&entry.namespace, &entry.name)).min().unwrap_or((&first.namespace, &first.name));
        Some(format!("ServiceEntry {}/{} has {host} and is not exported to {}", first.0, first.1, viewers.join(", ")))
    }

    /// ServiceEntries that have a host, by itself or by a pattern.
    fn entries_of(&self, host: &str) -> Vec<&'w ServiceEntryRow> {
        let rows = self.world.istio.service_entries.rows;
        let entries = self.entries.get_or_init(|| {
            let mut all: HashMap<&str, Vec<&ServiceEntryRow>> = HashMap::new();
            for row in rows {
                for host in &row.hosts {
                    let at = if host::is_wildcard(host) { "*" } else { host.as_str() };
                    all.entry(at).or_default().push(row);
                }
            }
            all
        });
        let named = entries.get(host).into_iter().flatten();
        let wide = entries.get("*").into_iter().flatten();
        let wide = wide.filter(|row| row.hosts.iter().any(|own| host::is_wildcard(own) && host::matches(own, host)));
        named.chain(wide).copied().collect()
    }
}
