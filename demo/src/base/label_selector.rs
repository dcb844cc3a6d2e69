//! Label selectors, as text in a query and as objects in a spec.

use serde_json::{Map, Value};

/// All of its requirements must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LabelSelector(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
}

impl LabelSelector {
    /// Reads `a=b,c!=d,e in (f,g),h,!i`; the error says what cannot be read.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut all = Vec::new();
        for part in split(text) {
            all.push(Requirement::parse(part.trim()).ok_or_else(|| {
                format!(
                    "unable to parse requirement: found '{}', expected: !, identifier, or 'end of string'",
                    part.trim()
                )
            })?);
        }
        Ok(Self(all))
    }

    /// Reads `matchLabels` and `matchExpressions`. An empty object selects everything; null selects nothing.
    pub fn of_object(selector: &Value) -> Option<Self> {
        let object = selector.as_object()?;
        let mut all = Vec::new();
        for (key, value) in object.get("matchLabels").and_then(Value::as_object).into_iter().flatten() {
            all.push(Requirement { key: key.clone(), test: Test::In(vec![value.as_str()?.to_owned()]) });
        }
        for expression in object.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
            let values = || -> Vec<String> {
                let listed = expression.get("values").and_then(Value::as_array);
                listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
            };
            let test = match expression.get("operator")?.as_str()? {
                "In" => Test::In(values()),
                "NotIn" => Test::NotIn(values()),
                "Exists" => Test::Exists,
                "DoesNotExist" => Test::Absent,
                _ => return None,
            };
            all.push(Requirement { key: expression.get("key")?.as_str()?.to_owned(), test });
        }
        Some(Self(all))
    }

    /// Reads a plain map of labels, as in a Service.
    pub fn of_labels(labels: &Map<String, Value>) -> Self {
        let one = |(key, value): (&String, &Value)| Requirement {
            key: key.clone(),
            test: Test::In(vec![value.as_str().unwrap_or_default().to_owned()]),
        };
        Self(labels.iter().map(one).collect())
    }

    /// Whether the labels of an object fulfil every requirement.
    pub fn matches(&self, labels: &Value) -> bool {
        self.0.iter().all(|requirement| {
            let has = labels.get(&requirement.key).and_then(Value::as_str);
            match &requirement.test {
                Test::In(values) => has.is_some_and(|has| values.iter().any(|value| value == has)),
                Test::NotIn(values) => has.is_none_or(|has| values.iter().all(|value| value != has)),
                Test::Exists => has.is_some(),
                Test::Absent => has.is_none(),
            }
        })
    }

    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Commas outside brackets part the requirements.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    if !text[from..].trim().is_empty() || !parts.is_empty() {
        parts.push(&text[from..]);
    }
    parts
}

impl Requirement {
    fn parse(text: &str) -> Option<Self> {
        let made = |key: &str, test| key_ok(key.trim()).then(|| Self { key: key.trim().to_owned(), test });
        if let Some(key) = text.strip_prefix('!') {
            return made(key, Test::Absent);
        }
        if let Some((head, rest)) = text.split_once('(') {
            let inner = rest.trim().strip_suffix(')')?;
            let values = inner.split(',').map(|value| value.trim().to_owned()).collect();
            let mut words = head.split_whitespace();
            let (key, word) = (words.next()?, words.next()?);
            return match word {
                "in" => made(key, Test::In(values)),
                "notin" => made(key, Test::NotIn(values)),
                _ => None,
            };
        }
        if let Some((key, value)) = text.split_once("!=") {
            return made(key, Test::NotIn(vec![value.trim().to_owned()]));
        }
        if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
            return made(key, Test::In(vec![value.trim().to_owned()]));
        }
        made(text, Test::Exists)
    }
}

fn key_ok(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::LabelSelector;

    fn holds(selector: &str, labels: &serde_json::Value) -> bool {
        LabelSelector::parse(selector).unwrap().matches(labels)
    }

    #[test]
    fn every_operator_of_the_text_form() {
        let labels = json!({"app": "shop", "tier": "web"});
        assert!(holds("", &labels));
        assert!(holds("app=shop,tier==web", &labels));
        assert!(!holds("app!=shop", &labels));
        assert!(holds("app in (shop, bank),tier notin (db)", &labels));
        assert!(holds("app,!gone", &labels));
        assert!(!holds("!app", &labels));
        assert!(LabelSelector::parse("a in b").is_err());
        assert!(LabelSelector::parse("a=b,").is_err());
    }

    #[test]
    fn the_object_form_says_the_same() {
        let labels = json!({"app": "shop"});
        let of = |value: serde_json::Value| LabelSelector::of_object(&value);
        assert!(of(json!({})).unwrap().matches(&labels));
        assert!(of(json!(null)).is_none());
        assert!(
            of(json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["shop"]}]}))
                .unwrap()
                .matches(&labels)
        );
        assert!(!of(json!({"matchLabels": {"app": "bank"}})).unwrap().matches(&labels));
    }
}
