//! The guardrails: each rule speaks, and each can refuse.

use std::time::Duration;

use brink::{
    cluster::{ClusterId, Kind, warrant::Purpose},
    fault::{
        approval::{Approval, How},
        blast::blast,
        checked::Checked,
        class::Class,
        drivers::compile,
        guard::{self, NoWarrant},
        intent::{FaultKind, Target},
        known,
        plan::{Change, Reach, Step},
        preview::{DryRun, Preview, Ruling, TrafficSource, Verdict},
        probe::{Asks, Condition, Limit, Signal},
        rules::{Lifeline, Open},
        traffic::Traffic,
        upstream::Call,
    },
    mesh::alerts::Alerts,
};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::sights::{delay, deployment, fault, http_route, manifest, pod, shop, workload};

use super::case::{
    Case, at_noon, calm, create, delete_of, evict, open, owned, patch_of_tracked, rollout, wanting, with, with_pod_spec,
};

fn condition(asks: Asks) -> Condition {
    Condition { asks, limit: Limit::Above(1.0), held: Duration::ZERO }
}

#[test]
fn a_calm_plan_is_allowed_and_every_rule_says_so() {
    let verdicts = calm().judge();
    let loud: Vec<&Verdict> = verdicts.iter().filter(|one| one.verdict != Ruling::Ok).collect();
    assert!(loud.is_empty(), "{loud:?}");
    assert!(verdicts.iter().all(|one| !one.value.is_empty() && !one.limit.is_empty()), "{verdicts:?}");
    let mut rules: Vec<&str> = verdicts.iter().map(|one| one.rule.as_str()).collect();
    rules.sort_unstable();
    let count = rules.len();
    rules.dedup();
    assert_eq!(rules.len(), count, "a rule speaks twice");
}

