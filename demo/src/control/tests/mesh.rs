//! Gateways, routes and their statuses.

use super::*;

fn mesh() -> World {
    let mut world = World::new();
    for name in ["istio-system", "infra"] {
        world.create(kinds::NAMESPACE, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    }
    let mut istiod = deployment("istiod", 1, "istio/pilot:1");
    json::set(&mut istiod, &["metadata", "namespace"], "istio-system");
    world.create(kinds::DEPLOYMENT, istiod);
    world.create(
        kinds::GATEWAY_CLASS,
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": "istio"},
            "spec": {"controllerName": "istio.io/gateway-controller"},
        }),
    );
    world.create(
        kinds::GATEWAY,
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": {"name": "my-gateway", "namespace": "infra"},
            "spec": {"gatewayClassName": "istio", "listeners": [{
                "name": "http", "port": 80, "protocol": "HTTP", "hostname": "*.example.com",
                "allowedRoutes": {"namespaces": {"from": "Same"}},
            }]},
        }),
    );
    for name in ["v1", "v3"] {
        let mut object = service(name);
        json::set(&mut object, &["metadata", "namespace"], "infra");
        world.create(kinds::SERVICE, object);
    }
    world.run(30);
    world
}

fn route(name: &str, namespace: &str, host: &str, backend: &str) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "parentRefs": [{"name": "my-gateway", "namespace": "infra"}],
            "hostnames": [host],
            "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": [{"name": backend, "port": 80}]}],
        },
    })
}

fn parent<'a>(route: &'a Value, kind: &str) -> (&'a str, &'a str) {
    let parents = json::list(route, &["status", "parents"]);
    assert_eq!(parents.len(), 1, "{parents:?}");
    let found = json::condition(json::list(&parents[0], &["conditions"]), kind).unwrap();
    (json::text(found, &["status"]), json::text(found, &["reason"]))
}

fn attached(world: &World) -> i64 {
    let gateway = world.get(&Key::new(kinds::GATEWAY, "infra", "my-gateway")).unwrap();
    json::int(&json::list(&gateway, &["status", "listeners"])[0], &["attachedRoutes"]).unwrap()
}

#[test]
fn a_gateway_is_deployed_and_programmed() {
    let world = mesh();
    let gateway = world.get(&Key::new(kinds::GATEWAY, "infra", "my-gateway")).unwrap();
    assert_eq!(condition(&gateway, "Accepted"), ("True", "Accepted"));
    assert_eq!(condition(&gateway, "Programmed"), ("True", "Programmed"));
    assert_eq!(json::list(&gateway, &["status", "addresses"]).len(), 1);
    assert_eq!(attached(&world), 0);
    assert_eq!(world.pods("infra", "my-gateway-istio-").len(), 1);
    let class = world.get(&Key::new(kinds::GATEWAY_CLASS, "", "istio")).unwrap();
    assert_eq!(condition(&class, "Accepted").0, "True");
}

#[test]
fn routes_in_conflict_are_both_accepted() {
    let mut world = mesh();
    let mine = world.create(kinds::HTTP_ROUTE, route("my-route", "infra", "lior.example.com", "v1"));
    world.run(2);
    let other = world.create(kinds::HTTP_ROUTE, route("my-route-v3", "infra", "lior.example.com", "v3"));
    world.run(2);
    for key in [&mine, &other] {
        let held = world.get(key).unwrap();
        assert_eq!(parent(&held, "Accepted"), ("True", "Accepted"));
        assert_eq!(parent(&held, "ResolvedRefs"), ("True", "ResolvedRefs"));
        assert_eq!(
            json::text(&json::list(&held, &["status", "parents"])[0], &["controllerName"]),
            "istio.io/gateway-controller"
        );
    }
    assert_eq!(attached(&world), 2);
    world.delete(&other);
    world.run(2);
    assert_eq!(attached(&world), 1);
}

#[test]
fn what_a_route_names_wrongly_is_said() {
    let mut world = mesh();
    let lost = world.create(kinds::HTTP_ROUTE, route("lost", "infra", "a.example.com", "v9"));
    let stranger = world.create(kinds::HTTP_ROUTE, route("stranger", "shop", "a.example.com", "v1"));
    let host = world.create(kinds::HTTP_ROUTE, route("host", "infra", "a.example.org", "v1"));
    let mut section = route("section", "infra", "a.example.com", "v1");
    json::set(&mut section, &["spec", "parentRefs"], json!([{"name": "my-gateway", "sectionName": "https"}]));
    let section = world.create(kinds::HTTP_ROUTE, section);
    let mut far = route("far", "infra", "a.example.com", "v1");
    let backend = json!([{"backendRefs": [{"name": "web", "namespace": "shop", "port": 80}]}]);
    json::set(&mut far, &["spec", "rules"], backend);
    let far = world.create(kinds::HTTP_ROUTE, far);
    world.run(2);
    let said = |world: &World, key: &Key, kind: &str| {
        let held = world.get(key).unwrap();
        let (status, reason) = parent(&held, kind);
        format!("{status} {reason}")
    };
    assert_eq!(said(&world, &lost, "ResolvedRefs"), "False BackendNotFound");
    assert_eq!(said(&world, &lost, "Accepted"), "True Accepted");
    assert_eq!(said(&world, &stranger, "Accepted"), "False NotAllowedByListeners");
    assert_eq!(said(&world, &host, "Accepted"), "False NoMatchingListenerHostname");
    assert_eq!(said(&world, &section, "Accepted"), "False NoMatchingParent");
    assert_eq!(said(&world, &far, "ResolvedRefs"), "False RefNotPermitted");
    world.create(kinds::SERVICE, service("web"));
    world.create(
        kinds::REFERENCE_GRANT,
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant",
            "metadata": {"name": "in", "namespace": "shop"},
            "spec": {
                "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "infra"}],
                "to": [{"group": "", "kind": "Service"}],
            },
        }),
    );
    world.run(2);
    assert_eq!(said(&world, &far, "ResolvedRefs"), "True ResolvedRefs");
}

#[test]
fn without_a_control_plane_no_status_is_written() {
    let mut world = mesh();
    world.edit(&Key::new(kinds::DEPLOYMENT, "istio-system", "istiod"), |object| {
        json::set(object, &["spec", "replicas"], 0);
    });
    world.run(40);
    let key = world.create(kinds::HTTP_ROUTE, route("my-route", "infra", "lior.example.com", "v1"));
    world.run(10);
    assert!(status(&world.get(&key).unwrap(), "parents").is_null());
    world.edit(&Key::new(kinds::DEPLOYMENT, "istio-system", "istiod"), |object| {
        json::set(object, &["spec", "replicas"], 1);
    });
    world.run(20);
    assert_eq!(parent(&world.get(&key).unwrap(), "Accepted").0, "True");
}
