//! Asking an agent, in 0.3 and in 1.0.

use serde_json::{Value, json};

use super::{WIRES, answer, at_once, data, living, request, send, state, tell, words};

const WHY: &str = "Why is the Nginx Pod failing in my default namespace?";

#[test]
fn an_answer_comes_piece_by_piece_with_the_calls_of_its_tools_before_it() {
    let mut world = living("kagent", None, 1);
    for wire in WIRES {
        let body = request(wire, "message/stream", &words(wire, WHY, &json!({}))).to_string();
        let told: Vec<Value> = tell(&mut world, "k8s-agent", wire, body.as_bytes());
        assert!(told.iter().all(|one| one["id"] == 7 && one["jsonrpc"] == "2.0"));
        let kind = |one: &Value| {
            let result = &one["result"];
            let new = ["task", "statusUpdate", "artifactUpdate"].into_iter().find(|name| result.get(name).is_some());
            new.map_or_else(|| result["kind"].as_str().unwrap().to_owned(), str::to_owned)
        };
        let inner = |one: &Value| match wire {
            "1.0" => one["result"].as_object().unwrap().values().next().unwrap().clone(),
            _ => one["result"].clone(),
        };
        let [task, status, artifact] = match wire {
            "1.0" => ["task", "statusUpdate", "artifactUpdate"],
            _ => ["task", "status-update", "artifact-update"],
        };
        assert_eq!(kind(&told[0]), task);
        assert_eq!(state(&inner(&told[0])), "submitted");
        let calls: Vec<String> = told
            .iter()
            .filter(|one| kind(one) == status)
            .flat_map(|one| inner(one)["status"]["message"]["parts"].as_array().cloned().unwrap_or_default())
            .filter(|part| part["metadata"]["kagent_type"] == "function_call")
            .map(|part| part["data"]["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(calls, ["k8s_get_resources", "k8s_get_resource_yaml", "k8s_get_events"]);
        let pieces: Vec<Value> = told.iter().filter(|one| kind(one) == artifact).map(inner).collect();
        assert!(pieces.len() > 5, "{}", pieces.len());
        assert_eq!(pieces[0]["append"], false);
        assert!(pieces[1..].iter().all(|piece| piece["append"] == true));
        let whole: String =
            pieces.iter().map(|piece| piece["artifact"]["parts"][0]["text"].as_str().unwrap()).collect();
        assert!(whole.contains("**ngi14** does not start") && whole.contains("image: nginx:latest\n"), "{whole}");
        let last = inner(told.last().unwrap());
        assert_eq!(state(&last), "completed");
        if wire == "0.3" {
            assert_eq!(last["final"], true);
        } else {
            assert_eq!(last["status"]["state"], "TASK_STATE_COMPLETED");
        }
    }
}

#[test]
fn a_task_can_be_read_again_and_its_conversation_goes_on() {
    let mut world = living("kagent", None, 1);
    for wire in WIRES {
        let first = send(&mut world, "k8s-agent", wire, &words(wire, WHY, &json!({})));
        assert_eq!(state(&first), "completed");
        let (id, context) = (first["id"].clone(), first["contextId"].clone());
        let held = at_once(&mut world, "k8s-agent", wire, "tasks/get", &json!({"id": id, "historyLength": 1}));
        assert_eq!(answer(&held["result"]), answer(&first));
        assert_eq!(held["result"]["history"].as_array().unwrap().len(), 1);
        // The other wire tells the same task in its own words.
        let other = if wire == "0.3" { "1.0" } else { "0.3" };
        let again = at_once(&mut world, "k8s-agent", other, "tasks/get", &json!({"id": id}));
        assert_eq!((state(&again["result"]), answer(&again["result"])), ("completed".to_owned(), answer(&first)));
        // What was proposed before is what "it" means.
        let second = send(&mut world, "k8s-agent", wire, &words(wire, "apply it", &json!({"contextId": context})));
        assert_eq!((state(&second), &second["contextId"]), ("input-required".to_owned(), &context));
        let call =
            data(&second, "function_call").into_iter().find(|call| call["name"] == "k8s_apply_manifest").unwrap();
        assert!(call["args"]["manifest"].as_str().unwrap().contains("name: ngi14"));
        let alone = send(&mut world, "k8s-agent", wire, &words(wire, "apply it", &json!({})));
        assert_eq!(answer(&alone), "I have proposed nothing yet that could be applied.");
    }
}

#[test]
fn who_does_not_wait_is_told_how_it_stands() {
    let mut world = living("kagent", None, 1);
    for (wire, wish) in [("0.3", json!({"blocking": false})), ("1.0", json!({"returnImmediately": true}))] {
        let mut params = words(wire, "what is there?", &json!({}));
        params["configuration"] = wish;
        let task = send(&mut world, "observability-agent", wire, &params);
        assert_eq!(state(&task), "submitted");
        let id = json!({"id": task["id"]});
        // Whoever comes later hears the rest.
        let body = request(wire, "tasks/resubscribe", &id).to_string();
        let told = tell(&mut world, "observability-agent", wire, body.as_bytes());
        assert!(told.len() > 3);
        let over = at_once(&mut world, "observability-agent", wire, "tasks/resubscribe", &id);
        assert_eq!(over["error"]["code"], -32004);
        let held = at_once(&mut world, "observability-agent", wire, "tasks/get", &id);
        assert_eq!(state(&held["result"]), "completed");
    }
}

#[test]
fn a_task_is_taken_back_once() {
    let mut world = living("kagent", None, 1);
    for wire in WIRES {
        let mut params = words(wire, WHY, &json!({}));
        params["configuration"] = json!({"blocking": false, "returnImmediately": true});
        let task = send(&mut world, "k8s-agent", wire, &params);
        let id = json!({"id": task["id"]});
        super::pass(&mut world, 700);
        let busy = words(wire, "and now?", &json!({"taskId": task["id"]}));
        let busy = at_once(&mut world, "k8s-agent", wire, "message/send", &busy);
        assert_eq!(busy["error"]["code"], -32004);
        let gone = at_once(&mut world, "k8s-agent", wire, "tasks/cancel", &id);
        assert_eq!(state(&gone["result"]), "canceled");
        super::pass(&mut world, 5_000);
        let held = at_once(&mut world, "k8s-agent", wire, "tasks/get", &id);
        assert_eq!((state(&held["result"]), answer(&held["result"])), ("canceled".to_owned(), ""));
        assert_eq!(at_once(&mut world, "k8s-agent", wire, "tasks/cancel", &id)["error"]["code"], -32002);
        let late = words(wire, "still there?", &json!({"taskId": task["id"]}));
        let code = if wire == "0.3" { -32602 } else { -32004 };
        assert_eq!(at_once(&mut world, "k8s-agent", wire, "message/send", &late)["error"]["code"], code);
    }
}

#[test]
fn what_is_wrong_is_told_by_its_code() {
    let mut world = living("kagent", None, 1);
    for wire in WIRES {
        let call = |method: &str, params: Value| request(wire, method, &params).to_string();
        let message = |message: Value| call("message/send", json!({"message": message}));
        let good = words(wire, "hello", &json!({}))["message"].clone();
        let with = |field: &str, value: Value| {
            let mut message = good.clone();
            message[field] = value;
            message
        };
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        for (body, code) in [
            ("{".to_owned(), -32700),
            (String::new(), -32700),
            ("\u{0}\u{1b}[2J".to_owned(), -32700),
            (deep, -32700),
            ("[]".to_owned(), -32600),
            ("7".to_owned(), -32600),
            (json!({"jsonrpc": "1.0", "id": 1, "method": "tasks/get"}).to_string(), -32600),
            (json!({"jsonrpc": "2.0", "method": "tasks/get", "params": {}}).to_string(), -32600),
            (json!({"jsonrpc": "2.0", "id": {}, "method": "tasks/get", "params": {}}).to_string(), -32600),
            (call("tasks/everything", json!({})), -32601),
            (call("message/send", json!([])), -32602),
            (call("message/send", json!({})), -32602),
            (message(json!("hello")), -32602),
            (message(with("parts", json!([]))), -32602),
            (message(with("parts", json!([{"kind": "text"}]))), -32602),
            (message(with("parts", json!([{"text": "x".repeat(70_000)}]))), -32602),
            (message(with("role", json!("agent"))), -32602),
            (message(with("messageId", json!(7))), -32602),
            (message(with("contextId", json!("x".repeat(200)))), -32602),
            (message(with("taskId", json!("nobody"))), -32001),
            (call("tasks/get", json!({"id": "nobody"})), -32001),
            (call("tasks/get", json!({"id": 7})), -32602),
            (call("tasks/cancel", json!({"id": "nobody"})), -32001),
            (call("tasks/resubscribe", json!({"id": "nobody"})), -32001),
        ] {
            let told = tell(&mut world, "k8s-agent", wire, body.as_bytes());
            assert_eq!(told[0]["error"]["code"], code, "{wire} {body}: {told:?}");
            assert!(told[0].get("result").is_none());
        }
        // The names of one version are none in the other.
        let other = if wire == "1.0" { "message/send" } else { "SendMessage" };
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": other, "params": {}}).to_string();
        assert_eq!(tell(&mut world, "k8s-agent", wire, body.as_bytes())[0]["error"]["code"], -32601);
    }
    let hello = words("0.3", "hello", &json!({}));
    let body = request("0.3", "message/send", &hello).to_string();
    assert_eq!(tell(&mut world, "k8s-agent", "9.9", body.as_bytes())[0]["error"]["code"], -32009);
    assert_eq!(at_once(&mut world, "nobody", "0.3", "message/send", &hello)["error"]["code"], -32603);
    let push = "tasks/pushNotificationConfig/set";
    assert_eq!(at_once(&mut world, "k8s-agent", "0.3", push, &json!({}))["error"]["code"], -32003);
}

#[test]
fn a_task_of_one_agent_is_none_of_another() {
    let mut world = living("kagent", None, 1);
    let task = send(&mut world, "observability-agent", "0.3", &words("0.3", "what is there?", &json!({})));
    let id = json!({"id": task["id"]});
    assert_eq!(at_once(&mut world, "k8s-agent", "0.3", "tasks/get", &id)["error"]["code"], -32001);
    let foreign = words("0.3", "hello", &json!({"contextId": task["contextId"]}));
    assert_eq!(at_once(&mut world, "k8s-agent", "0.3", "message/send", &foreign)["error"]["code"], -32602);
}

#[test]
fn thousands_of_tasks_are_not_kept() {
    let mut world = living("kagent", None, 1);
    let mut params = words("0.3", "what is there?", &json!({}));
    params["configuration"] = json!({"blocking": false});
    let first = send(&mut world, "observability-agent", "0.3", &params);
    for _ in 0..400 {
        send(&mut world, "observability-agent", "0.3", &params);
    }
    let id = json!({"id": first["id"]});
    assert_eq!(at_once(&mut world, "observability-agent", "0.3", "tasks/get", &id)["error"]["code"], -32001);
}
