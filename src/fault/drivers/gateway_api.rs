//! Gateway API: a second HTTPRoute that takes the same hosts and matches.
//!
//! Of two routes with the same match the older one wins, then the first by `namespace/name` (gateway.networking.k8s.io/v1,
//! comment on `HTTPRouteRule.matches`). A new route therefore loses, which is what this fault shows, unless the first one
//! is made younger: deleted and created again, while ours stands. No condition on a route says that it lost, so the winner is
//! computed here.

use serde_json::{Map, Value, json};

use super::{CompileError, reach::behind};
use crate::{
    cluster::{Manifest, ObjectRef},
    fault::{
        aim,
        catalogue::Backend,
        intent::{Driver, Fault, Target},
        known,
        plan::{Change, Plan, Reach, Step},
        routes,
        sight::Sight,
    },
    mesh::{
        gateways::{GatewayRow, Gateways},
        resolve,
        routes::{RouteKind, RouteRow},
        wins::{Wins, wins},
    },
};

/// The API every kind of this driver needs.
pub const NEEDS: (&str, &str) = ("gateway.networking.k8s.io", "HTTPRoute");

/// Why a fault of this driver usually shows no effect.
pub const SILENT: &[&str] = &["no controller of the Gateway takes the route in", "its listener allows no such route"];

/// A route of our own in conflict with the one aimed at.
pub fn conflict(
    fault: &Fault,
    sight: &Sight,
    id: &str,
    backend: &Backend,
    recreate: bool,
) -> Result<Plan, CompileError> {
    let Target::Route(name) = &fault.target else {
        return Err(CompileError::CannotExpress {
            what: format!("{} is not a route", fault.target),
            fix: "aim at route/NAME".to_owned(),
        });
    };
    let route = aim::find(&sight.http_routes, "HTTPRoute", name, &fault.namespace)?;
    let port = port(backend, sight, fault)?;
    let kind = sight.kind(known::http_route());
    let ours = format!("brink-{id}");
    let made = second(route, &ours, &kind.api_version(), &backend.service, port);
    let target = ObjectRef::new(kind.clone(), &fault.namespace, name);
    let mut steps = vec![Step::made(kind, made.clone())];
    if recreate {
        steps.extend(again(route, &target)?);
    }
    let reach = reach(fault, route, sight, recreate, backend);
    let title = if recreate {
        format!(
            "Take the requests of route {name} away to {} for {}",
            backend.service,
            super::words::spoken(fault.duration)
        )
    } else {
        format!(
            "Put a second route beside {name}, to {}, for {}",
            backend.service,
            super::words::spoken(fault.duration)
        )
    };
    let mut plan = super::plan(fault, Driver::GatewayApi, id, title, steps, reach);
    plan.predicts = predicts(route, &made, recreate, backend, sight);
    doubt(&mut plan, route);
    Ok(plan)
}

/// Says so where no controller looks after the route.
pub fn doubt(plan: &mut Plan, route: &Manifest) {
    if !accepted(route) {
        plan.doubts.push(format!("no controller accepts HTTPRoute {}: nothing may act on this", route.name()));
        plan.predicts.splice(0..0, plan.doubts.clone());
    }
}

/// Deletes the first route and makes it anew. Ours stands by then, so no request finds no route in between.
fn again(route: &Manifest, target: &ObjectRef) -> Result<[Step; 2], CompileError> {
    let name = route.name();
    if let Some(finalizers) =
        route.at(&["metadata", "finalizers"]).and_then(Value::as_array).filter(|all| !all.is_empty())
    {
        return Err(CompileError::CannotExpress {
            what: format!(
                "HTTPRoute {name} has finalizers ({}): deleting it may have effects of their own",
                listed(finalizers)
            ),
            fix: "use recreate=false".to_owned(),
        });
    }
    let delete = Step {
        n: 2,
        object: target.clone(),
        change: Change::Delete,
        before: Some(route.clone()),
        residue: vec![
            format!("HTTPRoute {name} has a new uid and creationTimestamp"),
            format!("HTTPRoute {name} is the youngest of its equals from now on and loses ties against them"),
        ],
        assumed: false,
    };
    let create = Step {
        n: 3,
        object: target.clone(),
        change: Change::Create { object: bare(route), fused: false },
        before: None,
        residue: Vec::new(),
        assumed: true,
    };
    Ok([delete, create])
}

