//! Workloads as their pods tell: how many are wanted and serve, and which proxy carries their traffic.
//!
//! Pods tell what is so; labels of namespaces and templates only tell what new pods will get. How many are wanted is the
//! controller's word ([`replicas`]). Without it, pods that are not on their way out are those wanted: a controller makes all
//! of them at once. Only a rollout has more for a while: then as many are wanted as serve, or as its largest ReplicaSet has.

use std::{collections::BTreeMap, sync::Arc};

use compact_str::CompactString;
use serde_json::Value;

use super::{
    dataplane::{self, Dataplane},
    health::Replicas,
    signals::{fold::Named, usage},
};
use crate::cluster::{
    Manifest,
    pods::{Labels, PodRow},
};

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
    /// The labels of one of the pods; empty when none was seen.
    pub labels: Labels,
}

impl Crew {
    /// Whether labels of its pods are known.
    pub fn labelled(&self) -> bool {
        !self.labels.is_empty()
    }

    /// A label of its pods.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(known, _)| &**known == key).map(|(_, value)| &**value)
    }

    /// Its version, by the labels that Istio reads it from.
    pub fn version(&self) -> Option<&str> {
        self.label("version").or_else(|| self.label("app.kubernetes.io/version")).filter(|version| !version.is_empty())
    }

    /// Its app: workloads of one app are versions of each other.
    pub fn app(&self) -> Option<&str> {
        self.label("app").or_else(|| self.label("app.kubernetes.io/name")).filter(|app| !app.is_empty())
    }

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

/// A set of pods, by namespace and owner.
type Set<'a> = (&'a Arc<str>, &'a Arc<str>);

/// All crews. Pods of Jobs, and pods that ended, serve nobody and are left out.
pub fn crews<'a>(pods: impl IntoIterator<Item = &'a PodRow>) -> Crews {
    let mut all = Crews::new();
    let mut sets: BTreeMap<Set<'_>, (CompactString, u32)> = BTreeMap::new();
    for pod in pods {
        let job = pod.owner.as_ref().is_some_and(|owner| &*owner.kind == "Job");
        if job || pod.terminating || matches!(&*pod.status, "Completed" | "Evicted" | "Succeeded" | "Failed") {
            continue;
        }
        let name = workload(pod);
        if let Some(owner) = &pod.owner {
            sets.entry((&pod.namespace, &owner.name)).or_insert_with(|| (name.clone(), 0)).1 += 1;
        }
        let crew = all.entry((CompactString::from(&*pod.namespace), name)).or_default();
        crew.replicas.desired += 1;
        crew.replicas.available += u32::from(pod.serving);
        crew.labels = pod.labels.clone();
        *crew.planes.entry(dataplane::of_row(pod)).or_default() += 1;
        if let Some(waypoint) = pod.label("istio.io/use-waypoint").filter(|name| !matches!(*name, "" | "none")) {
            crew.waypoint = Some(waypoint.into());
        }
    }
    // More than one set of pods: a rollout, whose surge nobody waits for.
    let mut largest: BTreeMap<Named, (u32, u32)> = BTreeMap::new();
    for ((namespace, _), (name, pods)) in sets {
        let (sets, most) = largest.entry((CompactString::from(&**namespace), name)).or_default();
        (*sets, *most) = (*sets + 1, (*most).max(pods));
    }
    for (named, (_, most)) in largest.into_iter().filter(|(_, (sets, _))| *sets > 1) {
        if let Some(crew) = all.get_mut(&named) {
            crew.replicas.desired = most.max(crew.replicas.available);
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
    fn a_rollouts_surge_is_not_missing() {
        let new = json!({"metadata": {"labels": {"pod-template-hash": "8c1"}, "ownerReferences": [
            {"kind": "ReplicaSet", "name": "web-v1-8c1", "controller": true}]}});
        let old = json!({});
        let going = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
        let of = |pods: &[(&Value, bool)]| {
            let pods: Vec<_> =
                pods.iter().enumerate().map(|(at, (more, ready))| pod(&format!("p{at}"), more, *ready)).collect();
            let all = crews(&pods);
            let crew = all.values().next().unwrap();
            (crew.replicas.available, crew.replicas.desired)
        };
        // Three old ones serve, and a new one comes: nothing is missing.
        assert_eq!(of(&[(&old, true), (&old, true), (&old, true), (&new, false)]), (3, 3));
        assert_eq!(of(&[(&old, true), (&old, true), (&going, true), (&new, true), (&new, false)]), (3, 3));
        // One of the old ones broke meanwhile.
        assert_eq!(of(&[(&old, true), (&old, false), (&old, true), (&new, false)]), (2, 3));
        // The old ones are gone, as with the strategy Recreate.
        assert_eq!(of(&[(&going, true), (&new, false), (&new, false)]), (0, 2));
        // Without a rollout every pod is wanted.
        assert_eq!(of(&[(&new, true), (&new, false)]), (1, 2));
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
