//! Watches: what there is, what changes, bookmarks, and the word that a watch is over.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    cluster::Cluster,
    options,
    read::{self, Form, Wanted},
    refusal::Refusal,
    table,
    wire::{JSON, Pulled, Request, Response, Stream},
};
use crate::store::{Change, KindId, Object};

/// How often an idle watch says where it is.
const BOOKMARK: SignedDuration = SignedDuration::from_mins(1);
/// How long a watch lasts that does not say.
const LASTS: SignedDuration = SignedDuration::from_mins(45);
const INITIAL_END: &str = "k8s.io/initial-events-end";

/// A watch that is being read.
#[derive(Debug)]
pub struct Watch {
    kind: KindId,
    version: String,
    wanted: Wanted,
    form: Form,
    /// Changes up to this version were told.
    told: u64,
    /// Objects that were there when it began and are not told yet.
    begin: VecDeque<Arc<Object>>,
    /// Whether the end of them is to be told.
    mark_begin: bool,
    bookmarks: bool,
    next_bookmark: Timestamp,
    ends: Timestamp,
    headed: bool,
}

/// `GET …?watch=true`.
pub fn serve(
    cluster: &Cluster,
    kind: KindId,
    version: &str,
    namespace: &str,
    request: &Request,
) -> Result<Response, Refusal> {
    let form = read::form(request)?;
    let row = cluster.store().kind(kind);
    let wanted = Wanted::read(row, namespace, request)?;
    options::of_list(request, true)?;
    let from = options::version(request).map_err(|why| Refusal::new(500, "", why))?.unwrap_or_default();
    let bookmarks = request.is_set("allowWatchBookmarks");
    let initial = request.ask("sendInitialEvents") == Some("true");
    let seconds = request.number("timeoutSeconds").and_then(|seconds| i64::try_from(seconds).ok());
    let lasts = seconds.filter(|seconds| *seconds > 0).map_or(LASTS, SignedDuration::from_secs);
    let fresh = initial || (from == 0 && request.ask("sendInitialEvents") != Some("false"));
    let now = cluster.now();
    let watch = Watch {
        kind,
        version: version.to_owned(),
        begin: if fresh { wanted.all(cluster, kind).into() } else { VecDeque::new() },
        told: if fresh || from == 0 { cluster.store().version() } else { from },
        wanted,
        form,
        mark_begin: initial && bookmarks,
        bookmarks,
        next_bookmark: now + BOOKMARK,
        ends: now.checked_add(lasts).unwrap_or(Timestamp::MAX),
        headed: false,
    };
    Ok(Response::stream(JSON, Stream::Watch(Box::new(watch))))
}

impl Watch {
    /// The events since the last time.
    pub fn pull(&mut self, cluster: &Cluster) -> Pulled {
        let mut pulled = Pulled::default();
        while let Some(object) = self.begin.pop_front() {
            pulled.chunks.push(self.event(cluster, "ADDED", &object));
        }
        if self.mark_begin {
            self.mark_begin = false;
            pulled.chunks.push(self.bookmark(cluster, self.told, true));
        }
        let mut told: Vec<(&'static str, Arc<Object>)> = Vec::new();
        match cluster.store().since(self.kind, self.told) {
            Ok(events) => {
                for event in events {
                    let was = event.old.as_ref().is_some_and(|old| self.wanted.has(old));
                    let is = event.change != Change::Deleted && self.wanted.has(&event.new);
                    let word = match (was, is) {
                        (false, true) => "ADDED",
                        (true, true) => "MODIFIED",
                        (true, false) => "DELETED",
                        (false, false) => continue,
                    };
                    // What leaves the selection is told as it was when it belonged to it.
                    match event.old.as_ref().filter(|_| word == "DELETED" && event.change != Change::Deleted) {
                        Some(old) => told.push((word, Arc::new(old.moved(event.version)))),
                        None => told.push((word, Arc::clone(&event.new))),
                    }
                }
            }
            Err(expired) => {
                let refusal = Refusal::expired(format!("too old resource version: {} ({})", self.told, expired.oldest));
                pulled.chunks.push(line(&json!({"type": "ERROR", "object": refusal.status()})));
                pulled.ended = true;
                return pulled;
            }
        }
        for (word, object) in told {
            pulled.chunks.push(self.event(cluster, word, &object));
        }
        self.told = self.told.max(cluster.store().version());
        let now = cluster.now();
        if now >= self.next_bookmark {
            self.next_bookmark = now + BOOKMARK;
            if self.bookmarks {
                pulled.chunks.push(self.bookmark(cluster, self.told, false));
            }
        }
        // A kind that ended tells its last changes and nothing more.
        pulled.ended = now >= self.ends || !cluster.store().kind(self.kind).served;
        pulled
    }

    fn event(&mut self, cluster: &Cluster, word: &str, object: &Arc<Object>) -> Bytes {
        let row = cluster.store().kind(self.kind);
        match self.form {
            Form::Whole => {
                let mut text = Vec::from(format!("{{\"type\":\"{word}\",\"object\":").as_bytes());
                text.extend_from_slice(&read::body(row, object, &self.version));
                text.extend_from_slice(b"}\n");
                Bytes::from(text)
            }
            Form::Partial => line(&json!({"type": word, "object": read::partial(&object.tree())})),
            Form::Table(v, include) => {
                let head = !self.headed;
                self.headed = true;
                let mut table =
                    table::render(cluster, row, &self.version, std::slice::from_ref(object), include, v, head);
                if !head {
                    table["columnDefinitions"] = Value::Null;
                }
                table["metadata"] = json!({"resourceVersion": object.version.to_string()});
                line(&json!({"type": word, "object": table}))
            }
        }
    }

    fn bookmark(&self, cluster: &Cluster, version: u64, initial: bool) -> Bytes {
        let row = cluster.store().kind(self.kind);
        let mut metadata = json!({"resourceVersion": version.to_string()});
        if initial {
            metadata["annotations"] = json!({INITIAL_END: "true"});
        }
        let object = match self.form {
            Form::Whole => {
                json!({"kind": row.kind, "apiVersion": row.api_version(&self.version), "metadata": metadata})
            }
            Form::Partial => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
            }
            // The server's printer makes a row of whatever it is given: here of an object that has nothing but metadata.
            Form::Table(v, _) => json!({
                "kind": "Table", "apiVersion": format!("meta.k8s.io/{v}"),
                "metadata": {"resourceVersion": version.to_string()}, "columnDefinitions": null,
                "rows": [{"cells": [], "object": {
                    "kind": "PartialObjectMetadata", "apiVersion": format!("meta.k8s.io/{v}"), "metadata": metadata,
                }}],
            }),
        };
        line(&json!({"type": "BOOKMARK", "object": object}))
    }
}

fn line(value: &Value) -> Bytes {
    let mut text = value.to_string();
    text.push('\n');
    Bytes::from(text)
}
