//! Istio by the VirtualService that is there: before each HTTP rule a faulted copy is inserted, under a name of our own.
//!
//! Later edits of the original rules survive, because the undo removes list elements by name and touches nothing else. A
//! fault without `percentage` hits nothing, so it is always written. On the client side retries and timeouts of a faulted
//! rule do not apply (networking.istio.io/v1 HTTPFaultInjection), which the prediction says.

use serde_json::{Map, Value, json};

use super::{
    CompileError,
    http::{AbortWith, Disturbance, HttpFault},
    reach::{behind, control_plane_doubt},
    words::{self, share},
};
use crate::{
    cluster::{Manifest, ObjectRef},
    fault::{
        aim,
        dataplane::{Dataplane, waypoint},
        intent::{Driver, Fault, Target},
        known,
        plan::{Change, Edit, Plan, Reach, Step},
        routes, select,
        sight::Sight,
    },
    journal::path::Seg,
};

/// An HTTP fault by faulted copies of the rules.
pub(super) fn compile(fault: &Fault, what: &HttpFault, sight: &Sight, id: &str) -> Result<Plan, CompileError> {
    let service = virtual_service(fault, sight)?;
    let (found, mut reach, called) = (service, reach(service, fault, sight), called(service, fault));
    refuse_mixed(found, fault, sight)?;
    let rules = found.at(&["spec", "http"]).and_then(Value::as_array).cloned().unwrap_or_default();
    if rules.is_empty() {
        return Err(CompileError::CannotExpress {
            what: format!("VirtualService {} has no http rules: there is nothing to insert before", found.name()),
            fix: "use the driver istio".to_owned(),
        });
    }
    let injected = injection(what);
    let labels = fault.scope.from.as_ref().map(|from| source_labels(fault, sight, from)).transpose()?;
    let mut edits: Vec<Edit> = Vec::new();
    let mut quiet = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let Some(copy) = faulted(rule, &injected, fault, labels.as_ref())? else { continue };
        if rule.get("retries").is_some() || rule.get("timeout").is_some() {
            quiet.push(rule.get("name").and_then(Value::as_str).map_or_else(|| format!("rule {index}"), str::to_owned));
        }
        let name = format!("brink-{id}-{index}");
        let mut element = Map::new();
        element.insert("name".to_owned(), json!(name));
        element.extend(copy);
        edits.push(Edit {
            path: vec![
                Seg::Field("spec".to_owned()),
                Seg::Field("http".to_owned()),
                Seg::Named { key: "name".to_owned(), value: name },
            ],
            value: Some(Value::Object(element)),
            at: Some(index + edits.len()),
        });
    }
    if edits.is_empty() {
        return Err(CompileError::CannotExpress {
            what: format!(
                "no http rule of VirtualService {} can carry the fault: all redirect, delegate, or lie outside the scope",
                found.name()
            ),
            fix: "use the driver istio, or another scope".to_owned(),
        });
    }
    let kind = sight.serves("networking.istio.io", "VirtualService").cloned().unwrap_or_else(known::virtual_service);
    reach.portion = what.percent / 100.0;
    let steps = vec![Step {
        n: 1,
        object: ObjectRef::new(kind, found.namespace().unwrap_or_default(), found.name()),
        change: Change::Patch { edits },
        before: Some(found.clone()),
        residue: Vec::new(),
        assumed: false,
    }];
    let title = words::http_title(fault, what, &called);
    let mut plan = super::plan(fault, Driver::IstioVirtualService, id, title, steps, reach);
    control_plane_doubt(&mut plan, sight);
    plan.predicts.clone_from(&plan.doubts);
    plan.predicts.push(format!(
        "{} requests through VirtualService {} are hit (Envoy flags DI, FI)",
        share(what.percent),
        found.name()
    ));
    if !quiet.is_empty() {
        plan.predicts.push(format!(
            "timeouts and retries of {} do not apply while the fault is in: what they hide will show",
            quiet.join(", ")
        ));
    }
    Ok(plan)
}

/// The VirtualService aimed at, or the one whose hosts mean the Service aimed at.
fn virtual_service<'a>(fault: &Fault, sight: &'a Sight) -> Result<&'a Manifest, CompileError> {
    if let Target::Workload { kind, name } = &fault.target
        && kind == "VirtualService"
    {
        return aim::find(&sight.virtual_services, "VirtualService", name, &fault.namespace);
    }
    let target = aim::aim(fault, sight)?;
    let services: Vec<String> =
        target.services(sight).iter().map(|one| format!("{}/{}", fault.namespace, one.name())).collect();
    let means = |route: &&Manifest| {
        let own = route.namespace().unwrap_or_default();
        routes::hosts(route)
            .iter()
            .any(|host| routes::service_of(host, own).is_some_and(|service| services.contains(&service)))
            || routes::destinations(route).iter().any(|service| services.contains(service))
    };
    let mut all: Vec<&Manifest> = sight.virtual_services.iter().filter(means).collect();
    // The Service's own namespace first, then the oldest: the same choice every time.
    all.sort_by_key(|one| (one.namespace() != Some(fault.namespace.as_str()), one.created(), one.name().to_owned()));
    all.first().copied().ok_or_else(|| CompileError::CannotExpress {
        what: format!("no VirtualService leads to {}", target.called),
        fix: "use the driver istio".to_owned(),
    })
}

