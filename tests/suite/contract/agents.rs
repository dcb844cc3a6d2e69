//! What is of agents alone: their tasks, questions and confirmations, in both versions of A2A, and the canary's agent.

use brink::agent::{
    Conversation, End, Remote,
    conversation::Next,
    io::provider::{Provider, ProviderError},
    wire::Did,
};
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    lines::{Answer, Line, impatient, say, whole},
    tasks::{Version, artifact, card, part, status, stream},
};
use crate::suite::support::wire_stage::{Play, Stage, stage};

const BOTH: [Version; 2] = [Version::Old, Version::New];

async fn ask(stage: &Stage) -> Result<Answer, ProviderError> {
    say(Line::A2aOld, stage, Conversation::new(100_000), "why?").await
}

#[tokio::test]
async fn an_agent_is_asked_as_its_version_wants_at_its_own_address() {
    for version in BOTH {
        let items = [
            status(version, "submitted", &[]),
            status(version, "working", &[part(version, "Ich schaue … 🙂")]),
            artifact(version, "Zwölf ", false),
            artifact(version, "Pods.", true),
            status(version, "completed", &[]),
        ];
        let stage = stage(vec![card(version, true), whole(stream(&items))]).await;
        let heard = ask(&stage).await.unwrap();
        assert_eq!(
            (heard.text.as_str(), heard.next),
            ("Ich schaue … 🙂\n\nZwölf Pods.", Next::End(End::Done)),
            "{version:?}"
        );
        assert_eq!(heard.talk.remote(), Some(&Remote { context: "c1".to_owned(), ..Remote::default() }));
        let seen = stage.seen.lock().await;
        let (head, body) = &seen[1];
        let method = if version == Version::New { "SendStreamingMessage" } else { "message/stream" };
        assert_eq!(body["method"], method);
        assert_eq!(head.contains("a2a-version: 1.0"), version == Version::New, "{head}");
        assert!(
            head.starts_with("post / ") && head.contains("authorization: bearer sk-test"),
            "its own address: {head}"
        );
        assert!(!body.to_string().contains("system") && !body.to_string().contains("contextId"), "{body}");
    }
}

#[tokio::test]
async fn an_answer_told_twice_is_heard_once() {
    for version in BOTH {
        let items = [
            status(version, "working", &[part(version, "All is well.")]),
            artifact(version, "All is well.", false),
            status(version, "completed", &[]),
        ];
        let stage = stage(vec![card(version, true), whole(stream(&items))]).await;
        assert_eq!(ask(&stage).await.unwrap().text, "All is well.", "{version:?}");
    }
}

#[tokio::test]
async fn an_agent_that_does_not_stream_is_heard_too() {
    for version in BOTH {
        let task = json!({
            "id": "t1", "contextId": "c1", "status": {"state": "completed"},
            "history": [{"role": "user", "parts": [part(version, "why?")]}],
            "artifacts": [{"artifactId": "a", "parts": [part(version, "Well.")]}],
        });
        let result = if version == Version::New { json!({ "task": task }) } else { task };
        let body = json!({"jsonrpc": "2.0", "id": "1", "result": result}).to_string();
        let play = Play::Whole(200, vec![("content-type", "application/json".to_owned())], body);
        let stage = stage(vec![card(version, false), play]).await;
        let heard = ask(&stage).await.unwrap();
        assert_eq!((heard.text.as_str(), heard.next), ("Well.", Next::End(End::Done)), "{version:?}");
    }
}

#[rstest]
#[case("failed", |end: &End| matches!(end, End::Failed { what, .. } if what.contains("no quota")))]
#[case("rejected", |end: &End| matches!(end, End::Refused(words) if words.contains("no quota")))]
#[case("canceled", |end: &End| matches!(end, End::Failed { what, .. } if what.contains("cancelled")))]
#[case("auth-required", |end: &End| matches!(end, End::Failed { what, .. } if what.contains("login")))]
#[case("input-required", |end: &End| matches!(end, End::Asks(_)))]
#[case("completed", |end: &End| matches!(end, End::Done))]
#[tokio::test]
async fn every_state_a_task_stops_in_has_its_end(#[case] state: &str, #[case] right: fn(&End) -> bool) {
    for version in BOTH {
        let items = [status(version, "working", &[]), status(version, state, &[part(version, "no quota \u{1b}[31m")])];
        let stage = stage(vec![card(version, true), whole(stream(&items))]).await;
        let Next::End(end) = ask(&stage).await.unwrap().next else { panic!("{version:?} {state}") };
        assert!(right(&end), "{version:?} {state}: {end:?}");
        assert!(!format!("{}{}", end.what(), end.fix()).contains('\u{1b}'));
    }
}

