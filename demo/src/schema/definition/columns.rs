//! Printer columns, the scale subresource and selectable fields: paths into objects.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    base::value::text,
    schema::{custom::path, validate::Cause},
};

const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const FORMATS: [&str; 8] = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
/// How many fields of a kind may be selected by.
const SELECTABLE: usize = 8;

fn simple(given: &Value, at: String, causes: &mut Vec<Cause>) -> bool {
    let fine = given.as_str().is_some_and(|path| path.starts_with('.'));
    if !fine {
        causes.push(Cause::invalid(at, given, "must be a simple json path starting with ."));
    }
    fine
}

/// One printer column.
pub fn column(column: &Value, at: &str, causes: &mut Vec<Cause>) {
    let said = |field: &str| text(column, &[field]);
    if said("name").is_empty() {
        causes.push(Cause::required(format!("{at}.name"), ""));
    }
    let kinds = format!("must be one of {}", TYPES.join(","));
    if said("type").is_empty() {
        causes.push(Cause::required(format!("{at}.type"), &kinds));
    } else if !TYPES.contains(&said("type")) {
        causes.push(Cause::invalid(format!("{at}.type"), &column["type"], &kinds));
    }
    if !said("format").is_empty() && !FORMATS.contains(&said("format")) {
        let why = format!("must be one of {}", FORMATS.join(","));
        causes.push(Cause::invalid(format!("{at}.format"), &column["format"], &why));
    }
    if said("jsonPath").is_empty() {
        causes.push(Cause::required(format!("{at}.JSONPath"), ""));
    } else {
        simple(&column["jsonPath"], format!("{at}.JSONPath"), causes);
    }
}

/// Where replicas are read and written.
pub fn scale(scale: &Value, at: &str, causes: &mut Vec<Cause>) {
    if scale.is_null() {
        return;
    }
    for (field, under) in [("specReplicasPath", &[".spec."][..]), ("statusReplicasPath", &[".status."])] {
        let (given, here) = (&scale[field], format!("{at}.{field}"));
        let said = given.as_str().unwrap_or_default();
        if said.is_empty() {
            causes.push(Cause::required(here, ""));
        } else if simple(given, here.clone(), causes) && !under.iter().any(|one| said.starts_with(one)) {
            let why = format!("should be a json path under {}", under[0].trim_end_matches('.'));
            causes.push(Cause::invalid(here, given, &why));
        }
    }
    let (given, here) = (&scale["labelSelectorPath"], format!("{at}.labelSelectorPath"));
    let said = given.as_str().unwrap_or_default();
    if !said.is_empty()
        && simple(given, here.clone(), causes)
        && !said.starts_with(".spec.")
        && !said.starts_with(".status.")
    {
        causes.push(Cause::invalid(here, given, "should be a json path under either .spec or .status"));
    }
}

/// Fields that lists can be narrowed by.
pub fn selectable(fields: &[Value], root: &Value, at: &str, causes: &mut Vec<Cause>) {
    let mut seen = BTreeSet::new();
    for (number, field) in fields.iter().enumerate() {
        let (given, here) = (&field["jsonPath"], format!("{at}[{number}].jsonPath"));
        let said = given.as_str().unwrap_or_default();
        if said.is_empty() {
            causes.push(Cause::required(here, ""));
            continue;
        }
        match path::read(said, root, false) {
            Err(why) => causes.push(Cause::invalid(here, given, &format!("is an invalid path: {why}"))),
            Ok((path, found)) => {
                if path == "metadata" || path.starts_with("metadata.") {
                    causes.push(Cause::invalid(here.clone(), given, "must not point to fields in metadata"));
                }
                if !matches!(found["type"].as_str(), Some("string" | "boolean" | "integer")) {
                    let why = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
                    causes.push(Cause::invalid(here.clone(), given, why));
                }
                if !seen.insert(path) {
                    causes.push(Cause::duplicate(here, given));
                }
            }
        }
    }
    if seen.len() > SELECTABLE {
        let message = format!("Too many: {}: must have at most {SELECTABLE} items", seen.len());
        causes.push(Cause { reason: "FieldValueTooMany", field: at.to_owned(), message });
    }
}
