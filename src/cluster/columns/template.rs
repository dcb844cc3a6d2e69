//! A text with places that an object fills: `app={{.spec.app}}`.

use serde_json::Value;

use super::{ColumnError, Path, text};

/// A part of it.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Path(Path),
}

/// A text that was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Template {
    parts: Vec<Part>,
}

impl Template {
    /// Reads a text. Only paths stand in double braces, no functions.
    pub fn parse(text: &str) -> Result<Self, ColumnError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((path, after)) = after.split_once("}}") else {
                return Err(ColumnError::Path { path: text.to_owned(), why: "the braces are not closed".to_owned() });
            };
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Path(Path::parse(path.trim())?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// The text for an object; `None` where it does not say what a place needs.
    pub fn fill(&self, object: &Value) -> Option<String> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Path(path) => {
                    let values: Vec<String> =
                        path.values(object).into_iter().filter(|value| !value.is_null()).map(text::plain).collect();
                    filled.push_str(&Some(values.join(",")).filter(|text| !text.is_empty())?);
                }
            }
        }
        Some(filled)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Template;

    #[test]
    fn an_object_fills_the_places() {
        let object = json!({ "spec": { "app": "reviews", "n": 2 }, "metadata": { "namespace": "shop" } });
        let fill = |text: &str| Template::parse(text).unwrap().fill(&object);
        assert_eq!(fill("app={{.spec.app}},n={{ .spec.n }}").as_deref(), Some("app=reviews,n=2"));
        assert_eq!(fill("plain").as_deref(), Some("plain"));
        assert_eq!(fill("x={{.spec.absent}}"), None);
        assert!(Template::parse("x={{.spec").is_err());
    }
}
