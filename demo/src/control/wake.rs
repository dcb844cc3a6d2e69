//! Who looks at what when an object changed.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    Controller, chaos_mesh,
    ctx::{LAG, State},
    gateway_system::SYSTEMS,
    gitops,
    key::Key,
    kinds, litmus,
    rows::Row,
    time,
};
use crate::base::{kagent, objects::Kind};

/// Wakes everyone a change concerns.
pub(super) fn news(state: &mut State, key: &Key, old: Option<&Row>, new: Option<&Row>, now: Timestamp) {
    let at = time::later(now, LAG);
    // In a past that nobody watches, whoever sums up waits until the pods are through.
    let sums_up = if state.quiet { time::later(now, Duration::from_secs(1)) } else { at };
    let mut wake = Wake { state, at, sums_up };
    // A pod without a node is nobody's to run yet.
    let idle = key.kind == kinds::POD
        && new.is_some_and(|row| !row.terminating && row.pod.as_ref().is_some_and(|pod| pod.node.is_empty()));
    if let Some(controller) = own(key.kind).filter(|_| !idle) {
        wake.one(controller, key);
    }
    let fresh = old.is_none() || new.is_none() || old.map(|row| &row.uid) != new.map(|row| &row.uid);
    wake.owners(old, new);
    // Argo CD watches what it keeps; Flux comes when it comes.
    if let Some(owner) = wake.state.git.owner(key).filter(|owner| owner.kind == kinds::APPLICATION).cloned() {
        wake.one(Controller::GitOps, &owner);
    }
    wake.collector(key, old, new, fresh);
    match key.kind {
        kinds::POD => wake.pod(key, old, new),
        kinds::NODE => {
            wake.every(Controller::DaemonSet, kinds::DAEMON_SET);
            wake.unbound();
        }
        kinds::CLAIM | kinds::VOLUME => wake.every(Controller::Protection, kinds::VOLUME_ATTRIBUTES_CLASS),
        kinds::SERVICE | kinds::BACKEND if fresh => wake.routes(),
        kinds::SECRET => {
            if fresh {
                wake.every(Controller::Gateway, kinds::BACKEND);
            }
            wake.every(Controller::Kagent, kinds::MODEL_CONFIG);
        }
        kinds::NAMESPACE if old.map(|row| &row.labels) != new.map(|row| &row.labels) => wake.mesh(),
        kinds::GATEWAY_CLASS | kinds::GATEWAY | kinds::HTTP_ROUTE | kinds::GRPC_ROUTE | kinds::REFERENCE_GRANT => {
            wake.mesh();
        }
        _ => {}
    }
}

/// The controller that a kind's own objects go to.
fn own(kind: Kind) -> Option<Controller> {
    Some(match kind {
        kinds::POD => Controller::Kubelet,
        kinds::DEPLOYMENT => Controller::Deployment,
        kinds::REPLICA_SET => Controller::ReplicaSet,
        kinds::STATEFUL_SET => Controller::StatefulSet,
        kinds::DAEMON_SET => Controller::DaemonSet,
        kinds::JOB => Controller::Job,
        kinds::CRON_JOB => Controller::CronJob,
        kinds::SERVICE => Controller::Endpoints,
        kinds::NAMESPACE => Controller::Namespace,
        kinds::PDB => Controller::Pdb,
        kinds::CLAIM | kinds::VOLUME | kinds::VOLUME_ATTRIBUTES_CLASS => Controller::Protection,
        kinds::HPA => Controller::Hpa,
        kinds::NODE => Controller::Node,
        kinds::GATEWAY => Controller::GatewayProxies,
        kinds::TRAFFIC_POLICY | kinds::AGENTGATEWAY_POLICY | kinds::BACKEND => Controller::Gateway,
        kinds::APPLICATION | kinds::KUSTOMIZATION => Controller::GitOps,
        kinds::CHAOS_ENGINE => Controller::Litmus,
        kinds::AGENT | kinds::MODEL_CONFIG | kinds::REMOTE_MCP_SERVER => Controller::Kagent,
        kind if kinds::CHAOS_MESH.contains(&kind) => Controller::ChaosMesh,
        _ => return None,
    })
}

struct Wake<'a> {
    state: &'a mut State,
    at: Timestamp,
    sums_up: Timestamp,
}

