//! Policies of our own for a route, at the Gateways of kgateway and agentgateway, under a fuse.
//!
//! A policy names the route it holds for and lives in the route's namespace. Each system acts on the routes of its own Gateways
//! alone, which the route's status tells (`status.parents[].controllerName`). Of two policies for one route that set the same
//! field, which one counts is the controller's to say (kgateway takes the older one), so ours is not put beside another.
//!
//! Sources: gateway.kgateway.dev/v1alpha1 TrafficPolicy (2.1), agentgateway.dev/v1alpha1 AgentgatewayPolicy (1.4).

use serde_json::{Value, json};

use super::{CompileError, gateway_api, reach::behind, readable, route_patch};
use crate::{
    cluster::{Kind, Manifest},
    fault::{
        catalogue::{Compile, DriverRow, Wanted},
        class::Class,
        intent::Driver,
        plan::{Plan, Reach, Step},
        routes,
    },
};

/// A system whose Gateways take such policies.
#[derive(Debug)]
pub struct System {
    driver: Driver,
    /// As routes name who serves them.
    controllers: &'static [&'static str],
    kind: (&'static str, &'static str, &'static str),
    /// Where in `spec` the fields stand that are about requests.
    within: &'static [&'static str],
}

/// kgateway, with its Envoy and its agentgateway proxies.
pub const KGATEWAY: System = System {
    driver: Driver::Kgateway,
    controllers: &["kgateway.dev/kgateway", "kgateway.dev/agentgateway"],
    kind: ("gateway.kgateway.dev", "TrafficPolicy", "trafficpolicies"),
    within: &[],
};

/// agentgateway with a controller of its own.
pub const AGENTGATEWAY: System = System {
    driver: Driver::Agentgateway,
    controllers: &["agentgateway.dev/agentgateway"],
    kind: ("agentgateway.dev", "AgentgatewayPolicy", "agentgatewaypolicies"),
    within: &["traffic"],
};

/// One field of a policy.
pub struct Policy {
    /// Its name: `rateLimit`.
    pub field: &'static str,
    /// What is written into it.
    pub value: Value,
    /// The share of the route's requests it touches, 0..=1.
    pub portion: f64,
    /// The title.
    pub title: String,
    /// What should be seen.
    pub predicts: Vec<String>,
}

impl System {
    /// By a policy of this system.
    pub const fn by(&self, how: &'static str, compile: Compile) -> DriverRow {
        DriverRow::new(
            self.driver,
            Class::SelfExpiring,
            (self.kind.0, self.kind.1),
            how,
            &["no request of the route comes in", "the proxies have not heard of the policy yet"],
            compile,
        )
        .taking(route_patch::TARGETS)
    }

    /// The route aimed at, which a Gateway of this system serves.
    pub fn route<'a>(&self, wanted: &Wanted<'a>) -> Result<&'a Manifest, CompileError> {
        let route = route_patch::route(wanted)?;
        let named = |parent: &'a Value| -> Option<&'a str> { parent.get("controllerName")?.as_str() };
        let of: Vec<&str> = gateway_api::accepting(route).filter_map(named).collect();
        if of.iter().any(|one| self.controllers.contains(one)) {
            return Ok(route);
        }
        let whose = if of.is_empty() { "no controller".to_owned() } else { of.join(", ") };
        Err(CompileError::CannotExpress {
            what: format!(
                "route {} is served by {whose}, and {} acts on routes of its own Gateways alone",
                route.name(),
                self.driver.word()
            ),
            fix: "aim at a route of such a Gateway".to_owned(),
        })
    }

    /// The plan: a policy of our own for a route of this system.
    pub fn compile(&self, wanted: &Wanted<'_>, route: &Manifest, policy: Policy) -> Result<Plan, CompileError> {
        let (fault, sight) = (wanted.fault, wanted.sight);
        let (group, kind, plural) = self.kind;
        readable::need(sight, plural, &fault.namespace, "which one holds for the route")?;
        if let Some(other) = sight.others(kind).find(|other| self.sets(other, policy.field, route)) {
            return Err(CompileError::CannotExpress {
                what: format!("{kind} {} sets {} for route {} already", other.name(), policy.field, route.name()),
                fix: format!("change that one: brink fault plan -f FILE, with another {} in it", policy.field),
            });
        }
        let kind = sight.kind(Kind::namespaced(group, "v1alpha1", kind, plural));
        let name = format!("brink-{}", wanted.id);
        let target = json!({"group": gateway_api::NEEDS.0, "kind": gateway_api::NEEDS.1, "name": route.name()});
        let mut spec = json!({"targetRefs": [target]});
        let place = self.within.iter().fold(&mut spec, |at, field| &mut at[*field]);
        place[policy.field] = policy.value;
        let object = Manifest(json!({
            "apiVersion": kind.api_version(), "kind": kind.kind,
            "metadata": {"name": name, "namespace": fault.namespace},
            "spec": spec,
        }));
        let step = Step::made(kind, object);
        let reach = of_route(wanted, route, policy.portion);
        let mut plan = super::plan(fault, self.driver, wanted.id, policy.title, vec![step], reach);
        plan.predicts = policy.predicts;
        plan.doubts.extend(sight.others(self.kind.1).filter_map(|other| overrides(other, route)));
        plan.predicts.splice(0..0, plan.doubts.clone());
        Ok(plan)
    }

    /// Whether a policy sets this field for the route.
    fn sets(&self, other: &Manifest, field: &str, route: &Manifest) -> bool {
        let path: Vec<&str> = ["spec"].into_iter().chain(self.within.iter().copied()).chain([field]).collect();
        other.at(&path).is_some() && targets(other, "HTTPRoute", route.name())
    }
}

/// Whether a policy is for this object. What it selects by labels may be it.
fn targets(policy: &Manifest, kind: &str, name: &str) -> bool {
    let each = |field: &str| policy.at(&["spec", field]).and_then(Value::as_array).into_iter().flatten();
    let is = |one: &&Value, field: &str, wanted: &str| one.get(field).and_then(Value::as_str) == Some(wanted);
    each("targetRefs").any(|one| is(&one, "kind", kind) && is(&one, "name", name))
        || each("targetSelectors").any(|one| is(&one, "kind", kind))
}

/// A policy of a Gateway that lets nothing below it decide otherwise (`strategy.inheritance`).
fn overrides(other: &Manifest, route: &Manifest) -> Option<String> {
    let parents = route.at(&["spec", "parentRefs"]).and_then(Value::as_array);
    let mut above = parents.into_iter().flatten().filter_map(|parent| parent.get("name")?.as_str());
    let strict = other.text(&["spec", "strategy", "inheritance"]) == Some("Override");
    (strict && above.any(|gateway| targets(other, "Gateway", gateway))).then(|| {
        format!("{} {} of the Gateway overrides policies of its routes: ours may not count", other.kind(), other.name())
    })
}

/// The reach of a fault on this share of a route's requests.
pub fn of_route(wanted: &Wanted<'_>, route: &Manifest, portion: f64) -> Reach {
    let own = format!("HTTPRoute {}/{}", wanted.fault.namespace, route.name());
    Reach { routes: vec![own], portion, ..behind(routes::backends(route), wanted.fault, wanted.sight, "leads to") }
}
