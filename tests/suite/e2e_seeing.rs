//! Seeing a real API server: pods as kubectl prints them, any kind as a table, objects in words, rights that are missing.

use std::{collections::BTreeMap, time::Duration};

use brink::cluster::{
    Batch, Delta, Kind, ObjectRef, Row, Scope, Source,
    api::{Api, Preconditions, Read, Removal, Trouble, Write},
    io::{cluster_id, connect::Link, discovery, inspect, live::Live, logs, watch},
    logs::LogRequest,
    pods::{MeshMode, PodRow},
    table::TableRow,
};
use serde_json::json;
use tokio::sync::mpsc;

use super::support::world::{World, world};

const PODS: &str = include_str!("e2e_seeing/pods.yaml");

/// What kubectl prints for the stories of the test cluster.
const PRINTED: &[(&str, &str, &str, &str)] = &[
    ("completes", "0/1", "Completed", "0"),
    ("config-error", "0/1", "CreateContainerConfigError", "0"),
    ("crash-loop", "0/2", "CrashLoopBackOff", "14"),
    ("gated", "0/1", "SchedulingGated", "0"),
    ("image-pull", "0/1", "ImagePullBackOff", "0"),
    ("init-crash", "0/1", "Init:CrashLoopBackOff", "4"),
    ("init-wait", "0/1", "Init:1/2", "0"),
    ("never-ready", "0/1", "Running", "0"),
    ("plain", "2/2", "Running", "0"),
];

/// What a screen would hold.
struct Screen<R> {
    from: mpsc::Receiver<Batch<R>>,
    rows: BTreeMap<brink::base::Uid, R>,
    source: Source,
}

impl<R: Row> Screen<R> {
    fn of<F: Future<Output = ()> + Send + 'static>(start: impl FnOnce(mpsc::Sender<Batch<R>>) -> F) -> Self {
        let (to, from) = mpsc::channel(watch::CHANNEL);
        tokio::spawn(start(to));
        Self { from, rows: BTreeMap::new(), source: Source::Idle }
    }

    async fn until(&mut self, what: &str, look: impl Fn(&Self) -> bool) {
        while !look(self) {
            let next = tokio::time::timeout(Duration::from_mins(1), self.from.recv()).await;
            let batch = next.unwrap_or_else(|_| panic!("never: {what}; {:?}", self.source)).expect("the watch goes on");
            for delta in batch.deltas {
                match delta {
                    Delta::Upsert(row) => drop(self.rows.insert(row.uid(), row)),
                    Delta::Remove(uid) => drop(self.rows.remove(&uid)),
                }
            }
            self.source = batch.source;
        }
    }
}

impl Screen<PodRow> {
    fn pod(&self, name: &str) -> Option<&PodRow> {
        self.rows.values().find(|row| row.name == name)
    }

    fn printed(&self) -> BTreeMap<String, [String; 3]> {
        self.rows
            .values()
            .map(|row| {
                let ready = format!("{}/{}", row.ready.0, row.ready.1);
                (row.name.to_string(), [ready, row.status.to_string(), row.restarts.to_string()])
            })
            .collect()
    }
}

/// A watch gets pods as protobuf: its rows are those that the JSON of the same objects gives.
fn same_in_both_encodings(list: &str, screen: &Screen<PodRow>) {
    let list: serde_json::Value = serde_json::from_str(list).unwrap();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), screen.rows.len());
    for item in items {
        let row = brink::cluster::pod_read::row(item.to_string().as_bytes()).unwrap();
        assert_eq!(screen.pod(&row.name), Some(&row));
    }
}

/// The same from the server's own printer; RESTARTS without its age.
fn tabled(screen: &Screen<TableRow>) -> BTreeMap<String, [String; 3]> {
    let restarts = |cell: &str| cell.split(' ').next().unwrap_or_default().to_owned();
    screen
        .rows
        .values()
        .map(|row| {
            (row.name.to_string(), [row.cells[1].to_string(), row.cells[2].to_string(), restarts(&row.cells[3])])
        })
        .collect()
}

