//! Asking a person first: what writes waits for a yes.

use serde_json::{Value, json};

use super::{WIRES, World, answer, ask, data, living, said, send, state, words};

fn replicas(world: &mut World) -> Value {
    let path = "/apis/apps/v1/namespaces/httpbin/deployments/httpbin";
    ask(world, "GET", path, &[], &Value::Null).1["spec"]["replicas"].clone()
}

fn decided(wire: &str, task: &Value, data: &Value) -> Value {
    let part = if wire == "1.0" { json!({"data": data}) } else { json!({"kind": "data", "data": data}) };
    said(wire, &part, &json!({"taskId": task["id"], "contextId": task["contextId"]}))
}

const SCALE: &str = "scale httpbin in namespace httpbin to 5";

#[test]
fn a_yes_lets_the_tool_write_under_its_own_name() {
    for wire in WIRES {
        let mut world = living("kagent", None, 1);
        let task = send(&mut world, "k8s-agent", wire, &words(wire, SCALE, &json!({})));
        assert_eq!(state(&task), "input-required");
        let card = data(&task, "function_call").into_iter().find(|one| one["name"] == "adk_request_confirmation");
        let call = &card.unwrap()["args"]["originalFunctionCall"];
        assert_eq!(call["name"], "k8s_scale");
        assert_eq!(call["args"], json!({"name": "httpbin", "namespace": "httpbin", "replicas": 5}));
        super::pass(&mut world, 60_000);
        assert_eq!(replicas(&mut world), 2, "nothing is written while nobody said yes");
        let yes = decided(wire, &task, &json!({"decision_type": "approve"}));
        let done = send(&mut world, "k8s-agent", wire, &yes);
        assert_eq!((state(&done), &done["id"]), ("completed".to_owned(), &task["id"]));
        assert_eq!(answer(&done), "**httpbin** is to have 5 pods now.");
        assert_eq!(replicas(&mut world), 5);
        let path = "/apis/apps/v1/namespaces/httpbin/deployments/httpbin";
        let held = ask(&mut world, "GET", path, &[], &Value::Null).1;
        let managers = held["metadata"]["managedFields"].as_array().unwrap();
        assert!(managers.iter().any(|one| one["manager"] == "kagent-tools"), "{managers:#?}");
    }
}

#[test]
fn a_no_is_told_to_the_agent_and_nothing_is_written() {
    for wire in WIRES {
        let mut world = living("kagent", None, 1);
        let task = send(&mut world, "k8s-agent", wire, &words(wire, SCALE, &json!({})));
        let no = json!({"decision_type": "batch", "decisions": {}, "rejection_reasons": {}});
        let done = send(&mut world, "k8s-agent", wire, &decided(wire, &task, &no));
        assert_eq!(state(&done), "completed");
        assert!(
            answer(&done).contains("was not scaled: error: Tool call was rejected by the user"),
            "{}",
            answer(&done)
        );
        assert_eq!(replicas(&mut world), 2);
        // In words it is the same.
        let task = send(&mut world, "k8s-agent", wire, &words(wire, SCALE, &json!({})));
        let more = json!({"taskId": task["id"]});
        let done = send(&mut world, "k8s-agent", wire, &words(wire, "not before noon", &more));
        assert!(answer(&done).contains("not before noon"), "{}", answer(&done));
        assert_eq!(replicas(&mut world), 2);
        let task = send(&mut world, "k8s-agent", wire, &words(wire, SCALE, &json!({})));
        send(&mut world, "k8s-agent", wire, &words(wire, "yes", &json!({"taskId": task["id"]})));
        assert_eq!(replicas(&mut world), 5);
    }
}

#[test]
fn a_decision_for_a_task_that_was_taken_back_does_nothing() {
    let mut world = living("kagent", None, 1);
    let task = send(&mut world, "k8s-agent", "0.3", &words("0.3", SCALE, &json!({})));
    super::at_once(&mut world, "k8s-agent", "0.3", "tasks/cancel", &json!({"id": task["id"]}));
    let yes = decided("0.3", &task, &json!({"decision_type": "approve"}));
    let told = super::at_once(&mut world, "k8s-agent", "0.3", "message/send", &yes);
    assert_eq!(told["error"]["code"], -32602);
    super::pass(&mut world, 5_000);
    assert_eq!(replicas(&mut world), 2);
}

#[test]
fn an_agent_that_asks_nobody_writes_at_once() {
    let mut world = living("kagent", None, 1);
    let done = send(&mut world, "istio-agent", "0.3", &words("0.3", SCALE, &json!({})));
    assert_eq!(state(&done), "completed");
    assert_eq!(replicas(&mut world), 5);
}

#[test]
fn the_tools_have_the_rights_of_their_account_and_no_more() {
    let mut world = living("kagent", None, 1);
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kagent-tools-cluster-admin";
    assert_eq!(ask(&mut world, "DELETE", path, &[], &Value::Null).0, 200);
    let done = send(&mut world, "istio-agent", "0.3", &words("0.3", SCALE, &json!({})));
    assert!(answer(&done).starts_with("I see no Deployment here"), "{}", answer(&done));
    let found = data(&done, "function_response");
    let why = found[0]["response"]["result"].as_str().unwrap();
    assert!(why.contains("system:serviceaccount:kagent:kagent-tools") && why.contains("Forbidden"), "{why}");
}
