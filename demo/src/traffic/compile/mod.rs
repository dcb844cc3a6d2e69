//! From the objects of the world to a snapshot: what every proxy would do with every kind of request.
//!
//! A snapshot is compiled after a write to one of [`READ`] and never changed. Requests of a site have a fixed host, path,
//! method and headers, so the rule, the policies and the filters that hold for it are found here, once; the walk only draws.

mod ambient;
mod at_gateway;
mod attached;
mod certificates;
mod chaos;
mod config;
mod dapr;
mod destination_rule;
mod envoy_filter;
mod gateway_api;
mod kinds;
mod network_policy;
mod plane;
mod pods;
mod pushed;
mod rules;
mod security;
mod service_entry;
mod services;
mod site;
mod virtual_service;

use std::sync::Arc;

pub use attached::Model;
pub use chaos::{Chaos, Http, Inside, Net, Wire};
pub use dapr::{Policy as DaprPolicy, Sidecar};
pub use destination_rule::Outlier;
pub use envoy_filter::{Counts, Limit};
pub use kinds::READ;
pub use plane::Plane;
pub use pods::{Container, Group, Pod, Probe, Proxy};
pub use rules::{Fault, Missing, Reply, Retries};
pub use services::Service;
pub use site::{CallSite, Choice, Cluster, End, Entry, Forward, Inbound, Link, Site};

use self::{
    config::{Config, ROOT},
    destination_rule::{DestinationRule, Tls},
    envoy_filter::{Filter, Side},
    gateway_api::Route,
    network_policy::{End as Address, NetworkPolicy},
    rules::{Action, Rule, Target},
    security::{AuthorizationPolicy, Mode, Peer, PeerAuthentication},
    service_entry::ServiceEntry,
    virtual_service::Asker,
};
use super::{
    behaviour::{Behaviours, Flow},
    json,
    request::Request,
};
use crate::base::objects::Objects;

/// An address outside the cluster (RFC 5737).
const OUTSIDE: &str = "203.0.113.7";

/// What every proxy would do.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    config: Config,
    pub(super) sites: Vec<Site>,
    /// Per group: what it calls, step by step; the calls of a step go out at the same time.
    pub(super) calls: Vec<Vec<Vec<CallSite>>>,
    /// Per flow.
    pub(super) entries: Vec<Entry>,
}

/// Who sends a request.
#[derive(Debug, Clone, Copy)]
enum Caller<'a> {
    /// Somebody outside the mesh.
    Outside,
    /// Pods of a group.
    Pods(u32),
    /// Pods of a group for a Gateway, `NAMESPACE/NAME`.
    Gateway(u32, &'a str),
}

/// Compiles a snapshot. What proxies heard that do not hear istiod now is found in the one before.
pub fn compile(objects: &dyn Objects, behaviours: &Behaviours, flows: &[Flow], before: &Snapshot) -> Snapshot {
    let config = Config::read(objects, behaviours, before);
    let mut snapshot = Snapshot { config, ..Snapshot::default() };
    for group in 0..snapshot.config.pods.groups.len() as u32 {
        let calls = snapshot.calls_of(group);
        snapshot.calls.push(calls);
    }
    for flow in flows {
        let entry = snapshot.entry(flow);
        snapshot.entries.push(entry);
    }
    snapshot
}

impl Snapshot {
    /// All pods.
    pub fn pods(&self) -> &[Pod] {
        &self.config.pods.all
    }

    /// A group.
    pub fn group(&self, at: u32) -> &Group {
        &self.config.pods.groups[at as usize]
    }

    /// What chaos engines do.
    pub fn chaos(&self) -> &Chaos {
        &self.config.chaos
    }

    /// A Service.
    pub fn service(&self, at: u32) -> &Service {
        &self.config.services.all[at as usize]
    }

    /// A Service, if there are so many.
    pub(super) fn try_service(&self, at: u32) -> Option<&Service> {
        self.config.services.all.get(at as usize)
    }

