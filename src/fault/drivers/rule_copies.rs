//! Istio: copies of the HTTP rules of a VirtualService that do something else, each inserted before its original under a name
//! of our own.
//!
//! Later edits of the original rules survive, because the undo removes list elements by name and touches nothing else: so do
//! the weights that a rollout controller writes meanwhile. Where no VirtualService leads to a Service, one of our own can,
//! under a fuse: it ends with the fuse even if every machine of the operator is gone.

use serde_json::{Map, Value, json};

use super::{
    CompileError,
    narrow::{narrowed, scoped, source_labels},
    reach::{behind, control_plane_doubt},
};
use crate::{
    cluster::{Kind, Manifest, ObjectRef},
    fault::{
        aim::{self, Aim},
        catalogue::{Compile, DriverRow, Wanted},
        class::Class,
        intent::{Driver, Fault, Target},
        known,
        plan::{Change, Edit, Plan, Reach, Step},
        routes, select,
        sight::Sight,
    },
    journal::path::Seg,
    mesh::dataplane::{self, Dataplane, waypoint},
};

/// The kind whose rules are copied.
pub const VIRTUAL_SERVICE: &str = "VirtualService";

const GROUP: &str = "networking.istio.io";

/// Nobody obeys the VirtualService.
pub const NO_PROXY: &str = "the callers have no sidecar and no gateway that reads the VirtualService";
/// The copies get no requests.
pub const EARLIER: &str = "an earlier rule takes the requests";
/// Why such a fault usually shows no effect.
pub const SILENT: &[&str] = &[NO_PROXY, EARLIER];

/// By copies of rules, with the reasons for which it usually shows nothing.
pub const fn by(how: &'static str, silent: &'static [&'static str], compile: Compile) -> DriverRow {
    let needs = (GROUP, VIRTUAL_SERVICE);
    DriverRow::new(Driver::IstioVirtualService, Class::Guarded, needs, how, silent, compile)
}

/// What the copies are to do.
pub struct Copies<'a> {
    /// The title, from whom it hits.
    pub title: &'a dyn Fn(&str) -> String,
    /// Which share of the requests in scope.
    pub portion: f64,
    /// Whether a VirtualService of our own will do where none leads to the Service.
    pub own: bool,
    /// What to do where there is nothing to copy.
    pub instead: &'static str,
    /// A rule as it shall be; `None` when it is so already.
    pub change: Changed<'a>,
}

/// How a rule is changed.
pub type Changed<'a> = &'a dyn Fn(&Map<String, Value>) -> Option<Map<String, Value>>;

/// A plan, and what it was made from.
pub struct Copied {
    /// The plan; what it predicts is for its kind to say.
    pub plan: Plan,
    /// The name of the VirtualService.
    pub object: String,
    /// Whom it hits, in words.
    pub called: String,
    /// The rules that were copied, each with what it is called; none behind an own VirtualService.
    pub rules: Vec<(String, Map<String, Value>)>,
}

/// Says where a rule injects a fault of its own: timeouts and retries do not apply there (HTTPFaultInjection).
pub fn doubt_faulted(plan: &mut Plan, rules: &[(String, Map<String, Value>)]) {
    let faulted = rules.iter().filter(|(_, rule)| rule.contains_key("fault"));
    let told: Vec<String> = faulted
        .map(|(name, _)| format!("{name} injects a fault itself: timeouts and retries do not apply there"))
        .collect();
    plan.predicts.splice(0..0, told.iter().cloned());
    plan.doubts.extend(told);
}

/// Copies of the rules, or a VirtualService of our own.
pub fn compile(wanted: &Wanted<'_>, copies: &Copies<'_>) -> Result<Copied, CompileError> {
    match leading(wanted)? {
        Ok(found) => before_each(wanted, copies, found),
        Err(aim) if copies.own => of_our_own(wanted, copies, &aim),
        Err(aim) => Err(CompileError::cannot(format!("no VirtualService leads to {}", aim.called), copies.instead)),
    }
}

fn served(sight: &Sight) -> Kind {
    sight.kind(known::virtual_service())
}