#[tokio::test]
async fn what_an_agent_asks_is_answered_in_the_same_task() {
    for version in BOTH {
        let asks = stream(&[status(version, "input-required", &[part(version, "Which namespace?")])]);
        let done = stream(&[artifact(version, "Done.", false), status(version, "completed", &[])]);
        let stage = stage(vec![card(version, true), whole(asks), card(version, true), whole(done)]).await;
        let first = ask(&stage).await.unwrap();
        assert_eq!((first.text.as_str(), first.next), ("Which namespace?", Next::End(End::Asks(String::new()))));
        let second = say(Line::A2aOld, &stage, first.talk, "shop").await.unwrap();
        assert_eq!((second.text.as_str(), second.next), ("Done.", Next::End(End::Done)));
        let seen = stage.seen.lock().await;
        let message = &seen[3].1["params"]["message"];
        assert_eq!((&message["taskId"], &message["contextId"]), (&json!("t1"), &json!("c1")), "{message}");
        assert_eq!(message["parts"].as_array().unwrap().len(), 1, "{message}");
    }
}

#[rstest]
#[case("approve", "approve")]
#[case("yes, go on", "reject")]
#[tokio::test]
async fn nothing_but_a_clear_yes_approves_what_an_agent_wants_to_do(#[case] words: &str, #[case] decision: &str) {
    for version in BOTH {
        let data = json!({"id": "r", "name": "adk_request_confirmation", "args": {
            "originalFunctionCall": {"name": "k8s_apply_manifest", "args": {"yaml": "kind: Pod"}, "id": "f"},
            "toolConfirmation": {"hint": "Tool needs your approval"}}});
        let about = json!({"kagent_type": "function_call", "kagent_is_long_running": true});
        let asks =
            stream(&[status(version, "input-required", &[json!({"kind": "data", "data": data, "metadata": about})])]);
        let done = stream(&[status(version, "completed", &[part(version, "Well.")])]);
        let stage = stage(vec![card(version, true), whole(asks), card(version, true), whole(done)]).await;
        let first = ask(&stage).await.unwrap();
        let Next::End(End::Asks(question)) = &first.next else { panic!("{:?}", first.next) };
        assert!(question.contains("k8s_apply_manifest") && question.contains("without brink's preview"), "{question}");
        say(Line::A2aOld, &stage, first.talk, words).await.unwrap();
        let seen = stage.seen.lock().await;
        let parts = &seen[3].1["params"]["message"]["parts"];
        assert_eq!(parts[0]["data"]["decision_type"], decision, "{parts}");
    }
}

#[tokio::test]
async fn whoever_only_looks_approves_nothing_an_agent_would_write() {
    for version in BOTH {
        let asks = stream(&[status(version, "input-required", &[part(version, "Shall I delete it?")])]);
        let done = stream(&[status(version, "completed", &[part(version, "Well.")])]);
        let stage = stage(vec![card(version, true), whole(asks), card(version, true), whole(done)]).await;
        let talk = ask(&stage).await.unwrap().talk;
        let only_looks = || {
            let provider = Provider::new(Line::A2aOld.model(&stage.url), impatient()).unwrap();
            provider.within(talk.remote().cloned()).looking_only(true)
        };
        let words = |text: &str| vec![brink::agent::Message::You(text.to_owned())];
        let sent = stage.seen.lock().await.len();
        let refused = only_looks().ask("", &words(" Approve "), &mut |_| true).await.unwrap_err();
        assert!(refused.to_string().contains("--readonly") && refused.fix().contains("rejects"), "{refused}");
        assert_eq!(stage.seen.lock().await.len(), sent, "nothing was sent");
        only_looks().ask("", &words("no, leave it"), &mut |_| true).await.unwrap();
        assert!(stage.seen.lock().await.len() > sent, "a no is");
    }
}

#[tokio::test]
async fn what_an_agent_does_by_itself_is_told() {
    for version in BOTH {
        let part = |kind: &str, data: Value| json!({"data": data, "metadata": {"kagent_type": kind}});
        let items = [
            status(
                version,
                "working",
                &[part("function_call", json!({"id": "f", "name": "k8s_get", "args": {"n": 1}}))],
            ),
            status(
                version,
                "working",
                &[part("function_response", json!({"id": "f", "name": "k8s_get", "response": {"result": "x"}}))],
            ),
            status(version, "completed", &[json!({"text": "Well."})]),
        ];
        let stage = stage(vec![card(version, true), whole(stream(&items))]).await;
        let heard = ask(&stage).await.unwrap();
        assert!(
            matches!(heard.did.as_slice(), [Did::Began { name, .. }, Did::Ran { id, ok: true, .. }] if name == "k8s_get" && id == "f"),
            "{:?}",
            heard.did
        );
    }
}

