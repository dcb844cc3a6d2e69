//! `GET …/pods/NAME:PORT/proxy/PATH`: what a pod answers at one of its ports, passed on as it stands.
//!
//! Of all that pods serve only metrics are told here; every other port of a pod is closed.

use bytes::Bytes;

use super::{
    cluster::Cluster,
    follow::Readings,
    path::Target,
    refusal::Refusal,
    wire::{Request, Response},
};
use crate::{base::value::text, store::KindId};

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is asked of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Its port.
    pub port: u16,
    /// The path there, with its slash.
    pub path: &'a str,
    /// `usedonly` of Envoy: nothing that never happened.
    pub used_only: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// Metrics.
    Metrics(String),
    /// Nobody has such a path.
    NoPath,
    /// Nobody listens.
    Closed,
}

/// Passes a request on.
pub(super) fn serve(
    cluster: &Cluster,
    kind: KindId,
    target: &Target,
    request: &Request,
    readings: &dyn Readings,
) -> Result<Response, Refusal> {
    let odd = || Refusal::bad(format!("invalid pod request {:?}", target.name));
    let (name, port) = match target.name.split(':').collect::<Vec<_>>().as_slice() {
        // Without a port it is the first one of the pod, or 80.
        [name] => ((*name).to_owned(), None),
        [name, port] => ((*name).to_owned(), Some(port.parse::<u16>().map_err(|_| odd())?)),
        ["http", name, port] => ((*name).to_owned(), Some(port.parse::<u16>().map_err(|_| odd())?)),
        _ => return Err(odd()),
    };
    let pod = cluster.existing(kind, &Target { name, ..target.clone() })?;
    let port = port.unwrap_or(80);
    let path = target.subresource.strip_prefix("proxy").unwrap_or_default();
    let asked = Asked {
        port,
        path: if path.is_empty() { "/" } else { path },
        used_only: request.query.iter().any(|(name, _)| name == "usedonly"),
    };
    match readings.reach(cluster.store(), &pod, asked) {
        Answered::Metrics(metrics) => Ok(Response::bytes(200, TEXT, Bytes::from(metrics))),
        Answered::NoPath => Err(Refusal::nowhere()),
        Answered::Closed => {
            let ip = text(pod.value(), &["status", "podIP"]);
            let why = format!("error trying to reach service: dial tcp {ip}:{port}: connect: connection refused");
            Err(Refusal::new(503, "ServiceUnavailable", why))
        }
    }
}
