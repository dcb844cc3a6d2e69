//! One container: pulled, started, ready, ended, started again after a back-off that doubles.

use std::time::Duration;

use jiff::Timestamp;

use super::super::{
    behaviour::Crash,
    ctx::Ctx,
    events::{KUBELET, Mood, record},
    key::Key,
    time,
};
use crate::base::objects::Objects;

/// Back-offs begin here and double.
const FIRST: Duration = Duration::from_secs(10);
/// They do not grow beyond this.
const MOST: Duration = Duration::from_mins(5);

/// What is decided about a container.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "four independent answers, each asked by name")]
pub(super) struct Plan {
    pub image: String,
    pub node: String,
    pub not_found: bool,
    pub pull: Duration,
    pub present: bool,
    pub crash: Option<Crash>,
    pub ready: Duration,
    pub runs: Option<Duration>,
    pub stays: bool,
    pub restart: String,
    pub unready: bool,
    pub jitter: Duration,
}

/// Where it is.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::control) enum Phase {
    /// Not begun.
    New,
    /// The image is being pulled until then.
    Pulling(Timestamp),
    /// The image is not there; `true` once the back-off is told. Tried again then.
    NoImage { backing_off: bool, again: Timestamp },
    /// Running.
    Running { since: Timestamp, ready: bool },
    /// Ended and waiting to be started again.
    BackOff { again: Timestamp, wait: Duration },
    /// Ended for good.
    Done,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::control) struct Ended {
    pub code: i64,
    pub reason: &'static str,
    pub since: Timestamp,
    pub at: Timestamp,
}

/// A container.
#[derive(Debug, Clone)]
pub struct Container {
    pub(in crate::control) index: (bool, usize),
    pub(in crate::control) image: String,
    pub(in crate::control) phase: Phase,
    pub(in crate::control) restarts: i64,
    pub(in crate::control) ended: Option<Ended>,
    pub(in crate::control) tries: u32,
    crashes: u32,
}

impl Container {
    pub(super) fn new(index: (bool, usize), image: &str) -> Self {
        let image = image.to_owned();
        Self { index, image, phase: Phase::New, restarts: 0, ended: None, tries: 0, crashes: 0 }
    }

