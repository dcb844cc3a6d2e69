//! One object in words, much as `kubectl describe` says it: names first, then what it wants, how it stands, what happened.
//!
//! Pods have a form of their own, since people know it by heart; every other kind is laid out from its fields. Ages are
//! computed from the time given. Values of Secrets are never written.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Manifest, describe_pod, yaml::masked};
use crate::base::sanitize;

/// Lines under construction.
#[derive(Debug, Default)]
pub(super) struct Page {
    out: String,
    depth: usize,
}

/// Columns between a field's name and its value begin here.
const VALUE_AT: usize = 18;

impl Page {
    /// A line as it is.
    pub fn line(&mut self, text: &str) {
        self.out.push_str(&"  ".repeat(self.depth));
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// `Name:   value`.
    pub fn field(&mut self, name: &str, value: &str) {
        let gap = VALUE_AT.saturating_sub(name.chars().count() + 1).max(2);
        self.line(&format!("{name}:{}{value}", " ".repeat(gap)));
    }

    /// `Name:   value` when there is one.
    pub fn maybe(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.field(name, value);
        }
    }

    /// A field with one value per line.
    pub fn values(&mut self, name: &str, mut values: impl Iterator<Item = String>) {
        self.field(name, values.next().as_deref().unwrap_or("<none>"));
        for value in values {
            self.line(&format!("{}{value}", " ".repeat(VALUE_AT)));
        }
    }

    /// Lines that belong to the one above.
    pub fn inside(&mut self, write: impl FnOnce(&mut Self)) {
        self.depth += 1;
        write(self);
        self.depth -= 1;
    }

    /// Columns, as wide as their widest cell.
    pub fn table(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            self.line(line.trim_end());
        }
    }
}

/// Describes an object and what happened to it (`events.k8s.io` or core events, any order).
pub fn text(object: &Manifest, events: &[Manifest], now: Timestamp) -> String {
    let object = masked(object);
    let mut page = Page::default();
    names(&mut page, &object);
    if object.kind() == "Pod" && object.api_version() == "v1" {
        describe_pod::body(&mut page, &object, now);
    } else {
        body(&mut page, &object);
    }
    happened(&mut page, events, now);
    sanitize::lines(&page.out).into_owned()
}

fn names(page: &mut Page, object: &Manifest) {
    page.field("Name", object.name());
    page.maybe("Namespace", object.namespace());
    if object.kind() != "Pod" {
        page.field("API Version", object.api_version());
        page.field("Kind", object.kind());
    }
    let pairs = |field: &str, mark: &str| -> Vec<String> {
        let map = object.at(&["metadata", field]).and_then(Value::as_object);
        map.into_iter().flatten().map(|(key, value)| format!("{key}{mark}{}", one_line(value))).collect()
    };
    page.values("Labels", pairs("labels", "=").into_iter());
    page.values("Annotations", pairs("annotations", ": ").into_iter());
    if object.kind() != "Pod" {
        page.maybe("Created", object.text(&["metadata", "creationTimestamp"]));
        page.maybe("Deleted", object.text(&["metadata", "deletionTimestamp"]));
        let owners = object.at(&["metadata", "ownerReferences"]).and_then(Value::as_array);
        for owner in owners.into_iter().flatten() {
            let part = |field: &str| owner.get(field).and_then(Value::as_str).unwrap_or_default();
            page.field("Owned By", &format!("{}/{}", part("kind"), part("name")));
        }
        let finalizers = object.at(&["metadata", "finalizers"]).and_then(Value::as_array);
        if let Some(finalizers) = finalizers.filter(|finalizers| !finalizers.is_empty()) {
            page.values("Finalizers", finalizers.iter().map(one_line));
        }
    }
}

/// Everything but the names, field by field.
fn body(page: &mut Page, object: &Manifest) {
    for (name, value) in object.0.as_object().into_iter().flatten() {
        if matches!(name.as_str(), "apiVersion" | "kind" | "metadata") || empty(value) {
            continue;
        }
        // Conditions read better as a table.
        let conditions = value.get("conditions").filter(|_| name == "status");
        lay_out(page, &title(name), &without(value, conditions.is_some()));
        if let Some(conditions) = conditions {
            self::conditions(page, conditions);
        }
    }
}

fn without(value: &Value, conditions: bool) -> Value {
    match value {
        Value::Object(fields) if conditions => Value::Object(
            fields.iter().filter(|(name, _)| *name != "conditions").map(|(k, v)| (k.clone(), v.clone())).collect(),
        ),
        value => value.clone(),
    }
}

