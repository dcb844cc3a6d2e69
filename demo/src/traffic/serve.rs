//! The application's part of a walk: waiting for a worker, its work, its own calls, and what chaos engines do to all of it.

use std::sync::Arc;

use super::{
    chaos,
    compile::{Inbound, Site},
    flags::Flags,
    log::Line,
    state::Done,
    walk::{CONNECT, Outcome, Walk},
};

impl Walk<'_> {
    /// The application's part: waiting, work, its own calls.
    pub(super) fn serve(
        &mut self,
        site: &Site,
        inbound: &Inbound,
        (pod, number): (u32, u32),
        from: Option<u32>,
        t: f64,
        depth: u32,
    ) -> (f64, u16) {
        let bound = self.bound;
        let Some(inside) = bound.chaos.inside(number) else { return self.work(inbound, (pod, number), from, t, depth) };
        let method = site.request.method.as_str();
        let before = chaos::met(&inside.http, inbound, method, None);
        if let Some(code) = before.code {
            // A connection that its program closes is a 503 of the proxy before it.
            return (before.delay + 0.3, if code == 0 { 503 } else { code });
        }
        let mut latency = before.delay;
        for (share, ms) in &inside.files {
            if self.stream.chance(*share) {
                latency += ms;
            }
        }
        if self.stream.chance(inside.broken) {
            return (latency + 0.5, 500);
        }
        let (worked, mut code) = self.work(inbound, (pod, number), from, t + latency, depth);
        let after = chaos::met(&inside.http, inbound, method, Some(code));
        if let Some(instead) = after.code {
            code = if instead == 0 { 503 } else { instead };
        }
        (latency + worked + after.delay, code)
    }

    fn work(
        &mut self,
        inbound: &Inbound,
        (pod, number): (u32, u32),
        from: Option<u32>,
        t: f64,
        depth: u32,
    ) -> (f64, u16) {
        let bound = self.bound;
        let serves = &inbound.serves;
        let (chance, exponential) = (self.stream.unit(), self.stream.exponential(1.0));
        let draw = (serves.sigma * self.stream.normal()).exp();
        self.state.later(t, Done::PodMore(number));
        let state = self.state.touch(number);
        state.memory_per_request = serves.memory;
        let wait = state.queue.wait(chance, exponential);
        let own = serves.median * draw * state.queue.slower();
        state.queue.arrive(serves.median * (serves.sigma * serves.sigma / 2.0).exp(), serves.cpu, serves.workers);
        let mut latency = wait + own;
        let mut code = if self.stream.chance(serves.errors) { serves.error_code } else { 200 };
        let mut blamed = None;
        let group = bound.snapshot.group(inbound.group);
        if code < 500 {
            'steps: for step in &bound.snapshot.calls[inbound.group as usize] {
                let mut slowest = 0.0f64;
                for call in step {
                    if !self.stream.chance(call.share) {
                        continue;
                    }
                    let site = &bound.snapshot.sites[call.site as usize];
                    let wrong =
                        bound.chaos.inside(number).and_then(|own| own.lookup(&site.request.host, &group.namespace));
                    let outcome = match wrong {
                        None => match &call.sidecar {
                            Some(sidecar) => self.by_sidecar(call, sidecar, number, t + latency, depth),
                            None => self.call(site, Some(number), t + latency, call.timeout, depth + 1),
                        },
                        // No such name, said at once; or an address where nobody answers.
                        Some(false) => Outcome::plain(2.0, 0, Flags::NONE),
                        Some(true) => Outcome::plain(call.timeout.min(CONNECT), 0, Flags::NONE),
                    };
                    slowest = slowest.max(outcome.latency);
                    // An application asks for success: a refusal hurts it like an error.
                    if (outcome.failed() || outcome.code >= 400) && !call.optional {
                        code = 500;
                        blamed = Some((site.request.host.as_str(), outcome.code));
                    }
                }
                latency += slowest;
                if code >= 500 {
                    break 'steps;
                }
            }
        }
        self.state.later(t + latency, Done::Pod(number));
        let class = ["1xx", "2xx", "3xx", "4xx", "5xx"].get((code / 100).saturating_sub(1) as usize).copied();
        if let Some(template) = class.and_then(|class| group.behaviour.logs.get(class))
            && self.state.pods[number as usize].logged >= self.stream.unit()
        {
            let caller = from.map(|from| Arc::clone(&self.state.pods[from as usize].name));
            let (peer, shown) = blamed.unwrap_or((caller.as_deref().unwrap_or("client"), code));
            let text = template
                .replace("{{code}}", &shown.to_string())
                .replace("{{peer}}", peer)
                .replace("{{ms}}", &format!("{latency:.0}"))
                .replace("{{path}}", &inbound.path);
            self.log(bound, pod, t + latency, Line::App(text.into()));
        }
        (latency, code)
    }
}
