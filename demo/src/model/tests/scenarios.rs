//! The scenarios bad-image and route-conflict, and what else people ask.

use serde_json::{Value, json};

use super::play::{Played, Wire, play};

const PODS: &str = "NAME            READY   STATUS             RESTARTS   AGE\n\
                    web-7d9-abc     2/2     Running            0          3h\n\
                    ngi14           0/1     ImagePullBackOff   0          2m";
const NGI14: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: ngi14\n  namespace: default\nspec:\n  containers:\n  - name: nginx\n    image: nginx:latesttttt\n\
                     status:\n  phase: Pending\n  containerStatuses:\n  - name: nginx\n    state:\n      waiting:\n        reason: ImagePullBackOff\n        message: Back-off pulling image \"nginx:latesttttt\"\n";

fn sick(name: &str, given: &Value) -> Result<String, String> {
    match (name, given["name"].as_str()) {
        ("list", _) => Ok(PODS.to_owned()),
        ("get", Some("ngi14")) => Ok(NGI14.to_owned()),
        ("events", _) => Ok(
            "LAST SEEN   TYPE      REASON   OBJECT      MESSAGE\n2m          Warning   Failed   pod/ngi14   not found"
                .to_owned(),
        ),
        ("propose_fix", _) => Ok("queued for review".to_owned()),
        other => Err(format!("{other:?} is not here")),
    }
}

fn both(question: &str, cluster: fn(&str, &Value) -> Result<String, String>) -> Played {
    let (a, b) = (play(Wire::OpenAi, 1, question, cluster), play(Wire::Anthropic, 2, question, cluster));
    assert_eq!(a.calls, b.calls, "both wires say the same");
    assert_eq!(a.said, b.said);
    a
}

#[test]
fn bad_image_is_explained_and_its_correction_proposed() {
    let played = both("Why is the Nginx Pod failing in my default namespace?", sick);
    let names: Vec<&str> = played.calls.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["list", "get", "events", "propose_fix"]);
    assert_eq!(played.calls[0].1, json!({"kind": "pods", "namespace": "default"}));
    let proposal = &played.calls[3].1;
    let yaml: Value = serde_saphyr::from_str(proposal["yaml"].as_str().unwrap()).unwrap();
    assert_eq!(yaml["metadata"], json!({"name": "ngi14", "namespace": "default"}));
    assert_eq!(yaml["spec"]["containers"][0], json!({"name": "nginx", "image": "nginx:latest"}));
    let said = played.said.join("\n");
    for words in ["ngi14", "ImagePullBackOff", "nginx:latesttttt", "ready to be looked at"] {
        assert!(said.contains(words), "{words} in {said}");
    }
}

#[test]
fn a_pod_of_a_deployment_is_corrected_there() {
    let played = both("fix the failing pod", |name, given| match (name, given["kind"].as_str()) {
        ("get", Some("pod")) => Ok(NGI14.replace(
            "  namespace: default",
            "  namespace: default\n  ownerReferences:\n  - kind: ReplicaSet\n    name: ngi-5f6",
        )),
        ("get", Some("replicaset")) => Ok(
            "kind: ReplicaSet\nmetadata:\n  name: ngi-5f6\n  ownerReferences:\n  - kind: Deployment\n    name: ngi\n"
                .to_owned(),
        ),
        _ => sick(name, given),
    });
    let yaml = played.calls.last().unwrap().1["yaml"].as_str().unwrap().to_owned();
    assert!(yaml.contains("kind: Deployment") && yaml.contains("name: ngi\n"), "{yaml}");
}

#[test]
fn a_healthy_namespace_gets_no_proposal() {
    let played = both("which pod is broken?", |name, _| match name {
        "list" => Ok("NAME   READY   STATUS    AGE\na      1/1     Running   1h".to_owned()),
        other => Err(other.to_owned()),
    });
    assert_eq!(played.calls.len(), 1);
    assert!(played.said[0].contains("none of them fails"), "{:?}", played.said);
}

#[test]
fn what_the_server_refuses_is_said() {
    let played = both("why does the pod not start?", |name, given| match name {
        "propose_fix" => Err("pods \"ngi14\" is forbidden".to_owned()),
        _ => sick(name, given),
    });
    assert!(played.said.last().unwrap().contains("is forbidden"), "{:?}", played.said);
}

