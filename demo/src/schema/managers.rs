//! The entries of `managedFields`: who owns which fields, by which way of writing.

use serde_json::{Value, json};

use super::fieldset::FieldSet;
use crate::base::value::text;

/// How many writers by update are kept apart; the oldest become one.
const UPDATERS: usize = 10;
/// The name of the writers that became one.
const ANCIENT: &str = "ancient-changes";

/// Who writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    /// The name of the manager.
    pub manager: String,
    /// Whether by apply; else by an update of any kind.
    pub applies: bool,
    /// The `apiVersion` of what was written.
    pub version: String,
    /// The subresource written through, empty for the object itself.
    pub subresource: String,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who wrote.
    pub writer: Writer,
    /// When, as the API writes it.
    pub time: Option<String>,
    /// What is owned.
    pub fields: FieldSet,
}

/// All entries of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Managers(pub Vec<Entry>);

impl Writer {
    /// Whether both are one manager. One that applies is the same in every version.
    pub fn is(&self, other: &Self) -> bool {
        self.manager == other.manager
            && self.applies == other.applies
            && self.subresource == other.subresource
            && (self.applies || self.version == other.version)
    }

    /// The writer as a conflict names it.
    pub fn shown(&self) -> String {
        let mut shown = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            shown.push_str(&format!(" with subresource {:?}", self.subresource));
        }
        if !self.applies {
            shown.push_str(&format!(" using {}", self.version));
        }
        shown
    }
}

impl Managers {
    /// Reads `managedFields`, or says what is wrong with it.
    pub fn read(list: &[Value]) -> Result<Self, String> {
        let mut managers = Self::default();
        for (at, entry) in list.iter().enumerate() {
            let applies = match text(entry, &["operation"]) {
                "Apply" => true,
                "Update" => false,
                _ => return Err("operation must be `Apply` or `Update`".to_owned()),
            };
            let version = text(entry, &["apiVersion"]);
            if version.is_empty() {
                return Err("apiVersion must not be empty".to_owned());
            }
            match text(entry, &["fieldsType"]) {
                "FieldsV1" => {}
                "" => return Err(format!("missing fieldsType in managed fields entry {at}")),
                other => return Err(format!("invalid fieldsType {other:?} in managed fields entry {at}")),
            }
            let fields = &entry["fieldsV1"];
            let fields = if fields.is_null() { Ok(FieldSet::default()) } else { FieldSet::read(fields) };
            let entry = Entry {
                writer: Writer {
                    manager: text(entry, &["manager"]).to_owned(),
                    applies,
                    version: version.to_owned(),
                    subresource: text(entry, &["subresource"]).to_owned(),
                },
                time: entry["time"].as_str().map(str::to_owned),
                fields: fields.map_err(|wrong| format!("error decoding versioned set: {wrong}"))?,
            };
            // Of two entries of one manager the later counts.
            managers.0.retain(|has| !has.writer.is(&entry.writer));
            managers.0.push(entry);
        }
        Ok(managers)
    }

    /// Writes `managedFields`, null where nobody owns anything.
    pub fn write(mut self) -> Value {
        if self.0.is_empty() {
            return Value::Null;
        }
        self.0.sort_by(|a, b| {
            let key = |entry: &Entry| (!entry.writer.applies, entry.time.clone());
            let name = |entry: &Entry| {
                let writer = &entry.writer;
                (writer.manager.clone(), writer.version.clone(), writer.subresource.clone())
            };
            key(a).cmp(&key(b)).then_with(|| name(a).cmp(&name(b)))
        });
        self.0.iter().map(Entry::write).collect()
    }

    /// The entry of a writer.
    pub fn of(&self, writer: &Writer) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.writer.is(writer))
    }

    /// Puts the entry of a writer in place of the one it had.
    pub fn set(&mut self, entry: Entry) {
        match self.0.iter_mut().find(|has| has.writer.is(&entry.writer)) {
            Some(has) => *has = entry,
            None => self.0.push(entry),
        }
    }

    /// Forgets who owns nothing.
    pub fn tidy(&mut self) {
        self.0.retain(|entry| !entry.fields.is_empty());
    }

    /// Makes one of the oldest writers by update while there are too many.
    pub fn fold(&mut self) {
        let mut updaters: Vec<Writer> =
            self.0.iter().filter(|entry| !entry.writer.applies).map(|entry| entry.writer.clone()).collect();
        let mut left = updaters.len();
        if left <= UPDATERS {
            return;
        }
        updaters.sort_by_cached_key(|writer| {
            let time = self.of(writer).and_then(|entry| entry.time.clone());
            (time, writer.manager.clone(), writer.version.clone(), writer.subresource.clone())
        });
        // The first of a version waits for a second one to become one with.
        let mut waiting: Vec<Writer> = Vec::new();
        for writer in updaters {
            if left <= UPDATERS {
                break;
            }
            let Some(first) = waiting.iter().find(|first| first.version == writer.version).cloned() else {
                waiting.push(writer);
                continue;
            };
            let bucket = Writer { manager: ANCIENT.to_owned(), subresource: String::new(), ..writer.clone() };
            if self.of(&bucket).is_none()
                && let Some(entry) = self.0.iter_mut().find(|entry| entry.writer.is(&first))
            {
                entry.writer = bucket.clone();
            }
            let Some(at) = self.0.iter().position(|entry| entry.writer.is(&writer)) else { continue };
            let gone = self.0.remove(at);
            if let Some(entry) = self.0.iter_mut().find(|entry| entry.writer.is(&bucket)) {
                entry.fields = std::mem::take(&mut entry.fields).union(gone.fields);
                entry.time = gone.time;
            }
            left -= 1;
        }
    }
}

impl Entry {
    fn write(&self) -> Value {
        let writer = &self.writer;
        let mut entry = json!({
            "manager": writer.manager,
            "operation": if writer.applies { "Apply" } else { "Update" },
            "apiVersion": writer.version,
        });
        if let Some(time) = &self.time {
            entry["time"] = json!(time);
        }
        entry["fieldsType"] = json!("FieldsV1");
        entry["fieldsV1"] = self.fields.write();
        if !writer.subresource.is_empty() {
            entry["subresource"] = json!(writer.subresource);
        }
        if writer.manager.is_empty()
            && let Some(map) = entry.as_object_mut()
        {
            map.shift_remove("manager");
        }
        entry
    }
}
