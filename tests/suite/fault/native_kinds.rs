//! The kinds of plain Kubernetes compiled against the shop, and what each refuses.

use brink::fault::{
    catalogue::deed,
    drivers::{CompileError, compile},
    evidence::{Expected, expected},
    intent::{FaultKind, Target},
    plan::Change,
    sight::Sight,
    sign::Sign,
};
use rstest::rstest;
use serde_json::json;

use super::{
    plans::{planned, said},
    sights::{self, fault, fault as intent, manifest, reviews, shop, workload},
};

/// Three nodes in two zones, the shop's pods spread over the first two.
fn nodes() -> Sight {
    let mut sight = shop();
    sight.nodes = vec![
        sights::node("worker-1", "east-1"),
        sights::node("worker-2", "east-1"),
        sights::node("worker-3", "east-2"),
    ];
    for (n, pod) in sight.pods.iter_mut().enumerate() {
        pod.0["spec"]["nodeName"] = json!(format!("worker-{}", n % 2 + 1));
    }
    sight
}

#[test]
fn scale_down_and_up_again() {
    let down = fault(FaultKind::ScaleDownUp, workload("deployment", "reviews"), &[("after", json!("20s"))]);
    let plan = compile(&down, &shop(), "7f3a9c").unwrap();
    assert_eq!((plan.duration.as_secs(), plan.lease.as_secs()), (20, 120), "the hold ends it, the lease stays");
    assert!(matches!(expected(&plan), Expected::Replicas { from: 4, to: 0, .. }));
    insta::assert_snapshot!(planned(&down, &shop()));
    let up = fault(FaultKind::ScaleDownUp, workload("deployment", "reviews"), &[("replicas", json!(9))]);
    assert!(said(&up, &shop()).contains("no way down"), "{}", said(&up, &shop()));
    let long = fault(FaultKind::ScaleDownUp, workload("deployment", "reviews"), &[("after", json!("10m"))]);
    assert!(said(&long, &shop()).contains("the nearest is `2m`"), "{}", said(&long, &shop()));
}

#[test]
fn an_image_that_is_not_there() {
    let bad = fault(FaultKind::BadImage, workload("deployment", "reviews"), &[]);
    insta::assert_snapshot!(planned(&bad, &shop()));
    let plan = compile(&bad, &shop(), "7f3a9c").unwrap();
    assert!(matches!(expected(&plan), Expected::Object { sign: Sign::Unready { was: 0 }, .. }));
    assert_eq!(plan.reach.lost["shop/Deployment/reviews"], (1, 4), "as many as the strategy lets go at once");
}

#[rstest]
#[case(&[("image", json!("shop/app:1"))], "is already as this fault would make it")]
#[case(&[("image", json!("two images"))], "is no image reference")]
#[case(&[("container", json!("revews"))], "has no container `revews`; did you mean `reviews`?")]
fn a_wrong_image_fault_is_told(#[case] params: &[(&str, serde_json::Value)], #[case] words: &str) {
    let bad = fault(FaultKind::BadImage, workload("deployment", "reviews"), params);
    let said = said(&bad, &shop());
    assert!(said.contains(words), "{said}");
}

#[test]
fn a_statefulset_would_keep_its_broken_pods() {
    let bad = fault(FaultKind::BadImage, workload("StatefulSet", "db"), &[]);
    assert!(matches!(compile(&bad, &shop(), "7f3a9c"), Err(CompileError::Intent(_))));
}

