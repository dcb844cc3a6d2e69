//! The wires of models against a server on this machine that plays recorded streams: every way a provider can answer, fail and stop.

use std::time::Duration;

use brink::agent::{
    Conversation, End, Message, Model, ToolAnswer, Tuning,
    conversation::Next,
    io::provider::{Heard, Patience, Provider, ProviderError},
    model::KeySource,
    order,
    tools::Tool,
    tuning::ToolMode,
    wire::{Delta, Wire},
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::suite::support::wire_stage::{Play, Stage, stage};

fn sse(events: &[Value]) -> String {
    events
        .iter()
        .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default()))
        .collect()
}

fn chunks(chunks: &[Value]) -> String {
    chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect::<String>() + "data: [DONE]\n\n"
}

/// One answer on either wire: text, calls (id, name, arguments in pieces), why it stopped.
fn answer(wire: Wire, text: &[&str], calls: &[(&str, &str, &[&str])], stop: &str) -> String {
    match wire {
        Wire::Anthropic => {
            let mut events = vec![
                json!({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 300, "cache_read_input_tokens": 77, "output_tokens": 1}}}),
                json!({"type": "ping"}),
            ];
            if !text.is_empty() {
                events.push(
                    json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
                );
                events.extend(text.iter().map(|text| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})));
                events.push(json!({"type": "content_block_stop", "index": 0}));
            }
            for (at, (id, name, pieces)) in calls.iter().enumerate() {
                let index = at + 1;
                events.push(json!({"type": "content_block_start", "index": index, "content_block": {"type": "tool_use", "id": id, "name": name, "input": {}}}));
                events.extend(pieces.iter().map(|piece| json!({"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": piece}})));
                events.push(json!({"type": "content_block_stop", "index": index}));
            }
            if !stop.is_empty() {
                let stop = match stop {
                    "stop" => "end_turn",
                    "tool_calls" => "tool_use",
                    "length" => "max_tokens",
                    "content_filter" => "refusal",
                    other => other,
                };
                events.push(
                    json!({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 65}}),
                );
                events.push(json!({"type": "message_stop"}));
            }
            sse(&events)
        }
        Wire::OpenAi => {
            let chunk = |delta: Value, finish: Option<&str>| json!({"object": "chat.completion.chunk", "obfuscation": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
            let mut all = vec![chunk(json!({"role": "assistant", "content": null}), None)];
            all.extend(text.iter().map(|text| chunk(json!({"content": text}), None)));
            for (at, (id, name, _)) in calls.iter().enumerate() {
                all.push(chunk(json!({"tool_calls": [{"index": at, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}]}), None));
            }
            // Pieces of parallel calls interleave.
            for piece in 0..calls.iter().map(|(_, _, pieces)| pieces.len()).max().unwrap_or(0) {
                for (at, (_, _, pieces)) in calls.iter().enumerate() {
                    if let Some(piece) = pieces.get(piece) {
                        all.push(chunk(json!({"tool_calls": [{"index": at, "function": {"arguments": piece}}]}), None));
                    }
                }
            }
            if stop.is_empty() {
                return all.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
            }
            all.push(chunk(json!({}), Some(stop)));
            all.push(json!({"choices": [], "usage": {"prompt_tokens": 377, "completion_tokens": 65}}));
            chunks(&all)
        }
        Wire::A2a | Wire::Analyze => unreachable!("agents have a suite of their own"),
    }
}

fn whole(text: impl Into<Vec<u8>>) -> Play {
    Play::Stream { bytes: text.into(), piece: usize::MAX, cut: false }
}

fn model(wire: Wire, url: &str) -> Model {
    let key = KeySource::Command("printf sk-test-1234567890".to_owned());
    Model {
        wire,
        base_url: url.to_owned(),
        name: "m".to_owned(),
        key,
        max_tokens: 1024,
        context_tokens: 100_000,
        tuning: Tuning::default(),
    }
}

fn impatient() -> Patience {
    Patience { pause: Duration::from_millis(1), ..Patience::default() }
}

struct Answer {
    text: String,
    next: Next,
    waits: Vec<Duration>,
    talk: Conversation,
}

async fn ask(wire: Wire, stage: &Stage) -> Result<Answer, ProviderError> {
    ask_with(wire, stage, impatient()).await
}

