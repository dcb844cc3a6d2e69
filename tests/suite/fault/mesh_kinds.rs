//! The kinds that write policies of the mesh compiled against the shop, and what each refuses.

use brink::{
    cluster::Manifest,
    fault::{
        class::Class,
        drivers::compile,
        evidence::{Expected, expected},
        intent::{Fault, FaultKind, Target},
        plan::{Change, Plan},
        shut_out,
        sight::Sight,
        traffic::Traffic,
    },
    mesh::mtls::plain::Plain,
};
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    plans::{planned, said},
    sights::{fault, gateway, manifest, plenty, reviews, shop, workload},
};

const ID: &str = "7f3a9c";

fn object(kind: &str, namespace: &str, name: &str, created: &str, spec: &Value) -> Manifest {
    let group = if kind == "PeerAuthentication" { "security.istio.io" } else { "networking.istio.io" };
    manifest(json!({
        "apiVersion": format!("{group}/v1"), "kind": kind,
        "metadata": {
            "name": name, "namespace": namespace, "uid": format!("uid-{name}"), "resourceVersion": "80",
            "creationTimestamp": format!("2026-0{created}-01T00:00:00Z"),
        },
        "spec": spec,
    }))
}

/// The shop, which serves every kind of the mesh, with these DestinationRules.
fn ruled(rules: Vec<Manifest>) -> Sight {
    Sight { destination_rules: rules, ..plenty() }
}

fn peered(policies: Vec<Manifest>) -> Sight {
    Sight { peer_authentications: policies, ..plenty() }
}

fn plan(fault: &Fault, sight: &Sight) -> Plan {
    compile(fault, sight, ID).unwrap()
}

fn eject() -> Fault {
    fault(FaultKind::OutlierEject, reviews(), &[])
}

fn strict() -> Fault {
    fault(FaultKind::MtlsStrict, reviews(), &[])
}

fn off() -> Fault {
    fault(FaultKind::MtlsOff, reviews(), &[])
}

/// The name of the one object that a plan touches.
fn touched(plan: &Plan) -> &str {
    assert_eq!(plan.steps.len(), 1);
    &plan.steps[0].object.name
}

#[test]
fn outlier_detection_of_our_own() {
    insta::assert_snapshot!(planned(&eject(), &plenty()));
    let Expected::Answers { question, .. } = expected(&plan(&eject(), &plenty())) else { panic!() };
    assert!(question.contains("response_flags=~\".*UH.*\""), "{question}");
}

#[test]
fn outlier_detection_in_the_rule_that_holds() {
    let held = json!({"host": "reviews", "trafficPolicy": {
        "outlierDetection": {"consecutive5xxErrors": 7, "consecutiveGatewayErrors": 3},
        "tls": {"mode": "ISTIO_MUTUAL"},
    }});
    let sight = ruled(vec![object("DestinationRule", "shop", "reviews", "1", &held)]);
    insta::assert_snapshot!(planned(&eject(), &sight));
}

#[test]
fn of_several_rules_the_oldest_policy_counts() {
    let policy = json!({"host": "reviews.shop.svc.cluster.local", "trafficPolicy": {"loadBalancer": {}}});
    let bare = json!({"host": "reviews"});
    let rule = |name: &str, created: &str, spec: &Value| object("DestinationRule", "shop", name, created, spec);
    let all = vec![rule("bare", "1", &bare), rule("second", "3", &policy), rule("first", "2", &policy)];
    assert_eq!(touched(&plan(&eject(), &ruled(all))), "first");
    assert_eq!(touched(&plan(&eject(), &ruled(vec![rule("b", "2", &bare), rule("a", "1", &bare)]))), "a");
    // Rules for other hosts, and those that select their callers, are none for this Service.
    let others = vec![
        rule("ratings", "1", &json!({"host": "ratings", "trafficPolicy": {}})),
        rule(
            "some",
            "1",
            &json!({"host": "reviews", "trafficPolicy": {}, "workloadSelector": {"matchLabels": {"a": "b"}}}),
        ),
    ];
    let made = plan(&eject(), &ruled(others));
    assert_eq!((touched(&made), made.class), ("brink-7f3a9c", Class::SelfExpiring));
    assert_eq!(made.doubts, ["some callers go by DestinationRule some, which selects them"]);
}

