//! Doors in plain text on loopback: whoever comes is let in, and each request is answered.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use tokio::net::TcpListener;

/// Lets clients in and has `answer` answer them, until the task is aborted.
pub async fn accept<B, F>(listener: TcpListener, answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static)
where
    B: http_body::Body<Data = Bytes, Error = Infallible> + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
{
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => {
                    let answer = answer.clone();
                    connections.spawn(async move {
                        let service = service_fn(move |request| {
                            let answered = answer(request);
                            async move { Ok::<_, Infallible>(answered.await) }
                        });
                        // How a connection ended is the client's affair.
                        let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(tcp), service).await;
                    });
                }
                // Too many open files: others may close some meanwhile.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The whole body; nothing where it is longer than allowed or breaks off.
pub async fn whole(body: Incoming, longest: usize) -> Bytes {
    Limited::new(body, longest).collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default()
}
