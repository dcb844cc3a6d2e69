//! Istio DestinationRules: how the callers' proxies treat the pods of a Service.
//!
//! A proxy takes the rule of a host from its own namespace, else from the Service's, else from the mesh's root namespace, and
//! takes it whole: nothing of the others is inherited. Of several rules for one host in one namespace the subsets are put
//! together, but the traffic policy of the oldest that has one counts alone (Istio, "Traffic Management Best Practices",
//! split virtual services and destination rules). So a rule of our own is made only where none stands in the Service's
//! namespace, with what held until then taken over; what stands there is changed.

use serde_json::{Map, Value, json};

use super::{
    CompileError, manifest,
    reach::{control_plane_doubt, hit},
    readable,
};
use crate::{
    cluster::{Manifest, ObjectRef},
    fault::{
        aim::{self, Aim},
        catalogue::{Compile, DriverRow, TargetType, Wanted},
        class::Class,
        intent::Driver,
        known,
        plan::{Plan, Step},
        routes,
        sight::Given,
    },
    mesh::dataplane::{Dataplane, waypoint},
};

/// The kind.
const KIND: (&str, &str) = ("networking.istio.io", "DestinationRule");

/// Rules are made for hosts.
pub const TARGETS: &[TargetType] = &[TargetType::Service];

/// By a DestinationRule.
pub const fn by(how: &'static str, silent: &'static [&'static str], compile: Compile) -> DriverRow {
    DriverRow::new(Driver::Istio, Class::SelfExpiring, KIND, how, silent, compile)
}

/// What of a traffic policy is to be so.
pub struct Policy<'a> {
    /// Its field: `outlierDetection`.
    pub field: &'static str,
    /// What is written into it.
    pub value: Value,
    /// The title, from whom it hits.
    pub title: &'a dyn Fn(&str) -> String,
}

/// The plan: a rule of our own, or a change of the one that holds.
pub fn compile(wanted: &Wanted<'_>, policy: &Policy<'_>) -> Result<Plan, CompileError> {
    let aim = aim::aim(wanted.fault, wanted.sight)?;
    need_proxies(wanted, &aim)?;
    let (own, plural) = (&wanted.fault.namespace, known::destination_rule().plural);
    readable::need(wanted.sight, &plural, own, "which one holds for the service")?;
    let service = format!("{}/{}", wanted.fault.namespace, aim.called);
    let title = (policy.title)(&aim.called);
    let held = InForce::of(wanted, &service);
    let mut plan = match held.here {
        Some(rule) => changed(wanted, policy, rule, title)?,
        None => ours(wanted, policy, &aim, held.above, title),
    };
    plan.doubts.extend(held.doubts(policy.field));
    plan.predicts.splice(0..0, held.doubts(policy.field));
    Ok(plan)
}

/// Which rules hold for a Service, for whom.
struct InForce<'a> {
    /// The one of the Service's namespace whose traffic policy counts.
    here: Option<&'a Manifest>,
    /// Without it: the one that holds by a wildcard or from the root namespace.
    above: Option<&'a Manifest>,
    /// Those of other namespaces, which decide for their own callers.
    elsewhere: Vec<&'a Manifest>,
    /// Those for some callers of the namespace alone.
    partial: Vec<&'a Manifest>,
}

impl<'a> InForce<'a> {
    fn of(wanted: &Wanted<'a>, service: &str) -> Self {
        let (own, root) = (wanted.fault.namespace.as_str(), wanted.sight.root_namespace.as_str());
        let mut all: Vec<&Manifest> =
            wanted.sight.destination_rules.iter().filter(|rule| covers(rule, service)).collect();
        all.sort_by_key(|rule| (rule.created(), rule.name().to_owned()));
        let (partial, whole): (Vec<&Manifest>, Vec<&Manifest>) =
            all.into_iter().partition(|rule| rule.at(&["spec", "workloadSelector"]).is_some());
        let exact = |rule: &&&Manifest| !host(rule).contains('*');
        let within =
            |space: &str| whole.iter().filter(move |rule| rule.namespace() == Some(space)).copied().collect::<Vec<_>>();
        let (here, mesh) = (within(own), within(root));
        let policed = |rule: &&&Manifest| rule.at(&["spec", "trafficPolicy"]).is_some();
        let exactly: Vec<&Manifest> = here.iter().filter(exact).copied().collect();
        Self {
            here: exactly.iter().find(|rule| policed(rule)).or(exactly.first()).copied(),
            // The longest host is the most specific one.
            above: here
                .iter()
                .max_by_key(|rule| host(rule).len())
                .or(mesh.iter().max_by_key(|rule| host(rule).len()))
                .copied(),
            elsewhere: whole
                .iter()
                .filter(|rule| ![Some(own), Some(root)].contains(&rule.namespace()))
                .copied()
                .collect(),
            partial: partial.into_iter().filter(|rule| rule.namespace() == Some(own)).collect(),
        }
    }

