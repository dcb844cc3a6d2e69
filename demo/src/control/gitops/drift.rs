//! Whether an object is as Git has it, and how what Git has is written over it. What Git says nothing of is nobody's.

use serde_json::Value;

/// What the server makes, and what Git cannot know.
const MADE: [&str; 2] = ["status", "metadata"];

/// Everything of `wanted` but its metadata is in `live`.
pub(super) fn within(wanted: &Value, live: &Value) -> bool {
    let Some(fields) = wanted.as_object() else { return true };
    fields.iter().filter(|(field, _)| !MADE.contains(&field.as_str())).all(|(field, value)| inside(value, &live[field]))
}

fn inside(wanted: &Value, live: &Value) -> bool {
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => {
            wanted.iter().all(|(field, value)| live.get(field).is_some_and(|live| inside(value, live)))
        }
        (Value::Array(wanted), Value::Array(live)) => {
            wanted.len() == live.len() && wanted.iter().zip(live).all(|(wanted, live)| inside(wanted, live))
        }
        (wanted, live) => wanted == live || quantity(wanted, live),
    }
}

/// Numbers that are written otherwise: `1` and `"1"`, `500m` and `0.5`.
fn quantity(wanted: &Value, live: &Value) -> bool {
    let read = |value: &Value| match value {
        Value::String(text) => crate::base::quantity::read(text),
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    read(wanted).zip(read(live)).is_some_and(|(wanted, live)| (wanted - live).abs() < 1e-9)
}

/// Writes all of `wanted` but its metadata over `live`.
pub(super) fn merge(wanted: &Value, live: &mut Value) {
    let Some(fields) = wanted.as_object() else { return };
    for (field, value) in fields.iter().filter(|(field, _)| !MADE.contains(&field.as_str())) {
        over(value, &mut live[field]);
    }
}

fn over(wanted: &Value, live: &mut Value) {
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => {
            for (field, value) in wanted {
                over(value, live.entry(field.clone()).or_insert(Value::Null));
            }
        }
        (Value::Array(wanted), Value::Array(live)) if wanted.len() == live.len() => {
            wanted.iter().zip(live).for_each(|(wanted, live)| over(wanted, live));
        }
        (wanted, live) => {
            if !quantity(wanted, live) {
                *live = wanted.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{merge, within};

    #[test]
    fn what_git_says_nothing_of_is_no_difference() {
        let wanted = json!({"metadata": {"name": "web"}, "spec": {"replicas": 2, "containers": [{"name": "app", "cpu": "500m"}]}});
        let mut live = json!({"metadata": {"name": "web", "uid": "1"}, "status": {"x": 1},
            "spec": {"replicas": 2, "paused": false, "containers": [{"name": "app", "cpu": "0.5", "image": "web:1"}]}});
        assert!(within(&wanted, &live));
        live["spec"]["replicas"] = json!(0);
        assert!(!within(&wanted, &live));
        merge(&wanted, &mut live);
        assert!(within(&wanted, &live));
        assert_eq!(
            live["spec"]["containers"][0],
            json!({"name": "app", "cpu": "0.5", "image": "web:1"}),
            "others' values stay"
        );
        assert_eq!((&live["metadata"]["uid"], &live["status"]["x"]), (&json!("1"), &json!(1)));
    }

    #[test]
    fn a_list_of_another_length_is_written_whole() {
        let wanted = json!({"spec": {"rules": [{"host": "a"}]}});
        let mut live = json!({"spec": {"rules": [{"host": "a"}, {"host": "b"}]}});
        assert!(!within(&wanted, &live));
        merge(&wanted, &mut live);
        assert_eq!(live["spec"]["rules"], json!([{"host": "a"}]));
    }
}
