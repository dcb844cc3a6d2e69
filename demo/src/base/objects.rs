//! What the rooms of the world may do with its objects: controllers write through this, the traffic model and the model's tools
//! read through it. The store implements it by the same write path that clients use; tests implement it over a map.

use std::sync::Arc;

use serde_json::Value;

/// A kind of object, as the API names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind {
    /// API group, empty for the core group.
    pub group: &'static str,
    /// Version the world stores and serves.
    pub version: &'static str,
    /// Kind, as in `kind: HTTPRoute`.
    pub kind: &'static str,
    /// Plural, as in the path.
    pub plural: &'static str,
    /// Whether objects of it live in a namespace.
    pub namespaced: bool,
}

/// Why a write was refused, in the words of a `Status` object (API machinery, meta/v1).
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{reason} ({code}): {message}")]
pub struct Refused {
    /// HTTP status code: 404, 409, 422…
    pub code: u16,
    /// `NotFound`, `Conflict`, `Invalid`, `AlreadyExists`, `Forbidden`…
    pub reason: &'static str,
    /// The server's sentence.
    pub message: String,
}

/// Sees objects one by one: the version of each, and a way to read it.
pub type Visitor<'a> = dyn FnMut(u64, &dyn Fn() -> Arc<Value>) + 'a;

/// Read and write access to the objects of the world at one moment.
///
/// Objects are whole API objects (`apiVersion`, `kind`, `metadata`, …). Cluster-scoped objects have the namespace `""`.
pub trait Objects {
    /// The object, if it is there.
    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<Arc<Value>>;
    /// All objects of the kind, in one namespace or in all, ordered by namespace and name.
    fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<Arc<Value>>;
    /// Shows the same one by one, each with the version of its state (0: unknown) and a way to read it: of ten thousand objects
    /// those that are known already need not be read.
    fn visit(&self, kind: Kind, namespace: Option<&str>, see: &mut Visitor<'_>) {
        for object in self.list(kind, namespace) {
            see(0, &|| Arc::clone(&object));
        }
    }
    /// Creates; the answer carries what the server added. `generateName` works.
    fn create(&mut self, kind: Kind, object: Value, manager: &str) -> Result<Arc<Value>, Refused>;
    /// Replaces everything but the status; `metadata.resourceVersion`, where present, must still be the stored one.
    fn replace(&mut self, kind: Kind, object: Value, manager: &str) -> Result<Arc<Value>, Refused>;
    /// Replaces the status only, on the same condition.
    fn replace_status(&mut self, kind: Kind, object: Value, manager: &str) -> Result<Arc<Value>, Refused>;
    /// Deletes, in the background: finalizers and grace period hold; `uid`, where given, must be the stored one.
    fn delete(&mut self, kind: Kind, namespace: &str, name: &str, uid: Option<&str>) -> Result<(), Refused>;
    /// Ends an object whose grace period is over, as a kubelet does with its pods and the namespace controller with an emptied
    /// namespace. Finalizers still hold.
    fn remove(&mut self, kind: Kind, namespace: &str, name: &str, uid: Option<&str>) -> Result<(), Refused> {
        self.delete(kind, namespace, name, uid)
    }
}