#[rstest]
#[case::read_only("read-only", Ruling::Refuse, with(calm(), |case| case.terms.readonly = true))]
#[case::broken_policy("policy-file", Ruling::Refuse, with(calm(), |case| case.terms.policy.broken = Some("line 3".to_owned())))]
#[case::foreign_context("context", Ruling::Refuse, with(calm(), |case| case.terms.policy.contexts = vec!["test-*".to_owned()]))]
#[case::protected_object("protected-namespaces", Ruling::Refuse, with(calm(), |case| case.plan.steps[0].object.namespace = Some("istio-system".to_owned())))]
#[case::protected_pod("protected-namespaces", Ruling::Refuse, with(calm(), |case| {
    case.plan.reach.pods.insert("monitoring".to_owned(), vec!["grafana".to_owned()]);
}))]
#[case::home_is_protected("protected-namespaces", Ruling::Refuse, with(calm(), |case| case.terms.policy.home = Some("shop".to_owned())))]
#[case::secret("forbidden-kinds", Ruling::Refuse, {
    let (object, change) = create(Kind::namespaced("", "v1", "Secret", "secrets"), "shop", json!({"metadata": {"name": "s"}}));
    calm().step(object, change, None)
})]
#[case::delete_a_route(
    "deletes",
    Ruling::Ok,
    delete_of(http_route("r", "reviews", "2026-01-01T00:00:00Z"), known::http_route())
)]
#[case::delete_a_deployment("deletes", Ruling::Refuse, delete_of(deployment("reviews", 4), known::deployment()))]
#[case::delete_what_has_finalizers("deletes", Ruling::Refuse, {
    let mut route = http_route("r", "reviews", "2026-01-01T00:00:00Z");
    route.map_mut(&["metadata"]).unwrap().insert("finalizers".to_owned(), json!(["x/y"]));
    delete_of(route, known::http_route())
})]
#[case::plain_pods("new-pods", Ruling::Ok, with_pod_spec(json!({"containers": [{"name": "a"}]})))]
#[case::host_network("new-pods", Ruling::Refuse, with_pod_spec(json!({"hostNetwork": true, "containers": [{"name": "a"}]})))]
#[case::host_path("new-pods", Ruling::Refuse, with_pod_spec(json!({"volumes": [{"hostPath": {"path": "/"}}], "containers": [{"name": "a"}]})))]
#[case::privileged("new-pods", Ruling::Refuse, with_pod_spec(json!({"containers": [{"name": "a", "securityContext": {"privileged": true}}]})))]
#[case::foreign_account("new-pods", Ruling::Refuse, with_pod_spec(json!({"serviceAccountName": "admin", "containers": [{"name": "a"}]})))]
#[case::privileged_but_allowed("new-pods", Ruling::Confirm, with(
    with_pod_spec(json!({"hostPID": true, "containers": [{"name": "a"}]})),
    |case| case.terms.policy.allow_privileged_pods = true,
))]
#[case::too_many_steps("size", Ruling::Refuse, with(calm(), |case| case.terms.policy.max_steps = 0))]
#[case::too_many_namespaces("size", Ruling::Refuse, with(calm(), |case| case.terms.policy.max_namespaces = 0))]
#[case::no_home("home", Ruling::Refuse, with(calm(), |case| case.plan.steps[0].object.namespace = None))]
#[case::home("home", Ruling::Ok, with(calm(), |case| {
    case.plan.steps[0].object.namespace = None;
    case.terms.policy.home = Some("brink".to_owned());
}))]
#[case::refused_dry_run("dry-run", Ruling::Refuse, with(calm(), |case| case.findings.dry_runs[0].0 = DryRun::Refused))]
#[case::unchecked("dry-run", Ruling::Refuse, with(calm(), |case| case.findings.dry_runs[0].0 = DryRun::Unchecked))]
#[case::unchecked_but_allowed("dry-run", Ruling::Confirm, with(calm(), |case| {
    case.findings.dry_runs[0].0 = DryRun::Unchecked;
    case.terms.policy.allow_unchecked = true;
}))]
#[case::missing_right("rights", Ruling::Refuse, with(calm(), |case| case.findings.missing.push("create pods".to_owned())))]
#[case::unasked_right("rights", Ruling::Confirm, with(calm(), |case| case.findings.unasked.push("create pods".to_owned())))]
#[case::no_record("record", Ruling::Refuse, with(calm(), |case| case.findings.missing_record.push("create configmaps".to_owned())))]
#[case::no_record_needs_no_fuse("record", Ruling::Refuse, with(calm(), |case| {
    case.findings.missing_record.push("create configmaps".to_owned());
    case.terms.policy.record_local = true;
}))]
#[case::local_record("record", Ruling::Confirm, with(calm().scale(4, 3), |case| {
    case.findings.missing_record.push("create configmaps".to_owned());
    case.terms.policy.record_local = true;
}))]
#[case::record_too_big("record", Ruling::Refuse, with(calm(), |case| case.findings.record_bytes = Some(300_000)))]
#[case::terminating("namespace", Ruling::Refuse, with(calm(), |case| case.findings.terminating.push("shop".to_owned())))]
#[case::gitops_fault("gitops", Ruling::Confirm, patch_of_tracked(Purpose::Fault))]
#[case::gitops_change("gitops", Ruling::Refuse, patch_of_tracked(Purpose::Change))]
#[case::another_open("concurrent", Ruling::Refuse, with(calm(), |case| case.findings.open = Some(vec![open(Vec::new())])))]
#[case::same_object("concurrent", Ruling::Refuse, with(calm(), |case| {
    case.terms.policy.max_concurrent = 9;
    case.findings.open = Some(vec![open(vec![case.plan.steps[0].object.clone()])]);
}))]
#[case::another_allowed("concurrent", Ruling::Ok, with(calm(), |case| {
    case.terms.policy.max_concurrent = 2;
    case.findings.open = Some(vec![open(Vec::new())]);
}))]
#[case::records_unreadable("concurrent", Ruling::Confirm, with(calm(), |case| case.findings.open = None))]
#[case::own_record("concurrent", Ruling::Ok, with(calm(), |case| {
    let own = Open { id: case.plan.id.clone(), ..open(vec![case.plan.steps[0].object.clone()]) };
    case.findings.open = Some(vec![own]);
}))]
#[case::half_of_a_workload("pods-lost", Ruling::Ok, calm().scale(4, 2))]
#[case::more_than_half("pods-lost", Ruling::Refuse, calm().scale(4, 1))]
#[case::scaled_to_zero("pods-lost", Ruling::Confirm, calm().scale(4, 0))]
#[case::too_many_pods("pods-lost", Ruling::Refuse, calm().scale(60, 35))]
#[case::too_many_to_zero("pods-lost", Ruling::Refuse, calm().scale(21, 0))]
#[case::last_ready_goes("last-ready-replica", Ruling::Confirm, calm().scale(4, 0))]
#[case::one_stays("last-ready-replica", Ruling::Ok, calm().scale(4, 3))]
#[case::little_traffic("traffic", Ruling::Ok, calm())]
#[case::much_traffic("traffic", Ruling::Confirm, with(calm(), |case| case.traffic.total = Some(50.0)))]
#[case::unknown_traffic("traffic", Ruling::Confirm, with(calm(), |case| case.traffic = Traffic::default()))]
#[case::the_whole_mesh("traffic", Ruling::Confirm, with(calm(), |case| case.plan.reach.everything = Some("root".to_owned())))]
#[case::production_unknown_traffic("traffic", Ruling::Refuse, with(calm().production(), |case| case.traffic = Traffic::default()))]
#[case::production_much_traffic("traffic", Ruling::Refuse, with(calm().production(), |case| case.traffic.total = Some(39.0)))]
#[case::production_little_traffic("traffic", Ruling::Ok, calm().production())]
#[case::scale_is_judged_by_pods("traffic", Ruling::Ok, with(calm().scale(4, 2), |case| case.traffic = Traffic::default()))]
#[case::undo_lifeline("lifelines", Ruling::Refuse, with(calm(), |case| {
    case.findings.lifelines.push(Lifeline { pod: "x/istiod".to_owned(), what: "istiod".to_owned(), sight_only: false, metrics: false });
}))]
#[case::sight_lifeline("lifelines", Ruling::Confirm, with(calm(), |case| {
    case.findings.lifelines.push(Lifeline { pod: "x/prom".to_owned(), what: "Prometheus".to_owned(), sight_only: true, metrics: true });
}))]
#[case::guarded_sight_lifeline("lifelines", Ruling::Refuse, with(calm().scale(4, 3), |case| {
    case.findings.lifelines.push(Lifeline { pod: "x/prom".to_owned(), what: "Prometheus".to_owned(), sight_only: true, metrics: true });
}))]
#[case::lifelines_unread("lifelines", Ruling::Confirm, with(calm(), |case| case.findings.lifelines_unread.push("webhooks".to_owned())))]
#[case::nobody_acts("effect", Ruling::Confirm, with(calm(), |case| case.plan.doubts.push("no istiod seen".to_owned())))]
#[case::guarded_in_production("class", Ruling::Refuse, calm().scale(4, 3).production())]
#[case::guarded_but_allowed("class", Ruling::Ok, with(calm().scale(4, 3).production(), |case| case.terms.policy.guarded_in_production = true))]
#[case::self_expiring_in_production("class", Ruling::Ok, calm().production())]
#[case::long_lease("max-lease", Ruling::Refuse, with(calm(), |case| case.plan.lease = Duration::from_secs(901)))]
#[case::longest_lease("max-lease", Ruling::Ok, with(calm(), |case| case.plan.lease = Duration::from_mins(15)))]
#[case::long_lease_in_production("max-lease", Ruling::Refuse, with(calm().production(), |case| case.plan.lease = Duration::from_secs(301)))]
#[case::no_windows("blackout", Ruling::Ok, calm())]
#[case::before_a_window("blackout", Ruling::Ok, at_noon("2026-07-03T13:57:59Z"))]
#[case::lease_reaches_into_a_window("blackout", Ruling::Refuse, at_noon("2026-07-03T13:58:00Z"))]
#[case::within_a_window("blackout", Ruling::Refuse, at_noon("2026-07-03T15:59:59Z"))]
#[case::after_a_window("blackout", Ruling::Ok, at_noon("2026-07-03T16:00:00Z"))]
#[case::nobody_knows_the_time("blackout", Ruling::Refuse, with(at_noon("2026-07-03T16:00:00Z"), |case| case.findings.now = None))]
#[case::no_alerts("alerts", Ruling::Ok, with(calm(), |case| case.findings.alerts = Alerts::Firing(Vec::new())))]
#[case::firing("alerts", Ruling::Confirm, with(calm(), |case| case.findings.alerts = Alerts::Firing(vec!["Down".to_owned()])))]
#[case::alerts_unreadable("alerts", Ruling::Confirm, with(calm(), |case| case.findings.alerts = Alerts::Unreadable("timeout".to_owned())))]
#[case::no_metric_source("alerts", Ruling::Ok, with(calm(), |case| case.findings.alerts = Alerts::Unasked))]
#[case::no_metric_source_in_production("alerts", Ruling::Confirm, with(calm().production(), |case| case.findings.alerts = Alerts::Unasked))]
#[case::alerts_not_wanted("alerts", Ruling::Ok, with(calm().production(), |case| {
    case.findings.alerts = Alerts::Unasked;
    case.terms.policy.alerts = String::new();
}))]
#[case::old_name_of_the_account("new-pods", Ruling::Refuse, with_pod_spec(json!({"serviceAccount": "admin", "containers": [{"name": "a"}]})))]
#[case::host_process("new-pods", Ruling::Refuse, with_pod_spec(json!({"securityContext": {"windowsOptions": {"hostProcess": true}}, "containers": [{"name": "a"}]})))]
#[case::pods_deep_inside("new-pods", Ruling::Refuse, {
    let jobs = json!([{"template": {"spec": {"template": {"spec": {"hostNetwork": true, "containers": [{"name": "a"}]}}}}}]);
    let set = json!({"kind": "JobSet", "metadata": {"name": "x"}, "spec": {"replicatedJobs": jobs}});
    let (object, change) = create(Kind::namespaced("jobset.x-k8s.io", "v1alpha2", "JobSet", "jobsets"), "shop", set);
    calm().step(object, change, None)
})]
#[case::delete_a_workload_entry("deletes", Ruling::Refuse, delete_of(
    manifest(json!({"kind": "WorkloadEntry", "metadata": {"name": "vm"}})),
    Kind::namespaced("networking.istio.io", "v1", "WorkloadEntry", "workloadentries"),
))]
#[case::delete_a_gateway_of_istio("deletes", Ruling::Refuse, delete_of(
    manifest(json!({"kind": "Gateway", "metadata": {"name": "edge"}})),
    Kind::namespaced("networking.istio.io", "v1", "Gateway", "gateways"),
))]
#[case::delete_a_policy("deletes", Ruling::Ok, delete_of(
    manifest(json!({"kind": "AuthorizationPolicy", "metadata": {"name": "deny"}})),
    known::authorization_policy(),
))]
#[case::evict_a_pod("evictions", Ruling::Ok, evict(pod("reviews", 1)))]
#[case::evict_a_bare_pod("evictions", Ruling::Refuse, evict(owned(pod("reviews", 1), &json!([]))))]
#[case::evict_a_pod_of_a_job("evictions", Ruling::Refuse, evict(owned(pod("reviews", 1), &json!([{"kind": "Job", "name": "once", "controller": true}]))))]
#[case::evict_a_static_pod("evictions", Ruling::Refuse, evict(owned(pod("reviews", 1), &json!([{"kind": "Node", "name": "n", "controller": true}]))))]
#[case::evict_a_mirror_pod("evictions", Ruling::Refuse, evict({
    let mut pod = pod("reviews", 1);
    pod.map_mut(&["metadata"]).unwrap().insert("annotations".to_owned(), json!({"kubernetes.io/config.mirror": "x"}));
    pod
}))]
#[case::evict_an_orphan("evictions", Ruling::Refuse, with(evict(pod("reviews", 1)), |case| {
    case.sight.workloads.retain(|one| one.name() != "reviews-abc");
}))]
#[case::controller_not_readable("evictions", Ruling::Ok, with(evict(pod("reviews", 1)), |case| {
    case.sight.workloads.retain(|one| one.name() != "reviews-abc");
    case.sight.unreadable.push("replicasets in shop".to_owned());
}))]
#[case::twice_the_same_object("size", Ruling::Refuse, with(calm(), |case| case.plan.steps.push(Step { n: 2, ..case.plan.steps[0].clone() })))]
#[case::delete_and_make_anew("size", Ruling::Ok, with(delete_of(http_route("r", "reviews", "2026-01-01T00:00:00Z"), known::http_route()), |case| {
    let object = http_route("r", "reviews", "2026-01-01T00:00:00Z");
    case.plan.steps.push(Step { n: 2, change: Change::Create { object, fused: false }, before: None, ..case.plan.steps[0].clone() });
}))]
#[case::the_root_of_the_mesh("protected-namespaces", Ruling::Refuse, with(calm(), |case| {
    case.sight.root_namespace = "shop".to_owned();
}))]
#[case::everything_is_hit("lifelines", Ruling::Confirm, with(calm(), |case| case.plan.reach.everything = Some("root".to_owned())))]
#[case::lifelines_unread_in_production("lifelines", Ruling::Refuse, with(calm().production(), |case| case.findings.lifelines_unread.push("webhooks".to_owned())))]
#[case::records_unreadable_in_production("concurrent", Ruling::Refuse, with(calm().production(), |case| case.findings.open = None))]
#[case::unasked_right_in_production("rights", Ruling::Refuse, with(calm().production(), |case| case.findings.unasked.push("create pods".to_owned())))]
#[case::metrics_guarded_by_metrics("lifelines", Ruling::Refuse, with(calm(), |case| {
    case.findings.lifelines.push(Lifeline { pod: "x/prom".to_owned(), what: "Prometheus".to_owned(), sight_only: true, metrics: true });
    case.findings.metrics = true;
    case.plan.fault.abort_when.push(condition(Asks::Promql("up".to_owned())));
}))]
#[case::new_template("pods-lost", Ruling::Ok, rollout(json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%"}})))]
#[case::new_template_of_half("pods-lost", Ruling::Ok, rollout(json!({"rollingUpdate": {"maxUnavailable": 2}})))]
#[case::new_template_of_most("pods-lost", Ruling::Refuse, rollout(json!({"rollingUpdate": {"maxUnavailable": "75%"}})))]
#[case::new_template_all_at_once("pods-lost", Ruling::Refuse, rollout(json!({"type": "Recreate"})))]
#[case::new_template_and_the_last_ready("last-ready-replica", Ruling::Confirm, with(rollout(json!({"rollingUpdate": {"maxUnavailable": 2}})), |case| {
    for pod in case.sight.pods.iter_mut().filter(|pod| ["reviews-abc-1", "reviews-abc-2"].contains(&pod.name())) {
        pod.map_mut(&["status"]).unwrap().insert("conditions".to_owned(), json!([]));
    }
}))]
#[case::manifest_to_few_replicas("last-ready-replica", Ruling::Confirm, with(wanting(json!({"replicas": 0})), |case| case.terms.policy.max_lost_share = 1.0))]
#[case::condition("abort-conditions", Ruling::Ok, with(calm(), |case| {
    case.findings.metrics = true;
    case.plan.fault.abort_when.push(condition(Asks::Signal { signal: Signal::ErrorShare, workload: None }));
}))]
#[case::condition_on_nothing_known("abort-conditions", Ruling::Refuse, with(calm(), |case| {
    case.findings.metrics = true;
    case.plan.reach = Reach::default();
    case.plan.fault.abort_when.push(condition(Asks::Signal { signal: Signal::Rps, workload: None }));
}))]
#[case::condition_without_metrics("abort-conditions", Ruling::Refuse, with(calm(), |case| {
    case.plan.fault.abort_when.push(condition(Asks::Promql("up".to_owned())));
}))]
#[case::condition_without_need_of_metrics("abort-conditions", Ruling::Ok, with(calm(), |case| {
    case.plan.fault.abort_when.push(condition(Asks::Http("http://x".to_owned())));
}))]
fn each_rule_can_say_each_thing(#[case] rule: &str, #[case] expected: Ruling, #[case] case: Case) {
    let verdicts = case.judge();
    let verdict =
        verdicts.iter().find(|one| one.rule == rule).unwrap_or_else(|| panic!("no rule {rule}: {verdicts:?}"));
    assert_eq!(verdict.verdict, expected, "{verdict:?}");
    if expected != Ruling::Ok {
        assert!(!verdict.change.is_empty(), "a verdict without a way out: {verdict:?}");
    }
}

