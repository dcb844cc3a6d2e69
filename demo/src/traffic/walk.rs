//! The walk of one request through the proxies and pods it meets.
//!
//! A walk is drawn at once, in the order its parts would happen; what begins and ends later is put on the heap of the state,
//! so that requests in flight and counters are right at every moment. A choice made ahead of time sees the load of now.

use std::sync::Arc;

use super::{
    chaos::Way,
    compile::{Choice, Cluster, End, Fault, Forward, Inbound, Link, Missing, Model, Proxy, Reply, Retries, Site},
    edge::{Reporter, UNKNOWN},
    flags::Flags,
    state::{Bound, Done, State},
    stream::Stream,
    tries::Tries,
    tunnel::TunnelKey,
};

/// Deeper calls end with an error: the behaviours call each other in a circle.
const DEEPEST: u32 = 32;
/// How long a connection is tried when nobody answers, milliseconds (Istio's default).
pub(super) const CONNECT: f64 = 10_000.0;
/// A proxy's own work on a request.
const PROXY: f64 = 0.15;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Milliseconds until the answer.
    pub latency: f64,
    /// HTTP status; 0 without an answer.
    pub code: u16,
    /// gRPC status, for gRPC.
    pub grpc: Option<u8>,
    /// Flags of the caller's proxy.
    pub flags: Flags,
}

impl Outcome {
    pub(super) fn plain(latency: f64, code: u16, flags: Flags) -> Self {
        Self { latency, code, grpc: None, flags }
    }

    /// Whether the caller got what it wanted.
    pub fn failed(&self) -> bool {
        self.code == 0 || self.code >= 500 || self.grpc.is_some_and(|grpc| grpc != 0)
    }
}

/// A walk in a bound snapshot.
pub(super) struct Walk<'a> {
    pub(super) bound: &'a Bound,
    pub(super) state: &'a mut State,
    pub(super) stream: Stream,
}

/// What one try came to.
struct Try {
    outcome: Outcome,
    /// It reached no pod.
    lost: bool,
    connect: bool,
    reset: bool,
}

/// Whom the caller's proxy reports as called.
#[derive(Clone, Copy)]
pub(super) struct Called<'a> {
    pub(super) group: Option<u32>,
    pub(super) pod: Option<u32>,
    pub(super) port: u16,
    pub(super) cluster: Option<&'a Cluster>,
    /// Bytes of its answers, on average.
    pub(super) bytes: u32,
    pub(super) mutual: bool,
}

impl Called<'_> {
    const NOBODY: Self = Self { group: None, pod: None, port: 0, cluster: None, bytes: 0, mutual: false };
}

/// Faults drawn: the delay, the answer, the flags.
struct Drawn {
    delay: f64,
    reply: Option<Reply>,
    flags: Flags,
}

