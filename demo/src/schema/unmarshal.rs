//! Whether a body can be read as a built-in kind at all, and what the server's reader says where it cannot.
//!
//! The reader names the types of its own memory. The document carries their names: those of its components.

use serde_json::Value;

use super::Node;

/// Who reads: the words differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The reader of JSON.
    Json,
    /// The converter of what a strategic patch left.
    Converter,
}

/// What the reader says of the first value that it cannot take, where there is one.
pub fn read(value: &Value, node: Node<'_>, kind: &str, reader: Reader) -> Option<String> {
    Walk { reader, structure: kind, fields: Vec::new() }.walk(value, node)
}

struct Walk<'a> {
    reader: Reader,
    /// The structure whose field is read.
    structure: &'a str,
    /// The fields on the way, without indexes and keys of maps.
    fields: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn walk(&mut self, value: &'a Value, node: Node<'a>) -> Option<String> {
        if value.is_null() {
            return None;
        }
        if node.is_int_or_string() {
            let fits = value.is_string() || value.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
            return (!fits).then(|| self.told(value, "int32"));
        }
        match (node.kind(), value) {
            ("object", Value::Object(map)) => {
                for (name, inner) in map {
                    if let Some(field) = node.property(name) {
                        let above = self.structure;
                        self.structure = node.component().map_or(above, short);
                        self.fields.push(name);
                        let found = self.walk(inner, field);
                        self.fields.pop();
                        self.structure = above;
                        if found.is_some() {
                            return found;
                        }
                    } else if let Some(rest) = node.additional()
                        && let Some(found) = self.walk(inner, rest)
                    {
                        return Some(found);
                    }
                }
                None
            }
            ("array", Value::Array(list)) => {
                let items = node.items()?;
                list.iter().find_map(|item| self.walk(item, items))
            }
            ("integer", Value::Number(number)) => {
                let fits = match number.as_i64() {
                    Some(number) => node.word("format") != "int32" || i32::try_from(number).is_ok(),
                    None => false,
                };
                (!fits).then(|| self.told(value, &type_of(node)))
            }
            // An amount may be a number.
            ("string", Value::Number(_)) if node.component().is_some_and(|name| short(name) == "Quantity") => None,
            ("string", Value::String(_)) | ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => None,
            ("object" | "array" | "integer" | "string" | "number" | "boolean", _) => {
                Some(self.told(value, &type_of(node)))
            }
            _ => None,
        }
    }

    fn told(&self, value: &Value, wanted: &str) -> String {
        if self.reader == Reader::Converter {
            return converted(value, wanted);
        }
        let number = value.as_number().filter(|_| matches!(wanted, "int32" | "int64"));
        let found = match (number, value) {
            (Some(number), _) => format!("number {number}"),
            (None, Value::Bool(_)) => "bool".to_owned(),
            (None, Value::Number(_)) => "number".to_owned(),
            (None, Value::String(_)) => "string".to_owned(),
            (None, Value::Array(_)) => "array".to_owned(),
            (None, _) => "object".to_owned(),
        };
        let field = self.fields.join(".");
        format!("json: cannot unmarshal {found} into Go struct field {}.{field} of type {wanted}", self.structure)
    }
}

fn converted(value: &Value, wanted: &str) -> String {
    let found = match value {
        Value::Null | Value::Object(_) => "map",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
    };
    if wanted.starts_with("[]") {
        return format!("cannot restore slice from {found}");
    }
    if wanted.starts_with("map[") {
        return format!("cannot restore map from {found}");
    }
    if wanted.contains('.') {
        return format!("cannot restore struct from: {found}");
    }
    match (found, wanted) {
        ("int64", "string") | ("int64" | "float64", "int32" | "int64") => format!("cannot convert {found} to {wanted}"),
        _ => format!("unrecognized type: {wanted}"),
    }
}

/// The last part of a component's name.
fn short(component: &str) -> &str {
    component.rsplit('.').next().unwrap_or(component)
}