    pub(super) fn running(&mut self, since: Timestamp, restarts: i64) {
        self.phase = Phase::Running { since, ready: false };
        self.restarts = restarts;
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running { .. })
    }

    pub(super) fn done_well(&self) -> bool {
        self.phase == Phase::Done && self.ended.as_ref().is_some_and(|ended| ended.code == 0)
    }

    /// The program ended.
    pub(super) fn end(&mut self, code: i64, reason: &'static str, now: Timestamp) {
        if let Phase::Running { since, .. } = self.phase {
            self.ended = Some(Ended { code, reason, since, at: now });
            self.phase = Phase::Done;
        }
    }

    /// Somebody changed the image: what runs is stopped, what waits begins anew.
    pub(super) fn wanted(&mut self, image: &str, now: Timestamp) {
        if self.image == image {
            return;
        }
        image.clone_into(&mut self.image);
        (self.tries, self.crashes) = (0, 0);
        if self.is_running() {
            self.end(0, "Completed", now);
            self.restarts += 1;
        }
        self.phase = Phase::New;
    }

    /// Moves on. Answers when to look again.
    pub(super) fn step<O: Objects>(
        &mut self,
        ctx: &mut Ctx<'_, O>,
        key: &Key,
        name: &str,
        plan: &Plan,
    ) -> Option<Timestamp> {
        // Each turn moves one phase on; a container passes through a handful at most before it has to wait.
        for _ in 0..8 {
            let before = self.phase.clone();
            let wait = match before {
                Phase::New => self.begin(ctx, key, plan),
                Phase::Pulling(until) => self.pulling(ctx, key, name, plan, until),
                Phase::NoImage { backing_off, again } => self.no_image(ctx, key, plan, backing_off, again),
                Phase::Running { since, ready } => self.runs(ctx, key, name, plan, since, ready),
                Phase::BackOff { again, .. } => self.back_off(ctx, key, name, plan, again),
                Phase::Done => self.done(ctx, key, name, plan),
            };
            if self.phase == before {
                return wait;
            }
        }
        Some(ctx.now)
    }

    fn begin<O: Objects>(&mut self, ctx: &mut Ctx<'_, O>, key: &Key, plan: &Plan) -> Option<Timestamp> {
        if plan.not_found || !plan.present {
            record(ctx, key, Mood::Normal, "Pulling", &format!("Pulling image \"{}\"", self.image), KUBELET);
        }
        self.phase = Phase::Pulling(time::later(ctx.now, plan.pull));
        None
    }

    fn pulling<O: Objects>(
        &mut self,
        ctx: &mut Ctx<'_, O>,
        key: &Key,
        name: &str,
        plan: &Plan,
        until: Timestamp,
    ) -> Option<Timestamp> {
        if until > ctx.now {
            return Some(until);
        }
        let image = &self.image;
        if plan.not_found {
            let said = format!("Failed to pull image \"{image}\": {}", missing(image));
            record(ctx, key, Mood::Warning, "Failed", &said, KUBELET);
            record(ctx, key, Mood::Warning, "Failed", "Error: ErrImagePull", KUBELET);
            let again = time::later(ctx.now, backoff(self.tries));
            self.tries += 1;
            self.phase = Phase::NoImage { backing_off: false, again };
            return None;
        }
        let said = if plan.present {
            format!("Container image \"{image}\" already present on machine")
        } else {
            ctx.state.pulled.insert((plan.node.clone(), image.clone()));
            let took = time::words(plan.pull);
            format!("Successfully pulled image \"{image}\" in {took} ({took} including waiting).")
        };
        record(ctx, key, Mood::Normal, "Pulled", &said, KUBELET);
        self.start(ctx, key, name);
        None
    }

    fn start<O: Objects>(&mut self, ctx: &mut Ctx<'_, O>, key: &Key, name: &str) {
        record(ctx, key, Mood::Normal, "Created", &format!("Created container: {name}"), KUBELET);
        record(ctx, key, Mood::Normal, "Started", &format!("Started container {name}"), KUBELET);
        self.phase = Phase::Running { since: ctx.now, ready: false };
    }

    fn no_image<O: Objects>(
        &mut self,
        ctx: &mut Ctx<'_, O>,
        key: &Key,
        plan: &Plan,
        backing_off: bool,
        again: Timestamp,
    ) -> Option<Timestamp> {
        // The error is told first; a moment later, that one waits.
        let turns = time::earlier(again, backoff(self.tries - 1)).max(time::earlier(again, MOST));
        let told = time::later(turns, Duration::from_secs(2));
        if !backing_off && ctx.now < told {
            return Some(told);
        }
        if !backing_off {
            let said = format!("Back-off pulling image \"{}\"", self.image);
            record(ctx, key, Mood::Normal, "BackOff", &said, KUBELET);
            record(ctx, key, Mood::Warning, "Failed", "Error: ImagePullBackOff", KUBELET);
            self.phase = Phase::NoImage { backing_off: true, again };
            return None;
        }
        if again > ctx.now {
            return Some(again);
        }
        self.begin(ctx, key, plan)
    }

    fn runs<O: Objects>(
        &mut self,
        ctx: &mut Ctx<'_, O>,
        key: &Key,
        name: &str,
        plan: &Plan,
        since: Timestamp,
        ready: bool,
    ) -> Option<Timestamp> {
        if let Some(crash) = &plan.crash {
            let ends = time::later(since, crash.after);
            if ends <= ctx.now {
                let reason = if crash.code == 0 { "Completed" } else { "Error" };
                self.end(crash.code, reason, ctx.now);
                return None;
            }
        }
        if let Some(span) = plan.runs {
            let ends = time::later(since, span + plan.jitter);
            if ends <= ctx.now {
                self.end(0, "Completed", ctx.now);
                return None;
            }
        }
        // What ran long enough may crash again without the old penalty.
        if self.crashes > 0 && time::elapsed(since, ctx.now) >= Duration::from_mins(10) {
            self.crashes = 0;
        }
        let turns = time::later(since, plan.ready);
        let now_ready = turns <= ctx.now && !plan.unready;
        if ready != now_ready {
            if ready {
                let said = "Readiness probe failed: HTTP probe failed with statuscode: 503";
                record(ctx, key, Mood::Warning, "Unhealthy", said, KUBELET);
            }
            self.phase = Phase::Running { since, ready: now_ready };
            return None;
        }
        let _ = name;
        let crash = plan.crash.as_ref().map(|crash| time::later(since, crash.after));
        let runs = plan.runs.map(|span| time::later(since, span + plan.jitter));
        let probe = (turns > ctx.now).then_some(turns);
        [crash, runs, probe].into_iter().flatten().min()
    }

    fn done<O: Objects>(&mut self, ctx: &mut Ctx<'_, O>, key: &Key, name: &str, plan: &Plan) -> Option<Timestamp> {
        let ended = self.ended.clone()?;
        let again = match plan.restart.as_str() {
            "Always" => !self.index.0 || plan.stays || ended.code != 0,
            "OnFailure" => ended.code != 0,
            _ => false,
        };
        if !again {
            return None;
        }
        // The end is told before anything follows.
        let shown = time::later(ended.at, Duration::from_secs(1));
        if shown > ctx.now {
            return Some(shown);
        }
        if self.crashes == 0 {
            self.crashes = 1;
            self.restarts += 1;
            let image = &self.image;
            let said = format!("Container image \"{image}\" already present on machine");
            record(ctx, key, Mood::Normal, "Pulled", &said, KUBELET);
            self.start(ctx, key, name);
            return None;
        }
        let wait = backoff(self.crashes - 1);
        self.phase = Phase::BackOff { again: time::later(ended.at, wait), wait };
        let said = format!("Back-off restarting failed container {name} in pod {}_{}", key.name, key.namespace);
        record(ctx, key, Mood::Warning, "BackOff", &said, KUBELET);
        None
    }

    fn back_off<O: Objects>(
        &mut self,
        ctx: &mut Ctx<'_, O>,
        key: &Key,
        name: &str,
        plan: &Plan,
        again: Timestamp,
    ) -> Option<Timestamp> {
        if again > ctx.now {
            return Some(again);
        }
        let said = format!("Container image \"{}\" already present on machine", plan.image);
        record(ctx, key, Mood::Normal, "Pulled", &said, KUBELET);
        self.crashes += 1;
        self.restarts += 1;
        self.start(ctx, key, name);
        None
    }
}

fn backoff(times: u32) -> Duration {
    FIRST.saturating_mul(1 << times.min(8)).min(MOST)
}

/// The container runtime's words for an image the registry does not have.
pub(in crate::control) fn missing(image: &str) -> String {
    let name = full(image);
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{name}\": failed to resolve reference \"{name}\": {name}: not found"
    )
}

/// An image with its registry, as container runtimes tell it.
pub(in crate::control) fn full(image: &str) -> String {
    let image = if image.rsplit('/').next().unwrap_or_default().contains([':', '@']) {
        image.to_owned()
    } else {
        format!("{image}:latest")
    };
    match image.split_once('/') {
        None => format!("docker.io/library/{image}"),
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => image,
        Some(_) => format!("docker.io/{image}"),
    }
}
