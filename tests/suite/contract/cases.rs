//! The table: each way an answer comes, fails and stops, on every wire that can say it.

use std::pin::Pin;

use brink::agent::{End, ToolAnswer, conversation::Next, io::provider::Provider, order, tools::Tool};
use serde_json::{Value, json};

use super::{
    failures::{
        asked_hour, asked_pause, cancel, cut_connection, error_within, failure, gone, overloaded, silent, stalls,
    },
    lines::{Calls, Line, ask, chunks, impatient},
    tasks::{part, status, stream},
};
use crate::suite::support::wire_stage::{Play, Stage, stage};

/// A case on a wire.
pub enum Cell {
    /// It must hold.
    Runs(Pin<Box<dyn Future<Output = ()>>>),
    /// The wire has no such thing.
    Not(&'static str),
}

/// A name, and what becomes of it on a wire.
type Case = (&'static str, fn(Line) -> Cell);

/// The cases.
pub const CASES: &[Case] = &[
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
pub const NO_STREAM: Cell = Cell::Not("it answers with one JSON object, not with events");

pub fn runs(cell: impl Future<Output = ()> + 'static) -> Cell {
    Cell::Runs(Box::pin(cell))
}

pub async fn plays(line: Line, plays: impl IntoIterator<Item = Play>) -> Stage {
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
        let calls: &Calls<'_> =
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