/// A type by its name in the server's language.
fn type_of(node: Node<'_>) -> String {
    match node.kind() {
        "object" => match (node.component(), node.additional()) {
            (Some(name), _) => {
                let mut parts = name.rsplit('.');
                let own = parts.next().unwrap_or_default();
                parts.next().map_or_else(|| own.to_owned(), |package| format!("{package}.{own}"))
            }
            (None, Some(rest)) if rest.component().is_some_and(|name| short(name) == "Quantity") => {
                "v1.ResourceList".to_owned()
            }
            (None, rest) => format!("map[string]{}", rest.map_or_else(|| "interface {}".to_owned(), type_of)),
        },
        "array" => format!("[]{}", node.items().map_or_else(|| "interface {}".to_owned(), type_of)),
        "integer" if node.word("format") == "int32" => "int32".to_owned(),
        "integer" => "int64".to_owned(),
        "number" => "float64".to_owned(),
        "boolean" => "bool".to_owned(),
        "string" if node.word("format") == "byte" => "[]uint8".to_owned(),
        _ => "string".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Reader, read};
    use crate::schema::Node;

    fn said(value: &Value, reader: Reader) -> Option<String> {
        let document = json!({"components": {"schemas": {
            "io.k8s.api.apps.v1.Set": {"type": "object", "properties": {
                "metadata": {"allOf": [{"$ref": "#/components/schemas/io.k8s.meta.v1.Meta"}]},
                "spec": {"type": "object", "allOf": [{"$ref": "#/components/schemas/io.k8s.api.apps.v1.SetSpec"}]},
            }},
            "io.k8s.meta.v1.Meta": {"type": "object", "properties": {
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            }},
            "io.k8s.api.apps.v1.SetSpec": {"type": "object", "properties": {
                "replicas": {"type": "integer", "format": "int32"},
                "parts": {"type": "array", "items": {"$ref": "#/components/schemas/io.k8s.api.core.v1.Part"}},
            }},
            "io.k8s.api.core.v1.Part": {"type": "object", "properties": {"name": {"type": "string"}}},
        }}});
        read(value, Node::of_component(&document, "io.k8s.api.apps.v1.Set", false).unwrap(), "Set", reader)
    }

    #[test]
    fn the_first_value_that_does_not_fit_is_told_by_the_types_of_the_server() {
        for (value, end) in [
            (json!({"spec": {"replicas": "two"}}), "string into Go struct field SetSpec.spec.replicas of type int32"),
            (json!({"spec": {"replicas": 1.5}}), "number 1.5 into Go struct field SetSpec.spec.replicas of type int32"),
            (
                json!({"spec": {"replicas": 99_999_999_999_i64}}),
                "number 99999999999 into Go struct field SetSpec.spec.replicas of type int32",
            ),
            (json!({"metadata": "x"}), "string into Go struct field Set.metadata of type v1.Meta"),
            (
                json!({"metadata": {"labels": {"x": 1}}}),
                "number into Go struct field Meta.metadata.labels of type string",
            ),
            (
                json!({"metadata": {"labels": []}}),
                "array into Go struct field Meta.metadata.labels of type map[string]string",
            ),
            (
                json!({"spec": {"parts": [{"name": 1}]}}),
                "number into Go struct field Part.spec.parts.name of type string",
            ),
            (json!({"spec": {"parts": "x"}}), "string into Go struct field SetSpec.spec.parts of type []v1.Part"),
        ] {
            assert_eq!(said(&value, Reader::Json), Some(format!("json: cannot unmarshal {end}")));
        }
        assert_eq!(said(&json!({"spec": {"replicas": 2, "parts": [{"name": "a"}], "more": 1}}), Reader::Json), None);
    }

    #[test]
    fn what_a_strategic_patch_left_is_told_in_other_words() {
        let of = |value: Value| said(&value, Reader::Converter).unwrap();
        assert_eq!(of(json!({"spec": {"replicas": "two"}})), "unrecognized type: int32");
        assert_eq!(of(json!({"metadata": {"labels": {"x": 1}}})), "cannot convert int64 to string");
        assert_eq!(of(json!({"spec": {"parts": "x"}})), "cannot restore slice from string");
        assert_eq!(of(json!({"metadata": []})), "cannot restore struct from: slice");
    }
}
