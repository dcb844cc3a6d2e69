//! Who owns what of an object, noted on every write.

use serde_json::{Value, json};

use super::{Call, Part, as_version};
use crate::{
    api::cluster::Schema,
    base::value,
    schema::{
        apply::{self, Way},
        bare,
        fieldset::FieldSet,
        managers::{Managers, Writer},
        shape::Shape,
    },
    store::KindRow,
};

/// Where the owners of a new state come from.
#[derive(Debug)]
pub(in crate::api) enum Owners {
    /// From what the write changes.
    Noted,
    /// They are known already.
    Known(Managers),
}

/// The way a call writes.
pub(super) fn way<'a>(
    call: &Call<'_>,
    row: &KindRow,
    schema: Option<&'a Schema>,
    applies: bool,
    time: &'a str,
) -> Way<'a> {
    let subresource = match call.part {
        Part::Whole => "",
        Part::Status => "status",
        Part::Finalize => "finalize",
    };
    Way {
        shape: Shape::of(schema.and_then(Schema::node)),
        reset: reset(row, call.part),
        writer: Writer {
            manager: call.manager.to_owned(),
            applies,
            version: row.api_version(call.version),
            subresource: subresource.to_owned(),
        },
        time,
    }
}

/// Fields that a way of writing puts back to what they were.
fn reset(row: &KindRow, part: Part) -> FieldSet {
    match part {
        Part::Whole if !row.has("status") => FieldSet::default(),
        Part::Whole | Part::Finalize => FieldSet::of_names(&[&["status"]]),
        Part::Status => match (row.group.as_str(), row.plural.as_str()) {
            ("apps", "deployments") => FieldSet::of_names(&[&["spec"], &["metadata", "labels"]]),
            ("", "pods") => {
                FieldSet::of_names(&[&["spec"], &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]])
            }
            _ => FieldSet::of_names(&[&["spec"]]),
        },
    }
}

/// The object of a kind before anything is written in it.
pub(super) fn blank(row: &KindRow, schema: Option<&Schema>, version: &str) -> Value {
    let mut blank = schema.and_then(Schema::node).map_or_else(|| json!({}), bare::bare);
    if let Some(map) = blank.as_object_mut() {
        map.insert("apiVersion".to_owned(), json!(row.api_version(version)));
        map.insert("kind".to_owned(), json!(row.kind));
    }
    blank
}

/// Enters a plain write, or puts in who is known already.
pub(super) fn enter(
    owners: Owners,
    call: &Call<'_>,
    row: &KindRow,
    schema: Option<&Schema>,
    old: Option<&Value>,
    new: &mut Value,
    time: &str,
) {
    let given = value::remove(new, &["metadata", "managedFields"]).unwrap_or_default();
    let noted = match owners {
        Owners::Known(managers) => managers.write(),
        Owners::Noted => note(&given, call, row, schema, old, new, time),
    };
    if !noted.is_null() {
        value::put(new, &["metadata", "managedFields"], noted);
    }
}

fn note(
    given: &Value,
    call: &Call<'_>,
    row: &KindRow,
    schema: Option<&Schema>,
    old: Option<&Value>,
    new: &Value,
    time: &str,
) -> Value {
    let had = old.map_or(&value::NULL, |old| value::at(old, &["metadata", "managedFields"]));
    let way = way(call, row, schema, false, time);
    let blank = if old.is_none() { blank(row, schema, call.version) } else { Value::Null };
    let found = apply::found(old.unwrap_or(&blank), new, &way);
    // Through a subresource nobody changes who owns what by hand.
    let by_hand = call.part == Part::Whole && !given.is_null() && given != had;
    if !by_hand && found.is_empty() {
        return had.clone();
    }
    let mut managers = if by_hand { chosen(given, had) } else { read(had) };
    // An object that nobody keeps track of stays so until somebody applies to it.
    if managers.0.is_empty() && old.is_some() {
        return Value::Null;
    }
    apply::note(&mut managers, found, &way);
    managers.write()
}

/// The entries a client wrote itself: none where it wipes them, those that were where it wrote nothing sensible.
fn chosen(given: &Value, had: &Value) -> Managers {
    let list = given.as_array().map_or(&[][..], Vec::as_slice);
    let wiped = match list {
        [] => true,
        [one] => one.as_object().is_some_and(serde_json::Map::is_empty),
        _ => false,
    };
    if wiped {
        return Managers::default();
    }
    match Managers::read(list) {
        Ok(managers) if !managers.0.is_empty() => managers,
        _ => read(had),
    }
}

fn read(had: &Value) -> Managers {
    Managers::read(had.as_array().map_or(&[][..], Vec::as_slice)).unwrap_or_default()
}

/// Where nothing but times of managers differs, nothing does: a time alone is no write.
pub(super) fn keep_times(old: &Value, new: &mut Value) {
    const PATH: [&str; 2] = ["metadata", "managedFields"];
    let (had, has) = (value::list(old, &PATH), value::list(new, &PATH));
    let same = |a: &Value, b: &Value| {
        let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else { return false };
        let count = |map: &serde_json::Map<String, Value>| map.keys().filter(|name| *name != "time").count();
        count(a) == count(b) && a.iter().all(|(name, part)| name == "time" || b.get(name) == Some(part))
    };
    if had == has || had.len() != has.len() || !had.iter().zip(has).all(|(a, b)| same(a, b)) {
        return;
    }
    let times = value::remove(new, &PATH);
    value::put(new, &PATH, Value::Array(had.to_vec()));
    if new != old {
        value::put(new, &PATH, times.unwrap_or_default());
    }
}

/// The stored object as a writer of a version sees it, and who owns what of it.
pub(super) fn live(row: &KindRow, old: &Value, version: &str) -> (Value, Managers) {
    let mut live = as_version(row, old, version);
    let had = value::remove(&mut live, &["metadata", "managedFields"]).unwrap_or_default();
    (live, read(&had))
}