fn listed(all: &[Value]) -> String {
    all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// The port of the backend: as given, else the Service's only or first one.
pub fn port(backend: &Backend, sight: &Sight, fault: &Fault) -> Result<u16, CompileError> {
    let service = aim::find(&sight.services, "Service", &backend.service, &fault.namespace)?;
    let ports: Vec<u16> = service
        .at(&["spec", "ports"])
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|port| port.get("port")?.as_u64().and_then(|port| u16::try_from(port).ok()))
        .collect();
    match backend.port {
        Some(port) if ports.contains(&port) => Ok(port),
        Some(port) => Err(CompileError::CannotExpress {
            what: format!("Service {} has no port {port}", backend.service),
            fix: format!("its ports are {}", ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")),
        }),
        None => ports.first().copied().ok_or_else(|| CompileError::CannotExpress {
            what: format!("Service {} has no ports", backend.service),
            fix: "choose another backend".to_owned(),
        }),
    }
}

/// The second route: same parents, hosts and matches, another backend.
fn second(route: &Manifest, name: &str, api_version: &str, service: &str, port: u16) -> Manifest {
    let rules = route.at(&["spec", "rules"]).and_then(Value::as_array).cloned().unwrap_or_else(|| vec![json!({})]);
    let rules: Vec<Value> = rules
        .iter()
        .map(|rule| {
            let mut made = Map::new();
            if let Some(matches) = rule.get("matches") {
                made.insert("matches".to_owned(), matches.clone());
            }
            made.insert("backendRefs".to_owned(), json!([{"name": service, "port": port}]));
            Value::Object(made)
        })
        .collect();
    let mut spec = Map::new();
    for field in ["parentRefs", "hostnames"] {
        if let Some(value) = route.at(&["spec", field]) {
            spec.insert(field.to_owned(), value.clone());
        }
    }
    spec.insert("rules".to_owned(), Value::Array(rules));
    Manifest(json!({
        "apiVersion": api_version,
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": route.namespace().unwrap_or_default()},
        "spec": spec,
    }))
}

/// An object without what the server makes.
pub(super) fn bare(object: &Manifest) -> Manifest {
    let mut value = object.0.clone();
    if let Some(map) = value.as_object_mut() {
        map.shift_remove("status");
        if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
            for field in super::merge::SERVER_MADE {
                metadata.shift_remove(field);
            }
        }
    }
    Manifest(value)
}

fn reach(fault: &Fault, route: &Manifest, sight: &Sight, recreate: bool, backend: &Backend) -> Reach {
    let own = format!("HTTPRoute {}/{}", fault.namespace, route.name());
    if !recreate {
        return Reach { routes: vec![own], ..Reach::default() };
    }
    taken(fault, route, sight, backend)
}

/// The reach of a route that loses its requests to another backend.
pub fn taken(fault: &Fault, route: &Manifest, sight: &Sight, backend: &Backend) -> Reach {
    let own = format!("HTTPRoute {}/{}", fault.namespace, route.name());
    let mut services = routes::backends(route);
    services.push(format!("{}/{}", fault.namespace, backend.service));
    Reach { routes: vec![own], portion: 1.0, ..behind(services, fault, sight, "serves") }
}

/// Who wins while the fault is in, and after the undo, by the precedence of Gateway API among all routes seen.
fn predicts(route: &Manifest, ours: &Manifest, recreate: bool, backend: &Backend, sight: &Sight) -> Vec<String> {
    let (name, second) = (route.name(), ours.name());
    let newest = sight.http_routes.iter().filter_map(Manifest::created).max();
    let after = |seconds: i64| newest.and_then(|at| at.checked_add(jiff::SignedDuration::from_secs(seconds)).ok());
    let mut first = row(route);
    let mut ours = row(ours);
    ours.parents.clone_from(&first.parents);
    ours.created = after(1);
    let others: Vec<RouteRow> = sight.http_routes.iter().filter(|one| !same(one, route)).map(row).collect();
    let gateways: Option<Vec<GatewayRow>> =
        sight.gateways.as_ref().map(|all| all.iter().map(GatewayRow::decode).collect());
    let verdicts = |rows: &[RouteRow]| {
        let gateways = gateways.as_ref().map(Gateways::all).unwrap_or_default();
        wins(&resolve::World { routes: rows.iter().collect(), gateways, ..resolve::World::default() })
    };
    let mut lines = Vec::new();
    if recreate {
        first.created = after(2);
    }
    let mut rows = vec![ours, first];
    rows.extend(others);
    let now = verdicts(&rows);
    let told = |at: usize| now.get(at).map(ToString::to_string).unwrap_or_default();
    lines.push(format!("{second} wins: {}; {name} wins: {}", told(0), told(1)));
    match (now.first(), recreate) {
        (Some(Wins::Yes), _) => lines.push(format!("the requests of {name} go to {}", backend.service)),
        (Some(Wins::No { .. }), _) => {
            lines.push(format!("{second} gets no requests, and no condition on it tells that it lost"));
        }
        _ => {}
    }
    if recreate {
        rows.remove(0);
        let verdicts = verdicts(&rows);
        lines.push(format!(
            "after the undo, {name} wins: {}",
            verdicts.first().map(ToString::to_string).unwrap_or_default()
        ));
    }
    lines
}

fn row(route: &Manifest) -> RouteRow {
    RouteRow::decode(RouteKind::Http, route)
}

fn same(one: &Manifest, other: &Manifest) -> bool {
    (one.namespace(), one.name()) == (other.namespace(), other.name())
}

/// Whether any parent's controller accepted the route.
fn accepted(route: &Manifest) -> bool {
    accepting(route).next().is_some()
}

/// What the controllers that accepted the route say, for each parent (`status.parents`).
pub(super) fn accepting(route: &Manifest) -> impl Iterator<Item = &Value> {
    let parents = route.at(&["status", "parents"]).and_then(Value::as_array);
    parents.into_iter().flatten().filter(|parent| {
        parent.get("conditions").and_then(Value::as_array).into_iter().flatten().any(|condition| {
            condition.get("type").and_then(Value::as_str) == Some("Accepted")
                && condition.get("status").and_then(Value::as_str) == Some("True")
        })
    })
}
