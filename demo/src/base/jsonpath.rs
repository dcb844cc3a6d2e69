//! The JSONPath subset of printer columns: names, indices, `[*]` and `[?(@.field=="value")]`.

use serde_json::Value;

/// A path that was read once.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Name(String),
    Index(i64),
    All,
    Where(JsonPath, bool, String),
}

impl JsonPath {
    /// Reads `.spec.hosts[0]` or `spec.hosts[0]`, in braces or not.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        let text = text.strip_prefix('$').unwrap_or(text);
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let end = close(inner)?;
                steps.push(bracket(&inner[..end])?);
                rest = &inner[end + 1..];
                continue;
            }
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let (name, after) = word(rest);
            if name.is_empty() {
                // A lone dot in front of a bracket.
                if rest.starts_with('[') {
                    continue;
                }
                return None;
            }
            steps.push(if name == "*" { Step::All } else { Step::Name(name) });
            rest = after;
        }
        Some(Self(steps))
    }

    /// Everything the path leads to.
    pub fn all<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![value];
        for step in &self.0 {
            let mut next = Vec::new();
            for value in found {
                step.go(value, &mut next);
            }
            found = next;
        }
        found
    }

    /// The first thing the path leads to.
    pub fn first<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.all(value).into_iter().next()
    }
}

impl Step {
    fn go<'a>(&self, value: &'a Value, into: &mut Vec<&'a Value>) {
        match self {
            Self::Name(name) => into.extend(value.get(name)),
            Self::Index(at) => {
                if let Some(list) = value.as_array() {
                    let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
                    let at = if *at < 0 { length + at } else { *at };
                    into.extend(usize::try_from(at).ok().and_then(|at| list.get(at)));
                }
            }
            Self::All => match value {
                Value::Array(list) => into.extend(list),
                Value::Object(map) => into.extend(map.values()),
                _ => {}
            },
            Self::Where(path, equal, wanted) => {
                for item in value.as_array().into_iter().flatten() {
                    let has = path.first(item).map(|has| has.as_str().map_or_else(|| has.to_string(), str::to_owned));
                    if (has.as_ref() == Some(wanted)) == *equal {
                        into.push(item);
                    }
                }
            }
        }
    }
}

/// A name up to the next dot or bracket; a backslash takes a dot into it.
fn word(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.extend(chars.next().map(|(_, c)| c)),
            '.' | '[' => return (name, &text[at..]),
            c => name.push(c),
        }
    }
    (name, "")
}

/// Where the bracket that is open closes.
fn close(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn bracket(inner: &str) -> Option<Step> {
    let inner = inner.trim();
    if inner == "*" {
        return Some(Step::All);
    }
    if let Some(test) = inner.strip_prefix("?(").and_then(|test| test.strip_suffix(')')) {
        let (left, equal, right) = match test.split_once("==") {
            Some((left, right)) => (left, true, right),
            None => test.split_once("!=").map(|(left, right)| (left, false, right))?,
        };
        let path = JsonPath::parse(left.trim().strip_prefix('@')?)?;
        return Some(Step::Where(path, equal, right.trim().trim_matches(['"', '\'']).to_owned()));
    }
    if let Ok(at) = inner.parse() {
        return Some(Step::Index(at));
    }
    let name = inner.trim_matches(['"', '\'']);
    (name.len() < inner.len()).then(|| Step::Name(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::JsonPath;

    #[test]
    fn the_forms_that_printer_columns_use() {
        let object = json!({
            "spec": {"hosts": ["a", "b"]},
            "metadata": {"annotations": {"x.y/z": "1"}},
            "status": {"conditions": [{"type": "A", "status": "False"}, {"type": "Ready", "status": "True"}]},
        });
        let found = |path: &str| JsonPath::parse(path).unwrap().first(&object).cloned();
        assert_eq!(found(".spec.hosts[1]"), Some(json!("b")));
        assert_eq!(found(".spec.hosts[-1]"), Some(json!("b")));
        assert_eq!(found("{.spec.hosts}"), Some(json!(["a", "b"])));
        assert_eq!(found(r".metadata.annotations.x\.y/z"), Some(json!("1")));
        assert_eq!(found(".metadata.annotations['x.y/z']"), Some(json!("1")));
        assert_eq!(found(r#".status.conditions[?(@.type=="Ready")].status"#), Some(json!("True")));
        assert_eq!(found(".spec.none"), None);
        assert_eq!(JsonPath::parse(".spec.hosts[*]").unwrap().all(&object).len(), 2);
        assert!(JsonPath::parse(".spec[").is_none());
    }
}
