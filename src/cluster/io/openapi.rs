//! Whether a dry run is one: an API server that does not know the `dryRun` parameter of a path ignores it and writes.
//!
//! The server's OpenAPI v3 documents name the parameters of every path and verb. One document per group and version is read
//! when first needed and kept under its hash, so that a changed custom resource is seen.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use serde::Deserialize;

use super::{connect::Link, failure, wire::JSON};
use crate::cluster::{
    ObjectRef,
    api::{Trouble, Write},
    cause::Cause,
};

/// What the server's documents say, as far as read.
#[derive(Debug, Clone, Default)]
pub(super) struct DryRuns {
    known: Arc<Mutex<HashMap<String, Known>>>,
}

/// One document.
#[derive(Debug, Clone)]
struct Known {
    /// Where it was read from, its hash included.
    url: String,
    /// Path templates and verbs with a `dryRun` query parameter.
    with: Arc<HashSet<(String, &'static str)>>,
}

#[derive(Deserialize)]
struct Root {
    paths: HashMap<String, Place>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    #[serde(rename = "serverRelativeURL")]
    url: String,
}

#[derive(Deserialize)]
struct Document {
    paths: HashMap<String, PathItem>,
    #[serde(default)]
    components: Components,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Components {
    parameters: HashMap<String, Parameter>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PathItem {
    parameters: Vec<Parameter>,
    post: Option<Operation>,
    put: Option<Operation>,
    patch: Option<Operation>,
    delete: Option<Operation>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Operation {
    parameters: Vec<Parameter>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parameter {
    name: String,
    #[serde(rename = "in")]
    place: String,
    #[serde(rename = "$ref")]
    reference: Option<String>,
}

impl DryRuns {
    /// Fails unless the server documents `dryRun` for this very path and verb.
    pub async fn require(&self, link: &Link, write: &Write) -> Result<(), Trouble> {
        let target = write.target();
        let (template, verb) = template(write);
        let refused = || Trouble::NoDryRun { kind: target.kind.kind.clone(), verb: verb.to_owned() };
        let group_version = group_version(target);
        let key = (template, verb);
        // What was read once is trusted while its hash is served; a miss is looked up anew, since a kind may just have come.
        if let Some(known) = self.recall(&group_version)
            && known.with.contains(&key)
        {
            return Ok(());
        }
        let Some(known) = self.read(link, &group_version).await? else { return Err(refused()) };
        if known.with.contains(&key) { Ok(()) } else { Err(refused()) }
    }

    fn recall(&self, group_version: &str) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(group_version).cloned()
    }

    async fn read(&self, link: &Link, group_version: &str) -> Result<Option<Known>, Trouble> {
        let root = match link.get("/openapi/v3", JSON).await {
            Ok(whole) => whole,
            Err(trouble) if trouble.not_found() => return Ok(None),
            Err(trouble) => return Err(trouble),
        };
        let root: Root = parse(link, &root.body)?;
        let Some(place) = root.paths.get(group_version) else { return Ok(None) };
        if let Some(known) = self.recall(group_version)
            && known.url == place.url
        {
            return Ok(Some(known));
        }
        let document = match link.get(&place.url, JSON).await {
            Ok(whole) => whole,
            Err(trouble) if trouble.not_found() => return Ok(None),
            Err(trouble) => return Err(trouble),
        };
        let document: Document = parse(link, &document.body)?;
        let known = Known { url: place.url.clone(), with: Arc::new(documented(&document)) };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(group_version.to_owned(), known.clone());
        Ok(Some(known))
    }
}

fn parse<'a, T: Deserialize<'a>>(link: &Link, body: &'a [u8]) -> Result<T, Trouble> {
    serde_json::from_slice(body).map_err(|error| Trouble::Unknown {
        server: link.server().to_owned(),
        why: failure::why(Cause::Protocol, &format!("no OpenAPI document: {error}")),
    })
}

fn documented(document: &Document) -> HashSet<(String, &'static str)> {
    let names_it = |parameters: &[Parameter]| {
        parameters.iter().any(|parameter| {
            let parameter = match &parameter.reference {
                Some(reference) => {
                    let name = reference.rsplit('/').next().unwrap_or_default();
                    document.components.parameters.get(name).unwrap_or(parameter)
                }
                None => parameter,
            };
            parameter.name == "dryRun" && parameter.place == "query"
        })
    };
    let mut with = HashSet::new();
    for (path, item) in &document.paths {
        // Subresources such as eviction declare it once for all their verbs.
        let shared = names_it(&item.parameters);
        let verbs = [("post", &item.post), ("put", &item.put), ("patch", &item.patch), ("delete", &item.delete)];
        for (verb, operation) in verbs {
            if operation.as_ref().is_some_and(|operation| shared || names_it(&operation.parameters)) {
                with.insert((path.clone(), verb));
            }
        }
    }
    with
}

fn group_version(target: &ObjectRef) -> String {
    let kind = &target.kind;
    if kind.group.is_empty() {
        format!("api/{}", kind.version)
    } else {
        format!("apis/{}/{}", kind.group, kind.version)
    }
}

/// The path template and the verb of a write, as the documents write them.
fn template(write: &Write) -> (String, &'static str) {
    let target = write.target();
    let collection = target.kind.path(target.namespace.as_ref().map(|_| "{namespace}"));
    match write {
        Write::Create(..) => (collection, "post"),
        Write::Patch(..) => (format!("{collection}/{{name}}"), "patch"),
        Write::Replace(..) => (format!("{collection}/{{name}}"), "put"),
        Write::Delete(..) => (format!("{collection}/{{name}}"), "delete"),
        Write::Evict(..) => (format!("{collection}/{{name}}/eviction"), "post"),
        Write::Scale(..) => (format!("{collection}/{{name}}/scale"), "patch"),
    }
}