async fn ask_with(wire: Wire, stage: &Stage, patience: Patience) -> Result<Answer, ProviderError> {
    let provider = Provider::new(model(wire, &stage.url), patience).unwrap();
    let mut talk = Conversation::new(100_000);
    talk.ask("why?");
    let messages = talk.request(0).unwrap();
    let (mut text, mut waits) = (String::new(), Vec::new());
    let mut hear = |heard: Heard| match heard {
        Heard::Delta(delta) => {
            if let Delta::Text(more) = &delta {
                text.push_str(more);
            }
            talk.hear(&delta)
        }
        Heard::Waiting { wait, .. } => {
            waits.push(wait);
            true
        }
    };
    provider.ask("be brief", &messages, &mut hear).await?;
    let next = talk.answered();
    Ok(Answer { text, next, waits, talk })
}

const BOTH: [Wire; 2] = Wire::MODELS;

#[rstest]
#[case(1)]
#[case(2)]
#[case(3)]
#[case(7)]
#[case(usize::MAX)]
#[tokio::test]
async fn text_comes_whole_however_its_bytes_are_split(#[case] piece: usize) {
    for wire in BOTH {
        let words = ["Zwölf ", "Pods — ", "日本 ", "🙂."];
        let text = answer(wire, &words, &[], "stop");
        let stage = stage(vec![Play::Stream { bytes: text.into_bytes(), piece, cut: false }]).await;
        let heard = ask(wire, &stage).await.unwrap();
        assert_eq!((heard.text.as_str(), heard.next), ("Zwölf Pods — 日本 🙂.", Next::End(End::Done)), "{wire:?}");
        let budget = heard.talk.budget();
        assert_eq!((budget.used, budget.told), (442, true), "{wire:?}");
    }
}

#[rstest]
#[case(1)]
#[case(usize::MAX)]
#[tokio::test]
async fn parallel_calls_come_in_pieces(#[case] piece: usize) {
    for wire in BOTH {
        let calls: [(&str, &str, &[&str]); 2] =
            [("a", "list", &["", "{\"kind\"", ":\"pods\"}"]), ("b", "logs", &["{\"pod\":", "\"wéb\"}"])];
        let text = answer(wire, &["Let me look."], &calls, "tool_calls");
        let stage = stage(vec![Play::Stream { bytes: text.into_bytes(), piece, cut: false }]).await;
        let Next::Run(calls) = ask(wire, &stage).await.unwrap().next else { panic!("{wire:?}: no calls") };
        let told: Vec<_> =
            calls.iter().map(|call| (call.id.as_str(), call.name.as_str(), call.arguments.as_str())).collect();
        assert_eq!(told, [("a", "list", "{\"kind\":\"pods\"}"), ("b", "logs", "{\"pod\":\"wéb\"}")], "{wire:?}");
    }
}

