//! Manifests that people publish, applied to the world and to a real cluster with the same custom kinds: the world takes what the
//! real one takes, and refuses what it refuses, for the same reason.
//!
//! The manifests are third parties' and stay where they are: `BRINK_MANIFESTS` names their folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use brink_demo::world::{Wish, World, named};
use kube::Client;
use serde_json::{Value, json};

use super::{
    real::Real,
    support::{client, program, send, served},
};

/// One document of a file.
struct Manifest {
    place: String,
    object: Value,
}

/// What a server made of a manifest: `Ok`, or code and reason with the message.
type Fate = Result<(), (u16, String, String)>;

fn files(folder: &Path, ends: &[&str], into: &mut Vec<PathBuf>) {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    for path in all {
        if path.is_dir() {
            files(&path, ends, into);
        } else if path.extension().and_then(|ext| ext.to_str()).is_some_and(|ext| ends.contains(&ext)) {
            into.push(path);
        }
    }
}

/// The documents of a folder that are objects, and the places of those that are none: templates, configurations.
fn read(folder: &Path) -> (Vec<Manifest>, Vec<String>) {
    let (mut found, mut others, mut all) = (Vec::new(), Vec::new(), Vec::new());
    files(folder, &["yaml", "yml"], &mut all);
    for path in all {
        let text = std::fs::read_to_string(&path).unwrap();
        let place = path.strip_prefix(folder).unwrap().display().to_string();
        let Ok(documents) = serde_saphyr::from_multiple::<Value>(&text) else {
            others.push(place);
            continue;
        };
        for (at, object) in documents.into_iter().enumerate().filter(|(_, object)| !object.is_null()) {
            let place = format!("{place}#{at}");
            let items = object["items"].as_array().filter(|_| object["kind"] == "List").cloned();
            for object in items.unwrap_or_else(|| vec![object]) {
                if object["apiVersion"].is_string() && object["kind"].is_string() && object["metadata"].is_object() {
                    found.push(Manifest { place: place.clone(), object });
                } else {
                    others.push(place.clone());
                }
            }
        }
    }
    (found, others)
}

/// A server, and which paths its kinds have.
struct Server {
    client: Client,
    kinds: BTreeMap<String, BTreeMap<String, (String, bool)>>,
    spaces: BTreeSet<String>,
}

impl Server {
    async fn new(kubeconfig: &Path) -> Self {
        Self { client: client(kubeconfig, "admin").await, kinds: BTreeMap::new(), spaces: BTreeSet::new() }
    }

    async fn post(&self, path: &str, object: &Value) -> (u16, Value) {
        send(&self.client, "POST", path, &[("content-type", "application/json")], object.to_string().as_bytes()).await
    }

    /// The path of a collection and whether it lies in namespaces; asked once per version of a group.
    async fn place(&mut self, api: &str, kind: &str) -> Option<(String, bool)> {
        if !self.kinds.contains_key(api) {
            let path = if api.contains('/') { format!("/apis/{api}") } else { format!("/api/{api}") };
            let (_, body) = send(&self.client, "GET", &path, &[], b"").await;
            let rows = body["resources"].as_array().cloned().unwrap_or_default();
            let rows = rows.iter().filter(|row| !row["name"].as_str().unwrap().contains('/')).map(|row| {
                let plural = row["name"].as_str().unwrap().to_owned();
                (row["kind"].as_str().unwrap().to_owned(), (plural, row["namespaced"] == true))
            });
            self.kinds.insert(api.to_owned(), rows.collect());
        }
        let (plural, namespaced) = self.kinds[api].get(kind)?.clone();
        let root = if api.contains('/') { format!("/apis/{api}") } else { format!("/api/{api}") };
        Some((format!("{root}|{plural}"), namespaced))
    }

