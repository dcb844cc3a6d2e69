//! Everything that speaks about one object that does not do as it should, in one call: a small model asks once and has all of it.
//! Each part stands in a fence of its own, so that the conversation numbers it as any other evidence.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Toolbox, about, mesh::owner};
use crate::{
    agent::{evidence, fence, schema::Given},
    cluster::{
        Manifest, ObjectRef,
        api::{Api as _, Read},
    },
    fault::{known, select},
    mesh::io::load,
};

/// Most bytes of one part: all of them together stay below what a small context holds.
const PART: usize = 3 << 10;
/// Most pods that are looked at.
const PODS: usize = 3;
/// Lines of each log.
const LINES: u64 = 30;

impl Toolbox {
    pub(super) async fn investigate(&self, given: &Given) -> Result<String, String> {
        let object = self.object(given).await?;
        let namespace = object.namespace.clone().unwrap_or_default();
        // Without it there is nothing to look at: the error says what is there.
        let found = self.read(&object).await?;
        let args = |value: Value| Given::read(&value.to_string(), TAKES);
        let of_pod = |what: &str, name: &str| evidence::about(what, "pod", Some(&namespace), name);
        let mut parts: Vec<(String, Result<String, String>)> = Vec::new();
        parts.push((about("status and events of", &object), self.describe(given).await));
        let pods = self.pods_of(&found, &object).await.unwrap_or_default();
        for pod in pods.iter().take(PODS).filter(|pod| pod.name() != object.name) {
            let asked = args(json!({"kind": "pod", "name": pod.name(), "namespace": namespace}))?;
            parts.push((of_pod("status and events of", pod.name()), self.describe(&asked).await));
        }
        for (pod, container, restarted) in pods.iter().take(PODS).flat_map(failing) {
            for previous in [false, true].into_iter().filter(|previous| !previous || restarted) {
                let asked = json!({"pod": pod, "container": container, "namespace": namespace, "tail": LINES, "previous": previous});
                let run = if previous { "the run before" } else { "this run" };
                let log = self.logs(&args(asked)?).await;
                parts.push((of_pod(&format!("log, container {}, {run}, of", plain(&container)), &pod), log));
            }
        }
        if object.kind.kind == "Deployment" {
            parts.push((about("rollout history of", &object), self.history(&object).await));
        }
        let place = args(json!({"namespace": namespace}))?;
        parts.push((format!("routes and services of {}", plain(&namespace)), self.topology(&place).await));
        parts.push((format!("metrics of {} now", plain(&namespace)), self.query_metrics(&place).await));
        if let Some(query) = before(&found, &object, &pods) {
            parts.push((
                "error share 10 minutes ago and now".to_owned(),
                self.query_metrics(&args(json!({"promql": query}))?).await,
            ));
        }
        let (mut text, mut missing) = (String::new(), String::new());
        for (what, part) in parts {
            match part {
                Ok(part) => text.push_str(&(fence::named(&fence::shorter(&part, PART), &what) + "\n")),
                Err(why) => missing.push_str(&format!("not there: {what}: {}\n", fence::refusal(&why))),
            }
        }
        // What could not be asked is no evidence: it stands behind what is.
        if text.is_empty() { Err(missing) } else { Ok(text + &missing) }
    }

    /// The pods behind an object: itself, those it selects; those that are not ready first.
    async fn pods_of(&self, found: &Manifest, object: &ObjectRef) -> Result<Vec<Manifest>, String> {
        if object.kind.kind == "Pod" {
            return Ok(vec![found.clone()]);
        }
        let place: &[&str] =
            if object.kind.kind == "Service" { &["spec", "selector"] } else { &["spec", "selector", "matchLabels"] };
        let Some(labels) = found.at(place).and_then(Value::as_object).filter(|labels| !labels.is_empty()) else {
            return Ok(Vec::new());
        };
        let here = object.namespace.as_deref();
        let (pods, _) = load::everywhere(&self.live, here, &known::pod())
            .await
            .map_err(|trouble| super::told("cannot list pods", &trouble))?;
        let mut pods: Vec<Manifest> = pods
            .into_iter()
            .filter(|pod| pod.namespace() == here)
            .filter(|pod| labels.iter().all(|(key, value)| pod.label(key) == value.as_str()))
            .collect();
        pods.sort_by_key(select::ready);
        Ok(pods)
    }