    fn calls_of(&mut self, group: u32) -> Vec<Vec<CallSite>> {
        let behaviour = Arc::clone(&self.group(group).behaviour);
        let mut steps: Vec<(Option<&str>, Vec<CallSite>)> = Vec::new();
        for call in &behaviour.calls {
            let Some(request) = Request::to(&call.to, &call.method, &call.headers, call.grpc) else { continue };
            let (sidecar, request) = match self.by_sidecar(group, &request) {
                Some((sidecar, made)) => (Some(sidecar), made.unwrap_or(request)),
                None => (None, request),
            };
            let site = self.site(Caller::Pods(group), request);
            let site = CallSite {
                sidecar,
                share: call.share,
                timeout: call.timeout.unwrap_or(f64::INFINITY),
                optional: call.optional,
                site: self.keep(site),
            };
            match steps.last_mut() {
                Some((Some(name), step)) if call.group.as_deref() == Some(name) => step.push(site),
                _ => steps.push((call.group.as_deref(), vec![site])),
            }
        }
        steps.into_iter().map(|(_, step)| step).collect()
    }

    fn keep(&mut self, site: Site) -> u32 {
        self.sites.push(site);
        self.sites.len() as u32 - 1
    }

    fn entry(&mut self, flow: &Flow) -> Entry {
        let mut entry = Entry { name: flow.name.clone(), site: None, pods: Vec::new(), through: true, dropped: false };
        let Some(request) = Request::to(&flow.to, &flow.method, &flow.headers, flow.grpc) else { return entry };
        if let Some(via) = &flow.via {
            entry.pods = self.gateway_pods(via);
            let Some(group) = entry.pods.first().map(|pod| self.pods()[*pod as usize].group) else { return entry };
            if self.gateway_listens(group, via, request.port) {
                let (from, to) =
                    (Address { group: None, ip: OUTSIDE }, Address { group: Some(self.group(group)), ip: "" });
                entry.dropped =
                    NetworkPolicy::drops(&self.config.network, &self.config.namespaces, from, to, request.port);
                let site = self.site(Caller::Gateway(group, via), request);
                entry.site = Some(self.keep(site));
            }
        } else if let Some(from) = &flow.from {
            let mut parts = from.split('/');
            let (namespace, workload) = (parts.next().unwrap_or_default(), parts.next_back().unwrap_or_default());
            let own = self.config.pods.of_workload(namespace, workload).iter().copied();
            entry.pods = own.filter(|pod| self.pods()[*pod as usize].alive).collect();
            let Some(group) = entry.pods.first().map(|pod| self.pods()[*pod as usize].group) else { return entry };
            let site = self.site(Caller::Pods(group), request);
            entry.site = Some(self.keep(site));
        } else {
            entry.through = false;
            let site = self.site(Caller::Outside, request);
            entry.site = Some(self.keep(site));
        }
        entry
    }

    fn site(&self, caller: Caller<'_>, request: Request) -> Site {
        let group = match caller {
            Caller::Outside => None,
            Caller::Pods(group) | Caller::Gateway(group, _) => Some(group),
        };
        let own = group.map(|group| self.group(group));
        let mut namespace = own.map_or("default", |own| &*own.namespace).to_owned();
        let mut proxy = own.map_or(Proxy::None, |own| own.proxy);
        let service = self.config.services.by_host(&request.host, &namespace);
        let (caller_group, tunnelled) = (group, proxy == Proxy::Ambient);
        let waypoint = service.filter(|_| tunnelled).and_then(|service| Some((service, self.waypoint(service)?)));
        let (mut group, mut via) = (group, Vec::new());
        let lost = waypoint.as_ref().is_some_and(|(_, pods)| pods.is_empty());
        if let Some((service, pods)) = waypoint
            && let Some(first) = pods.first()
        {
            group = Some(self.pods()[*first as usize].group);
            namespace = self.service(service).namespace.to_string();
            (proxy, via) = (Proxy::Waypoint, pods);
        }
        let mut request = request;
        let good_until = match caller {
            Caller::Gateway(group, gateway) if request.tls => self.shown_at(group, gateway, &request),
            _ => None,
        };
        // What a Gateway takes it can read.
        request.tls &= !matches!(caller, Caller::Gateway(..));
        let named_grpc = |at: u32| self.service(at).ports.iter().any(|port| port.number == request.port && port.grpc);
        request.grpc |= service.is_some_and(named_grpc);
        let side = if matches!(caller, Caller::Gateway(..)) { Side::Gateway } else { Side::Outbound };
        let faults = caller_group.map(|own| self.faults(own, side, &request)).unwrap_or_default();
        let limits = caller_group.map(|own| self.limits(own, side)).unwrap_or_default();
        let gateway = match caller {
            Caller::Gateway(_, gateway) => Some(gateway.into()),
            Caller::Pods(_) | Caller::Outside => None,
        };
        let mut site = Site {
            request,
            proxy,
            group,
            caller: caller_group,
            tunnelled,
            via,
            good_until,
            service,
            gateway,
            route: None,
            faults,
            limits,
            choice: Choice::Lost,
        };
        if let Caller::Gateway(group, gateway) = caller {
            self.attach(&mut site, group, gateway);
        }
        if !lost {
            site.choice = self.choice(caller, &site, &namespace);
        }
        site
    }