#[test]
fn what_held_until_then_is_taken_over() {
    let wide = |host: &str| json!({"host": host, "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}});
    let root = object("DestinationRule", "istio-system", "mesh", "1", &wide("*.local"));
    let made = plan(&eject(), &ruled(vec![root.clone()]));
    let Change::Create { object: ours, fused: true } = &made.steps[0].change else { panic!("{:?}", made.steps) };
    assert_eq!(ours.text(&["spec", "host"]), Some("reviews.shop.svc.cluster.local"));
    assert_eq!(ours.text(&["spec", "trafficPolicy", "tls", "mode"]), Some("ISTIO_MUTUAL"));
    assert!(made.predicts.iter().any(|line| line.contains("DestinationRule istio-system/mesh holds")), "{made:?}");
    // The namespace's own comes before the mesh's.
    let near = object("DestinationRule", "shop", "near", "2", &wide("*.shop.svc.cluster.local"));
    let made = plan(&eject(), &ruled(vec![root, near]));
    assert!(made.predicts.iter().any(|line| line.contains("DestinationRule shop/near holds")), "{made:?}");
}

#[test]
fn where_another_policy_counts_is_doubted() {
    let held = json!({
        "host": "reviews",
        "trafficPolicy": {"portLevelSettings": [{"port": {"number": 9080}}]},
        "subsets": [{"name": "v2", "trafficPolicy": {"outlierDetection": {}}}, {"name": "v1"}],
    });
    let sight = ruled(vec![
        object("DestinationRule", "shop", "reviews", "1", &held),
        object("DestinationRule", "books", "mine", "1", &json!({"host": "reviews.shop.svc.cluster.local"})),
    ]);
    let made = plan(&eject(), &sight);
    assert_eq!(
        made.doubts,
        [
            "subset v2 has outlierDetection of its own: requests to it do not meet this",
            "port 9080 has settings of its own: requests to it do not meet this",
            "callers of namespace books go by its DestinationRule mine",
        ]
    );
    let unread = Sight { unreadable: vec!["destinationrules in shop".to_owned()], ..plenty() };
    assert!(said(&eject(), &unread).starts_with("destinationrules in shop could not be read"));
}

#[test]
fn a_limit_of_requests_under_way() {
    let few = fault(FaultKind::CircuitBreak, reviews(), &[("requests", json!(2))]);
    insta::assert_snapshot!(planned(&few, &plenty()));
    let none = fault(FaultKind::CircuitBreak, reviews(), &[("requests", json!(0))]);
    assert!(said(&none, &plenty()).contains("the nearest is `1`"));
}

#[test]
fn mutual_tls_alone() {
    insta::assert_snapshot!(planned(&strict(), &plenty()));
    let Expected::Answers { question, rise, .. } = expected(&plan(&strict(), &plenty())) else { panic!() };
    assert!(question.contains("connection_security_policy=\"none\"") && rise < 0.0, "{question}");
    let plain = json!({"host": "reviews", "trafficPolicy": {"tls": {"mode": "DISABLE"}}});
    let mut sight = ruled(vec![object("DestinationRule", "shop", "plain", "1", &plain)]);
    sight.pods[4].0["spec"]["containers"] = json!([{"name": "web"}]);
    let told = plan(&strict(), &sight).predicts;
    assert!(told.iter().any(|line| line.starts_with("DestinationRule shop/plain insists on plain text")), "{told:?}");
    assert!(told.contains(&"1 pod of shop without a proxy cannot call it".to_owned()), "{told:?}");
}

#[test]
fn plain_text_alone() {
    let insists = json!({"host": "reviews", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}});
    let sight = ruled(vec![object("DestinationRule", "shop", "insists", "1", &insists)]);
    insta::assert_snapshot!(planned(&off(), &sight));
}

/// Which of several policies counts for the pods of reviews: by its name, or ours.
#[rstest]
#[case::none(&[], "brink-7f3a9c", "PERMISSIVE")]
#[case::of_the_namespace(&[("shop", "all", "2", None, "STRICT")], "brink-7f3a9c", "STRICT")]
#[case::of_the_mesh(&[("istio-system", "mesh", "2", None, "STRICT")], "brink-7f3a9c", "STRICT")]
#[case::unset_goes_up(&[("shop", "all", "1", None, "UNSET"), ("istio-system", "mesh", "2", None, "STRICT")], "brink-7f3a9c", "STRICT")]
#[case::its_own(&[("shop", "all", "1", None, "STRICT"), ("shop", "own", "2", Some("reviews"), "PERMISSIVE")], "own", "PERMISSIVE")]
#[case::the_oldest(&[("shop", "young", "3", Some("reviews"), "STRICT"), ("shop", "old", "2", Some("reviews"), "PERMISSIVE")], "old", "PERMISSIVE")]
#[case::of_others(&[("shop", "web", "1", Some("web"), "STRICT")], "brink-7f3a9c", "PERMISSIVE")]
fn the_policy_that_counts_is_found(
    #[case] held: &[(&str, &str, &str, Option<&str>, &str)],
    #[case] name: &str,
    #[case] mode: &str,
) {
    let made = held.iter().map(|(space, name, created, app, mode)| {
        let mut spec = json!({"mtls": {"mode": mode}});
        if let Some(app) = app {
            spec["selector"] = json!({"matchLabels": {"app": app}});
        }
        object("PeerAuthentication", space, name, created, &spec)
    });
    let plan = plan(&off(), &peered(made.collect()));
    assert_eq!(touched(&plan), name);
    assert!(plan.predicts.contains(&format!("until then the mode of reviews is {mode}")), "{:?}", plan.predicts);
}

#[test]
fn a_policy_for_more_pods_hits_more_pods() {
    let wide = json!({
        "selector": {"matchLabels": {"tier": "back"}}, "mtls": {"mode": "PERMISSIVE"}, "portLevelMtls": {"9080": {"mode": "STRICT"}},
    });
    let mut sight = peered(vec![object("PeerAuthentication", "shop", "back", "1", &wide)]);
    for pod in &mut sight.pods {
        pod.0["metadata"]["labels"]["tier"] = json!("back");
    }
    let made = plan(&strict(), &sight);
    assert_eq!(touched(&made), "back");
    assert_eq!(made.reach.pods["shop"].len(), 6, "web as well");
    assert_eq!(made.doubts, ["port 9080 has a mode of its own: connections to it do not meet this"]);
}

#[test]
fn ambient_mode_always_encrypts() {
    let mut sight = plenty();
    for pod in &mut sight.pods {
        pod.0["spec"]["containers"] = json!([{"name": "app"}]);
        pod.0["metadata"]["annotations"] = json!({"ambient.istio.io/redirection": "enabled"});
    }
    assert!(
        said(&off(), &sight).contains("4 pods of reviews are in ambient mode, whose ztunnels know no mode DISABLE")
    );
    assert_eq!(touched(&plan(&strict(), &sight)), "brink-7f3a9c", "ztunnels refuse plain text as well");
    assert!(said(&eject(), &sight).contains("ztunnel obeys no traffic policy"));
    let already = peered(vec![object("PeerAuthentication", "shop", "all", "1", &json!({"mtls": {"mode": "STRICT"}}))]);
    assert!(said(&strict(), &already).contains("reviews is in mode STRICT already"));
}

fn cut(host: &str) -> Fault {
    fault(FaultKind::ExternalOutage, Target::Host(host.to_owned()), &[])
}

#[test]
fn a_host_nobody_named_leads_nowhere() {
    insta::assert_snapshot!(planned(&cut("api.payments.example.com"), &plenty()));
    let told = said(&cut("reviews.shop.svc.cluster.local"), &plenty());
    assert!(told.contains("is a Service of the cluster; aim http-abort at service/reviews"), "{told}");
}

#[test]
fn a_host_that_is_named_gets_other_endpoints() {
    let held = |more: Value| {
        let mut spec = json!({
            "hosts": ["api.example.com"], "exportTo": ["."], "resolution": "DNS", "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}],
        });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spec
    };
    let with = |space: &str, more: Value| Sight {
        service_entries: vec![object("ServiceEntry", space, "api", "1", &held(more))],
        ..plenty()
    };
    insta::assert_snapshot!(planned(&cut("api.example.com"), &with("shop", json!({}))));
    let exported = plan(&cut("api.example.com"), &with("shop", json!({"exportTo": ["*"]})));
    assert!(exported.reach.everything.as_ref().unwrap().contains("callers of other namespaces"));
    // One that is not for this namespace is none; one of another namespace that is, is the one that counts.
    assert_eq!(touched(&plan(&cut("api.example.com"), &with("books", json!({})))), "brink-7f3a9c");
    let theirs = said(&cut("api.example.com"), &with("books", json!({"exportTo": ["*"]})));
    assert!(theirs.contains("aim at it there: -n books"), "{theirs}");
    let pods = said(&cut("api.example.com"), &with("shop", json!({"workloadSelector": {"labels": {"a": "b"}}})));
    assert!(pods.contains("by its selector"), "{pods}");
    let mut bare = plenty();
    bare.pods.clear();
    assert!(said(&cut("api.example.com"), &bare).contains("no pod of shop has a sidecar"));
}

fn expired(params: &[(&str, Value)]) -> Fault {
    fault(FaultKind::CertExpired, workload("Gateway", "edge"), params)
}

#[test]
fn another_certificate_at_a_listener() {
    let by_name = expired(&[("secret", json!("expired-cert"))]);
    insta::assert_snapshot!(planned(&by_name, &plenty()));
    let Expected::Fewer { question } = expected(&plan(&by_name, &plenty())) else { panic!() };
    assert!(question.contains("reporter=\"source\", source_workload=\"edge-istio\""), "{question}");
}

#[test]
fn the_listener_must_be_told_where_there_are_two() {
    let mut two = gateway();
    let second = json!({"name": "admin", "port": 8443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "shop-cert"}]}});
    two.0["spec"]["listeners"].as_array_mut().unwrap().push(second);
    let with = |gateway: Manifest| Sight { gateways: Some(vec![gateway]), ..plenty() };
    let secret = ("secret", json!("expired-cert"));
    let any = expired(std::slice::from_ref(&secret));
    assert!(said(&any, &with(two.clone())).contains("give `listener`: https, admin"));
    let named = plan(&expired(&[secret.clone(), ("listener", json!("admin"))]), &with(two.clone()));
    assert!(named.title.contains("at admin of Gateway edge"), "{}", named.title);
    let wrong = said(&expired(&[secret.clone(), ("listener", json!("amdin"))]), &with(two));
    assert!(wrong.contains("did you mean `admin`?"), "{wrong}");
    let mut plain = gateway();
    plain.0["spec"]["listeners"].as_array_mut().unwrap().pop();
    assert!(said(&any, &with(plain)).contains("no listener of Gateway edge shows a certificate"));
    let unread = Sight { gateways: None, ..plenty() };
    assert!(said(&any, &unread).contains("gateways could not be read"));
    let mut alone = shop();
    alone.gateways = Some(Vec::new());
    assert!(said(&expired(&[secret]), &alone).contains("does not serve Gateway"));
}