    /// The ReplicaSets of a Deployment: which images it ran, and since when.
    async fn history(&self, object: &ObjectRef) -> Result<String, String> {
        let list =
            Read::List { kind: known::replica_set(), namespace: object.namespace.clone(), labels: String::new() };
        let answer = self.live.read(&list).await;
        let answer = answer.map_err(|trouble| super::told("cannot list replicasets", &trouble))?;
        let mut text = "REVISION | REPLICASET | CREATED | WANTED | READY | IMAGES\n".to_owned();
        let mut sets: Vec<Manifest> = answer.body.items(&known::replica_set());
        sets.retain(|set| owner(set) == format!("Deployment/{}", object.name));
        sets.sort_by(|one, other| {
            one.text(&["metadata", "creationTimestamp"]).cmp(&other.text(&["metadata", "creationTimestamp"]))
        });
        for set in &sets {
            let revision = set.at(&["metadata", "annotations", "deployment.kubernetes.io/revision"]);
            let number = |path: &[&str]| set.at(path).and_then(Value::as_u64).unwrap_or(0);
            let containers = set.at(&["spec", "template", "spec", "containers"]).and_then(Value::as_array);
            let images: Vec<&str> =
                containers.into_iter().flatten().filter_map(|container| container["image"].as_str()).collect();
            let _ = writeln!(
                text,
                "{} | {} | {} | {} | {} | {}",
                revision.and_then(Value::as_str).unwrap_or("–"),
                set.name(),
                set.text(&["metadata", "creationTimestamp"]).unwrap_or("–"),
                number(&["spec", "replicas"]),
                number(&["status", "readyReplicas"]),
                images.join(", ")
            );
        }
        Ok(fence::text(&about("rollout history of", object), &text))
    }
}

/// A name from the cluster in a line of brink's own.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')).collect()
}

/// What the parts are asked with.
const TAKES: &[crate::agent::schema::Arg] = &[
    text("kind"),
    text("name"),
    text("namespace"),
    text("pod"),
    text("container"),
    text("promql"),
    crate::agent::schema::Arg { holds: crate::agent::schema::Holds::Flag, ..text("previous") },
    crate::agent::schema::Arg { holds: crate::agent::schema::Holds::Whole(1, LINES), ..text("tail") },
];

const fn text(name: &'static str) -> crate::agent::schema::Arg {
    crate::agent::schema::Arg { name, holds: crate::agent::schema::Holds::Text, required: false, doc: "" }
}

/// Containers of a pod that are not ready or were restarted: pod, container, whether there is a run before.
fn failing(pod: &Manifest) -> Vec<(String, String, bool)> {
    let all = pod.at(&["status", "containerStatuses"]).and_then(Value::as_array);
    let bad = all.into_iter().flatten().filter_map(|status| {
        let restarted = status["restartCount"].as_u64().unwrap_or(0) > 0;
        let fine = status["ready"] == true && !restarted;
        (!fine).then(|| (pod.name().to_owned(), status["name"].as_str().unwrap_or_default().to_owned(), restarted))
    });
    bad.collect()
}

/// Istio's error share of the workload, ten minutes ago and now; `None` where no workload is known.
fn before(found: &Manifest, object: &ObjectRef, pods: &[Manifest]) -> Option<String> {
    let workload = match object.kind.kind.as_str() {
        "Deployment" | "StatefulSet" | "DaemonSet" => found.name().to_owned(),
        _ => owner(pods.first()?).split_once('/')?.1.to_owned(),
    };
    let namespace = object.namespace.as_deref().unwrap_or_default();
    // Names of Kubernetes hold nothing that would end the text of a label.
    let of = |code: &str, offset: &str| {
        format!(
            "sum(rate(istio_requests_total{{reporter=\"destination\",destination_workload=\"{workload}\",\
             destination_workload_namespace=\"{namespace}\"{code}}}[2m]{offset}))"
        )
    };
    let share = |offset: &str| format!("{} / {}", of(",response_code=~\"5..\"", offset), of("", offset));
    Some(format!(
        "label_replace({}, \"when\", \"10 minutes ago\", \"\", \"\") or label_replace({}, \"when\", \"now\", \"\", \"\")",
        share(" offset 10m"),
        share("")
    ))
}
