//! What the proxies and the application tell of a request: counters and log lines.

use std::sync::Arc;

use super::{
    compile::{Choice, Inbound, Proxy, Site},
    edge::{EdgeKey, Reporter, Security, UNKNOWN},
    flags::Flags,
    log::{Access, Line, LogRecord, Shape},
    shapes::address,
    state::{Bound, Done},
    walk::{Called, Outcome, Walk},
};

impl Walk<'_> {
    pub(super) fn log(&mut self, bound: &Bound, pod: u32, at: f64, line: Line) {
        let pod = &bound.snapshot.pods()[pod as usize];
        let (namespace, pod) = (Arc::clone(&pod.namespace), Arc::clone(&pod.name));
        self.state.logs.push(LogRecord { at, namespace, pod, line });
    }

    pub(super) fn report_source(&mut self, site: &Site, pod: u32, t: f64, outcome: Outcome, called: Called<'_>) {
        let service = called.cluster.map(|cluster| cluster.service).or(site.service);
        let service = match site.proxy {
            // A gateway without a route knows no Service.
            proxy if proxy.is_gateway() => called.cluster.map(|cluster| cluster.service),
            _ => service,
        };
        let key = EdgeKey {
            pod,
            reporter: if site.proxy == Proxy::Waypoint { Reporter::Waypoint } else { Reporter::Source },
            source: match site.proxy {
                Proxy::Waypoint => site.caller.map_or(UNKNOWN, |group| self.bound.groups[group as usize]),
                _ => self.state.pods[pod as usize].workload,
            },
            destination: called.group.map_or(UNKNOWN, |group| self.bound.groups[group as usize]),
            service: service.map_or(UNKNOWN, |service| self.bound.services[service as usize]),
            route: self.routed(site),
            code: outcome.code,
            grpc: outcome.grpc,
            is_grpc: site.request.grpc,
            flags: outcome.flags,
            security: if site.proxy == Proxy::Waypoint { Security::Mutual } else { Security::Unknown },
        };
        self.count(key, t, outcome.latency);
        if self.sampled(pod) {
            let ends = (address(site), called.cluster.map_or(0, address), called.pod);
            let bound = self.bound;
            let shape = self.state.shapes.of((ends, outcome.code, outcome.flags), || {
                let upstream =
                    called.pod.map(|pod| format!("{}:{}", bound.snapshot.pods()[pod as usize].ip, called.port));
                let route = match &site.choice {
                    Choice::Forward(forward) => forward.route.clone(),
                    _ => None,
                };
                let details = match &site.choice {
                    Choice::Answer(403, Some(by)) => rbac(by),
                    _ => details(outcome, called.pod.is_some()),
                };
                let cluster = called.cluster.map_or("-".to_owned(), |cluster| cluster.name.to_string());
                shape(site, site.request.path.as_str().into(), outcome, details, upstream, cluster, route)
            });
            let (at, line) = (t + outcome.latency, access(shape, 0, outcome));
            let state = &self.state.pods[pod as usize];
            let (namespace, pod) = (Arc::clone(&state.namespace), Arc::clone(&state.name));
            self.state.logs.push(LogRecord { at, namespace, pod, line });
        }
    }

    pub(super) fn report_destination(
        &mut self,
        site: &Site,
        inbound: &Inbound,
        service: u32,
        pod: u32,
        t: f64,
        outcome: Outcome,
    ) {
        let bound = self.bound;
        let number = bound.pods[pod as usize];
        // A sidecar tells who it stands for in a header of each request, also in plain text; without one the certificate does.
        let told = inbound.mtls || site.proxy == Proxy::Sidecar;
        let source = site.group.filter(|_| told).map_or(UNKNOWN, |group| bound.groups[group as usize]);
        let key = EdgeKey {
            pod: number,
            reporter: Reporter::Destination,
            source,
            destination: bound.groups[inbound.group as usize],
            service: bound.services[service as usize],
            route: UNKNOWN,
            code: outcome.code,
            grpc: outcome.grpc,
            is_grpc: site.request.grpc,
            flags: outcome.flags,
            security: if inbound.mtls { Security::Mutual } else { Security::None },
        };
        self.count(key, t, outcome.latency);
        if self.sampled(number) {
            let ends = (address(site), address(inbound), Some(pod));
            let shape = self.state.shapes.of((ends, outcome.code, outcome.flags), || {
                let details = match &inbound.refused_by {
                    Some(by) => rbac(by),
                    None => details(outcome, true),
                };
                let upstream = Some(format!("{}:{}", bound.snapshot.pods()[pod as usize].ip, inbound.port));
                let cluster = format!("inbound|{}||", inbound.port);
                shape(site, Arc::clone(&inbound.path), outcome, details, upstream, cluster, None)
            });
            let [least, most] = inbound.serves.bytes;
            let bytes = least + self.stream.below(most.saturating_sub(least).max(1) as usize) as u32;
            let line = access(shape, bytes, outcome);
            self.log(bound, pod, t + outcome.latency, line);
        }
    }

    /// The number of the route by which a Gateway outside the mesh took a request.
    fn routed(&mut self, site: &Site) -> u32 {
        match &site.gateway {
            Some(gateway) if !site.proxy.meshed() => {
                let route = site.route.clone().unwrap_or_else(|| "unknown".into());
                self.state.routes.number((Arc::clone(gateway), route))
            }
            _ => UNKNOWN,
        }
    }

    fn count(&mut self, key: EdgeKey, t: f64, latency: f64) {
        self.state.touch(key.pod).seen += 1;
        let edge = self.state.edges.number(key);
        self.state.later(t + latency, Done::Edge(edge, (latency * 1000.0) as u64));
    }

    /// Whether this request of the proxy is logged: each with the same probability, so that shares stay true.
    fn sampled(&mut self, pod: u32) -> bool {
        let share = self.state.pods[pod as usize].logged;
        self.stream.chance(share)
    }
}