    async fn within(&mut self, space: &str) {
        if self.spaces.insert(space.to_owned()) {
            let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}});
            let (code, said) = self.post("/api/v1/namespaces", &object).await;
            assert!(matches!(code, 201 | 409), "{said}");
        }
    }

    /// Creates it as `kubectl create` does, or lets the server apply it.
    async fn take(&mut self, manifest: &Manifest, apply: bool) -> Fate {
        let object = &manifest.object;
        let (api, kind) = (object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
        let Some((place, namespaced)) = self.place(api, kind).await else {
            return Err((404, "NoKind".to_owned(), format!("no matches for kind {kind:?} in version {api:?}")));
        };
        let (root, plural) = place.split_once('|').unwrap();
        let space = object["metadata"]["namespace"].as_str().unwrap_or("manifests").to_owned();
        let mut path = format!("{root}/{plural}");
        if namespaced {
            self.within(&space).await;
            path = format!("{root}/namespaces/{space}/{plural}");
        }
        let (code, said) = if apply {
            let name = object["metadata"]["name"].as_str().unwrap();
            let path = format!("{path}/{name}?fieldManager=test&force=true&fieldValidation=Strict");
            let headers = [("content-type", "application/apply-patch+yaml")];
            send(&self.client, "PATCH", &path, &headers, object.to_string().as_bytes()).await
        } else {
            self.post(&format!("{path}?fieldManager=test&fieldValidation=Strict"), object).await
        };
        if code / 100 == 2 {
            return Ok(());
        }
        let text = |field: &str| said[field].as_str().unwrap_or_default().to_owned();
        Err((code, text("reason"), text("message")))
    }
}

/// Where the definitions come from: the real cluster's own, so that both have the same; else the folder.
async fn definitions(real: Option<&Server>) -> Vec<Value> {
    if let Some(real) = real {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let (_, list) = send(&real.client, "GET", path, &[], b"").await;
        return list["items"].as_array().cloned().unwrap();
    }
    let Some(folder) = std::env::var_os("BRINK_CRDS").map(PathBuf::from) else { return Vec::new() };
    let (found, _) = read(&folder);
    found.into_iter().map(|one| one.object).filter(|one| one["kind"] == "CustomResourceDefinition").collect()
}

/// Gives the world these kinds, beside those it has.
async fn teach(ours: &Server, definitions: Vec<Value>) {
    for definition in definitions {
        let name = definition["metadata"]["name"].as_str().unwrap();
        let plain = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": name, "annotations": definition["metadata"]["annotations"]}, "spec": definition["spec"],
        });
        let path =
            format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}?fieldManager=test&force=true");
        let headers = [("content-type", "application/apply-patch+yaml")];
        let (code, said) = send(&ours.client, "PATCH", &path, &headers, plain.to_string().as_bytes()).await;
        assert_eq!(code / 100, 2, "{name}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn published_manifests_are_taken_or_refused_as_by_a_real_cluster() {
    let Some(folder) = std::env::var_os("BRINK_MANIFESTS").map(PathBuf::from) else {
        println!("skipped: BRINK_MANIFESTS names no folder of manifests");
        return;
    };
    let now: jiff::Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    let world = World::new(&Wish { bundle: named("tutorial").unwrap(), pods: None, seed: 1, now }).unwrap();
    let demo = served(world).await;
    let mut ours = Server::new(&demo.served.kubeconfig).await;
    let site = program("world").map(|program| Real::start(&program, &["--crds", "all"]));
    let mut theirs = match &site {
        Some(site) => Some(Server::new(&site.kubeconfig).await),
        None => None,
    };
    teach(&ours, definitions(theirs.as_ref()).await).await;
    let (manifests, others) = read(&folder);
    assert!(!manifests.is_empty(), "{} has no manifests", folder.display());
    let (mut taken, mut refused, mut different) = (0, Vec::new(), Vec::new());
    for manifest in &manifests {
        let named = manifest.object["metadata"]["name"].is_string();
        for apply in [false, true].into_iter().filter(|apply| named || !apply) {
            let way = if apply { "applied" } else { "created" };
            let mine = ours.take(manifest, apply).await;
            match &mine {
                Ok(()) => taken += 1,
                // What is there already is no verdict on the manifest.
                Err((409, ..)) => {}
                Err((code, reason, why)) => {
                    // A field that no schema knows is a failure of the server when it is applied: there and here.
                    assert!((400..=500).contains(code) && !why.is_empty(), "{}: {code} {reason} {why}", manifest.place);
                    refused.push(format!("{} {way}: {code} {reason}: {why}", manifest.place));
                }
            }
            let Some(theirs) = &mut theirs else { continue };
            let real = theirs.take(manifest, apply).await;
            let verdict = |fate: &Fate| fate.clone().map_err(|(code, reason, _)| (code, reason));
            if verdict(&mine) != verdict(&real) {
                different.push(format!("{} {way}:\n  real  {real:?}\n  world {mine:?}", manifest.place));
            }
        }
    }
    println!(
        "{} manifests, {taken} times taken, {} times refused; {} documents are no objects; a real cluster {}",
        manifests.len(),
        refused.len(),
        others.len(),
        if theirs.is_some() { "was asked too" } else { "is not built" }
    );
    for line in &refused {
        println!("refused: {line}");
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}
