//! The controllers of the world: what makes Deployments roll, pods run, Jobs end and routes be accepted.
//!
//! Each is a level-triggered function over objects and rows, woken by a change or by its own timer, in virtual time. They write
//! as any client does. Nothing here knows a protocol, a clock or the traffic; how pods behave comes in as data.

mod attach;
pub mod behaviour;
mod chaos_mesh;
mod cronjob;
pub mod ctx;
mod daemonset;
mod deployment;
mod endpoints;
pub mod events;
mod gateway;
mod gateway_proxies;
mod gateway_system;
mod gc;
pub mod gitops;
mod hpa;
pub mod inject;
mod job;
pub mod json;
mod kagent;
pub mod key;
pub mod kubelet;
mod litmus;
pub mod machine;
mod namespace;
pub mod node;
mod pdb;
pub mod pods;
mod protection;
mod queue;
mod replicaset;
mod revision;
mod rollout;
mod route_policy;
pub mod rows;
mod scheduler;
mod statefulset;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod tests_support;
pub mod time;
mod wake;

use crate::base::{kinds, names, selector};

pub use self::{
    key::Key,
    machine::{Clocked, Control},
};

/// All controllers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Controller {
    /// Finds nodes for pods.
    Scheduler,
    /// Runs pods.
    Kubelet,
    /// Rolls Deployments.
    Deployment,
    /// Keeps the number of pods.
    ReplicaSet,
    /// Keeps pods with names and order.
    StatefulSet,
    /// Keeps one pod on each node.
    DaemonSet,
    /// Runs pods to their end, and ends fuses.
    Job,
    /// Starts Jobs by the clock.
    CronJob,
    /// Keeps EndpointSlices.
    Endpoints,
    /// Fills new namespaces and empties ended ones.
    Namespace,
    /// Collects what lost its owner.
    Gc,
    /// Counts allowed disruptions.
    Pdb,
    /// Lets claims and volumes go when nothing has them any more.
    Protection,
    /// Scales by load.
    Hpa,
    /// Registers nodes.
    Node,
    /// Lets Events expire.
    Events,
    /// Status of Gateways, routes and what is attached to them.
    Gateway,
    /// Deploys the proxies of Gateways.
    GatewayProxies,
    /// Injects and recovers the faults of Chaos Mesh.
    ChaosMesh,
    /// Takes the engines of Litmus up and down.
    Litmus,
    /// Keeps objects as Git has them.
    GitOps,
    /// Deploys the agents of kagent.
    Kagent,
}
