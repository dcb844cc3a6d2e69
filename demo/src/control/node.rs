//! Nodes: what a kubelet registers of its machine, and what becomes of pods whose node is gone.

use serde_json::{Value, json};

use super::{ctx::Ctx, json, key::Key, kinds};
use crate::base::objects::{Objects, Refused};

/// The taint of a cordoned node.
pub(super) const CORDON: &str = "node.kubernetes.io/unschedulable";

/// Zones of a world's nodes, in turn.
const ZONES: [&str; 3] = ["demo-a", "demo-b", "demo-c"];

/// A node as its kubelet registers it, the `at`-th of the world.
pub fn manifest(at: usize, name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/zone": ZONES[at % ZONES.len()], "topology.kubernetes.io/region": "demo",
            },
        },
        "spec": {
            "podCIDR": format!("10.{}.{}.0/24", 244 + at / 256 % 12, at % 256),
            "providerID": format!("demo://{name}"),
        },
    })
}

/// The zone a node is in.
pub(super) fn zone<O: Objects>(ctx: &Ctx<'_, O>, name: &str) -> String {
    let node = ctx.objects.get(kinds::NODE, "", name);
    node.map(|node| json::text(&node, &["metadata", "labels", "topology.kubernetes.io/zone"]).to_owned())
        .unwrap_or_default()
}

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(node) = ctx.get(key) else { return orphans(ctx, key) };
    cordon(ctx, key, &node)?;
    if !json::list(&node, &["status", "conditions"]).is_empty() {
        return Ok(());
    }
    let now = ctx.stamp();
    let condition = |kind: &str, value: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": value, "reason": reason, "message": message,
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        })
    };
    let range = json::text(&node, &["spec", "podCIDR"]);
    let place: Vec<&str> = range.split('.').collect();
    let host = match place.as_slice() {
        [_, second, third, ..] => {
            format!("172.18.{}.{}", second.parse::<u8>().unwrap_or(244).saturating_sub(244), third)
        }
        _ => "172.18.0.250".to_owned(),
    };
    let room = json!({"cpu": "16", "memory": "65536Mi", "pods": "110", "ephemeral-storage": "200Gi"});
    let status = json!({
        "capacity": room,
        "allocatable": room,
        "addresses": [{"type": "InternalIP", "address": host}, {"type": "Hostname", "address": key.name}],
        "conditions": [
            condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
        ],
        "nodeInfo": {
            "kubeletVersion": "v1.35.4", "osImage": "brink demo world", "kernelVersion": "simulated",
            "containerRuntimeVersion": "containerd://simulated", "operatingSystem": "linux", "architecture": "amd64",
            "machineID": "", "systemUUID": "", "bootID": "", "kubeProxyVersion": "",
        },
    });
    ctx.set_status(key, "kubelet", status)
}

/// A cordoned node carries the taint of it, and loses it with the cordon (the node lifecycle controller).
fn cordon<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, node: &Value) -> Result<(), Refused> {
    let is_cordon = |taint: &Value| json::text(taint, &["key"]) == CORDON;
    let mut taints = json::list(node, &["spec", "taints"]).to_vec();
    let cordoned = json::yes(node, &["spec", "unschedulable"]);
    if cordoned == taints.iter().any(is_cordon) {
        return Ok(());
    }
    if cordoned {
        taints.push(json!({"key": CORDON, "effect": "NoSchedule", "timeAdded": ctx.stamp()}));
    } else {
        taints.retain(|taint| !is_cordon(taint));
    }
    ctx.edit(key, "kube-controller-manager", |node| {
        if taints.is_empty() {
            json::remove(node, &["spec", "taints"]);
        } else {
            json::set(node, &["spec", "taints"], taints.clone());
        }
    })
}

/// Pods bound to a node that is gone are gone with it.
fn orphans<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let pods: Vec<_> = ctx.state.rows.on_node(&key.name).cloned().collect();
    for (namespace, name) in pods {
        let pod = Key::new(kinds::POD, &namespace, &name);
        ctx.delete(&pod, None)?;
        ctx.remove(&pod, None)?;
    }
    Ok(())
}