#[test]
fn a_kept_change_is_not_held_to_the_rules_of_faults() {
    let mut case = calm();
    case.plan.purpose = Purpose::Change;
    let rules: Vec<String> = case.judge().into_iter().map(|one| one.rule).collect();
    for rule in ["max-lease", "class", "concurrent", "record", "traffic"] {
        assert!(!rules.iter().any(|one| one == rule), "{rule}");
    }
    for rule in ["read-only", "protected-namespaces", "forbidden-kinds", "gitops", "dry-run", "rights", "lifelines"] {
        assert!(rules.iter().any(|one| one == rule), "{rule}");
    }
}

#[test]
fn the_blast_radius_is_a_share_of_what_is_measured() {
    let mut case = calm();
    let radius = blast(&case.plan, &case.traffic);
    assert_eq!((radius.traffic_share, radius.traffic_source), (Some(0.2), TrafficSource::Measured));
    assert_eq!(radius.pods.len(), 4);
    assert_eq!(blast(&case.plan, &Traffic::default()).traffic_share, None);
    assert_eq!(radius.dependants, Vec::<String>::new(), "nobody was seen calling");
    let call = |from: &str, to: &str| Call { from: from.to_owned(), to: to.to_owned(), service: "shop/s".to_owned() };
    let hit = case.plan.reach.workloads[0].clone();
    case.traffic.calls = vec![call("shop/productpage-v1", &hit), call("edge/gateway", "shop/productpage-v1")];
    assert_eq!(blast(&case.plan, &case.traffic).dependants, ["shop/productpage-v1", "edge/gateway"]);
    // Only a route is known: its own number, and its origin.
    case.plan.reach = Reach { routes: vec!["HTTPRoute shop/r".to_owned()], portion: 1.0, ..Reach::default() };
    assert_eq!(blast(&case.plan, &case.traffic).traffic_share, None);
    case.traffic.routes.insert("HTTPRoute shop/r".to_owned(), (10.0, TrafficSource::Shared));
    let radius = blast(&case.plan, &case.traffic);
    assert_eq!((radius.traffic_share, radius.traffic_source), (Some(0.1), TrafficSource::Shared));
}

