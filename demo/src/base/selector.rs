//! Label selectors as controllers and proxies read them: what cannot be understood selects nothing, and is no error.

use serde_json::Value;

use super::value::{self, Labels};

/// `matchLabels` and `matchExpressions`; without either it matches everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selector {
    labels: Labels,
    expressions: Vec<Expression>,
}

#[derive(Debug, Clone, PartialEq)]
struct Expression {
    key: String,
    operator: String,
    values: Vec<String>,
}

impl Selector {
    /// The `LabelSelector` at a place.
    pub fn read(value: &Value) -> Self {
        let expressions = value::list(value, &["matchExpressions"])
            .iter()
            .map(|one| Expression {
                key: value::text(one, &["key"]).to_owned(),
                operator: value::text(one, &["operator"]).to_owned(),
                values: value::list(one, &["values"]).iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            })
            .collect();
        Self { labels: value::labels(value, &["matchLabels"]), expressions }
    }

    /// A plain map, as Services and Istio have it; `None` when it is empty, which selects nothing.
    pub fn plain(labels: Labels) -> Option<Self> {
        (!labels.is_empty()).then_some(Self { labels, expressions: Vec::new() })
    }

    /// Whether labels satisfy all of it. An operator nobody knows matches nothing.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.expressions.iter().all(|one| {
                let held = labels.get(&one.key);
                match one.operator.as_str() {
                    "In" => held.is_some_and(|held| one.values.contains(held)),
                    "NotIn" => held.is_none_or(|held| !one.values.contains(held)),
                    "Exists" => held.is_some(),
                    "DoesNotExist" => held.is_none(),
                    _ => false,
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Selector;
    use crate::base::value::labels;

    #[test]
    fn labels_and_expressions_must_all_hold() {
        let selector = Selector::read(&json!({
            "matchLabels": {"app": "a"}, "matchExpressions": [{"key": "v", "operator": "NotIn", "values": ["2"]}]
        }));
        assert!(selector.matches(&labels(&json!({"app": "a"}), &[])));
        assert!(!selector.matches(&labels(&json!({"app": "a", "v": "2"}), &[])));
        assert!(!selector.matches(&labels(&json!({"v": "1"}), &[])));
    }
}