fn before_each(wanted: &Wanted<'_>, copies: &Copies<'_>, found: &Manifest) -> Result<Copied, CompileError> {
    let (fault, sight) = (wanted.fault, wanted.sight);
    let own = found.namespace().unwrap_or_default();
    let services: Vec<String> = routes::hosts(found).iter().filter_map(|host| routes::service_of(host, own)).collect();
    refuse_ambient(&services, fault, sight)?;
    let rules = found.at(&["spec", "http"]).and_then(Value::as_array).cloned().unwrap_or_default();
    if rules.is_empty() {
        let what = format!("VirtualService {} has no http rules: there is nothing to insert before", found.name());
        return Err(CompileError::cannot(what, copies.instead));
    }
    let labels = fault.scope.from.as_ref().map(|from| source_labels(fault, sight, from)).transpose()?;
    let (mut edits, mut copied, mut same): (Vec<Edit>, Vec<_>, usize) = (Vec::new(), Vec::new(), 0);
    for (index, rule) in rules.iter().enumerate() {
        let Some(rule) = rule.as_object().filter(|rule| forwards(rule)) else { continue };
        let Some(within) = narrowed(rule, fault, labels.as_ref())? else { continue };
        let Some(copy) = (copies.change)(&within) else {
            same += 1;
            continue;
        };
        let name = format!("brink-{}-{index}", wanted.id);
        edits.push(Edit {
            path: vec![
                Seg::Field("spec".to_owned()),
                Seg::Field("http".to_owned()),
                Seg::Named { key: "name".to_owned(), value: name.clone() },
            ],
            value: Some(element(&name, copy)),
            at: Some(index + edits.len()),
        });
        let called = rule.get("name").and_then(Value::as_str).map_or_else(|| format!("rule {index}"), str::to_owned);
        copied.push((called, rule.clone()));
    }
    if edits.is_empty() && same > 0 {
        let what = format!("VirtualService {} is already as this fault would make it", found.name());
        return Err(CompileError::cannot(what, "choose another value"));
    }
    if edits.is_empty() {
        let why = "all redirect, delegate, or lie outside the scope";
        let what = format!("no http rule of VirtualService {} can carry the fault: {why}", found.name());
        return Err(CompileError::cannot(what, format!("{}, or another scope", copies.instead)));
    }
    let step = Step {
        n: 1,
        object: ObjectRef::new(served(sight), own, found.name()),
        change: Change::Patch { edits },
        before: Some(found.clone()),
        residue: Vec::new(),
        assumed: false,
    };
    let called = match &fault.target {
        Target::Service(name) => name.clone(),
        _ => routes::hosts(found).join(", "),
    };
    Ok(planned(wanted, copies, step, called, reach(found, fault, sight), copied))
}

/// One rule for all requests to the Service, and before it the copy, where that takes a part of them alone.
fn of_our_own(wanted: &Wanted<'_>, copies: &Copies<'_>, aim: &Aim<'_>) -> Result<Copied, CompileError> {
    let (fault, sight) = (wanted.fault, wanted.sight);
    let services = aim.services(sight);
    let [service] = services.as_slice() else {
        return Err(CompileError::cannot(
            format!("{} Services lead to {}, and no VirtualService", services.len(), aim.called),
            "aim at one service",
        ));
    };
    let place = [format!("{}/{}", fault.namespace, service.name())];
    refuse_ambient(&place, fault, sight)?;
    if let Some(route) = mesh_route(&place, sight) {
        return Err(CompileError::cannot(
            format!("HTTPRoute {route} leads to {}: which of the two a proxy obeys is not laid down", service.name()),
            copies.instead,
        ));
    }
    let host = format!("{}.{}.svc.cluster.local", service.name(), fault.namespace);
    let plain = Map::from_iter([("route".to_owned(), json!([{"destination": {"host": host}}]))]);
    let labels = fault.scope.from.as_ref().map(|from| source_labels(fault, sight, from)).transpose()?;
    let copy = narrowed(&plain, fault, labels.as_ref())?.and_then(|within| (copies.change)(&within));
    let Some(copy) = copy else {
        return Err(CompileError::cannot(
            format!("{} is already as this fault would make it", aim.called),
            "choose another value",
        ));
    };
    let name = format!("brink-{}", wanted.id);
    let mut http = vec![element(&format!("{name}-0"), copy)];
    if scoped(fault) {
        http.push(Value::Object(plain));
    }
    let kind = served(sight);
    let object = Manifest(json!({
        "apiVersion": kind.api_version(),
        "kind": VIRTUAL_SERVICE,
        "metadata": {"name": name, "namespace": fault.namespace},
        "spec": {"hosts": [host], "http": http},
    }));
    let step = Step::made(kind, object);
    let reach = behind(place.to_vec(), fault, sight, "leads to");
    let mut copied = planned(wanted, copies, step, service.name().to_owned(), reach, Vec::new());
    copied.plan.predicts.push(
        "only callers with a sidecar or behind a waypoint go by it: Gateways have routes of their own".to_owned(),
    );
    Ok(copied)
}

