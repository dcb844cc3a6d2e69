//! What injecting and recovering do to one pod. What lies in the kernel of its node (netem, stress, clocks) has no object:
//! there it is enough that the node's daemon is there to do it.

use serde_json::Value;

use super::{names, part};
use crate::{
    base::objects::Objects,
    control::{
        ctx::Ctx,
        json,
        key::Key,
        kinds,
        kubelet::{self, Exit},
    },
};

const MANAGER: &str = super::MANAGER;

/// Injects into what a record is about: `NAMESPACE/POD[/CONTAINER]`.
pub(super) fn apply<O: Objects>(ctx: &mut Ctx<'_, O>, object: &Value, id: &str) -> Result<(), String> {
    let (key, container) = place(id);
    let Some(pod) = ctx.get(&key) else { return Err(format!("pods \"{}\" not found", key.name)) };
    match (json::text(object, &["kind"]), json::text(object, &["spec", "action"])) {
        ("PodChaos", "pod-kill") => {
            let uid = json::text(&pod, &["metadata", "uid"]);
            let at_once = json::int(object, &["spec", "gracePeriod"]).unwrap_or_default() == 0;
            let done = if at_once { ctx.remove(&key, Some(uid)) } else { ctx.delete(&key, Some(uid)) };
            done.map_err(|refused| refused.message)
        }
        ("PodChaos", "pod-failure") => fail(ctx, object, &key),
        ("PodChaos", "container-kill") => {
            daemon(ctx, &pod)?;
            let wanted = json::list(object, &["spec", "containerNames"]).iter().filter_map(Value::as_str);
            let known: Vec<&str> =
                json::list(&pod, &["spec", "containers"]).iter().map(|one| json::text(one, &["name"])).collect();
            let all: Vec<&str> = wanted.chain(std::iter::once(container)).collect();
            if let Some(missing) = all.iter().find(|name| !known.contains(name)) {
                return Err(format!("container {missing} of pod {} not found", key.name));
            }
            for name in all {
                let exit = Exit { container: name.to_owned(), code: 137, reason: "Error" };
                kubelet::exit(ctx.state, &key, &exit, ctx.now);
            }
            Ok(())
        }
        ("DNSChaos", _) if !part(ctx, "chaos-dns-server", |_| true) => {
            Err("no chaos-dns-server is there to answer".to_owned())
        }
        ("IOChaos", _) => {
            daemon(ctx, &pod)?;
            mounted(&pod, container, json::text(object, &["spec", "volumePath"]))
        }
        _ => daemon(ctx, &pod),
    }
}

/// Takes back. A pod that is gone took everything along.
pub(super) fn recover<O: Objects>(ctx: &mut Ctx<'_, O>, object: &Value, id: &str) -> Result<(), String> {
    let (key, _) = place(id);
    let Some(pod) = ctx.get(&key) else { return Ok(()) };
    match (json::text(object, &["kind"]), json::text(object, &["spec", "action"])) {
        ("PodChaos", "pod-failure") => heal(ctx, object, &key),
        ("PodChaos", _) => Ok(()),
        _ => daemon(ctx, &pod),
    }
}

fn place(id: &str) -> (Key, &str) {
    let mut parts = id.splitn(3, '/');
    let (namespace, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    (Key::new(kinds::POD, namespace, name), parts.next().unwrap_or_default())
}

/// Whether the daemon of the pod's node is there to do it, and the pod runs.
fn daemon<O: Objects>(ctx: &Ctx<'_, O>, pod: &Value) -> Result<(), String> {
    let node = json::text(pod, &["spec", "nodeName"]);
    if json::text(pod, &["status", "phase"]) != "Running" {
        return Err(format!("pod {} is not running", json::text(pod, &["metadata", "name"])));
    }
    let here = part(ctx, "chaos-daemon", |row| row.pod.as_ref().is_some_and(|pod| pod.node == node));
    if here { Ok(()) } else { Err(format!("no chaos-daemon is ready on node {node}")) }
}

fn mounted(pod: &Value, container: &str, path: &str) -> Result<(), String> {
    let containers = json::list(pod, &["spec", "containers"]).iter();
    let mounts = containers.filter(|one| json::text(one, &["name"]) == container);
    let found = mounts.flat_map(|one| json::list(one, &["volumeMounts"])).any(|mount| {
        let at = json::text(mount, &["mountPath"]);
        !at.is_empty() && path.trim_end_matches('/').starts_with(at.trim_end_matches('/'))
    });
    if found { Ok(()) } else { Err(format!("container {container} mounts no volume at {path}")) }
}

/// Where the image of a container is kept while something else stands in its place.
fn kept(object: &Value, list: &str, container: &str) -> String {
    let which = if list == "containers" { "normal" } else { "init" };
    let hash = names::hash(&serde_json::json!([json::at(object, &["metadata", "name"]), container, which]));
    format!("chaos-mesh/{hash}-image")
}

const LISTS: [&str; 2] = ["containers", "initContainers"];

/// Every image gives way to one that does nothing.
fn fail<O: Objects>(ctx: &mut Ctx<'_, O>, object: &Value, key: &Key) -> Result<(), String> {
    let swapped = ctx.edit(key, MANAGER, |pod| {
        for list in LISTS {
            let mut all = json::list(pod, &["spec", list]).to_vec();
            for one in &mut all {
                let (name, image) = (json::text(one, &["name"]).to_owned(), json::text(one, &["image"]).to_owned());
                if image == kinds::PAUSE_IMAGE {
                    continue;
                }
                json::set(pod, &["metadata", "annotations", &kept(object, list, &name)], image);
                json::set(one, &["image"], kinds::PAUSE_IMAGE);
            }
            if !all.is_empty() {
                json::set(pod, &["spec", list], all);
            }
        }
    });
    swapped.map_err(|refused| refused.message)
}

fn heal<O: Objects>(ctx: &mut Ctx<'_, O>, object: &Value, key: &Key) -> Result<(), String> {
    let swapped = ctx.edit(key, MANAGER, |pod| {
        for list in LISTS {
            let mut all = json::list(pod, &["spec", list]).to_vec();
            for one in &mut all {
                let note = kept(object, list, json::text(one, &["name"]));
                let image = json::text(pod, &["metadata", "annotations", &note]).to_owned();
                if !image.is_empty() {
                    json::set(one, &["image"], image);
                    json::remove(pod, &["metadata", "annotations", &note]);
                }
            }
            if !all.is_empty() {
                json::set(pod, &["spec", list], all);
            }
        }
    });
    swapped.map_err(|refused| refused.message)
}
