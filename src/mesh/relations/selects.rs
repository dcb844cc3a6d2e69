//! Which labels a selector means, as a test of shared labels.

use compact_str::CompactString;
use serde_json::Value;

use crate::cluster::pods::Labels;

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asks {
    /// The label has one of these values.
    In(CompactString, Vec<CompactString>),
    /// It has none of these.
    NotIn(CompactString, Vec<CompactString>),
    /// It is there.
    Exists(CompactString),
    /// It is not.
    Absent(CompactString),
    /// Nothing holds: an operator of no known name.
    Nothing,
}

/// A selector; every requirement must hold, none is all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selects(Vec<Asks>);

impl Selects {
    /// A map of labels (core/v1 Service). `None`: there is none, and nothing is selected.
    pub fn map(value: Option<&Value>) -> Option<Self> {
        let map = value?.as_object().filter(|map| !map.is_empty())?;
        Some(Self(map.iter().map(|(key, value)| equal(key, value)).collect()))
    }

    /// A `LabelSelector` of meta/v1. `None`: there is none; an empty one selects everything.
    pub fn label_selector(value: Option<&Value>) -> Option<Self> {
        let value = value?.as_object()?;
        let labels = value.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
        let expressions = value.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
        Some(Self(labels.map(|(key, value)| equal(key, value)).chain(expressions.map(expression)).collect()))
    }

    /// One label of one value.
    pub fn label(key: &str, value: &str) -> Self {
        Self(vec![Asks::In(key.into(), vec![value.into()])])
    }

    /// Whether these labels, sorted by key, are selected.
    pub fn matches(&self, labels: &Labels) -> bool {
        let label = |key: &str| {
            let at = labels.binary_search_by(|(known, _)| known.as_ref().cmp(key)).ok()?;
            labels.get(at).map(|(_, value)| value.as_ref())
        };
        self.0.iter().all(|asks| match asks {
            Asks::In(key, values) => label(key).is_some_and(|value| values.iter().any(|one| one == value)),
            Asks::NotIn(key, values) => !label(key).is_some_and(|value| values.iter().any(|one| one == value)),
            Asks::Exists(key) => label(key).is_some(),
            Asks::Absent(key) => label(key).is_none(),
            Asks::Nothing => false,
        })
    }

    /// As kubectl writes it, for a watch of what it selects.
    pub fn words(&self) -> String {
        let words = self.0.iter().map(|asks| match asks {
            Asks::In(key, values) => match values.as_slice() {
                [value] => format!("{key}={value}"),
                values => format!("{key} in ({})", values.join(",")),
            },
            Asks::NotIn(key, values) => format!("{key} notin ({})", values.join(",")),
            Asks::Exists(key) => key.to_string(),
            Asks::Absent(key) => format!("!{key}"),
            // No label has an empty name: nothing is found.
            Asks::Nothing => "brink.dev/nothing=nothing".to_owned(),
        });
        words.collect::<Vec<_>>().join(",")
    }
}

fn equal(key: &str, value: &Value) -> Asks {
    match value.as_str() {
        Some(value) => Asks::In(key.into(), vec![value.into()]),
        None => Asks::Nothing,
    }
}

fn expression(one: &Value) -> Asks {
    let text = |field: &str| one.get(field).and_then(Value::as_str).unwrap_or_default();
    let values = one.get("values").and_then(Value::as_array).into_iter().flatten();
    let values = values.filter_map(Value::as_str).map(CompactString::from).collect();
    let key = CompactString::from(text("key"));
    match text("operator") {
        "In" => Asks::In(key, values),
        "NotIn" => Asks::NotIn(key, values),
        "Exists" => Asks::Exists(key),
        "DoesNotExist" => Asks::Absent(key),
        _ => Asks::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rstest::rstest;
    use serde_json::{Value, json};

    use super::Selects;

    #[rstest]
    #[case(json!({"matchLabels": {"app": "web"}}), true)]
    #[case(json!({"matchLabels": {"app": "web", "tier": "b"}}), false)]
    #[case(json!({}), true)]
    #[case(json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["api", "web"]}]}), true)]
    #[case(json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}), false)]
    #[case(json!({"matchExpressions": [{"key": "x", "operator": "NotIn", "values": ["web"]}]}), true)]
    #[case(json!({"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]}), true)]
    #[case(json!({"matchExpressions": [{"key": "app", "operator": "Near"}]}), false)]
    fn labels_are_selected(#[case] selector: Value, #[case] selected: bool) {
        let labels = Arc::from([(Arc::from("app"), Arc::from("web")), (Arc::from("tier"), Arc::from("a"))]);
        assert_eq!(Selects::label_selector(Some(&selector)).unwrap().matches(&labels), selected);
    }

    #[test]
    fn what_selects_nothing_is_none() {
        assert_eq!(Selects::map(Some(&json!({}))), None, "a Service without a selector has no pods");
        assert_eq!(Selects::map(None), None);
        assert_eq!(Selects::map(Some(&json!({"app": "web"}))).unwrap().words(), "app=web");
    }
}
