//! `[jumps]`: where to go from an object of a kind, as `enter` does it for the kinds brink knows.

use serde_json::Value;

use crate::{
    cluster::columns::Template,
    config::toml_file::{Line, TomlFile, entries},
};

/// From one kind to another.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Jump {
    /// The kind it starts from, as a command line names it.
    pub from: String,
    /// The kind it leads to.
    pub to: String,
    /// Which objects, by labels.
    pub labels: Option<Template>,
    /// Which objects, by fields.
    pub fields: Option<Template>,
    /// In which namespace: `None` is that of the object, `all` every one.
    pub namespace: Option<Template>,
}

/// A jump from one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Towards {
    /// The kind.
    pub kind: String,
    /// Label selector.
    pub labels: Option<String>,
    /// Field selector.
    pub fields: Option<String>,
    /// The namespace; `None` is all of them.
    pub namespace: Option<String>,
}

impl Jump {
    /// Where it leads from an object; the error names what the object does not say.
    pub fn towards(&self, object: &Value) -> Result<Towards, String> {
        let fill = |template: &Option<Template>, what: &str| match template {
            None => Ok(None),
            Some(template) => match template.fill(object) {
                Some(text) => Ok(Some(text).filter(|text| !text.is_empty())),
                None => Err(format!("the object does not say its {what}")),
            },
        };
        let own = || object.pointer("/metadata/namespace").and_then(Value::as_str).map(str::to_owned);
        Ok(Towards {
            kind: self.to.clone(),
            labels: fill(&self.labels, "labels for the jump")?,
            fields: fill(&self.fields, "fields for the jump")?,
            namespace: match fill(&self.namespace, "namespace for the jump")? {
                None => own(),
                Some(all) if all == "all" => None,
                namespace => namespace,
            },
        })
    }
}

/// Reads the table.
pub(super) fn read(toml: &mut TomlFile<'_>, line: Line<'_, '_>, jumps: &mut Vec<Jump>) {
    let Some(table) = toml.table(line) else { return };
    for entry in entries("jumps", table) {
        let Some(inner) = toml.table(entry) else { continue };
        let mut jump = Jump { from: entry.key.to_lowercase(), ..Jump::default() };
        let place = format!("jumps.{}", entry.key);
        let before = toml.wrongs();
        toml.walk(&place, inner, &["to", "labels", "fields", "namespace"], |toml, line| {
            let Some(text) = toml.text(line) else { return };
            if line.key == "to" {
                jump.to = text.to_lowercase();
                return;
            }
            match Template::parse(&text) {
                Err(error) => toml.refuse(line, error.to_string(), "only paths stand in {{ }}"),
                Ok(template) => match line.key {
                    "labels" => jump.labels = Some(template),
                    "fields" => jump.fields = Some(template),
                    _ => jump.namespace = Some(template),
                },
            }
        });
        if jump.to.trim().is_empty() && toml.wrongs() == before {
            toml.lacks(entry.at, &place, "leads nowhere", "write to = \"pods\"");
        }
        jumps.push(jump);
    }
}
