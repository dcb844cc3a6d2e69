//! The world file: what a cluster cannot say of itself, checked word by word.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use serde_json::Value;

use super::{
    Trouble,
    embedded::Bundle,
    gitops,
    manifest::{self, Kinds, Manifest},
    providers,
};
use crate::{
    base::{
        kinds,
        located::{Node, documents, line},
        objects::Kind,
        section::Section,
        trouble::suggest,
    },
    control::{
        behaviour::{Behaviours, Crash, Image, Workload},
        gitops::Git,
        json,
    },
};

/// Age of what the file says nothing about.
pub const AGE: Duration = Duration::from_hours(3);

/// A world as read.
#[derive(Debug, Clone, Default)]
pub struct WorldFile {
    /// Its name.
    pub name: String,
    /// What it shows, in one line.
    pub title: String,
    /// Which sets of custom kinds it needs: `gateway-api/v1.4.0-standard`.
    pub crds: Vec<String>,
    /// Its objects, in order.
    pub manifests: Vec<Manifest>,
    /// Ages of objects, where they are not [`AGE`].
    pub ages: BTreeMap<crate::control::Key, Duration>,
    /// How images and workloads live.
    pub behaviours: Behaviours,
    /// How workloads serve, by `NAMESPACE/KIND/NAME`, and providers of models, in the words of the traffic.
    pub serves: BTreeMap<String, Value>,
    /// Who calls from outside, in the words of the traffic.
    pub flows: Vec<Value>,
    /// What GitOps keeps.
    pub git: Git,
    /// What fills a larger world.
    pub filler: Option<Filler>,
    /// How many pods it has when nobody asks; `None`: what its manifests make.
    pub pods: Option<usize>,
    /// How many nodes; `None`: as many as its pods need.
    pub nodes: Option<usize>,
}

/// The sources that `manifests` names, and which of the manifests are theirs.
pub(super) type Sources = Vec<(String, Range<usize>)>;

/// What fills a larger world.
#[derive(Debug, Clone, PartialEq)]
pub struct Filler {
    /// Name of its namespaces; `{i}` counts them.
    pub namespace: String,
    /// Pods in each.
    pub pods: usize,
    /// Requests per second in each.
    pub rps: f64,
}

const FIELDS: &[&str] = &[
    "world",
    "title",
    "crds",
    "manifests",
    "ages",
    "images",
    "behaviour",
    "traffic",
    "gitops",
    "providers",
    "filler",
    "pods",
    "nodes",
];
/// What of a behaviour is the pods' life; the rest is the traffic's.
const LIFE: &[&str] = &["ready", "crash", "completes", "stops"];
const SERVING: &[&str] = &["serves", "calls", "logs", "base_memory", "base_cpu"];
const SERVES: &[&str] = &["median", "sigma", "workers", "cpu", "memory", "bytes", "errors", "error_code"];
const CALL: &[&str] = &["to", "share", "timeout", "optional", "group", "method", "headers", "grpc"];
const FLOW: &[&str] = &["name", "to", "via", "from", "rps", "wave", "method", "headers", "timeout", "grpc"];

/// Reads a world with the kinds that control knows.
pub fn read(bundle: &Bundle) -> Result<WorldFile, Trouble> {
    read_with(bundle, &kinds::named)
}