/// One field of any shape.
pub(super) fn lay_out(page: &mut Page, name: &str, value: &Value) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            page.line(&format!("{name}:"));
            page.inside(|page| {
                if free(name, fields) {
                    fields.iter().for_each(|(key, value)| lay_out(page, key, value));
                } else {
                    fields_of(page, fields);
                }
            });
        }
        Value::Array(items) if !items.is_empty() => {
            page.line(&format!("{name}:"));
            page.inside(|page| items.iter().for_each(|item| item_of(page, item)));
        }
        Value::String(text) if text.contains('\n') => {
            page.line(&format!("{name}:"));
            page.inside(|page| text.lines().for_each(|line| page.line(line)));
        }
        value => page.field(name, &one_line(value)),
    }
}

/// Whether the keys are people's own words, not fields of the API: those must be told as they are.
fn free(name: &str, fields: &Map<String, Value>) -> bool {
    const MAPS: [&str; 10] = [
        "Data",
        "String Data",
        "Binary Data",
        "Match Labels",
        "Labels",
        "Annotations",
        "Selector",
        "Node Selector",
        "Limits",
        "Requests",
    ];
    MAPS.contains(&name) && fields.values().all(|value| !value.is_object() && !value.is_array())
}

fn fields_of(page: &mut Page, fields: &Map<String, Value>) {
    for (name, value) in fields.iter().filter(|(_, value)| !empty(value)) {
        lay_out(page, &title(name), value);
    }
}

