//! Edits of an object: found by name, turned into JSON Patch, and what they touch.
//!
//! The same functions serve the plan (what will be sent), the preview (what is shown) and the undo (what is compared), so
//! that all three mean the same place by the same path.

use serde_json::{Value, json};
use thiserror::Error;

use super::plan::Edit;
use crate::journal::{
    entry::Touched,
    path::{Seg, show},
};

/// An edit that does not fit the object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// Something on the way is missing or of another type.
    #[error("`{path}` is not there")]
    NoSuchPlace {
        /// The path, for people.
        path: String,
    },
    /// The patch does not apply.
    #[error("the edit does not apply: {0}")]
    DoesNotApply(String),
}

/// The position of a segment's element in its parent: `None` when absent.
fn index_of(list: &[Value], key: &str, value: &str) -> Option<usize> {
    list.iter().position(|element| element.get(key).and_then(Value::as_str) == Some(value))
}

/// The value at a path.
pub fn find<'a>(root: &'a Value, path: &[Seg]) -> Option<&'a Value> {
    path.iter().try_fold(root, |value, seg| match seg {
        Seg::Field(field) => value.as_object()?.get(field),
        Seg::Named { key, value: name } => {
            let list = value.as_array()?;
            list.get(index_of(list, key, name)?)
        }
        Seg::Index(index) => value.as_array()?.get(*index),
    })
}

/// RFC 6901 escaping of one token.
fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// The JSON Pointer of a path in this very object; `None` when something is absent.
pub fn pointer(root: &Value, path: &[Seg]) -> Option<String> {
    let mut text = String::new();
    let mut value = root;
    for seg in path {
        match seg {
            Seg::Field(field) => {
                value = value.as_object()?.get(field)?;
                text.push_str(&format!("/{}", escape(field)));
            }
            Seg::Named { key, value: name } => {
                let list = value.as_array()?;
                let index = index_of(list, key, name)?;
                value = list.get(index)?;
                text.push_str(&format!("/{index}"));
            }
            Seg::Index(index) => {
                value = value.as_array()?.get(*index)?;
                text.push_str(&format!("/{index}"));
            }
        }
    }
    Some(text)
}

/// The JSON Patch (RFC 6902) that carries out edits on this object, each value it replaces or removes tested before.
pub fn operations(root: &Value, edits: &[Edit]) -> Result<Vec<Value>, EditError> {
    let mut now = root.clone();
    let mut all = Vec::new();
    for edit in edits {
        let operations = one(&now, edit)?;
        patch(&mut now, &operations)?;
        all.extend(operations);
    }
    Ok(all)
}

/// The object after the edits.
pub fn applied(root: &Value, edits: &[Edit]) -> Result<Value, EditError> {
    let mut now = root.clone();
    for edit in edits {
        let operations = one(&now, edit)?;
        patch(&mut now, &operations)?;
    }
    Ok(now)
}

/// Applies JSON Patch operations in place.
pub fn patch(root: &mut Value, operations: &[Value]) -> Result<(), EditError> {
    let typed: json_patch::Patch = serde_json::from_value(Value::Array(operations.to_vec()))
        .map_err(|error| EditError::DoesNotApply(error.to_string()))?;
    json_patch::patch(root, &typed).map_err(|error| EditError::DoesNotApply(error.to_string()))
}

/// What the edits touch, with the values before.
pub fn touched(root: &Value, edits: &[Edit]) -> Vec<Touched> {
    edits
        .iter()
        .map(|edit| Touched {
            path: edit.path.clone(),
            pre: find(root, &edit.path).cloned(),
            post: edit.value.clone(),
            at: None,
        })
        .collect()
}

fn one(root: &Value, edit: &Edit) -> Result<Vec<Value>, EditError> {
    let missing = || EditError::NoSuchPlace { path: show(&edit.path) };
    let here = pointer(root, &edit.path);
    let before = find(root, &edit.path);
    Ok(match (here, before, &edit.value) {
        (Some(here), Some(before), Some(value)) => vec![
            json!({"op": "test", "path": here, "value": before}),
            json!({"op": "replace", "path": here, "value": value}),
        ],
        (Some(here), Some(before), None) => {
            vec![json!({"op": "test", "path": here, "value": before}), json!({"op": "remove", "path": here})]
        }
        (_, _, None) => Vec::new(),
        (_, _, Some(value)) => {
            let (end, above) = edit.path.split_last().ok_or_else(missing)?;
            let parent = pointer(root, above).ok_or_else(missing)?;
            let holder = find(root, above).ok_or_else(missing)?;
            let place = match (end, holder) {
                (Seg::Field(field), Value::Object(_)) => escape(field),
                (Seg::Named { .. }, Value::Array(list)) => match edit.at {
                    Some(at) if at <= list.len() => at.to_string(),
                    Some(_) => return Err(missing()),
                    None => "-".to_owned(),
                },
                (Seg::Index(index), Value::Array(list)) if *index <= list.len() => index.to_string(),
                _ => return Err(missing()),
            };
            vec![json!({"op": "add", "path": format!("{parent}/{place}"), "value": value})]
        }
    })
}
