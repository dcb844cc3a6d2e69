//! Whether a fault bites: what each plan should make visible, what is asked to see it, and the verdict.
//!
//! Figures are held against those taken before anything was applied. Nothing seen within 30 s is said with the usual reasons:
//! silence is never shown as resilience.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    catalogue::{self, Deed, row},
    intent::{Driver, FaultKind, Target},
    observe::{Observe, Observed, Standing},
    plan::{Change, Plan, Step},
    questions,
    sign::Sign,
    view::{EvidenceState, EvidenceView},
};
use crate::{
    cluster::{Manifest, ObjectRef},
    mesh::{
        resolve::World,
        routes::{RouteKind, RouteRow},
        wins::{self, Wins},
    },
};

/// After so long without a sign it is said that there is none.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked for.
pub const EVERY: Duration = Duration::from_secs(3);
/// A rise of a share that is more than noise.
const RISE: f64 = 0.02;
/// A fall of a rate, as a share of it, that is more than its waves.
const FALL: f64 = 0.2;
/// A change of the tries of a request that is more than noise.
const AGAIN: f64 = 0.05;

/// What a plan should make visible.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// A share of the requests is answered so.
    Answers {
        /// `503s`, `gRPC status 14`.
        what: String,
        /// PromQL; the share, one series a reporter.
        question: String,
        /// By how much it should rise at least; negative: fall.
        rise: f64,
    },
    /// Fewer requests arrive.
    Fewer {
        /// PromQL; requests per second.
        question: String,
    },
    /// Requests are tried more often, or less.
    Tries {
        /// PromQL; tries of a request on average.
        question: String,
        /// Whether more often.
        more: bool,
    },
    /// Requests take longer.
    Latency {
        /// PromQL; the mean in milliseconds, one series a reporter.
        question: String,
        /// By how much it should rise at least.
        rise_ms: f64,
    },
    /// Another number of ready replicas.
    Replicas {
        /// The workload.
        object: ObjectRef,
        /// Before.
        from: u32,
        /// Wanted.
        to: u32,
    },
    /// These pods end; uids as they were.
    Ends(Vec<(ObjectRef, String)>),
    /// A controller accepts our route beside theirs.
    Route {
        /// Ours.
        ours: ObjectRef,
        /// The one it claims the requests of.
        theirs: ObjectRef,
        /// It is to take them.
        takes: bool,
    },
    /// The object's own status shows it.
    Object {
        /// The object.
        object: ObjectRef,
        /// What its status should show.
        sign: Sign,
    },
    /// Chaos engines say that they act on these objects.
    Engine(Vec<Observed>),
    /// Nobody can say what these objects should do.
    Unknown,
}

