//! OpenAPI v2, for clients that ask for it when they find no kind in v3: types alone, no operations.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    cluster::Cluster,
    pack,
    wire::{JSON, Request, Response},
};
use crate::base::value;

const PROTO: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const PROTO_ASKED: &str = "application/com.github.proto-openapi.spec.v2";
const TITLE: &str = "Kubernetes";

/// `GET /openapi/v2`. In protobuf it names no types: kubectl, which asks so, then leaves the check to the server.
pub fn serve(cluster: &Cluster, request: &Request) -> Response {
    let version = value::text(pack::version(), &["gitVersion"]);
    if request.accept.contains(PROTO_ASKED) {
        let mut info = field(1, TITLE.as_bytes());
        info.extend(field(2, version.as_bytes()));
        let mut document = field(1, b"2.0");
        document.extend(field(2, &info));
        document.extend(field(8, b""));
        document.extend(field(9, b""));
        return Response::bytes(200, PROTO, Bytes::from(document));
    }
    let mut definitions = Map::new();
    let recorded = pack::documents().iter().map(|one| one.path.to_owned());
    for path in recorded.chain(cluster.custom_documents().cloned()) {
        let Some(document) = cluster.document(&path) else { continue };
        for (name, schema) in value::at(&document, &["components", "schemas"]).as_object().into_iter().flatten() {
            definitions.entry(name.clone()).or_insert_with(|| older(schema));
        }
    }
    let body = json!({
        "swagger": "2.0", "info": {"title": TITLE, "version": version}, "paths": {}, "definitions": definitions,
    });
    Response::bytes(200, JSON, Bytes::from(body.to_string()))
}

/// One field of a message: its number, its length, its bytes. All of them are short.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2, u8::try_from(bytes.len().min(127)).unwrap_or(127)];
    out.extend(bytes.iter().take(127));
    out
}

/// A schema in the older form: references lie elsewhere and stand alone, alternatives and rules are not told.
fn older(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => {
            let lone = map.get("allOf").and_then(|all| all.get(0)).and_then(|one| one.get("$ref"));
            if let Some(Value::String(reference)) = map.get("$ref").or(lone) {
                return json!({"$ref": reference.replace("#/components/schemas/", "#/definitions/")});
            }
            // A property may be called like a word; then what stands there is a schema with a type.
            let kept = map.iter().filter(|(name, inner)| {
                !matches!(name.as_str(), "oneOf" | "anyOf" | "allOf" | "not" | "nullable")
                    || inner.get("type").is_some()
            });
            kept.map(|(name, inner)| (name.clone(), older(inner))).collect::<Map<_, _>>().into()
        }
        Value::Array(list) => list.iter().map(older).collect(),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_reference_stands_alone_and_alternatives_are_left_out() {
        let schema = json!({"type": "object", "oneOf": [{"required": ["a"]}], "properties": {
            "a": {"default": {}, "allOf": [{"$ref": "#/components/schemas/x.A"}]}, "not": {"type": "string"}}});
        let expected = json!({"type": "object", "properties": {
            "a": {"$ref": "#/definitions/x.A"}, "not": {"type": "string"}}});
        assert_eq!(super::older(&schema), expected);
    }
}