#[test]
fn who_is_shut_out_is_named_from_what_was_measured() {
    let made = plan(&strict(), &plenty());
    let call = |from: &str, to: &str, rps: Option<f64>| Plain {
        from: if from == "unknown" { ("unknown".into(), from.into()) } else { ("legacy".into(), from.into()) },
        to: ("shop".into(), to.into()),
        service: ("shop".into(), "reviews".into()),
        rps,
        connections: Some(0.25),
    };
    let told = |plain: Option<Vec<Plain>>| shut_out::foretold(&made, &Traffic { plain, ..Traffic::default() });
    assert_eq!(told(None), ["how callers come was not measured: who is shut out is unknown"]);
    let hit = made.reach.workloads[0].strip_prefix("shop/").unwrap();
    let lines = told(Some(vec![
        call("web", hit, Some(12.0)),
        call("unknown", hit, None),
        call("cron", hit, Some(0.02)),
        call("other", "ratings", Some(9.0)),
    ]));
    assert_eq!(
        lines,
        [
            format!("12.0 req/s from legacy/web to shop/{hit} are plaintext and will be refused"),
            format!("0.2 connections/s from callers outside the mesh to shop/{hit} are plaintext and will be refused"),
            format!("under 0.1 req/s from legacy/cron to shop/{hit} are plaintext and will be refused"),
        ]
    );
    assert_eq!(told(Some(Vec::new())), ["no call was measured in plain text: nobody is shut out"]);
    let many = (0..8).map(|n| call(&format!("c{n}"), hit, Some(2.0))).collect();
    assert_eq!(told(Some(many)).last().unwrap(), "so are 6.0 req/s of 3 more callers");
    let other = plan(&off(), &plenty());
    assert!(shut_out::foretold(&other, &Traffic::default()).is_empty());
}
