//! Pods beyond those of the manifests: namespaces of teams for a larger world, a client and servers for the smallest.

use serde_json::{Value, json};

use super::{
    file::{Filler, WorldFile, pods_of},
    manifest::Manifest,
};
use crate::{
    base::kinds,
    base::objects::Kind,
    control::{Key, json},
};

/// Pods a node takes in these worlds: real nodes take 110, and daemons need room too.
const PER_NODE: usize = 60;

/// How many nodes a world of so many pods has.
pub(super) fn nodes(world: &WorldFile, pods: usize) -> usize {
    pods.div_ceil(PER_NODE).max(world.nodes.unwrap_or(2))
}

/// Brings a world to a number of pods.
pub(super) fn fit(mut world: WorldFile, asked: Option<usize>) -> WorldFile {
    let Some(wanted) = asked.or(world.pods) else { return world };
    let nodes = nodes(&world, wanted);
    let base: usize = world.manifests.iter().map(|one| pods_of(one, nodes)).sum();
    if wanted < base {
        return small(&world, wanted);
    }
    let filler = world.filler.clone().unwrap_or(Filler { namespace: "team-{i}".to_owned(), pods: 25, rps: 5.0 });
    let mut missing = wanted - base;
    let mut at = 1;
    while missing > 0 {
        let here = missing.min(filler.pods);
        // A team of one would have nobody to talk to: the last one takes the rest.
        let here = if missing - here == 1 { missing } else { here };
        team(&mut world, &filler, at, here);
        missing -= here;
        at += 1;
    }
    world
}

/// One client that calls servers, and nothing else: for what is smaller than the world itself.
fn small(world: &WorldFile, pods: usize) -> WorldFile {
    let mut small = WorldFile {
        name: world.name.clone(),
        title: format!("{}, in {pods} pods: a client and its servers", world.title),
        crds: world.crds.clone(),
        nodes: Some(1),
        ..WorldFile::default()
    };
    small.behaviours.images.clone_from(&world.behaviours.images);
    group(&mut small, "shop", pods, 1, 20.0);
    small
}

/// A team: callers and servers in a namespace of their own.
fn team(world: &mut WorldFile, filler: &Filler, at: usize, pods: usize) {
    let namespace = filler.namespace.replace("{i}", &at.to_string());
    #[expect(clippy::cast_precision_loss, reason = "counts of pods are small")]
    let rps = filler.rps * pods as f64 / filler.pods as f64;
    group(world, &namespace, pods, (pods / 5).max(1), rps);
}

/// `clients` pods that call the rest of `pods`.
fn group(world: &mut WorldFile, namespace: &str, pods: usize, clients: usize, rps: f64) {
    let mut add = |kind: Kind, name: &str, object: Value| {
        let key = Key::new(kind, if kind.namespaced { namespace } else { "" }, name);
        world.manifests.push(Manifest { key, object, file: "filler".to_owned(), line: 0 });
    };
    add(
        kinds::NAMESPACE,
        namespace,
        json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": namespace, "labels": {"istio-injection": "enabled"}},
        }),
    );
    for (name, replicas) in [("client", clients), ("server", pods - clients)] {
        add(kinds::DEPLOYMENT, name, deployment(namespace, name, replicas));
    }
    add(
        kinds::SERVICE,
        "server",
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "server", "namespace": namespace, "labels": {"app": "server"}},
            "spec": {"selector": {"app": "server"}, "ports": [{"name": "http", "port": 8080, "targetPort": 8080}]},
        }),
    );
    world.serves.insert(
        format!("{namespace}/Deployment/server"),
        json!({"serves": {"8080": {"median": "6ms", "sigma": 0.5, "workers": 16, "cpu": "2ms", "memory": "96Ki", "bytes": [200, 3000]}}}),
    );
    if rps > 0.0 {
        world.flows.push(json!({
            "name": format!("{namespace}-calls"), "to": "http://server:8080/", "from": format!("{namespace}/Deployment/client"),
            "rps": rps,
        }));
    }
}

fn deployment(namespace: &str, name: &str, replicas: usize) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {
            "replicas": json::count(replicas),
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name, "version": "v1"}},
                "spec": {"containers": [{
                    "name": name, "image": format!("registry.example.com/teams/{name}:1.0.0"),
                    "ports": [{"containerPort": 8080, "name": "http"}],
                    "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
                }]},
            },
        },
    })
}
