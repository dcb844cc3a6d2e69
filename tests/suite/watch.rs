//! Watches against a server that follows the protocol, and one that does not.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use brink::{
    base::Uid,
    cluster::{
        Batch, Delta, Kind, Row, Scope, Source,
        columns::{Column, View},
        io::watch,
        pods::PodRow,
        table::TableRow,
    },
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::loopback::{
    kubeconfig::Kubeconfig,
    server::{Reply, Seen, Server},
};

fn uid(n: u32) -> String {
    format!("00000000-0000-0000-0000-{n:012}")
}

fn pod(n: u32, version: u32) -> Value {
    json!({
        "metadata": {"name": format!("pod-{n}"), "namespace": "shop", "uid": uid(n), "resourceVersion": version.to_string(),
            "labels": {"app": "web"}, "managedFields": [{"manager": "x"}]},
        "spec": {"containers": [{"name": "main"}], "nodeName": "node-1"},
        "status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": null,
            "containerStatuses": [{"name": "main", "ready": true, "restartCount": 0, "state": {"running": {}}}]},
    })
}

fn event(what: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": what, "object": object}))
}

fn bookmark(version: u32, ends: bool) -> String {
    let notes = if ends { json!({"k8s.io/initial-events-end": "true"}) } else { json!({}) };
    event(
        "BOOKMARK",
        &json!({"kind": "Pod", "metadata": {"resourceVersion": version.to_string(), "annotations": notes}, "spec": {"containers": null}}),
    )
}

fn gone() -> String {
    event("ERROR", &json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}))
}

/// Sends these pieces and leaves the stream open as long as the sender is kept.
fn stream(pieces: impl IntoIterator<Item = Option<String>>) -> (Reply, mpsc::UnboundedSender<Option<String>>) {
    let (to, from) = mpsc::unbounded_channel();
    for piece in pieces {
        to.send(piece).unwrap();
    }
    (Reply::Stream(from), to)
}

/// A server whose nth request is answered by the nth script, repeated at the end; the count of pods is always refused.
struct Script {
    server: Server,
}

type Scene = Box<dyn Fn(&Seen) -> Reply + Send + Sync>;

impl Script {
    async fn new(scenes: Vec<Scene>) -> Self {
        let next = Mutex::new(0usize);
        let server = Server::plain(move |seen| {
            if seen.asks("limit=1") {
                return Reply::status(403, "Forbidden", "no counting");
            }
            let mut next = next.lock().unwrap();
            let scene = &scenes[(*next).min(scenes.len() - 1)];
            *next += 1;
            scene(seen)
        })
        .await;
        Self { server }
    }

    /// Requests of the watch itself.
    fn asked(&self) -> Vec<Seen> {
        self.server.seen().into_iter().filter(|seen| !seen.asks("limit=1")).collect()
    }
}

/// Streams that tests keep open.
#[derive(Clone, Default)]
struct Open(Arc<Mutex<Vec<mpsc::UnboundedSender<Option<String>>>>>);

impl Open {
    fn scene(&self, pieces: Vec<Option<String>>) -> Scene {
        let open = self.clone();
        Box::new(move |_| {
            let (reply, sender) = stream(pieces.clone());
            open.0.lock().unwrap().push(sender);
            reply
        })
    }

    fn say(&self, piece: Option<String>) {
        self.0.lock().unwrap().last().unwrap().send(piece).unwrap();
    }

    fn end_all(&self) {
        self.0.lock().unwrap().clear();
    }
}

/// What a screen would hold.
struct Screen<R> {
    from: mpsc::Receiver<Batch<R>>,
    rows: BTreeMap<Uid, R>,
    /// Every state, in order, without repetitions.
    states: Vec<Source>,
    /// The fewest rows shown since they were first complete.
    fewest: Option<usize>,
    _task: tokio::task::JoinHandle<()>,
}

