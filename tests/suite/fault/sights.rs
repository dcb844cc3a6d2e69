//! A small shop as a driver sees it: web calls reviews, reviews has two versions behind a route, everything has sidecars.

use std::{collections::BTreeMap, time::Duration};

use brink::{
    cluster::{Kind, Manifest},
    fault::{
        intent::{Driver, Fault, FaultKind, Scope, Target},
        known,
        observe::Observe,
        sight::{Controller, Sight},
    },
};
use serde_json::{Value, json};

pub fn manifest(value: Value) -> Manifest {
    Manifest(value)
}

/// A running, ready pod of a ReplicaSet, with a sidecar.
pub fn pod(app: &str, n: u32) -> Manifest {
    manifest(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": format!("{app}-abc-{n}"), "namespace": "shop", "uid": format!("uid-{app}-{n}"),
            "resourceVersion": "10", "labels": {"app": app},
            "ownerReferences": [{"kind": "ReplicaSet", "name": format!("{app}-abc"), "uid": "rs", "controller": true}],
        },
        "spec": {
            "serviceAccountName": app,
            "containers": [{"name": app}, {"name": "istio-proxy", "args": ["proxy", "sidecar"]}],
        },
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }))
}

pub fn deployment(app: &str, replicas: u32) -> Manifest {
    manifest(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": app, "namespace": "shop", "uid": format!("uid-{app}"), "resourceVersion": "20", "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": app}},
            "template": {
                "metadata": {"labels": {"app": app}},
                "spec": {"serviceAccountName": app, "containers": [{"name": app, "image": "shop/app:1"}]},
            },
        },
        "status": {"readyReplicas": replicas},
    }))
}

/// A node of a zone.
pub fn node(name: &str, zone: &str) -> Manifest {
    manifest(json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": name, "uid": format!("uid-{name}"), "resourceVersion": "50",
            "labels": {"topology.kubernetes.io/zone": zone},
        },
        "spec": {"podCIDR": "10.0.0.0/24"},
    }))
}

fn replica_set(app: &str) -> Manifest {
    manifest(json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{app}-abc"), "namespace": "shop",
            "ownerReferences": [{"kind": "Deployment", "name": app, "uid": format!("uid-{app}"), "controller": true}],
        },
        "spec": {"selector": {"matchLabels": {"app": app}}},
    }))
}

pub fn service(name: &str) -> Manifest {
    manifest(json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("svc-{name}"), "resourceVersion": "5"},
        "spec": {"selector": {"app": name}, "ports": [{"port": 9080}]},
    }))
}

pub fn http_route(name: &str, backend: &str, created: &str) -> Manifest {
    manifest(json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {
            "name": name, "namespace": "shop", "uid": format!("route-{name}"), "resourceVersion": "30",
            "creationTimestamp": created, "generation": 1,
        },
        "spec": {
            "parentRefs": [{"name": "edge"}],
            "hostnames": ["shop.example.com"],
            "rules": [{
                "matches": [{"path": {"type": "PathPrefix", "value": "/reviews"}}],
                "backendRefs": [{"name": backend, "port": 9080}],
            }],
        },
        "status": {"parents": [{"conditions": [{"type": "Accepted", "status": "True"}]}]},
    }))
}

pub fn virtual_service() -> Manifest {
    manifest(json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"name": "reviews", "namespace": "shop", "uid": "vs", "resourceVersion": "40", "generation": 2},
        "spec": {
            "hosts": ["reviews"],
            "http": [
                {
                    "match": [{"uri": {"prefix": "/v2"}}],
                    "route": [{"destination": {"host": "reviews", "subset": "v2"}}],
                    "timeout": "3s",
                },
                {"name": "moved", "match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/new"}},
                {"name": "rest", "route": [{"destination": {"host": "reviews"}}], "retries": {"attempts": 3}},
            ],
        },
    }))
}

/// The whole shop.
pub fn shop() -> Sight {
    let istio = |kind: Kind| kind;
    Sight {
        namespaces: BTreeMap::from([(
            "shop".to_owned(),
            manifest(json!({"metadata": {"name": "shop"}, "status": {"phase": "Active"}})),
        )]),
        services: vec![service("reviews"), service("web"), service("ratings")],
        pods: (1..=4).map(|n| pod("reviews", n)).chain((1..=2).map(|n| pod("web", n))).collect(),
        workloads: vec![deployment("reviews", 4), replica_set("reviews"), deployment("web", 2), replica_set("web")],
        http_routes: vec![http_route("my-route", "reviews", "2026-01-01T00:00:00Z")],
        virtual_services: vec![virtual_service()],
        served: vec![
            istio(known::envoy_filter()),
            istio(known::virtual_service()),
            istio(known::authorization_policy()),
            known::http_route(),
        ],
        istiod: Controller::Alive,
        root_namespace: "istio-system".to_owned(),
        ..Sight::default()
    }
}

