//! A stored object. It never changes; a write puts another one in its place.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::Value;

use super::{facts::Facts, packed::Packed};
use crate::base::value;

/// One state of an object.
#[derive(Debug)]
pub struct Object {
    /// The version of the store that this state came with.
    pub version: u64,
    form: Form,
}

/// What an object shares with the one that was put away before it.
#[derive(Debug, Clone, Default)]
pub(super) struct Neighbour {
    pub(super) labels: Arc<Value>,
    text: Arc<[u8]>,
}

/// How the state is kept.
#[derive(Debug)]
enum Form {
    /// As a tree, quick to read, and the JSON that readers are sent, made once for all of them.
    Tree(Arc<Value>, OnceLock<Bytes>),
    /// As packed JSON, which is a small part of it; the tree is made when somebody asks.
    Text(Arc<Facts>, Arc<Packed>, OnceLock<Arc<Value>>),
}

impl Object {
    pub(super) fn new(version: u64, value: Arc<Value>) -> Self {
        Self { version, form: Form::Tree(value, OnceLock::new()) }
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
        let mut value = Value::clone(&self.tree());
        value::put(&mut value, &["metadata", "resourceVersion"], Value::from(version.to_string()));
        Self::new(version, Arc::new(value))
    }

    /// The same state without its tree; `None` where there is none to save.
    pub(super) fn flat(&self, seen: &mut Neighbour) -> Option<Self> {
        let (facts, text) = match &self.form {
            Form::Tree(tree, _) => {
                let packed = Packed::of(&self.body(), &mut seen.text);
                (Arc::new(Facts::of(tree, &mut seen.labels)), Arc::new(packed))
            }
            Form::Text(facts, text, tree) => tree.get().map(|_| (Arc::clone(facts), Arc::clone(text)))?,
        };
        Some(Self { version: self.version, form: Form::Text(facts, text, OnceLock::new()) })
    }

    /// Whether it is the very same state, in whatever form.
    pub fn is_as(&self, other: &Self) -> bool {
        let same = match (&self.form, &other.form) {
            (Form::Tree(one, _), Form::Tree(two, _)) => Arc::ptr_eq(one, two),
            _ => self.body() == other.body(),
        };
        self.version == other.version && same
    }

    /// The whole API object. It stays at hand for who asks next.
    pub fn value(&self) -> &Arc<Value> {
        match &self.form {
            Form::Tree(tree, _) => tree,
            Form::Text(_, text, tree) => tree.get_or_init(|| read(text)),
        }
    }

    /// The same for who looks through many objects: none of them stays at hand.
    pub fn tree(&self) -> Arc<Value> {
        match &self.form {
            Form::Tree(tree, _) => Arc::clone(tree),
            Form::Text(_, text, tree) => tree.get().map_or_else(|| read(text), Arc::clone),
        }
    }

    /// The same as JSON.
    pub fn body(&self) -> Bytes {
        match &self.form {
            Form::Tree(tree, body) => {
                body.get_or_init(|| Bytes::from(tree.to_string().into_boxed_str().into_boxed_bytes())).clone()
            }
            Form::Text(_, text, _) => Bytes::from(text.text()),
        }
    }

    /// Its namespace, empty for cluster-scoped kinds.
    pub fn namespace(&self) -> &str {
        self.word(&["metadata", "namespace"], |facts| &facts.namespace)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.word(&["metadata", "name"], |facts| &facts.name)
    }

    /// Its uid.
    pub fn uid(&self) -> &str {
        self.word(&["metadata", "uid"], |facts| &facts.uid)
    }

    /// The node it is bound to, of a pod.
    pub fn node(&self) -> &str {
        self.word(&["spec", "nodeName"], |facts| &facts.node)
    }

    /// The phase it is in.
    pub fn phase(&self) -> &str {
        self.word(&["status", "phase"], |facts| &facts.phase)
    }

    fn word(&self, path: &[&str], known: impl Fn(&Facts) -> &str) -> &str {
        match &self.form {
            Form::Tree(tree, _) => value::text(tree, path),
            Form::Text(facts, ..) => known(facts),
        }
    }

    /// Its labels.
    pub fn labels(&self) -> &Value {
        match &self.form {
            Form::Tree(tree, _) => value::at(tree, &["metadata", "labels"]),
            Form::Text(facts, ..) => &facts.labels,
        }
    }

    /// Whether it waits for its end.
    pub fn is_leaving(&self) -> bool {
        match &self.form {
            Form::Tree(tree, _) => !value::at(tree, &["metadata", "deletionTimestamp"]).is_null(),
            Form::Text(facts, ..) => facts.leaving,
        }
    }
}

fn read(text: &Packed) -> Arc<Value> {
    Arc::new(serde_json::from_slice(&text.text()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::{Neighbour, Object};

    #[test]
    fn without_its_tree_an_object_says_the_same() {
        let value = json!({
            "kind": "Pod", "metadata": {"name": "a", "namespace": "b", "uid": "c", "labels": {"app": "d"}, "deletionTimestamp": "e"},
            "spec": {"nodeName": "f", "number": 1.0, "large": 9_007_199_254_740_993u64}, "status": {"phase": "g"},
        });
        let whole = Object::new(3, Arc::new(value.clone()));
        let mut seen = Neighbour::default();
        let flat = whole.flat(&mut seen).unwrap();
        let words = |one: &Object| [one.namespace(), one.name(), one.uid(), one.node(), one.phase()].map(str::to_owned);
        assert_eq!((words(&flat), flat.version), (words(&whole), 3));
        assert_eq!(words(&flat), ["b", "a", "c", "f", "g"]);
        assert_eq!((flat.labels(), flat.is_leaving(), flat.body()), (whole.labels(), true, whole.body()));
        assert!(flat.flat(&mut seen).is_none(), "there is nothing to save yet");
        assert_eq!((Value::clone(&flat.tree()), flat.flat(&mut seen).is_none()), (value.clone(), true));
        assert_eq!(**flat.value(), value);
        assert!(flat.flat(&mut seen).is_some());
    }
}
