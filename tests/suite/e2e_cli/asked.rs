//! A person at a terminal: the preview, a question, an answer.

use std::{
    io::{Read, Write},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use super::Shop;

/// Runs the binary on a terminal of its own; answers the question with `answer` when `question` has appeared.
fn asked(shop: &Shop, words: &[&str], question: &str, answer: &str) -> (u32, String) {
    asked_after(shop, words, "", question, answer)
}

/// The same, with keys that were pressed before there was a question.
fn asked_after(shop: &Shop, words: &[&str], early: &str, question: &str, answer: &str) -> (u32, String) {
    let pair = native_pty_system().openpty(PtySize { rows: 50, cols: 200, ..PtySize::default() }).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_brink"));
    command.env_clear();
    for (key, value) in shop.home.environment() {
        command.env(key, value);
    }
    command.cwd(shop.home.path());
    command.args(words);
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let (mut reader, mut writer) = (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
    writer.write_all(early.as_bytes()).unwrap();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = reader.read(&mut bytes) {
            if tell.send(bytes[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    let patience = Instant::now() + Duration::from_mins(1);
    let (mut said, mut answered) = (Vec::new(), false);
    while let Ok(bytes) = told.recv_timeout(patience.saturating_duration_since(Instant::now())) {
        said.extend(bytes);
        if !answered && String::from_utf8_lossy(&said).contains(question) {
            answered = true;
            writer.write_all(answer.as_bytes()).unwrap();
        }
    }
    let text = String::from_utf8_lossy(&said).into_owned();
    assert!(answered, "never asked {question:?}: {text}");
    (child.wait().unwrap().exit_code(), text)
}

#[test]
fn a_person_is_shown_the_preview_and_asked() {
    let Some(shop) = Shop::open("cli-asked") else { return };
    let before = shop.state();
    let scale = ["fault", "apply", "scale", "deployment/web", "--set", "replicas=3"];
    let (code, text) = asked(&shop, &scale, "apply? [y/N]", "n\n");
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("-  replicas: 4") && text.contains("+  replicas: 3"), "{text}");
    assert!(text.contains("the answer was no"), "{text}");
    assert_eq!(shop.state(), before);

    let (code, text) = asked(&shop, &scale, "apply? [y/N]", "y\n");
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("active: Scale"), "{text}");
    let open = shop.brink(&["fault", "list", "-o", "json"]).json();
    let mine =
        |view: &&serde_json::Value| view["title"].as_str().is_some_and(|title| title.contains("web from 4 to 3"));
    let view = open["injections"].as_array().unwrap().iter().find(mine).unwrap_or_else(|| panic!("not open: {open}"));
    assert_eq!(view["approved_by"], "key");
    assert_eq!(shop.brink(&["abort", view["injection"].as_str().unwrap()]).code, 1, "pods have new names");
    assert_eq!(shop.state(), before);
}

#[test]
fn keys_pressed_before_the_question_answer_nothing() {
    let Some(shop) = Shop::open("cli-early") else { return };
    let before = shop.state();
    let scale = ["fault", "apply", "scale", "deployment/web", "--set", "replicas=3"];
    let (code, text) = asked_after(&shop, &scale, "y\ny\n", "apply? [y/N]", "n\n");
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("the answer was no"), "{text}");
    assert_eq!(shop.state(), before);
}

#[test]
fn what_needs_confirmation_wants_the_name_typed() {
    let Some(shop) = Shop::open("cli-typed") else { return };
    let before = shop.state();
    let deny = ["fault", "apply", "authz-deny", "service/web"];
    for answer in ["y\n", "\n", "Web\n"] {
        let (code, text) = asked(&shop, &deny, "type web to apply", answer);
        assert_eq!(code, 1, "{text}");
        assert_eq!(shop.state(), before);
    }
    let (code, text) = asked(&shop, &deny, "type web to apply", "web\n");
    assert_eq!(code, 0, "{text}");
    assert_ne!(shop.state(), before);
}
