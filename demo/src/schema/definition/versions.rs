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
    let places = Places::of(versions);
    for (at, version) in versions.iter().enumerate() {
        let here = format!("spec.versions[{at}]");
        if let Some(why) = rfc::label_1035(text(version, &["name"])) {
            causes.push(Cause::invalid(format!("{here}.name"), &version["name"], &why));
        }
        discouraged(version, &here, causes);
        let root = value::at(version, &["schema", "openAPIV3Schema"]);
        let status = !value::at(version, &["subresources", "status"]).is_null();
        if let Some(place) = places.of_word("schema", "validation", at).filter(|_| !root.is_null()) {
            schema::check(root, status, &place, causes);
        }
        if let Some(place) = places.of_word("subresources", "subresources", at) {
            columns::scale(value::at(version, &["subresources", "scale"]), &format!("{place}.scale"), causes);
        }
        if let Some(place) = places.of_word("additionalPrinterColumns", "additionalPrinterColumns", at) {
            for (number, column) in list(version, &["additionalPrinterColumns"]).iter().enumerate() {
                columns::column(column, &format!("{place}[{number}]"), causes);
            }
        }
        if let Some(place) = places.of_word("selectableFields", "selectableFields", at) {
            columns::selectable(list(version, &["selectableFields"]), root, &place, causes);
        }
    }
    if let Some(first) = versions.first()
        && let Some(why) = rfc::label_1035(text(first, &["name"]))
    {
        causes.push(Cause::invalid("spec.version", &first["name"], &why));
    }
    let names: BTreeSet<&str> = versions.iter().map(|one| text(one, &["name"])).collect();
    if names.len() != versions.len() {
        causes.push(Cause::unshown("spec.versions", "must contain unique version names"));
    }
    if versions.iter().filter(|one| says(one, "storage")).count() != 1 {
        causes.push(Cause::unshown("spec.versions", "must have exactly one version marked as storage version"));
    }
}

/// What all versions have alike is one thing to the server, and stands outside of the versions in its errors.
struct Places<'a>(&'a [Value]);

impl<'a> Places<'a> {
    fn of(versions: &'a [Value]) -> Self {
        Self(versions)
    }

    /// Where a word of a version stands; nowhere where it was told with the first version already.
    fn of_word(&self, word: &str, alike: &str, at: usize) -> Option<String> {
        let first = self.0.first().map_or(&value::NULL, |first| &first[word]);
        if first.is_null() || self.0.iter().any(|version| &version[word] != first) {
            return Some(format!("spec.versions[{at}].{word}"));
        }
        (at == 0).then(|| format!("spec.{alike}"))
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
        let why =
            format!("must only contain printable UTF-8 characters; non-printable character found at index {place}");
        causes.push(Cause::invalid(at, given, &why));
    }
}
