//! Group and names of a definition.

use serde_json::Value;

use crate::{
    base::{
        rfc,
        value::{self, list, text},
    },
    schema::validate::Cause,
};

const APPROVED: &str = "api-approved.kubernetes.io";

/// The group, the scope, and the name that follows from group and plural.
pub fn group(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    let (name, group) = (value::at(new, &["metadata", "name"]), value::at(new, &["spec", "group"]));
    let said = group.as_str().unwrap_or_default();
    let wanted = format!("{}.{said}", text(new, &["spec", "names", "plural"]));
    if old.is_none() && name != wanted.as_str() {
        causes.push(Cause::invalid("metadata.name", name, "must be spec.names.plural+\".\"+spec.group"));
    }
    if said.is_empty() {
        causes.push(Cause::required("spec.group", ""));
    } else if let Some(why) = rfc::subdomain(said) {
        causes.push(Cause::invalid("spec.group", group, &why));
    } else if !said.contains('.') {
        causes.push(Cause::invalid("spec.group", group, "should be a domain with at least one dot"));
    }
    let scope = value::at(new, &["spec", "scope"]);
    match scope.as_str().unwrap_or_default() {
        "" => causes.push(Cause::required("spec.scope", "")),
        "Cluster" | "Namespaced" => {}
        _ => causes.push(Cause::unsupported("spec.scope", scope, ["Cluster", "Namespaced"])),
    }
}

/// The names of the kind.
pub fn check(new: &Value, at: &str, causes: &mut Vec<Cause>) {
    let names = value::at(new, &["spec", "names"]);
    for field in ["plural", "singular", "kind", "listKind"] {
        if text(names, &[field]).is_empty() {
            causes.push(Cause::required(format!("{at}.{field}"), ""));
        }
    }
    for field in ["plural", "singular"] {
        label(&names[field], format!("{at}.{field}"), "", causes);
    }
    for field in ["kind", "listKind"] {
        let name = &names[field];
        let lower = Value::from(name.as_str().unwrap_or_default().to_lowercase());
        if let Some(why) = rfc::label_1035(lower.as_str().unwrap_or_default()).filter(|_| lower != "") {
            let why = format!("may have mixed case, but should otherwise match: {why}");
            causes.push(Cause::invalid(format!("{at}.{field}"), name, &why));
        }
    }
    for (number, name) in list(names, &["shortNames"]).iter().enumerate() {
        label(name, format!("{at}.shortNames[{number}]"), "x", causes);
    }
    if names["kind"] == names["listKind"] && !text(names, &["kind"]).is_empty() {
        causes.push(Cause::invalid(
            format!("{at}.listKind"),
            &names["listKind"],
            "kind and listKind may not be the same",
        ));
    }
    for (number, name) in list(names, &["categories"]).iter().enumerate() {
        label(name, format!("{at}.categories[{number}]"), "x", causes);
    }
}

/// `must`: not empty where an empty name is wrong too.
fn label(name: &Value, at: String, must: &str, causes: &mut Vec<Cause>) {
    let said = name.as_str().unwrap_or_default();
    if said.is_empty() && must.is_empty() {
        return;
    }
    if let Some(why) = rfc::label_1035(said) {
        causes.push(Cause::invalid(at, name, &why));
    }
}

/// What may not change once the kind is served.
pub fn unchanged(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    let served =
        list(old, &["status", "conditions"]).iter().any(|one| one["type"] == "Established" && one["status"] == "True");
    for (path, always) in [
        (&["spec", "scope"][..], false),
        (&["spec", "names", "kind"], false),
        (&["spec", "group"], true),
        (&["spec", "names", "plural"], true),
    ] {
        let now = value::at(new, path);
        if (always || served) && value::at(old, path) != now {
            causes.push(Cause::invalid(path.join("."), now, "field is immutable"));
        }
    }
}

/// Groups of Kubernetes itself need a word of who approved the kind.
pub fn approved(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    let group = text(new, &["spec", "group"]);
    let protected = ["k8s.io", "kubernetes.io"]
        .iter()
        .any(|own| group == *own || group.strip_suffix(own).is_some_and(|rest| rest.ends_with('.')));
    if !protected {
        return;
    }
    let word = |of: &Value| value::at(of, &["metadata", "annotations", APPROVED]).clone();
    let given = word(new);
    if old.is_some_and(|old| word(old) == given) {
        return;
    }
    let at = format!("metadata.annotations[{APPROVED}]");
    let said = given.as_str().unwrap_or_default();
    if said.is_empty() {
        let why = format!(
            "protected groups must have approval annotation {APPROVED:?}, see https://github.com/kubernetes/enhancements/pull/1111"
        );
        causes.push(Cause::required(at, &why));
    } else if !said.starts_with("unapproved") && !said.contains("://") {
        let why = format!(
            "protected groups must have approval annotation {APPROVED:?} with either a URL or a reason starting with \"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111"
        );
        causes.push(Cause::invalid(at, &given, &why));
    }
}
