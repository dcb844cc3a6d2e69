//! Refusals, as the `Status` objects of the API.

use serde_json::{Value, json};

use crate::{
    base::objects::Refused,
    schema::{apply::Conflict, validate::Cause},
    store::{KindRow, Object},
};

/// Why a request got no for an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// HTTP status code.
    pub code: u16,
    /// `NotFound`, `Conflict`, …
    pub reason: &'static str,
    /// What a person reads.
    pub message: Box<str>,
    /// `details` of the Status, or null.
    pub details: Value,
    /// Whether it is told as plain text: where nobody is at home who speaks of Statuses.
    pub plain: bool,
    /// Where an expired list can be read on, in the state of now.
    pub token: Option<String>,
}

impl Refusal {
    /// Any refusal without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into().into_boxed_str(), details: Value::Null, plain: false, token: None }
    }

    /// 400.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 404 for an object.
    pub fn not_found(kind: &KindRow, name: &str) -> Self {
        Self {
            details: about(kind, &kind.plural, name),
            ..Self::new(404, "NotFound", format!("{} {name:?} not found", kind.resource()))
        }
    }

    /// 404 for a path nobody serves.
    pub fn no_such_path() -> Self {
        Self { details: json!({}), ..Self::new(404, "NotFound", "the server could not find the requested resource") }
    }

    /// 404 for a path under which nothing is served at all.
    pub fn nowhere() -> Self {
        Self { plain: true, ..Self::new(404, "NotFound", "404 page not found\n") }
    }

    /// 409 for a name that is taken.
    pub fn exists(kind: &KindRow, name: &str) -> Self {
        Self {
            details: about(kind, &kind.plural, name),
            ..Self::new(409, "AlreadyExists", format!("{} {name:?} already exists", kind.resource()))
        }
    }

    /// 409 for an object that is not in the state the client believes.
    pub fn conflict(kind: &KindRow, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {why}", kind.resource());
        Self { details: about(kind, &kind.plural, name), ..Self::new(409, "Conflict", message) }
    }

    /// 409 for a deletion of another object than the client believes.
    pub fn outdated(kind: &KindRow, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {why}", kind.qualified());
        Self { details: about(kind, &kind.kind, name), ..Self::new(409, "Conflict", message) }
    }

    /// 409 for an apply of what others own.
    pub fn owned(conflicts: &[Conflict]) -> Self {
        let causes: Vec<Value> = conflicts
            .iter()
            .map(|one| {
                let message = format!("conflict with {}", one.writer.shown());
                json!({"reason": "FieldManagerConflict", "message": message, "field": one.field})
            })
            .collect();
        let message = match conflicts {
            [one] => format!("Apply failed with 1 conflict: conflict with {}: {}", one.writer.shown(), one.field),
            many => {
                let mut lines: Vec<String> = Vec::new();
                let mut names: Vec<String> = many.iter().map(|one| one.writer.shown()).collect();
                names.sort();
                names.dedup();
                for name in names {
                    lines.push(format!("conflicts with {name}:"));
                    let of_it = many.iter().filter(|one| one.writer.shown() == name);
                    lines.extend(of_it.map(|one| format!("- {}", one.field)));
                }
                format!("Apply failed with {} conflicts: {}", many.len(), lines.join("\n"))
            }
        };
        Self { details: json!({"causes": causes}), ..Self::new(409, "Conflict", message) }
    }

    /// 409 for an object somebody else wrote in the meantime.
    pub fn stale(kind: &KindRow, name: &str) -> Self {
        const WHY: &str = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(kind, name, WHY)
    }

    /// 422 for a replacement that does not say what it replaces.
    pub fn unversioned(kind: &KindRow, name: &str) -> Self {
        let cause = Cause::invalid("metadata.resourceVersion", &json!(0), "must be specified for an update");
        let mut details = about(kind, &kind.plural, name);
        details["causes"] = json!([{"reason": cause.reason, "message": cause.message, "field": cause.field}]);
        let message = format!("{} {name:?} is invalid: {}: {}", kind.resource(), cause.field, cause.message);
        Self { details, ..Self::new(422, "Invalid", message) }
    }

    /// 422 with its causes.
    pub fn invalid(kind: &KindRow, name: &str, causes: &[Cause]) -> Self {
        Self::invalid_as(&kind.group, &kind.kind, name, causes)
    }

    /// 422 for what is no object of the store: options, views.
    pub fn invalid_as(group: &str, kind: &str, name: &str, causes: &[Cause]) -> Self {
        let said: Vec<String> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let mut once = said.clone();
        once.dedup();
        let said = if once.len() == 1 { once.concat() } else { format!("[{}]", said.join(", ")) };
        let mut details = json!({});
        for (key, value) in [("name", name), ("group", group), ("kind", kind)] {
            if !value.is_empty() {
                details[key] = json!(value);
            }
        }
        details["causes"] = causes
            .iter()
            .map(|cause| json!({"reason": cause.reason, "message": cause.message, "field": cause.field}))
            .collect();
        let full = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        Self { details, ..Self::new(422, "Invalid", format!("{full} {name:?} is invalid: {said}")) }
    }

    /// 422 for options of a request.
    pub fn of_options(kind: &str, causes: &[Cause]) -> Self {
        let said: Vec<String> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let said = if said.len() == 1 { said.concat() } else { format!("[{}]", said.join(", ")) };
        let causes: Vec<Value> = causes
            .iter()
            .map(|cause| json!({"reason": cause.reason, "message": cause.message, "field": cause.field}))
            .collect();
        Self {
            details: json!({"group": "meta.k8s.io", "kind": kind, "causes": causes}),
            ..Self::new(422, "Invalid", format!("{kind}.meta.k8s.io \"\" is invalid: {said}"))
        }
    }

    /// 422 for what is asked of a log.
    pub fn of_log(pod: &str, causes: &[Cause]) -> Self {
        let mut refusal = Self::of_options("PodLogOptions", causes);
        let said: Vec<String> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let said = if said.len() == 1 { said.concat() } else { format!("[{}]", said.join(", ")) };
        refusal.message = format!("PodLogOptions {pod:?} is invalid: {said}").into_boxed_str();
        refusal.details["name"] = json!(pod);
        if let Some(details) = refusal.details.as_object_mut() {
            details.shift_remove("group");
        }
        refusal
    }

    /// 403 in the words of RBAC or of admission.
    pub fn forbidden(resource: &str, group: &str, name: &str, why: &str) -> Self {
        let full = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let what = if name.is_empty() { full } else { format!("{full} {name:?}") };
        let mut details = json!({});
        for (key, value) in [("name", name), ("group", group), ("kind", resource)] {
            if !value.is_empty() {
                details[key] = json!(value);
            }
        }
        Self { details, ..Self::new(403, "Forbidden", format!("{what} is forbidden: {why}")) }
    }

    /// 410 for a version whose changes are forgotten.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 405.
    pub fn method() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self { details: json!({}), ..Self::new(405, "MethodNotAllowed", message) }
    }

    /// 415.
    pub fn media(given: &str, taken: &[&str]) -> Self {
        if given.is_empty() {
            return Self {
                details: json!({}),
                ..Self::new(415, "UnsupportedMediaType", "415: Unsupported Media Type")
            };
        }
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            taken.join(", ")
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 415 for a patch of a form that the kind does not take. Built-in kinds are asked before their own code is.
    pub fn form(kind: &KindRow, taken: &[&str]) -> Self {
        if !kind.custom {
            let message = "415: Unsupported Media Type";
            return Self { details: json!({}), ..Self::new(415, "UnsupportedMediaType", message) };
        }
        let list = taken.join(", ");
        let message =
            format!("the body of the request was in an unknown format - accepted media types include: {list}");
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 501 for what a real cluster does and this world does not.
    pub fn absent(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("the simulated cluster does not serve {what}"))
    }

    /// The Status object.
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.token.as_ref().map_or_else(|| json!({}), |token| json!({"continue": token})),
            "status": "Failure",
            "message": self.message,
        });
        // What went wrong inside has no reason.
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status["code"] = json!(self.code);
        status
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { code: refusal.code, reason: refusal.reason, message: refusal.message.into() }
    }
}

fn about(kind: &KindRow, word: &str, name: &str) -> Value {
    let mut details = json!({});
    for (key, value) in [("name", name), ("group", &kind.group), ("kind", word)] {
        if !value.is_empty() {
            details[key] = json!(value);
        }
    }
    details
}

/// The `Status` of a deletion that is done at once.
pub fn deleted(kind: &KindRow, object: &Object) -> Value {
    let mut details = about(kind, &kind.plural, object.name());
    details["uid"] = json!(object.uid());
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
