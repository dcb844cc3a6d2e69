//! Pods as selectors see them: one of each namespace, set of labels and proxy, however many there are.
//!
//! Selectors cannot tell the pods of one template apart, so the replicas of a workload, and whether they are ready, change nothing
//! here; only the first and the last of a template do.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::Labels;
use crate::{
    base::Uid,
    cluster::{
        Delta,
        pods::{Labels as Shared, PodRow},
    },
    mesh::dataplane::{self, Dataplane},
};

/// All that a selector sees of a pod: its namespace, its labels, and whether it has no proxy.
type Look = (Arc<str>, Shared, bool);

/// The pods that are there, each look once.
#[derive(Debug, Clone, Default)]
pub struct Alike {
    pods: HashMap<Uid, Look>,
    /// How many pods look so.
    looks: HashMap<Look, usize>,
    told: Arc<Looks>,
}

/// One of each look.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Looks {
    /// Labels by `NS/NUMBER`: nobody asks for them by name.
    pub workloads: BTreeMap<String, Labels>,
    /// Those that have no proxy.
    pub proxyless: BTreeSet<String>,
}

impl Alike {
    /// Takes changes over; says whether selectors could find something else now.
    pub fn hear(&mut self, deltas: &[Delta<PodRow>]) -> bool {
        let mut moved = false;
        for delta in deltas {
            let (uid, look) = match delta {
                // Pods that ended serve nobody.
                Delta::Upsert(row) => (row.uid, (!row.ended).then(|| look(row))),
                Delta::Remove(uid) => (*uid, None),
            };
            if self.pods.get(&uid) == look.as_ref() {
                continue;
            }
            if let Some(look) = &look {
                let count = self.looks.entry(look.clone()).or_default();
                *count += 1;
                moved |= *count == 1;
            }
            let before = match look {
                Some(look) => self.pods.insert(uid, look),
                None => self.pods.remove(&uid),
            };
            if let Some(before) = before
                && let Some(count) = self.looks.get_mut(&before)
            {
                *count -= 1;
                if *count == 0 {
                    self.looks.remove(&before);
                    moved = true;
                }
            }
        }
        if moved {
            self.tell();
        }
        moved
    }

    /// One of each look.
    pub fn looks(&self) -> Arc<Looks> {
        self.told.clone()
    }

    fn tell(&mut self) {
        let mut told = Looks::default();
        for (number, (namespace, labels, proxyless)) in self.looks.keys().enumerate() {
            let name = format!("{namespace}/{number}");
            if *proxyless {
                told.proxyless.insert(name.clone());
            }
            let labels = labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
            told.workloads.insert(name, labels);
        }
        self.told = Arc::new(told);
    }
}

fn look(row: &PodRow) -> Look {
    // One that was labelled a moment ago may not be redirected yet.
    let asks = row.label("istio.io/dataplane-mode") == Some("ambient");
    let proxyless = !asks && dataplane::of_row(row) == Dataplane::Absent;
    (row.namespace.clone(), row.labels.clone(), proxyless)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Alike, Looks};
    use crate::cluster::{Delta, pod_read, pods::PodRow};

    fn pod(uid: u8, version: &str, phase: &str) -> PodRow {
        let pod = json!({"metadata": {"name": format!("reviews-{uid}"), "namespace": "shop",
            "uid": format!("00000000-0000-0000-0000-0000000000{uid:02}"), "labels": {"version": version}},
            "status": {"phase": phase}});
        pod_read::row(pod.to_string().as_bytes()).unwrap()
    }

    fn hear(alike: &mut Alike, row: PodRow) -> bool {
        alike.hear(&[Delta::Upsert(row)])
    }

    fn versions(alike: &Alike) -> Vec<String> {
        alike.looks().workloads.values().map(|labels| labels["version"].clone()).collect()
    }

    #[test]
    fn only_the_first_and_the_last_of_a_look_change_something() {
        let mut alike = Alike::default();
        assert!(hear(&mut alike, pod(1, "v1", "Running")));
        assert!(!hear(&mut alike, pod(2, "v1", "Pending")));
        assert_eq!(versions(&alike), ["v1"]);
        assert!(!alike.hear(&[Delta::Remove(pod(1, "v1", "Running").uid)]));
        assert!(hear(&mut alike, pod(2, "v2", "Running")), "its label was changed");
        assert_eq!(versions(&alike), ["v2"]);
        assert!(hear(&mut alike, pod(2, "v2", "Succeeded")), "it serves nobody any more");
        assert_eq!(*alike.looks(), Looks::default());
        assert!(!alike.hear(&[Delta::Remove(pod(2, "v2", "Succeeded").uid)]));
    }
}