/// What is asked of the world for it.
#[derive(Debug, Clone, PartialEq)]
pub enum Look<'a> {
    /// A PromQL query.
    Metric(&'a str),
    /// These objects.
    Objects(Vec<&'a ObjectRef>),
    /// Nothing.
    Nothing,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// The greatest number of an answer; `None` when nothing was counted.
    Number(Option<f64>),
    /// The objects, in order; `None` where there is none.
    Objects(Vec<Option<Manifest>>),
    /// None, and why.
    Unread(String),
}

/// What this plan should make visible, as its kind tells.
pub fn expected(plan: &Plan) -> Expected {
    catalogue::deed(&plan.fault).map_or(Expected::Unknown, |deed| (row(plan.fault.kind).expects)(plan, &deed))
}

/// The engines behind what the plan makes say that they act; nobody can say anything where there is none.
pub fn engine(plan: &Plan, _: &Deed) -> Expected {
    let objects: Vec<Observed> = plan.steps.iter().filter_map(Observe::at).collect();
    if objects.is_empty() { Expected::Unknown } else { Expected::Engine(objects) }
}

/// A share of the requests to what is hit is answered so; `matcher` are labels of `istio_requests_total`.
pub fn answered(plan: &Plan, what: String, matcher: &str) -> Expected {
    let rise = (plan.reach.portion / 4.0).min(RISE);
    Expected::Answers { what, question: questions::share(plan, matcher), rise }
}

/// A share of the requests to what is hit is no longer answered so.
pub fn no_longer(plan: &Plan, what: &str, matcher: &str) -> Expected {
    Expected::Answers { what: what.to_owned(), question: questions::share(plan, matcher), rise: -RISE }
}

/// Fewer requests arrive at what is hit; `matcher` are labels of those that are counted.
pub fn fewer(plan: &Plan, matcher: &str) -> Expected {
    Expected::Fewer { question: questions::arriving(plan, matcher) }
}

/// Requests to what is hit are tried more often, or less.
pub fn retried(plan: &Plan, more: bool) -> Expected {
    Expected::Tries { question: questions::tries(plan), more }
}

/// A share of the requests of the routes hit is answered so by their agentgateway; `matcher` are labels of its series.
pub fn answered_at_gateway(plan: &Plan, what: String, matcher: &str) -> Expected {
    let rise = (plan.reach.portion / 4.0).min(RISE);
    Expected::Answers { what, question: questions::share_at_gateway(plan, matcher), rise }
}

/// Sidecars of Dapr act by the policies of the Resiliency that the plan makes or changes.
pub fn dapr_acts(plan: &Plan) -> Expected {
    let name = plan.steps.first().map(|step| step.object.name.clone()).unwrap_or_default();
    let what = "calls on which a policy of Dapr acts".to_owned();
    Expected::Answers { what, question: questions::dapr_acts(plan, &name), rise: RISE / 2.0 }
}

/// Requests to what is hit take longer by the deed's `delay`.
pub fn delayed(plan: &Plan, deed: &Deed) -> Expected {
    slower(plan, deed, questions::mean(plan))
}

/// Requests of the routes hit take longer by the deed's `delay`, as their agentgateway counts.
pub fn delayed_at_gateway(plan: &Plan, deed: &Deed) -> Expected {
    slower(plan, deed, questions::mean_at_gateway(plan))
}

fn slower(plan: &Plan, deed: &Deed, question: String) -> Expected {
    deed.span("delay").map_or(Expected::Unknown, |by| {
        // A tenth of what it comes to once the whole window lies within the fault.
        let rise_ms = by.as_secs_f64() * 1000.0 * plan.reach.portion / 10.0;
        Expected::Latency { question, rise_ms }
    })
}

/// The pods that the plan evicts end.
pub fn evicted(plan: &Plan, _: &Deed) -> Expected {
    let evictions = plan.steps.iter().filter(|step| step.change == Change::Evict);
    Expected::Ends(
        evictions
            .map(|step| {
                let uid = step.before.as_ref().and_then(|pod| pod.text(&["metadata", "uid"]));
                (step.object.clone(), uid.unwrap_or_default().to_owned())
            })
            .collect(),
    )
}

/// Another number of ready replicas.
pub fn scaled(plan: &Plan, _: &Deed) -> Expected {
    let found = plan.steps.iter().find_map(|step| match step.change {
        Change::Scale { from, to } => Some(Expected::Replicas { object: step.object.clone(), from, to }),
        _ => None,
    });
    found.unwrap_or(Expected::Unknown)
}

/// The status of the first object that was there before the plan.
pub fn sign(plan: &Plan, sign: impl Fn(&Step) -> Sign) -> Expected {
    let there = plan.steps.iter().find(|step| step.before.is_some());
    there
        .or(plan.steps.first())
        .map_or(Expected::Unknown, |step| Expected::Object { object: step.object.clone(), sign: sign(step) })
}

/// A controller accepts the route the plan makes beside the one aimed at.
pub fn route(plan: &Plan, takes: bool) -> Expected {
    let made = plan.steps.iter().find(|step| matches!(step.change, Change::Create { fused: true, .. }));
    match (made, &plan.fault.target) {
        (Some(step), Target::Route(name)) => {
            let theirs = ObjectRef::new(step.object.kind.clone(), &plan.fault.namespace, name);
            Expected::Route { ours: step.object.clone(), theirs, takes }
        }
        _ => Expected::Unknown,
    }
}

impl Expected {
    /// What is asked for it.
    pub fn look(&self) -> Look<'_> {
        match self {
            Self::Answers { question, .. }
            | Self::Latency { question, .. }
            | Self::Fewer { question }
            | Self::Tries { question, .. } => Look::Metric(question),
            Self::Replicas { object, .. } | Self::Object { object, .. } => Look::Objects(vec![object]),
            Self::Ends(pods) => Look::Objects(pods.iter().map(|(pod, _)| pod).collect()),
            Self::Route { ours, theirs, .. } => Look::Objects(vec![ours, theirs]),
            Self::Engine(observed) => Look::Objects(observed.iter().flat_map(|one| &one.objects).collect()),
            Self::Unknown => Look::Nothing,
        }
    }

    /// What is to be seen in an answer, or why nothing is.
    fn judge(&self, before: Option<f64>, seen: &Seen) -> Result<String, String> {
        match (self, seen) {
            (_, Seen::Unread(why)) => Err(why.clone()),
            (Self::Fewer { .. }, Seen::Number(now)) => fewer_now(before, *now),
            (Self::Answers { what, rise, .. }, Seen::Number(now)) if *rise < 0.0 => {
                // Where none of them is let through, none is counted.
                let (was, now) = (before.unwrap_or_default(), now.unwrap_or_default());
                let moved = format!("{what} {} -> {}", percent(was), percent(now));
                if now - was <= *rise { Ok(moved) } else { Err(format!("{moved}: not moved")) }
            }
            (Self::Answers { .. } | Self::Latency { .. } | Self::Tries { .. }, Seen::Number(None)) => {
                Err("no request came to what is hit".to_owned())
            }
            (Self::Tries { more, .. }, Seen::Number(Some(now))) => {
                let was = before.unwrap_or(1.0);
                let moved = format!("tries of a request {was:.2} -> {now:.2}");
                let by = if *more { now - was } else { was - now };
                if by >= AGAIN { Ok(moved) } else { Err(format!("{moved}: not moved")) }
            }
            (Self::Answers { what, rise, .. }, Seen::Number(Some(now))) => {
                let was = before.unwrap_or_default();
                let moved = format!("{what} {} -> {}", percent(was), percent(*now));
                if now - was >= *rise { Ok(moved) } else { Err(format!("{moved}: not moved")) }
            }
            (Self::Latency { rise_ms, .. }, Seen::Number(Some(now))) => {
                // Without a figure from before there is nothing to hold it against, unless it is as slow as the fault itself.
                let was = before.unwrap_or_default();
                let moved = format!("mean latency {was:.0} ms -> {now:.0} ms");
                if now - was >= *rise_ms { Ok(moved) } else { Err(format!("{moved}: not moved")) }
            }
            (Self::Replicas { from, to, .. }, Seen::Objects(objects)) => {
                let Some(Some(workload)) = objects.first() else { return Err("the workload is gone".to_owned()) };
                let ready = workload.at(&["status", "readyReplicas"]).and_then(serde_json::Value::as_u64).unwrap_or(0);
                let (now, from, to) = (ready, u64::from(*from), u64::from(*to));
                let moved = format!("ready replicas {from} -> {now}");
                let there = if to < from { now <= to } else { now >= to };
                if there { Ok(moved) } else { Err(format!("{moved} of {to} wanted")) }
            }
            (Self::Object { sign, .. }, Seen::Objects(objects)) => match objects.first() {
                Some(Some(object)) => sign.judge(object),
                _ => Err("the object is gone".to_owned()),
            },
            (Self::Ends(pods), Seen::Objects(objects)) => {
                let ended = pods.iter().zip(objects).filter(|((_, uid), now)| {
                    now.as_ref().is_none_or(|now| now.terminating() || now.text(&["metadata", "uid"]) != Some(uid))
                });
                let (ended, all) = (ended.count(), pods.len());
                let words = format!("{ended} of {all} evicted pods end");
                if ended == all { Ok(words) } else { Err(words) }
            }
            (Self::Route { takes, .. }, Seen::Objects(objects)) => {
                let [Some(ours), theirs] = objects.as_slice() else { return Err("our route is gone".to_owned()) };
                let rows: Vec<RouteRow> = [Some(ours), theirs.as_ref()]
                    .into_iter()
                    .flatten()
                    .map(|one| RouteRow::decode(RouteKind::Http, one))
                    .collect();
                // A controller says so for some parent.
                if rows.first().and_then(RouteRow::accepted) != Some(true) {
                    return Err("no controller has accepted our route".to_owned());
                }
                let world = World { routes: rows.iter().collect(), ..World::default() };
                let verdicts = wins::wins(&world);
                let told: Vec<String> =
                    rows.iter().zip(&verdicts).map(|(row, wins)| format!("{} wins: {wins}", row.name)).collect();
                let words = format!("our route is accepted; {}", told.join(", "));
                if *takes && verdicts.first() != Some(&Wins::Yes) { Err(words) } else { Ok(words) }
            }
            (Self::Engine(observed), Seen::Objects(live)) => {
                let (mut words, mut live) = (Vec::new(), live.as_slice());
                for Observed { engine, objects } in observed {
                    let (own, rest) = live.split_at_checked(objects.len()).unwrap_or((live, &[]));
                    live = rest;
                    let object = objects.first().map(ObjectRef::short).unwrap_or_default();
                    match engine.judge(own) {
                        Standing::Active(how) => words.push(format!("{}: {how}", engine.facts().word)),
                        Standing::Pending(why) | Standing::Refused(why) => {
                            return Err(format!("{object}: {why}"));
                        }
                        Standing::Reverting(how) | Standing::Reverted(how) => {
                            return Err(format!("{object} is over: {how}"));
                        }
                    }
                }
                Ok(words.join("; "))
            }
            _ => Err("nothing can be looked for".to_owned()),
        }
    }
}