impl Walk<'_> {
    /// Sends a request at `t` from a pod (of the state), or from outside; the caller waits `patience`.
    pub(super) fn call(&mut self, site: &Site, from: Option<u32>, t: f64, patience: f64, depth: u32) -> Outcome {
        if depth > DEEPEST {
            return Outcome::plain(0.0, 508, Flags::NONE);
        }
        if site.good_until.is_some_and(|until| t >= until) {
            // The client does not take the certificate: the handshake ends, and no request was ever there.
            return Outcome::plain(2.0, 0, Flags::NONE);
        }
        let origin = from;
        let mut from = from;
        if !site.via.is_empty() {
            let waypoint = self.bound.pods[site.via[self.stream.below(site.via.len())] as usize];
            if !self.state.pods[waypoint as usize].alive {
                return Outcome::plain(0.5, 0, Flags::UF);
            }
            self.state.touch(waypoint).queue.arrive(0.3, 0.2, 256);
            from = Some(waypoint);
        }
        let limited = from.and_then(|pod| self.state.limited(pod, &site.limits, t)).map(|limit| limit.status);
        let mut drawn = match limited {
            Some(status) => Drawn { delay: 0.0, reply: Some(Reply::Http(status)), flags: Flags::RL },
            None => self.draw(site.faults.iter()),
        };
        let route_fault = match &site.choice {
            Choice::Forward(forward) if drawn.reply.is_none() => forward.fault.as_ref(),
            _ => None,
        };
        if let Some(fault) = route_fault {
            let more = self.draw(std::iter::once(fault));
            drawn = Drawn { delay: drawn.delay + more.delay, reply: more.reply, flags: drawn.flags.and(more.flags) };
        }
        let mut called = Called::NOBODY;
        let own = if site.proxy.reads() { PROXY } else { 0.0 };
        let mut outcome = match (&drawn.reply, &site.choice) {
            (Some(reply), _) => replied(*reply, own),
            (None, Choice::NoRoute) => Outcome::plain(own, 404, Flags::NR),
            (None, Choice::Lost) => Outcome::plain(1.0, 0, Flags::UH),
            (None, Choice::Answer(code, _)) => Outcome::plain(own, *code, Flags::NONE),
            (None, Choice::Beyond) => Outcome::plain(40.0 * (0.4 * self.stream.normal()).exp(), 200, Flags::NONE),
            (None, Choice::Nowhere) => self.in_vain(site),
            (None, Choice::Forward(forward)) => {
                let (start, left) = (t + drawn.delay + own, patience - drawn.delay - own);
                let (mut outcome, reached) = self.forward(site, forward, from, start, left, depth);
                called = reached;
                outcome.latency += own;
                outcome
            }
        };
        outcome.latency += drawn.delay;
        outcome.flags = outcome.flags.and(drawn.flags);
        if outcome.latency > patience {
            outcome = Outcome::plain(patience, 0, drawn.flags.and(Flags::DC));
        }
        if site.request.grpc && outcome.grpc.is_none() {
            outcome.grpc = Some(grpc_of(outcome.code));
        }
        // Of what the caller itself encrypts its proxy sees a connection.
        let sealed = site.request.tls && matches!(site.choice, Choice::Beyond | Choice::Nowhere);
        if let Some(pod) = from.filter(|_| site.proxy.reads() && !sealed) {
            self.report_source(site, pod, t, outcome, called);
        }
        if let (Some(pod), Some(_)) = (origin.filter(|_| site.tunnelled), called.group) {
            self.tunnel(site, Reporter::Source, pod, called);
        }
        outcome
    }

    /// A ztunnel at one end of a connection counts it.
    fn tunnel(&mut self, site: &Site, reporter: Reporter, pod: u32, called: Called<'_>) {
        let group = |group: Option<u32>| group.map_or(UNKNOWN, |group| self.bound.groups[group as usize]);
        // It knows by the address who calls in plain text.
        let key = TunnelKey {
            pod,
            reporter,
            source: group(site.caller),
            destination: group(called.group),
            service: called.cluster.map_or(UNKNOWN, |cluster| self.bound.services[cluster.service as usize]),
            mutual: called.mutual,
        };
        self.state.tunnels.count(key, called);
    }

    fn draw<'f>(&mut self, faults: impl Iterator<Item = &'f Fault>) -> Drawn {
        let mut drawn = Drawn { delay: 0.0, reply: None, flags: Flags::NONE };
        for fault in faults {
            if let Some((share, ms)) = fault.delay
                && self.stream.chance(share)
            {
                drawn.delay += ms;
                drawn.flags = drawn.flags.and(Flags::DI);
            }
            if let Some((share, reply)) = fault.abort
                && self.stream.chance(share)
            {
                drawn.flags = drawn.flags.and(Flags::FI);
                drawn.reply = Some(reply);
                break;
            }
        }
        drawn
    }

    fn forward<'f>(
        &mut self,
        site: &Site,
        forward: &'f Forward,
        from: Option<u32>,
        t: f64,
        patience: f64,
        depth: u32,
    ) -> (Outcome, Called<'f>) {
        let nobody = Called::NOBODY;
        let mut at = (self.stream.unit() * f64::from(forward.weights)) as u32;
        let chosen = forward.ends.iter().find(|(weight, _)| {
            let here = at < *weight;
            at = at.saturating_sub(*weight);
            here
        });
        let cluster = match chosen {
            Some((_, End::Cluster(cluster))) => cluster,
            Some((_, End::Model(model))) => return (self.think(site, model, from), nobody),
            // No valid backend for this share.
            Some((_, End::Nowhere)) | None => {
                let (code, flags) = match forward.missing {
                    Missing::Error => (500, Flags::NONE),
                    Missing::NoCluster => (503, Flags::NC),
                };
                return (Outcome::plain(0.0, code, flags), nobody);
            }
        };
        let limit = forward.timeout.unwrap_or(f64::INFINITY);
        let caller = site.group.map_or(UNKNOWN, |group| self.bound.groups[group as usize]);
        let mut called = Called { cluster: Some(cluster), ..nobody };
        let pool = cluster.pool.map(|pool| (self.state.pool(caller, &cluster.name), pool.most));
        let budget = cluster.pool.filter(|pool| pool.retries < u32::MAX).map(|pool| {
            let name: Arc<str> = format!("{}|retries", cluster.name).into();
            (self.state.pool(caller, &name), pool.retries)
        });
        let mut told = Tries::default();
        let mut tried = [u32::MAX; 8];
        let (mut elapsed, mut n, mut retries) = (0.0, 0u32, 0u32);
        let outcome = loop {
            if let Some((pool, most)) = pool
                && self.state.pools[pool as usize] >= most
            {
                told.refused += 1;
                break Outcome::plain(elapsed, 503, Flags::UO);
            }
            let Some((pod, inbound)) = self.pick(site, cluster, caller, t + elapsed, &tried) else {
                told.hostless += 1;
                break Outcome::plain(elapsed, 503, Flags::UH);
            };
            let inbound = &forward.inbounds[inbound as usize];
            called = Called {
                group: Some(inbound.group),
                pod: Some(pod),
                port: inbound.port,
                cluster: Some(cluster),
                bytes: inbound.serves.bytes[0].midpoint(inbound.serves.bytes[1]),
                mutual: inbound.mtls,
            };
            tried[n as usize % tried.len()] = pod;
            let per_try = forward.per_try.unwrap_or(f64::INFINITY);
            let left = (limit - elapsed).min(patience - elapsed);
            let one = self.attempt(site, inbound, called, from, pod, t + elapsed, per_try.min(left), depth);
            told.lost += u64::from(one.lost);
            let spent = one.outcome.latency.min(per_try).min(left.max(0.0));
            for (pool, _) in pool.into_iter().chain(budget.filter(|_| retries > 0)) {
                self.state.later(t + elapsed, Done::PoolMore(pool));
                self.state.later(t + elapsed + spent, Done::Pool(pool));
            }
            elapsed += spent;
            let timed_out = one.outcome.latency > per_try.min(left);
            told.answered(if timed_out { 504 } else { one.outcome.code });
            self.note(cluster, (caller, from), pod, t + elapsed, &one, timed_out);
            if timed_out && left <= per_try {
                // The whole request is over: by the route's timeout, or because the caller went away.
                let gone = patience <= limit;
                break if gone {
                    Outcome::plain(f64::INFINITY, 0, Flags::DC)
                } else {
                    Outcome::plain(elapsed, 504, Flags::UT)
                };
            }
            let mut ended = one.outcome;
            ended.latency = elapsed;
            if timed_out {
                (ended.code, ended.grpc, ended.flags) = (504, None, Flags::UT);
            }
            if !again(&forward.retries, &one, timed_out) {
                told.saved += u64::from(retries > 0);
                break ended;
            }
            if retries >= forward.retries.attempts {
                if forward.retries.attempts > 0 {
                    told.exhausted += 1;
                    ended.flags = ended.flags.and(Flags::URX);
                }
                break ended;
            }
            if let Some((budget, most)) = budget
                && self.state.pools[budget as usize] >= most
            {
                told.overflows += 1;
                ended.flags = ended.flags.and(Flags::UO);
                break ended;
            }
            retries += 1;
            n += 1;
            elapsed += self.pause(retries);
        };
        if let Some(from) = from.filter(|_| site.proxy.reads()) {
            told.retries = u64::from(retries);
            self.state.tries.entry((from, Arc::clone(&cluster.name))).or_default().add(&told);
        }
        (outcome, called)
    }

    /// A model answers, outside the cluster.
    fn think(&mut self, site: &Site, model: &Model, from: Option<u32>) -> Outcome {
        let latency = model.takes.0 * (model.takes.1 * self.stream.normal()).exp();
        let [least, most] = model.tokens;
        let used = least + self.stream.below(most.saturating_sub(least).max(1) as usize) as u32;
        if let Some(from) = from.filter(|_| model.status == 200) {
            self.state.used(from, &site.limits, used);
        }
        // Envoy goes nowhere with a key that is not there.
        let status = if model.status == 401 && site.proxy == Proxy::Envoy { 500 } else { model.status };
        Outcome::plain(latency, status, Flags::NONE)
    }

    /// How long a proxy waits before a try.
    fn pause(&mut self, retry: u32) -> f64 {
        let pause = 25.0 * f64::from(1u32 << retry.min(8)) * 0.5 * (0.5 + self.stream.unit());
        pause.min(250.0)
    }

    /// Nobody has the address: each try waits for its connection. What the caller encrypts is one connection, tried once.
    fn in_vain(&mut self, site: &Site) -> Outcome {
        if site.request.tls {
            return Outcome::plain(CONNECT, 0, Flags::UF);
        }
        let mut latency = CONNECT;
        for retry in 1..=Retries::mesh_default().attempts {
            latency += self.pause(retry) + CONNECT;
        }
        Outcome::plain(latency, 503, Flags::UF.and(Flags::URX))
    }

    /// The less loaded of two random hosts that are neither ejected nor tried; tried ones when nothing else is left.
    fn pick(&mut self, site: &Site, cluster: &Cluster, caller: u32, t: f64, tried: &[u32]) -> Option<(u32, u32)> {
        let hosts = &cluster.endpoints;
        if hosts.is_empty() {
            return None;
        }
        if !site.proxy.reads() {
            return Some(hosts[self.stream.below(hosts.len())]);
        }
        let out = |walk: &Self, host: &(u32, u32)| {
            cluster.outlier.is_some() && {
                let key = (caller, walk.bound.pods[host.0 as usize]);
                walk.state.health.get(&key).is_some_and(|health| health.out(t))
            }
        };
        let from = |walk: &Self, start: usize, fresh: bool| {
            let around = hosts[start..].iter().chain(&hosts[..start]);
            around.copied().find(|host| !(out(walk, host) || fresh && tried.contains(&host.0)))
        };
        let (first, second) = (self.stream.below(hosts.len()), self.stream.below(hosts.len()));
        let a = from(self, first, true).or_else(|| from(self, first, false))?;
        let b = from(self, second, true).unwrap_or(a);
        let load = |host: &(u32, u32)| self.state.pods[self.bound.pods[host.0 as usize] as usize].in_flight;
        Some(if load(&b) < load(&a) { b } else { a })
    }

    /// Tells the caller's proxies how the host did.
    fn note(
        &mut self,
        cluster: &Cluster,
        (caller, from): (u32, Option<u32>),
        pod: u32,
        t: f64,
        one: &Try,
        timed_out: bool,
    ) {
        let Some(outlier) = &cluster.outlier else { return };
        let local = one.connect || one.reset || timed_out;
        let key = (caller, self.bound.pods[pod as usize]);
        if !self.state.health.entry(key).or_default().note(one.outcome.code, local, outlier) {
            return;
        }
        let out = |host: &&(u32, u32)| {
            let key = (caller, self.bound.pods[host.0 as usize]);
            self.state.health.get(&key).is_some_and(|health| health.out(t))
        };
        let already = cluster.endpoints.iter().filter(out).count();
        let most = ((outlier.most * cluster.endpoints.len() as f64) as usize).max(1);
        if already < most
            && let Some(health) = self.state.health.get_mut(&key)
        {
            health.eject(t, outlier);
            self.state.ejected.note(caller, &cluster.name, key.1);
            if let Some(from) = from {
                self.state.tries.entry((from, Arc::clone(&cluster.name))).or_default().ejections += 1;
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the ends of one try and when")]
    fn attempt(
        &mut self,
        site: &Site,
        inbound: &Inbound,
        called: Called<'_>,
        from: Option<u32>,
        pod: u32,
        t: f64,
        limit: f64,
        depth: u32,
    ) -> Try {
        let number = self.bound.pods[pod as usize];
        // A caller without a proxy sees no answer where a proxy would write one.
        let lost = |latency: f64, flags: Flags, connect: bool| {
            let code = if site.proxy.reads() { 503 } else { 0 };
            Try { outcome: Outcome::plain(latency, code, flags), lost: true, connect, reset: !connect }
        };
        match inbound.link {
            Link::Partition => return lost(CONNECT, Flags::UF, true),
            Link::TlsMismatch | Link::Denied => return lost(1.0, Flags::UC, false),
            Link::Open if !self.state.pods[number as usize].alive => return lost(0.5, Flags::UF, true),
            Link::Open => {}
        }
        let bytes = f64::from(inbound.serves.bytes[0].midpoint(inbound.serves.bytes[1]));
        let way = match self.bound.chaos.way(from, number, bytes, &mut self.stream) {
            Way::Through(more) => more,
            Way::Cut => return lost(CONNECT, Flags::UF, true),
            Way::Broken(after) => return lost(after, Flags::UC, false),
        };
        let network = 0.3 + self.stream.exponential(0.1) + way;
        if self.bound.snapshot.group(inbound.group).proxy == Proxy::Ambient {
            self.tunnel(site, Reporter::Destination, number, called);
        }
        let proxied = self.state.pods[number as usize].proxy.reads();
        let mut flags = Flags::NONE;
        let (mut latency, mut code, mut grpc) = (if proxied { PROXY } else { 0.0 }, 403, None);
        if inbound.refused_by.is_none() {
            let limited = self.state.limited(number, &inbound.limits, t + network).map(|limit| limit.status);
            let drawn = match limited {
                Some(status) => Drawn { delay: 0.0, reply: Some(Reply::Http(status)), flags: Flags::RL },
                None => self.draw(inbound.faults.iter()),
            };
            latency += drawn.delay;
            flags = drawn.flags;
            if let Some(reply) = drawn.reply {
                let outcome = replied(reply, 0.0);
                (code, grpc) = (outcome.code, outcome.grpc);
            } else if self.state.pods[number as usize].queue.full() {
                (code, flags) = (503, flags.and(Flags::UO));
            } else {
                let (served, status) = self.serve(site, inbound, (pod, number), from, t + network + latency, depth);
                latency += served;
                code = status;
            }
        }
        if site.request.grpc && grpc.is_none() {
            grpc = Some(grpc_of(code));
        }
        let mut seen = Outcome { latency, code, grpc, flags };
        if latency + network > limit {
            // The caller went away; the pod works to the end all the same.
            seen = Outcome::plain((limit - network).max(0.0), 0, flags.and(Flags::DC));
        }
        if proxied {
            let service = called.cluster.map_or(UNKNOWN, |cluster| cluster.service);
            self.report_destination(site, inbound, service, pod, t + network, seen);
        }
        let outcome = Outcome { latency: latency + network, code, grpc, flags: Flags::NONE };
        Try { outcome, lost: false, connect: false, reset: false }
    }
}

fn replied(reply: Reply, latency: f64) -> Outcome {
    match reply {
        Reply::Http(code) => Outcome::plain(latency, code, Flags::NONE),
        Reply::Grpc(status) => Outcome { grpc: Some(status), ..Outcome::plain(latency, 200, Flags::NONE) },
    }
}

/// Whether a try is followed by another.
fn again(retries: &Retries, one: &Try, timed_out: bool) -> bool {
    if retries.attempts == 0 {
        return false;
    }
    let (code, grpc) = if timed_out { (504, None) } else { (one.outcome.code, one.outcome.grpc) };
    (one.connect && retries.connect)
        || (one.reset && retries.reset)
        || (retries.five && (code >= 500 || code == 0))
        || (retries.gateway && matches!(code, 502..=504))
        || retries.codes.contains(&code)
        || grpc.is_some_and(|grpc| retries.grpc.contains(&grpc))
}

/// The gRPC status a client makes of an HTTP status (gRPC, "HTTP to gRPC Status Code Mapping").
fn grpc_of(code: u16) -> u8 {
    match code {
        200 => 0,
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => 2,
    }
}
