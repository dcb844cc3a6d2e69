//! The agent pane against a model that this test plays: a streamed answer, tools as they run, a card, a stop, a correction by
//! hand, and what is said when nobody can be asked.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use super::nothing_left;
use crate::suite::cockpit::pty::Session;

/// How long a test waits for the other side.
const PATIENCE: Duration = Duration::from_mins(2);

/// A model on this machine. What it says, the test says: piece by piece, while it looks at the screen.
struct Played {
    url: String,
    asked: Receiver<Answer>,
}

/// The open answer to one request.
struct Answer {
    body: Value,
    wire: TcpStream,
}

impl Played {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, asked) = channel();
        thread::spawn(move || listener.incoming().for_each(|wire| receive(wire.unwrap(), &tell)));
        Self { url, asked }
    }

    fn agent(&self) -> String {
        format!("openai:played@{}", self.url)
    }

    /// The next request, answered with the head of a stream.
    fn next(&self) -> Answer {
        self.asked.recv_timeout(PATIENCE).expect("the model is asked")
    }
}

fn receive(mut wire: TcpStream, tell: &Sender<Answer>) {
    let mut raw = Vec::new();
    let mut more = [0; 8192];
    let body = loop {
        let text = String::from_utf8_lossy(&raw).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                break serde_json::from_str(body).unwrap_or(Value::Null);
            }
        }
        match wire.read(&mut more) {
            Ok(count @ 1..) => raw.extend_from_slice(&more[..count]),
            _ => return,
        }
    };
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n\r\n";
    if wire.write_all(head.as_bytes()).is_ok() {
        let _ = tell.send(Answer { body, wire });
    }
}

impl Answer {
    fn event(&mut self, delta: &Value, finish: Option<&str>) {
        let event = json!({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
        self.wire.write_all(format!("data: {event}\n\n").as_bytes()).unwrap();
        self.wire.flush().unwrap();
    }

    fn say(&mut self, text: &str) {
        self.event(&json!({"content": text}), None);
    }

    fn call(mut self, name: &str, arguments: &Value) {
        let arguments = arguments.to_string();
        // In two pieces, as real servers send them.
        let (head, tail) = arguments.split_at(arguments.len() / 2);
        let function = |function: Value| json!({"tool_calls": [{"index": 0, "id": "call_1", "function": function}]});
        self.event(&function(json!({"name": name, "arguments": ""})), None);
        self.event(&function(json!({"arguments": head})), None);
        self.event(&function(json!({"arguments": tail})), None);
        self.end("tool_calls");
    }

    fn end(mut self, finish: &str) {
        self.event(&json!({}), Some(finish));
        self.wire.write_all(b"data: [DONE]\n\n").unwrap();
        let _ = self.wire.shutdown(Shutdown::Write);
    }

    /// Waits until the other side has hung up.
    fn dropped(mut self) {
        self.wire.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut rest = Vec::new();
        match self.wire.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "still listened to: {error}"),
        }
    }

    /// The roles of what was sent, the newest last.
    fn roles(&self) -> Vec<String> {
        let all = self.body["messages"].as_array().unwrap().iter();
        all.map(|message| message["role"].as_str().unwrap().to_owned()).collect()
    }
}

/// A cockpit on the embedded world, with this agent; the agent pane is open.
fn cockpit(agent: &str) -> Session {
    let mut session = Session::start(120, 40, &["demo", "--agent", agent]);
    session.until("the pods", |screen| screen.contains("Running"));
    session.press("5");
    session
}

fn ask(session: &mut Session, question: &str) {
    session.until("somebody to ask", |screen| screen.contains("enter ask"));
    session.press("\r");
    session.until("the line", |screen| screen.contains("esc back"));
    session.press(question);
    session.until("the question", |screen| screen.contains(&format!("> {question}")));
    session.press("\r");
}

fn leave(mut session: Session) {
    session.press("\x03");
    assert_eq!(session.ended(), 0);
    nothing_left(&session.home());
}