fn item_of(page: &mut Page, item: &Value) {
    match item {
        Value::Object(fields) => {
            // The name of a list element, where it has one, stands before its other fields.
            match fields.get("name").and_then(Value::as_str) {
                Some(name) => {
                    page.line(&format!("{name}:"));
                    page.inside(|page| {
                        for (key, value) in fields.iter().filter(|(key, value)| *key != "name" && !empty(value)) {
                            lay_out(page, &title(key), value);
                        }
                    });
                }
                None => {
                    page.line("-");
                    page.inside(|page| fields_of(page, fields));
                }
            }
        }
        item => page.line(&format!("- {}", one_line(item))),
    }
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A scalar, or anything else as compact JSON.
pub(super) fn one_line(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    sanitize::line(&text).into_owned()
}

/// `podIP` as `Pod IP`, `readinessProbe` as `Readiness Probe`. Keys that are no field names (`a.b/c`) stay.
fn title(field: &str) -> String {
    if !field.chars().all(|c| c.is_ascii_alphanumeric()) {
        return field.to_owned();
    }
    let mut out = String::new();
    let mut last_lower = false;
    for (at, c) in field.chars().enumerate() {
        if at == 0 {
            out.push(c.to_ascii_uppercase());
        } else {
            if c.is_ascii_uppercase() && last_lower {
                out.push(' ');
            }
            out.push(c);
        }
        last_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    out
}

/// Conditions as a table.
pub(super) fn conditions(page: &mut Page, conditions: &Value) {
    let mut rows = vec![["Type", "Status", "Reason", "Message"].map(str::to_owned).to_vec()];
    for condition in conditions.as_array().into_iter().flatten() {
        rows.push(
            ["type", "status", "reason", "message"]
                .map(|field| condition.get(field).map(one_line).unwrap_or_default())
                .to_vec(),
        );
    }
    page.line("Conditions:");
    page.inside(|page| page.table(&rows));
}

/// Events, oldest first, repeated ones counted.
fn happened(page: &mut Page, events: &[Manifest], now: Timestamp) {
    if events.is_empty() {
        page.field("Events", "<none>");
        return;
    }
    let time = |event: &Manifest, fields: &[&str]| {
        fields.iter().find_map(|field| event.text(&field.split('.').collect::<Vec<_>>())?.parse::<Timestamp>().ok())
    };
    let last = |event: &Manifest| {
        time(event, &["series.lastObservedTime", "lastTimestamp", "eventTime", "metadata.creationTimestamp"])
    };
    let mut events: Vec<&Manifest> = events.iter().collect();
    events.sort_by_key(|event| last(event));
    let mut rows = vec![["Type", "Reason", "Age", "From", "Message"].map(str::to_owned).to_vec()];
    for event in events {
        let count = ["count", "series"].iter().find_map(|field| match event.at(&[field])? {
            Value::Number(count) => count.as_u64(),
            series => series.get("count")?.as_u64(),
        });
        let first = time(event, &["firstTimestamp", "eventTime", "metadata.creationTimestamp"]);
        let since = last(event).map_or_else(|| "<unknown>".to_owned(), |at| age(now, at));
        let since = match (count.filter(|count| *count > 1), first) {
            (Some(count), Some(first)) => format!("{since} (x{count} over {})", age(now, first)),
            _ => since,
        };
        let from = event.text(&["source", "component"]).filter(|from| !from.is_empty());
        let from = from.or(event.text(&["reportingComponent"])).or(event.text(&["reportingController"]));
        let message = event.text(&["message"]).or(event.text(&["note"])).unwrap_or_default();
        rows.push(vec![
            event.text(&["type"]).unwrap_or_default().to_owned(),
            event.text(&["reason"]).unwrap_or_default().to_owned(),
            since,
            from.unwrap_or_default().to_owned(),
            sanitize::line(message.trim()).into_owned(),
        ]);
    }
    page.line("Events:");
    page.inside(|page| page.table(&rows));
}

/// An age as kubectl writes it (`HumanDuration` of apimachinery): about two significant figures.
pub(super) fn age(now: Timestamp, since: Timestamp) -> String {
    let seconds = Duration::try_from(now.duration_since(since)).unwrap_or_default().as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |big: u64, unit: &str, small: u64, sub: &str| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{sub}") }
    };
    if seconds < 120 {
        format!("{seconds}s")
    } else if minutes < 10 {
        two(minutes, "m", seconds % 60, "s")
    } else if minutes < 180 {
        format!("{minutes}m")
    } else if hours < 8 {
        two(hours, "h", minutes % 60, "m")
    } else if hours < 48 {
        format!("{hours}h")
    } else if hours < 192 {
        two(days, "d", hours % 24, "h")
    } else if days < 730 {
        format!("{days}d")
    } else if days < 2920 {
        two(days / 365, "y", days % 365, "d")
    } else {
        format!("{}y", days / 365)
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{Manifest, age, text, title};
    use crate::cluster::yaml;

    /// JSON of any shape, with text no one would write on purpose.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "(\\PC|[\\x00-\\x1f]){0,12}".prop_map(Value::from)
        ];
        let key = prop_oneof![
            "[a-z]{1,6}",
            Just("name".to_owned()),
            Just("state".to_owned()),
            Just("conditions".to_owned()),
            Just("containers".to_owned())
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(key.clone(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect()))
            ]
        })
    }

    proptest! {
        #[test]
        fn any_object_is_described_safely(meta in any_json(), spec in any_json(), status in any_json(), pod in any::<bool>()) {
            let kind = if pod { "Pod" } else { "Secret" };
            let object = Manifest(json!({"apiVersion": "v1", "kind": kind, "metadata": meta, "spec": spec, "status": status, "data": spec}));
            for shown in [text(&object, &[Manifest(status), Manifest(meta)], Timestamp::UNIX_EPOCH), yaml::text(&object)] {
                prop_assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
            }
        }
    }

    #[rstest]
    #[case(5, "5s")]
    #[case(119, "119s")]
    #[case(120, "2m")]
    #[case(599, "9m59s")]
    #[case(600, "10m")]
    #[case(10_799, "179m")]
    #[case(10_800, "3h")]
    #[case(11_100, "3h5m")]
    #[case(28_800, "8h")]
    #[case(172_800, "2d")]
    #[case(176_400, "2d1h")]
    #[case(691_200, "8d")]
    #[case(63_072_000, "2y")]
    #[case(-5, "0s")]
    fn ages_as_kubectl_writes_them(#[case] seconds: i64, #[case] written: &str) {
        let since: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(age(since + SignedDuration::from_secs(seconds), since), written);
    }

    #[test]
    fn peoples_own_keys_stay_as_they_are() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"logLevel": "debug"},
            "spec": {"selector": {"matchLabels": {"appName": "web"}}}});
        let shown = text(&Manifest(object), &[], Timestamp::UNIX_EPOCH);
        assert!(
            shown.contains("  logLevel: ") && shown.contains("appName: ") && shown.contains("Match Labels:"),
            "{shown}"
        );
    }

    #[test]
    fn field_names_become_titles() {
        for (field, name) in
            [("podIP", "Pod IP"), ("readinessProbe", "Readiness Probe"), ("a.b/c", "a.b/c"), ("hosts", "Hosts")]
        {
            assert_eq!(title(field), name);
        }
    }
}