#[tokio::test]
async fn a_stream_that_was_cut_is_looked_after() {
    for version in BOTH {
        let begun = stream(&[status(version, "working", &[part(version, "Half")])]);
        let task = |state: &str| {
            let task = json!({"id": "t1", "contextId": "c1", "status": {"state": state},
                "artifacts": [{"artifactId": "a", "parts": [part(version, "Whole.")]}]});
            Play::Whole(200, vec![], json!({"jsonrpc": "2.0", "id": "get", "result": task}).to_string())
        };
        let cut = Play::Stream { bytes: begun.into_bytes(), piece: 9, cut: true };
        let stage = stage(vec![card(version, true), cut, task("completed")]).await;
        let heard = ask(&stage).await.unwrap();
        assert_eq!((heard.text.as_str(), heard.next), ("Half\n\nWhole.", Next::End(End::Done)), "{version:?}");
    }
}

#[tokio::test]
async fn a_task_nobody_knows_is_forgotten() {
    let error = json!({"jsonrpc": "2.0", "id": "1", "error": {"code": -32001, "message": "task not found"}});
    let stage = stage(vec![card(Version::Old, true), whole(format!("data: {error}\n\n"))]).await;
    let mut talk = Conversation::new(100_000);
    talk.set_remote(Remote { context: "old".to_owned(), task: Some("gone".to_owned()), waits: true, confirms: false });
    let heard = say(Line::A2aOld, &stage, talk, "go on").await.unwrap();
    assert!(matches!(&heard.next, Next::End(End::Failed { what, .. }) if what.contains("task not found")));
    assert_eq!(heard.talk.remote(), Some(&Remote::default()));
}

#[rstest]
#[case("data: {not json\n\n")]
#[case("data: {\"result\": 7}\n\n")]
#[case("data: {\"result\": {\"status\": {\"state\": [\"x\"]}, \"artifacts\": \"none\"}}\n\n")]
#[case("")]
#[tokio::test]
async fn an_answer_that_is_none_ends_in_a_named_state(#[case] bytes: &str) {
    let stage = stage(vec![card(Version::Old, true), whole(bytes)]).await;
    let Next::End(end) = ask(&stage).await.unwrap().next else { panic!("it called tools") };
    assert!(!end.good() && !end.what().is_empty(), "{end:?}");
}

#[rstest]
#[case(429, 4)]
#[case(500, 2)]
#[tokio::test]
async fn an_agent_acts_so_only_what_was_not_begun_is_sent_again(#[case] code: u16, #[case] requests: usize) {
    let stage = stage(vec![card(Version::Old, true), Play::Whole(code, vec![], "sk-test-1234567890".to_owned())]).await;
    let error = ask(&stage).await.err().unwrap();
    assert!(!format!("{error:?}").contains("sk-test"), "{error:?}");
    assert_eq!(stage.seen.lock().await.len(), requests, "{code}");
}

#[tokio::test]
async fn an_agent_without_a_card_is_no_agent() {
    let stage = stage(vec![Play::Whole(404, vec![], String::new())]).await;
    let error = ask(&stage).await.err().unwrap();
    assert!(error.to_string().contains("no agent card") && error.fix().contains("agent-card.json"), "{error}");
    let seen = stage.seen.lock().await;
    assert!(seen[0].0.starts_with("get /.well-known/agent-card.json "), "{:?}", seen[0]);
    assert!(seen[1].0.starts_with("get /.well-known/agent.json "), "{:?}", seen[1]);
}

#[tokio::test]
async fn the_canarys_agent_is_shown_with_what_is_known_of_it() {
    let told = json!({"analysis": "Errors rise.", "rootCause": "A null pointer.", "remediation": "Guard it.", "prLink": null,
        "promote": true, "confidence": 80});
    let json = || vec![("content-type", "application/json".to_owned())];
    let stage = stage(vec![Play::Whole(200, json(), told.to_string())]).await;
    let heard = say(Line::Analyze, &stage, Conversation::new(100_000), "promote?").await.unwrap();
    assert_eq!(heard.next, Next::End(End::Done));
    assert!(heard.text.contains("A null pointer.") && heard.text.contains("Do not rely on it"), "{}", heard.text);
    let seen = stage.seen.lock().await;
    let (head, body) = &seen[0];
    assert!(head.starts_with("post /a2a/analyze "), "{head}");
    assert_eq!((&body["memoryId"], &body["context"]["rolloutName"]), (&json!("rollout:canary/demo"), &json!("demo")));
}

#[tokio::test]
async fn a_failure_that_says_promote_is_a_failure() {
    let told = json!({"analysis": "Error", "promote": true, "confidence": 50}).to_string();
    let stage = stage(vec![Play::Whole(500, vec![], told)]).await;
    let error = say(Line::Analyze, &stage, Conversation::new(100_000), "promote?").await.err().unwrap();
    assert!(error.to_string().contains("500") && error.to_string().contains("counts for nothing"), "{error}");
    assert_eq!(stage.seen.lock().await.len(), 1, "it may open pull requests: it is not asked twice");
}
