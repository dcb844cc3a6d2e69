//! Which cluster this is: the uid of an object that lives as long as it, and which object's uid that is.
//!
//! `Namespace kube-system` where it may be read; where that is forbidden, `ConfigMap NS/kube-root-ca.crt` of a touched
//! namespace. The same cluster has as many ids as it has such objects, so two ids can be told apart only when they are of the
//! same object. The words of `of` stand in journals and records.

use super::{Kind, ObjectRef};

const ROOT: &str = "kube-root-ca.crt";

/// See the module docs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterId {
    /// The uid, as the server writes it.
    pub uid: String,
    /// Whose uid: `Namespace kube-system` or `ConfigMap NS/kube-root-ca.crt`.
    pub of: String,
}

impl ClusterId {
    /// An id as a journal or record holds it.
    pub fn new(uid: &str, of: &str) -> Self {
        Self { uid: uid.to_owned(), of: of.to_owned() }
    }

    /// Whether both are ids of one object, so that they name the same cluster exactly when they are equal.
    pub fn comparable(&self, other: &Self) -> bool {
        self.of == other.of
    }
}

/// The `kube-system` namespace.
pub fn system() -> ObjectRef {
    let kind = Kind::cluster_wide("", "v1", "Namespace", "namespaces");
    ObjectRef { kind, namespace: None, name: "kube-system".to_owned() }
}

/// The ConfigMap every namespace gets from the controller manager.
pub fn root_of(namespace: &str) -> ObjectRef {
    ObjectRef::new(Kind::namespaced("", "v1", "ConfigMap", "configmaps"), namespace, ROOT)
}

/// The object some words name; `None` for any but the two a cluster is known by.
pub fn object(of: &str) -> Option<ObjectRef> {
    if of == system().short() {
        return Some(system());
    }
    let (namespace, name) = of.strip_prefix("ConfigMap ")?.split_once('/')?;
    (name == ROOT && !namespace.is_empty()).then(|| root_of(namespace))
}

#[cfg(test)]
mod tests {
    use super::{ClusterId, object, root_of, system};

    #[test]
    fn the_words_of_a_journal_lead_back_to_the_object_and_to_no_other() {
        for place in [system(), root_of("shop")] {
            assert_eq!(object(&place.short()), Some(place));
        }
        for odd in
            ["", "Namespace shop", "ConfigMap kube-root-ca.crt", "ConfigMap /kube-root-ca.crt", "ConfigMap shop/x"]
        {
            assert_eq!(object(odd), None, "{odd}");
        }
    }

    #[test]
    fn only_ids_of_one_object_tell_clusters_apart() {
        let system = ClusterId::new("1", "Namespace kube-system");
        assert!(system.comparable(&ClusterId::new("2", "Namespace kube-system")));
        assert!(!system.comparable(&ClusterId::new("2", "ConfigMap shop/kube-root-ca.crt")));
    }
}
