//! What is under the cursor, as the screens that act on it need it.

use crate::cluster::ObjectRef;

/// An object with what a fault form, a log viewer or a description wants to know without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The object.
    pub object: ObjectRef,
    /// Its controller, kind and name.
    pub owner: Option<(String, String)>,
    /// Its labels.
    pub labels: Vec<(String, String)>,
    /// Its containers, when it is a pod.
    pub containers: Vec<String>,
    /// The Services of its namespace that it sends to, when it is a route.
    pub services: Vec<String>,
}
