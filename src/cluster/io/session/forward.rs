//! A port of this machine that leads into a pod: every connection finds the pod of now, so a replaced pod costs the connections
//! it had and no more.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use k8s_openapi::api::core::v1::Pod;
use kube::api::Api;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{mpsc::Sender, watch},
    task::JoinSet,
};

use super::{super::connect::Link, ports, refusal};
use crate::{
    base::sanitize,
    cluster::{
        logs::Of,
        session::{ForwardView, ForwardWish, Place, SessionError, Standing},
    },
};

/// Connections at once.
const AT_ONCE: usize = 128;
/// How often what moved is told, at most.
const TELL: Duration = Duration::from_millis(500);
/// Tries of a connection to find a pod, and the time between two.
const TRIES: usize = 10;
const BETWEEN: Duration = Duration::from_secs(1);

/// What all connections of a forward count together.
#[derive(Default)]
struct Count {
    open: AtomicUsize,
    all: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
    last: Mutex<(Option<String>, Option<String>)>,
    moved: watch::Sender<()>,
}

impl Count {
    fn view(&self, local: u16) -> ForwardView {
        let (pod, trouble) = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        ForwardView {
            local,
            standing: trouble.map_or(Standing::Listening, Standing::Failing),
            pod,
            open: self.open.load(Ordering::Relaxed),
            all: self.all.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
        }
    }

    fn went(&self, pod: Option<String>, trouble: Option<String>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.0 = pod.or(last.0.take());
        last.1 = trouble;
        drop(last);
        self.moved.send_replace(());
    }
}

/// Forwards until the receiver is dropped. The first view says where it listens; an error ends it before that.
pub async fn run(link: Link, wish: ForwardWish, to: Sender<ForwardView>) -> Result<(), SessionError> {
    let address = SocketAddr::new(wish.address, wish.local);
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let what = format!("cannot listen on {address}: {error}");
        SessionError::new(what, "another program may hold the port: take another one, or 0 for any that is free")
    })?;
    let local = listener.local_addr().map_or(wish.local, |address| address.port());
    let count = Arc::new(Count::default());
    let mut moved = count.moved.subscribe();
    let mut connections = JoinSet::new();
    let telling = async {
        loop {
            moved.borrow_and_update();
            if to.send(count.view(local)).await.is_err() || moved.changed().await.is_err() {
                return;
            }
            tokio::time::sleep(TELL).await;
        }
    };
    let accepting = async {
        loop {
            tokio::select! {
                accepted = listener.accept(), if connections.len() < AT_ONCE => match accepted {
                    Ok((tcp, _)) => {
                        let _ = tcp.set_nodelay(true);
                        connections.spawn(connection(link.clone(), wish.clone(), Arc::clone(&count), tcp));
                    }
                    // Too many open files: others may close some meanwhile.
                    Err(_) => tokio::time::sleep(BETWEEN).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    };
    tokio::select! {
        () = telling => {}
        () = accepting => {}
        () = to.closed() => {}
    }
    Ok(())
}

/// Counts a connection for as long as it lasts.
struct Open(Arc<Count>);

impl Open {
    fn new(count: Arc<Count>) -> Self {
        count.open.fetch_add(1, Ordering::Relaxed);
        count.all.fetch_add(1, Ordering::Relaxed);
        count.moved.send_replace(());
        Self(count)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
        self.0.moved.send_replace(());
    }
}

async fn connection(link: Link, wish: ForwardWish, count: Arc<Count>, tcp: TcpStream) {
    let _open = Open::new(Arc::clone(&count));
    let pods: Api<Pod> = Api::namespaced(link.client().clone(), &wish.namespace);
    for left in (0..TRIES).rev() {
        let trouble = match find(&link, &wish).await {
            Err(why) => why,
            Ok(pod) => match pods.portforward(&pod, &[wish.remote]).await {
                Err(error) => {
                    let place = Place { namespace: wish.namespace.clone(), pod, container: None };
                    refusal::told(&link, &place, "portforward", &error).what
                }
                Ok(mut forward) => {
                    let (Some(stream), error) = (forward.take_stream(wish.remote), forward.take_error(wish.remote))
                    else {
                        return;
                    };
                    count.went(Some(pod.clone()), None);
                    let carried = carry(tcp, stream, &count);
                    let told = async {
                        match error {
                            Some(error) => error.await,
                            None => None,
                        }
                    };
                    tokio::pin!(carried, told);
                    // The node says at once that nobody listens; otherwise nothing, and the bytes decide when it is over.
                    let why = tokio::select! {
                        biased;
                        Some(why) = &mut told => Some(why),
                        () = &mut carried => None,
                    };
                    if let Some(why) = why {
                        count.went(None, Some(format!("{pod}: {}", sanitize::line(why.trim()))));
                    }
                    return;
                }
            },
        };
        count.went(None, Some(trouble));
        if left > 0 {
            tokio::time::sleep(BETWEEN).await;
        }
    }
}

async fn find(link: &Link, wish: &ForwardWish) -> Result<String, String> {
    match ports::ready(link, &wish.namespace, &wish.of).await {
        Ok(Some(pod)) => Ok(pod.name().to_owned()),
        Ok(None) => Err(match &wish.of {
            Of::Pod(name) => format!("the pod {name} is gone"),
            other => format!("no pod of {} is ready", other.words()),
        }),
        Err(trouble) => Err(trouble.to_string()),
    }
}

/// Carries bytes both ways until both sides are done.
async fn carry(tcp: TcpStream, stream: impl AsyncRead + AsyncWrite + Unpin, count: &Count) {
    let (mut from_here, mut to_here) = tcp.into_split();
    let (mut from_pod, mut to_pod) = tokio::io::split(stream);
    let sending = pour(&mut from_here, &mut to_pod, &count.sent, &count.moved);
    let receiving = pour(&mut from_pod, &mut to_here, &count.received, &count.moved);
    tokio::pin!(sending, receiving);
    tokio::select! {
        // Who has sent all still waits for the answer.
        () = &mut sending => receiving.await,
        // A pod that closed takes nothing more.
        () = &mut receiving => {}
    }
}

async fn pour(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    bytes: &AtomicU64,
    moved: &watch::Sender<()>,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let Some(piece) = buffer.get(..count) else { break };
        if to.write_all(piece).await.is_err() || to.flush().await.is_err() {
            break;
        }
        bytes.fetch_add(count as u64, Ordering::Relaxed);
        moved.send_replace(());
    }
    let _ = to.shutdown().await;
}