#[tokio::test]
async fn arguments_that_are_no_json_are_told_and_go_back_as_an_empty_object() {
    for wire in BOTH {
        let broken = answer(wire, &[], &[("a", "list", &["{\"kind\":", "\"po"])], "tool_calls");
        let stage = stage(vec![whole(broken), whole(answer(wire, &["ok"], &[], "stop"))]).await;
        let mut heard = ask(wire, &stage).await.unwrap();
        let Next::Run(calls) = heard.next else { panic!("{wire:?}: no calls") };
        assert_eq!(calls[0].arguments, "{\"kind\":\"po", "{wire:?}");
        let why = order::order(Tool::List, &calls[0].arguments, "shop").unwrap_err();
        assert!(why.contains("the arguments are not JSON") && why.contains("one JSON object"), "{why}");
        assert!(heard.talk.answer(ToolAnswer { id: "a".to_owned(), text: format!("error: {why}"), ok: false }));
        let messages = heard.talk.request(0).unwrap();
        let provider = Provider::new(model(wire, &stage.url), impatient()).unwrap();
        provider.ask("be brief", &messages, &mut |_| true).await.unwrap();
        let seen = stage.seen.lock().await;
        let said = &seen[1].1["messages"];
        match wire {
            Wire::OpenAi => {
                assert_eq!(said[2]["tool_calls"][0]["function"]["arguments"], "{}", "{said}");
                assert_eq!((&said[3]["role"], &said[3]["tool_call_id"]), (&json!("tool"), &json!("a")), "{said}");
            }
            Wire::Anthropic => {
                assert_eq!(said[1]["content"][0]["input"], json!({}), "{said}");
                assert_eq!(said[2]["content"][0]["is_error"], true, "{said}");
            }
            Wire::A2a | Wire::Analyze => unreachable!(),
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_is_no_answer_and_its_calls_are_void() {
    for wire in BOTH {
        let text = answer(wire, &["Half an"], &[("a", "list", &["{\"ki"])], "");
        for cut in [true, false] {
            let stage = stage(vec![Play::Stream { bytes: text.clone().into_bytes(), piece: 64, cut }]).await;
            let heard = ask(wire, &stage).await.unwrap();
            assert_eq!(heard.next, Next::End(End::Cut), "{wire:?}");
            assert_eq!(heard.talk.messages().last(), Some(&Message::Model { text: "Half an".into(), calls: vec![] }));
        }
    }
}

#[rstest]
#[case("stop", "", End::Empty)]
#[case("length", "Long", End::Truncated)]
#[case("content_filter", "", End::Refused(String::new()))]
#[case("stop", "ok", End::Done)]
#[tokio::test]
async fn every_reason_to_stop_has_its_end(#[case] stop: &str, #[case] text: &str, #[case] end: End) {
    for wire in BOTH {
        let words: Vec<&str> = if text.is_empty() { vec![] } else { vec![text] };
        let stage = stage(vec![whole(answer(wire, &words, &[], stop))]).await;
        assert_eq!(ask(wire, &stage).await.unwrap().next, Next::End(end.clone()), "{wire:?}");
    }
}

#[tokio::test]
async fn odd_but_lawful_streams_are_understood() {
    // No [DONE], comments, CRLF, usage null, unknown fields, a call without an index, arguments as an object.
    let text = ": hello\r\n\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"hm\",\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"list\",\"arguments\":{\"kind\":\"pods\"}}}]}}],\"usage\":null}\r\n\r\n\
                data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\ndata: {\"choices\":null}\r\n\r\n";
    let stage = stage(vec![whole(text)]).await;
    let Next::Run(calls) = ask(Wire::OpenAi, &stage).await.unwrap().next else { panic!("no call") };
    assert_eq!((calls[0].name.as_str(), calls[0].arguments.as_str()), ("list", "{\"kind\":\"pods\"}"));
}

#[tokio::test]
async fn words_of_a_refusal_are_kept() {
    let text = chunks(&[
        json!({"choices": [{"index": 0, "delta": {"refusal": "I will not."}}]}),
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
    ]);
    let stage = stage(vec![whole(text)]).await;
    assert_eq!(ask(Wire::OpenAi, &stage).await.unwrap().next, Next::End(End::Refused("I will not.".into())));
}

#[tokio::test]
async fn an_error_within_the_stream_ends_it_in_its_words_without_the_key() {
    let told = "Overloaded sk-test-1234567890 \u{1b}[31m";
    for (wire, text) in [
        (Wire::Anthropic, sse(&[json!({"type": "error", "error": {"type": "overloaded_error", "message": told}})])),
        (Wire::OpenAi, chunks(&[json!({"error": {"message": told}})])),
        (Wire::OpenAi, "data: {not json\n\n".to_owned()),
    ] {
        let stage = stage(vec![whole(text)]).await;
        let Next::End(End::Failed { what, .. }) = ask(wire, &stage).await.unwrap().next else { panic!("{wire:?}") };
        assert!(what.contains("Overloaded (masked)") || what.contains("not JSON"), "{what}");
        assert!(!what.contains("sk-test") && !what.contains('\u{1b}'), "{what}");
    }
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
    for wire in BOTH {
        let busy = Play::Whole(code, headers.clone(), "slow down".to_owned());
        let stage = stage(vec![busy, whole(answer(wire, &["ok"], &[], "stop"))]).await;
        let heard = ask(wire, &stage).await.unwrap();
        assert_eq!((heard.next, heard.waits), (Next::End(End::Done), vec![Duration::from_millis(wait_ms)]), "{wire:?}");
        assert_eq!(stage.seen.lock().await.len(), 2);
    }
}

#[rstest]
#[case(401, "{\"error\":{\"message\":\"bad key sk-test-1234567890\"}}", 1, "check the key")]
#[case(404, "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":\"model: m\"}}", 1, "agent.model")]
#[case(400, "<html>", 1, "new conversation")]
#[case(429, "rate limited", 3, "wait a while")]
#[case(500, "", 3, "ask again later")]
#[tokio::test]
async fn a_failure_is_told_with_its_remedy_and_without_the_key(
    #[case] code: u16,
    #[case] body: &str,
    #[case] tries: usize,
    #[case] fix: &str,
) {
    for wire in BOTH {
        let stage = stage(vec![Play::Whole(code, vec![], body.to_owned())]).await;
        let error = ask(wire, &stage).await.err().unwrap();
        assert!(error.fix().contains(fix), "{error}: {}", error.fix());
        assert!(!format!("{error} {error:?}").contains("sk-test"), "{error:?}");
        assert_eq!(stage.seen.lock().await.len(), tries, "{wire:?} {code}");
    }
}

#[tokio::test]
async fn who_asks_us_to_wait_for_an_hour_is_not_waited_for() {
    let stage = stage(vec![Play::Whole(429, vec![("retry-after", "3600".to_owned())], "later".to_owned())]).await;
    let error = ask(Wire::OpenAi, &stage).await.err().unwrap();
    assert_eq!(error.fix(), "it lets you in again in 3600 s");
    assert_eq!(stage.seen.lock().await.len(), 1);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    for wire in BOTH {
        let stage = stage(vec![Play::Hang]).await;
        let short = Patience { stall: Duration::from_millis(50), ..impatient() };
        assert!(matches!(ask_with(wire, &stage, short).await, Err(ProviderError::Stalled { .. })), "{wire:?}");
        let error = {
            let stage = self::stage(vec![Play::Drop]).await;
            ask(wire, &stage).await.err().unwrap()
        };
        assert!(error.unreachable() && error.fix().contains("agent.base-url"), "{error:?}");
    }
}

#[tokio::test]
async fn a_cancel_ends_the_connection() {
    let stage = stage(vec![Play::Hang]).await;
    let asked = tokio::time::timeout(Duration::from_millis(50), ask(Wire::OpenAi, &stage)).await;
    assert!(asked.is_err(), "dropping the future is the cancel");
}

#[tokio::test]
async fn requests_are_what_the_wire_wants_and_the_key_stands_in_its_header_alone() {
    for wire in BOTH {
        let stage = stage(vec![whole(answer(wire, &["ok"], &[], "stop"))]).await;
        ask(wire, &stage).await.unwrap();
        let seen = stage.seen.lock().await;
        let (head, body) = &seen[0];
        let first = head.lines().next().unwrap();
        let text = body.to_string();
        assert!(!text.contains("sk-test") && !first.contains("sk-test"));
        assert_eq!((body["stream"].as_bool(), body["max_tokens"].as_u64()), (Some(true), Some(1024)));
        match wire {
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
    let stage = stage(vec![whole(answer(Wire::OpenAi, &["ok"], &[], "stop"))]).await;
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
    let stage = stage(vec![whole(answer(Wire::OpenAi, &["ok"], &[], "stop"))]).await;
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
async fn calls_in_plain_text_are_calls() {
    for wire in BOTH {
        let said = ["Looking.\n`", "``tool\n{\"tool\": \"list\", \"argu", "ments\": {\"kind\": \"pods\"}}\n```"];
        for piece in [1, usize::MAX] {
            let bytes = answer(wire, &said, &[], "stop").into_bytes();
            let stage = stage(vec![Play::Stream { bytes, piece, cut: false }]).await;
            let provider = tuned(wire, &stage, "", Tuning { tools: ToolMode::JsonFence, ..Tuning::default() });
            let mut talk = Conversation::new(100_000);
            talk.ask("why?");
            let messages = talk.request(0).unwrap();
            let mut hear = |heard: Heard| match heard {
                Heard::Delta(delta) => talk.hear(&delta),
                Heard::Waiting { .. } => true,
            };
            provider.ask("be brief", &messages, &mut hear).await.unwrap();
            let Next::Run(calls) = talk.answered() else { panic!("{wire:?}: no call") };
            assert_eq!((calls[0].name.as_str(), calls[0].arguments.as_str()), ("list", "{\"kind\":\"pods\"}"));
            let seen = stage.seen.lock().await;
            assert!(seen[0].1.get("tools").is_none() && seen[0].1.to_string().contains("propose_manifest"));
        }
    }
}

#[tokio::test]
async fn a_schema_goes_to_servers_that_enforce_one() {
    let said = "{\"text\": \"Looking.\", \"tool\": \"list\", \"arguments\": {}}";
    let stage = stage(vec![whole(answer(Wire::OpenAi, &[said], &[], "stop"))]).await;
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