fn checked(guard: Vec<Verdict>, production: bool) -> Checked {
    let case = calm();
    let preview = Preview {
        plan: case.plan.id.clone(),
        kind: String::new(),
        driver: String::new(),
        driver_why: String::new(),
        class: Class::SelfExpiring.word().to_owned(),
        class_why: String::new(),
        duration_s: 0,
        lease_s: 0,
        token: "token".to_owned(),
        title: String::new(),
        alternatives: Vec::new(),
        changes: Vec::new(),
        blast: blast(&case.plan, &case.traffic),
        guard,
        predicts: Vec::new(),
        what_if: Vec::new(),
        residue: Vec::new(),
        rivals: Vec::new(),
        undo: Vec::new(),
    };
    Checked {
        foretold: Vec::new(),
        plan: case.plan,
        preview,
        stored: Vec::new(),
        identities: Vec::new(),
        uids: Vec::new(),
        cluster: ClusterId::new("cluster", "Namespace kube-system"),
        token: "token".to_owned(),
        production,
        confirm_name: "reviews".to_owned(),
        at: "2026-01-01T00:00:00Z".parse().unwrap(),
    }
}

fn ruled(verdict: Ruling) -> Vec<Verdict> {
    vec![Verdict { rule: "r".to_owned(), verdict, value: String::new(), limit: String::new(), change: String::new() }]
}

