//! The manifests of a world: plain Kubernetes YAML, each with its place.

use serde_json::Value;

use super::Trouble;
use crate::{
    base::{
        located::{Node, documents, line},
        objects::Kind,
        trouble::suggest,
    },
    control::{Key, json},
};

/// An object of a world and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Which object.
    pub key: Key,
    /// The object.
    pub object: Value,
    /// File.
    pub file: String,
    /// Line.
    pub line: u64,
}

/// How kinds are looked up, and which there are.
pub(super) struct Kinds<'a> {
    pub find: &'a dyn Fn(&str, &str) -> Option<Kind>,
}

/// Reads the manifests of a file.
pub(super) fn read(file: &str, text: &str, kinds: &Kinds<'_>) -> Result<Vec<Manifest>, Trouble> {
    let mut manifests = Vec::new();
    for document in documents(file, text)? {
        let here = line(&document);
        let object = document.value.value();
        let (version, kind) = (json::text(&object, &["apiVersion"]), json::text(&object, &["kind"]));
        let name = json::text(&object, &["metadata", "name"]);
        for (value, field) in [(version, "apiVersion"), (kind, "kind"), (name, "metadata.name")] {
            if value.is_empty() {
                let what = format!("a manifest without `{field}`");
                return Err(Trouble::at(file, here, what, format!("add `{field}`, as kubectl asks for it too")));
            }
        }
        let Some(found) = (kinds.find)(version, kind) else {
            let at = match &document.value {
                Node::Map(entries) => {
                    entries.iter().find(|(key, _)| key.value == "kind").map_or(here, |(key, _)| line(key))
                }
                _ => here,
            };
            let known: Vec<String> = crate::base::kinds::ALL.iter().map(|one| one.kind.to_owned()).collect();
            let same = crate::base::kinds::ALL.iter().find(|one| one.kind == kind);
            let fix = match same {
                Some(same) => format!("its version here is `{}`", crate::base::kinds::api_version(*same)),
                None => suggest(kind, known.iter().map(String::as_str)),
            };
            return Err(Trouble::at(
                file,
                at,
                format!("the world does not know the kind `{kind}` of `{version}`"),
                fix,
            ));
        };
        let namespace = json::text(&object, &["metadata", "namespace"]);
        let namespace = match (found.namespaced, namespace) {
            (true, "") => "default",
            (true, named) => named,
            (false, _) => "",
        };
        let key = Key::new(found, namespace, name);
        let mut object = object.clone();
        if found.namespaced {
            json::set(&mut object, &["metadata", "namespace"], key.namespace.clone());
        }
        manifests.push(Manifest { key, object, file: file.to_owned(), line: here });
    }
    Ok(manifests)
}
