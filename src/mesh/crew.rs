//! Workloads as their pods tell: how many are wanted and serve, and which proxy carries their traffic.
//!
//! Pods tell what is so; labels of namespaces and templates only tell what new pods will get. A controller makes every pod it
//! wants at once, so pods that are not on their way out are those wanted.

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde_json::Value;

use super::{
    dataplane::{self, Dataplane},
    health::Replicas,
    signals::{fold::Named, usage},
};
use crate::cluster::{Manifest, pods::PodRow};

/// Crews by namespace and name of the workload.
pub type Crews = BTreeMap<Named, Crew>;

/// The pods of one workload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Crew {
    /// How many are wanted and serve.
    pub replicas: Replicas,
    /// How many pods have which proxy.
    pub planes: BTreeMap<Dataplane, u32>,
    /// The waypoint that the pods themselves ask for (label `istio.io/use-waypoint`).
    pub waypoint: Option<CompactString>,
}

impl Crew {
    /// The proxy of most pods, the stronger one on a tie; `None` without pods.
    pub fn plane(&self) -> Option<Dataplane> {
        let most = self.planes.values().max()?;
        self.planes.iter().find(|(_, pods)| *pods == most).map(|(plane, _)| *plane)
    }

    /// In words: `sidecar`; `ambient 2/3` where not all pods are alike.
    pub fn words(&self) -> Option<CompactString> {
        let plane = self.plane()?;
        let (with, all) = (self.planes.get(&plane).copied().unwrap_or_default(), self.planes.values().sum::<u32>());
        Some(if with == all {
            CompactString::const_new(plane.word())
        } else {
            compact_str::format_compact!("{} {with}/{all}", plane.word())
        })
    }
}

/// All crews. Pods of Jobs, and pods that ended, serve nobody and are left out.
pub fn crews<'a>(pods: impl IntoIterator<Item = &'a PodRow>) -> Crews {
    let mut all = Crews::new();
    for pod in pods {
        let job = pod.owner.as_ref().is_some_and(|owner| &*owner.kind == "Job");
        if job || pod.terminating || matches!(&*pod.status, "Completed" | "Evicted" | "Succeeded" | "Failed") {
            continue;
        }
        let crew = all.entry((CompactString::from(&*pod.namespace), workload(pod))).or_default();
        crew.replicas.desired += 1;
        crew.replicas.available += u32::from(pod.serving);
        *crew.planes.entry(dataplane::of_row(pod)).or_default() += 1;
        if let Some(waypoint) = pod.label("istio.io/use-waypoint").filter(|name| !matches!(*name, "" | "none")) {
            crew.waypoint = Some(waypoint.into());
        }
    }
    all
}

/// What Istio calls the workload of a pod: its Deployment, other controller, or itself.
pub fn workload(pod: &PodRow) -> CompactString {
    let Some(owner) = &pod.owner else { return pod.name.clone() };
    if &*owner.kind != "ReplicaSet" {
        return CompactString::from(&*owner.name);
    }
    let labelled = pod.label("pod-template-hash");
    let named = labelled.and_then(|hash| owner.name.strip_suffix(hash)?.strip_suffix('-'));
    // Without the label, the hash is known by its letters.
    named.map_or_else(|| usage::behind(&owner.name), CompactString::from)
}

/// How many pods a controller wants and has serving (apps/v1 Deployment, StatefulSet, DaemonSet).
pub fn replicas(object: &Manifest) -> Replicas {
    let number = |path: &[&str]| {
        let number = object.at(path).and_then(Value::as_u64);
        number.map(|number| u32::try_from(number).unwrap_or(u32::MAX))
    };
    if object.kind() == "DaemonSet" {
        return Replicas {
            desired: number(&["status", "desiredNumberScheduled"]).unwrap_or_default(),
            available: number(&["status", "numberAvailable"]).unwrap_or_default(),
        };
    }
    Replicas {
        // The server writes the default, which is one.
        desired: number(&["spec", "replicas"]).unwrap_or(1),
        available: number(&["status", "availableReplicas"]).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Dataplane, Manifest, crews, replicas};
    use crate::cluster::{pod_read, pods::PodRow};

    fn pod(name: &str, more: &Value, ready: bool) -> PodRow {
        let mut pod = json!({
            "metadata": {
                "name": name, "namespace": "shop", "uid": name, "labels": {"pod-template-hash": "7d9f8"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "web-v1-7d9f8", "controller": true}],
            },
            "spec": {"containers": [{"name": "app"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]},
        });
        json_patch::merge(&mut pod, more);
        pod_read::row(pod.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn pods_of_a_deployment_are_one_crew() {
        let ambient = json!({"metadata": {"annotations": {"ambient.istio.io/redirection": "enabled"}}});
        let going = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
        let job = json!({"metadata": {"ownerReferences": [{"kind": "Job", "name": "x", "controller": true}]}});
        let pods = [
            pod("a", &ambient, true),
            pod("b", &ambient, false),
            pod("c", &json!({}), true),
            pod("d", &going, true),
            pod("e", &job, true),
        ];
        let all = crews(&pods);
        let [(named, crew)] = &all.iter().collect::<Vec<_>>()[..] else { panic!("{all:?}") };
        assert_eq!(*named, &("shop".into(), "web-v1".into()));
        assert_eq!((crew.replicas.available, crew.replicas.desired), (2, 3));
        assert_eq!((crew.plane(), crew.words().as_deref()), (Some(Dataplane::Ambient), Some("ambient 2/3")));
    }

    #[test]
    fn a_replica_set_without_its_label_is_known_by_its_name() {
        let bare = json!({"metadata": {"labels": null}});
        let names: Vec<_> = crews(&[pod("a", &bare, true)]).into_keys().map(|named| named.1).collect();
        assert_eq!(names, ["web-v1"]);
    }

    #[test]
    fn a_controller_says_how_many_it_wants() {
        let of = |kind: &str, spec: &Value, status: &Value| {
            let told = replicas(&Manifest(json!({"kind": kind, "spec": spec, "status": status})));
            (told.available, told.desired)
        };
        assert_eq!(of("Deployment", &json!({"replicas": 3}), &json!({"availableReplicas": 2})), (2, 3));
        assert_eq!(of("StatefulSet", &json!({"replicas": 0}), &json!({})), (0, 0));
        assert_eq!(of("Deployment", &json!({}), &json!({})), (0, 1));
        assert_eq!(of("DaemonSet", &json!({}), &json!({"desiredNumberScheduled": 4, "numberAvailable": 4})), (4, 4));
    }

    #[test]
    fn without_pods_nothing_is_known() {
        assert!(crews(&[]).is_empty());
        assert_eq!(super::Crew::default().words(), None);
    }
}
