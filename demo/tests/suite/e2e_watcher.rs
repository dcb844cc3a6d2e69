//! The watcher of kube sees the same of a real API server and of the world: what is there, what changes, what it missed while it
//! was cut off. By every way of beginning. Where its version is too old it is told all anew: of the world alone, since a real
//! server that has just begun remembers everything from its first version on.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::{Stream, StreamExt as _, TryStreamExt as _};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::{
    Api, Client,
    api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams},
    client::Body,
    runtime::watcher::{self, Event, watcher},
};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    real::real,
    support::{client, living},
};

/// How long an event may take to come.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);

/// Stands between the watcher and the server.
#[derive(Clone)]
struct Between {
    cut: watch::Sender<u32>,
    /// The next watch that goes on asks for a version of long ago.
    stale: Arc<AtomicBool>,
}

impl Between {
    fn new() -> Self {
        Self { cut: watch::Sender::new(0), stale: Arc::default() }
    }

    /// A client whose answers can be cut off.
    fn client(&self, inner: &Client) -> Client {
        let (inner, between) = (inner.clone(), self.clone());
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let (inner, between) = (inner.clone(), between.clone());
            async move {
                let answer = inner.send(between.aged(request)).await?;
                Ok::<_, kube::Error>(answer.map(|body| StreamBody::new(between.cuttable(body))))
            }
        });
        Client::new(service, "default")
    }

    /// A body that ends in the middle when it is cut.
    fn cuttable(&self, body: Body) -> impl Stream<Item = io::Result<Frame<bytes::Bytes>>> + Send + use<> {
        let (mut first, second) = (self.cut.subscribe(), self.cut.subscribe());
        let over = async move { drop(first.changed().await) };
        let told = body.into_data_stream().map_err(io::Error::other).take_until(Box::pin(over));
        let lost = futures::stream::once(async move {
            second.has_changed().unwrap_or(false).then(|| Err(io::Error::from(io::ErrorKind::ConnectionReset)))
        });
        told.chain(lost.filter_map(|lost| async move { lost })).map_ok(Frame::data)
    }

    fn aged(&self, request: http::Request<Body>) -> http::Request<Body> {
        let (mut head, body) = request.into_parts();
        let path = head.uri.to_string();
        let goes_on = path.contains("watch=true") && !path.contains("sendInitialEvents");
        if goes_on && self.stale.swap(false, Ordering::SeqCst) {
            let (before, after) = path.split_once("resourceVersion=").expect("a watch that goes on says from where");
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            head.uri = format!("{before}resourceVersion=1{rest}").parse().unwrap();
        }
        http::Request::from_parts(head, body)
    }
}

/// One server with what a client does to it, beside what a watcher sees.
struct Scene {
    maps: Api<ConfigMap>,
    between: Between,
    seen: Vec<String>,
}

type Seen = std::pin::Pin<Box<dyn Stream<Item = watcher::Result<Event<ConfigMap>>> + Send>>;

impl Scene {
    async fn create(&self, name: &str) {
        let labels = [("scene".to_owned(), "watched".to_owned())].into();
        let metadata = ObjectMeta { name: Some(name.to_owned()), labels: Some(labels), ..ObjectMeta::default() };
        let data = Some([("n".to_owned(), "1".to_owned())].into());
        let map = ConfigMap { metadata, data, ..ConfigMap::default() };
        self.maps.create(&PostParams::default(), &map).await.unwrap();
    }