#[test]
fn an_answer_streams_tools_run_a_card_stands_and_opens() {
    let model = Played::new();
    let mut session = cockpit(&model.agent());
    session.until("the model's name", |screen| {
        let header = screen.lines().next().unwrap_or_default();
        header.contains("agent played") && !header.contains("no AI")
    });
    ask(&mut session, "what is there?");
    let mut first = model.next();
    first.say("I look at the **pods** ");
    session.until("the first words", |screen| screen.contains("I look at the pods") && screen.contains("asking…"));
    first.say("of the shop.");
    session.until("more words", |screen| screen.contains("pods of the shop."));
    first.call("list", &json!({"kind": "pods", "namespace": "shop"}));
    // The tool's line, with its time and size; the answer went to the model.
    session.until("the tool", |screen| screen.lines().any(|line| line.contains("● list") && line.contains('✓')));
    let second = model.next();
    assert_eq!(second.roles().last().map(String::as_str), Some("tool"));
    // What does not fit goes back in words, and the person sees that too.
    second.call(
        "propose_fault",
        &json!({"kind": "http-delay", "target": "service/nobody", "namespace": "shop", "params": {"delay": "1s"}}),
    );
    session.until("the refusal", |screen| {
        screen.lines().any(|line| line.contains("● propose_fault") && line.contains('✗'))
    });
    let fault = json!({"kind": "http-delay", "target": "service/reviews", "namespace": "shop", "duration": "60s",
        "params": {"delay": "1s", "percent": 50}, "why": "shows who waits"});
    model.next().call("propose_fault", &fault);
    session.until("the card", |screen| screen.contains("╭─ 1 http-delay") && screen.contains("p preview"));
    let mut last = model.next();
    last.say("Look at it.");
    last.end("stop");
    session.until("the end", |screen| screen.contains("Look at it.") && !screen.contains("asking…"));
    session.press("p");
    session.until("the preview", |screen| {
        screen.contains("Preview http-delay shop/reviews") && screen.contains("a apply")
    });
    session.press("\x1b");
    session.until("the pane", |screen| screen.contains("╭─ 1 http-delay"));
    leave(session);
}

/// Types a line of the conversation that is no question.
fn command(session: &mut Session, line: &str) {
    session.until("somebody to ask", |screen| screen.contains("enter ask"));
    session.press("\r");
    session.until("the line", |screen| screen.contains("esc back"));
    session.press(line);
    session.until("the command", |screen| screen.contains(&format!("> {line}")));
    session.press("\r");
}

#[test]
fn a_conversation_that_is_gone_on_with_has_its_open_proposals_as_cards() {
    let model = Played::new();
    let mut session = cockpit(&model.agent());
    ask(&mut session, "what would you try?");
    let fault = json!({"kind": "http-delay", "target": "service/reviews", "namespace": "shop", "duration": "60s",
        "params": {"delay": "1s", "percent": 50}, "why": "shows who waits", "expect": "p99 rises"});
    model.next().call("propose_fault", &fault);
    session.until("the card", |screen| screen.contains("╭─ 1 http-delay") && screen.contains("p preview"));
    let mut last = model.next();
    last.say("Look at it.");
    last.end("stop");
    session.until("the end", |screen| screen.contains("Look at it.") && !screen.contains("asking…"));
    command(&mut session, "/new");
    session.until("nothing said", |screen| screen.contains("nothing was asked yet"));
    command(&mut session, "/sessions");
    session.until("the list", |screen| screen.contains("1 question: what would you try?"));
    session.press("\r");
    session.until("the card again", |screen| {
        screen.contains("gone on with")
            && screen.contains("╭─ 1 http-delay")
            && screen.contains("shows who waits")
            && screen.contains("p preview")
    });
    session.press("p");
    session.until("the preview", |screen| {
        screen.contains("Preview http-delay shop/reviews") && screen.contains("a apply")
    });
    session.press("\x1b");
    session.until("the pane", |screen| screen.contains("╭─ 1 http-delay"));
    leave(session);
}

/// An editor for the hand that is not there: it keeps what it is given, breaks it the first time and corrects it the second.
const EDITOR: &str = r#"#!/bin/sh
here=$(dirname "$0")
if [ -e "$here/first" ]; then
    cp "$1" "$here/second"
    sed -i -e 's/kind: \[Service/kind: Service/' -e 's/port: 70000/port: 7000/' "$1"
