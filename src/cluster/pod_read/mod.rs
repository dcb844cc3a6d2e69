//! From a pod, in JSON or in protobuf, to its row. Only what a row shows is read; nothing here keeps a pod.

pub mod protobuf;

use std::{collections::BTreeMap, sync::Arc};

use compact_str::CompactString;
use serde::Deserialize;

use super::{
    intern::Shared,
    lite::{OwnerReference, Text, nullable},
    pod_status::{self, Condition, ContainerFacts, PodFacts, State},
    pods::{MeshMode, PodRow},
    shared_meta::SharedMeta,
};
use crate::base::{Uid, sanitize};

/// A pod, as far as its row needs it (core/v1).
#[derive(Debug, Deserialize, Default)]
#[serde(default)]
pub struct LitePod<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(borrow)]
    spec: Spec<'a>,
    #[serde(borrow)]
    status: Status<'a>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Meta<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    namespace: Text<'a>,
    #[serde(borrow)]
    uid: Text<'a>,
    #[serde(borrow)]
    resource_version: Text<'a>,
    #[serde(borrow)]
    creation_timestamp: Text<'a>,
    #[serde(borrow)]
    deletion_timestamp: Text<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    labels: BTreeMap<Text<'a>, Text<'a>>,
    #[serde(borrow, deserialize_with = "nullable")]
    annotations: Notes<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    owner_references: Vec<OwnerReference<'a>>,
}

/// Says that ztunnel takes the pod's traffic.
const REDIRECTION: &str = "ambient.istio.io/redirection";

/// The annotations a row looks at; the others may be large.
#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Notes<'a> {
    #[serde(borrow, rename = "ambient.istio.io/redirection")]
    redirection: Text<'a>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    node_name: Text<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    containers: Vec<Container<'a>>,
    #[serde(borrow, deserialize_with = "nullable")]
    init_containers: Vec<Container<'a>>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Container<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    restart_policy: Text<'a>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Status<'a> {
    #[serde(borrow)]
    phase: Text<'a>,
    #[serde(borrow)]
    reason: Text<'a>,
    #[serde(borrow, rename = "podIP")]
    pod_ip: Text<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    conditions: Vec<LiteCondition<'a>>,
    #[serde(borrow, deserialize_with = "nullable")]
    container_statuses: Vec<ContainerStatus<'a>>,
    #[serde(borrow, deserialize_with = "nullable")]
    init_container_statuses: Vec<ContainerStatus<'a>>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct LiteCondition<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    reason: Text<'a>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ContainerStatus<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(deserialize_with = "nullable")]
    ready: bool,
    #[serde(deserialize_with = "nullable")]
    started: bool,
    #[serde(deserialize_with = "nullable")]
    restart_count: u32,
    #[serde(borrow, deserialize_with = "nullable")]
    state: LiteState<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    last_state: LiteState<'a>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct LiteState<'a> {
    #[serde(borrow)]
    waiting: Option<Waiting<'a>>,
    running: Option<serde::de::IgnoredAny>,
    #[serde(borrow)]
    terminated: Option<Terminated<'a>>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Waiting<'a> {
    #[serde(borrow)]
    reason: Text<'a>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Terminated<'a> {
    #[serde(borrow)]
    reason: Text<'a>,
    #[serde(deserialize_with = "nullable")]
    exit_code: i32,
    #[serde(deserialize_with = "nullable")]
    signal: i32,
    #[serde(borrow)]
    finished_at: Text<'a>,
}

impl ContainerStatus<'_> {
    fn facts(&self) -> ContainerFacts<'_> {
        let state = match &self.state {
            LiteState { waiting: Some(waiting), .. } => State::Waiting(&waiting.reason),
            LiteState { terminated: Some(ended), .. } => {
                State::Terminated { reason: &ended.reason, code: ended.exit_code, signal: ended.signal }
            }
            LiteState { running: Some(_), .. } => State::Running,
            LiteState { waiting: None, running: None, terminated: None } => State::None,
        };
        let last_finished = self.last_state.terminated.as_ref().map_or("", |ended| &ended.finished_at);
        ContainerFacts {
            name: &self.name,
            ready: self.ready,
            started: self.started,
            restarts: self.restart_count,
            state,
            last_finished,
        }
    }
}

impl LitePod<'_> {
    /// What the printer looks at.
    pub fn facts(&self) -> PodFacts<'_> {
        let status = &self.status;
        PodFacts {
            deleted: !self.metadata.deletion_timestamp.is_empty(),
            phase: &status.phase,
            reason: &status.reason,
            conditions: status
                .conditions
                .iter()
                .map(|one| Condition { kind: &one.kind, status: &one.status, reason: &one.reason })
                .collect(),
            containers: self.spec.containers.len(),
            init: self.spec.init_containers.iter().map(|one| (&*one.name, &*one.restart_policy == "Always")).collect(),
            init_states: status.init_container_statuses.iter().map(ContainerStatus::facts).collect(),
            states: status.container_statuses.iter().map(ContainerStatus::facts).collect(),
        }
    }

    /// `metadata.resourceVersion`.
    pub fn resource_version(&self) -> &str {
        &self.metadata.resource_version
    }

    /// `metadata.uid`.
    pub fn uid(&self) -> Uid {
        Uid::parse(&self.metadata.uid)
    }

    fn mesh(&self) -> MeshMode {
        let spec = &self.spec;
        if spec.containers.iter().chain(&spec.init_containers).any(|one| &*one.name == "istio-proxy") {
            MeshMode::Sidecar
        } else if &*self.metadata.annotations.redirection == "enabled" {
            MeshMode::Ambient
        } else {
            MeshMode::None
        }
    }
}

/// Turns pods into rows; rows of one reader share their repeated texts.
#[derive(Debug, Default)]
pub struct PodReader {
    meta: SharedMeta,
    containers: Shared<[Arc<str>]>,
}

impl PodReader {
    /// The row of a pod.
    pub fn row(&mut self, pod: &LitePod<'_>) -> PodRow {
        let facts = pod.facts();
        let printed = pod_status::print(&facts);
        let meta = &pod.metadata;
        let labels = self.meta.labels(&meta.labels);
        let owner = self.meta.owner(&meta.owner_references);
        let names: Vec<Arc<str>> = pod
            .spec
            .containers
            .iter()
            .chain(&pod.spec.init_containers)
            .map(|container| self.meta.text(&container.name))
            .collect();
        PodRow {
            uid: pod.uid(),
            namespace: self.meta.text(&meta.namespace),
            name: CompactString::from(sanitize::line(&meta.name)),
            ready: printed.ready,
            status: self.meta.text(&printed.status),
            restarts: printed.restarts,
            last_restart: printed.last_restart.parse().ok(),
            node: self.meta.text(&pod.spec.node_name),
            ip: pod.status.pod_ip.parse().ok(),
            owner,
            labels,
            created: meta.creation_timestamp.parse().ok(),
            containers: self.containers.get(&names),
            mesh: pod.mesh(),
            serving: facts.conditions.iter().any(|one| one.kind == "Ready" && one.status == "True"),
            terminating: facts.deleted,
            ended: matches!(facts.phase, "Succeeded" | "Failed"),
        }
    }

    /// Forgets texts no row holds any more.
    pub fn sweep(&mut self) {
        self.containers.sweep();
        self.meta.sweep();
    }
}

/// Reads one pod's JSON into its row, for callers with a single pod.
pub fn row(json: &[u8]) -> Result<PodRow, serde_json::Error> {
    let pod: LitePod<'_> = serde_json::from_slice(json)?;
    Ok(PodReader::default().row(&pod))
}
