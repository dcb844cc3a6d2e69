//! What brink sends to models, how each may be tuned, and what is of one of their wires alone.

use std::time::Duration;

use brink::agent::{
    End, Message, Model, Tuning,
    conversation::Next,
    io::provider::{Heard, Provider, ProviderError},
    tuning::ToolMode,
    wire::{Delta, Wire},
};
use rstest::rstest;
use serde_json::json;

use super::lines::{Line, ask, impatient, model, whole};
use crate::suite::support::wire_stage::{Play, Stage, stage};

const BOTH: [Line; 2] = [Line::OpenAi, Line::Anthropic];

#[tokio::test]
async fn odd_but_lawful_streams_are_understood() {
    // No [DONE], comments, CRLF, usage null, unknown fields, a call without an index, arguments as an object.
    let text = ": hello\r\n\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"hm\",\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"list\",\"arguments\":{\"kind\":\"pods\"}}}]}}],\"usage\":null}\r\n\r\n\
                data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\ndata: {\"choices\":null}\r\n\r\n";
    let stage = stage(vec![whole(text)]).await;
    let Next::Run(calls) = ask(Line::OpenAi, &stage).await.unwrap().next else { panic!("no call") };
    assert_eq!((calls[0].name.as_str(), calls[0].arguments.as_str()), ("list", "{\"kind\":\"pods\"}"));
}

#[rstest]
#[case(429, vec![("retry-after-ms", "20".to_owned())], 20)]
#[case(429, vec![("retry-after", "0.05".to_owned())], 50)]
#[case(429, vec![("x-ratelimit-reset", "0.04".to_owned())], 40)]
#[case(429, vec![], 1)]
#[case(429, vec![("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT".to_owned())], 1)]
#[case(529, vec![], 1)]
#[case(503, vec![("x-should-retry", "true".to_owned())], 1)]
#[tokio::test]
async fn what_passes_is_waited_for(
    #[case] code: u16,
    #[case] headers: Vec<(&'static str, String)>,
    #[case] wait_ms: u64,
) {
    for line in BOTH {
        let busy = Play::Whole(code, headers.clone(), "slow down".to_owned());
        let stage = stage(vec![busy, whole(line.answer(&["ok"], &[], "stop"))]).await;
        let heard = ask(line, &stage).await.unwrap();
        assert_eq!((heard.next, heard.waits), (Next::End(End::Done), vec![Duration::from_millis(wait_ms)]), "{line:?}");
        assert_eq!(stage.seen.lock().await.len(), 2);
    }
}

#[rstest]
#[case(404, "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":\"model: m\"}}", 1, "agent.model")]
#[case(400, "<html>", 1, "new conversation")]
#[case(429, "rate limited", 3, "wait a while")]
#[case(500, "", 3, "ask again later")]
#[tokio::test]
async fn a_failure_is_told_with_its_remedy(
    #[case] code: u16,
    #[case] body: &str,
    #[case] tries: usize,
    #[case] fix: &str,
) {
    for line in BOTH {
        let stage = stage(vec![Play::Whole(code, vec![], body.to_owned())]).await;
        let error = ask(line, &stage).await.err().unwrap();
        assert!(error.fix().contains(fix), "{error}: {}", error.fix());
        assert_eq!(stage.seen.lock().await.len(), tries, "{line:?} {code}");
    }
}

#[tokio::test]
async fn requests_are_what_the_wire_wants_and_the_key_stands_in_its_header_alone() {
    for line in BOTH {
        let stage = stage(vec![whole(line.answer(&["ok"], &[], "stop"))]).await;
        ask(line, &stage).await.unwrap();
        let seen = stage.seen.lock().await;
        let (head, body) = &seen[0];
        let first = head.lines().next().unwrap();
        let text = body.to_string();
        assert!(!text.contains("sk-test") && !first.contains("sk-test"));
        assert_eq!((body["stream"].as_bool(), body["max_tokens"].as_u64()), (Some(true), Some(1024)));
        match line.wire() {
            Wire::OpenAi => {
                assert!(first.starts_with("post /chat/completions "), "{first}");
                assert!(head.contains("authorization: bearer sk-test-1234567890"));
                assert_eq!(body["messages"][0]["role"], "system");
                assert_eq!(body["tools"][0]["function"]["name"], "list");
            }
            Wire::Anthropic => {
                assert!(first.starts_with("post /v1/messages "), "{first}");
                assert!(
                    head.contains("x-api-key: sk-test-1234567890") && head.contains("anthropic-version: 2023-06-01")
                );
                assert_eq!(body["tools"][0]["input_schema"]["type"], "object");
            }
            Wire::A2a | Wire::Analyze => unreachable!(),
        }
    }
}

#[rstest]
#[case("ftp://x")]
#[case("not an address")]
#[case("http://user:hunter2@127.0.0.1/v1")]
fn an_address_that_is_none_is_refused_without_its_password(#[case] url: &str) {
    let error = Provider::new(model(Wire::OpenAi, url), impatient()).err().unwrap();
    assert!(!error.to_string().contains("hunter2"), "{error}");
    assert!(error.fix().contains("agent.base-url") && !error.unreachable());
}

/// A model that is asked in this way.
fn tuned(wire: Wire, stage: &Stage, path: &str, tuning: Tuning) -> Provider {
    let url = format!("{}{path}", stage.url);
    Provider::new(Model { tuning, ..model(wire, &url) }, impatient()).unwrap()
}

