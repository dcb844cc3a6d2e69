//! [`Api`] over a link: the one door through which brink writes to a real cluster.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, header::CONTENT_TYPE};
use jiff::Timestamp;
use kube::client::Body;
use serde_json::Value;

use super::{
    cluster_id,
    connect::Link,
    failure,
    openapi::DryRuns,
    wire::{JSON, Whole},
};
use crate::cluster::{
    Kind, Manifest,
    api::{Answer, Api, Read, Trouble, Write, WriteApi},
    cause::Cause,
    request::{self, Sent, collection_path, object_path, query},
    warrant::Warrant,
};

/// Objects per page of a list; small enough that a page is never a burden.
const PAGE: usize = 500;

/// A real API server.
#[derive(Debug, Clone)]
pub struct Live {
    link: Link,
    read_only: bool,
    dry_runs: DryRuns,
}

impl Live {
    /// The API server at the other end of a link. With `read_only` no write leaves, whatever warrant it bears; dry runs do.
    pub fn new(link: Link, read_only: bool) -> Self {
        Self { link, read_only, dry_runs: DryRuns::default() }
    }

    /// The link underneath.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Whether writes are refused here.
    pub fn read_only(&self) -> bool {
        self.read_only
    }

    /// The same server, to which no write leaves.
    #[must_use]
    pub fn refusing(self) -> Self {
        Self { read_only: true, ..self }
    }

    fn odd(&self, what: &str) -> Trouble {
        Trouble::Unknown { server: self.link.server().to_owned(), why: failure::why(Cause::Protocol, what) }
    }

    fn answer(&self, whole: &Whole) -> Result<Answer, Trouble> {
        let body = serde_json::from_slice(&whole.body)
            .map_err(|error| self.odd(&format!("no JSON at line {}, column {}", error.line(), error.column())))?;
        Ok(Answer { body: Manifest(body), date: whole.date })
    }

    async fn path(&self, path: &str) -> Result<Answer, Trouble> {
        let whole = self.link.get(path, JSON).await?;
        self.answer(&whole)
    }

    /// All pages of a collection as one List.
    async fn list(&self, kind: &Kind, namespace: Option<&str>, labels: &str) -> Result<Answer, Trouble> {
        let path = collection_path(kind, namespace);
        let selector = if labels.is_empty() { String::new() } else { format!("&labelSelector={}", query(labels)) };
        let mut token = String::new();
        let mut restarts = 0;
        let mut items: Vec<Value> = Vec::new();
        loop {
            let next = if token.is_empty() { String::new() } else { format!("&continue={}", query(&token)) };
            let page = match self.path(&format!("{path}?limit={PAGE}{selector}{next}")).await {
                // The snapshot the pages came from was compacted: begin again rather than mix two.
                Err(trouble) if trouble.code() == Some(410) && !token.is_empty() && restarts < 3 => {
                    restarts += 1;
                    token.clear();
                    items.clear();
                    continue;
                }
                page => page?,
            };
            let mut body = page.body;
            if let Some(Value::Array(more)) = body.0.get_mut("items").map(Value::take) {
                items.extend(more);
            }
            body.text(&["metadata", "continue"]).unwrap_or_default().clone_into(&mut token);
            if token.is_empty() {
                if let Some(list) = body.0.as_object_mut() {
                    list.insert("items".to_owned(), Value::Array(items));
                }
                return Ok(Answer { body, date: page.date });
            }
        }
    }

    fn request(&self, sent: &Sent) -> Result<Request<Body>, Trouble> {
        let body = sent.body.as_ref().map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let mut request = self.link.request(sent.method, &sent.path, JSON, Body::from(body))?;
        request.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(sent.content));
        Ok(request)
    }

    async fn send(&self, write: &Write, dry: bool) -> Result<Answer, Trouble> {
        let whole = self.link.fetch(self.request(&request::of_write(write, dry))?).await?;
        self.answer(&whole)
    }
}

impl Api for Live {
    async fn read(&self, read: &Read) -> Result<Answer, Trouble> {
        match read {
            Read::Get(target) => self.path(&object_path(target)).await,
            Read::List { kind, namespace, labels } => self.list(kind, namespace.as_deref(), labels).await,
            Read::Path(path) => self.path(path).await,
            Read::Allowed { .. } => {
                let whole = self.link.fetch(self.request(&request::of_read(read))?).await?;
                self.answer(&whole)
            }
        }
    }

    async fn dry_run(&self, write: &Write) -> Result<Answer, Trouble> {
        self.dry_runs.require(&self.link, write).await?;
        self.send(write, true).await
    }

    fn now(&self) -> Timestamp {
        self.link.clock().now()
    }

    async fn sleep(&self, span: Duration) {
        self.link.clock().sleep(span).await;
    }

    fn server(&self) -> &str {
        self.link.server()
    }

    async fn gone(&self) {
        match self.link.simulated() {
            Some(process) => process.end().await,
            None => std::future::pending().await,
        }
    }
}

impl WriteApi for Live {
    async fn write(&self, warrant: &Warrant, write: &Write) -> Result<Answer, Trouble> {
        if self.read_only {
            return Err(Trouble::NoWarrant(format!("brink runs read-only ({})", write.target().short())));
        }
        cluster_id::require(self, self.link.known(), warrant).await?;
        self.send(write, false).await
    }
}