#[test]
fn probes_that_fail() {
    let mut sight = shop();
    sight.workloads[0].0["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] =
        json!({"httpGet": {"path": "/ready", "port": 9080}, "periodSeconds": 5});
    let readiness = fault(FaultKind::BadProbe, workload("deployment", "reviews"), &[]);
    insta::assert_snapshot!(planned(&readiness, &sight));
    let liveness = fault(FaultKind::BadProbe, workload("deployment", "reviews"), &[("probe", json!("liveness"))]);
    insta::assert_snapshot!("a_liveness_probe_that_fails", planned(&liveness, &sight));
    let wrong = fault(FaultKind::BadProbe, workload("deployment", "reviews"), &[("probe", json!("readyness"))]);
    assert!(said(&wrong, &sight).contains("the nearest is `readiness`"));
}

/// A ConfigMap that two pods mount and one has as variables.
fn configured() -> Sight {
    let mut sight = shop();
    sight.config_maps = vec![manifest(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flags", "namespace": "shop", "uid": "cm"},
        "data": {"slow": "false", "limit": "10"},
    }))];
    for n in 0..2 {
        sight.pods[n].0["spec"]["volumes"] = json!([{"name": "flags", "configMap": {"name": "flags"}}]);
    }
    sight.pods[4].0["spec"]["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "flags"}}]);
    sight
}

#[test]
fn a_key_of_a_config_map() {
    let flags = || workload("ConfigMap", "flags");
    let bad = fault(FaultKind::BadConfig, flags(), &[("key", json!("slow")), ("value", json!("true"))]);
    insta::assert_snapshot!(planned(&bad, &configured()));
    let typo = fault(FaultKind::BadConfig, flags(), &[("key", json!("slwo")), ("value", json!("true"))]);
    assert!(said(&typo, &configured()).contains("has no key `slwo`; did you mean `slow`?"));
    let env = fault(FaultKind::BadConfig, flags(), &[("env", json!("slow")), ("value", json!("true"))]);
    assert!(said(&env, &configured()).contains("a ConfigMap has keys"));
    let mut frozen = configured();
    frozen.config_maps[0].0["immutable"] = json!(true);
    assert!(said(&bad, &frozen).contains("is immutable"));
    let mut unread = configured();
    unread.pods.clear();
    let everything = compile(&bad, &unread, "7f3a9c").unwrap().reach.everything;
    assert!(everything.is_some(), "who asks the API server is not known");
}

#[test]
fn a_variable_of_a_workload() {
    let mut sight = shop();
    let from = json!({"name": "LIMIT", "valueFrom": {"configMapKeyRef": {"name": "flags", "key": "limit"}}});
    sight.workloads[0].0["spec"]["template"]["spec"]["containers"][0]["env"] =
        json!([{"name": "A", "value": "1"}, from]);
    let reviews = || workload("Deployment", "reviews");
    let bad = fault(FaultKind::BadConfig, reviews(), &[("env", json!("LIMIT")), ("value", json!("0"))]);
    insta::assert_snapshot!(planned(&bad, &sight));
    let typo = fault(FaultKind::BadConfig, reviews(), &[("env", json!("LIMT")), ("value", json!("0"))]);
    assert!(said(&typo, &sight).contains("did you mean `LIMIT`?"), "{}", said(&typo, &sight));
    let key = fault(FaultKind::BadConfig, reviews(), &[("key", json!("LIMIT")), ("value", json!("0"))]);
    assert!(said(&key, &sight).contains("a workload has environment variables"));
}

#[test]
fn pods_are_cut_off() {
    let all = intent(FaultKind::NetworkPartition, reviews(), &[]);
    insta::assert_snapshot!(planned(&all, &shop()));
    let peer = [("peer", json!("deployment/web")), ("direction", json!("in"))];
    let peer = intent(FaultKind::NetworkPartition, workload("Deployment", "reviews"), &peer);
    insta::assert_snapshot!("pods_are_cut_off_from_one_peer", planned(&peer, &shop()));
    let own = intent(FaultKind::NetworkPartition, reviews(), &[("peer", json!("deployment/reviews"))]);
    assert!(said(&own, &shop()).contains("are the same pods"));
    let space = intent(FaultKind::NetworkPartition, reviews(), &[("peer", json!("namespace/edge"))]);
    let plan = compile(&space, &shop(), "7f3a9c").unwrap();
    let Change::Create { object, fused: true } = &plan.steps[0].change else { panic!("{:?}", plan.steps) };
    let allowed = json!([{"namespaceSelector": {"matchExpressions": [
        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["edge"]}
    ]}}]);
    assert_eq!(object.at(&["spec", "ingress"]), Some(&json!([{"from": allowed}])));
}

