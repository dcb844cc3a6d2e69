//! Finds an object by the name a person gives it, `KIND/NAME`: its kind is any word that kubectl takes.

use serde_json::Value;

use crate::cluster::{
    Kind, ObjectRef,
    api::{Api, Read},
    discovery::{Served, in_group},
};

/// Where the object is, or why nobody can tell. Whether it is there is not asked.
pub(crate) async fn place<A: Api>(api: &A, namespace: &str, name: &str) -> Result<ObjectRef, String> {
    let (word, object) = name.split_once('/').ok_or_else(|| format!("`{name}` is not KIND/NAME"))?;
    let kind = kind(api, word).await?.ok_or_else(|| format!("the API server serves no kind `{word}`"))?;
    let namespace = kind.namespaced.then(|| namespace.to_owned());
    Ok(ObjectRef { kind, namespace, name: object.to_owned() })
}

/// The kind of a word: plural, singular, short name or kind, with its group after a dot or without. Of several groups the core
/// one wins, then the server's order.
async fn kind<A: Api>(api: &A, word: &str) -> Result<Option<Kind>, String> {
    let word = word.to_lowercase();
    let (plain, wanted) = word.split_once('.').map_or((word.as_str(), None), |(plain, group)| (plain, Some(group)));
    if wanted.is_none_or(str::is_empty)
        && let Some(kind) = within(api, "", "v1", plain).await?
    {
        return Ok(Some(kind));
    }
    let groups = path(api, "/apis").await?;
    for group in list(&groups, "groups") {
        let name = text(group, "name");
        // The preferred one is the first; a kind may be served in a lesser one alone.
        for version in list(group, "versions").iter().map(|version| text(version, "version")) {
            if wanted.is_some_and(|wanted| !in_group(wanted, name, version)) {
                continue;
            }
            // A group whose own server is away hides no other.
            if let Ok(Some(kind)) = within(api, name, version, plain).await {
                return Ok(Some(kind));
            }
        }
    }
    Ok(None)
}

async fn within<A: Api>(api: &A, group: &str, version: &str, word: &str) -> Result<Option<Kind>, String> {
    let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
    let answer = path(api, &root).await?;
    let served = |one: &Value| Served {
        kind: Kind {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: text(one, "kind").to_owned(),
            plural: text(one, "name").to_owned(),
            namespaced: one.get("namespaced").and_then(Value::as_bool).unwrap_or(true),
        },
        singular: text(one, "singularName").to_owned(),
        short_names: list(one, "shortNames").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        verbs: Vec::new(),
        subresources: Vec::new(),
        versions: Vec::new(),
    };
    let mut all = list(&answer, "resources").iter().map(served).filter(|served| !served.kind.plural.contains('/'));
    Ok(all.find(|served| served.called(word)).map(|served| served.kind))
}

async fn path<A: Api>(api: &A, path: &str) -> Result<Value, String> {
    let answer = api.read(&Read::Path(path.to_owned())).await;
    answer.map(|answer| answer.body.0).map_err(|trouble| format!("cannot ask which kinds are served: {trouble}"))
}

fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}