impl Screen<PodRow> {
    fn pods(script: &Script) -> Self {
        let link = Kubeconfig::new(&script.server.url()).connect().unwrap();
        Self::of(|to| watch::pods(link, Scope::namespace("shop"), to))
    }

    fn names(&self) -> Vec<&str> {
        self.rows.values().map(|row| row.name.as_str()).collect()
    }
}

impl<R: Row> Screen<R> {
    fn of<F: Future<Output = ()> + Send + 'static>(start: impl FnOnce(mpsc::Sender<Batch<R>>) -> F) -> Self {
        let (to, from) = mpsc::channel(watch::CHANNEL);
        Self { from, rows: BTreeMap::new(), states: Vec::new(), fewest: None, _task: tokio::spawn(start(to)) }
    }

    /// Takes batches until the screen looks so.
    async fn until(&mut self, what: &str, look: impl Fn(&Self) -> bool) {
        while !look(self) {
            let next = tokio::time::timeout(Duration::from_secs(20), self.from.recv()).await;
            let batch =
                next.unwrap_or_else(|_| panic!("never: {what}; states {:?}", self.states)).expect("the watch goes on");
            for delta in batch.deltas {
                match delta {
                    Delta::Upsert(row) => drop(self.rows.insert(row.uid(), row)),
                    Delta::Remove(uid) => drop(self.rows.remove(&uid)),
                }
            }
            if batch.source == Source::Live || self.fewest.is_some() {
                self.fewest = Some(self.fewest.unwrap_or(usize::MAX).min(self.rows.len()));
            }
            if self.states.last() != Some(&batch.source) {
                self.states.push(batch.source);
            }
        }
    }

    fn state(&self) -> &Source {
        self.states.last().unwrap()
    }

    fn live(&self) -> bool {
        self.states.last() == Some(&Source::Live)
    }
}

#[tokio::test]
async fn a_streamed_list_shows_rows_as_they_arrive_and_then_follows() {
    let open = Open::default();
    let script = Script::new(vec![open.scene(vec![Some(event("ADDED", &pod(1, 5)))])]).await;
    let mut screen = Screen::pods(&script);
    screen.until("the first row", |screen| screen.rows.len() == 1).await;
    assert!(matches!(screen.state(), Source::Loading { seen: 1, .. }), "{:?}", screen.states);
    open.say(Some(event("ADDED", &pod(2, 6)) + &bookmark(9, true)));
    screen.until("live", Screen::live).await;
    assert_eq!(screen.names(), ["pod-1", "pod-2"]);
    let mut changed = pod(2, 10);
    changed["status"]["containerStatuses"][0]["state"] = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    open.say(Some(event("MODIFIED", &changed)));
    screen.until("the change", |screen| screen.rows.values().any(|row| &*row.status == "CrashLoopBackOff")).await;
    open.say(Some(event("DELETED", &pod(1, 11))));
    screen.until("the removal", |screen| screen.rows.len() == 1).await;
    let asked = script.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].plain(), "/api/v1/namespaces/shop/pods");
    for pair in ["watch=1", "sendInitialEvents=true", "resourceVersionMatch=NotOlderThan", "allowWatchBookmarks=true"] {
        assert!(asked[0].asks(pair), "{pair}: {}", asked[0].path);
    }
}

#[tokio::test]
async fn an_ended_stream_goes_on_from_the_last_version_seen() {
    let open = Open::default();
    let script = Script::new(vec![
        open.scene(vec![Some(event("ADDED", &pod(1, 5)) + &bookmark(9, true)), Some(event("MODIFIED", &pod(1, 12)))]),
        open.scene(vec![Some(bookmark(20, false))]),
        open.scene(vec![Some(event("ADDED", &pod(2, 21)))]),
    ])
    .await;
    let mut screen = Screen::pods(&script);
    screen.until("live", Screen::live).await;
    open.end_all();
    super::loopback::until("the second stream", || async { (script.asked().len() == 2).then_some(()) }).await;
    open.end_all();
    screen.until("the new pod", |screen| screen.rows.len() == 2).await;
    let asked = script.asked();
    assert!(asked[1].asks("resourceVersion=12") && !asked[1].asks("sendInitialEvents=true"), "{}", asked[1].path);
    assert!(asked[2].asks("resourceVersion=20"), "{}", asked[2].path);
    assert!(screen.states.iter().all(|state| !matches!(state, Source::Broken { .. })), "{:?}", screen.states);
}