fn pod(name: &str) -> ObjectRef {
    ObjectRef::new(Kind::namespaced("", "v1", "Pod", "pods"), "seeing", name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_cluster_is_seen_as_kubectl_sees_it() {
    let Some(world) = world() else { return };
    let link = world.link("admin");
    let mut pods = Screen::of(|to| watch::pods(link.clone(), Scope::namespace("seeing"), to));
    pods.until("an empty list is complete", |screen| screen.source == Source::Live).await;
    world.kubectl(&["apply", "-f", "-"], PODS);

    // Every story, as people know it from kubectl, and word for word as the server's own printer has it.
    let told = |screen: &Screen<PodRow>| {
        let printed = screen.printed();
        PRINTED.iter().all(|(name, ready, status, restarts)| {
            printed.get(*name).is_some_and(|row| *row == [*ready, *status, *restarts].map(str::to_owned))
        })
    };
    pods.until("all stories", told).await;
    let kind = Kind::namespaced("", "v1", "Pod", "pods");
    let mut table = Screen::of(|to| watch::table(link.clone(), kind, Scope::namespace("seeing"), to));
    table.until("the table", |screen| screen.source == Source::Live && screen.rows.len() == 10).await;
    assert_eq!(pods.printed(), tabled(&table));
    assert_eq!(table.rows.values().next().unwrap().columns[2].name, "Status");
    assert_eq!(pods.pod("sidecar").unwrap().mesh, MeshMode::Sidecar);
    assert!(pods.pod("crash-loop").unwrap().last_restart.is_some());
    same_in_both_encodings(&world.kubectl(&["get", "pods", "-n", "seeing", "-o", "json"], ""), &pods);

    // Changes arrive by themselves.
    world.kubectl(&["delete", "pod", "-n", "seeing", "image-pull", "--now"], "");
    pods.until("the deletion", |screen| screen.pod("image-pull").is_none()).await;
    world.kubectl(&["label", "pod", "-n", "seeing", "plain", "app=shop", "--overwrite"], "");
    pods.until("the label", |screen| screen.pod("plain").is_some_and(|row| row.label("app") == Some("shop"))).await;
    table.until("the deletion in the table", |screen| screen.rows.len() == 9).await;

    words(&link).await;
    kinds(&link).await;
    tries(&link).await;
    rights(world).await;
}

/// Objects in words.
async fn words(link: &Link) {
    let text = inspect::describe(link, &pod("crash-loop")).await.unwrap();
    for part in ["CrashLoopBackOff", "OOMKilled", "Restart Count:    7", "Successfully assigned seeing/crash-loop"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    let secret = ObjectRef::new(Kind::namespaced("", "v1", "Secret", "secrets"), "seeing", "secret");
    for text in [inspect::yaml(link, &secret).await.unwrap(), inspect::describe(link, &secret).await.unwrap()] {
        assert!(text.contains("password") && text.contains("<hidden: 7 bytes>"), "{text}");
        assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
    }
    // Fake nodes have no kubelet: the request goes out, and what comes back is said.
    let request = LogRequest {
        namespace: "seeing".to_owned(),
        pod: "plain".to_owned(),
        container: Some("main".to_owned()),
        follow: false,
        previous: false,
        tail: Some(10),
        since: None,
        timestamps: false,
    };
    let (to, mut from) = mpsc::channel(4);
    tokio::spawn(logs::read(link.clone(), request, to));
    let batch = from.recv().await.unwrap();
    assert!(matches!(&batch.source, Source::Broken { cause, .. } if cause.contains("refused")), "{:?}", batch.source);
}

/// What is served, and custom kinds watched.
async fn kinds(link: &Link) {
    let found = discovery::discover(link).await.unwrap();
    assert_eq!(found.find("po").unwrap().kind.plural, "pods");
    assert_eq!(found.find("deploy").unwrap().kind.group, "apps");
    assert!(found.find("pods").unwrap().subresources.iter().any(|one| one == "eviction"));
    assert!(found.has_group("networking.istio.io") && !found.has_group("no.such.group"));
    let routes = found.served("gateway.networking.k8s.io", "HTTPRoute").unwrap().kind.clone();
    let mut screen = Screen::of(|to| watch::table(link.clone(), routes, Scope::all(), to));
    screen.until("the route", |screen| screen.source == Source::Live).await;
    let row = screen.rows.values().find(|row| *row.namespace == *"seeing").unwrap();
    assert_eq!((row.name.as_str(), row.cells[1].as_str()), ("web", "[\"shop.example\"]"));
    let absent = Kind::namespaced("no.such.group", "v1", "Thing", "things");
    let mut screen = Screen::of(|to| watch::table(link.clone(), absent, Scope::all(), to));
    screen.until("absent", |screen| matches!(screen.source, Source::Absent { .. })).await;
    let mut namespaces = Screen::of(|to| watch::namespaces(link.clone(), to));
    namespaces.until("namespaces", |screen| screen.source == Source::Live).await;
    assert!(namespaces.rows.values().any(|row| row.name == "seeing"));
}

/// Dry runs on paths the server documents, built in and custom, and what it refuses.
async fn tries(link: &Link) {
    let live = Live::new(link.clone(), true);
    let route =
        ObjectRef::new(Kind::namespaced("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"), "seeing", "web");
    let add = |path: &str| vec![json!({"op": "add", "path": path, "value": "x"})];
    let label = "/metadata/labels";
    let labels = vec![json!({"op": "add", "path": label, "value": {"tried": "x"}})];
    for write in [Write::Patch(route.clone(), labels.clone()), Write::Patch(pod("plain"), labels)] {
        let answer = live.dry_run(&write).await.unwrap();
        assert_eq!(answer.body.label("tried"), Some("x"));
        assert!(answer.date.is_some());
    }
    live.dry_run(&Write::Evict(pod("plain"), Preconditions::default())).await.unwrap();
    let wrong_uid = Preconditions { uid: Some("another".to_owned()), resource_version: None };
    let trouble = live.dry_run(&Write::Delete(pod("plain"), wrong_uid, Removal::default())).await.unwrap_err();
    assert_eq!(trouble.code(), Some(409), "{trouble}");
    for target in [route, pod("plain")] {
        let trouble = live.dry_run(&Write::Patch(target, add("/spec/nonsense"))).await.unwrap_err();
        assert!(trouble.to_string().contains("unknown field \"spec.nonsense\""), "{trouble}");
        assert!(trouble.to_string().len() < 300, "the object is not quoted: {trouble}");
    }
    let still = live.read(&Read::Get(pod("plain"))).await.unwrap();
    assert!(still.body.label("tried").is_none() && !still.body.terminating(), "nothing was written");
    let id = cluster_id::ask(&live, &[]).await.unwrap();
    assert_eq!((id.uid.len(), id.of.as_str()), (36, "Namespace kube-system"));
}

/// Who may not, and who is not let in.
async fn rights(world: &World) {
    let pods = |context: &str| {
        let link = world.link(context);
        Screen::of(|to| watch::pods(link, Scope::all(), to))
    };
    let mut screen = pods("nobody");
    screen.until("forbidden", |screen| matches!(screen.source, Source::Forbidden { .. })).await;
    for context in ["cert", "viewer"] {
        let mut screen = pods(context);
        screen.until("live", |screen| screen.source == Source::Live).await;
        // Other tests have pods on the same cluster.
        assert_eq!(screen.rows.values().filter(|row| *row.namespace == *"seeing").count(), 9);
    }
    let mut screen = pods("expired");
    screen.until("broken", |screen| matches!(screen.source, Source::Broken { .. })).await;
    assert!(matches!(&screen.source, Source::Broken { cause, .. } if cause.contains("log in")), "{:?}", screen.source);
    let trouble = Live::new(world.link("expired"), false).read(&Read::Path("/version".to_owned())).await.unwrap_err();
    assert!(matches!(&trouble, Trouble::Refused(refusal) if refusal.code == 401), "{trouble}");
}