/// Reads a world with the kinds of a cluster.
pub fn read_with(bundle: &Bundle, find: &dyn Fn(&str, &str) -> Option<Kind>) -> Result<WorldFile, Trouble> {
    let file = bundle.path.as_str();
    let documents = documents(file, &bundle.text)?;
    let [document] = documents.as_slice() else {
        let what = format!("a world file is one document, not {}", documents.len());
        return Err(Trouble::at(file, 0, what, "put manifests into files of their own"));
    };
    let root = Section::new(file, document, "world file");
    let mut world = WorldFile::default();
    let entries = root.fields(FIELDS)?;
    if !entries.iter().any(|(key, _)| key.value == "world") {
        return Err(root.wrong("has no name", "begin it with `world: NAME`"));
    }
    let kinds = Kinds { find };
    let mut sources: Sources = Vec::new();
    let section = |name: &str| entries.iter().find(|(key, _)| key.value == name).map(|(_, value)| value);
    if let Some(at) = section("manifests") {
        for one in Section::new(file, at, "manifests").list()? {
            let source = Section::new(file, one, "manifests");
            let named = source.text()?;
            let found = manifests(bundle, &named, &kinds)?;
            if found.is_empty() {
                let known = bundle
                    .manifests
                    .iter()
                    .map(|(path, _)| path.split_once('/').map_or(path.as_str(), |(_, rest)| rest));
                return Err(source.wrong(&format!("names `{named}`, where no manifest is"), suggest(&named, known)));
            }
            let begin = world.manifests.len();
            world.manifests.extend(found);
            sources.push((named.trim_end_matches('/').to_owned(), begin..world.manifests.len()));
        }
    }
    for (key, at) in entries {
        let section = Section::new(file, at, &key.value);
        match key.value.as_str() {
            "world" => world.name = section.text()?,
            "title" => world.title = section.text()?,
            "crds" => world.crds = texts(section)?,
            "ages" => ages(section, &sources, &mut world)?,
            "images" => world.behaviours.images = images(section)?,
            "behaviour" => behaviour(section, &mut world)?,
            "traffic" => world.flows = flows(section, &world)?,
            "providers" => providers::read(section, &mut world)?,
            "gitops" => world.git = gitops::read(section, &sources, &mut world)?,
            "filler" => world.filler = Some(filler(section)?),
            "pods" => world.pods = Some(section.whole()?),
            "nodes" => world.nodes = Some(section.whole()?).filter(|nodes| *nodes > 0),
            _ => {}
        }
    }
    Ok(world)
}

fn texts(section: Section<'_>) -> Result<Vec<String>, Trouble> {
    section.list()?.iter().map(|one| Section::new(section.file, one, section.path).text()).collect()
}

/// The manifests a source names: one file, or all below a folder in the order of their names.
fn manifests(bundle: &Bundle, source: &str, kinds: &Kinds<'_>) -> Result<Vec<Manifest>, Trouble> {
    let wanted = format!("{}/{}", bundle.name, source.trim_end_matches('/'));
    let mut read = Vec::new();
    for (path, text) in &bundle.manifests {
        if *path == wanted || path.starts_with(&format!("{wanted}/")) {
            read.extend(manifest::read(path, text, kinds)?);
        }
    }
    Ok(read)
}

/// Ages of objects (`NAMESPACE/KIND/NAME`, `KIND/NAME`) and of whole sources (`system`).
fn ages(section: Section<'_>, sources: &Sources, world: &mut WorldFile) -> Result<(), Trouble> {
    for (key, at) in section.map()? {
        let age = Section::new(section.file, at, &key.value).span()?;
        let parts: Vec<&str> = key.value.split('/').collect();
        if let Some((_, range)) = sources.iter().find(|(name, _)| *name == key.value) {
            for manifest in &world.manifests[range.clone()] {
                world.ages.entry(manifest.key.clone()).or_insert(age);
            }
            continue;
        }
        let called = |manifest: &&Manifest| match parts.as_slice() {
            [space, kind, name] => {
                let key = &manifest.key;
                key.namespace == *space && key.kind.kind == *kind && key.name == *name
            }
            [kind, name] => manifest.key.kind.kind == *kind && manifest.key.name == *name,
            _ => false,
        };
        let Some(found) = world.manifests.iter().find(called) else {
            let known: Vec<String> = world.manifests.iter().map(|one| path(&one.key)).collect();
            let what = format!("`ages` names `{}`, which no manifest makes", key.value);
            let fix = suggest(
                &key.value,
                known.iter().map(String::as_str).chain(sources.iter().map(|(name, _)| name.as_str())),
            );
            return Err(Trouble::at(section.file, line(key), what, fix));
        };
        world.ages.insert(found.key.clone(), age);
    }
    Ok(())
}