#[test]
fn a_warrant_needs_the_approval_the_verdicts_ask_for() {
    let soon = "2026-01-01T00:01:00Z".parse().unwrap();
    let late = "2026-01-01T00:02:01Z".parse().unwrap();
    let by = |how: How| Approval { how, token: "token".to_owned() };
    let typed = |name: &str| by(How::Typed(name.to_owned()));
    let permit = |verdict, production, approval: &Approval| {
        guard::permit(&checked(ruled(verdict), production), approval, false, false, soon)
    };

    let warrant = permit(Ruling::Ok, false, &by(How::Key)).unwrap();
    assert_eq!(
        (warrant.purpose(), warrant.injection(), warrant.cluster().uid.as_str()),
        (Purpose::Fault, "7f3a9c", "cluster")
    );
    assert!(matches!(permit(Ruling::Confirm, false, &by(How::Key)), Err(NoWarrant::Confirm { .. })));
    assert!(matches!(permit(Ruling::Confirm, false, &typed("review")), Err(NoWarrant::Confirm { .. })));
    assert!(permit(Ruling::Confirm, false, &typed("reviews")).is_ok());
    assert!(permit(Ruling::Confirm, false, &by(How::Yes)).is_ok());
    assert!(matches!(permit(Ruling::Confirm, true, &by(How::Yes)), Err(NoWarrant::YesInProduction)));
    assert!(matches!(permit(Ruling::Ok, true, &by(How::Yes)), Err(NoWarrant::YesInProduction)));
    for how in [How::Key, How::Yes, How::Typed("reviews".to_owned())] {
        assert!(matches!(permit(Ruling::Refuse, false, &by(how)), Err(NoWarrant::Rule(_))));
    }

    let good = checked(ruled(Ruling::Ok), false);
    assert_eq!(guard::permit(&good, &by(How::Key), true, false, soon), Err(NoWarrant::ReadOnly));
    assert_eq!(guard::permit(&good, &by(How::Key), false, false, late), Err(NoWarrant::Stale));
    let other = Approval { how: How::Key, token: "older".to_owned() };
    assert!(matches!(guard::permit(&good, &other, false, false, soon), Err(NoWarrant::OtherToken { .. })));
    let cluster = || ClusterId::new("cluster", "Namespace kube-system");
    assert_eq!(guard::undo("7f3a9c", cluster()).purpose(), Purpose::Undo);
    // Taking a stale mark off is asked for, not urgent.
    assert_eq!(guard::unmark("7f3a9c", cluster(), true), Err(NoWarrant::ReadOnly));
    assert_eq!(guard::unmark("7f3a9c", cluster(), false).map(|warrant| warrant.purpose()), Ok(Purpose::Undo));
}