fn you(text: &str) -> Vec<Message> {
    vec![Message::You(text.to_owned())]
}

#[tokio::test]
async fn azure_is_the_openai_wire_with_a_header_and_a_query() {
    let stage = stage(vec![whole(Line::OpenAi.answer(&["ok"], &[], "stop"))]).await;
    let tuning = Tuning {
        key_header: Some("api-key".to_owned()),
        query: vec![("api-version".to_owned(), "2024-10-21".to_owned())],
        ..Tuning::default()
    };
    let provider = tuned(Wire::OpenAi, &stage, "/openai/deployments/d", tuning);
    provider.ask("s", &you("why?"), &mut |_| true).await.unwrap();
    let seen = stage.seen.lock().await;
    let head = &seen[0].0;
    assert!(head.starts_with("post /openai/deployments/d/chat/completions?api-version=2024-10-21 "), "{head}");
    assert!(head.contains("api-key: sk-test-1234567890") && !head.contains("authorization"), "{head}");
}

#[tokio::test]
async fn gemini_is_the_openai_wire_at_another_path_and_the_body_is_tuned() {
    let stage = stage(vec![whole(Line::OpenAi.answer(&["ok"], &[], "stop"))]).await;
    let tuning = Tuning {
        temperature: serde_json::from_str("0.2").ok(),
        seed: Some(7),
        headers: vec![("x-org".parse().unwrap(), "team-a".parse().unwrap())],
        extra: serde_json::from_value(json!({"max_tokens": null, "reasoning_effort": "low"})).unwrap(),
        ..Tuning::default()
    };
    let provider = tuned(Wire::OpenAi, &stage, "/v1beta/openai/", tuning);
    provider.ask("s", &you("why?"), &mut |_| true).await.unwrap();
    let seen = stage.seen.lock().await;
    let (head, body) = &seen[0];
    assert!(head.starts_with("post /v1beta/openai/chat/completions ") && head.contains("x-org: team-a"), "{head}");
    assert_eq!(
        (&body["temperature"], &body["seed"], &body["reasoning_effort"]),
        (&json!(0.2), &json!(7), &json!("low"))
    );
    assert!(body.get("max_tokens").is_none(), "null takes a member out");
}

#[tokio::test]
async fn whoever_calls_in_plain_text_is_told_how_and_offered_no_tools() {
    for wire in Wire::MODELS {
        let line = BOTH.into_iter().find(|line| line.wire() == wire).unwrap();
        let stage = stage(vec![whole(line.answer(&["ok"], &[], "stop"))]).await;
        let provider = tuned(wire, &stage, "", Tuning { tools: ToolMode::JsonFence, ..Tuning::default() });
        provider.ask("be brief", &you("why?"), &mut |_| true).await.unwrap();
        let seen = stage.seen.lock().await;
        assert!(seen[0].1.get("tools").is_none() && seen[0].1.to_string().contains("propose_manifest"));
    }
}

#[tokio::test]
async fn a_schema_goes_to_servers_that_enforce_one() {
    let said = "{\"text\": \"Looking.\", \"tool\": \"list\", \"arguments\": {}}";
    let stage = stage(vec![whole(Line::OpenAi.answer(&[said], &[], "stop"))]).await;
    let provider = tuned(Wire::OpenAi, &stage, "", Tuning { tools: ToolMode::JsonSchema, ..Tuning::default() });
    let mut heard = Vec::new();
    provider
        .ask("s", &you("why?"), &mut |one| {
            heard.push(one);
            true
        })
        .await
        .unwrap();
    assert!(heard.contains(&Heard::Delta(Delta::Text("Looking.".to_owned()))), "{heard:?}");
    assert_eq!(stage.seen.lock().await[0].1["response_format"]["type"], "json_schema");
}

#[tokio::test]
async fn local_only_refuses_what_is_elsewhere_and_follows_no_redirect() {
    let local = || Tuning { local_only: true, ..Tuning::default() };
    for wire in Wire::ALL {
        let away = Model { tuning: local(), ..model(wire, "http://models.example/v1") };
        let error = Provider::new(away, impatient()).err().unwrap();
        assert!(matches!(error, ProviderError::NotLocal { .. }) && error.fix().contains("local-only"), "{wire:?}");
    }
    let other = stage(vec![Play::Hang]).await;
    let away = vec![("location", format!("{}/chat/completions", other.url))];
    let stage = stage(vec![Play::Whole(307, away, String::new())]).await;
    let error = tuned(Wire::OpenAi, &stage, "", local()).ask("s", &you("why?"), &mut |_| true).await.unwrap_err();
    assert!(matches!(error, ProviderError::Status { status: 307, .. }), "{error:?}");
    assert!(other.seen.lock().await.is_empty(), "a redirect leads nowhere");
}

#[test]
fn a_stored_model_holds_nothing_of_its_key() {
    let tuning = Tuning {
        headers: vec![("x".parse().unwrap(), "s3cret".parse().unwrap())],
        query: vec![("k".to_owned(), "s3cret".to_owned())],
        seed: Some(7),
        ..Tuning::default()
    };
    let kept = Model { tuning, ..model(Wire::OpenAi, "http://127.0.0.1:1/v1") };
    let text = serde_json::to_string(&kept).unwrap();
    assert!(!text.contains("s3cret") && !text.contains("sk-test"), "{text}");
    let back: Model = serde_json::from_str(&text).unwrap();
    assert_eq!((back.name, back.wire, back.tuning.seed), (kept.name, kept.wire, Some(7)));
}