fn rbac(by: &str) -> String {
    let (namespace, name) = by.split_once('/').unwrap_or(("", by));
    format!("rbac_access_denied_matched_policy[ns[{namespace}]-policy[{name}]-rule[0]]")
}

fn details(outcome: Outcome, reached: bool) -> String {
    let word = if outcome.flags.has(Flags::FI) {
        "fault_filter_abort"
    } else if outcome.flags.has(Flags::RL) {
        "local_rate_limited"
    } else if outcome.flags.has(Flags::DC) {
        "downstream_remote_disconnect"
    } else if outcome.flags.has(Flags::UT) {
        "response_timeout"
    } else if outcome.flags.has(Flags::UF) {
        "upstream_reset_before_response_started{connection_failure}"
    } else if outcome.flags.has(Flags::UC) {
        "upstream_reset_before_response_started{connection_termination}"
    } else if outcome.flags.has(Flags::UO) {
        "upstream_reset_before_response_started{overflow}"
    } else if outcome.flags.has(Flags::UH) {
        "no_healthy_upstream"
    } else if outcome.flags.has(Flags::NR) {
        "route_not_found"
    } else if outcome.flags.has(Flags::NC) {
        "cluster_not_found"
    } else if reached {
        "via_upstream"
    } else {
        "direct_response"
    };
    word.to_owned()
}

fn shape(
    site: &Site,
    path: Arc<str>,
    outcome: Outcome,
    details: String,
    upstream: Option<String>,
    cluster: String,
    route: Option<Arc<str>>,
) -> Shape {
    let (method, host) = (site.request.method.clone(), site.request.host.clone());
    let (by, gateway, route) = (site.proxy, site.gateway.clone(), route.or_else(|| site.route.clone()));
    Shape {
        method,
        path,
        host,
        code: outcome.code,
        flags: outcome.flags,
        details,
        upstream,
        cluster,
        route,
        by,
        gateway,
    }
}

fn access(shape: Arc<Shape>, bytes: u32, outcome: Outcome) -> Line {
    Line::Access(Access { shape, bytes, ms: outcome.latency as f32 })
}