fn fewer_now(before: Option<f64>, now: Option<f64>) -> Result<String, String> {
    let Some(was) = before.filter(|was| *was > 0.0) else {
        return Err("no request came to what is hit before either".to_owned());
    };
    let now = now.unwrap_or_default();
    let moved = format!("requests {was:.1}/s -> {now:.1}/s");
    if now <= was * (1.0 - FALL) { Ok(moved) } else { Err(format!("{moved}: not moved")) }
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// Why a fault of this kind usually shows no effect when this driver carries it out.
pub fn usual_reasons(driver: Driver, kind: FaultKind) -> &'static [&'static str] {
    let row = row(kind).drivers.iter().find(|row| row.driver == driver);
    row.map_or(&["what these objects should do is not known here"], |row| row.silent)
}

/// The judge of one fault while it is active.
#[derive(Debug, Clone)]
pub struct Evidence {
    expected: Expected,
    before: Option<f64>,
    since: Timestamp,
    doubts: Vec<String>,
    usual: &'static [&'static str],
    view: EvidenceView,
}

impl Evidence {
    /// A judge that has seen nothing yet. `before` is the figure from before anything was applied, `since` the moment of
    /// `active`.
    pub fn new(plan: &Plan, before: Option<f64>, since: Timestamp) -> Self {
        let expected = expected(plan);
        let state = if expected == Expected::Unknown { EvidenceState::Unknown } else { EvidenceState::Looking };
        let reasons = match state {
            EvidenceState::Unknown => vec!["what these objects should do is not known here".to_owned()],
            _ => Vec::new(),
        };
        Self {
            expected,
            before,
            since,
            doubts: plan.doubts.clone(),
            usual: usual_reasons(plan.driver, plan.fault.kind),
            view: EvidenceView { state, seen: String::new(), reasons },
        }
    }

