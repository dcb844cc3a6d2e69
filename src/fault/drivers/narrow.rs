//! A rule's matches held to the scope of a fault: which requests a copy of the rule takes.

use serde_json::{Map, Value, json};

use super::CompileError;
use crate::fault::{
    aim,
    intent::{Fault, Target},
    sight::Sight,
};

/// The labels by which a VirtualService knows the source in the scope.
pub(super) fn source_labels(fault: &Fault, sight: &Sight, from: &str) -> Result<Value, CompileError> {
    let (kind, name) = from.split_once('/').unwrap_or(("", from));
    if kind.eq_ignore_ascii_case("namespace") {
        return Err(CompileError::CannotExpress {
            what: format!("a VirtualService singles out requests by labels of the source, not by {from}"),
            fix: "name a workload, such as Deployment/web".to_owned(),
        });
    }
    let target = Target::Workload { kind: kind.to_owned(), name: name.to_owned() };
    Ok(json!(aim::aim(&Fault { target, ..fault.clone() }, sight)?.labels))
}

/// A rule, without its name, held to the scope; `None` when nothing of it lies within.
pub(super) fn narrowed(
    rule: &Map<String, Value>,
    fault: &Fault,
    labels: Option<&Value>,
) -> Result<Option<Map<String, Value>>, CompileError> {
    let mut copy = rule.clone();
    copy.remove("name");
    if !scoped(fault) {
        return Ok(Some(copy));
    }
    let matches = match rule.get("match").and_then(Value::as_array) {
        Some(all) if !all.is_empty() => all.clone(),
        _ => vec![json!({})],
    };
    let mut narrowed = Vec::new();
    for one in matches {
        if let Some(one) = narrow(&one, fault, labels)? {
            narrowed.push(one);
        }
    }
    if narrowed.is_empty() {
        return Ok(None);
    }
    copy.insert("match".to_owned(), Value::Array(narrowed));
    Ok(Some(copy))
}

/// Whether the fault singles requests out.
pub(super) fn scoped(fault: &Fault) -> bool {
    let scope = &fault.scope;
    scope.from.is_some() || scope.path.is_some() || !scope.headers.is_empty()
}

/// A match that is also within the scope; `None` when nothing is left of it.
fn narrow(one: &Value, fault: &Fault, labels: Option<&Value>) -> Result<Option<Value>, CompileError> {
    let mut one = one.clone();
    if let Some(labels) = labels.and_then(Value::as_object) {
        for (key, value) in labels {
            if one.pointer("/sourceLabels").and_then(|map| map.get(key)).is_some_and(|held| held != value) {
                return Ok(None);
            }
            one["sourceLabels"][key] = value.clone();
        }
    }
    for (name, value) in &fault.scope.headers {
        let name = name.to_lowercase();
        match one.pointer("/headers").and_then(|map| map.get(&name)) {
            None => one["headers"][&name] = json!({"exact": value}),
            Some(held) if held.get("exact").and_then(Value::as_str) == Some(value) => {}
            Some(held) if held.get("exact").is_some() => return Ok(None),
            Some(_) => return Err(cannot_narrow(&format!("header {name}"))),
        }
    }
    let Some(path) = &fault.scope.path else { return Ok(Some(one)) };
    let held = one.get("uri").cloned();
    let text = |field: &str| held.as_ref().and_then(|uri| uri.get(field)).and_then(Value::as_str);
    if let Some(exact) = text("exact") {
        return Ok(exact.starts_with(path.as_str()).then_some(one));
    }
    if let Some(prefix) = text("prefix") {
        if path.starts_with(prefix) {
            one["uri"] = json!({"prefix": path});
            return Ok(Some(one));
        }
        return Ok(prefix.starts_with(path.as_str()).then_some(one));
    }
    if held.is_some() {
        return Err(cannot_narrow("path"));
    }
    one["uri"] = json!({"prefix": path});
    Ok(Some(one))
}

fn cannot_narrow(what: &str) -> CompileError {
    CompileError::CannotExpress {
        what: format!("a rule already matches the {what} by a pattern, which cannot be narrowed to the scope"),
        fix: "leave that part of the scope out, or use the driver istio".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use rstest::rstest;
    use serde_json::{Value, json};

    use super::narrow;
    use crate::fault::intent::{Fault, FaultKind, Scope, Target};

    fn scoped(path: &str) -> Fault {
        Fault {
            name: String::new(),
            namespace: "shop".to_owned(),
            kind: FaultKind::HttpDelay,
            target: Target::Service("reviews".to_owned()),
            params: BTreeMap::new(),
            scope: Scope { path: Some(path.to_owned()), ..Scope::default() },
            ramp: Vec::new(),
            abort_when: Vec::new(),
            duration: Duration::from_secs(1),
            lease: Duration::from_secs(1),
            driver: None,
            manifests: Vec::new(),
        }
    }

    #[rstest]
    #[case(json!({}), Some(json!({"uri": {"prefix": "/a"}})))]
    #[case(json!({"uri": {"prefix": "/"}}), Some(json!({"uri": {"prefix": "/a"}})))]
    #[case(json!({"uri": {"prefix": "/a/b"}}), Some(json!({"uri": {"prefix": "/a/b"}})))]
    #[case(json!({"uri": {"prefix": "/b"}}), None)]
    #[case(json!({"uri": {"exact": "/a"}}), Some(json!({"uri": {"exact": "/a"}})))]
    #[case(json!({"uri": {"exact": "/b"}}), None)]
    fn a_match_is_narrowed_to_the_path(#[case] one: Value, #[case] expected: Option<Value>) {
        assert_eq!(narrow(&one, &scoped("/a"), None).unwrap(), expected);
    }

    #[test]
    fn a_pattern_cannot_be_narrowed() {
        assert!(narrow(&json!({"uri": {"regex": "/a.*"}}), &scoped("/a"), None).is_err());
    }
}
