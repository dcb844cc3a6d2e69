//! The cockpit's side: a proposal of an MCP client comes to the screen, is looked at, applied or thrown away; the question
//! before a tool of another server runs.

use rmcp::service::ClientLifecycleMode;
use serde_json::json;

use super::{Client, delay, waiting};
use crate::suite::{
    cockpit::pty::Session,
    support::{
        demo::Demo,
        mcp_server::{mcp_server, text, tool},
        model::{Say, model},
        wait::until,
    },
};

/// What `brink mcp` finds in its environment beside a cockpit.
fn environment(session: &Session) -> Vec<(String, String)> {
    vec![("HOME".to_owned(), session.home().display().to_string()), ("PATH".to_owned(), "/usr/bin:/bin".to_owned())]
}

fn cockpit(demo: &Demo, agent: &str) -> Session {
    let mut words = demo.place(agent);
    words.extend(["-n", "shop"].map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut session = Session::start(120, 40, &words);
    session.until("the pods", |screen| screen.contains("Running"));
    session
}

#[test]
fn a_proposal_of_another_agent_comes_to_the_screen_and_is_reviewed() {
    let demo = Demo::of("shop", 1.0);
    // Nobody is asked here: the card needs no model.
    let mut session = cockpit(&demo, "openai:none@http://127.0.0.1:9");
    let home = session.home();
    let environment = environment(&session);
    let words = demo.place("openai:none@http://127.0.0.1:9");
    let client = demo.wait(Client::start(&environment, &words, "an editor", ClientLifecycleMode::Initialize));
    until("a cockpit that watches", 60, || {
        let (text, good) = demo.wait(client.call("propose_fault", delay()));
        assert!(good, "{text}");
        let watched = text.starts_with("queued for review");
        if !watched {
            for path in waiting(&home) {
                std::fs::remove_file(path).unwrap();
            }
        }
        watched
    });
    session.until("the card", |screen| {
        screen.contains("from MCP client an editor") && screen.contains("http-delay service/reviews in shop")
    });
    session.press("5");
    session.until("its keys", |screen| screen.contains("o review   D discard") && screen.contains("▎ shows who waits"));
    session.press("o");
    session.until("the preview", |screen| {
        screen.contains("Preview http-delay shop/reviews") && screen.contains("a apply")
    });
    // Left without a yes it still waits.
    session.press("\x1b");
    session.until("the pane", |screen| screen.contains("from MCP client an editor"));
    assert_eq!(waiting(&home).len(), 1);
    // Thrown away it is gone from the screen and the disk.
    session.press("D");
    session.until("no card", |screen| !screen.contains("from MCP client"));
    until("no file", 20, || waiting(&home).is_empty());
    // Applied it is gone as well: it is a fault like any other now.
    let (text, _) = demo.wait(client.call("propose_fault", delay()));
    assert!(text.starts_with("queued for review"), "{text}");
    session.until("the next card", |screen| screen.contains("from MCP client an editor"));
    // Once: another press begins the check anew.
    session.press("o");
    session.until("its preview", |screen| {
        screen.contains("Preview http-delay shop/reviews") && screen.contains("a apply")
    });
    session.approve();
    session.until("the live fault", |screen| screen.lines().next().unwrap_or_default().contains(" left"));
    until("no file", 20, || waiting(&home).is_empty());
    session.press("\x18");
    // Undone and verified: while it is still being undone, leaving asks once more.
    session.until("its end", |screen| screen.lines().next().unwrap_or_default().contains("no faults"));
    session.press("\x03");
    session.ended();
}

#[test]
fn before_a_tool_of_another_server_runs_a_person_is_asked() {
    let demo = Demo::of("shop", 1.0);
    let server = mcp_server(|method, _| match method {
        "tools/list" => {
            json!({"tools": [tool("services", "Lists services.", true), tool("run", "Sends load.", false)]})
        }
        _ => text("three of them"),
    });
    let says = vec![
        Say::Call("load__services", json!({"target": "web\u{1b}[2J"})),
        Say::Call("load__run", json!({"target": "web"})),
        Say::Text("That is all I could learn."),
    ];
    let player = model(brink::agent::wire::Wire::OpenAi, says);
    let mut first = Session::start(120, 40, &["--version"]);
    first.ended();
    let config = first.home().join(".config/brink/config.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(&config, format!("[mcp.load]\nurl = \"{}\"\n", server.url)).unwrap();
    let mut words = demo.place(&format!("openai:played@{}", player.url));
    words.extend(["-n", "shop"].map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut session = first.beside(120, 40, &words);
    session.until("the pods", |screen| screen.contains("Running"));
    session.press("5");
    session.until("somebody to ask", |screen| screen.contains("enter ask"));
    session.press("\r");
    session.until("the line", |screen| screen.contains("esc back"));
    session.press("which services are there?");
    session.until("the question", |screen| screen.contains("> which services are there?"));
    session.press("\r");
    session.until("the question of the tool", |screen| {
        screen.contains("MCP server load asks") && screen.contains("the model wants to run `services`")
    });
    session.until("its arguments and keys", |screen| {
        screen.contains("target: web") && screen.contains("a allow once   A allow always   R refuse")
    });
    assert!(server.called.lock().unwrap().is_empty(), "nothing runs unasked");
    session.insist("A", "the model wants to run `services`", "the next question", |screen| {
        screen.contains("the model wants to run `run`") && screen.contains("it may write: brink cannot undo it")
    });
    assert_eq!(server.called.lock().unwrap().len(), 1);
    assert!(!session.contents().contains("allow always"), "what may write is asked about every time");
    session.press("R");
    session.until("the end", |screen| screen.contains("That is all I could learn.") && !screen.contains("asking…"));
    assert_eq!(server.called.lock().unwrap().len(), 1, "a no is a no");
    session.press("\x03");
    session.ended();
}
