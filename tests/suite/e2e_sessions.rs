//! Into the pods of the world by the real protocols: logs of many, shells, attached containers, copies, forwarded ports.

use std::{fs, net::Ipv4Addr, sync::LazyLock, time::Duration};

use brink::cluster::{
    Kind, Manifest, ObjectRef, Source,
    api::{Api as _, Read},
    io::{
        connect::Link,
        logs,
        session::{copy, enter, forward},
    },
    logs::{Containers, LogBatch, LogLine, LogWish, Of},
    session::{Copy, Ended, Entering, ForwardView, ForwardWish, Place, SessionError, Standing},
};
use bytes::Bytes;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

use super::{
    cockpit::pty::Session,
    support::{demo::Demo, served},
};

const PATIENCE: Duration = Duration::from_secs(40);

/// One world for all of these.
fn with<F: Future<Output = ()>>(work: impl FnOnce(Link) -> F) {
    static DEMO: LazyLock<Demo> = LazyLock::new(|| Demo::of("shop", 5.0));
    DEMO.wait(async {
        let link = DEMO.live().link().clone();
        timeout(PATIENCE, work(link)).await.expect("in time");
    });
}

fn kind(group: &str, version: &str, kind: &str, plural: &str) -> Kind {
    Kind::namespaced(group, version, kind, plural)
}

/// Ready pods of the shop with a label.
async fn pods(link: &Link, labels: &str) -> Vec<String> {
    let live = brink::cluster::io::live::Live::new(link.clone(), true);
    loop {
        let read = Read::List {
            kind: kind("", "v1", "Pod", "pods"),
            namespace: Some("shop".to_owned()),
            labels: labels.to_owned(),
        };
        let list = live.read(&read).await.unwrap().body;
        let items = list.items(&kind("", "v1", "Pod", "pods"));
        let ready = |pod: &&Manifest| !pod.terminating() && pod.text(&["status", "phase"]) == Some("Running");
        let names: Vec<String> = items.iter().filter(ready).map(|pod| pod.name().to_owned()).collect();
        if !names.is_empty() {
            return names;
        }
        tokio::task::yield_now().await;
    }
}

fn wish(of: Of) -> LogWish {
    LogWish {
        namespace: "shop".to_owned(),
        of,
        containers: Containers::Own,
        follow: true,
        previous: false,
        tail: Some(5),
        since: None,
    }
}

/// Reads until the lines satisfy `holds`.
async fn until(from: &mut mpsc::Receiver<LogBatch>, all: &mut Vec<LogLine>, holds: impl Fn(&[LogLine]) -> bool) {
    while !holds(all) {
        let batch = from.recv().await.expect("the stream goes on");
        if let Source::Broken { cause, .. } | Source::Forbidden { what: cause } = &batch.source {
            panic!("{cause}");
        }
        all.extend(batch.lines);
    }
}

#[test]
fn the_pods_of_a_service_are_read_as_one_and_a_replaced_one_joins() {
    with(|link| async move {
        let service = ObjectRef::new(kind("", "v1", "Service", "services"), "shop", "reviews");
        let before = pods(&link, "app=reviews").await;
        assert!(before.len() > 1, "{before:?}");
        let (to, mut from) = mpsc::channel(8);
        let reading = tokio::spawn(logs::follow(link.clone(), wish(Of::Selected(service)), to));
        let mut lines = Vec::new();
        // Who is there at the beginning is known.
        loop {
            let batch = from.recv().await.unwrap();
            lines.extend(batch.lines);
            if matches!(batch.source, Source::Live) {
                break;
            }
        }
        let api: Api<Pod> = Api::namespaced(link.client().clone(), "shop");
        api.delete(&before[0], &DeleteParams::default()).await.unwrap();
        let notes = |lines: &[LogLine], text: &str| lines.iter().any(|line| line.note && &*line.text == text);
        let joined = |line: &LogLine| line.note && &*line.text == "joins" && !before.contains(&line.writer.pod);
        until(&mut from, &mut lines, |lines| notes(lines, "is gone") && lines.iter().any(joined)).await;
        assert!(lines.iter().all(|line| line.note || line.writer.container == "reviews"), "the own container of each");
        drop(from);
        timeout(PATIENCE, reading).await.expect("it ends with its reader").unwrap();
    });
}

#[test]
fn whoever_selects_no_pods_is_told_so() {
    with(|link| async move {
        let route =
            ObjectRef::new(kind("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"), "shop", "reviews");
        let (to, mut from) = mpsc::channel(8);
        tokio::spawn(logs::follow(link.clone(), wish(Of::Selected(route)), to));
        let batch = from.recv().await.unwrap();
        assert!(!matches!(batch.source, Source::Live), "{:?}", batch.source);
        let (to, mut from) = mpsc::channel(8);
        tokio::spawn(logs::follow(link, wish(Of::Labels("app=nobody".to_owned())), to));
        let mut lines = Vec::new();
        until(&mut from, &mut lines, |lines| {
            lines.iter().any(|line| line.text.contains("no pod of app=nobody in shop"))
        })
        .await;
    });
}