    /// For whom another rule counts, or another part of this one.
    fn doubts(&self, field: &str) -> Vec<String> {
        let mut told = Vec::new();
        if let Some(rule) = self.here.or(self.above) {
            let each = |path: &[&str]| rule.at(path).and_then(Value::as_array).cloned().unwrap_or_default();
            for subset in each(&["spec", "subsets"]) {
                if subset.pointer(&format!("/trafficPolicy/{field}")).is_some() {
                    let name = subset.get("name").and_then(Value::as_str).unwrap_or_default();
                    told.push(format!("subset {name} has {field} of its own: requests to it do not meet this"));
                }
            }
            for port in each(&["spec", "trafficPolicy", "portLevelSettings"]) {
                let number = port.pointer("/port/number").and_then(Value::as_u64).unwrap_or_default();
                told.push(format!("port {number} has settings of its own: requests to it do not meet this"));
            }
        }
        for rule in &self.elsewhere {
            let space = rule.namespace().unwrap_or_default();
            told.push(format!("callers of namespace {space} go by its DestinationRule {}", rule.name()));
        }
        for rule in &self.partial {
            told.push(format!("some callers go by DestinationRule {}, which selects them", rule.name()));
        }
        told
    }
}

fn host(rule: &Manifest) -> &str {
    rule.text(&["spec", "host"]).unwrap_or_default()
}

/// Whether a rule's host means this Service, `NS/NAME`.
fn covers(rule: &Manifest, service: &str) -> bool {
    let own = rule.namespace().unwrap_or_default();
    let Some((namespace, name)) = service.split_once('/') else { return false };
    match host(rule).strip_prefix('*') {
        Some(tail) => format!("{name}.{namespace}.svc.cluster.local").ends_with(tail),
        None => routes::service_of(host(rule), own).as_deref() == Some(service),
    }
}

/// ztunnels obey no traffic policy.
fn need_proxies(wanted: &Wanted<'_>, aim: &Aim<'_>) -> Result<(), CompileError> {
    let ambient = aim.dataplanes(wanted.sight).contains_key(&Dataplane::Ambient);
    let through = waypoint(aim.service, wanted.sight.namespaces.get(&wanted.fault.namespace));
    if ambient && through.is_none() {
        return Err(CompileError::CannotExpress {
            what: format!(
                "{} is reached through ztunnel without a waypoint, and ztunnel obeys no traffic policy",
                aim.called
            ),
            fix: "put a waypoint before the service".to_owned(),
        });
    }
    Ok(())
}

fn changed(wanted: &Wanted<'_>, policy: &Policy<'_>, rule: &Manifest, title: String) -> Result<Plan, CompileError> {
    let kind = wanted.sight.kind(known::destination_rule());
    let given = Given {
        object: ObjectRef::new(kind, &wanted.fault.namespace, rule.name()),
        wanted: Manifest(json!({"spec": {"trafficPolicy": {policy.field: policy.value}}})),
        live: Some(rule.clone()),
    };
    manifest::changed(wanted, Driver::Istio, &given, title)
}

fn ours(wanted: &Wanted<'_>, policy: &Policy<'_>, aim: &Aim<'_>, above: Option<&Manifest>, title: String) -> Plan {
    let (fault, sight) = (wanted.fault, wanted.sight);
    let kind = sight.kind(known::destination_rule());
    // Ours takes the place of what held until now, which may say how callers encrypt.
    let held = above.and_then(|rule| rule.at(&["spec"])).and_then(Value::as_object);
    let mut spec =
        Map::from_iter([("host".to_owned(), json!(format!("{}.{}.svc.cluster.local", aim.called, fault.namespace)))]);
    spec.extend(held.into_iter().flatten().filter(|(field, _)| *field != "host").map(|(f, v)| (f.clone(), v.clone())));
    let mut object = json!({
        "apiVersion": kind.api_version(),
        "kind": KIND.1,
        "metadata": {"name": format!("brink-{}", wanted.id), "namespace": fault.namespace},
        "spec": spec,
    });
    let whole = &mut object["spec"]["trafficPolicy"][policy.field];
    match (whole.as_object_mut(), policy.value.as_object()) {
        (Some(whole), Some(part)) => whole.extend(part.clone()),
        _ => *whole = policy.value.clone(),
    }
    let step = Step::made(kind, Manifest(object));
    let mut plan = super::plan(fault, Driver::Istio, wanted.id, title, vec![step], hit(aim, sight, 1.0));
    control_plane_doubt(&mut plan, sight);
    plan.predicts.clone_from(&plan.doubts);
    if let Some(rule) = above {
        plan.predicts.push(format!(
            "until then DestinationRule {}/{} holds; the rest of it is taken over",
            rule.namespace().unwrap_or_default(),
            rule.name()
        ));
    }
    plan
}