#[tokio::test]
async fn gone_lists_anew_without_emptying_the_screen() {
    let open = Open::default();
    let first = event("ADDED", &pod(1, 5)) + &event("ADDED", &pod(2, 6)) + &bookmark(9, true) + &gone();
    let script = Script::new(vec![
        open.scene(vec![Some(first)]),
        open.scene(vec![Some(event("ADDED", &pod(2, 6)) + &event("ADDED", &pod(3, 30)) + &bookmark(40, true))]),
    ])
    .await;
    let mut screen = Screen::pods(&script);
    screen.until("the second list", |screen| screen.live() && screen.names() == ["pod-2", "pod-3"]).await;
    assert!(screen.fewest.unwrap() >= 2, "the screen was emptied: {:?}", screen.states);
    assert!(script.asked()[1].asks("sendInitialEvents=true"));
}

#[tokio::test]
async fn a_cut_in_the_middle_of_a_list_begins_again_and_keeps_what_came() {
    let open = Open::default();
    let script = Script::new(vec![
        open.scene(vec![Some(event("ADDED", &pod(1, 5)) + "{\"type\":\"ADDED\",\"obj"), None]),
        open.scene(vec![Some(event("ADDED", &pod(2, 6)) + &bookmark(9, true))]),
    ])
    .await;
    let mut screen = Screen::pods(&script);
    screen.until("live", Screen::live).await;
    assert_eq!(screen.names(), ["pod-2"], "what the second list did not bring is gone at its end");
}

fn page(pods: &[Value], next: &str, version: u32) -> Reply {
    Reply::json(
        &json!({"kind": "PodList", "metadata": {"resourceVersion": version.to_string(), "continue": next}, "items": pods}),
    )
}

#[tokio::test]
async fn a_server_without_streaming_lists_is_listed_in_pages_and_that_is_remembered() {
    for code in [400, 422] {
        let open = Open::default();
        let script = Script::new(vec![
            Box::new(move |_| Reply::status(code, "Invalid", "sendInitialEvents is forbidden")),
            Box::new(|_| page(&[pod(1, 5)], "next token", 9)),
            Box::new(|_| page(&[pod(2, 6)], "", 9)),
            open.scene(vec![Some(event("ADDED", &pod(3, 10)))]),
        ])
        .await;
        let link = Kubeconfig::new(&script.server.url()).connect().unwrap();
        let mut screen = Screen::of(|to| watch::pods(link.clone(), Scope::default(), to));
        screen.until("all", |screen| screen.live() && screen.rows.len() == 3).await;
        let asked = script.asked();
        assert!(
            asked[1].asks("limit=500") && asked[2].asks("continue=next%20token"),
            "{} {}",
            asked[1].path,
            asked[2].path
        );
        assert_eq!(asked[1].header("accept-encoding"), ["gzip"]);
        assert!(asked[3].asks("watch=1") && asked[3].asks("resourceVersion=9"));
        let other = Screen::of(|to| watch::pods(link, Scope::default(), to));
        super::loopback::until("another watch", || async { (script.asked().len() > 4).then_some(()) }).await;
        assert!(script.asked()[4].asks("limit=500"), "{}", script.asked()[4].path);
        drop(other);
    }
}

#[tokio::test]
async fn a_server_that_never_ends_the_initial_events_is_listed_in_pages() {
    let open = Open::default();
    let script = Script::new(vec![
        open.scene(vec![Some(event("ADDED", &pod(1, 5)))]),
        Box::new(|_| page(&[pod(1, 5), pod(2, 6)], "", 9)),
        open.scene(vec![]),
    ])
    .await;
    let mut screen = Screen::pods(&script);
    screen.until("live", Screen::live).await;
    assert_eq!(screen.names(), ["pod-1", "pod-2"]);
}

