//! Tables: objects as rows of cells for a person. Columns are recorded; cells are made here, by kind.

mod autoscaler;
mod cells;
mod pod;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{cluster::Cluster, pack, read};
use crate::{
    base::{
        jsonpath::JsonPath,
        value::{self, text},
        when,
    },
    store::{KindRow, Object},
};

/// How much of an object a row carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    /// Nothing.
    None,
    /// Its metadata.
    Metadata,
    /// All of it.
    Object,
}

/// Makes the cells of an object.
type Cells = dyn Fn(&Value) -> Vec<Value>;

/// The table of some objects. `head`: with column definitions.
pub fn render(
    cluster: &Cluster,
    row: &KindRow,
    version: &str,
    objects: &[Arc<Object>],
    include: Include,
    v: &str,
    head: bool,
) -> Value {
    let now = cluster.now();
    let (columns, make): (Value, Box<Cells>) = if row.custom {
        let printed = custom_columns(row, version);
        let columns = custom_head(&printed);
        (columns, Box::new(move |object| custom_cells(&printed, object, now)))
    } else {
        let path =
            if row.group.is_empty() { format!("api/{version}") } else { format!("apis/{}/{version}", row.group) };
        let columns = pack::columns_of(&format!("{path}/{}", row.plural)).cloned().unwrap_or_else(|| json!([]));
        let names: Vec<String> =
            columns.as_array().into_iter().flatten().map(|column| text(column, &["name"]).to_owned()).collect();
        let plural = row.plural.clone();
        (columns, Box::new(move |object| cells::of(&plural, object, &names, now)))
    };
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let tree = object.tree();
            let mut line = json!({"cells": make(&tree)});
            if row.plural == "pods" && row.group.is_empty() {
                let (reason, message) = match object.phase() {
                    "Succeeded" => ("Succeeded", "The pod has completed successfully."),
                    "Failed" => ("Failed", "The pod failed."),
                    _ => ("", ""),
                };
                if !reason.is_empty() {
                    line["conditions"] =
                        json!([{"type": "Completed", "status": "True", "reason": reason, "message": message}]);
                }
            }
            match include {
                Include::None => line["object"] = Value::Null,
                Include::Metadata => {
                    line["object"] = read::partial(&tree);
                    line["object"]["apiVersion"] = json!(format!("meta.k8s.io/{v}"));
                }
                Include::Object => line["object"] = super::write::as_version(row, &tree, version),
            }
            line
        })
        .collect();
    let mut table = json!({"kind": "Table", "apiVersion": format!("meta.k8s.io/{v}"), "metadata": {}});
    table["columnDefinitions"] = if head { columns } else { json!([]) };
    table["rows"] = json!(rows);
    table
}

/// A column of a custom kind.
struct Printed {
    name: String,
    kind: String,
    path: Option<JsonPath>,
    definition: Value,
}

fn custom_columns(row: &KindRow, version: &str) -> Vec<Printed> {
    let listed = row.columns.iter().find(|(of, _)| of == version).map(|(_, columns)| columns);
    let age = json!([{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]);
    let listed = listed.filter(|columns| columns.as_array().is_some_and(|columns| !columns.is_empty())).unwrap_or(&age);
    let one = |column: &Value| Printed {
        name: text(column, &["name"]).to_owned(),
        kind: text(column, &["type"]).to_owned(),
        path: JsonPath::parse(text(column, &["jsonPath"])),
        definition: column.clone(),
    };
    listed.as_array().into_iter().flatten().map(one).collect()
}

fn custom_head(printed: &[Printed]) -> Value {
    let mut head = vec![json!({"name": "Name", "type": "string", "format": "name", "priority": 0})];
    head.extend(printed.iter().map(|column| {
        let format = text(&column.definition, &["format"]);
        let priority = value::int(&column.definition, &["priority"]).unwrap_or_default();
        json!({"name": column.name, "type": column.kind, "format": format, "priority": priority})
    }));
    json!(head)
}

fn custom_cells(printed: &[Printed], object: &Value, now: Timestamp) -> Vec<Value> {
    let mut cells = vec![value::at(object, &["metadata", "name"]).clone()];
    for column in printed {
        let found = column.path.as_ref().and_then(|path| path.first(object));
        cells.push(match (found, column.kind.as_str()) {
            (None | Some(Value::Null), kind) if kind != "string" => Value::Null,
            (None, _) => Value::Null,
            (Some(found), "date") => {
                json!(when::read(found).map_or_else(|| "<invalid>".to_owned(), |at| when::age(at, now)))
            }
            (Some(found), "string") => match found {
                Value::String(_) => found.clone(),
                other => json!(other.to_string()),
            },
            // A cell of another type than its column stays empty.
            (Some(found), "integer") => {
                #[expect(clippy::cast_possible_truncation, reason = "a fraction in a column of whole numbers is cut")]
                let cut = |number: f64| number.trunc() as i64;
                found.as_i64().or_else(|| found.as_f64().map(cut)).map_or(Value::Null, |number| json!(number))
            }
            (Some(found), "number") => {
                if found.is_number() {
                    found.clone()
                } else {
                    Value::Null
                }
            }
            (Some(found), "boolean") => {
                if found.is_boolean() {
                    found.clone()
                } else {
                    Value::Null
                }
            }
            (Some(found), _) => found.clone(),
        });
    }
    cells
}