    fn choice(&self, caller: Caller<'_>, site: &Site, namespace: &str) -> Choice {
        let (rule, routed) = match caller {
            Caller::Gateway(group, gateway) => {
                let own = self.group(group);
                let services: Vec<&str> = self.config.behind[group as usize].iter().map(String::as_str).collect();
                let peer = Peer { identity: None, reads: true };
                let (request, port) = (&site.request, site.request.port);
                let policies = &self.config.rules_of(group).policies;
                let refused = AuthorizationPolicy::refuses(policies, own, &services, ROOT, request, port, peer);
                if let Some(by) = refused {
                    return Choice::Answer(403, Some(by.into()));
                }
                (self.at_edge(gateway, request, group), true)
            }
            Caller::Pods(group) if site.proxy == Proxy::Waypoint => {
                let at = site.group.zip(site.service);
                if let Some(by) = at.and_then(|(waypoint, service)| self.refused_at_waypoint(site, waypoint, service)) {
                    return Choice::Answer(403, Some(by.into()));
                }
                self.in_mesh(site, group, namespace)
            }
            Caller::Pods(group) if site.proxy.reads() => self.in_mesh(site, group, namespace),
            Caller::Pods(_) | Caller::Outside => (None, false),
        };
        match (rule, routed, site.service) {
            (Some(rule), ..) => self.by_rule(site, rule, namespace),
            (None, true, _) => Choice::NoRoute,
            (None, false, None) if site.proxy.reads() && !self.answered(site, namespace) => Choice::Nowhere,
            (None, false, None) => Choice::Beyond,
            (None, false, Some(service)) => {
                let target = Target {
                    service: Some(service),
                    model: None,
                    port: Some(site.request.port),
                    subset: None,
                    weight: 1,
                };
                Choice::Forward(Box::new(self.forward(site, None, &[target], namespace)))
            }
        }
    }

    /// Whether anybody answers outside the mesh, as far as the caller's proxy was told.
    fn answered(&self, site: &Site, namespace: &str) -> bool {
        let rules = site.group.map_or(&self.config.rules, |group| self.config.rules_of(group));
        ServiceEntry::answers(&rules.entries, &site.request, namespace)
    }

    /// The rule of a sidecar, and whether there is any route for the host, so that no rule means 404.
    fn in_mesh(&self, site: &Site, own: u32, namespace: &str) -> (Option<&Rule>, bool) {
        // What a waypoint reads, the waypoint was told.
        let rules = self.config.rules_of(site.group.unwrap_or(own));
        let asker = Asker { gateway: "mesh", namespace, labels: Some(&self.group(own).labels) };
        let all = rules.virtual_services.iter();
        let holding = all.filter_map(|one| Some((one.holds("mesh", &site.request.host, site.service)?, one)));
        // The oldest of the most specific: sidecars do not merge.
        let mut best: Option<((bool, usize), &virtual_service::VirtualService)> = None;
        for (rank, one) in holding {
            if best.is_none_or(|(known, _)| rank > known) {
                best = Some((rank, one));
            }
        }
        if let Some((_, one)) = best {
            return (one.choose(&site.request, asker), true);
        }
        let Some(service) = site.service.map(|at| self.service(at)) else { return (None, false) };
        let attached = |route: &&Route| {
            route.parents.iter().any(|parent| {
                parent.kind == "Service"
                    && *parent.namespace == *service.namespace
                    && *parent.name == *service.name
                    && parent.port.is_none_or(|port| port == site.request.port)
            })
        };
        let routes: Vec<&Route> = rules.routes.iter().filter(attached).collect();
        // Consumer routes hold for callers of their namespace, producer routes for all.
        let consumer = |route: &&Route| route.namespace != *service.namespace && route.namespace == namespace;
        let mut holding: Vec<&Route> = routes.iter().copied().filter(consumer).collect();
        if holding.is_empty() {
            holding = routes.into_iter().filter(|route| route.namespace == *service.namespace).collect();
        }
        if holding.is_empty() {
            return (None, false);
        }
        (Route::choose(holding.into_iter(), &site.request), true)
    }

