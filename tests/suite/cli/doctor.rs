//! What the doctor says of the agent: which model, whether a key is there, whether the address answers. Never the key.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use rstest::rstest;

use super::{Home, Ran};

const KEY: &str = "sk-hunter2-0123456789abcdef";

/// A provider that answers everything with this. Gives its address and what it was asked.
fn provider(status: u16, body: &'static str) -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<String>> = Arc::default();
    let heard = asked.clone();
    thread::spawn(move || {
        for tcp in listener.incoming() {
            let mut tcp = tcp.unwrap();
            let (mut raw, mut more) = (Vec::new(), [0; 4096]);
            while !raw.windows(4).any(|four| four == b"\r\n\r\n") {
                match tcp.read(&mut more) {
                    Ok(count @ 1..) => raw.extend_from_slice(&more[..count]),
                    _ => break,
                }
            }
            heard.lock().unwrap().push_str(&String::from_utf8_lossy(&raw).to_lowercase());
            let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = tcp.write_all(format!("{head}{body}").as_bytes());
        }
    });
    (url, asked)
}

/// State, words and remedy of a check.
pub(super) fn told(ran: &Ran, name: &str) -> Option<(String, String, String)> {
    assert!(!ran.stdout.contains(KEY) && !ran.stderr.contains(KEY), "the key is shown: {ran:?}");
    let report = ran.json();
    let check = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == name)?.clone();
    let word = |field: &str| check[field].as_str().unwrap().to_owned();
    Some((word("state"), word("detail"), word("fix")))
}

fn doctor(home: &Home, agent: &str) -> Ran {
    home.brink(["doctor", "-o", "json", "--agent", agent])
}

#[test]
fn nobody_to_ask_is_no_failure() {
    let ran = Home::new().brink(["doctor", "-o", "json"]);
    let (state, _, fix) = told(&ran, "agent").unwrap();
    assert_eq!(state, "absent");
    assert!(fix.contains("--agent PROVIDER:MODEL"), "{fix}");
    assert_eq!(told(&ran, "agent key"), None);
}

#[rstest]
#[case("openai", 200, r#"{"data":[{"id":"m"}]}"#, "ok", "answers in", "")]
#[case("anthropic", 200, r#"{"data":[{"id":"m"}]}"#, "ok", "answers in", "")]
#[case("openai", 200, r#"{"data":[{"id":"other"}]}"#, "warn", "does not list m", "agent.model")]
// Small gateways keep no list: that they answer is what counts.
#[case("openai", 404, "no such page", "ok", "answers in", "")]
#[case("openai", 200, "<html>", "ok", "answers in", "")]
#[case(
    "openai",
    401,
    r#"{"error":{"message":"bad key sk-hunter2-0123456789abcdef"}}"#,
    "fail",
    "answered 401",
    "check the key"
)]
#[case("anthropic", 500, "", "fail", "answered 500", "later")]
fn an_address_is_asked_with_the_key(
    #[case] wire: &str,
    #[case] status: u16,
    #[case] body: &'static str,
    #[case] state: &str,
    #[case] detail: &str,
    #[case] fix: &str,
) {
    let (url, asked) = provider(status, body);
    let ran = doctor(&Home::new().with("BRINK_AGENT_KEY", KEY), &format!("{wire}:m@{url}"));
    let (found, words, remedy) = told(&ran, "agent address").unwrap();
    assert_eq!(found, state, "{words}");
    assert!(words.contains(detail) && remedy.contains(fix), "{words}; {remedy}");
    let (state, words, _) = told(&ran, "agent").unwrap();
    assert_eq!((state.as_str(), words), ("ok", format!("{wire}:m at {url}")));
    assert_eq!(told(&ran, "agent key").unwrap().1, "from BRINK_AGENT_KEY");
    let asked = asked.lock().unwrap();
    let (path, header) = match wire {
        "openai" => ("get /models ", format!("authorization: bearer {KEY}")),
        _ => ("get /v1/models ", format!("x-api-key: {KEY}")),
    };
    assert!(asked.contains(path) && asked.contains(&header), "{asked}");
}

#[test]
fn a_missing_key_and_an_address_where_nobody_listens_are_told() {
    let ran = doctor(&Home::new(), "anthropic:claude-m");
    let (state, words, fix) = told(&ran, "agent key").unwrap();
    assert_eq!((state.as_str(), ran.code), ("fail", 1));
    assert!(words.contains("no key for anthropic:claude-m") && fix.contains("set BRINK_AGENT_KEY"), "{words}; {fix}");
    assert_eq!(told(&ran, "agent address"), None, "without a key nothing is asked");

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = doctor(&Home::new(), &format!("openai:m@http://{closed}"));
    assert_eq!(told(&ran, "agent key").unwrap().1, "none, and none is asked for");
    let (state, words, fix) = told(&ran, "agent address").unwrap();
    assert!(state == "fail" && words.contains("cannot reach") && fix.contains("agent.base-url"), "{words}; {fix}");
}

#[test]
fn people_read_the_same() {
    let (url, _) = provider(200, r#"{"data":[{"id":"scripted"}]}"#);
    let text = Home::new().brink(["doctor", "--agent", &format!("openai:scripted@{url}")]).stdout;
    assert!(text.contains("openai:scripted (the scripted model of the demo, no AI) at http://127.0.0.1:"), "{text}");
}
