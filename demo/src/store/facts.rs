//! What is asked of an object so often that it is at hand even when its tree is not.

use std::sync::Arc;

use serde_json::Value;

use crate::base::value::{at, text};

/// Words of an object.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) namespace: Box<str>,
    pub(super) name: Box<str>,
    pub(super) uid: Box<str>,
    pub(super) node: Box<str>,
    pub(super) phase: Box<str>,
    pub(super) labels: Arc<Value>,
    pub(super) leaving: bool,
}

impl Facts {
    /// Reads an object. Pods of a workload have the same labels: they share those that were `seen` last.
    pub(super) fn of(object: &Value, seen: &mut Arc<Value>) -> Self {
        let labels = at(object, &["metadata", "labels"]);
        if *labels != **seen {
            *seen = Arc::new(labels.clone());
        }
        let word = |path: &[&str]| text(object, path).into();
        Self {
            namespace: word(&["metadata", "namespace"]),
            name: word(&["metadata", "name"]),
            uid: word(&["metadata", "uid"]),
            node: word(&["spec", "nodeName"]),
            phase: word(&["status", "phase"]),
            labels: Arc::clone(seen),
            leaving: !at(object, &["metadata", "deletionTimestamp"]).is_null(),
        }
    }
}
