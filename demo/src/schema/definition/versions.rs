//! The versions of a definition.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{columns, schema};
use crate::{
    base::{
        rfc,
        value::{self, list, text},
    },
    schema::{custom::says, validate::Cause},
};

/// Each version, and what they must be together.
pub fn check(new: &Value, causes: &mut Vec<Cause>) {
    let versions = list(new, &["spec", "versions"]);
    for (at, version) in versions.iter().enumerate() {
        if value::at(version, &["schema", "openAPIV3Schema"]).is_null() {
            causes.push(Cause::required(format!("spec.versions[{at}].schema.openAPIV3Schema"), ""));
        }
    }
    for (at, version) in versions.iter().enumerate() {
        let here = format!("spec.versions[{at}]");
        if let Some(why) = rfc::label_1035(text(version, &["name"])) {
            causes.push(Cause::invalid(format!("{here}.name"), &version["name"], &why));
        }
        discouraged(version, &here, causes);
        let root = value::at(version, &["schema", "openAPIV3Schema"]);
        let status = !value::at(version, &["subresources", "status"]).is_null();
        if !root.is_null() {
            schema::check(root, status, &format!("{here}.schema"), causes);
        }
        columns::scale(value::at(version, &["subresources", "scale"]), &format!("{here}.subresources.scale"), causes);
        for (number, column) in list(version, &["additionalPrinterColumns"]).iter().enumerate() {
            columns::column(column, &format!("{here}.additionalPrinterColumns[{number}]"), causes);
        }
        columns::selectable(list(version, &["selectableFields"]), root, &format!("{here}.selectableFields"), causes);
    }
    let names: BTreeSet<&str> = versions.iter().map(|one| text(one, &["name"])).collect();
    if names.len() != versions.len() {
        causes.push(Cause::unshown("spec.versions", "must contain unique version names"));
    }
    if versions.iter().filter(|one| says(one, "storage")).count() != 1 {
        causes.push(Cause::unshown("spec.versions", "must have exactly one version marked as storage version"));
    }
}

fn discouraged(version: &Value, here: &str, causes: &mut Vec<Cause>) {
    let given = &version["deprecationWarning"];
    let Some(words) = given.as_str() else { return };
    let at = format!("{here}.deprecationWarning");
    if !says(version, "deprecated") {
        causes.push(Cause::invalid(at, given, "can only be set for deprecated versions"));
        return;
    }
    if words.len() > 256 {
        causes.push(Cause::invalid(at.clone(), given, "must be <= 256 characters long"));
    }
    if words.is_empty() {
        causes.push(Cause::invalid(at.clone(), given, "must not be an empty string"));
    }
    if let Some((place, _)) = words.char_indices().find(|(_, c)| c.is_control()) {
        let why = format!(
            "must only contain printable UTF-8 characters; non-printable character found at index {place}"
        );
        causes.push(Cause::invalid(at, given, &why));
    }
}
