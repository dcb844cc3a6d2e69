//! The mark: what every fault write leaves on the object it touches, in the same request (rule R4).
//!
//! `brink.dev/injection: <id>.<step>.<hash of the step>`. An undo writes only to objects that carry the right mark, and it
//! computes the hash from the facts it was given: a record that somebody forged or changed matches no mark.

use std::fmt;

use serde_json::{Map, Value, json};

use super::{PREFIX, identity::digest};
use crate::{cluster::Manifest, journal::entry::StepFact};

/// Length of the hash in hex digits.
const DIGITS: usize = 12;

/// A mark, read from an object or to be put on one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// The injection.
    pub id: String,
    /// The step.
    pub step: u32,
    /// Hash of the step.
    pub hash: String,
}

/// The annotation's key; also the key of the label on created objects, whose value is the id alone.
pub fn key() -> String {
    format!("{PREFIX}/injection")
}

/// Takes mark and label out of an object's metadata, and with them what held nothing else.
pub fn wipe(metadata: &mut Map<String, Value>) {
    for field in ["annotations", "labels"] {
        if let Some(map) = metadata.get_mut(field).and_then(Value::as_object_mut) {
            map.remove(&key());
            if map.is_empty() {
                metadata.remove(field);
            }
        }
    }
}

impl Mark {
    /// The mark of a step.
    pub fn of(id: &str, step: &StepFact) -> Self {
        Self { id: id.to_owned(), step: step.n, hash: step_hash(step) }
    }

    /// The mark an object carries.
    pub fn on(object: &Manifest) -> Option<Self> {
        Self::read(object.annotation(&key())?)
    }

    /// Reads the annotation's text.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let (id, step, hash) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { id: id.to_owned(), step: step.parse().ok()?, hash: hash.to_owned() })
    }

    /// JSON Patch operations that put it on an object.
    pub fn put_on(&self, object: &Manifest) -> Vec<Value> {
        if object.at(&["metadata", "annotations"]).is_some_and(Value::is_object) {
            vec![json!({"op": "add", "path": pointer(), "value": self.to_string()})]
        } else {
            vec![json!({"op": "add", "path": "/metadata/annotations", "value": {key(): self.to_string()}})]
        }
    }

    /// JSON Patch operations that take it off an object that carries it.
    pub fn take_off(&self) -> Vec<Value> {
        vec![
            json!({"op": "test", "path": pointer(), "value": self.to_string()}),
            json!({"op": "remove", "path": pointer()}),
        ]
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.id, self.step, self.hash)
    }
}

fn pointer() -> String {
    format!("/metadata/annotations/{}", key().replace('~', "~0").replace('/', "~1"))
}

/// Hash of everything an undo of this step goes by. The stored `hash` field is not part of it.
pub fn step_hash(step: &StepFact) -> String {
    let value = json!({
        "n": step.n,
        "op": step.op.word(),
        "object": [step.object.group, step.object.plural, step.object.namespace, step.object.name],
        "uid": step.uid,
        "paths": step.paths.iter().map(|touched| {
            json!([touched.path, touched.pre, touched.post, touched.at])
        }).collect::<Vec<_>>(),
        "body": step.object_body,
    });
    digest(&value, DIGITS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Mark;
    use crate::{cluster::Manifest, fault::edit};

    #[test]
    fn a_mark_is_put_on_read_and_taken_off_again() {
        let mark = Mark { id: "7f3a9c".to_owned(), step: 2, hash: "0123456789ab".to_owned() };
        for before in
            [json!({"metadata": {"name": "a"}}), json!({"metadata": {"name": "a", "annotations": {"x": "y"}}})]
        {
            let mut object = before.clone();
            edit::patch(&mut object, &mark.put_on(&Manifest(before.clone()))).unwrap();
            assert_eq!(Mark::on(&Manifest(object.clone())), Some(mark.clone()));
            edit::patch(&mut object, &mark.take_off()).unwrap();
            assert_eq!(Mark::on(&Manifest(object.clone())), None);
            assert_eq!(object.pointer("/metadata/annotations/x"), before.pointer("/metadata/annotations/x"));
        }
    }

    #[test]
    fn a_text_that_is_no_mark_is_none() {
        for text in ["", "a", "a.b.c", "a.1"] {
            assert_eq!(Mark::read(text), None, "{text}");
        }
    }
}
