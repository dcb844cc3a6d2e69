//! The paths by which people look into an object: the part of JSONPath that kubectl users write.
//!
//! `.spec.replicas`, `.status.containerStatuses[0].ready`, `.items[*].name`,
//! `.status.conditions[?(@.type=="Ready")].status`, `.metadata.annotations['brink.dev/x']`.

use serde_json::Value;

/// A path, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Key(String),
    At(usize),
    All,
    /// Elements in which the value of a key is this text.
    Where(String, String),
}

impl Path {
    /// Takes a path apart, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{text}` is no path: {why}");
        let bare = text.trim().trim_start_matches('{').trim_end_matches('}').trim_start_matches('$');
        let mut rest = bare;
        let mut parts = Vec::new();
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix("[?(@.") {
                let (test, after) = inside.split_once(")]").ok_or_else(|| wrong("`[?(` has no `)]`"))?;
                let (key, value) = test.split_once("==").ok_or_else(|| wrong("a filter compares with `==`"))?;
                parts.push(Part::Where(key.trim().to_owned(), unquoted(value.trim()).to_owned()));
                rest = after;
            } else if let Some(inside) = rest.strip_prefix('[') {
                let (index, after) = inside.split_once(']').ok_or_else(|| wrong("`[` has no `]`"))?;
                parts.push(match index.trim() {
                    "*" => Part::All,
                    quoted if quoted.starts_with(['\'', '"']) => Part::Key(unquoted(quoted).to_owned()),
                    number => Part::At(number.parse().map_err(|_| wrong("an index is a number, `*` or a quoted key"))?),
                });
                rest = after;
            } else {
                let name = rest.strip_prefix('.').or_else(|| parts.is_empty().then_some(rest));
                let name = name.ok_or_else(|| wrong("keys are parted by `.`"))?;
                let end = name.find(['.', '[']).unwrap_or(name.len());
                let (key, after) = name.split_at(end);
                if key.is_empty() {
                    return Err(wrong("a key is empty"));
                }
                parts.push(Part::Key(key.to_owned()));
                rest = after;
            }
        }
        if parts.is_empty() {
            return Err(wrong("it names nothing"));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Everything it leads to.
    pub fn find<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let mut found = vec![value];
        for part in &self.parts {
            found = found.into_iter().flat_map(|value| step(part, value)).collect();
        }
        found
    }
}

fn step<'v>(part: &Part, value: &'v Value) -> Vec<&'v Value> {
    match (part, value) {
        (Part::Key(key), Value::Object(map)) => map.get(key).into_iter().collect(),
        (Part::At(at), Value::Array(list)) => list.get(*at).into_iter().collect(),
        (Part::All, Value::Array(list)) => list.iter().collect(),
        (Part::All, Value::Object(map)) => map.values().collect(),
        (Part::Where(key, wanted), Value::Array(list)) => {
            list.iter().filter(|one| one.get(key).is_some_and(|value| written(value) == *wanted)).collect()
        }
        _ => Vec::new(),
    }
}

/// A value as a person writes it: texts without quotes.
pub fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['\'', '"'])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::{Path, written};

    #[rstest]
    #[case(".spec.replicas", &["2"])]
    #[case("spec.replicas", &["2"])]
    #[case("{.status.conditions[?(@.type==\"Ready\")].status}", &["True"])]
    #[case("$.status.conditions[*].type", &["Ready", "Synced"])]
    #[case(".status.conditions[1].type", &["Synced"])]
    #[case(".metadata.annotations['a.b/c']", &["d"])]
    #[case(".nothing.here", &[])]
    #[case(".spec[0]", &[])]
    fn it_leads_where_kubectl_users_expect(#[case] path: &str, #[case] wanted: &[&str]) {
        let object = json!({
            "metadata": {"annotations": {"a.b/c": "d"}},
            "spec": {"replicas": 2},
            "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Synced"}]},
        });
        let found: Vec<String> = Path::parse(path).unwrap().find(&object).into_iter().map(written).collect();
        assert_eq!(found, wanted);
    }

    #[rstest]
    #[case("")]
    #[case(".a[")]
    #[case(".a[x]")]
    #[case("..a")]
    #[case(".a[?(@.b)]")]
    #[case(".a[0]b")]
    fn what_is_no_path_is_said(#[case] path: &str) {
        assert!(Path::parse(path).unwrap_err().contains("no path"));
    }
}
