//! Cells of HorizontalPodAutoscalers.

use serde_json::{Value, json};

use crate::base::value::{self, int, list, text};

/// The cell of a column.
pub fn cell(column: &str, object: &Value) -> Option<Value> {
    Some(match column {
        "Reference" => {
            let target = value::at(object, &["spec", "scaleTargetRef"]);
            json!(format!("{}/{}", text(target, &["kind"]), text(target, &["name"])))
        }
        "Targets" => {
            let now = list(object, &["status", "currentMetrics"]);
            let one = |(at, metric): (usize, &Value)| aim(metric, now.get(at).unwrap_or(&Value::Null));
            let all: Vec<String> = list(object, &["spec", "metrics"]).iter().enumerate().map(one).collect();
            json!(match all.as_slice() {
                [] => "<none>".to_owned(),
                [first, second, rest @ ..] if !rest.is_empty() => format!("{first}, {second} + {} more...", rest.len()),
                few => few.join(", "),
            })
        }
        "MinPods" => {
            json!(int(object, &["spec", "minReplicas"]).map_or_else(|| "<unset>".to_owned(), |n| n.to_string()))
        }
        "MaxPods" => json!(int(object, &["spec", "maxReplicas"]).unwrap_or_default()),
        "Replicas" => json!(int(object, &["status", "currentReplicas"]).unwrap_or_default()),
        _ => return None,
    })
}

/// A metric: what it is now and what is aimed at.
fn aim(metric: &Value, now: &Value) -> String {
    let field = if metric["type"] == "ContainerResource" { "containerResource" } else { "resource" };
    let (now, target) = (value::at(now, &[field, "current"]), value::at(metric, &[field, "target"]));
    let shown = |value: Option<String>| value.unwrap_or_else(|| "<unknown>".to_owned());
    let percent = |value: &Value| int(value, &["averageUtilization"]).map(|value| format!("{value}%"));
    let average = |value: &Value| match &value["averageValue"] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let name = text(metric, &[field, "name"]);
    match average(target) {
        Some(target) => format!("{name}: {}/{target}", shown(average(now))),
        None => format!("{name}: {}/{}", shown(percent(now)), shown(percent(target))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::cell;

    #[test]
    fn targets_are_percentages_or_averages_and_two_of_them_at_most() {
        let percent = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 50}}});
        let average = json!({"type": "ContainerResource",
            "containerResource": {"name": "memory", "container": "app", "target": {"averageValue": "100Mi"}}});
        let now = json!([{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 12}}}]);
        let shown = |metrics| {
            let object = json!({"spec": {"metrics": metrics}, "status": {"currentMetrics": now}});
            cell("Targets", &object).unwrap()
        };
        assert_eq!(shown(json!([percent])), "cpu: 12%/50%");
        assert_eq!(shown(json!([percent, average])), "cpu: 12%/50%, memory: <unknown>/100Mi");
        assert_eq!(shown(json!([percent, average, average])), "cpu: 12%/50%, memory: <unknown>/100Mi + 1 more...");
        assert_eq!(shown(json!([])), "<none>");
    }
}