#[tokio::test]
async fn missing_rights_and_missing_kinds_are_states_of_their_own() {
    let script = Script::new(vec![Box::new(|_| Reply::status(403, "Forbidden", "pods is forbidden"))]).await;
    let mut screen = Screen::pods(&script);
    screen.until("forbidden", |screen| matches!(screen.states.last(), Some(Source::Forbidden { .. }))).await;
    let Source::Forbidden { what } = screen.state() else { unreachable!() };
    assert_eq!(
        what,
        "cannot list pods in shop: needs get,list,watch pods\nkubectl --context test auth can-i list pods -n shop"
    );

    let script = Script::new(vec![Box::new(|_| Reply::Whole(404, vec![], "404 page not found".to_owned()))]).await;
    let link = Kubeconfig::new(&script.server.url()).connect().unwrap();
    let routes = Kind::namespaced("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes");
    let mut screen: Screen<PodRow> = Screen::of(|to| watch::objects(link, routes, Scope::default(), |_| None, to));
    screen.until("absent", |screen| matches!(screen.states.last(), Some(Source::Absent { .. }))).await;
    let Source::Absent { what } = screen.state() else { unreachable!() };
    assert!(what.contains("httproutes.gateway.networking.k8s.io"), "{what}");
}

#[tokio::test]
async fn a_busy_or_refusing_server_is_shown_and_tried_again() {
    let open = Open::default();
    let busy = |_: &Seen| Reply::Whole(429, vec![("retry-after", "1".to_owned())], String::new());
    let script = Script::new(vec![
        Box::new(busy),
        Box::new(|_| Reply::status(401, "Unauthorized", "Unauthorized")),
        Box::new(|_| Reply::Cut),
        open.scene(vec![Some(event("ADDED", &pod(1, 5)) + &bookmark(9, true))]),
    ])
    .await;
    let mut screen = Screen::pods(&script);
    screen.until("live", Screen::live).await;
    let broken: Vec<(&str, Duration)> = screen
        .states
        .iter()
        .filter_map(|state| match state {
            Source::Broken { cause, retry } => Some((cause.as_str(), *retry)),
            _ => None,
        })
        .collect();
    assert_eq!(broken.len(), 3, "{:?}", screen.states);
    assert!(broken[0].1 >= Duration::from_secs(1), "Retry-After is kept: {broken:?}");
    assert!(broken[1].0.contains("log in"), "{broken:?}");
    assert!(broken[2].0.contains("the connection broke"), "{broken:?}");
}

#[tokio::test]
async fn nonsense_from_the_server_is_shown_and_survived() {
    let open = Open::default();
    let script = Script::new(vec![
        open.scene(vec![Some("<html>\n".to_owned())]),
        open.scene(vec![Some(event("ADDED", &json!({"metadata": 7})))]),
        open.scene(vec![Some(event("NEWS", &json!({})) + "\n" + &event("ADDED", &pod(1, 5)) + &bookmark(9, true))]),
    ])
    .await;
    let mut screen = Screen::pods(&script);
    screen.until("live", Screen::live).await;
    assert_eq!(screen.names(), ["pod-1"]);
    assert!(screen.states.iter().any(|state| matches!(state, Source::Broken { .. })));
}

#[tokio::test]
async fn a_watch_ends_with_its_receiver() {
    let open = Open::default();
    let script = Script::new(vec![open.scene(vec![Some(bookmark(9, true))])]).await;
    let link = Kubeconfig::new(&script.server.url()).connect().unwrap();
    let (to, mut from) = mpsc::channel(1);
    let task = tokio::spawn(watch::pods(link, Scope::default(), to));
    while from.recv().await.unwrap().source != Source::Live {}
    drop(from);
    tokio::time::timeout(Duration::from_secs(20), task).await.expect("the watch ends").unwrap();
}