    /// What it looks for.
    pub fn expected(&self) -> &Expected {
        &self.expected
    }

    /// What is shown now.
    pub fn view(&self) -> &EvidenceView {
        &self.view
    }

    /// Whether this answer may take back what was seen: an engine tells how its own objects stand.
    fn revocable(&self, seen: &Seen) -> bool {
        matches!((&self.expected, seen), (Expected::Engine(_), Seen::Objects(_)))
    }

    /// Takes an answer in. What was seen once was seen, unless an engine itself says that it is over.
    pub fn told(&mut self, now: Timestamp, seen: &Seen) -> &EvidenceView {
        if self.expected == Expected::Unknown {
            return &self.view;
        }
        match self.expected.judge(self.before, seen) {
            Ok(words) => self.view = EvidenceView { state: EvidenceState::Seen, seen: words, reasons: Vec::new() },
            // What an engine takes back is gone; a figure may fall for other reasons.
            Err(_) if self.view.state == EvidenceState::Seen && !self.revocable(seen) => {}
            Err(why) => {
                let waited = Duration::try_from(now.duration_since(self.since)).unwrap_or_default();
                if waited >= PATIENCE || self.view.state == EvidenceState::Seen {
                    // Where nothing could be read, that is the reason.
                    let usual: &[&str] = if matches!(seen, Seen::Unread(_)) { &[] } else { self.usual };
                    let usual = usual.iter().map(|&reason| reason.to_owned());
                    let reasons = std::iter::once(why).chain(self.doubts.iter().cloned()).chain(usual).collect();
                    self.view = EvidenceView { state: EvidenceState::None, seen: String::new(), reasons };
                }
            }
        }
        &self.view
    }
}
