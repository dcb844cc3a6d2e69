//! A stored object. It never changes; a write puts another one in its place.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::Value;

use crate::base::value;

/// One state of an object.
#[derive(Debug)]
pub struct Object {
    /// The version of the store that this state came with.
    pub version: u64,
    value: Arc<Value>,
    /// The JSON that readers are sent, made once for all of them.
    body: OnceLock<Bytes>,
}

impl Object {
    pub(super) fn new(version: u64, value: Arc<Value>) -> Self {
        Self { version, value, body: OnceLock::new() }
    }

    /// What a write would store.
    pub fn unstored(value: Value) -> Self {
        Self::new(0, Arc::new(value))
    }

    /// The same state in another form.
    #[must_use]
    pub fn shown(&self, value: Value) -> Self {
        Self::new(self.version, Arc::new(value))
    }

    /// The same state under another version.
    #[must_use]
    pub fn moved(&self, version: u64) -> Self {
        let mut value = Value::clone(&self.value);
        value::put(&mut value, &["metadata", "resourceVersion"], Value::from(version.to_string()));
        Self::new(version, Arc::new(value))
    }

    /// The whole API object.
    pub fn value(&self) -> &Arc<Value> {
        &self.value
    }

    /// The same as JSON.
    pub fn body(&self) -> Bytes {
        self.body.get_or_init(|| Bytes::from(self.value.to_string())).clone()
    }

    /// Its namespace, empty for cluster-scoped kinds.
    pub fn namespace(&self) -> &str {
        value::text(&self.value, &["metadata", "namespace"])
    }

    /// Its name.
    pub fn name(&self) -> &str {
        value::text(&self.value, &["metadata", "name"])
    }

    /// Its uid.
    pub fn uid(&self) -> &str {
        value::text(&self.value, &["metadata", "uid"])
    }

    /// Its labels.
    pub fn labels(&self) -> &Value {
        value::at(&self.value, &["metadata", "labels"])
    }

    /// Whether it waits for its end.
    pub fn is_leaving(&self) -> bool {
        !value::at(&self.value, &["metadata", "deletionTimestamp"]).is_null()
    }
}
