//! The table: each way an answer comes, fails and stops, on every wire that can say it.

use std::{pin::Pin, time::Duration};

use brink::agent::{
    End, Message, ToolAnswer,
    conversation::Next,
    io::provider::{Heard, Patience, Provider, ProviderError},
    order,
    tools::Tool,
    wire::Delta,
};
use serde_json::{Value, json};

use super::lines::{Answer, Line, ask, ask_with, chunks, impatient, part, status, stream};
use crate::suite::support::wire_stage::{Play, Stage, stage};

/// A case on a wire.
pub enum Cell {
    /// It must hold.
    Runs(Pin<Box<dyn Future<Output = ()>>>),
    /// The wire has no such thing.
    Not(&'static str),
}

/// The cases.
pub const CASES: &[(&str, fn(Line) -> Cell)] = &[
    ("characters cut in two", |line| runs(cut_characters(line))),
    ("events cut in two", cut_events),
    ("pings between events", pings),
    ("a connection that is cut", |line| runs(cut_connection(line))),
    ("a pause asked for", |line| runs(asked_pause(line))),
    ("an hour asked for", |line| runs(asked_hour(line))),
    ("an overloaded server", |line| runs(overloaded(line))),
    ("an error within the stream", error_within),
    ("a failure with the key in it", |line| runs(failure(line))),
    ("a server that is gone", |line| runs(gone(line))),
    ("a server that says nothing", |line| runs(silent(line))),
    ("a server that stops to speak", stalls),
    ("a call in pieces", call_in_pieces),
    ("parallel calls", parallel_calls),
    ("arguments that are no JSON", broken_arguments),
    ("an empty answer", |line| runs(ends(line, line.answer(&[], &[], "stop"), End::Empty))),
    ("a limit of tokens", limit),
    ("a refusal", refusal),
    ("an answer without an end", |line| runs(endless(line))),
    ("a cancel", |line| runs(cancel(line))),
];

const OWN_TOOLS: Cell = Cell::Not("an agent runs its own tools, and takes none of brink's");
const NO_STREAM: Cell = Cell::Not("it answers with one JSON object, not with events");

fn runs(cell: impl Future<Output = ()> + 'static) -> Cell {
    Cell::Runs(Box::pin(cell))
}

async fn plays(line: Line, plays: impl IntoIterator<Item = Play>) -> Stage {
    stage(line.plays(plays)).await
}

/// An answer that ends so.
async fn ends(line: Line, bytes: String, end: End) {
    let stage = plays(line, [line.whole(bytes)]).await;
    assert_eq!(ask(line, &stage).await.unwrap().next, Next::End(end));
}

const WORDS: [&str; 4] = ["Zwölf ", "Pods — ", "日本 ", "🙂."];

async fn comes_whole(line: Line, bytes: &str, pieces: &[usize]) {
    for piece in pieces.iter().copied() {
        let play = line.comes(bytes, piece, false);
        let heard = ask(line, &plays(line, [play]).await).await.unwrap();
        assert_eq!((heard.text.as_str(), &heard.next), ("Zwölf Pods — 日本 🙂.", &Next::End(End::Done)), "by {piece}");
        if matches!(line, Line::OpenAi | Line::Anthropic) {
            let budget = heard.talk.budget();
            assert_eq!((budget.used, budget.told), (442, true), "by {piece}");
        }
    }
}

async fn cut_characters(line: Line) {
    comes_whole(line, &line.answer(&WORDS, &[], "stop"), &[1, 2, 3, 7, usize::MAX]).await;
}

fn cut_events(line: Line) -> Cell {
    if line == Line::Analyze {
        return NO_STREAM;
    }
    runs(async move {
        let bytes = line.answer(&WORDS, &[], "stop").replace('\n', "\r\n");
        comes_whole(line, &format!(": hello\r\n\r\n{bytes}"), &[1, 11, 64]).await;
    })
}

fn pings(line: Line) -> Cell {
    if line == Line::Analyze {
        return NO_STREAM;
    }
    runs(async move {
        let ping = if line == Line::Anthropic { "event: ping\ndata: {\"type\": \"ping\"}\n\n" } else { ": ping\n\n" };
        let between = format!("\n\n{ping}");
        let bytes = line.answer(&WORDS, &[], "stop").replace("\n\n", &between);
        comes_whole(line, &format!("{ping}{bytes}"), &[5, usize::MAX]).await;
    })
}

async fn cut_connection(line: Line) {
    let calls: &super::lines::Calls<'_> =
        if matches!(line, Line::OpenAi | Line::Anthropic) { &[("a", "list", &["{\"ki"])] } else { &[] };
    let bytes = line.answer(&["Half an"], calls, "");
    for cut in [true, false] {
        let half = line.comes(&bytes, 64, cut);
        // An agent is asked what became of its task, and does not know.
        let stage = plays(line, [half, Play::Whole(500, vec![], String::new())]).await;
        match ask(line, &stage).await {
            Ok(Answer { next: Next::End(End::Cut), talk, .. }) => {
                assert_eq!(talk.messages().last(), Some(&Message::Model { text: "Half an".into(), calls: vec![] }));
                if let Some(version) = line.version() {
                    told_to_stop(&stage, version == super::lines::Version::New).await;
                }
            }
            // Half an object is none.
            Ok(Answer { next: Next::End(End::Failed { .. }), .. }) | Err(_) if line == Line::Analyze => {}
            other => panic!("cut {cut}: {other:?}"),
        }
    }
}

async fn asked_pause(line: Line) {
    let busy = Play::Whole(429, vec![("retry-after", "0.02".to_owned())], "slow down".to_owned());
    waited(line, busy, 20).await;
}

async fn overloaded(line: Line) {
    for code in [529, 503] {
        waited(line, Play::Whole(code, vec![], "Overloaded".to_owned()), 1).await;
    }
}

/// After that answer and a wait it is asked again, and answers.
async fn waited(line: Line, busy: Play, millis: u64) {
    let stage = plays(line, [busy, line.whole(line.answer(&["ok"], &[], "stop"))]).await;
    let heard = ask(line, &stage).await.unwrap();
    assert_eq!((heard.next, heard.waits), (Next::End(End::Done), vec![Duration::from_millis(millis)]));
    assert_eq!(stage.seen.lock().await.len(), line.before() + 2);
}

async fn asked_hour(line: Line) {
    let busy = Play::Whole(429, vec![("retry-after", "3600".to_owned())], "later".to_owned());
    let stage = plays(line, [busy]).await;
    let error = ask(line, &stage).await.unwrap_err();
    assert_eq!(error.fix(), "it lets you in again in 3600 s");
    assert_eq!(stage.seen.lock().await.len(), line.before() + 1, "asked once");
}

fn error_within(line: Line) -> Cell {
    let told = "Overloaded sk-test-1234567890 \u{1b}[31m";
    let bytes = match line {
        Line::Anthropic => {
            let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": told}});
            format!("event: error\ndata: {error}\n\n")
        }
        Line::OpenAi | Line::Fence => chunks(&[json!({"error": {"message": told}})]),
        Line::A2aOld | Line::A2aNew => {
            let error = json!({"jsonrpc": "2.0", "id": "1", "error": {"code": -32603, "message": told}});
            format!("data: {error}\n\n")
        }
        Line::Analyze => return NO_STREAM,
    };
    runs(async move {
        let stage = plays(line, [line.whole(bytes)]).await;
        let Next::End(End::Failed { what, .. }) = ask(line, &stage).await.unwrap().next else { panic!("no failure") };
        assert!(what.contains("Overloaded (masked)"), "{what}");
        assert!(!what.contains("sk-test") && !what.contains('\u{1b}'), "{what}");
    })
}

async fn failure(line: Line) {
    let body = "{\"error\":{\"message\":\"bad key sk-test-1234567890\"}}";
    let stage = plays(line, [Play::Whole(401, vec![], body.to_owned())]).await;
    let error = ask(line, &stage).await.unwrap_err();
    assert!(error.fix().contains("check the key"), "{error}: {}", error.fix());
    assert!(!format!("{error} {error:?}").contains("sk-test"), "{error:?}");
    assert_eq!(stage.seen.lock().await.len(), line.before() + 1);
}

async fn gone(line: Line) {
    let stage = stage(vec![Play::Drop]).await;
    let error = ask(line, &stage).await.unwrap_err();
    assert!(error.unreachable() && error.fix().contains("agent.base-url"), "{error:?}");
}

fn short() -> Patience {
    Patience { stall: Duration::from_millis(50), ..impatient() }
}

async fn silent(line: Line) {
    let stage = plays(line, [Play::Hang]).await;
    let asked = ask_with(line, &stage, short()).await;
    assert!(matches!(asked, Err(ProviderError::Stalled { .. })), "{asked:?}");
}

fn stalls(line: Line) -> Cell {
    if line == Line::Analyze {
        return NO_STREAM;
    }
    runs(async move {
        let half = Play::Begin(line.answer(&["Half"], &[], ""));
        let stage = plays(line, [half, Play::Whole(500, vec![], String::new())]).await;
        match ask_with(line, &stage, short()).await {
            Err(ProviderError::Stalled { .. }) | Ok(Answer { next: Next::End(End::Cut), .. }) => {}
            other => panic!("{other:?}"),
        }
    })
}

/// The calls of an answer, whole: names and arguments.
async fn called(line: Line, bytes: &str, piece: usize) -> Vec<(String, Value)> {
    let play = line.comes(bytes, piece, false);
    let Next::Run(calls) = ask(line, &plays(line, [play]).await).await.unwrap().next else { panic!("no calls") };
    let ids: std::collections::BTreeSet<&str> = calls.iter().map(|call| call.id.as_str()).collect();
    assert!(ids.len() == calls.len() && !ids.contains(""), "each has an id of its own: {calls:?}");
    calls.iter().map(|call| (call.name.clone(), serde_json::from_str(&call.arguments).unwrap())).collect()
}

fn call_in_pieces(line: Line) -> Cell {
    if line.version().is_some() || line == Line::Analyze {
        return OWN_TOOLS;
    }
    runs(async move {
        let bytes = line.answer(&["Let me look."], &[("a", "list", &["", "{\"kind\"", ":\"pöds\"}"])], "tool_calls");
        for piece in [1, usize::MAX] {
            assert_eq!(called(line, &bytes, piece).await, [("list".to_owned(), json!({"kind": "pöds"}))]);
        }
    })
}

fn parallel_calls(line: Line) -> Cell {
    if line.version().is_some() || line == Line::Analyze {
        return OWN_TOOLS;
    }
    runs(async move {
        let calls: &super::lines::Calls<'_> =
            &[("a", "list", &["{\"kind\"", ":\"pods\"}"]), ("b", "logs", &["{\"pod\":", "\"wéb\"}"])];
        let bytes = line.answer(&["Let me look."], calls, "tool_calls");
        for piece in [1, usize::MAX] {
            let told = called(line, &bytes, piece).await;
            let meant = [("list".to_owned(), json!({"kind": "pods"})), ("logs".to_owned(), json!({"pod": "wéb"}))];
            assert_eq!(told, meant);
        }
    })
}

fn broken_arguments(line: Line) -> Cell {
    if line.version().is_some() || line == Line::Analyze {
        return OWN_TOOLS;
    }
    runs(async move {
        let broken = line.answer(&[], &[("a", "list", &["{\"kind\":", "\"po"])], "tool_calls");
        let stage = plays(line, [line.whole(broken), line.whole(line.answer(&["ok"], &[], "stop"))]).await;
        let mut heard = ask(line, &stage).await.unwrap();
        let Next::Run(calls) = heard.next else { panic!("no calls") };
        let why = order::order(Tool::List, &calls[0].arguments, "shop").unwrap_err();
        assert!(why.contains("the arguments are not JSON") && why.contains("one JSON object"), "{why}");
        let answer = ToolAnswer { id: calls[0].id.clone(), text: format!("error: {why}"), ok: false };
        assert!(heard.talk.answer(answer));
        let messages = heard.talk.request(0).unwrap();
        let provider = Provider::new(line.model(&stage.url), impatient()).unwrap();
        provider.ask("be brief", &messages, &mut |_| true).await.unwrap();
        let seen = stage.seen.lock().await;
        let said = &seen[1].1["messages"];
        match line {
            Line::OpenAi => {
                assert_eq!(said[2]["tool_calls"][0]["function"]["arguments"], "{}", "{said}");
                assert_eq!((&said[3]["role"], &said[3]["tool_call_id"]), (&json!("tool"), &json!("a")), "{said}");
            }
            Line::Anthropic => {
                assert_eq!(said[1]["content"][0]["input"], json!({}), "{said}");
                assert_eq!(said[2]["content"][0]["is_error"], true, "{said}");
            }
            _ => assert!(said.to_string().contains("tool answer:\\nerror: the arguments are not JSON"), "{said}"),
        }
    })
}

fn limit(line: Line) -> Cell {
    if line.version().is_some() || line == Line::Analyze {
        return Cell::Not("an agent does not tell of its model's limits");
    }
    runs(ends(line, line.answer(&["Long"], &[], "length"), End::Truncated))
}

fn refusal(line: Line) -> Cell {
    match line {
        Line::Analyze => Cell::Not("it has no word for a refusal"),
        Line::A2aOld | Line::A2aNew => runs(async move {
            let version = line.version().unwrap();
            let bytes = stream(&[status(version, "rejected", &[part(version, "I will not.")])]);
            let stage = plays(line, [line.whole(bytes)]).await;
            let next = ask(line, &stage).await.unwrap().next;
            assert!(matches!(&next, Next::End(End::Refused(words)) if words == "I will not."), "{next:?}");
        }),
        Line::OpenAi | Line::Fence => runs(async move {
            ends(line, line.answer(&[], &[], "content_filter"), End::Refused(String::new())).await;
            let words = chunks(&[
                json!({"choices": [{"index": 0, "delta": {"refusal": "I will not."}}]}),
                json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
            ]);
            ends(line, words, End::Refused("I will not.".into())).await;
        }),
        Line::Anthropic => runs(ends(line, line.answer(&[], &[], "content_filter"), End::Refused(String::new()))),
    }
}

async fn endless(line: Line) {
    let flood = "x".repeat(1 << 18);
    let stage = plays(line, [line.whole(line.answer(&[flood.as_str(); 6], &[], "stop"))]).await;
    let heard = ask(line, &stage).await.unwrap();
    assert_eq!(heard.next, Next::End(End::Truncated));
}

async fn cancel(line: Line) {
    let hang = if line == Line::Analyze { Play::Hang } else { Play::Begin(line.answer(&["Half"], &[], "")) };
    let stage = plays(line, [hang, Play::Whole(200, vec![], "{}".to_owned())]).await;
    let provider = Provider::new(line.model(&stage.url), Patience::default()).unwrap();
    let messages = [Message::You("why?".to_owned())];
    let (heard, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let mut hear = |one: Heard| heard.send(one).is_ok();
    {
        let asking = provider.ask("s", &messages, &mut hear);
        tokio::pin!(asking);
        let half = async {
            if line == Line::Analyze {
                return until(async || !stage.seen.lock().await.is_empty()).await;
            }
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
    until(async || stage.hung_up() > 0).await;
    if let Some(version) = line.version() {
        told_to_stop(&stage, version == super::lines::Version::New).await;
    }
}

/// Waits until the agent was told that its task is cancelled.
async fn told_to_stop(stage: &Stage, new: bool) {
    let method = if new { "CancelTask" } else { "tasks/cancel" };
    let told = async || {
        let seen = stage.seen.lock().await;
        seen.iter().any(|(_, body)| body["method"] == method && body["params"]["id"] == "t1")
    };
    until(told).await;
}

async fn until(holds: impl AsyncFn() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it never came to that");
}