proptest! {
    /// However a share or count is asked for, more than half of a workload, or more than twenty pods, is never allowed.
    #[test]
    fn over_wide_kills_are_refused(replicas in 1u32..60, percent in 1u32..=100) {
        let mut sight = shop();
        sight.pods = (0..replicas).map(|n| pod("reviews", n)).collect();
        let kill = fault(FaultKind::PodKill, workload("Deployment", "reviews"), &[("percent", json!(percent))]);
        let plan = compile(&kill, &sight, "7f3a9c").unwrap();
        let chosen = u32::try_from(plan.steps.len()).unwrap();
        prop_assert!(chosen >= 1 && chosen <= replicas.max(1));
        let case = Case { plan, sight, ..calm() };
        let case = with(case, |case| case.terms.policy.max_steps = 1000);
        let refused = case.judge().iter().any(|one| one.rule == "pods-lost" && one.verdict == Ruling::Refuse);
        prop_assert_eq!(refused, chosen * 2 > replicas || chosen > 20, "{} of {}", chosen, replicas);
    }

    /// The same id chooses the same pods, whatever order the server lists them in.
    #[test]
    fn the_choice_is_by_name(seed in "[0-9a-f]{6}", order in Just((1..=9).collect::<Vec<u32>>()).prop_shuffle()) {
        let kill = fault(FaultKind::PodKill, workload("Deployment", "reviews"), &[("count", json!(4))]);
        let mut sight = shop();
        sight.pods = (1..=9).map(|n| pod("reviews", n)).collect();
        let first = compile(&kill, &sight, &seed).unwrap();
        sight.pods = order.into_iter().map(|n| pod("reviews", n)).collect();
        prop_assert_eq!(first.reach, compile(&kill, &sight, &seed).unwrap().reach);
    }
}

