//! The list of requests: how one is written, and what a row of kinds stands for.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

pub const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const PARTIAL: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

/// One request of the list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ask {
    /// What it is about; no two have the same.
    pub name: String,
    pub method: String,
    /// `${name}` stands for what an earlier answer of the same server said.
    pub path: String,
    pub body: Value,
    /// The body where it is no JSON.
    pub text: Option<String>,
    #[serde(rename = "type")]
    pub content: Option<String>,
    pub accept: Option<String>,
    /// Who asks, by the context of the kubeconfig.
    pub user: Option<String>,
    /// Names for what the answer says at JSON pointers.
    pub save: BTreeMap<String, String>,
    /// Whether the entries of `managedFields` are compared too.
    pub managed: bool,
    /// JSON pointers to what is not compared: what controllers write, that the bare world does not have.
    pub drop: Vec<String>,
    /// Asked again until the answer holds this at a JSON pointer.
    pub until: BTreeMap<String, Value>,
    /// `real` or `world`: asked of one server alone, to bring both into the same state. No answer is compared.
    pub only: Option<String>,
}

/// A kind with an object of it: makes the requests that every kind is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    /// `a config map`.
    #[serde(rename = "kind")]
    called: String,
    /// Path of the collection.
    path: String,
    object: Value,
    /// A merge patch beyond labels.
    #[serde(default)]
    patch: Value,
    /// What controllers write into it.
    #[serde(default)]
    drop: Vec<String>,
    /// Only what does not store it: the real cluster's own controllers would take it for theirs.
    #[serde(default)]
    dry: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Row {
    Kind(Box<Kind>),
    Ask(Box<Ask>),
}

/// The one file that is asked for, by a person who works on it.
pub fn chosen() -> Option<String> {
    std::env::var("BRINK_PARITY").ok()
}

/// All requests, file by file: later ones of a file stand on what earlier ones made.
pub fn all() -> Vec<Ask> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/parity/requests");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut asks = Vec::new();
    let chosen = chosen();
    let wanted =
        |file: &PathBuf| chosen.as_ref().is_none_or(|name| file.file_stem().is_some_and(|stem| stem == &**name));
    for file in files.iter().filter(|file| file.extension().is_some_and(|ext| ext == "yaml") && wanted(file)) {
        let text = std::fs::read_to_string(file).unwrap();
        // Names such as `n` and `y` are names here.
        let options = serde_saphyr::options! { strict_booleans: true };
        let rows: Vec<Row> = serde_saphyr::from_str_with_options(&text, options)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for row in rows {
            match row {
                Row::Kind(kind) => asks.extend(kind.asks()),
                Row::Ask(ask) => asks.push(*ask),
            }
        }
    }
    asks
}

impl Kind {
    fn asks(&self) -> Vec<Ask> {
        let name = self.object["metadata"]["name"].as_str().unwrap();
        let one = format!("{}/{name}", self.path);
        let ask = |what: &str, method: &str, path: String| Ask {
            name: format!("{}: {what}", self.called),
            method: method.to_owned(),
            path,
            drop: self.drop.clone(),
            ..Ask::default()
        };
        let with = |ask: Ask, body: Value| Ask { body, ..ask };
        let patch = |what: &str, body: Value, media: &str| Ask {
            body,
            content: Some(format!("application/{media}+json")),
            ..ask(what, "PATCH", one.clone())
        };
        let dry = with(ask("create, dry", "POST", format!("{}?dryRun=All", self.path)), self.object.clone());
        let dry = Ask { drop: Vec::new(), ..dry };
        if self.dry {
            return vec![dry];
        }
        let mut replaced = self.object.clone();
        replaced["metadata"]["annotations"]["parity"] = json!("replaced");
        let mut merge = json!({"metadata": {"labels": {"parity": "merged"}}});
        if self.patch.is_object() {
            json_patch::merge(&mut merge, &self.patch);
        }
        let label = [json!({"op": "add", "path": "/metadata/labels/more", "value": "x"})];
        vec![
            dry,
            with(ask("create", "POST", self.path.clone()), self.object.clone()),
            with(ask("create again", "POST", self.path.clone()), self.object.clone()),
            ask("get", "GET", one.clone()),
            Ask { accept: Some(PARTIAL.to_owned()), ..ask("metadata", "GET", one.clone()) },
            patch("merge patch", merge, "merge-patch"),
            ask("list", "GET", format!("{}?labelSelector=parity%3Dmerged", self.path)),
            Ask { accept: Some(TABLE.to_owned()), ..ask("table", "GET", one.clone()) },
            patch("JSON patch", json!(label), "json-patch"),
            patch("strategic patch", json!({"metadata": {"labels": {"more": null}}}), "strategic-merge-patch"),
            with(ask("replace", "PUT", one.clone()), replaced),
            ask("delete", "DELETE", one),
        ]
    }
}
