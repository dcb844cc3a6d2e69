//! What a change looks like: a unified diff of YAML, with the noise folded and Secrets hidden.

use serde_json::{Map, Value, json};
use similar::TextDiff;

use super::yaml;
use crate::{base::sanitize, cluster::Manifest};

/// Metadata nobody reads; folded with its number of lines.
const NOISE: [&str; 8] = [
    "managedFields",
    "resourceVersion",
    "uid",
    "creationTimestamp",
    "generation",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

/// kubectl's copy of the last applied object: it repeats everything, and may repeat secrets.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What the API server writes into every Job to find its pods by (batch/v1, `manualSelector` unset): a new random value each
/// time it is asked, also by a dry run.
const JOB_LABELS: [&str; 4] =
    ["controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"];

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// The unified diff from one state of an object to another; `None` = not there. Ends with a comment that counts folded
/// lines, when there are any.
pub fn unified(before: Option<&Manifest>, after: Option<&Manifest>) -> String {
    let (before_text, folded_before) = readable(before, after, "old");
    let (after_text, folded_after) = readable(after, before, "new");
    let (before, after) = (before_text, after_text);
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let header = |text: &str, name: &'static str| if text.is_empty() { "/dev/null" } else { name };
    let mut text = diff
        .unified_diff()
        .context_radius(CONTEXT)
        .header(header(&before, "live"), header(&after, "after"))
        .to_string();
    let folded = folded_before.max(folded_after);
    if folded > 0 && !text.is_empty() {
        let noun = if folded == 1 { "line" } else { "lines" };
        text.push_str(&format!("# {folded} server-made {noun} folded\n"));
    }
    sanitize::lines(&text).into_owned()
}

/// An object as YAML without noise, and how many lines that left out.
fn readable(object: Option<&Manifest>, other: Option<&Manifest>, side: &str) -> (String, usize) {
    let Some(object) = object else { return (String::new(), 0) };
    let whole = yaml::text(&object.0).lines().count();
    let text = yaml::text(&hidden(object, other, side, quiet(&object.0)));
    let folded = whole.saturating_sub(text.lines().count());
    (text, folded)
}

fn quiet(value: &Value) -> Value {
    let mut value = value.clone();
    let Some(map) = value.as_object_mut() else { return value };
    map.shift_remove("status");
    if map.get("kind").and_then(Value::as_str) == Some("Job") {
        for labels in ["/spec/selector/matchLabels", "/spec/template/metadata/labels"] {
            unlabel(&mut value, labels);
        }
    }
    let Some(map) = value.as_object_mut() else { return value };
    if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in NOISE {
            metadata.shift_remove(field);
        }
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.shift_remove(LAST_APPLIED);
            if annotations.is_empty() {
                metadata.shift_remove("annotations");
            }
        }
    }
    sorted(&value)
}

/// Takes the labels of a Job's own making out, and what is empty without them.
fn unlabel(value: &mut Value, path: &str) {
    let Some(labels) = value.pointer_mut(path).and_then(Value::as_object_mut) else { return };
    for label in JOB_LABELS {
        labels.shift_remove(label);
    }
    let mut path = path;
    while let Some((above, last)) = path.rsplit_once('/')
        && value.pointer(path).and_then(Value::as_object).is_some_and(Map::is_empty)
    {
        if let Some(above) = value.pointer_mut(above).and_then(Value::as_object_mut) {
            above.shift_remove(last);
        }
        path = above;
    }
}

/// The same order of fields on both sides: apiVersion, kind, metadata, then the rest by name, so that a server that writes
/// fields in another order shows no difference.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            let rank = |key: &str| match key {
                "apiVersion" => 0,
                "kind" => 1,
                "metadata" => 2,
                "name" => 3,
                _ => 4,
            };
            keys.sort_by_key(|key| (rank(key), (*key).clone()));
            let mut made = Map::new();
            for key in keys {
                made.insert(key.clone(), sorted(&map[key]));
            }
            Value::Object(made)
        }
        Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// Secret values never reach a screen: each is replaced by a word that only tells whether it changes.
fn hidden(object: &Manifest, other: Option<&Manifest>, side: &str, mut value: Value) -> Value {
    if object.kind() != "Secret" {
        return value;
    }
    for field in ["data", "stringData"] {
        let Some(map) = value.get_mut(field).and_then(Value::as_object_mut) else { continue };
        for (key, secret) in map.iter_mut() {
            let same = other.and_then(|other| other.at(&[field, key])) == Some(&*secret);
            *secret = if same { json!("(hidden)") } else { json!(format!("(hidden, {side} value)")) };
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::unified;
    use crate::cluster::Manifest;

    fn deployment(replicas: u32, version: &str) -> Manifest {
        Manifest(json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "uid": "u", "resourceVersion": version, "managedFields": [{"manager": "x"}]},
            "spec": {"replicas": replicas}, "status": {"readyReplicas": 3}
        }))
    }

    #[test]
    fn noise_is_folded_and_counted() {
        let diff = unified(Some(&deployment(3, "1")), Some(&deployment(1, "2")));
        assert!(diff.contains("-  replicas: 3\n+  replicas: 1\n"), "{diff}");
        assert!(!diff.contains("resourceVersion") && !diff.contains("status"), "{diff}");
        assert!(diff.ends_with("# 6 server-made lines folded\n"), "{diff}");
    }

    #[test]
    fn nothing_changed_is_an_empty_diff() {
        assert_eq!(unified(Some(&deployment(3, "1")), Some(&deployment(3, "2"))), "");
    }

    #[test]
    fn what_a_job_finds_its_pods_by_is_server_made() {
        let job = |uid: Option<&str>| {
            let labels =
                |uid: &str| json!({"batch.kubernetes.io/controller-uid": uid, "controller-uid": uid, "team": "a"});
            let mut job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "fuse"}, "spec": {"completions": 1}});
            if let Some(uid) = uid {
                job["spec"]["template"] = json!({"metadata": {"labels": labels(uid)}});
                job["spec"]["selector"] = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
            }
            Manifest(job)
        };
        let diff = unified(None, Some(&job(Some("6f1c"))));
        assert!(!diff.contains("6f1c") && !diff.contains("selector"), "{diff}");
        assert!(diff.contains("team: a") && diff.contains("server-made"), "{diff}");
        assert_eq!(unified(Some(&job(Some("6f1c"))), Some(&job(Some("77aa")))), "");
    }

    #[test]
    fn a_secret_shows_that_it_changes_and_not_what_it_is() {
        let secret = |word: &str| Manifest(json!({"kind": "Secret", "data": {"password": word}}));
        let diff = unified(Some(&secret("b2xk")), Some(&secret("bmV3")));
        assert!(!diff.contains("b2xk") && !diff.contains("bmV3"), "{diff}");
        assert!(diff.contains("-  password:") && diff.contains("+  password:"), "{diff}");
    }
}
