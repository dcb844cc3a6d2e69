//! Who is meant by a selector (meta/v1 LabelSelector, and the plain maps of Services).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::Manifest;

/// A plain map of labels at a path of an object; `None` when nothing stands there.
pub fn labels_at(object: &Manifest, path: &[&str]) -> Option<BTreeMap<String, String>> {
    let map = object.at(path)?.as_object()?;
    Some(map.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect())
}

/// Whether an object carries all these labels.
pub fn carries(object: &Manifest, labels: &BTreeMap<String, String>) -> bool {
    labels.iter().all(|(key, value)| object.label(key) == Some(value.as_str()))
}

/// Whether a LabelSelector (`matchLabels`, `matchExpressions`) takes an object. An empty one takes everything; an operator
/// nobody knows counts as taken (rule R5).
pub fn takes(selector: &Value, object: &Manifest) -> bool {
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    let all_labels = labels.is_none_or(|labels| {
        labels.iter().all(|(key, value)| value.as_str().is_some_and(|value| object.label(key) == Some(value)))
    });
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    all_labels && expressions.is_none_or(|all| all.iter().all(|one| expression(one, object)))
}

fn expression(one: &Value, object: &Manifest) -> bool {
    let key = one.get("key").and_then(Value::as_str).unwrap_or_default();
    let label = object.label(key);
    let listed = || {
        one.get("values")
            .and_then(Value::as_array)
            .is_some_and(|values| label.is_some_and(|label| values.iter().any(|value| value.as_str() == Some(label))))
    };
    match one.get("operator").and_then(Value::as_str) {
        Some("In") => listed(),
        Some("NotIn") => !listed(),
        Some("Exists") => label.is_some(),
        Some("DoesNotExist") => label.is_none(),
        _ => true,
    }
}

/// The controller of an object: kind, name, uid.
pub fn controller(object: &Manifest) -> Option<(&str, &str, &str)> {
    let owners = object.at(&["metadata", "ownerReferences"])?.as_array()?;
    let owner = owners.iter().find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true))?;
    let text = |field: &str| owner.get(field).and_then(Value::as_str).unwrap_or_default();
    Some((text("kind"), text("name"), text("uid")))
}

/// The label by which the pods of a ReplicaSet carry the hash of their template.
pub const TEMPLATE_HASH: &str = "pod-template-hash";

/// The Deployment of an owner: its ReplicaSets are named after it, plus the hash their pods carry.
pub fn deployment<'a>(kind: &str, name: &'a str, hash: Option<&str>) -> Option<&'a str> {
    name.strip_suffix(hash?)?.strip_suffix('-').filter(|_| kind == "ReplicaSet")
}

/// Whether a pod is ready (condition Ready).
pub fn ready(pod: &Manifest) -> bool {
    pod.at(&["status", "conditions"]).and_then(Value::as_array).is_some_and(|all| {
        all.iter().any(|one| {
            one.get("type").and_then(Value::as_str) == Some("Ready")
                && one.get("status").and_then(Value::as_str) == Some("True")
        })
    })
}

/// Whether a pod has ended or is about to.
pub fn over(pod: &Manifest) -> bool {
    pod.terminating() || matches!(pod.text(&["status", "phase"]), Some("Succeeded" | "Failed"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::takes;
    use crate::cluster::Manifest;

    #[rstest]
    #[case(json!({}), true)]
    #[case(json!({"matchLabels": {"app": "web"}}), true)]
    #[case(json!({"matchLabels": {"app": "api"}}), false)]
    #[case(json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]}), true)]
    #[case(json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}), false)]
    #[case(json!({"matchExpressions": [{"key": "gone", "operator": "NotIn", "values": ["web"]}]}), true)]
    #[case(json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]}), true)]
    #[case(json!({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}), false)]
    #[case(json!({"matchExpressions": [{"key": "app", "operator": "Resembles", "values": ["x"]}]}), true)]
    fn a_selector_takes_what_kubernetes_would(#[case] selector: Value, #[case] expected: bool) {
        let pod = Manifest(json!({"metadata": {"labels": {"app": "web"}}}));
        assert_eq!(takes(&selector, &pod), expected);
    }
}
