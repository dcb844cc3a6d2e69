//! What a tool's answer says, in the form rules read: `text`, `items`, `object`, `error`.
//!
//! Tools answer with tables, YAML or JSON, fenced or not. Rows of every form get the same words where they mean the same:
//! `kind`, `namespace`, `name`, `rps`, `backends`.

use serde_json::{Map, Value, json};

/// Reads an answer.
pub fn read(text: &str, failed: bool) -> Value {
    let bare = unfenced(text);
    if failed || bare.trim_start().starts_with("error:") {
        return json!({"text": bare, "items": [], "object": {}, "error": bare.trim()});
    }
    let (items, object) = match structured(&bare) {
        Some(Value::Array(items)) => (items, Value::Null),
        Some(Value::Object(map)) => {
            let rows = map.values().find_map(|value| match value {
                Value::Array(rows) if rows.iter().all(Value::is_object) => Some(rows.clone()),
                _ => None,
            });
            let kubernetes = map.contains_key("metadata") && !map.contains_key("items");
            let object = Value::Object(map);
            (rows.filter(|_| !kubernetes).unwrap_or_else(|| vec![object.clone()]), object)
        }
        _ => (table(&bare), Value::Null),
    };
    let items: Vec<Value> = items.into_iter().map(named).collect();
    let object = if object.is_null() { json!({}) } else { object };
    json!({"text": bare, "items": items, "object": object, "error": ""})
}

/// Without the marks of a fence.
fn unfenced(text: &str) -> String {
    let marks = |line: &&str| {
        let line = line.trim();
        line.starts_with("<data") || line.starts_with("</data") || line.starts_with("```")
    };
    text.lines().filter(|line| !marks(line)).collect::<Vec<_>>().join("\n")
}

fn structured(text: &str) -> Option<Value> {
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        return Some(value).filter(|value| value.is_object() || value.is_array());
    }
    // A table reads as one long YAML text; only mappings and lists are meant.
    let looks = text.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| {
        line.trim_start().starts_with("- ") || line.trim_end().ends_with(':') || line.contains(": ")
    });
    let value = looks.then(|| serde_saphyr::from_str::<Value>(text).ok()).flatten()?;
    (value.is_object() || value.is_array()).then_some(value)
}

/// Rows of a table: cells between bars, or columns below their headings.
fn table(text: &str) -> Vec<Value> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let Some(head) = lines.next() else { return Vec::new() };
    let upper = |name: &str| !name.is_empty() && !name.chars().any(char::is_lowercase);
    let word = |name: &str| name.trim().to_lowercase().replace([' ', '-'], "_");
    if head.contains(" | ") {
        let names: Vec<&str> = head.split('|').map(str::trim).collect();
        if !names.iter().all(|name| upper(name)) {
            return Vec::new();
        }
        let row = |line: &str| {
            let cells = names.iter().zip(line.split(" | ")).map(|(name, cell)| (word(name), Value::from(cell.trim())));
            Value::Object(cells.collect())
        };
        return lines.filter(|line| line.contains(" | ")).map(row).collect();
    }
    let columns = columns(head);
    if columns.len() < 2 || !columns.iter().all(|(_, name)| upper(name)) {
        return Vec::new();
    }
    let rows = lines.map(|line| {
        let chars: Vec<char> = line.chars().collect();
        let cells = columns.iter().enumerate().map(|(at, (start, name))| {
            let end = columns.get(at + 1).map_or(chars.len(), |(next, _)| *next).min(chars.len());
            let cell: String = chars.get((*start).min(end)..end).unwrap_or_default().iter().collect();
            (word(name), Value::from(cell.trim()))
        });
        Value::Object(cells.collect())
    });
    rows.collect()
}

/// Where columns begin: after two spaces or more.
fn columns(head: &str) -> Vec<(usize, String)> {
    let chars: Vec<char> = head.chars().collect();
    let mut columns: Vec<(usize, String)> = Vec::new();
    let mut gap = 2;
    for (at, c) in chars.iter().enumerate() {
        if *c == ' ' {
            gap += 1;
            continue;
        }
        if gap >= 2 {
            columns.push((at, String::new()));
        }
        if let Some((_, name)) = columns.last_mut() {
            if gap == 1 && !name.is_empty() {
                name.push(' ');
            }
            name.push(*c);
        }
        gap = 0;
    }
    columns
}

