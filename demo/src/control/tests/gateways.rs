//! Gateways of kgateway and agentgateway: what is deployed, what is said of routes, policies and backends.

use super::*;

fn system(world: &mut World, namespace: &str, name: &str) {
    world.create(kinds::NAMESPACE, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
    let mut controller = deployment(name, 1, "controller:1");
    json::set(&mut controller, &["metadata", "namespace"], namespace);
    for path in [&["spec", "selector", "matchLabels"][..], &["spec", "template", "metadata", "labels"]] {
        json::set(&mut controller, path, json!({name: name}));
    }
    world.create(kinds::DEPLOYMENT, controller);
}

fn gateway(world: &mut World, class: &str, controller: &str) -> Key {
    let api = "gateway.networking.k8s.io/v1";
    world.create(
        kinds::GATEWAY_CLASS,
        json!({"apiVersion": api, "kind": "GatewayClass", "metadata": {"name": class}, "spec": {"controllerName": controller}}),
    );
    world.create(
        kinds::GATEWAY,
        json!({
            "apiVersion": api, "kind": "Gateway", "metadata": {"name": format!("{class}-gw"), "namespace": "shop"},
            "spec": {"gatewayClassName": class, "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
        }),
    );
    world.create(
        kinds::HTTP_ROUTE,
        json!({
            "apiVersion": api, "kind": "HTTPRoute", "metadata": {"name": format!("{class}-route"), "namespace": "shop"},
            "spec": {
                "parentRefs": [{"name": format!("{class}-gw")}],
                "rules": [{"backendRefs": [{"name": "web", "port": 80}]}],
            },
        }),
    )
}

fn gates() -> (World, Key, Key) {
    let mut world = World::new();
    world.create(kinds::SERVICE, service("web"));
    system(&mut world, "kgateway-system", "kgateway");
    system(&mut world, "agentgateway-system", "agentgateway");
    let envoy = gateway(&mut world, "kgateway", "kgateway.dev/kgateway");
    let agents = gateway(&mut world, "agents", "agentgateway.dev/agentgateway");
    world.run(30);
    (world, envoy, agents)
}

fn policy(world: &mut World, kind: crate::base::objects::Kind, route: &str) -> Key {
    let target = json!([{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": route}]);
    world.create(
        kind,
        json!({
            "apiVersion": format!("{}/v1alpha1", kind.group), "kind": kind.kind,
            "metadata": {"name": "limit", "namespace": "shop"}, "spec": {"targetRefs": target},
        }),
    )
}

fn ancestors(world: &World, key: &Key) -> Vec<(String, String, String)> {
    let object = world.get(key).unwrap();
    let all = json::list(&object, &["status", "ancestors"]).iter().map(|one| {
        let attached = json::condition(json::list(one, &["conditions"]), "Attached").unwrap();
        (
            json::text(one, &["ancestorRef", "name"]).to_owned(),
            json::text(one, &["controllerName"]).to_owned(),
            json::text(attached, &["status"]).to_owned(),
        )
    });
    all.collect()
}

#[test]
fn each_system_deploys_its_own_proxies_and_answers_for_its_own_routes() {
    let (world, envoy, agents) = gates();
    for (gateway, container) in [("kgateway-gw", "kgateway-proxy"), ("agents-gw", "agentgateway")] {
        let pods = world.pods("shop", &format!("{gateway}-"));
        assert_eq!(pods.len(), 1, "{gateway}");
        assert_eq!(json::text(&json::list(&pods[0], &["spec", "containers"])[0], &["name"]), container);
        let held = world.get(&Key::new(kinds::GATEWAY, "shop", gateway)).unwrap();
        assert_eq!(condition(&held, "Programmed"), ("True", "Programmed"));
    }
    for (route, controller) in [(envoy, "kgateway.dev/kgateway"), (agents, "agentgateway.dev/agentgateway")] {
        let held = world.get(&route).unwrap();
        let [parent] = json::list(&held, &["status", "parents"]) else { panic!("{held}") };
        assert_eq!(json::text(parent, &["controllerName"]), controller);
    }
}

#[test]
fn a_policy_is_told_for_the_gateways_of_its_system_alone() {
    let (mut world, ..) = gates();
    let ours = policy(&mut world, kinds::TRAFFIC_POLICY, "kgateway-route");
    let theirs = policy(&mut world, kinds::AGENTGATEWAY_POLICY, "kgateway-route");
    world.run(2);
    let told = |name: &str, controller: &str, attached: &str| {
        vec![(name.to_owned(), controller.to_owned(), attached.to_owned())]
    };
    assert_eq!(ancestors(&world, &ours), told("kgateway-gw", "kgateway.dev/kgateway", "True"));
    assert_eq!(ancestors(&world, &theirs), Vec::new());
    world.edit(&ours, |object| {
        json::set(object, &["spec", "targetRefs"], json!([{"kind": "HTTPRoute", "name": "none"}]));
    });
    world.run(2);
    assert_eq!(ancestors(&world, &ours), told("StatusSummary", "kgateway.dev/kgateway", "False"));
}

#[test]
fn a_policy_of_two_routes_at_one_gateway_is_attached_to_both() {
    let (mut world, envoy, _) = gates();
    let mut second = (*world.get(&envoy).unwrap()).clone();
    second["metadata"] = json!({"name": "second", "namespace": "shop"});
    world.create(kinds::HTTP_ROUTE, second);
    let ours = policy(&mut world, kinds::TRAFFIC_POLICY, "kgateway-route");
    world.edit(&ours, |object| {
        let target = |name: &str| json!({"kind": "HTTPRoute", "name": name});
        json::set(object, &["spec", "targetRefs"], json!([target("kgateway-route"), target("second")]));
    });
    world.run(2);
    let told = ("kgateway-gw".to_owned(), "kgateway.dev/kgateway".to_owned(), "True".to_owned());
    assert_eq!(ancestors(&world, &ours), [told]);
}

#[test]
fn a_dead_controller_says_nothing() {
    let (mut world, ..) = gates();
    world.edit(&Key::new(kinds::DEPLOYMENT, "agentgateway-system", "agentgateway"), |object| {
        json::set(object, &["spec", "replicas"], 0);
    });
    world.run(40);
    let ours = policy(&mut world, kinds::AGENTGATEWAY_POLICY, "agents-route");
    world.run(10);
    assert_eq!(ancestors(&world, &ours), Vec::new());
}

#[test]
fn a_backend_tells_whether_its_key_is_there() {
    let (mut world, envoy, _) = gates();
    let backend = world.create(
        kinds::BACKEND,
        json!({
            "apiVersion": "gateway.kgateway.dev/v1alpha1", "kind": "Backend", "metadata": {"name": "claude", "namespace": "shop"},
            "spec": {"type": "AI", "ai": {"llm": {"anthropic": {
                "model": "opus-5", "authToken": {"kind": "SecretRef", "secretRef": {"name": "key"}},
            }}}},
        }),
    );
    world.edit(&envoy, |route| {
        let model = json!([{"group": "gateway.kgateway.dev", "kind": "Backend", "name": "claude"}]);
        json::set(route, &["spec", "rules"], json!([{"backendRefs": model}]));
    });
    world.run(2);
    assert_eq!(condition(&world.get(&backend).unwrap(), "Accepted"), ("False", "Invalid"));
    world.create(
        kinds::SECRET,
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": "shop"}}),
    );
    world.run(2);
    assert_eq!(condition(&world.get(&backend).unwrap(), "Accepted"), ("True", "Accepted"));
    let resolved = |world: &World| {
        let held = world.get(&envoy).unwrap();
        let parent = &json::list(&held, &["status", "parents"])[0];
        let found = json::condition(json::list(parent, &["conditions"]), "ResolvedRefs").unwrap();
        (json::text(found, &["status"]).to_owned(), json::text(found, &["reason"]).to_owned())
    };
    assert_eq!(resolved(&world), ("True".to_owned(), "ResolvedRefs".to_owned()));
    world.delete(&backend);
    world.run(2);
    assert_eq!(resolved(&world), ("False".to_owned(), "BackendNotFound".to_owned()));
}
