//! Logs: bounded, safe, followed across a cut connection without a line lost or doubled.

use std::{sync::Mutex, time::Duration};

use brink::cluster::{
    Source,
    io::logs,
    logs::{Back, LogBatch, LogLine, LogRequest},
};
use tokio::sync::mpsc;

use super::loopback::{
    kubeconfig::Kubeconfig,
    server::{Reply, Server},
};

fn request() -> LogRequest {
    LogRequest {
        namespace: "shop".to_owned(),
        pod: "web".to_owned(),
        container: Some("main".to_owned()),
        follow: false,
        previous: false,
        tail: None,
        since: None,
    }
}

/// Reads until the log ends or no more is to be expected.
async fn read(server: &Server, request: LogRequest) -> (Vec<String>, Vec<Source>) {
    let (lines, states) = read_lines(server, request).await;
    (lines.iter().map(|line| line.text.to_string()).collect(), states)
}

async fn read_lines(server: &Server, request: LogRequest) -> (Vec<LogLine>, Vec<Source>) {
    let link = Kubeconfig::new(&server.url()).connect().unwrap();
    let (to, mut from) = mpsc::channel::<LogBatch>(4);
    let task = tokio::spawn(logs::read(link, request, to));
    let (mut lines, mut states) = (Vec::new(), Vec::new());
    while let Some(batch) = tokio::time::timeout(Duration::from_secs(20), from.recv()).await.expect("the log ends") {
        lines.extend(batch.lines);
        if states.last() != Some(&batch.source) {
            states.push(batch.source);
        }
    }
    task.await.unwrap();
    (lines, states)
}

#[tokio::test]
async fn a_log_is_read_to_its_end_and_made_safe() {
    let text = "2026-01-01T00:00:01.5Z plain\n2026-01-01T00:00:02Z \u{1b}[31mred\u{1b}[0m\ttab\r\n2026-01-01T00:00:03Z \nno time\nlast";
    let server = Server::plain(move |_| Reply::Whole(200, vec![], text.to_owned())).await;
    let (lines, states) = read(
        &server,
        LogRequest { tail: Some(5), since: Some(Duration::from_millis(100)), previous: true, ..request() },
    )
    .await;
    assert_eq!(lines, ["plain", "red    tab", "", "no time", "last"]);
    assert_eq!(states, [Source::Live, Source::Idle]);
    let seen = &server.seen()[0];
    assert_eq!(seen.plain(), "/api/v1/namespaces/shop/pods/web/log");
    for pair in ["container=main", "previous=true", "tailLines=5", "sinceSeconds=1", "timestamps=true"] {
        assert!(seen.asks(pair), "{pair}: {}", seen.path);
    }
    let (lines, _) = read_lines(&server, request()).await;
    assert_eq!(lines[0].stamped(), "2026-01-01T00:00:01.5Z plain");
    assert_eq!((lines[0].writer.pod.as_str(), lines[0].writer.container.as_str()), ("web", "main"));
}

#[tokio::test]
async fn how_far_back_is_said_to_the_server() {
    let server = Server::plain(|_| Reply::Whole(200, vec![], "2026-01-01T00:00:01Z a\n".to_owned())).await;
    let mut back = Back::default();
    for (since, tail) in [
        (None, "500"),
        (Some("60"), "10000"),
        (Some("300"), "10000"),
        (Some("900"), "10000"),
        (Some("1800"), "10000"),
        (Some("3600"), "10000"),
        (None, "10000"),
    ] {
        read(&server, LogRequest { tail: Some(back.tail()), since: back.since(), ..request() }).await;
        let seen = server.seen().pop().unwrap();
        assert!(seen.asks(&format!("tailLines={tail}")), "{back:?}: {}", seen.path);
        match since {
            Some(seconds) => assert!(seen.asks(&format!("sinceSeconds={seconds}")), "{back:?}: {}", seen.path),
            None => assert!(!seen.path.contains("sinceSeconds"), "{back:?}: {}", seen.path),
        }
        back = back.next();
    }
    assert_eq!(back, Back::default(), "it goes round");
}