#[tokio::test]
async fn a_slow_screen_slows_the_stream_and_loses_nothing() {
    let open = Open::default();
    let many: Vec<Option<String>> =
        (1..=5000).map(|n| Some(event("ADDED", &pod(n, n)))).chain([Some(bookmark(9000, true))]).collect();
    let script = Script::new(vec![open.scene(many)]).await;
    let link = Kubeconfig::new(&script.server.url()).connect().unwrap();
    let (to, from) = mpsc::channel(1);
    let task = tokio::spawn(watch::pods(link, Scope::default(), to));
    let mut screen = Screen { from, rows: BTreeMap::new(), states: Vec::new(), fewest: None, _task: task };
    screen.until("all", Screen::live).await;
    assert_eq!(screen.rows.len(), 5000);
    let rows: Vec<&PodRow> = screen.rows.values().collect();
    assert!(Arc::ptr_eq(&rows[0].labels, &rows[4999].labels) && Arc::ptr_eq(&rows[0].node, &rows[4999].node), "shared");
}

#[tokio::test]
async fn any_kind_is_watched_as_the_servers_table() {
    let table = |columns: Value, cells: Value, n: u32| {
        json!({"kind": "Table", "columnDefinitions": columns, "rows": [{"cells": cells, "object": {"metadata": {
            "name": format!("r-{n}"), "namespace": "shop", "uid": uid(n), "resourceVersion": "5", "creationTimestamp": "2026-01-01T00:00:00Z",
            "ownerReferences": [{"kind": "Part", "name": "p", "controller": null}, {"kind": "Whole", "name": "w", "controller": true}]}}}]})
    };
    let columns = json!([{"name": "Name", "type": "string", "priority": 0}, {"name": "Hosts\u{1b}[2J", "type": "string", "priority": 1}]);
    let mark = json!({"kind": "Table", "columnDefinitions": null, "rows": [{"cells": ["", "0/0"], "object": {"metadata": {
        "resourceVersion": "9", "annotations": {"k8s.io/initial-events-end": "true"}}}}]});
    let first = table(columns, json!(["r-1", ["a", "b"]]), 1);
    let second = table(Value::Null, json!(["r-2", null]), 2);
    let open = Open::default();
    let pieces = event("ADDED", &first) + &event("ADDED", &second) + &event("BOOKMARK", &mark);
    let script = Script::new(vec![open.scene(vec![Some(pieces)])]).await;
    let link = Kubeconfig::new(&script.server.url()).connect().unwrap();
    let kind = Kind::namespaced("x.io", "v1", "Thing", "things");
    let mut screen: Screen<TableRow> =
        Screen::of(|to| watch::table(link, kind, Scope { labels: "a in (b,c)".to_owned(), ..Scope::default() }, to));
    screen.until("live", Screen::live).await;
    let rows: Vec<&TableRow> = screen.rows.values().collect();
    assert_eq!(rows.len(), 2, "the bookmark's bogus row is nobody's");
    assert_eq!(rows[0].cells, ["r-1", "[\"a\",\"b\"]"]);
    assert_eq!(rows[1].cells, ["r-2", ""]);
    assert_eq!(rows[1].columns[1].name, "Hosts");
    assert_eq!(rows[1].owner.as_ref().map(|owner| &*owner.kind), Some("Whole"));
    assert_eq!(rows[0].created, "2026-01-01T00:00:00Z".parse().ok());
    let asked = script.asked();
    assert!(asked[0].header("accept")[0].contains("as=Table") && asked[0].asks("includeObject=Metadata"));
    assert!(asked[0].asks("labelSelector=a%20in%20(b,c)"), "{}", asked[0].path);
}

