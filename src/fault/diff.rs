//! What a change looks like: a unified diff of YAML, with the noise folded and secrets masked.

use serde_json::{Map, Value};
use similar::TextDiff;

use super::yaml;
use crate::{
    base::{redact, sanitize},
    cluster::Manifest,
};

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

/// The unified diff from one state of an object to another; `None` = not there. Ends with a comment that counts what is left
/// out at its end, when there is any: `# 12 unchanged, 3 server-made` (lines of YAML).
pub fn unified(before: Option<&Manifest>, after: Option<&Manifest>) -> String {
    let lines = |object: Option<&Manifest>| object.map_or(0, |object| yaml::text(&object.0).lines().count());
    let quiet = |object: Option<&Manifest>| object.map(|object| quiet(&object.0));
    let (old, new) = texts(quiet(before).as_ref(), quiet(after).as_ref());
    let folded = |object, text: &str| lines(object).saturating_sub(text.lines().count());
    let folded = folded(before, &old).max(folded(after, &new));
    let diff = TextDiff::from_lines(old.as_str(), new.as_str());
    let header = |text: &str, name: &'static str| if text.is_empty() { "/dev/null" } else { name };
    let mut text =
        diff.unified_diff().context_radius(CONTEXT).header(header(&old, "live"), header(&new, "after")).to_string();
    let shown = diff.grouped_ops(CONTEXT).last().and_then(|group| group.last().map(|op| op.new_range().end));
    let below = shown.map_or(0, |shown| new.lines().count().saturating_sub(shown));
    let parts = [(below, "unchanged"), (folded, "server-made")];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if !parts.is_empty() && !text.is_empty() {
        text.push_str(&format!("# {}\n", parts.join(", ")));
    }
    sanitize::lines(&text).into_owned()
}

/// Whether two diffs show the same change. How many lines were folded says how long a status is, which moves by itself.
pub fn same(a: &str, b: &str) -> bool {
    let shown = |diff: &str| {
        let counted = diff.lines().last().is_some_and(|last| last.starts_with("# "));
        diff.lines().count() - usize::from(counted)
    };
    shown(a) == shown(b) && a.lines().zip(b.lines()).take(shown(a)).all(|(a, b)| a == b)
}

/// The diff of every line, without managedFields: that is the server's book-keeping, and longer than the object.
pub fn whole(before: Option<&Manifest>, after: Option<&Manifest>) -> String {
    let bare = |object: Option<&Manifest>| {
        object.map(|object| {
            let mut object = object.clone();
            if let Some(metadata) = object.map_mut(&["metadata"]) {
                metadata.shift_remove("managedFields");
            }
            object.0
        })
    };
    let (old, new) = texts(bare(before).as_ref(), bare(after).as_ref());
    let all = old.lines().count().max(new.lines().count());
    let text = TextDiff::from_lines(old.as_str(), new.as_str()).unified_diff().context_radius(all).to_string();
    sanitize::lines(&text).into_owned()
}

/// Both states as YAML. Secrets are masked such that it is still seen which of them change.
fn texts(before: Option<&Value>, after: Option<&Value>) -> (String, String) {
    let (before, after) = redact::pair(before, after);
    let text = |object: Option<Value>| object.map(|object| yaml::text(&object)).unwrap_or_default();
    (text(before), text(after))
}

fn quiet(value: &Value) -> Value {
    let mut value = value.clone();
    let Some(map) = value.as_object_mut() else { return value };
    map.shift_remove("status");
    if map.get("kind").and_then(Value::as_str) == Some("Job")
        && value.pointer("/spec/manualSelector") != Some(&Value::Bool(true))
    {
        for labels in ["/metadata/labels", "/spec/selector/matchLabels", "/spec/template/metadata/labels"] {
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

/// Takes the labels of a Job's own making out, and what is empty without them. Those that name anything but the Job itself
/// were given by a person, and stay.
fn unlabel(value: &mut Value, path: &str) {
    let own = ["uid", "name"].map(|field| value.pointer(&format!("/metadata/{field}")).cloned());
    let Some(labels) = value.pointer_mut(path).and_then(Value::as_object_mut) else { return };
    for label in JOB_LABELS {
        if labels.get(label).is_some_and(|value| own.iter().flatten().any(|own| own == value)) {
            labels.shift_remove(label);
        }
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
        assert!(diff.ends_with("# 6 server-made\n"), "{diff}");
    }

    #[test]
    fn what_is_left_out_below_the_last_change_is_counted() {
        let object = |a: u32| Manifest(json!({"a": a, "b": 1, "c": 2, "d": 3, "e": 4, "f": 5}));
        let diff = unified(Some(&object(1)), Some(&object(2)));
        assert!(diff.contains("-a: 1\n+a: 2\n b: 1\n c: 2\n d: 3\n# 2 unchanged\n"), "{diff}");
        let longer = |status: &[u32]| {
            let mut object = object(2);
            object.0["status"] = json!(status);
            unified(Some(&Manifest(json!({"a": 1}))), Some(&object))
        };
        assert!(super::same(&longer(&[1]), &longer(&[1, 2, 3])), "a status moves by itself");
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
                job["metadata"]["uid"] = uid.into();
                job["metadata"]["labels"] = labels(uid);
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
    fn labels_a_person_gave_a_job_are_never_folded() {
        let job = |label: &str, manual: bool| {
            Manifest(json!({
                "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work", "uid": "6f1c"},
                "spec": {"manualSelector": manual, "template": {"metadata": {"labels": {"controller-uid": label}}}}
            }))
        };
        assert!(!unified(None, Some(&job("6f1c", false))).contains("controller-uid"), "the server's own");
        assert!(unified(None, Some(&job("other", false))).contains("controller-uid: other"));
        assert!(unified(None, Some(&job("6f1c", true))).contains("controller-uid: 6f1c"));
    }

    #[test]
    fn a_secret_shows_that_it_changes_and_not_what_it_is() {
        let secret = |word: &str| Manifest(json!({"kind": "Secret", "data": {"password": word}}));
        let diff = unified(Some(&secret("b2xk")), Some(&secret("bmV3")));
        assert!(!diff.contains("b2xk") && !diff.contains("bmV3"), "{diff}");
        assert!(diff.contains("-  password:") && diff.contains("+  password:"), "{diff}");
    }
}