struct Terminal {
    keys: mpsc::Sender<Bytes>,
    shown: mpsc::Receiver<Bytes>,
    size: watch::Sender<(u16, u16)>,
    text: String,
    running: JoinHandle<Result<Ended, SessionError>>,
}

impl Terminal {
    fn open(link: Link, place: Place, entering: Entering) -> Self {
        let (keys, input) = mpsc::channel(8);
        let (output, shown) = mpsc::channel(8);
        let (size, sizes) = watch::channel((80, 24));
        let tty = enter::Tty { input, output, size: sizes };
        let running = tokio::spawn(async move { enter::run(&link, &place, entering, tty).await });
        Self { keys, shown, size, text: String::new(), running }
    }

    async fn press(&self, keys: &str) {
        self.keys.send(Bytes::copy_from_slice(keys.as_bytes())).await.unwrap();
    }

    async fn until(&mut self, part: &str) {
        while !self.text.contains(part) {
            let bytes = self.shown.recv().await.unwrap_or_else(|| panic!("ended before {part}: {}", self.text));
            self.text.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
}

fn place(pod: &str, container: &str) -> Place {
    Place { namespace: "shop".to_owned(), pod: pod.to_owned(), container: Some(container.to_owned()) }
}

#[test]
fn a_shell_runs_in_the_container_and_follows_the_window() {
    with(|link| async move {
        let pod = pods(&link, "app=details").await.remove(0);
        let mut terminal = Terminal::open(link, place(&pod, "details"), Entering::Shell);
        // There is no bash: the next one is taken.
        terminal.until("/ # ").await;
        terminal.press("hostname\r").await;
        terminal.until(&format!("{pod}\r\n")).await;
        terminal.press("stty size\r").await;
        terminal.until("24 80").await;
        terminal.size.send((100, 30)).unwrap();
        // The size goes its own way: asked until it is there.
        while !terminal.text.contains("30 100") {
            terminal.text.clear();
            terminal.press("stty size\r").await;
            terminal.until("# ").await;
        }
        terminal.press("curl x\r").await;
        terminal.until("curl: not found").await;
        terminal.press("exit 4\r").await;
        assert_eq!(terminal.running.await.unwrap(), Ok(Ended::Left(4)));
    });
}

#[test]
fn what_cannot_be_entered_says_why() {
    with(|link| async move {
        let pod = pods(&link, "app=details").await.remove(0);
        let enter = |place: Place| {
            let terminal = Terminal::open(link.clone(), place, Entering::Shell);
            async move { terminal.running.await.unwrap().unwrap_err() }
        };
        let error = enter(place("no-such-pod", "x")).await;
        assert!(error.what.contains("there is no such pod"), "{error}");
        let error = enter(place(&pod, "no-such-container")).await;
        assert!(error.what.contains("the server refuses it"), "{error}");
    });
}

#[test]
fn an_attached_container_is_heard_and_let_go_of() {
    with(|link| async move {
        let pod = pods(&link, "app=reviews").await.remove(0);
        let mut terminal = Terminal::open(link, place(&pod, "reviews"), Entering::Attach);
        terminal.until("ctrl-c lets go").await;
        // Its program says something every moment.
        terminal.until("reviews").await;
        terminal.press("\x03").await;
        assert_eq!(terminal.running.await.unwrap(), Ok(Ended::Detached));
    });
}

#[test]
fn folders_and_files_go_in_and_come_out_again() {
    with(|link| async move {
        let pod = pods(&link, "app=details").await.remove(0);
        let here = tempfile::tempdir().unwrap();
        let path = |name: &str| here.path().join(name).display().to_string();
        fs::create_dir_all(here.path().join("data/deep")).unwrap();
        fs::write(here.path().join("data/deep/one"), "one").unwrap();
        // Larger than any frame.
        let large = vec![7_u8; 300_000];
        fs::write(here.path().join("data/large"), &large).unwrap();
        let side = |remote: &str| format!("{pod}@details:{remote}");
        let parse = |from: &str, to: &str| Copy::parse(from, to, Some("shop")).unwrap();
        copy::run(&link, &parse(&path("data"), &side("/tmp"))).await.unwrap();
        let told = copy::run(&link, &parse(&side("/tmp/data"), &path("back"))).await.unwrap();
        assert!(told.contains("/tmp/data") && told.contains("back"), "{told}");
        assert_eq!(fs::read_to_string(here.path().join("back/deep/one")).unwrap(), "one");
        assert_eq!(fs::read(here.path().join("back/large")).unwrap(), large);
        // One file, under another name.
        copy::run(&link, &parse(&path("data/deep/one"), &side("/tmp/two"))).await.unwrap();
        copy::run(&link, &parse(&side("/tmp/two"), &format!("{}/", here.path().display()))).await.unwrap();
        assert_eq!(fs::read_to_string(here.path().join("two")).unwrap(), "one");
        let error = copy::run(&link, &parse(&side("/tmp/nothing"), &path("x"))).await.unwrap_err();
        assert!(error.what.contains("No such file"), "{error}");
        // Into a folder that is there, as `cp` does it.
        let told = copy::run(&link, &parse(&side("/tmp/data"), &path("back"))).await.unwrap();
        assert!(told.ends_with("back/data"), "{told}");
        let names: Vec<_> = fs::read_dir(here.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(
            names.iter().all(|name| !name.to_string_lossy().starts_with('.')),
            "nothing half-copied stays: {names:?}"
        );
    });
}

/// Asks for a path over a forwarded port.
async fn get(port: u16, path: &str) -> String {
    let mut tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match tcp.read(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(count) => text.extend_from_slice(&piece[..count]),
        }
        if String::from_utf8_lossy(&text).contains("\r\n\r\n{") {
            break;
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

async fn seen(views: &mut mpsc::Receiver<ForwardView>, holds: impl Fn(&ForwardView) -> bool) -> ForwardView {
    loop {
        let view = views.recv().await.expect("it goes on");
        if holds(&view) {
            return view;
        }
    }
}

fn forwarded(of: Of, remote: u16) -> ForwardWish {
    let address = Ipv4Addr::LOCALHOST.into();
    ForwardWish { namespace: "shop".to_owned(), of, address, local: 0, remote }
}

#[test]
fn a_forwarded_service_outlives_its_pods() {
    with(|link| async move {
        let service = ObjectRef::new(kind("", "v1", "Service", "services"), "shop", "details");
        let (to, mut views) = mpsc::channel(8);
        let running = tokio::spawn(forward::run(link.clone(), forwarded(Of::Selected(service), 9080), to));
        let port = seen(&mut views, |_| true).await.local;
        let answer = get(port, "/details/1").await;
        assert!(answer.contains("200 OK") && answer.contains("/details/1"), "{answer}");
        let view = seen(&mut views, |view| view.open == 0 && view.all == 1).await;
        let first = view.pod.clone().unwrap();
        assert!(view.sent > 20 && view.received > 50, "{view:?}");
        assert_eq!(view.standing, Standing::Listening);
        let api: Api<Pod> = Api::namespaced(link.client().clone(), "shop");
        for pod in pods(&link, "app=details").await {
            api.delete(&pod, &DeleteParams::default()).await.unwrap();
        }
        // The connection waits until another pod is ready.
        let mut answer = String::new();
        while !answer.contains("200 OK") || answer.contains(&first) {
            answer = get(port, "/").await;
        }
        drop(views);
        timeout(PATIENCE, running).await.expect("it ends with its reader").unwrap().unwrap();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap_err();
    });
}

#[test]
fn a_port_nobody_listens_on_and_one_that_is_taken_are_told() {
    with(|link| async move {
        let pod = pods(&link, "app=ratings").await.remove(0);
        let (to, mut views) = mpsc::channel(8);
        tokio::spawn(forward::run(link.clone(), forwarded(Of::Pod(pod.clone()), 4), to));
        let port = seen(&mut views, |_| true).await.local;
        assert!(!get(port, "/").await.contains("200 OK"));
        let view = seen(&mut views, |view| view.standing != Standing::Listening).await;
        assert!(matches!(&view.standing, Standing::Failing(why) if why.contains("connection refused")), "{view:?}");
        let (to, _views) = mpsc::channel(8);
        let again = ForwardWish { local: port, ..forwarded(Of::Pod(pod), 9080) };
        let error = forward::run(link, again, to).await.unwrap_err();
        assert!(error.what.contains("cannot listen on 127.0.0.1"), "{error}");
    });
}

#[test]
fn the_terminal_goes_to_a_shell_and_comes_back() {
    let demo = served::Demo::start();
    let words = demo.words("-n shop");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut session = Session::start(120, 40, &words);
    session.until("the pods", |screen| screen.contains("details-"));
    session.press("/details\r");
    session.until("the pod of details", |screen| screen.contains("details-") && !screen.contains("reviews-v1-"));
    session.press("s");
    session.until("the containers", |screen| screen.contains("Shell shop/details-"));
    session.press("\r");
    session.until("the shell", |screen| screen.contains("/ # "));
    session.press("echo $HOSTNAME is entered; stty size\r");
    session.until("the answer", |screen| screen.contains("is entered") && screen.contains("40 120"));
    session.press("exit\r");
    session.until("the pods again", |screen| screen.contains("Pods ") && !screen.contains("/ # "));
    // No key was lost on the way.
    session.press("?");
    session.until("the help", |screen| screen.contains("Help"));
    session.press("q");
    session.until("the pods once more", |screen| !screen.contains("Help"));
    session.press("\x03");
    assert_eq!(session.ended(), 0);
    session.restored();
}