/// The shop, with Chaos Mesh, and a volume in the pods of reviews.
pub fn sea() -> Sight {
    let mut sight = shop();
    sight.engines.insert(Observe::ChaosMesh, Controller::Alive);
    for kind in ["NetworkChaos", "PodChaos", "StressChaos", "DNSChaos", "IOChaos", "TimeChaos", "HTTPChaos"] {
        sight.served.push(Kind::namespaced("chaos-mesh.org", "v1alpha1", kind, &kind.to_lowercase()));
    }
    for pod in &mut sight.pods {
        pod.0["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
    }
    sight
}

/// The shop with a route that splits, and one that holds for any host below it.
pub fn routed() -> Sight {
    let mut sight = shop();
    let mut split = http_route("split", "reviews", "2026-01-01T00:00:00Z");
    split.0["spec"]["rules"][0]["backendRefs"] =
        json!([{"name": "reviews", "port": 9080, "weight": 90}, {"name": "ratings", "port": 9080, "weight": 10}]);
    let mut any = http_route("any-shop", "web", "2026-01-01T00:00:00Z");
    any.0["spec"]["hostnames"] = json!(["*.shop.example.com"]);
    sight.http_routes.extend([split, any]);
    sight
}

/// The shop with everything that the example of any kind names.
pub fn plenty() -> Sight {
    let mut sight = routed();
    sight.nodes = vec![node("worker-1", "east-1"), node("worker-2", "east-2")];
    for (n, pod) in sight.pods.iter_mut().enumerate() {
        pod.0["spec"]["nodeName"] = json!(format!("worker-{}", n % 2 + 1));
    }
    sight.config_maps = vec![manifest(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "flags", "namespace": "shop", "uid": "cm", "resourceVersion": "60"},
        "data": {"slow": "false"},
    }))];
    sight.workloads.push(deployment("ratings", 2));
    sight.virtual_services.push(shares());
    sight.gateways = Some(vec![gateway()]);
    let meshed = [known::destination_rule(), known::service_entry(), known::peer_authentication(), known::gateway()];
    sight.served.extend(meshed);
    sight
}

/// A VirtualService that splits.
pub fn shares() -> Manifest {
    let to =
        |subset: &str, weight: u32| json!({"destination": {"host": "ratings", "subset": subset}, "weight": weight});
    manifest(json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {
            "name": "shares", "namespace": "shop", "uid": "vs-shares", "resourceVersion": "41",
            "creationTimestamp": "2026-02-01T00:00:00Z",
        },
        "spec": {"hosts": ["ratings"], "http": [
            {"route": [to("v1", 90), to("v2", 10)], "retries": {"attempts": 4, "retryOn": "5xx"}},
        ]},
    }))
}

/// A Gateway with and without a certificate.
pub fn gateway() -> Manifest {
    manifest(json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
        "metadata": {"name": "edge", "namespace": "shop", "uid": "gtw", "resourceVersion": "70", "generation": 1},
        "spec": {"gatewayClassName": "istio", "listeners": [
            {"name": "http", "port": 80, "protocol": "HTTP"},
            {
                "name": "https", "port": 443, "protocol": "HTTPS",
                "tls": {"mode": "Terminate", "certificateRefs": [{"group": "", "kind": "Secret", "name": "shop-cert"}]},
            },
        ]},
        "status": {"conditions": [{"type": "Accepted", "status": "True"}]},
    }))
}

/// Every kind and driver whose API that shop serves; what engines do is tested where they live.
pub fn served() -> Vec<(FaultKind, Driver)> {
    use brink::fault::catalogue::{row, view};
    let sight = plenty();
    let kinds = FaultKind::ALL.into_iter().filter(|kind| *kind != FaultKind::Manifest);
    let pairs = kinds.flat_map(|kind| row(kind).drivers.iter().map(move |driver| (kind, driver)));
    pairs
        .filter(|(_, one)| view::state(one.driver, one.needs, &sight).0 == view::DriverState::Ok)
        .map(|(kind, one)| (kind, one.driver))
        .collect()
}

/// The intent of the example of a kind and a driver.
pub fn example(kind: FaultKind, driver: Driver) -> Fault {
    let row = brink::fault::catalogue::row(kind);
    let own = row.drivers.iter().find(|one| one.driver == driver).and_then(|one| one.example);
    let mut parts = own.unwrap_or(row.example).split(' ').map(str::to_owned);
    let mut words = brink::fault::set::Words {
        kind: parts.next().unwrap(),
        target: parts.next(),
        ..brink::fault::set::Words::default()
    };
    while let Some(flag) = parts.next() {
        assert_eq!(flag, "--set", "{kind:?}");
        words.set.push(parts.next().unwrap());
    }
    assert_eq!(words.kind, kind.word());
    let wanted = brink::fault::set::fault(&words, "shop").unwrap();
    Fault { duration: Duration::from_secs(90), lease: Duration::from_secs(120), ..wanted }
}

/// An intent in the shop.
pub fn fault(kind: FaultKind, target: Target, params: &[(&str, Value)]) -> Fault {
    Fault {
        name: String::new(),
        namespace: "shop".to_owned(),
        kind,
        target,
        params: params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        scope: Scope::default(),
        ramp: Vec::new(),
        abort_when: Vec::new(),
        duration: Duration::from_secs(90),
        lease: Duration::from_secs(120),
        driver: None,
        manifests: Vec::new(),
    }
}

pub fn reviews() -> Target {
    Target::Service("reviews".to_owned())
}

pub fn workload(kind: &str, name: &str) -> Target {
    Target::Workload { kind: kind.to_owned(), name: name.to_owned() }
}

/// The slow reviews of every example.
pub fn delay() -> Fault {
    fault(FaultKind::HttpDelay, reviews(), &[("delay", json!("1s")), ("percent", json!(50))])
}

/// The same through the VirtualService.
pub fn delay_by_virtual_service() -> Fault {
    Fault { driver: Some(Driver::IstioVirtualService), ..delay() }
}