#[tokio::test]
async fn columns_of_a_persons_own_are_made_of_the_whole_objects() {
    let columns = json!([
        {"name": "Name", "type": "string", "priority": 0}, {"name": "Hosts", "type": "string", "priority": 0},
        {"name": "Age", "type": "string", "priority": 0},
    ]);
    let thing = |n: u32, image: &str, head: &Value| {
        json!({"kind": "Table", "columnDefinitions": head, "rows": [{"cells": [format!("r-{n}"), "a", "5d"], "object": {
            "metadata": {"name": format!("r-{n}"), "namespace": "shop", "uid": uid(n), "resourceVersion": "5"},
            "spec": {"image": image, "ports": [{"port": 80}, {"port": 443}]}}}]})
    };
    let mark = json!({"kind": "Table", "columnDefinitions": null, "rows": [{"cells": ["", "", ""], "object": {"metadata": {
        "resourceVersion": "9", "annotations": {"k8s.io/initial-events-end": "true"}}}}]});
    let open = Open::default();
    let pieces = event("ADDED", &thing(1, "web:1\u{1b}[2J", &columns))
        + &event("ADDED", &thing(2, "web:2", &Value::Null))
        + &event("BOOKMARK", &mark);
    let script = Script::new(vec![open.scene(vec![Some(pieces)])]).await;
    let link = Kubeconfig::new(&script.server.url()).connect().unwrap();
    let mut view = View::of("things").unwrap();
    view.columns = ["AGE", "IMAGE:.spec.image", "NAME", "PORTS:.spec.ports[*].port|W", "CPU", "HOSTS|H"]
        .map(|text| Column::parse(text).unwrap())
        .to_vec();
    let kind = Kind::namespaced("x.io", "v1", "Thing", "things");
    let mut screen: Screen<TableRow> = Screen::of(|to| watch::view(link, kind, Scope::default(), Arc::new(view), to));
    screen.until("live", Screen::live).await;
    let rows: Vec<&TableRow> = screen.rows.values().collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].cells, ["5d", "web:1", "r-1", "80,443"], "and nothing of the terminal's");
    assert_eq!(rows[1].cells, ["5d", "web:2", "r-2", "80,443"]);
    let head: Vec<(&str, i32)> = rows[1].columns.iter().map(|one| (one.name.as_str(), one.priority)).collect();
    assert_eq!(
        head,
        [("AGE", 0), ("IMAGE", 0), ("NAME", 0), ("PORTS", 1)],
        "what is hidden and what nobody prints is left out"
    );
    assert!(script.asked()[0].asks("includeObject=Object"));
}

#[tokio::test]
async fn objects_become_rows_by_a_function_which_may_leave_some_out() {
    let open = Open::default();
    let object = |n: u32, shown: bool, version: u32| json!({"metadata": {"name": format!("o-{n}"), "uid": uid(n), "resourceVersion": version.to_string()}, "shown": shown});
    let pieces = event("ADDED", &object(1, true, 1)) + &event("ADDED", &object(2, false, 2)) + &bookmark(9, true);
    let script = Script::new(vec![open.scene(vec![Some(pieces)])]).await;
    let link = Kubeconfig::new(&script.server.url()).connect().unwrap();
    let kind = Kind::namespaced("x.io", "v1", "Thing", "things");
    let make = |object: &brink::cluster::Manifest| {
        assert_eq!((object.api_version(), object.kind()), ("x.io/v1", "Thing"));
        let shown = object.at(&["shown"]).and_then(Value::as_bool) == Some(true);
        shown.then(|| brink::cluster::namespaces::NamespaceRow::of(object)).flatten()
    };
    let mut screen = Screen::of(|to| watch::objects(link, kind, Scope::default(), make, to));
    screen.until("live", Screen::live).await;
    assert_eq!(screen.rows.len(), 1);
    open.say(Some(event("MODIFIED", &object(2, true, 10))));
    screen.until("the second appears", |screen| screen.rows.len() == 2).await;
    open.say(Some(event("MODIFIED", &object(1, false, 11))));
    screen.until("the first goes", |screen| screen.rows.len() == 1).await;
}
