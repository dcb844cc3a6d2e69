//! Agents against a server on this machine that plays recorded answers: A2A in both versions from one task, and the canary's
//! agent. Every way an agent can answer, ask, fail and stop ends in a named state.

use std::time::Duration;

use brink::agent::{
    Conversation, End, Model, Remote, Tuning,
    conversation::Next,
    io::provider::{Heard, Patience, Provider, ProviderError},
    model::KeySource,
    wire::{Delta, Did, Wire},
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::suite::support::wire_stage::{Play, Stage, stage};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Old,
    New,
}

const BOTH: [Version; 2] = [Version::Old, Version::New];

/// An agent's card in a version.
fn card(version: Version, streams: bool) -> Play {
    let mut card = json!({"name": "k8s_agent", "capabilities": {"streaming": streams}});
    match version {
        Version::Old => {
            card["url"] = json!("http://kagent-controller.kagent:8083/x");
            card["protocolVersion"] = json!("0.3.0");
        }
        Version::New => {
            card["supportedInterfaces"] =
                json!([{"url": "http://elsewhere.example/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}]);
        }
    }
    Play::Whole(200, vec![("content-type", "application/json".to_owned())], card.to_string())
}

fn part(version: Version, text: &str) -> Value {
    match version {
        Version::Old => json!({"kind": "text", "text": text}),
        Version::New => json!({"text": text}),
    }
}

/// A status of the task `t1`, with parts of the agent's message.
fn status(version: Version, state: &str, parts: &[Value]) -> Value {
    let word = match version {
        Version::Old => state.to_owned(),
        Version::New => format!("TASK_STATE_{}", state.to_uppercase().replace('-', "_")),
    };
    let role = if version == Version::New { "ROLE_AGENT" } else { "agent" };
    let mut status = json!({"state": word});
    if !parts.is_empty() {
        status["message"] = json!({"role": role, "messageId": "m", "parts": parts});
    }
    let update = json!({"taskId": "t1", "contextId": "c1", "status": status});
    item(version, "status-update", "statusUpdate", update)
}

/// A piece of the task's answer.
fn artifact(version: Version, text: &str, append: bool) -> Value {
    let artifact = json!({"artifactId": "a", "parts": [part(version, text)]});
    let update = json!({"taskId": "t1", "contextId": "c1", "artifact": artifact, "append": append});
    item(version, "artifact-update", "artifactUpdate", update)
}

fn item(version: Version, old: &str, new: &str, mut value: Value) -> Value {
    match version {
        Version::Old => {
            value["kind"] = json!(old);
            value
        }
        Version::New => json!({ new: value }),
    }
}

fn stream(items: &[Value]) -> String {
    items.iter().map(|item| format!("data: {}\n\n", json!({"jsonrpc": "2.0", "id": "1", "result": item}))).collect()
}

fn whole(text: impl Into<Vec<u8>>) -> Play {
    Play::Stream { bytes: text.into(), piece: usize::MAX, cut: false }
}

fn model(wire: Wire, url: &str) -> Model {
    Model {
        wire,
        base_url: url.to_owned(),
        name: "canary/demo".to_owned(),
        key: KeySource::Command("printf sk-test-1234567890".to_owned()),
        max_tokens: 1024,
        context_tokens: 100_000,
        tuning: Tuning::default(),
    }
}

struct Answer {
    text: String,
    next: Next,
    did: Vec<Did>,
    talk: Conversation,
}

async fn say(wire: Wire, stage: &Stage, mut talk: Conversation, words: &str) -> Result<Answer, ProviderError> {
    let patience = Patience { pause: Duration::from_millis(1), ..Patience::default() };
    let provider = Provider::new(model(wire, &stage.url), patience).unwrap().within(talk.remote().cloned());
    talk.ask(words);
    let messages = talk.request(0).unwrap();
    let (mut text, mut did) = (String::new(), Vec::new());
    let mut hear = |heard: Heard| {
        let Heard::Delta(delta) = heard else { return true };
        match &delta {
            Delta::Text(more) => text.push_str(more),
            Delta::Did(one) => did.push(one.clone()),
            _ => {}
        }
        talk.hear(&delta)
    };
    provider.ask("system", &messages, &mut hear).await?;
    let next = talk.answered();
    Ok(Answer { text, next, did, talk })
}

async fn ask(stage: &Stage) -> Result<Answer, ProviderError> {
    say(Wire::A2a, stage, Conversation::new(100_000), "why?").await
}

#[rstest]
#[case(1)]
#[case(3)]
#[case(usize::MAX)]
#[tokio::test]
async fn an_answer_comes_whole_however_its_bytes_are_split(#[case] piece: usize) {
    for version in BOTH {
        let items = [
            status(version, "submitted", &[]),
            status(version, "working", &[part(version, "Ich schaue … 🙂")]),
            artifact(version, "Zwölf ", false),
            artifact(version, "Pods.", true),
            status(version, "completed", &[]),
        ];
        let text = format!(": ping\r\n\r\n{}", stream(&items));
        let stage =
            stage(vec![card(version, true), Play::Stream { bytes: text.into_bytes(), piece, cut: false }]).await;
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
        let second = say(Wire::A2a, &stage, first.talk, "shop").await.unwrap();
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
        say(Wire::A2a, &stage, first.talk, words).await.unwrap();
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
            let provider = Provider::new(model(Wire::A2a, &stage.url), Patience::default()).unwrap();
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
async fn a_stream_that_was_cut_is_looked_after_and_no_task_is_left_behind() {
    for version in BOTH {
        let begun = stream(&[status(version, "working", &[part(version, "Half")])]);
        let task = |state: &str| {
            let task = json!({"id": "t1", "contextId": "c1", "status": {"state": state},
                "artifacts": [{"artifactId": "a", "parts": [part(version, "Whole.")]}]});
            Play::Whole(200, vec![], json!({"jsonrpc": "2.0", "id": "get", "result": task}).to_string())
        };
        let cut = Play::Stream { bytes: begun.clone().into_bytes(), piece: 9, cut: true };
        let stage = stage(vec![card(version, true), cut.clone(), task("completed")]).await;
        let heard = ask(&stage).await.unwrap();
        assert_eq!((heard.text.as_str(), heard.next), ("Half\n\nWhole.", Next::End(End::Done)), "{version:?}");

        let stage = self::stage(vec![card(version, true), cut, Play::Whole(500, vec![], String::new())]).await;
        let heard = ask(&stage).await.unwrap();
        assert_eq!(heard.next, Next::End(End::Cut), "{version:?}");
        let method = if version == Version::New { "CancelTask" } else { "tasks/cancel" };
        cancelled(&stage, method).await;
    }
}

/// Waits until the agent was told that its task is cancelled.
async fn cancelled(stage: &Stage, method: &str) {
    let deadline = Duration::from_secs(20);
    let told = async {
        loop {
            let seen = stage.seen.lock().await.clone();
            if seen.iter().any(|(_, body)| body["method"] == method && body["params"]["id"] == "t1") {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(deadline, told).await.expect("the agent was not told");
}

#[tokio::test]
async fn a_cancel_cancels_the_task() {
    for version in BOTH {
        let begun = stream(&[status(version, "working", &[part(version, "Half")])]);
        let stage =
            stage(vec![card(version, true), Play::Begin(begun), Play::Whole(200, vec![], "{}".to_owned())]).await;
        let provider = Provider::new(model(Wire::A2a, &stage.url), Patience::default()).unwrap();
        let messages = [brink::agent::Message::You("why?".to_owned())];
        let (heard, mut begun) = tokio::sync::mpsc::unbounded_channel();
        let mut hear = |one: Heard| {
            let _ = heard.send(one);
            true
        };
        {
            let asking = provider.ask("s", &messages, &mut hear);
            tokio::pin!(asking);
            let half = async {
                while let Some(one) = begun.recv().await {
                    if one == Heard::Delta(Delta::Text("Half".to_owned())) {
                        return;
                    }
                }
            };
            tokio::select! {
                _ = &mut asking => panic!("it was not to end"),
                () = half => {}
            }
        }
        provider.part().await;
        cancelled(&stage, if version == Version::New { "CancelTask" } else { "tasks/cancel" }).await;
    }
}

#[tokio::test]
async fn a_task_nobody_knows_is_forgotten() {
    let error = json!({"jsonrpc": "2.0", "id": "1", "error": {"code": -32001, "message": "task not found"}});
    let stage = stage(vec![card(Version::Old, true), whole(format!("data: {error}\n\n"))]).await;
    let mut talk = Conversation::new(100_000);
    talk.set_remote(Remote { context: "old".to_owned(), task: Some("gone".to_owned()), waits: true, confirms: false });
    let heard = say(Wire::A2a, &stage, talk, "go on").await.unwrap();
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
#[case(401, 2)]
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
    let heard = say(Wire::Analyze, &stage, Conversation::new(100_000), "promote?").await.unwrap();
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
    let error = say(Wire::Analyze, &stage, Conversation::new(100_000), "promote?").await.err().unwrap();
    assert!(error.to_string().contains("500") && error.to_string().contains("counts for nothing"), "{error}");
    assert_eq!(stage.seen.lock().await.len(), 1, "it may open pull requests: it is not asked twice");
}
