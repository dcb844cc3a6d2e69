//! Every kind compiled against the shop: what it changes, whom it hits, what it says.

use brink::fault::{
    diff,
    drivers::compile,
    edit,
    intent::{Fault, FaultKind, Scope, Target},
    plan::{Change, Plan},
    sight::{Given, Sight},
};
use serde_json::json;

use super::sights::{self, delay, delay_by_virtual_service, fault, reviews, shop, workload};

/// A plan as a person would read it.
fn read(plan: &Plan) -> String {
    let mut text = format!("{}\n", plan.title);
    text.push_str(&format!(
        "driver {} ({}), class {}, fuses {:?}, instead {:?}\n",
        plan.driver.word(),
        plan.driver_why,
        plan.class,
        plan.fuses,
        plan.alternatives.iter().map(|driver| driver.word()).collect::<Vec<_>>()
    ));
    text.push_str(&format!("pods {:?}\nlost {:?}\n", plan.reach.pods, plan.reach.lost));
    text.push_str(&format!(
        "routes {:?} services {:?} workloads {:?} portion {} everything {:?}\n",
        plan.reach.routes, plan.reach.services, plan.reach.workloads, plan.reach.portion, plan.reach.everything
    ));
    for line in &plan.predicts {
        text.push_str(&format!("predicts: {line}\n"));
    }
    for line in &plan.undo {
        text.push_str(&format!("undo: {line}\n"));
    }
    for step in &plan.steps {
        text.push_str(&format!("\n{} {} {}\n", step.n, step.change.op().word(), step.object));
        for line in &step.residue {
            text.push_str(&format!("stays: {line}\n"));
        }
        let before = step.before.as_ref();
        let after = match &step.change {
            Change::Create { object, .. } => Some(object.clone()),
            Change::Patch { edits } => Some(sights::manifest(edit::applied(&before.unwrap().0, edits).unwrap())),
            Change::Scale { from, to } => {
                text.push_str(&format!("replicas {from} to {to}\n"));
                continue;
            }
            Change::Evict => continue,
            Change::Delete | Change::Remove(_) => None,
        };
        text.push_str(&diff::unified(before, after.as_ref()));
    }
    text
}

pub fn planned(fault: &Fault, sight: &Sight) -> String {
    read(&compile(fault, sight, "7f3a9c").unwrap())
}

/// Why there is no plan.
pub fn said(fault: &Fault, sight: &Sight) -> String {
    compile(fault, sight, "7f3a9c").unwrap_err().to_string()
}

#[test]
fn the_example_of_every_kind_is_a_plan() {
    let all = sights::served();
    assert!(all.len() >= 20, "{all:?}");
    for (kind, driver) in all {
        let wanted = Fault { driver: Some(driver), ..sights::example(kind, driver) };
        let plan = compile(&wanted, &sights::plenty(), "7f3a9c");
        let plan = plan.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert_eq!(plan.driver, driver, "{kind:?}");
        assert!(!plan.predicts.is_empty() && !plan.title.is_empty(), "{kind:?}: {plan:?}");
        assert!(plan.steps.iter().zip(1u32..).all(|(step, n)| step.n == n), "{kind:?}: {plan:?}");
    }
}

#[test]
fn http_delay_by_an_envoy_filter() {
    insta::assert_snapshot!(planned(&delay(), &shop()));
}

#[test]
fn http_delay_by_the_virtual_service() {
    insta::assert_snapshot!(planned(&delay_by_virtual_service(), &shop()));
}

#[test]
fn http_abort_of_one_source_and_path() {
    let mut abort = fault(FaultKind::HttpAbort, reviews(), &[("status", json!(500)), ("percent", json!(12.5))]);
    abort.scope = Scope {
        from: Some("Deployment/web".to_owned()),
        headers: [("X-User".to_owned(), "ana".to_owned())].into(),
        path: Some("/v2/list".to_owned()),
    };
    insta::assert_snapshot!(planned(&abort, &shop()));
    abort.driver = Some(brink::fault::intent::Driver::IstioVirtualService);
    insta::assert_snapshot!("http_abort_of_one_source_and_path_by_the_virtual_service", planned(&abort, &shop()));
}

#[test]
fn authz_deny_of_one_source() {
    let deny = fault(FaultKind::AuthzDeny, reviews(), &[("from", json!("deployment/web"))]);
    insta::assert_snapshot!(planned(&deny, &shop()));
}

#[test]
fn a_second_route_that_loses() {
    let route = Target::Route("my-route".to_owned());
    let conflict = fault(FaultKind::RouteConflict, route, &[("backend", json!("ratings"))]);
    insta::assert_snapshot!(planned(&conflict, &shop()));
}

#[test]
fn a_second_route_that_wins() {
    let mut sight = shop();
    sight.http_routes.push(sights::http_route("other", "web", "2026-02-01T00:00:00Z"));
    let route = Target::Route("my-route".to_owned());
    let conflict =
        fault(FaultKind::RouteConflict, route, &[("backend", json!("ratings:9080")), ("recreate", json!(true))]);
    insta::assert_snapshot!(planned(&conflict, &sight));
}

#[test]
fn scale_down() {
    let scale = fault(FaultKind::Scale, workload("deployment", "reviews"), &[("replicas", json!(3))]);
    insta::assert_snapshot!(planned(&scale, &shop()));
}

#[test]
fn pod_kill_of_a_share() {
    let kill = fault(FaultKind::PodKill, workload("deployment", "reviews"), &[("percent", json!(50))]);
    insta::assert_snapshot!(planned(&kill, &shop()));
}

#[test]
fn a_manifest_changes_what_is_there_and_makes_what_is_not() {
    let wanted = |value| sights::manifest(value);
    let live = sights::deployment("reviews", 4);
    let image = wanted(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "reviews"},
        "spec": {"template": {"spec": {"containers": [{"name": "reviews", "image": "shop/app:broken"}]}}},
    }));
    let policy = wanted(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "cut"},
        "spec": {"podSelector": {"matchLabels": {"app": "reviews"}}, "policyTypes": ["Ingress"]},
    }));
    let kind = brink::cluster::Kind::namespaced("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies");
    let object = |kind, name| brink::cluster::ObjectRef::new(kind, "shop", name);
    let mut sight = shop();
    sight.given = vec![
        Given { object: object(brink::fault::known::deployment(), "reviews"), wanted: image.clone(), live: Some(live) },
        Given { object: object(kind, "cut"), wanted: policy.clone(), live: None },
    ];
    let mut manifest = fault(FaultKind::Manifest, Target::Manifest, &[]);
    manifest.manifests = vec![image, policy];
    insta::assert_snapshot!(planned(&manifest, &sight));
}