/// `shop/Deployment/reviews-v1`.
pub(super) fn path(key: &crate::control::Key) -> String {
    if key.namespace.is_empty() {
        format!("{}/{}", key.kind.kind, key.name)
    } else {
        format!("{}/{}/{}", key.namespace, key.kind.kind, key.name)
    }
}

fn images(section: Section<'_>) -> Result<Vec<(String, Image)>, Trouble> {
    let mut images = Vec::new();
    for (key, at) in section.map()? {
        let one = Section::new(section.file, at, &key.value);
        let mut image = Image::default();
        if let Node::Scalar(Value::String(word)) = &at.value {
            if word != "not-found" {
                return Err(one.wrong(&format!("cannot be `{word}`"), "write `not-found`, or `{pull: 1.5s}`"));
            }
            image.not_found = true;
        } else {
            for (field, at) in one.fields(&["pull", "crash"])? {
                let value = Section::new(section.file, at, &field.value);
                match field.value.as_str() {
                    "pull" => image.pull = Some(value.span()?),
                    _ => image.crash = Some(crash(value)?),
                }
            }
        }
        images.push((key.value.clone(), image));
    }
    Ok(images)
}

fn crash(section: Section<'_>) -> Result<Crash, Trouble> {
    let mut crash = Crash { after: Duration::from_secs(2), code: 1 };
    for (field, at) in section.fields(&["after", "code"])? {
        let value = Section::new(section.file, at, &field.value);
        match field.value.as_str() {
            "after" => crash.after = value.span()?,
            _ => crash.code = i64::try_from(value.whole()?.min(255)).unwrap_or(1),
        }
    }
    Ok(crash)
}

