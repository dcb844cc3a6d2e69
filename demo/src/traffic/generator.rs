//! Load from Jobs: while the pods of a Job that run a load generator live, their requests flow like those of a world file.

use std::collections::{BTreeMap, BTreeSet};

use super::{behaviour::Flow, json};
use crate::base::{fortio, kinds, objects::Objects};

/// A flow for each Job whose pods make load.
pub fn generators(objects: &dyn Objects) -> Vec<Flow> {
    let mut flows: BTreeMap<String, Flow> = BTreeMap::new();
    let jobs = objects.list(kinds::JOB, None);
    let spaces: BTreeSet<&str> = jobs.iter().map(|job| json::namespace(job)).collect();
    for pod in spaces.into_iter().flat_map(|space| objects.list(kinds::POD, Some(space))) {
        let owners = json::list(&pod, &["metadata", "ownerReferences"]);
        let Some(job) = owners.iter().find(|owner| json::word(owner, &["kind"]) == "Job") else { continue };
        let from = format!("{}/Job/{}", json::namespace(&pod), json::word(job, &["name"]));
        if json::word(&pod, &["status", "phase"]) != "Running" {
            continue;
        }
        for load in json::list(&pod, &["spec", "containers"]).iter().filter_map(fortio::load) {
            let flow = flows.entry(from.clone()).or_insert_with(|| flow(&from, &load.url));
            // Every pod of the Job makes as much.
            flow.rps += load.qps;
        }
    }
    flows.into_values().collect()
}

fn flow(from: &str, url: &str) -> Flow {
    Flow {
        name: from.to_owned(),
        to: url.to_owned(),
        via: None,
        from: Some(from.to_owned()),
        rps: 0.0,
        wave: None,
        method: "GET".to_owned(),
        headers: BTreeMap::new(),
        timeout: None,
        grpc: false,
    }
}
