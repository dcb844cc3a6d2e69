//! Both wires against a server on this machine that plays recorded streams: every way a provider can answer, fail and stop.

use std::{sync::Arc, time::Duration};

use brink::agent::{
    Conversation, End, Message, Model, ToolAnswer,
    conversation::Next,
    io::provider::{Heard, Patience, Provider, ProviderError},
    model::KeySource,
    order,
    tools::Tool,
    wire::{Delta, Wire},
};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Mutex,
};

/// What the server does with one request.
#[derive(Clone)]
enum Play {
    /// A status with headers and a body.
    Whole(u16, Vec<(&'static str, String)>, String),
    /// A stream of events, in writes of so many bytes; `cut`: the connection breaks after the last.
    Stream { bytes: Vec<u8>, piece: usize, cut: bool },
    /// Nothing, ever.
    Hang,
    /// The connection breaks before an answer.
    Drop,
}

struct Stage {
    url: String,
    seen: Arc<Mutex<Vec<(String, Value)>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Plays one of these for each request; the last one again and again.
async fn stage(plays: Vec<Play>) -> Stage {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let all = seen.clone();
    let task = tokio::spawn(async move {
        let mut at = 0;
        let mut open = Vec::new();
        while let Ok((mut tcp, _)) = listener.accept().await {
            let (mut raw, mut end) = (Vec::new(), None);
            loop {
                if end.is_none() {
                    end = raw.windows(4).position(|four| four == b"\r\n\r\n");
                }
                if let Some(end) = end {
                    let head = String::from_utf8_lossy(&raw[..end]).to_lowercase();
                    let length =
                        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
                    if raw.len() >= end + 4 + length.unwrap_or(0usize) {
                        let body = serde_json::from_slice(&raw[end + 4..]).unwrap_or(Value::Null);
                        all.lock().await.push((head, body));
                        break;
                    }
                }
                if tcp.read_buf(&mut raw).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            let play = plays[at.min(plays.len() - 1)].clone();
            at += 1;
            match play {
                Play::Whole(code, headers, body) => {
                    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                    let head = format!(
                        "HTTP/1.1 {code} X\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
                        body.len()
                    );
                    let _ = tcp.write_all(format!("{head}{body}").as_bytes()).await;
                }
                Play::Stream { bytes, piece, cut } => {
                    tcp.set_nodelay(true).unwrap();
                    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
                    let _ = tcp.write_all(head.as_bytes()).await;
                    for part in bytes.chunks(piece.max(1)) {
                        let mut chunk = format!("{:x}\r\n", part.len()).into_bytes();
                        chunk.extend_from_slice(part);
                        chunk.extend_from_slice(b"\r\n");
                        if tcp.write_all(&chunk).await.is_err() {
                            break;
                        }
                        tokio::task::yield_now().await;
                    }
                    if !cut {
                        let _ = tcp.write_all(b"0\r\n\r\n").await;
                    }
                }
                Play::Hang => open.push(tcp),
                Play::Drop => {}
            }
        }
    });
    Stage { url, seen, task }
}

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
    }
}

fn whole(text: impl Into<Vec<u8>>) -> Play {
    Play::Stream { bytes: text.into(), piece: usize::MAX, cut: false }
}

fn model(wire: Wire, url: &str) -> Model {
    let key = KeySource::Command("printf sk-test-1234567890".to_owned());
    Model { wire, base_url: url.to_owned(), name: "m".to_owned(), key, max_tokens: 1024, context_tokens: 100_000 }
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

const BOTH: [Wire; 2] = Wire::ALL;

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