#[tokio::test]
async fn a_cut_log_is_resumed_without_losing_or_repeating_a_line() {
    let turn = Mutex::new(0);
    let server = Server::plain(move |_| {
        let mut turn = turn.lock().unwrap();
        *turn += 1;
        let (to, from) = mpsc::unbounded_channel();
        let say = |text: &str| to.send(Some(text.to_owned())).unwrap();
        if *turn == 1 {
            say("2026-01-01T00:00:01.1Z a\n2026-01-01T00:00:01.2Z b\n");
            to.send(None).unwrap();
        } else {
            say("2026-01-01T00:00:01.1Z a\n2026-01-01T00:00:01.2Z b\n2026-01-01T00:00:01.3Z c\n");
        }
        Reply::Stream(from)
    })
    .await;
    let (lines, states) = read(&server, LogRequest { follow: true, tail: Some(10), ..request() }).await;
    assert_eq!(lines, ["a", "b", "c"]);
    assert!(matches!(&states[1], Source::Broken { .. }), "{states:?}");
    assert_eq!(states.last(), Some(&Source::Idle));
    let again = &server.seen()[1];
    assert!(
        again.path.contains("sinceTime=2026-01-01T00:00:01Z") && !again.path.contains("tailLines"),
        "{}",
        again.path
    );
}

/// More than socket and channel can hold: whoever waited for the screen would never come to its end.
#[tokio::test]
async fn a_screen_that_does_not_keep_up_loses_the_oldest_lines_and_the_log_goes_on() {
    const ALL: usize = 60_000;
    let (done, sent) = tokio::sync::oneshot::channel();
    let done = Mutex::new(Some(done));
    let server = Server::plain(move |_| {
        let (to, from) = mpsc::unbounded_channel();
        for at in 0..ALL {
            to.send(Some(format!("2026-01-01T00:00:00Z {at:06} {}\n", "x".repeat(400)))).unwrap();
        }
        to.send(None).unwrap();
        let done = done.lock().unwrap().take();
        tokio::spawn(async move {
            to.closed().await;
            done.map(|done| done.send(()))
        });
        Reply::Stream(from)
    })
    .await;
    let link = Kubeconfig::new(&server.url()).connect().unwrap();
    let (to, mut from) = mpsc::channel::<LogBatch>(4);
    tokio::spawn(logs::read(link, request(), to));
    let read = tokio::time::timeout(Duration::from_mins(1), sent).await;
    read.expect("the log is read although nobody takes its lines").unwrap();
    let (mut kept, mut dropped, mut last) = (0, 0, String::new());
    while let Some(batch) = from.recv().await {
        dropped += usize::try_from(batch.dropped).unwrap();
        if let Some(line) = batch.lines.last() {
            // What is dropped is missing exactly before the batch that says so.
            kept += batch.lines.len();
            assert_eq!(line.text[..6].parse::<usize>().unwrap() + 1, kept + dropped);
            last = line.text.to_string();
        }
    }
    assert!(dropped > 10_000 && last.starts_with("059999"), "{kept} {dropped} {last}");
    assert_eq!(kept + dropped, ALL);
}

#[tokio::test]
async fn a_line_without_end_is_split() {
    let server = Server::plain(|_| Reply::Whole(200, vec![], "x".repeat(100_000))).await;
    let (lines, _) = read(&server, request()).await;
    assert!(lines.len() > 5 && lines.iter().all(|line| line.len() <= 16 << 10), "{}", lines.len());
    assert_eq!(lines.iter().map(String::len).sum::<usize>(), 100_000);
}

#[tokio::test]
async fn a_refused_log_says_why() {
    let server =
        Server::plain(|_| Reply::status(400, "BadRequest", "previous terminated container \"main\" not found")).await;
    let (lines, states) = read(&server, request()).await;
    assert!(lines.is_empty());
    assert!(
        matches!(&states[..], [Source::Broken { cause, .. }] if cause.contains("previous terminated")),
        "{states:?}"
    );
    let server = Server::plain(|_| Reply::status(403, "Forbidden", "pods \"web\" is forbidden")).await;
    let (_, states) = read(&server, LogRequest { follow: true, ..request() }).await;
    assert!(matches!(&states[..], [Source::Forbidden { .. }]), "{states:?}");
}
