//! The clients' door: TLS, HTTP/1.1 and HTTP/2, answers whole or streamed.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Limited};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc::Sender, watch},
};
use tokio_rustls::TlsAcceptor;

use super::{
    body::Body,
    http as wire,
    machine::Machine,
    serve::{Shared, lock},
    streams,
    trouble::Deed,
};
use crate::{
    api::{self, Request, Response, Stream},
    base::when,
};

/// The largest body of a request, as in a real API server.
const LARGEST: usize = 3 * 1024 * 1024;

type Answer = hyper::Response<Body>;

/// The connection breaks.
#[derive(Debug, thiserror::Error)]
#[error("cut")]
struct Cut;

/// Lets clients in, until the task is aborted.
pub async fn accept<M: Machine>(listener: TcpListener, tls: Arc<ServerConfig>, shared: Arc<Shared<M>>) {
    let mut connections = tokio::task::JoinSet::new();
    let acceptor = TlsAcceptor::from(tls);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) if !lock(&shared.book).is_shut() => {
                    let _ = tcp.set_nodelay(true);
                    connections.spawn(connection(tcp, acceptor.clone(), Arc::clone(&shared)));
                }
                Ok(_) => {}
                // Too many open files: others may close some meanwhile.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection<M: Machine>(tcp: TcpStream, acceptor: TlsAcceptor, shared: Arc<Shared<M>>) {
    let mut gate = shared.gate.subscribe();
    let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_secs(10), acceptor.accept(tcp)).await else { return };
    let _open = Open::new(&shared.connections);
    // A cut breaks the whole connection, as a reset does.
    let broken = watch::Sender::new(false);
    let mut cut = broken.subscribe();
    let service = {
        let shared = Arc::clone(&shared);
        service_fn(move |request| handle(request, Arc::clone(&shared), broken.clone()))
    };
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().auto_date_header(false);
    builder.http2().auto_date_header(false);
    tokio::select! {
        // How a connection ended is the client's affair.
        _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service) => {}
        _ = gate.changed() => {}
        _ = cut.changed() => {}
    }
}

/// Counts a connection or a stream for as long as it lasts.
struct Open(Arc<std::sync::atomic::AtomicUsize>);

impl Open {
    fn new(count: &Arc<std::sync::atomic::AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn handle<M: Machine>(
    mut request: hyper::Request<Incoming>,
    shared: Arc<Shared<M>>,
    broken: watch::Sender<bool>,
) -> Result<Answer, Cut> {
    let upgrade = hyper::upgrade::on(&mut request);
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST).collect().await else {
        let refusal =
            api::Refusal::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {LARGEST}"));
        return Ok(whole(&shared, refusal.into(), false, true));
    };
    let mut request = wire::request(&parts, body.to_bytes());
    let deed = lock(&shared.book).judge(&request, parts.uri.query().unwrap_or_default());
    let cut = || {
        broken.send_replace(true);
        Cut
    };
    match deed {
        Deed::Pass if request.upgrade => {
            let allowed = shared.with(|machine| machine.request(&request));
            if allowed.code != 101 {
                return Ok(whole(&shared, allowed, false, true));
            }
            let begun = streams::begin(&shared, &request, &parts.headers, upgrade, allowed);
            Ok(begun.unwrap_or_else(|refusal| whole(&shared, refusal.into(), false, true)))
        }
        Deed::Pass => Ok(answer(&shared, &request, true)),
        Deed::StripDate => Ok(answer(&shared, &request, false)),
        Deed::Delay(wait) => {
            tokio::time::sleep(wait).await;
            Ok(answer(&shared, &request, true))
        }
        Deed::Late(wait) => {
            let answer = answer(&shared, &request, true);
            tokio::time::sleep(wait).await;
            Ok(answer)
        }
        Deed::Admit(webhook) => {
            request.webhook = Some(*webhook);
            Ok(answer(&shared, &request, true))
        }
        Deed::After(mut other) => {
            if other.path.is_empty() {
                other.path.clone_from(&request.path);
            }
            other.token.clone_from(&shared.everybody);
            // Whether it was taken is for the test to see.
            shared.with(|machine| machine.request(&other));
            Ok(answer(&shared, &request, true))
        }
        Deed::CutBefore => Err(cut()),
        Deed::CutAfter(wait) => {
            let answer = answer(&shared, &request, true);
            if request.is_watch() {
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    broken.send_replace(true);
                });
                return Ok(answer);
            }
            tokio::time::sleep(wait).await;
            Err(cut())
        }
        Deed::Answer(code, status, retry) => {
            let mut response = Response::json(code, &status);
            if let Some(seconds) = retry {
                response.headers.push(("Retry-After", seconds.to_string()));
            }
            Ok(whole(&shared, response, request.gzip, true))
        }
    }
}

fn answer<M: Machine>(shared: &Arc<Shared<M>>, request: &Request, date: bool) -> Answer {
    let response = shared.with(|machine| machine.request(request));
    told(shared, response, request.gzip, date)
}

/// What was answered, as it is sent: whole, or poured out as it comes.
pub(super) fn told<M: Machine>(shared: &Arc<Shared<M>>, mut response: Response, gzip: bool, date: bool) -> Answer {
    let stream = match std::mem::replace(&mut response.body, api::Body::Whole(Bytes::new())) {
        api::Body::Whole(bytes) => {
            response.body = api::Body::Whole(bytes);
            return whole(shared, response, gzip, date);
        }
        api::Body::Stream(stream) => stream,
    };
    let (into, body) = Body::stream();
    tokio::spawn(pour(Arc::clone(shared), stream, into));
    finish(shared, &response, body, date)
}

fn whole<M: Machine>(shared: &Shared<M>, mut response: Response, gzip: bool, date: bool) -> Answer {
    let bytes = match std::mem::replace(&mut response.body, api::Body::Whole(Bytes::new())) {
        api::Body::Whole(bytes) => bytes,
        api::Body::Stream(_) => Bytes::new(),
    };
    let bytes = wire::pack(&mut response, bytes, gzip);
    finish(shared, &response, Body::Whole(Some(bytes)), date)
}

fn finish<M: Machine>(shared: &Shared<M>, response: &Response, body: Body, date: bool) -> Answer {
    let now = when::http_date(shared.clock.now());
    let built = wire::head(response, date.then_some(now.as_str())).body(body);
    built.unwrap_or_else(|_| hyper::Response::new(Body::Whole(None)))
}

/// Fills a stream until it ends, its reader leaves or lags too far behind.
async fn pour<M: Machine>(shared: Arc<Shared<M>>, mut stream: Stream, into: Sender<Bytes>) {
    let _open = Open::new(&shared.streams);
    let mut steps = shared.steps.subscribe();
    loop {
        steps.borrow_and_update();
        let pulled = shared.ask(|machine| machine.pull(&mut stream));
        if !pulled.chunks.is_empty() {
            let mut all = BytesMut::new();
            for chunk in &pulled.chunks {
                all.extend_from_slice(chunk);
            }
            if into.try_send(all.freeze()).is_err() {
                return;
            }
        }
        if pulled.ended {
            return;
        }
        tokio::select! {
            changed = steps.changed() => if changed.is_err() { return },
            () = into.closed() => return,
        }
    }
}