/// The workloads of the manifests, by path.
fn workloads(world: &WorldFile) -> Vec<String> {
    let workload =
        |key: &crate::control::Key| matches!(key.kind.kind, "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "Pod");
    world.manifests.iter().filter(|one| workload(&one.key)).map(|one| path(&one.key)).collect()
}

fn behaviour(section: Section<'_>, world: &mut WorldFile) -> Result<(), Trouble> {
    let known = workloads(world);
    for (key, at) in section.map()? {
        if !known.contains(&key.value) {
            let what = format!("`behaviour` names `{}`, which no manifest makes", key.value);
            return Err(Trouble::at(
                section.file,
                line(key),
                what,
                suggest(&key.value, known.iter().map(String::as_str)),
            ));
        }
        let one = Section::new(section.file, at, &key.value);
        let all: Vec<&str> = LIFE.iter().chain(SERVING).copied().collect();
        let mut life = Workload::default();
        let mut serving = serde_json::Map::new();
        for (field, at) in one.fields(&all)? {
            let value = Section::new(section.file, at, &field.value);
            match field.value.as_str() {
                "ready" => life.ready = Some(value.span()?),
                "completes" => life.completes = Some(value.span()?),
                "stops" => life.stops = Some(value.span()?),
                "crash" => life.crash = Some(crash(value)?),
                "serves" => {
                    for (port, at) in value.map()? {
                        let port = port.value.parse::<u16>().ok().filter(|port| *port > 0).map(|_| port);
                        let Some(port) = port else {
                            return Err(value.wrong("must be by port", "write it like `serves: {8080: {median: 5ms}}`"));
                        };
                        Section::new(section.file, at, &format!("serves.{}", port.value)).fields(SERVES)?;
                    }
                }
                "calls" => {
                    for call in value.list()? {
                        let call = Section::new(section.file, call, "calls");
                        if !call.fields(CALL)?.iter().any(|(key, _)| key.value == "to") {
                            return Err(call.wrong(
                                "has an entry without `to`",
                                "say whom it calls: `to: http://ratings:9080/ratings`",
                            ));
                        }
                    }
                }
                _ => {}
            }
            if SERVING.contains(&field.value.as_str()) {
                serving.insert(field.value.clone(), at.value.value());
            }
        }
        let mut parts = key.value.split('/').map(str::to_owned);
        if let (Some(space), Some(kind), Some(name)) = (parts.next(), parts.next(), parts.next()) {
            world.behaviours.workloads.insert((space, kind, name), life);
        }
        world.serves.insert(key.value.clone(), Value::Object(serving));
    }
    Ok(())
}

fn flows(section: Section<'_>, world: &WorldFile) -> Result<Vec<Value>, Trouble> {
    let mut flows = Vec::new();
    for one in section.list()? {
        let flow = Section::new(section.file, one, "traffic");
        let fields = flow.fields(FLOW)?;
        let get = |name: &str| fields.iter().find(|(key, _)| key.value == name).map(|(_, at)| at);
        for needed in ["name", "to", "rps"] {
            if get(needed).is_none() {
                return Err(
                    flow.wrong(&format!("has a flow without `{needed}`"), "a flow has at least a name, `to` and `rps`")
                );
            }
        }
        if let Some(at) = get("rps") {
            Section::new(section.file, at, "traffic.rps").number()?;
        }
        if let Some(at) = get("via") {
            let via = Section::new(section.file, at, "traffic.via");
            let named = via.text()?;
            let gateways: Vec<String> = world
                .manifests
                .iter()
                .filter(|one| one.key.kind == kinds::GATEWAY)
                .map(|one| format!("{}/{}", one.key.namespace, one.key.name))
                .collect();
            if !gateways.contains(&named) {
                return Err(via.wrong(
                    &format!("names no Gateway: `{named}`"),
                    suggest(&named, gateways.iter().map(String::as_str)),
                ));
            }
        }
        if let Some(at) = get("from") {
            let from = Section::new(section.file, at, "traffic.from");
            let named = from.text()?;
            let known = workloads(world);
            if !known.contains(&named) {
                return Err(from.wrong(
                    &format!("names no workload: `{named}`"),
                    suggest(&named, known.iter().map(String::as_str)),
                ));
            }
        }
        if let Some(at) = get("wave") {
            for (key, at) in Section::new(section.file, at, "traffic.wave").fields(&["period", "depth"])? {
                let value = Section::new(section.file, at, "traffic.wave");
                if key.value == "period" { value.span().map(|_| ())? } else { value.number().map(|_| ())? }
            }
        }
        flows.push(one.value.value());
    }
    Ok(flows)
}

fn filler(section: Section<'_>) -> Result<Filler, Trouble> {
    let mut filler = Filler { namespace: "team-{i}".to_owned(), pods: 25, rps: 0.0 };
    for (field, at) in section.fields(&["namespace", "pods", "rps"])? {
        let value = Section::new(section.file, at, &field.value);
        match field.value.as_str() {
            "namespace" => filler.namespace = value.text()?,
            "pods" => filler.pods = value.whole()?,
            _ => filler.rps = value.number()?,
        }
    }
    if !filler.namespace.contains("{i}") {
        return Err(section.wrong("has one name for all its namespaces", "write `{i}` where their number goes"));
    }
    if filler.pods < 2 {
        return Err(section.wrong("needs at least 2 pods in each namespace", "one calls, one answers"));
    }
    Ok(filler)
}

/// How many pods a manifest makes once everything has settled.
pub(super) fn pods_of(manifest: &Manifest, nodes: usize) -> usize {
    let replicas =
        || usize::try_from(json::int(&manifest.object, &["spec", "replicas"]).unwrap_or(1)).unwrap_or_default();
    match manifest.key.kind {
        kinds::DEPLOYMENT | kinds::STATEFUL_SET => replicas(),
        kinds::DAEMON_SET => nodes,
        kinds::POD | kinds::GATEWAY => 1,
        kinds::JOB => {
            usize::try_from(json::int(&manifest.object, &["spec", "parallelism"]).unwrap_or(1)).unwrap_or_default()
        }
        _ => 0,
    }
}