fn called(found: &Manifest, fault: &Fault) -> String {
    match &fault.target {
        Target::Service(name) => name.clone(),
        _ => routes::hosts(found).join(", "),
    }
}

/// All Services behind the VirtualService are hit, not only the one aimed at: its rules have no other owner.
fn reach(found: &Manifest, fault: &Fault, sight: &Sight) -> Reach {
    let own = found.namespace().unwrap_or_default();
    let mut services: Vec<String> =
        routes::hosts(found).iter().filter_map(|host| routes::service_of(host, own)).collect();
    services.extend(routes::destinations(found));
    let mut reach = behind(services, fault, sight, "leads to");
    if routes::hosts(found).iter().any(|host| host.contains('*')) {
        reach.everything = Some(format!("VirtualService {} holds for a `*` host", found.name()));
    }
    reach.routes = vec![format!("VirtualService {own}/{}", found.name())];
    reach
}

/// A VirtualService and an HTTPRoute on one Service in ambient mode lead to undefined behaviour.
fn refuse_mixed(found: &Manifest, fault: &Fault, sight: &Sight) -> Result<(), CompileError> {
    let own = found.namespace().unwrap_or_default();
    let services: Vec<String> = routes::hosts(found).iter().filter_map(|host| routes::service_of(host, own)).collect();
    let namespace = sight.namespaces.get(&fault.namespace);
    let behind = |pod: &&Manifest| {
        sight.services.iter().any(|service| {
            services.contains(&format!("{}/{}", service.namespace().unwrap_or_default(), service.name()))
                && select::labels_at(service, &["spec", "selector"])
                    .is_some_and(|labels| !labels.is_empty() && select::carries(pod, &labels))
        })
    };
    let ambient =
        sight.pods.iter().filter(behind).any(|pod| crate::fault::dataplane::of(pod, namespace) == Dataplane::Ambient);
    if !ambient {
        return Ok(());
    }
    let through = sight
        .services
        .iter()
        .filter(|service| services.contains(&format!("{}/{}", service.namespace().unwrap_or_default(), service.name())))
        .find_map(|service| waypoint(Some(service), namespace))
        .or_else(|| waypoint(None, namespace));
    if through.is_none() {
        return Err(CompileError::CannotExpress {
            what: "the pods are reached through ztunnel without a waypoint: a VirtualService has no effect there"
                .to_owned(),
            fix: "put a waypoint before the service, or use authz-deny".to_owned(),
        });
    }
    let mixed =
        sight.http_routes.iter().find(|route| routes::mesh_parents(route).iter().any(|one| services.contains(one)));
    match mixed {
        Some(route) => Err(CompileError::CannotExpress {
            what: format!(
                "HTTPRoute {}/{} holds for the same service: in ambient mode a VirtualService beside it is undefined behaviour",
                route.namespace().unwrap_or_default(),
                route.name()
            ),
            fix: "aim another kind of fault at it, such as route-conflict".to_owned(),
        }),
        None => Ok(()),
    }
}

/// `fault` of an HTTPRoute rule.
fn injection(fault: &HttpFault) -> Value {
    let percentage = json!({"value": number(fault.percent)});
    match fault.what {
        Disturbance::Delay(delay) => {
            json!({"delay": {"fixedDelay": format!("{}s", delay.as_secs_f64()), "percentage": percentage}})
        }
        Disturbance::Abort(AbortWith::Http(status)) => {
            json!({"abort": {"httpStatus": status, "percentage": percentage}})
        }
        Disturbance::Abort(AbortWith::Grpc(code)) => {
            json!({"abort": {"grpcStatus": grpc_word(code), "percentage": percentage}})
        }
    }
}

/// As Go writes it: whole numbers without a fraction.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the catalogue keeps it within 0..=100")]
fn number(percent: f64) -> Value {
    if percent.fract() == 0.0 { json!(percent as u64) } else { json!(percent) }
}

/// `grpcStatus` is the name of the code (google.rpc.Code).
fn grpc_word(code: u8) -> &'static str {
    const WORDS: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    WORDS.get(usize::from(code)).copied().unwrap_or("UNKNOWN")
}

fn source_labels(fault: &Fault, sight: &Sight, from: &str) -> Result<Value, CompileError> {
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

/// The faulted copy of a rule; `None` where the rule cannot carry a fault or lies outside the scope.
fn faulted(
    rule: &Value,
    injected: &Value,
    fault: &Fault,
    labels: Option<&Value>,
) -> Result<Option<Map<String, Value>>, CompileError> {
    let Some(rule) = rule.as_object() else { return Ok(None) };
    if ["redirect", "directResponse", "delegate"].iter().any(|field| rule.contains_key(*field)) {
        return Ok(None);
    }
    let mut copy: Map<String, Value> = rule.clone();
    copy.remove("name");
    if labels.is_some() || fault.scope.path.is_some() || !fault.scope.headers.is_empty() {
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
    }
    copy.insert("fault".to_owned(), injected.clone());
    Ok(Some(copy))
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