impl Wake<'_> {
    fn one(&mut self, controller: Controller, key: &Key) {
        let at = match controller {
            Controller::Scheduler | Controller::Kubelet | Controller::Node | Controller::Namespace => self.at,
            _ => self.sums_up,
        };
        self.state.queue.push(at, (controller, key.clone()));
    }

    fn every(&mut self, controller: Controller, kind: Kind) {
        let keys: Vec<Key> =
            self.state.rows.all(kind).map(|(namespace, name, _)| Key::new(kind, namespace, name)).collect();
        for key in keys {
            self.one(controller, &key);
        }
    }

    fn routes(&mut self) {
        self.every(Controller::Gateway, kinds::HTTP_ROUTE);
        self.every(Controller::Gateway, kinds::GRPC_ROUTE);
    }

    fn mesh(&mut self) {
        self.every(Controller::Gateway, kinds::GATEWAY_CLASS);
        self.every(Controller::Gateway, kinds::GATEWAY);
        self.routes();
        for kind in [kinds::TRAFFIC_POLICY, kinds::AGENTGATEWAY_POLICY, kinds::BACKEND] {
            self.every(Controller::Gateway, kind);
        }
    }

    fn unbound(&mut self) {
        let waiting: Vec<_> = self.state.unbound.iter().cloned().collect();
        for (namespace, name) in waiting {
            self.one(Controller::Scheduler, &Key::new(kinds::POD, &namespace, &name));
        }
    }

    /// What manages an object hears of it.
    fn owners(&mut self, old: Option<&Row>, new: Option<&Row>) {
        let uids: Vec<String> =
            [old, new].into_iter().flatten().flat_map(|row| &row.owners).map(|owner| owner.uid.clone()).collect();
        for uid in uids {
            let Some(owner) = self.state.rows.of_uid(&uid).cloned() else { continue };
            if let Some(controller) = own(owner.kind) {
                self.one(controller, &owner);
            }
        }
    }

    /// The collector looks at what lost its owner, at what is new, and at what waits for its dependents.
    fn collector(&mut self, key: &Key, old: Option<&Row>, new: Option<&Row>, fresh: bool) {
        if let (Some(old), true) = (old, fresh) {
            for dependent in self.state.rows.dependents(&old.uid) {
                self.one(Controller::Gc, &dependent);
            }
            for owner in &old.owners {
                let Some(owner) = self.state.rows.of_uid(&owner.uid).cloned() else { continue };
                self.one(Controller::Gc, &owner);
            }
            if key.kind.namespaced {
                let space = Key::new(kinds::NAMESPACE, "", &key.namespace);
                if self.state.rows.get(kinds::NAMESPACE, "", &key.namespace).is_some_and(|row| row.terminating) {
                    self.one(Controller::Namespace, &space);
                }
            }
        }
        if new.is_some_and(|row| !row.owners.is_empty() || row.terminating && !row.finalizers.is_empty()) {
            self.one(Controller::Gc, key);
        }
    }

    fn pod(&mut self, key: &Key, old: Option<&Row>, new: Option<&Row>) {
        let at = (key.namespace.clone(), key.name.clone());
        let unbound =
            new.is_some_and(|row| !row.terminating && row.pod.as_ref().is_some_and(|pod| pod.node.is_empty()));
        if unbound {
            self.state.unbound.insert(at);
            self.one(Controller::Scheduler, key);
        } else {
            self.state.unbound.remove(&at);
        }
        if let Some(pod) = old.and_then(|row| row.pod.as_ref()).filter(|_| new.is_none()) {
            for claim in &pod.claims {
                self.one(Controller::Protection, &Key::new(kinds::CLAIM, &key.namespace, claim));
            }
        }
        let left = |row: Option<&Row>| row.and_then(|row| row.pod.as_ref()).is_none_or(super::rows::PodRow::ended);
        if left(new) && !left(old) {
            self.unbound();
            // A Deployment that recreates waits for the last pod of its old ReplicaSets.
            let above = old
                .and_then(Row::controller)
                .and_then(|set| self.state.rows.of_uid(&set.uid))
                .and_then(|set| self.state.rows.get(set.kind, &set.namespace, &set.name)?.controller())
                .and_then(|owner| self.state.rows.of_uid(&owner.uid))
                .filter(|owner| owner.kind == kinds::DEPLOYMENT)
                .cloned();
            if let Some(above) = above {
                self.one(Controller::Deployment, &above);
            }
        }
        for (kind, controller) in [(kinds::SERVICE, Controller::Endpoints), (kinds::PDB, Controller::Pdb)] {
            let hit: Vec<Key> = self
                .state
                .rows
                .within(kind, &key.namespace)
                .filter(|(_, row)| {
                    let selects = |pod: &Row| row.selector.as_ref().is_some_and(|one| one.matches(&pod.labels));
                    [old, new].into_iter().flatten().any(selects)
                })
                .map(|(name, _)| Key::new(kind, &key.namespace, name))
                .collect();
            for key in hit {
                self.one(controller, &key);
            }
        }
        let answers = |row: &Row| SYSTEMS.iter().any(|system| system.runs_as(&row.labels));
        let ready = |row: Option<&Row>| row.and_then(|row| row.pod.as_ref()).is_some_and(|pod| pod.ready.is_some());
        if [old, new].into_iter().flatten().any(answers) && ready(old) != ready(new) {
            self.mesh();
            self.every(Controller::GatewayProxies, kinds::GATEWAY);
        }
        if [gitops::ARGO_HOME, gitops::FLUX_HOME].contains(&key.namespace.as_str()) && ready(old) != ready(new) {
            self.every(Controller::GitOps, kinds::APPLICATION);
            self.every(Controller::GitOps, kinds::KUSTOMIZATION);
        }
        if key.namespace == litmus::HOME && ready(old) != ready(new) {
            self.every(Controller::Litmus, kinds::CHAOS_ENGINE);
        }
        if key.namespace == kagent::HOME && ready(old) != ready(new) {
            for kind in [kinds::MODEL_CONFIG, kinds::REMOTE_MCP_SERVER, kinds::AGENT] {
                self.every(Controller::Kagent, kind);
            }
        }
        // Its controller, or a daemon on a node, comes up.
        if key.namespace == chaos_mesh::HOME && ready(old) != ready(new) {
            for kind in kinds::CHAOS_MESH {
                self.every(Controller::ChaosMesh, kind);
            }
        }
    }
}