fn routed(name: &str, given: &Value) -> Result<String, String> {
    match (name, given["kind"].as_str()) {
        ("list_routes", _) => Ok("routes:\n- route: HTTPRoute infra/quiet\n  wins: true\n  rps: 2.0\n  backends: []\n\
             - route: HTTPRoute infra/my-route\n  wins: true\n  rps: 210.5\n  backends:\n  - ref: infra/infra-backend-v1:8080\n    weight: 1\n    rule: 0"
            .to_owned()),
        ("query_metrics", _) => Ok("rows:\n- namespace: infra\n  workload: infra-backend-v1\n  rps: 210.0\n".to_owned()),
        ("list", Some("services")) => Ok("NAME                TYPE        CLUSTER-IP   PORT(S)    AGE\n\
             infra-backend-v1    ClusterIP   10.0.0.1     8080/TCP   40d\n\
             infra-backend-v3    ClusterIP   10.0.0.2     8080/TCP   1d\n\
             my-gateway-istio    ClusterIP   10.0.0.3     80/TCP     40d"
            .to_owned()),
        ("list", Some("pods")) => Ok(PODS.to_owned()),
        ("propose_fault", _) => Ok("queued for review".to_owned()),
        other => Err(format!("{other:?} is not here")),
    }
}

#[test]
fn three_tests_for_the_routes() {
    let played = both("give me 3 chaos tests to test the resiliency of my HTTPRoutes", routed);
    let proposals: Vec<&Value> =
        played.calls.iter().filter(|(name, _)| name == "propose_fault").map(|(_, given)| given).collect();
    assert_eq!(proposals.len(), 3);
    assert_eq!(proposals[0]["kind"], "route-conflict");
    assert_eq!(proposals[0]["target"], "route/my-route");
    assert_eq!(proposals[0]["params"], json!({"backend": "infra-backend-v3", "recreate": true}));
    assert_eq!(proposals[1]["params"], json!({"delay": "1s", "percent": 50}));
    assert_eq!(
        (&proposals[2]["kind"], &proposals[2]["target"]),
        (&json!("http-abort"), &json!("service/infra-backend-v1"))
    );
    assert!(proposals.iter().all(|one| one["namespace"] == "infra"));
    let says = |one: &&Value, word: &str| one[word].as_str().is_some_and(|text| !text.is_empty());
    let unsaid: Vec<_> = proposals.iter().filter(|one| !says(one, "hypothesis") || !says(one, "expect")).collect();
    assert!(unsaid.is_empty(), "each says what is believed, and which signal should move: {unsaid:?}");
    assert_eq!(
        played.calls[0],
        ("list_routes".to_owned(), json!({"namespace": "infra"})),
        "the namespace of the prompt"
    );
    let said = played.said.join("\n");
    assert!(said.contains("210.5 requests a second") && said.contains("I looked at 2 routes"), "{said}");
}

#[test]
fn no_route_no_proposal() {
    let played = both("chaos tests for my routes in namespace empty", |name, _| match name {
        "list_routes" => Ok("routes: []".to_owned()),
        _ => Ok(String::new()),
    });
    assert!(played.calls.iter().all(|(name, _)| !name.starts_with("propose")));
    assert!(played.said.last().unwrap().contains("cannot see any HTTPRoute"), "{:?}", played.said);
    let broken = both("chaos tests for my routes", |_, _| Err("connection refused".to_owned()));
    assert!(broken.said.last().unwrap().contains("connection refused"), "{:?}", broken.said);
}

#[test]
fn a_named_service_is_made_slow() {
    let played = both("make infra-backend-v3 slow", routed);
    let (_, proposal) = played.calls.last().unwrap();
    assert_eq!((&proposal["kind"], &proposal["target"]), (&json!("http-delay"), &json!("service/infra-backend-v3")));
    let busiest = both("inject some 503 errors", routed);
    let (_, proposal) = busiest.calls.last().unwrap();
    assert_eq!((&proposal["kind"], &proposal["target"]), (&json!("http-abort"), &json!("service/infra-backend-v1")));
}

#[test]
fn anything_else_is_answered_with_what_is_there() {
    let played = both("hello there", routed);
    let said = played.said.join("\n");
    assert!(said.contains("3 pods") || said.contains("2 pods"), "{said}");
    assert!(said.contains("ngi14") && said.contains("my-route"), "{said}");
    let general = both("where would you break this?", routed);
    assert_eq!(general.calls.iter().filter(|(name, _)| name == "propose_fault").count(), 2);
}