fn planned(
    wanted: &Wanted<'_>,
    copies: &Copies<'_>,
    step: Step,
    called: String,
    mut reach: Reach,
    rules: Vec<(String, Map<String, Value>)>,
) -> Copied {
    reach.portion = copies.portion;
    let title = (copies.title)(&called);
    let mut plan = super::plan(wanted.fault, Driver::IstioVirtualService, wanted.id, title, vec![step], reach);
    control_plane_doubt(&mut plan, wanted.sight);
    plan.predicts.clone_from(&plan.doubts);
    let object = plan.steps.first().map(|step| step.object.name.clone()).unwrap_or_default();
    Copied { plan, object, called, rules }
}

/// A list element under its name, which people read first.
fn element(name: &str, copy: Map<String, Value>) -> Value {
    let mut element = Map::new();
    element.insert("name".to_owned(), json!(name));
    element.extend(copy);
    Value::Object(element)
}

/// Whether a rule sends requests on, rather than answering or handing them to another VirtualService.
fn forwards(rule: &Map<String, Value>) -> bool {
    !["redirect", "directResponse", "delegate"].iter().any(|field| rule.contains_key(*field))
}

/// The VirtualService aimed at, or the one that leads to what is aimed at; else what that is.
fn leading<'a>(wanted: &Wanted<'a>) -> Result<Result<&'a Manifest, Aim<'a>>, CompileError> {
    let (fault, sight) = (wanted.fault, wanted.sight);
    if let Target::Workload { kind, name } = &fault.target
        && kind == VIRTUAL_SERVICE
    {
        return aim::find(&sight.virtual_services, VIRTUAL_SERVICE, name, &fault.namespace).map(Ok);
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
    Ok(all.first().copied().ok_or(target))
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

/// The HTTPRoute (`NS/NAME`) that is a mesh route of one of these Services.
fn mesh_route(services: &[String], sight: &Sight) -> Option<String> {
    let found =
        sight.http_routes.iter().find(|route| routes::mesh_parents(route).iter().any(|one| services.contains(one)))?;
    Some(format!("{}/{}", found.namespace().unwrap_or_default(), found.name()))
}

/// In ambient mode a VirtualService needs a waypoint, and beside an HTTPRoute on the same Service it is undefined behaviour.
fn refuse_ambient(services: &[String], fault: &Fault, sight: &Sight) -> Result<(), CompileError> {
    let place = |service: &Manifest| format!("{}/{}", service.namespace().unwrap_or_default(), service.name());
    let namespace = sight.namespaces.get(&fault.namespace);
    let meant = || sight.services.iter().filter(|service| services.contains(&place(service)));
    let behind = |pod: &&Manifest| {
        meant().any(|service| {
            select::labels_at(service, &["spec", "selector"])
                .is_some_and(|labels| !labels.is_empty() && select::carries(pod, &labels))
        })
    };
    let ambient = sight.pods.iter().filter(behind).any(|pod| dataplane::of(pod, namespace) == Dataplane::Ambient);
    if !ambient {
        return Ok(());
    }
    let through = meant().find_map(|service| waypoint(Some(service), namespace)).or_else(|| waypoint(None, namespace));
    if through.is_none() {
        return Err(CompileError::cannot(
            "the pods are reached through ztunnel without a waypoint: a VirtualService has no effect there".to_owned(),
            "put a waypoint before the service, or use authz-deny",
        ));
    }
    match mesh_route(services, sight) {
        Some(route) => Err(CompileError::cannot(
            format!(
                "HTTPRoute {route} holds for the same service: in ambient mode a VirtualService beside it is undefined behaviour"
            ),
            "aim another kind of fault at it, such as route-conflict",
        )),
        None => Ok(()),
    }
}