    fn by_rule(&self, site: &Site, rule: &Rule, namespace: &str) -> Choice {
        match &rule.action {
            Action::Answer(code) => Choice::Answer(*code, None),
            Action::Forward(targets) => Choice::Forward(Box::new(self.forward(site, Some(rule), targets, namespace))),
        }
    }

    fn forward(&self, site: &Site, rule: Option<&Rule>, targets: &[Target], namespace: &str) -> Forward {
        let mut request = site.request.clone();
        if let Some(rewrite) = rule.and_then(|rule| rule.rewrite.as_ref()) {
            request.path = rewrite.apply(&request.path);
        }
        let path: Arc<str> = request.path.as_str().into();
        let mut inbounds = Vec::new();
        let mut lead = |target: &Target| match &target.model {
            Some(model) => End::Model(model.clone()),
            None => match self.cluster(site, target, namespace, &request, &path, &mut inbounds) {
                Some(cluster) => End::Cluster(cluster),
                None => End::Nowhere,
            },
        };
        let ends: Vec<(u32, End)> = targets.iter().map(|target| (target.weight, lead(target))).collect();
        let default = if site.proxy.reads() { Retries::mesh_default() } else { Retries::NEVER };
        Forward {
            route: rule.map(|rule| Arc::clone(&rule.route)),
            fault: rule.and_then(|rule| rule.fault.clone()),
            timeout: rule.and_then(|rule| rule.timeout),
            per_try: rule.and_then(|rule| rule.per_try),
            retries: rule.and_then(|rule| rule.retries.clone()).unwrap_or(default),
            weights: ends.iter().map(|(weight, _)| weight).sum(),
            ends,
            inbounds,
            missing: rule.map_or(Missing::Error, |rule| rule.missing),
        }
    }

    fn cluster(
        &self,
        site: &Site,
        target: &Target,
        namespace: &str,
        request: &Request,
        path: &Arc<str>,
        inbounds: &mut Vec<Inbound>,
    ) -> Option<Cluster> {
        let at = target.service?;
        let service = self.service(at);
        let port = match target.port {
            Some(number) => service.ports.iter().find(|port| port.number == number),
            None => {
                service.ports.iter().find(|port| port.number == site.request.port).or_else(|| service.ports.first())
            }
        };
        // The caller's namespace first, then the Service's, then the mesh's.
        let view = site.group.and_then(|group| self.config.views.of(group));
        let known = site.group.map_or(&self.config.rules, |group| self.config.rules_of(group));
        let mut rules: Vec<_> = known.destinations.iter().filter(|one| one.service == at).collect();
        rules.retain(|one| {
            site.proxy.reads() && [namespace, &service.namespace, ROOT].contains(&one.namespace.as_str())
        });
        let order = |one: &DestinationRule| (one.namespace != namespace, *one.namespace != *service.namespace);
        rules.sort_by(|a, b| (order(a), &a.seniority).cmp(&(order(b), &b.seniority)));
        let nearest = rules.first().map(|one| one.namespace.clone());
        rules.retain(|one| Some(&one.namespace) == nearest.as_ref());
        let subset = target.subset.as_ref().map(|name| DestinationRule::subset(&rules, name));
        let policy = match subset {
            Some(Some((_, policy))) => policy,
            _ => DestinationRule::policy(&rules),
        };
        let chosen = |pod: u32| match subset {
            None => true,
            // A subset that no DestinationRule knows has no hosts.
            Some(found) => found
                .is_some_and(|(labels, _)| json::carries(&self.group(self.pods()[pod as usize].group).labels, labels)),
        };
        let tls = policy.tls;
        let ready = match (port, view) {
            (None, _) => &[][..],
            (Some(port), None) => &port.ready,
            (Some(port), Some(view)) => view.ready(&service.host, port.number),
        };
        let mut endpoints = Vec::with_capacity(ready.len());
        for (pod, number) in ready.iter().filter(|(pod, _)| chosen(*pod)) {
            let group = self.pods()[*pod as usize].group;
            let known = inbounds.iter().position(|one| one.group == group && one.port == *number);
            let inbound = known.unwrap_or_else(|| {
                inbounds.push(self.inbound(site, *pod, *number, tls, request, path));
                inbounds.len() - 1
            });
            endpoints.push((*pod, inbound as u32));
        }
        let number = port.map(|port| port.number).or(target.port).unwrap_or_default();
        Some(Cluster {
            name: format!("outbound|{number}|{}|{}", target.subset.as_deref().unwrap_or_default(), service.host).into(),
            service: at,
            endpoints,
            outlier: policy.outlier,
            pool: policy.pool,
        })
    }

