//! A cluster that is looked at and never written to: all that the tools of a model get of it, and all that the cockpit has of
//! the cluster on its far side.
//!
//! The live client is inside and does not come out again: no link, no [`WriteApi`](crate::cluster::api::WriteApi). What can be
//! asked is what stands here. Dry runs are among it, since a proposal is checked before anybody sees it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::mpsc::Sender;

pub use super::hidden::EXCLUDED;
use super::{
    discovery,
    hidden::Hidden,
    inspect,
    live::Live,
    logs,
    raw::{self, Form, What},
    watch,
};
use crate::cluster::{
    Batch, Kind, ObjectRef, Scope, Source,
    api::{Answer, Api, Read, Trouble, Write},
    columns::View,
    discovery::Discovery,
    logs::{LogBatch, LogRequest, LogWish},
    table::TableRow,
};

/// See the module docs. It has no way to a write:
///
/// ```compile_fail
/// use brink::cluster::{api::{Write, WriteApi}, io::read_only::ReadOnly, warrant::Warrant};
///
/// fn writes(cluster: &ReadOnly, warrant: &Warrant, write: &Write) {
///     drop(cluster.write(warrant, write));
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ReadOnly {
    live: Live,
    hidden: Hidden,
}

impl From<Live> for ReadOnly {
    /// The client inside refuses writes as well, whoever should ever get at it.
    fn from(live: Live) -> Self {
        Self { live: live.refusing(), hidden: Hidden::default() }
    }
}

impl ReadOnly {
    /// The same without these namespaces, given as patterns: what is asked of them is refused, whoever asks.
    #[must_use]
    pub fn excluding(self, patterns: Vec<String>) -> Self {
        Self { hidden: Hidden::new(patterns), ..self }
    }

    /// Whether nothing of a namespace is told.
    pub fn keeps_back(&self, namespace: &str) -> bool {
        self.hidden.place(Some(namespace)).is_err()
    }

    /// Which kinds are served.
    pub async fn discover(&self) -> Result<Discovery, Trouble> {
        discovery::discover(self.live.link()).await
    }

    /// What the server itself prints of objects.
    pub async fn raw(&self, what: &What, form: Form) -> Result<Bytes, Trouble> {
        self.hidden.what(what, form)?;
        self.hidden.without_in(raw::read(self.live.link(), what, form).await?)
    }

    /// A log, batch by batch, until it ends or nobody takes it any more.
    pub async fn log(&self, request: LogRequest, to: Sender<LogBatch>) {
        if self.hidden.place(Some(&request.namespace)).is_err() {
            let source = Source::Forbidden { what: format!("the namespace {} is {EXCLUDED}", request.namespace) };
            let _ = to.send(LogBatch { dropped: 0, lines: Vec::new(), source }).await;
            return;
        }
        logs::read(self.live.link().clone(), request, to).await;
    }

    /// Objects of a kind as the server prints them, with columns of a person's own where there are, until nobody takes them any
    /// more. A stream is not looked through: where namespaces are hidden, only one that is not can be watched.
    pub async fn table(&self, kind: Kind, scope: Scope, view: Option<Arc<View>>, to: Sender<Batch<TableRow>>) {
        if self.hidden.stream(scope.namespace.as_deref()).is_err() {
            let source = Source::Forbidden { what: format!("{} are {EXCLUDED}", kind.plural) };
            let _ = to.send(Batch { deltas: Vec::new(), source }).await;
            return;
        }
        let link = self.live.link().clone();
        match view {
            Some(view) => watch::view(link, kind, scope, view, to).await,
            None => watch::table(link, kind, scope, to).await,
        }
    }

    /// The description of an object and its events.
    pub async fn describe(&self, object: &ObjectRef) -> Result<String, Trouble> {
        self.hidden.object(object)?;
        inspect::describe(self.live.link(), object).await
    }

    /// The YAML of an object, `whole` with its managed fields.
    pub async fn yaml(&self, object: &ObjectRef, whole: bool) -> Result<String, Trouble> {
        self.hidden.object(object)?;
        if whole {
            inspect::yaml_with_managed_fields(self.live.link(), object).await
        } else {
            inspect::yaml(self.live.link(), object).await
        }
    }

    /// Logs as one stream, until they end or nobody takes them any more.
    pub async fn logs(&self, wish: LogWish, to: Sender<LogBatch>) {
        if self.hidden.place(Some(&wish.namespace)).is_err() {
            let source = Source::Forbidden { what: format!("the namespace {} is {EXCLUDED}", wish.namespace) };
            let _ = to.send(LogBatch { dropped: 0, lines: Vec::new(), source }).await;
            return;
        }
        logs::follow(self.live.link().clone(), wish, to).await;
    }
}

impl Api for ReadOnly {
    async fn read(&self, read: &Read) -> Result<Answer, Trouble> {
        self.hidden.read(read)?;
        let answer = self.live.read(read).await?;
        Ok(Answer { body: self.hidden.without(answer.body), ..answer })
    }

    async fn dry_run(&self, write: &Write) -> Result<Answer, Trouble> {
        self.hidden.object(write.target())?;
        self.live.dry_run(write).await
    }

    fn now(&self) -> Timestamp {
        self.live.now()
    }

    async fn sleep(&self, span: Duration) {
        self.live.sleep(span).await;
    }

    fn server(&self) -> &str {
        self.live.server()
    }

    async fn gone(&self) {
        self.live.gone().await;
    }
}
