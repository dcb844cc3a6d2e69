//! Arguments made to follow the schema the tool was offered with.

use serde_json::{Map, Value, json};

/// Arguments with nothing the schema does not know, nothing empty, and each of the type it asks for.
pub fn fitted(arguments: Map<String, Value>, schema: &Value) -> Map<String, Value> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let Some(properties) = properties else { return arguments };
    let fits = arguments.into_iter().filter_map(|(name, value)| {
        let wanted = properties.get(&name)?;
        let empty = value.is_null() || value.as_str().is_some_and(str::is_empty);
        (!empty).then(|| (name, typed(value, wanted)))
    });
    fits.collect()
}

fn typed(value: Value, wanted: &Value) -> Value {
    let kind = match wanted.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or_default()
        }
        _ => "",
    };
    match (kind, &value) {
        ("string", Value::Number(_) | Value::Bool(_)) => Value::String(value.to_string()),
        ("integer" | "number", Value::String(text)) => {
            text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<f64>().map(Value::from)).unwrap_or(value)
        }
        ("boolean", Value::String(text)) => text.parse::<bool>().map_or(value, Value::from),
        // `service/NAME` where an object is wanted.
        ("object", Value::String(text)) => match text.split_once('/') {
            Some((kind, name)) => json!({kind: name}),
            None => value,
        },
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::fitted;

    #[test]
    fn arguments_follow_the_schema() {
        let schema = json!({"type": "object", "properties": {
            "tail": {"type": "integer"}, "name": {"type": "string"}, "target": {"type": "object"}, "keep": {"type": "boolean"}}});
        let given =
            json!({"tail": "20", "name": 7, "target": "service/web", "keep": "true", "other": 1, "namespace": ""});
        let Value::Object(given) = given else { panic!() };
        let fitted = Value::Object(fitted(given, &schema));
        assert_eq!(fitted, json!({"tail": 20, "name": "7", "target": {"service": "web"}, "keep": true}));
    }
}
