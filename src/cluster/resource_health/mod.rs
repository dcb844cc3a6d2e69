//! How well an object is by its own status: the one judgement that trees and counts of objects show.
//!
//! Mental model: a [`ResourceHealth`] is a [`State`] and the few words a person reads beside it (`2/3`, `CrashLoopBackOff`).
//! Kinds whose status is known are judged by it (`workload`, `network`, `storage`); all others by their conditions
//! (`conditions`), and what has no status has nothing to be unwell with. It asks nothing of anybody: how well requests are
//! answered is the mesh's to say (`mesh::health`).

mod conditions;
mod network;
mod row;
mod storage;
mod workload;

use compact_str::CompactString;
pub use row::{HealthRow, Tally};
use serde_json::Value;

use super::Manifest;
use crate::base::sanitize;

/// How well something is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum State {
    /// Its status says nothing, or it has none.
    #[default]
    Unknown,
    /// As it should be.
    Healthy,
    /// Worth a look.
    Degraded,
    /// Broken.
    Failing,
}

impl State {
    /// Whether a person should look.
    pub fn unwell(self) -> bool {
        self >= Self::Degraded
    }
}

/// How well an object is, and the words for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceHealth {
    /// The judgement.
    pub state: State,
    /// What a person reads beside it; may be empty.
    pub words: CompactString,
}

impl ResourceHealth {
    /// A judgement with its words, which are sanitised.
    pub fn new(state: State, words: impl AsRef<str>) -> Self {
        Self { state, words: CompactString::from(sanitize::line(words.as_ref())) }
    }

    fn healthy(words: impl AsRef<str>) -> Self {
        Self::new(State::Healthy, words)
    }

    fn degraded(words: impl AsRef<str>) -> Self {
        Self::new(State::Degraded, words)
    }

    fn failing(words: impl AsRef<str>) -> Self {
        Self::new(State::Failing, words)
    }
}

/// Judges an object. Total: what is odd is unknown.
pub fn of(object: &Manifest) -> ResourceHealth {
    let group = object.api_version().split_once('/').map_or("", |(group, _)| group);
    match (group, object.kind()) {
        ("", "Pod") => workload::pod(object),
        ("apps", "Deployment" | "ReplicaSet" | "StatefulSet") | ("", "ReplicationController") => {
            workload::replicas(object)
        }
        ("apps", "DaemonSet") => workload::daemons(object),
        ("batch", "Job") => workload::job(object),
        ("batch", "CronJob") => workload::cron_job(object),
        ("autoscaling", "HorizontalPodAutoscaler") => workload::autoscaler(object),
        ("policy", "PodDisruptionBudget") => workload::budget(object),
        ("", "Node") => storage::node(object),
        ("", "PersistentVolume" | "PersistentVolumeClaim") => storage::volume(object),
        ("", "Namespace") => storage::namespace(object),
        ("" | "events.k8s.io", "Event") => {
            let state = if object.text(&["type"]) == Some("Warning") { State::Degraded } else { State::Healthy };
            ResourceHealth::new(state, object.text(&["reason"]).unwrap_or_default())
        }
        ("", "Service") => network::service(object),
        ("discovery.k8s.io", "EndpointSlice") => network::endpoints(object),
        ("gateway.networking.k8s.io", kind) if kind.ends_with("Route") => network::route(object),
        _ => conditions::judge(object),
    }
}

/// A whole number at a path; none is none.
fn number(object: &Manifest, path: &[&str]) -> Option<i64> {
    object.at(path).and_then(Value::as_i64)
}

/// A list at a path; none is an empty one.
fn list<'a>(object: &'a Manifest, path: &[&str]) -> &'a [Value] {
    object.at(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A text of a value.
fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{State, of};
    use crate::cluster::Manifest;

    fn condition(kind: &str, status: &str, reason: &str) -> Value {
        json!({"type": kind, "status": status, "reason": reason})
    }

    fn pod(phase: &str, state: &Value, ready: bool) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a"}]}, "status": {
            "phase": phase, "conditions": [condition("Ready", if ready { "True" } else { "False" }, "")],
            "containerStatuses": [{"name": "a", "ready": ready, "state": state}],
        }})
    }

    #[rstest]
    #[case(pod("Running", &json!({"running": {}}), true), State::Healthy, "Running 1/1")]
    #[case(pod("Running", &json!({"running": {}}), false), State::Degraded, "Running 0/1")]
    #[case(pod("Running", &json!({"waiting": {"reason": "CrashLoopBackOff"}}), false), State::Failing, "CrashLoopBackOff 0/1")]
    #[case(pod("Succeeded", &json!({"terminated": {"reason": "Completed", "exitCode": 0}}), false), State::Healthy, "Completed")]
    #[case(
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 3}, "status": {"readyReplicas": 2}}),
        State::Degraded, "2/3"
    )]
    #[case(json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {}}), State::Failing, "0/1")]
    #[case(json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": {"replicas": 0}}), State::Healthy, "0/0")]
    #[case(
        json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "status": {"desiredNumberScheduled": 2, "numberReady": 2}}),
        State::Healthy, "2/2"
    )]
    #[case(
        json!({"apiVersion": "batch/v1", "kind": "Job", "status": {"conditions": [condition("Failed", "True", "BackoffLimitExceeded")]}}),
        State::Failing, "Failed: BackoffLimitExceeded"
    )]
    #[case(json!({"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"suspend": true}}), State::Healthy, "suspended")]
    #[case(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}}), State::Degraded, "Pending")]
    #[case(
        json!({"apiVersion": "v1", "kind": "Node", "spec": {"unschedulable": true}, "status": {"conditions": [condition("Ready", "True", "")]}}),
        State::Degraded, "Ready, cordoned"
    )]
    #[case(
        json!({"apiVersion": "v1", "kind": "Node", "status": {"conditions": [condition("Ready", "Unknown", "")]}}),
        State::Failing, "NotReady"
    )]
    #[case(
        json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "endpoints": [
            {"conditions": {"ready": true}}, {"conditions": {"ready": false}},
        ]}),
        State::Degraded, "1/2 ready"
    )]
    #[case(
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "status": {"parents": [
            {"conditions": [condition("Accepted", "True", ""), condition("ResolvedRefs", "False", "BackendNotFound")]},
        ]}}),
        State::Failing, "ResolvedRefs: BackendNotFound"
    )]
    #[case(
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "status": {"conditions": [
            condition("Accepted", "True", ""), condition("Programmed", "True", ""),
        ]}}),
        State::Healthy, "Programmed"
    )]
    #[case(
        json!({"apiVersion": "example.com/v1", "kind": "Gauge", "status": {"conditions": [condition("Ready", "Unknown", "Waiting")]}}),
        State::Degraded, "Ready: Waiting"
    )]
    #[case(json!({"apiVersion": "example.com/v1", "kind": "Gauge", "status": {"phase": "Broken\u{1b}[31m"}}), State::Unknown, "Broken")]
    #[case(json!({"apiVersion": "v1", "kind": "ConfigMap"}), State::Unknown, "")]
    #[case(json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": "odd", "status": []}), State::Failing, "0/1")]
    fn objects_are_judged_by_what_their_status_says(#[case] object: Value, #[case] state: State, #[case] words: &str) {
        let told = of(&Manifest(object));
        assert_eq!(told.state, state, "{told:?}");
        assert!(told.words.starts_with(words), "{told:?}");
    }
}
