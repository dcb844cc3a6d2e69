//! What an applied configuration says that its kind has no room for. Unlike pruning and validation this refuses at once: a field
//! that nobody knows can have no owner.

use serde_json::Value;

use super::{
    custom::go,
    shape::{Items, Shape},
};

/// Why a value is not of its type, in the words of the server; `None` where it is.
pub fn check(value: &Value, shape: Shape<'_>) -> Option<String> {
    let mut wrong = Vec::new();
    walk(value, shape, "", &mut wrong);
    match wrong.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(format!("errors:\n{}", many.iter().map(|one| format!("  {one}")).collect::<Vec<_>>().join("\n"))),
    }
}

fn say(path: &str, what: &str, wrong: &mut Vec<String>) {
    wrong.push(if path.is_empty() { what.to_owned() } else { format!("{path}: {what}") });
}

fn walk(value: &Value, shape: Shape<'_>, path: &str, wrong: &mut Vec<String>) {
    if value.is_null() {
        return;
    }
    if let Some(wanted) = misfit(value, shape) {
        say(path, &wanted, wrong);
        return;
    }
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                let here = format!("{path}.{name}");
                match shape.field(name) {
                    Some((at, _)) => walk(inner, at, &here, wrong),
                    None => say(&here, "field not declared in schema", wrong),
                }
            }
        }
        Value::Array(list) if shape.items() == Items::Whole => {
            for (at, item) in list.iter().enumerate() {
                walk(item, shape.item(), &format!("{path}[{at}]"), wrong);
            }
        }
        Value::Array(list) => match shape.steps(list) {
            Err(why) => say(path, &why, wrong),
            Ok(steps) => {
                for (at, (step, item)) in steps.iter().zip(list).enumerate() {
                    if steps.iter().take(at).any(|before| before == step) {
                        say(path, &format!("duplicate entries for key {step}"), wrong);
                    }
                    walk(item, shape.item(), &format!("{path}{step}"), wrong);
                }
            }
        },
        _ => {}
    }
}

/// Where the kind of the value is not the one of the schema.
fn misfit(value: &Value, shape: Shape<'_>) -> Option<String> {
    let Shape::Known(node) = shape else { return None };
    let shown = || format!("&value.valueUnstructured{{Value:{}}}", shown(value));
    match node.kind() {
        "object" if !value.is_object() => Some(format!("expected map, got {}", plain(value))),
        "array" if !value.is_array() => Some(format!("expected list, got {}", plain(value))),
        "integer" | "number" if !value.is_number() && !node.is_int_or_string() => {
            Some(format!("expected numeric (int or float), got {}", go::type_of(value)))
        }
        "string" if matches!(node.word("format").as_str(), None | Some("byte")) && !value.is_string() => {
            Some(format!("expected string, got {}", shown()))
        }
        "string" if value.is_object() || value.is_array() => Some(format!("expected any scalar, got {}", plain(value))),
        "boolean" if !value.is_boolean() => Some(format!("expected boolean, got {}", plain(value))),
        _ => None,
    }
}

/// A value as Go's `%v` shows it in the server's messages.
fn plain(value: &Value) -> String {
    format!("&{{{}}}", inner(value))
}

fn inner(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        Value::Array(list) => format!("[{}]", list.iter().map(inner).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let mut pairs: Vec<String> = map.iter().map(|(name, value)| format!("{name}:{}", inner(value))).collect();
            pairs.sort();
            format!("map[{}]", pairs.join(" "))
        }
        other => other.to_string(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => format!("{}{{…}}", go::type_of(value)),
        other => other.to_string(),
    }
}