    fn inbound(
        &self,
        site: &Site,
        pod: u32,
        port: u16,
        tls: Option<Tls>,
        request: &Request,
        path: &Arc<str>,
    ) -> Inbound {
        let pod = &self.pods()[pod as usize];
        let rules = self.config.rules_of(pod.group);
        let (group, caller) = (self.group(pod.group), site.group.map(|group| self.group(group)));
        let inside = group.proxy.meshed();
        let mode = PeerAuthentication::at(&rules.peers, group, port, ROOT);
        let speaks = site.proxy.meshed()
            && match tls {
                None => inside && mode != Mode::Disable,
                Some(Tls::Disable) => false,
                Some(Tls::IstioMutual | Tls::Other) => true,
            };
        let mismatch = match (inside, speaks) {
            (true, true) => mode == Mode::Disable || tls == Some(Tls::Other),
            (true, false) => mode == Mode::Strict,
            (false, speaks) => speaks,
        };
        let from = Address { group: caller, ip: if caller.is_some() { "" } else { OUTSIDE } };
        let to = Address { group: Some(group), ip: &pod.ip };
        let dropped = NetworkPolicy::drops(&self.config.network, &self.config.namespaces, from, to, port);
        let link = match (dropped, mismatch) {
            (true, _) => Link::Partition,
            (false, true) => Link::TlsMismatch,
            (false, false) => Link::Open,
        };
        let mtls = speaks && inside && !mismatch;
        let identity = caller.filter(|_| mtls).map(|caller| (&*caller.namespace, &*caller.account));
        let services: Vec<&str> =
            self.config.behind.get(pod.group as usize).into_iter().flatten().map(String::as_str).collect();
        // A ztunnel knows no policies that are aimed at Services, and refuses by closing the connection.
        let (reads, known) = (group.proxy.reads(), if group.proxy.reads() { &services[..] } else { &[] });
        let refused = if inside {
            AuthorizationPolicy::refuses(&rules.policies, group, known, ROOT, request, port, Peer { identity, reads })
        } else {
            None
        };
        let link = if link == Link::Open && refused.is_some() && !reads { Link::Denied } else { link };
        let serves = group.behaviour.serves.get(&port).cloned().unwrap_or_default();
        Inbound {
            group: pod.group,
            port,
            link,
            mtls,
            refused_by: refused.map(Into::into),
            faults: self.faults(pod.group, Side::Inbound, request),
            limits: self.limits(pod.group, Side::Inbound),
            serves,
            path: Arc::clone(path),
        }
    }

    fn faults(&self, group: u32, side: Side, request: &Request) -> Vec<Fault> {
        let holding = self.filters(group, side);
        let matching = |fault: &&Fault| fault.headers.iter().all(|(name, text)| text.matches(request.header(name)));
        holding.filter_map(Filter::fault).filter(matching).cloned().collect()
    }

    fn limits(&self, group: u32, side: Side) -> Vec<Limit> {
        self.filters(group, side).filter_map(Filter::limit).cloned().collect()
    }

    fn filters(&self, group: u32, side: Side) -> impl Iterator<Item = &Filter> {
        let own = self.group(group);
        self.config.rules_of(group).filters.iter().filter(move |filter| filter.holds(own, side, ROOT))
    }
}