#[test]
fn a_target_that_is_not_there_is_named_with_the_nearest() {
    let mut wrong = delay();
    wrong.target = Target::Service("reviws".to_owned());
    let error = compile(&wrong, &shop(), "7f3a9c").unwrap_err();
    assert_eq!(error.to_string(), "there is no Service shop/reviws; did you mean `reviews`?");
    assert!(error.is_bad_input());
}

#[test]
fn the_rules_of_the_moment_say_what_they_found() {
    let value = |case: Case, rule: &str| case.judge().into_iter().find(|one| one.rule == rule).unwrap().value;
    assert_eq!(
        value(at_noon("2026-07-03T13:58:00Z"), "blackout"),
        "its lease would reach into release: fri 16:00-18:00 Europe/Berlin, which begins at 2026-07-03 14:00 UTC"
    );
    assert_eq!(
        value(at_noon("2026-07-03T14:00:00Z"), "blackout"),
        "now is within release: fri 16:00-18:00 Europe/Berlin, which ends at 2026-07-03 16:00 UTC"
    );
    let firing = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        value(with(calm(), |case| case.findings.alerts = Alerts::Firing(names)), "alerts")
    };
    assert_eq!(firing(&["A"]), "A fires");
    assert_eq!(firing(&["A", "B", "C", "D", "E"]), "A, B, C and 2 more fire");
    assert_eq!(firing(&[]), "none fires");
}