/// A row with the common words.
fn named(row: Value) -> Value {
    let Value::Object(mut map) = row else { return row };
    let text = |map: &Map<String, Value>, field: &str| map.get(field).and_then(Value::as_str).map(str::to_owned);
    if let Some(metadata) = map.get("metadata").cloned() {
        for field in ["name", "namespace"] {
            if let Some(value) = metadata.get(field) {
                map.entry(field).or_insert_with(|| value.clone());
            }
        }
    }
    // `KIND NS/NAME` or `NS/NAME`.
    for field in ["route", "object"] {
        let Some(whole) = text(&map, field) else { continue };
        let (kind, rest) = whole.split_once(' ').unwrap_or(("", &whole));
        let (namespace, name) = rest.split_once('/').unwrap_or(("", rest));
        for (field, value) in [("kind", kind), ("namespace", namespace), ("name", name)] {
            if !value.is_empty() {
                map.entry(field).or_insert_with(|| value.into());
            }
        }
    }
    if let Some(workload) = text(&map, "workload") {
        let name = workload.rsplit('/').next().unwrap_or_default().to_owned();
        map.entry("name").or_insert_with(|| name.into());
    }
    let backends: Vec<Value> = match map.get("backends") {
        Some(Value::Array(list)) => list.iter().filter_map(backend).collect(),
        Some(Value::String(text)) => {
            text.split([',', ' ']).filter(|word| !word.is_empty()).filter_map(|word| backend(&word.into())).collect()
        }
        _ => Vec::new(),
    };
    map.insert("backends".to_owned(), backends.into());
    for field in ["rps", "error_share", "p99_ms"] {
        let number = match map.get(field) {
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim_end_matches(['%', 's', 'm', '/']).parse().ok(),
            _ => None,
        };
        map.insert(field.to_owned(), number.map_or(json!(0.0), Value::from));
    }
    Value::Object(map)
}

/// A backend: `NS/NAME:PORT`, `NAME:PORT`, or an object with `ref` or `name`.
fn backend(one: &Value) -> Option<Value> {
    let whole = match one {
        Value::String(text) => text.as_str(),
        other => other.get("ref").or_else(|| other.get("name")).and_then(Value::as_str)?,
    };
    let (namespace, rest) = whole.split_once('/').unwrap_or(("", whole));
    let (name, port) = rest.split_once(':').unwrap_or((rest, ""));
    let fits =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.');
    fits.then(|| json!({"namespace": namespace, "name": name, "port": port}))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn tables_yaml_and_json_say_the_same() {
        let table = read(
            "<data source=\"list\">\nNAME        READY   STATUS             AGE\nngi14       0/1     ImagePullBackOff   2m\nweb-1       1/1     Running            3h\n</data>",
            false,
        );
        assert_eq!(table["items"][0]["name"], "ngi14");
        assert_eq!(table["items"][0]["status"], "ImagePullBackOff");
        assert_eq!(table["items"].as_array().map(Vec::len), Some(2));
        let yaml = read(
            "<data source=\"list_routes\">\nroutes:\n- route: HTTPRoute infra/my-route\n  wins: true\n  rps: 210.5\n  backends:\n  - ref: infra/infra-backend-v1:8080\n    weight: 1\n    rule: 0\n</data>",
            false,
        );
        let row = &yaml["items"][0];
        assert_eq!(
            (&row["kind"], &row["namespace"], &row["name"]),
            (&json!("HTTPRoute"), &json!("infra"), &json!("my-route"))
        );
        assert_eq!(row["backends"][0], json!({"namespace": "infra", "name": "infra-backend-v1", "port": "8080"}));
        let object = read(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: c\n    image: nginx:latesttttt\n",
            false,
        );
        assert_eq!(object["object"]["spec"]["containers"][0]["image"], "nginx:latesttttt");
        assert_eq!(object["items"][0]["name"], "a");
    }

    #[test]
    fn what_is_neither_is_text() {
        let text = read("just a line of a log", false);
        assert_eq!(
            (text["text"].as_str(), text["items"].as_array().map(Vec::len)),
            (Some("just a line of a log"), Some(0))
        );
        assert_eq!(read("error: pods \"x\" not found", false)["error"], "error: pods \"x\" not found");
        assert_eq!(read("", false)["items"], json!([]));
    }
}
