//! A whole object as the API server speaks it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Kind;
use crate::base::Uid;

/// One object's JSON. The only place outside a door where untyped JSON stands for a domain thing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Manifest(pub Value);

impl Manifest {
    /// The value at a path of field names.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.0, |value, field| value.get(field))
    }

    /// The text at a path of field names.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        self.at(path).and_then(Value::as_str)
    }

    /// The items of a list of one kind, as objects: in a typed list they come without kind and apiVersion.
    pub fn items(&self, kind: &Kind) -> Vec<Self> {
        let items = self.at(&["items"]).and_then(Value::as_array);
        items
            .into_iter()
            .flatten()
            .map(|item| {
                let mut item = item.clone();
                if let Some(map) = item.as_object_mut() {
                    map.insert("apiVersion".to_owned(), Value::String(kind.api_version()));
                    map.insert("kind".to_owned(), Value::String(kind.kind.clone()));
                }
                Self(item)
            })
            .collect()
    }

    /// `apiVersion`, empty when absent.
    pub fn api_version(&self) -> &str {
        self.text(&["apiVersion"]).unwrap_or_default()
    }

    /// `kind`, empty when absent.
    pub fn kind(&self) -> &str {
        self.text(&["kind"]).unwrap_or_default()
    }

    /// `metadata.name`, empty when absent.
    pub fn name(&self) -> &str {
        self.text(&["metadata", "name"]).unwrap_or_default()
    }

    /// `metadata.namespace`.
    pub fn namespace(&self) -> Option<&str> {
        self.text(&["metadata", "namespace"])
    }

    /// `metadata.uid`.
    pub fn uid(&self) -> Option<Uid> {
        self.text(&["metadata", "uid"]).map(Uid::parse)
    }

    /// `metadata.resourceVersion`.
    pub fn resource_version(&self) -> Option<&str> {
        self.text(&["metadata", "resourceVersion"])
    }

    /// `metadata.creationTimestamp`.
    pub fn created(&self) -> Option<Timestamp> {
        self.text(&["metadata", "creationTimestamp"])?.parse().ok()
    }

    /// Whether `metadata.deletionTimestamp` is set.
    pub fn terminating(&self) -> bool {
        self.at(&["metadata", "deletionTimestamp"]).is_some_and(|at| !at.is_null())
    }

    /// One label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.text(&["metadata", "labels", key])
    }

    /// One annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.text(&["metadata", "annotations", key])
    }

    /// All labels.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.at(&["metadata", "labels"])
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
    }

    /// The map at a path, made on the way when absent. `None` when something else stands there.
    pub fn map_mut(&mut self, path: &[&str]) -> Option<&mut Map<String, Value>> {
        let mut value = &mut self.0;
        for field in path {
            if value.is_null() {
                *value = Value::Object(Map::new());
            }
            value = value.as_object_mut()?.entry(*field).or_insert_with(|| Value::Object(Map::new()));
        }
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        value.as_object_mut()
    }
}
