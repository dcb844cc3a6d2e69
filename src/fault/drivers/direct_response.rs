//! HTTP aborts by kgateway: a DirectResponse of our own that every rule of the route answers with.
//!
//! A rule names it by an ExtensionRef filter and may do nothing else with the request: a rule that also sends it on, or
//! redirects it, is answered with 500 (gateway.kgateway.dev/v1alpha1 DirectResponse). Which requests are meant cannot be told.

use serde_json::{Value, json};

use super::{
    CompileError,
    http::{AbortWith, Disturbance, HttpFault},
    route_patch,
    route_policy::{KGATEWAY, of_route},
    words::http_title,
};
use crate::{
    cluster::{Kind, Manifest, ObjectRef},
    fault::{
        catalogue::{Compile, DriverRow, Wanted},
        class::Class,
        intent::Driver,
        plan::{Change, Plan, Step},
    },
};

const KIND: (&str, &str, &str) = ("gateway.kgateway.dev", "DirectResponse", "directresponses");

/// By a DirectResponse of our own.
pub const fn by_answer(compile: Compile) -> DriverRow {
    DriverRow::new(
        Driver::Kgateway,
        Class::Guarded,
        (KIND.0, KIND.1),
        "a DirectResponse of our own in the rules of the HTTPRoute",
        &["no request of the route comes in", "the proxies have not heard of the change yet"],
        compile,
    )
    .taking(route_patch::TARGETS)
    .shown_by("http-abort route/my-route --set status=503")
}

/// The plan of it.
pub fn compile(wanted: &Wanted<'_>, what: &HttpFault) -> Result<Plan, CompileError> {
    let route = KGATEWAY.route(wanted)?;
    let (fault, sight) = (wanted.fault, wanted.sight);
    let scope = &fault.scope;
    if what.percent < 100.0 || scope.from.is_some() || scope.path.is_some() || !scope.headers.is_empty() {
        return Err(CompileError::cannot(
            "a DirectResponse answers every request of the route",
            "leave `percent` at 100 and the scope out, or aim at a service",
        ));
    }
    let Disturbance::Abort(AbortWith::Http(status)) = what.what else {
        return Err(CompileError::cannot("a DirectResponse has an HTTP status and nothing else", "give `status`"));
    };
    let name = format!("brink-{}", wanted.id);
    let kind = sight.kind(Kind::namespaced(KIND.0, "v1alpha1", KIND.1, KIND.2));
    let answer = Step {
        n: 1,
        object: ObjectRef::new(kind.clone(), &fault.namespace, &name),
        // Not under a fuse: a rule that names it while it is gone is answered with 500.
        change: Change::Create {
            object: Manifest(json!({
                "apiVersion": kind.api_version(), "kind": kind.kind,
                "metadata": {"name": name, "namespace": fault.namespace},
                "spec": {"status": status},
            })),
            fused: false,
        },
        before: None,
        residue: Vec::new(),
        assumed: false,
    };
    let mut rules = route_patch::rules(route);
    for rule in &mut rules {
        let Some(rule) = rule.as_object_mut() else { continue };
        // What changes the request or its answer on the way may stay; where it would go may not.
        let goes = |filter: &Value| {
            matches!(
                filter.get("type").and_then(Value::as_str),
                Some("RequestRedirect" | "URLRewrite" | "RequestMirror")
            )
        };
        rule.shift_remove("backendRefs");
        let kept = rule.get("filters").and_then(Value::as_array).into_iter().flatten().filter(|one| !goes(one));
        let mut filters: Vec<Value> = kept.cloned().collect();
        let named = json!({"group": KIND.0, "kind": KIND.1, "name": name});
        filters.push(json!({"type": "ExtensionRef", "extensionRef": named}));
        rule.insert("filters".to_owned(), Value::Array(filters));
    }
    let title = http_title(fault, what, &format!("route {}", route.name()));
    let patched = route_patch::changed(wanted, route, &json!({"rules": rules}), title.clone())?;
    let patches = patched.steps.into_iter().map(|step| Step { n: step.n + 1, ..step });
    let steps = [answer].into_iter().chain(patches).collect();
    let mut plan = super::plan(fault, Driver::Kgateway, wanted.id, title, steps, of_route(wanted, route, 1.0));
    plan.predicts = patched.predicts;
    plan.predicts.push(format!("all requests of route {} are answered with {status} by the Gateway", route.name()));
    plan.predicts.push("no pod sees these requests".to_owned());
    Ok(plan)
}
