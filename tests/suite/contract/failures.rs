//! What goes wrong on the way: connections that break, servers that are busy, gone or silent, and a person who stops it.

use std::time::Duration;

use brink::agent::{
    End, Message,
    conversation::Next,
    io::provider::{Heard, Patience, Provider, ProviderError},
    wire::Delta,
};
use serde_json::json;

use super::{
    cases::{Cell, NO_STREAM, plays, runs},
    lines::{Answer, Calls, Line, ask, ask_with, chunks, impatient},
    tasks::Version,
};
use crate::suite::support::wire_stage::{Play, Stage, stage};

pub async fn cut_connection(line: Line) {
    let calls: &Calls<'_> =
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
                    told_to_stop(&stage, version == Version::New).await;
                }
            }
            // Half an object is none.
            Ok(Answer { next: Next::End(End::Failed { .. }), .. }) | Err(_) if line == Line::Analyze => {}
            other => panic!("cut {cut}: {other:?}"),
        }
    }
}

pub async fn asked_pause(line: Line) {
    let busy = Play::Whole(429, vec![("retry-after", "0.02".to_owned())], "slow down".to_owned());
    waited(line, busy, 20).await;
}

pub async fn overloaded(line: Line) {
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

pub async fn asked_hour(line: Line) {
    let busy = Play::Whole(429, vec![("retry-after", "3600".to_owned())], "later".to_owned());
    let stage = plays(line, [busy]).await;
    let error = ask(line, &stage).await.unwrap_err();
    assert_eq!(error.fix(), "it lets you in again in 3600 s");
    assert_eq!(stage.seen.lock().await.len(), line.before() + 1, "asked once");
}

pub fn error_within(line: Line) -> Cell {
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

pub async fn failure(line: Line) {
    let body = "{\"error\":{\"message\":\"bad key sk-test-1234567890\"}}";
    let stage = plays(line, [Play::Whole(401, vec![], body.to_owned())]).await;
    let error = ask(line, &stage).await.unwrap_err();
    assert!(error.fix().contains("check the key"), "{error}: {}", error.fix());
    assert!(!format!("{error} {error:?}").contains("sk-test"), "{error:?}");
    assert_eq!(stage.seen.lock().await.len(), line.before() + 1);
}

pub async fn gone(line: Line) {
    let stage = stage(vec![Play::Drop]).await;
    let error = ask(line, &stage).await.unwrap_err();
    assert!(error.unreachable() && error.fix().contains("agent.base-url"), "{error:?}");
}

fn short() -> Patience {
    Patience { stall: Duration::from_millis(50), ..impatient() }
}

pub async fn silent(line: Line) {
    let stage = plays(line, [Play::Hang]).await;
    let asked = ask_with(line, &stage, short()).await;
    assert!(matches!(asked, Err(ProviderError::Stalled { .. })), "{asked:?}");
}

pub fn stalls(line: Line) -> Cell {
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

pub async fn cancel(line: Line) {
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
        told_to_stop(&stage, version == Version::New).await;
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
