//! Field selectors: the few fields a kind lets its lists be narrowed by.

use serde_json::Value;

use super::jsonpath::JsonPath;

/// All of its requirements must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FieldSelector(Vec<(String, bool, String)>);

impl FieldSelector {
    /// Reads `metadata.name=a,status.phase!=Failed`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut all = Vec::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (field, equal, value) = if let Some((field, value)) = part.split_once("!=") {
                (field, false, value)
            } else if let Some((field, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
                (field, true, value)
            } else {
                return Err(format!("invalid selector: '{text}'; can't understand '{part}'"));
            };
            all.push((field.trim().to_owned(), equal, value.trim().to_owned()));
        }
        Ok(Self(all))
    }

    /// The first field that is none of the supported ones.
    pub fn unsupported(&self, supported: &[&str]) -> Option<&str> {
        self.0.iter().map(|(field, ..)| field.as_str()).find(|field| !supported.contains(field))
    }

    /// The one name it asks for, where it asks for one.
    pub fn name(&self) -> Option<&str> {
        self.0.iter().find(|(field, equal, _)| *equal && field == "metadata.name").map(|(.., value)| value.as_str())
    }

    /// The same with its fields in other words.
    #[must_use]
    pub fn spoken(mut self, words: impl Fn(&str) -> String) -> Self {
        for (field, ..) in &mut self.0 {
            *field = words(field);
        }
        self
    }

    /// Whether an object fulfils every requirement.
    pub fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|(field, equal, value)| (read(object, field) == *value) == *equal)
    }

    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn read(object: &Value, field: &str) -> String {
    match JsonPath::parse(field).and_then(|path| path.first(object).cloned()) {
        Some(Value::String(text)) => text,
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::FieldSelector;

    #[test]
    fn a_missing_field_reads_as_empty() {
        let pod = json!({"metadata": {"name": "a"}, "status": {"phase": "Running"}});
        let holds = |text: &str| FieldSelector::parse(text).unwrap().matches(&pod);
        assert!(holds("metadata.name=a,status.phase!=Failed"));
        assert!(holds("spec.nodeName="));
        assert!(!holds("metadata.name!=a"));
        assert!(FieldSelector::parse("nonsense").is_err());
    }
}
