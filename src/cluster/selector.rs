//! Which pods an object selects, as a label selector in kubectl's syntax.

use serde_json::Value;

use super::Manifest;

/// The selector of a Service (`spec.selector` is a map) or of a workload (`spec.selector` is a LabelSelector of meta/v1); `None`
/// where there is none, or one that selects nothing.
pub fn of(object: &Manifest) -> Option<String> {
    let selector = object.at(&["spec", "selector"])?.as_object()?;
    let labels = selector.get("matchLabels");
    let expressions = selector.get("matchExpressions");
    let mut parts = Vec::new();
    if labels.is_none() && expressions.is_none() {
        parts.extend(pairs(object.at(&["spec", "selector"])?)?);
    }
    if let Some(labels) = labels {
        parts.extend(pairs(labels)?);
    }
    for one in expressions.and_then(Value::as_array).into_iter().flatten() {
        parts.push(expression(one)?);
    }
    (!parts.is_empty()).then(|| parts.join(","))
}

fn pairs(labels: &Value) -> Option<Vec<String>> {
    labels.as_object()?.iter().map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect()
}

fn expression(one: &Value) -> Option<String> {
    let key = one.get("key")?.as_str()?;
    let values = || -> Option<String> {
        let values: Option<Vec<&str>> = one.get("values")?.as_array()?.iter().map(Value::as_str).collect();
        Some(values?.join(","))
    };
    match one.get("operator")?.as_str()? {
        "In" => Some(format!("{key} in ({})", values()?)),
        "NotIn" => Some(format!("{key} notin ({})", values()?)),
        "Exists" => Some(key.to_owned()),
        "DoesNotExist" => Some(format!("!{key}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::of;
    use crate::cluster::Manifest;

    #[rstest]
    #[case(json!({"app": "web", "tier": "a"}), Some("app=web,tier=a"))]
    #[case(json!({"matchLabels": {"app": "web"}}), Some("app=web"))]
    #[case(
        json!({"matchLabels": {"app": "web"}, "matchExpressions": [
            {"key": "v", "operator": "In", "values": ["1", "2"]},
            {"key": "x", "operator": "DoesNotExist"},
        ]}),
        Some("app=web,v in (1,2),!x")
    )]
    #[case(json!({"matchExpressions": [{"key": "v", "operator": "Near"}]}), None)]
    #[case(json!({}), None)]
    fn a_selector_is_written_as_kubectl_reads_it(#[case] selector: Value, #[case] told: Option<&str>) {
        assert_eq!(of(&Manifest(json!({"spec": {"selector": selector}}))).as_deref(), told);
    }
}