    async fn patch(&self, name: &str, patch: Value) {
        self.maps.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    async fn set(&self, name: &str, n: &str) {
        self.patch(name, json!({"data": {"n": n}})).await;
    }

    async fn delete(&self, name: &str) {
        self.maps.delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Reads on until something is told.
    async fn until(&mut self, stream: &mut Seen, last: &str) {
        loop {
            let next = tokio::time::timeout(PATIENCE, stream.next()).await;
            let next = next.unwrap_or_else(|_| panic!("{last:?} never came: {:?}", self.seen));
            let line = told(next.expect("a watcher does not end"));
            self.seen.push(line.clone());
            if line == last {
                return;
            }
        }
    }
}

fn told(event: watcher::Result<Event<ConfigMap>>) -> String {
    let shown = |map: ConfigMap| {
        let n = map.data.and_then(|data| data.get("n").cloned()).unwrap_or_default();
        format!("{} {n}", map.metadata.name.unwrap_or_default())
    };
    match event {
        Ok(Event::Init) => "begin".to_owned(),
        Ok(Event::InitApply(map)) => format!("there {}", shown(map)),
        Ok(Event::InitDone) => "all there".to_owned(),
        Ok(Event::Apply(map)) => format!("now {}", shown(map)),
        Ok(Event::Delete(map)) => format!("gone {}", shown(map)),
        Err(watcher::Error::WatchError(status)) => format!("error {}", status.code),
        Err(watcher::Error::WatchFailed(_)) => "cut".to_owned(),
        Err(other) => format!("{other}"),
    }
}

/// Everything a watcher sees of the scenario, with what comes after the server has forgotten or without.
async fn transcript(kubeconfig: &Path, space: &str, config: watcher::Config, forgets: bool) -> Vec<String> {
    let direct = client(kubeconfig, "admin").await;
    let namespace = Namespace {
        metadata: ObjectMeta { name: Some(space.to_owned()), ..ObjectMeta::default() },
        ..Namespace::default()
    };
    Api::<Namespace>::all(direct.clone()).create(&PostParams::default(), &namespace).await.unwrap();
    let between = Between::new();
    let watched: Api<ConfigMap> = Api::namespaced(between.client(&direct), space);
    let mut scene = Scene { maps: Api::namespaced(direct, space), between, seen: Vec::new() };
    scene.create("a").await;
    scene.create("b").await;
    let mut stream: Seen = Box::pin(watcher(watched, config.labels("scene=watched")));
    scene.until(&mut stream, "all there").await;

    scene.create("c").await;
    scene.set("a", "2").await;
    scene.delete("b").await;
    scene.patch("c", json!({"metadata": {"labels": null}})).await;
    scene.patch("c", json!({"metadata": {"labels": {"scene": "watched"}}})).await;
    scene.until(&mut stream, "gone c 1").await;
    scene.until(&mut stream, "now c 1").await;

    // What happens behind its back is told when it asks again.
    scene.between.cut.send_modify(|cuts| *cuts += 1);
    scene.set("a", "3").await;
    scene.create("d").await;
    scene.delete("c").await;
    scene.until(&mut stream, "gone c 1").await;

    if !forgets {
        return scene.seen;
    }
    // Too old to be told what it missed: it begins anew.
    scene.between.stale.store(true, Ordering::SeqCst);
    scene.between.cut.send_modify(|cuts| *cuts += 1);
    scene.delete("a").await;
    scene.create("e").await;
    scene.until(&mut stream, "all there").await;
    scene.set("e", "2").await;
    scene.until(&mut stream, "now e 2").await;
    assert!(!scene.between.stale.load(Ordering::SeqCst), "it never asked for what it missed");
    scene.seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watcher_sees_the_same_of_both_servers_by_every_way_of_beginning() {
    let Some(real) = real() else { return };
    // One that has forgotten how it was made, as a real server has.
    let world = living().await;
    let wanted = [
        "begin",
        "there a 1",
        "there b 1",
        "all there",
        "now c 1",
        "now a 2",
        "gone b 1",
        "gone c 1",
        "now c 1",
        "cut",
        "now a 3",
        "now d 1",
        "gone c 1",
        "cut",
        "error 410",
        "begin",
        "there d 1",
        "there e 1",
        "all there",
        "now e 2",
    ];
    let ways = [
        ("list", watcher::Config::default()),
        ("pages", watcher::Config::default().page_size(1)),
        ("stream", watcher::Config::default().streaming_lists()),
    ];
    for (way, config) in ways {
        let space = format!("watcher-{way}");
        let (theirs, ours) = tokio::join!(
            transcript(&real.kubeconfig, &space, config.clone(), false),
            transcript(&world.served.kubeconfig, &space, config, true)
        );
        assert_eq!(theirs, ours[..theirs.len()], "{way}: the real server, and the world");
        // A streaming list is told object by object from its first answer on: this watcher announces no beginning then.
        let announced = |line: &&&str| way != "stream" || **line != "begin";
        assert_eq!(ours, wanted.iter().filter(announced).copied().collect::<Vec<_>>(), "{way}");
    }
}