else
    cp "$1" "$here/first"
    sed -i 's/kind: Service/kind: [Service/' "$1"
fi
"#;

#[test]
fn what_three_tries_could_not_make_apply_is_corrected_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let editor = folder.path().join("editor");
    fs::write(&editor, EDITOR).unwrap();
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o700)).unwrap();
    let model = Played::new();
    let line = format!(
        "EDITOR='{}' exec '{}' demo --agent '{}'",
        editor.display(),
        env!("CARGO_BIN_EXE_brink"),
        model.agent()
    );
    let mut session = Session::of(120, 40, "/bin/sh", &["-c", &line]);
    session.until("the pods", |screen| screen.contains("Running"));
    session.press("5");
    ask(&mut session, "add a service");
    let yaml = "apiVersion: v1\nkind: Service\nmetadata: {name: extra}\nspec:\n  ports: [{port: 70000}]\n  selector: {app: reviews}\n";
    for _ in 0..3 {
        model.next().call("propose_fix", &json!({"yaml": yaml, "namespace": "shop"}));
    }
    let mut last = model.next();
    last.say("I give up.");
    last.end("stop");
    // The person reads why, in the server's words.
    session.until("what failed", |screen| {
        let server = screen.contains("this could not be made to apply") && screen.contains("70000");
        server && screen.contains("e edit by hand") && screen.contains("I give up.") && !screen.contains("asking…")
    });
    session.press("e");
    session.until("the place of the mistake", |screen| {
        screen.contains("your text:") && screen.contains("e edit again") && !screen.contains("in your editor")
    });
    let first = fs::read_to_string(folder.path().join("first")).unwrap();
    assert!(first.starts_with("# This could not be made to apply:\n# ") && first.ends_with(yaml), "{first}");
    assert!(
        first.contains("# ") && first.lines().any(|line| line.starts_with('#') && line.contains("70000")),
        "{first}"
    );
    session.press("e");
    session.until("the preview", |screen| {
        screen.contains("a apply") && screen.contains("Service shop/extra") && screen.contains("7000")
    });
    let second = fs::read_to_string(folder.path().join("second")).unwrap();
    assert_eq!(second, first.replace("kind: Service", "kind: [Service"), "what was written is there again");
    session.press("\x1b");
    session.until("the pane", |screen| screen.contains("I give up."));
    leave(session);
}

#[test]
fn esc_stops_a_running_answer_and_the_next_question_works() {
    let model = Played::new();
    let mut session = cockpit(&model.agent());
    ask(&mut session, "tell me everything");
    let mut endless = model.next();
    endless.say("It begins with ");
    session.until("half an answer", |screen| screen.contains("It begins with") && screen.contains("esc stop"));
    session.press("\x1b");
    session.until("the stop", |screen| screen.contains("stopped") && !screen.contains("asking…"));
    endless.dropped();
    ask(&mut session, "then briefly");
    let mut answer = model.next();
    assert_eq!(answer.roles(), ["system", "user", "assistant", "user"]);
    answer.say("Gladly.");
    answer.end("stop");
    session.until("the answer", |screen| screen.contains("Gladly."));
    leave(session);
}

#[test]
fn a_model_that_cannot_be_reached_is_told_with_what_to_do() {
    // Nobody listens there any more.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut session = cockpit(&format!("openai:played@http://{closed}"));
    ask(&mut session, "anybody there?");
    session.until("the remedy", |screen| {
        screen.contains("cannot reach http") && screen.contains("agent.base-url and the network")
    });
    leave(session);
}

#[test]
fn a_missing_key_is_told_with_what_to_do() {
    let mut session = cockpit("anthropic:claude-played");
    session.until("the remedy", |screen| {
        // At this width the sentences wrap.
        ["there is no key for", "anthropic:claude-played", "set BRINK_AGENT_KEY or"]
            .into_iter()
            .all(|part| screen.contains(part))
    });
    leave(session);
}
