//! Label selectors, as text in a query and as objects in a spec.

use serde_json::{Map, Value};

use super::syntax;

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
    Above(i64),
    Below(i64),
}

impl LabelSelector {
    /// Reads `a=b,c!=d,e in (f,g),h,!i`; the error says what cannot be read.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse(text).map(Self)
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
                Test::Above(bound) => has.and_then(|has| has.parse().ok()).is_some_and(|has: i64| has > *bound),
                Test::Below(bound) => has.and_then(|has| has.parse().ok()).is_some_and(|has: i64| has < *bound),
            }
        })
    }

    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The signs that end a word.
const SIGNS: &[char] = &['=', '!', '(', ')', ',', '>', '<'];

/// The text form, word by word: runs of signs that mean something, and words between them. The last one is empty.
struct Words {
    all: Vec<String>,
    at: usize,
}

impl Words {
    fn of(text: &str) -> Self {
        let mut all = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let end = if SIGNS.contains(&first) {
                let two = rest.get(..2).filter(|two| matches!(*two, "==" | "!="));
                two.map_or(1, str::len)
            } else {
                rest.find(|c: char| c.is_whitespace() || SIGNS.contains(&c)).unwrap_or(rest.len())
            };
            all.push(rest[..end].to_owned());
            rest = rest[end..].trim_start();
        }
        Self { all, at: 0 }
    }

    fn peek(&self) -> &str {
        self.all.get(self.at).map(String::as_str).unwrap_or_default()
    }

    fn take(&mut self) -> String {
        let word = self.peek().to_owned();
        self.at += 1;
        word
    }
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && !word.starts_with(SIGNS)
}

/// The requirements of a text, in the words of the API where it cannot be read.
fn parse(text: &str) -> Result<Vec<Requirement>, String> {
    let mut words = Words::of(text);
    let mut all = Vec::new();
    loop {
        let next = words.peek().to_owned();
        if next.is_empty() {
            return Ok(all);
        }
        if !is_name(&next) && next != "!" {
            return Err(format!("found '{next}', expected: !, identifier, or 'end of string'"));
        }
        let one = Requirement::read(&mut words).map_err(|why| format!("unable to parse requirement: {why}"))?;
        all.push(one);
        let after = words.take();
        match after.as_str() {
            "" => return Ok(all),
            "," => {
                let next = words.peek();
                if !is_name(next) && next != "!" {
                    return Err(format!("found '{next}', expected: identifier after ','"));
                }
            }
            other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
        }
    }
}

impl Requirement {
    fn read(words: &mut Words) -> Result<Self, String> {
        let mut key = words.take();
        let absent = key == "!";
        if absent {
            key = words.take();
        }
        if !is_name(&key) {
            return Err(format!("found '{key}', expected: identifier"));
        }
        if let Some(why) = syntax::qualified(&key).first() {
            return Err(format!("<nil>: Invalid value: {key:?}: {why}"));
        }
        if matches!(words.peek(), "" | ",") {
            let test = if absent { Test::Absent } else { Test::Exists };
            return Ok(Self { key, test });
        }
        let test = match words.take().as_str() {
            "=" | "==" => Test::In(vec![exact(words)?]),
            "!=" => Test::NotIn(vec![exact(words)?]),
            "in" => Test::In(values(words)?),
            "notin" => Test::NotIn(values(words)?),
            sign @ (">" | "<") => {
                let bound = exact(words)?;
                let number = bound.parse().map_err(|_| {
                    format!(
                        "values[0]: Invalid value: {bound:?}: for 'Gt', 'Lt' operators, the value must be an integer"
                    )
                })?;
                if sign == ">" { Test::Above(number) } else { Test::Below(number) }
            }
            other => return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
        };
        if let Test::In(all) | Test::NotIn(all) = &test {
            for (at, value) in all.iter().enumerate() {
                if let Some(why) = syntax::label_value(value).first() {
                    return Err(format!("values[{at}][{key}]: Invalid value: {value:?}: {why}"));
                }
            }
        }
        Ok(Self { key, test })
    }
}

fn exact(words: &mut Words) -> Result<String, String> {
    if matches!(words.peek(), "" | ",") {
        return Ok(String::new());
    }
    let value = words.take();
    if is_name(&value) { Ok(value) } else { Err(format!("found '{value}', expected: identifier")) }
}

fn values(words: &mut Words) -> Result<Vec<String>, String> {
    let open = words.take();
    if open != "(" {
        return Err(format!("found '{open}' expected: '('"));
    }
    let mut all = Vec::new();
    let mut wanted = true;
    loop {
        let word = words.take();
        match word.as_str() {
            ")" => {
                if wanted {
                    all.push(String::new());
                }
                return Ok(all);
            }
            "," => {
                if wanted {
                    all.push(String::new());
                }
                wanted = true;
            }
            name if is_name(name) && wanted => {
                all.push(word);
                wanted = false;
            }
            other if wanted => return Err(format!("found '{other}', expected: ',', ')' or identifier")),
            other => return Err(format!("found '{other}', expected: ',' or ')'")),
        }
    }
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
