//! Finds an object by the name a person gives it, `KIND/NAME`: its kind is any word that kubectl takes.

use serde_json::Value;

use super::finding::get;
use crate::cluster::{
    Kind, Manifest, ObjectRef,
    api::{Api, Read},
};

/// The object, or why it cannot be read.
pub(crate) async fn read<A: Api>(api: &A, namespace: &str, name: &str) -> Result<Manifest, String> {
    let (word, object) = name.split_once('/').ok_or_else(|| format!("`{name}` is not KIND/NAME"))?;
    let kind = kind(api, word).await?.ok_or_else(|| format!("the API server serves no kind `{word}`"))?;
    let namespace = kind.namespaced.then(|| namespace.to_owned());
    let found = get(api, &ObjectRef { kind, namespace, name: object.to_owned() }).await;
    found.map_err(|trouble| trouble.to_string())?.ok_or_else(|| format!("there is no {name}"))
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
    for group in list(&groups.0, "groups") {
        let name = text(group, &["name"]);
        if wanted.is_some_and(|wanted| name != wanted && !name.starts_with(&format!("{wanted}."))) {
            continue;
        }
        // The preferred one is the first; a kind may be served in a lesser one alone.
        for version in list(group, "versions") {
            // A group whose own server is away hides no other.
            if let Ok(Some(kind)) = within(api, name, text(version, &["version"]), plain).await {
                return Ok(Some(kind));
            }
        }
    }
    Ok(None)
}

async fn within<A: Api>(api: &A, group: &str, version: &str, word: &str) -> Result<Option<Kind>, String> {
    let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
    let served = path(api, &root).await?;
    let found = list(&served.0, "resources").iter().find(|one| {
        let plural = text(one, &["name"]);
        let short = list(one, "shortNames").iter().any(|short| short.as_str() == Some(word));
        !plural.contains('/')
            && (plural == word
                || text(one, &["singularName"]) == word
                || text(one, &["kind"]).to_lowercase() == word
                || short)
    });
    Ok(found.map(|one| Kind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: text(one, &["kind"]).to_owned(),
        plural: text(one, &["name"]).to_owned(),
        namespaced: one.get("namespaced").and_then(Value::as_bool).unwrap_or(true),
    }))
}

async fn path<A: Api>(api: &A, path: &str) -> Result<Manifest, String> {
    let answer = api.read(&Read::Path(path.to_owned())).await;
    answer.map(|answer| answer.body).map_err(|trouble| format!("cannot ask which kinds are served: {trouble}"))
}

fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    path.iter().try_fold(value, |value, field| value.get(field)).and_then(Value::as_str).unwrap_or_default()
}