#[test]
fn what_another_policy_allows_stays_open() {
    let mut sight = shop();
    sight.network_policies = vec![manifest(json!({
        "kind": "NetworkPolicy", "metadata": {"name": "web-in", "namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": {"app": "reviews"}}, "ingress": [{"from": [{"podSelector": {}}]}]},
    }))];
    let doubts = |direction: &str| {
        let cut = intent(FaultKind::NetworkPartition, reviews(), &[("direction", json!(direction))]);
        compile(&cut, &sight, "7f3a9c").unwrap().doubts
    };
    assert_eq!(doubts("in"), ["what NetworkPolicy web-in allows stays open"]);
    assert!(doubts("out").is_empty(), "it allows nothing that goes out");
}

#[test]
fn a_node_takes_no_new_pods() {
    let cordon = fault(FaultKind::NodeCordon, Target::Node("worker-1".to_owned()), &[]);
    insta::assert_snapshot!(planned(&cordon, &nodes()));
    let typo = fault(FaultKind::NodeCordon, Target::Node("worker-11".to_owned()), &[]);
    assert!(said(&typo, &nodes()).contains("there is no such node; did you mean `worker-1`?"));
    let mut done = nodes();
    done.nodes[0].0["spec"] = json!({"unschedulable": true});
    assert!(said(&cordon, &done).contains("is cordoned already"));
    let mut blind = nodes();
    blind.nodes.clear();
    blind.unreadable.push("nodes".to_owned());
    assert!(matches!(compile(&cordon, &blind, "7f3a9c"), Err(CompileError::Unreadable { .. })));
}

#[test]
fn a_node_is_drained_of_the_namespace() {
    let mut sight = nodes();
    let mut daemon = sights::pod("agent", 1);
    daemon.0["metadata"]["ownerReferences"] =
        json!([{"kind": "DaemonSet", "name": "agent", "uid": "ds", "controller": true}]);
    daemon.0["spec"]["nodeName"] = json!("worker-1");
    let mut stranger = sights::pod("other", 1);
    stranger.0["metadata"]["namespace"] = json!("elsewhere");
    stranger.0["spec"]["nodeName"] = json!("worker-1");
    sight.pods.extend([daemon, stranger]);
    sight.budgets = vec![manifest(json!({
        "metadata": {"name": "keep", "namespace": "shop"}, "spec": {"selector": {"matchLabels": {"app": "reviews"}}},
        "status": {"disruptionsAllowed": 1},
    }))];
    let drain = fault(FaultKind::NodeDrain, Target::Node("worker-1".to_owned()), &[]);
    insta::assert_snapshot!(planned(&drain, &sight));
    let empty = fault(FaultKind::NodeDrain, Target::Node("worker-3".to_owned()), &[]);
    assert!(said(&empty, &sight).contains("may be evicted"));
}

#[test]
fn a_zone_is_lost() {
    let lose = fault(FaultKind::ZoneLoss, Target::Zone("east-1".to_owned()), &[]);
    insta::assert_snapshot!(planned(&lose, &nodes()));
    let nowhere = fault(FaultKind::ZoneLoss, Target::Zone("west".to_owned()), &[]);
    assert!(said(&nowhere, &nodes()).contains("there are: east-1, east-2"));
}

#[test]
fn a_hold_longer_than_the_lease_is_no_intent() {
    let long = fault(FaultKind::ScaleDownUp, workload("deployment", "reviews"), &[("after", json!("3m"))]);
    let wrong = deed(&long).unwrap_err();
    assert_eq!(wrong[0].field, "params.after");
}
