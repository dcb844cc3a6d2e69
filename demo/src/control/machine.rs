//! The machine that runs the controllers: it takes observations in and works off the queue up to a time.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Controller, chaos_mesh, cronjob,
    ctx::{Ctx, State},
    daemonset, deployment, endpoints, events, gateway, gateway_proxies, gc, gitops, hpa, job, kagent,
    key::Key,
    kubelet, litmus, namespace, node, pdb, protection,
    queue::Work,
    replicaset, scheduler, statefulset, time,
};
use crate::base::objects::{Objects, Refused};

/// Objects that are told the time, so that what controllers create carries the moment they did it.
pub trait Clocked: Objects {
    /// Virtual time from now on.
    fn set_now(&mut self, now: Timestamp);
}

/// What one machine should hold, and some room beyond the largest world.
const MOST_PODS: usize = 60_000;

/// All controllers of a world.
#[derive(Debug, Clone)]
pub struct Control {
    /// What they remember.
    pub state: State,
}

impl Control {
    /// Controllers of a world with a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: State { seed, most_pods: MOST_PODS, ..State::default() } }
    }

    /// Whether this version of an object was told already.
    pub fn knows(&self, key: &Key, version: u64) -> bool {
        let row = self.state.rows.get(key.kind, &key.namespace, &key.name);
        row.is_some_and(|row| row.version == version.to_string())
    }

    /// Tells what became of an object that somebody else wrote. `None`: it is gone.
    pub fn observe(&mut self, key: &Key, object: Option<&Value>, now: Timestamp) {
        self.state.saw(key, object, now);
    }

    /// When the next controller has work.
    pub fn next_at(&mut self) -> Option<Timestamp> {
        self.state.queue.next_at()
    }

    /// Works off everything due by `to`. Answers how many looks that took.
    pub fn advance(&mut self, objects: &mut impl Clocked, to: Timestamp) -> usize {
        let mut looks = 0;
        while let Some((at, work)) = self.state.queue.pop(to) {
            looks += 1;
            objects.set_now(at);
            let mut ctx = Ctx { objects: &mut *objects, state: &mut self.state, now: at };
            let done = reconcile(&mut ctx, work.0, &work.1);
            self.settle(work, at, done);
        }
        objects.set_now(to);
        looks
    }

    /// Moves to a time without living through what lies between: what was due before is looked at then.
    ///
    /// Level-triggered controllers make of it what they would have come to, but for the steps on the way.
    pub fn jump(&mut self, objects: &mut impl Clocked, to: Timestamp) -> usize {
        self.state.queue.delay(to);
        self.advance(objects, to)
    }

    /// A refused write is tried again, each time later.
    fn settle(&mut self, work: Work, at: Timestamp, done: Result<(), Refused>) {
        match done {
            Ok(()) => {
                self.state.failures.remove(&work);
            }
            Err(refused) if refused.code == 404 => {}
            Err(_) => {
                let failures = self.state.failures.entry(work.clone()).or_default();
                let wait = Duration::from_millis(50).saturating_mul(1 << (*failures).min(10));
                *failures += 1;
                self.state.queue.push(time::later(at, wait), work);
            }
        }
    }
}

fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, controller: Controller, key: &Key) -> Result<(), Refused> {
    match controller {
        Controller::Scheduler => scheduler::reconcile(ctx, key),
        Controller::Kubelet => kubelet::reconcile(ctx, key),
        Controller::Deployment => deployment::reconcile(ctx, key),
        Controller::ReplicaSet => replicaset::reconcile(ctx, key),
        Controller::StatefulSet => statefulset::reconcile(ctx, key),
        Controller::DaemonSet => daemonset::reconcile(ctx, key),
        Controller::Job => job::reconcile(ctx, key),
        Controller::CronJob => cronjob::reconcile(ctx, key),
        Controller::Endpoints => endpoints::reconcile(ctx, key),
        Controller::Namespace => namespace::reconcile(ctx, key),
        Controller::Gc => gc::reconcile(ctx, key),
        Controller::Pdb => pdb::reconcile(ctx, key),
        Controller::Protection => protection::reconcile(ctx, key),
        Controller::Hpa => hpa::reconcile(ctx, key),
        Controller::Node => node::reconcile(ctx, key),
        Controller::Events => events::reconcile(ctx, key),
        Controller::Gateway => gateway::reconcile(ctx, key),
        Controller::GatewayProxies => gateway_proxies::reconcile(ctx, key),
        Controller::ChaosMesh => chaos_mesh::reconcile(ctx, key),
        Controller::GitOps => gitops::reconcile(ctx, key),
        Controller::Litmus => litmus::reconcile(ctx, key),
        Controller::Kagent => kagent::reconcile(ctx, key),
    }
}
