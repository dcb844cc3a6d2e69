//! OpenAPI v3: recorded documents as they are, those of custom kinds made from their definitions.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    cluster::Cluster,
    pack,
    refusal::Refusal,
    wire::{JSON, Request, Response},
};
use crate::{
    base::{keyed, value},
    store::{KindRow, Store},
};

/// The component of a document that describes a kind.
pub fn component(document: &Value, group: &str, version: &str, kind: &str) -> Option<String> {
    let schemas = value::at(document, &["components", "schemas"]).as_object()?;
    let is_it = |schema: &Value| {
        value::list(schema, &["x-kubernetes-group-version-kind"])
            .iter()
            .any(|gvk| gvk["group"] == group && gvk["version"] == version && gvk["kind"] == kind)
    };
    schemas.iter().find(|(_, schema)| is_it(schema)).map(|(name, _)| name.clone())
}

/// `GET /openapi/v3` and the documents under it.
pub fn serve(cluster: &Cluster, path: &str, request: &Request) -> Result<Response, Refusal> {
    if path.is_empty() {
        let mut paths = Map::new();
        // A document that says something else has another hash.
        let turn = |path: &str| u64::from(cluster.standing.concerns(path));
        for recorded in pack::documents() {
            let hash = hash(recorded.packed) ^ turn(recorded.path);
            paths.insert(recorded.path.to_owned(), place(recorded.path, hash));
        }
        for path in cluster.custom_documents() {
            paths.insert(path.clone(), place(path, custom_hash(cluster.store(), path) ^ turn(path)));
        }
        return Ok(Response::json(200, &json!({"paths": paths})));
    }
    if cluster.standing.concerns(path)
        && let Some(document) = cluster.document(path)
    {
        let mut document = Value::clone(&document);
        cluster.standing.strip(path, &mut document);
        return Ok(Response::json(200, &document));
    }
    if let Some(recorded) = pack::document(path) {
        if request.gzip {
            let mut response = Response::bytes(200, JSON, Bytes::from_static(recorded.packed));
            response.headers.push(("Content-Encoding", "gzip".to_owned()));
            return Ok(response);
        }
        return Ok(Response::bytes(200, JSON, Bytes::from(recorded.text())));
    }
    let document = cluster.document(path).ok_or_else(Refusal::no_such_path)?;
    Ok(Response::json(200, &document))
}

fn place(path: &str, hash: u64) -> Value {
    json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={hash:016X}")})
}

fn hash(bytes: &[u8]) -> u64 {
    // The checksum of a gzip file lies in its last eight bytes.
    let tail = &bytes[bytes.len().saturating_sub(8)..];
    keyed::bits(bytes.len() as u64, &format!("{tail:?}"), 0)
}

fn custom_hash(store: &Store, path: &str) -> u64 {
    let mut text = path.to_owned();
    for definition in definitions(store, path) {
        text.push_str(value::text(definition, &["metadata", "uid"]));
        text.push_str(&value::int(definition, &["metadata", "generation"]).unwrap_or_default().to_string());
    }
    keyed::bits(0, &text, 0)
}

fn definitions<'a>(store: &'a Store, path: &str) -> Vec<&'a Value> {
    let mut parts = path.split('/').skip(1);
    let (group, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Some(kind) = store.find("apiextensions.k8s.io", "customresourcedefinitions") else { return Vec::new() };
    store
        .list(kind, None)
        .map(|object| &**object.value())
        .filter(|one| value::text(one, &["spec", "group"]) == group)
        .filter(|one| super::custom::is_established(one))
        .filter(|one| {
            value::list(one, &["spec", "versions"])
                .iter()
                .any(|has| has["name"] == version && has["served"] == Value::Bool(true))
        })
        .collect()
}

/// The document of a group version of custom kinds.
pub fn of_definitions(store: &Store, path: &str) -> Value {
    let version = path.rsplit('/').next().unwrap_or_default();
    let Some(template) = pack::document("apis/apps/v1").map(pack::Recorded::parsed) else { return Value::Null };
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for (name, schema) in value::at(&template, &["components", "schemas"]).as_object().into_iter().flatten() {
        if name.starts_with("io.k8s.apimachinery.") || name.starts_with("io.k8s.api.autoscaling.") {
            schemas.insert(name.clone(), schema.clone());
        }
    }
    for definition in definitions(store, path) {
        let spec = value::at(definition, &["spec"]);
        let row = KindRow::of_definition(spec);
        let Some(of) = value::list(spec, &["versions"]).iter().find(|one| one["name"] == version) else { continue };
        let name = component_name(&row, version);
        let gvk = |kind: &str| json!([{"group": row.group, "kind": kind, "version": version}]);
        let mut schema = value::at(of, &["schema", "openAPIV3Schema"]).clone();
        value::put(&mut schema, &["properties", "apiVersion"], json!({"type": "string"}));
        value::put(&mut schema, &["properties", "kind"], json!({"type": "string"}));
        let metadata = |kind: &str| json!({"allOf": [{"$ref": format!("#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.{kind}")}]});
        value::put(&mut schema, &["properties", "metadata"], metadata("ObjectMeta"));
        value::put(&mut schema, &["x-kubernetes-group-version-kind"], gvk(&row.kind));
        let list = json!({
            "type": "object",
            "required": ["items"],
            "properties": {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "metadata": metadata("ListMeta"),
                "items": {"type": "array", "items": {"allOf": [{"$ref": format!("#/components/schemas/{name}")}]}},
            },
            "x-kubernetes-group-version-kind": gvk(&row.list_kind),
        });
        schemas.insert(format!("{name}List"), list);
        schemas.insert(name.clone(), schema);
        operations(&template, &row, of, version, &name, &mut paths);
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes CRD Swagger", "version": "v0.1.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

/// `io.k8s.networking.gateway.v1.HTTPRoute`.
fn component_name(row: &KindRow, version: &str) -> String {
    let group: Vec<&str> = row.group.split('.').rev().collect();
    format!("{}.{version}.{}", group.join("."), row.kind)
}

/// The operations of a kind are those of a Deployment, with other names.
fn operations(
    template: &Value,
    row: &KindRow,
    of: &Value,
    version: &str,
    component: &str,
    into: &mut Map<String, Value>,
) {
    const COLLECTION: &str = "/apis/apps/v1/namespaces/{namespace}/deployments";
    let sub = |name: &str| of["subresources"][name].is_object();
    let mut wanted = vec![(COLLECTION.to_owned(), true), (format!("{COLLECTION}/{{name}}"), true)];
    if row.namespaced {
        wanted.push(("/apis/apps/v1/deployments".to_owned(), true));
    }
    if sub("status") {
        wanted.push((format!("{COLLECTION}/{{name}}/status"), true));
    }
    if sub("scale") {
        wanted.push((format!("{COLLECTION}/{{name}}/scale"), false));
    }
    let base = format!("/apis/{}/{version}", row.group);
    let title: String = row.group.split('.').map(capital).chain([capital(version)]).collect();
    for (path, own) in wanted {
        let Some(item) = template["paths"].get(&path) else { continue };
        let mut text = item.to_string();
        text = text
            .replace("io.k8s.api.apps.v1.DeploymentList", &format!("{component}List"))
            .replace("io.k8s.api.apps.v1.Deployment", component)
            .replace("AppsV1", &title)
            .replace("Deployment\",\"parameters", &format!("{}\",\"parameters", row.kind));
        if own {
            text = text.replace(
                r#""group":"apps","kind":"Deployment","version":"v1""#,
                &format!(r#""group":"{}","kind":"{}","version":"{version}""#, row.group, row.kind),
            );
        }
        let Ok(mut item) = serde_json::from_str::<Value>(&text) else { continue };
        if !row.namespaced
            && let Some(Value::Array(parameters)) = item.get_mut("parameters")
        {
            parameters.retain(|one| one["name"] != "namespace");
        }
        if let Some(content) =
            value::object(&mut item, &["patch", "requestBody", "content"]).filter(|content| !content.is_empty())
        {
            content.shift_remove("application/strategic-merge-patch+json");
        } else {
            // `object` makes what it looks for; a collection has no patch.
            value::remove(&mut item, &["patch"]);
        }
        let mut path = path.replace("/apis/apps/v1", &base).replace("/deployments", &format!("/{}", row.plural));
        if !row.namespaced {
            path = path.replace("/namespaces/{namespace}", "");
        }
        into.insert(path, item);
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
