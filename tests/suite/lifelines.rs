//! Which of the pods a fault hits its own undo hangs on, as the API server tells it.

use std::collections::BTreeMap;

use brink::{
    cluster::{Kind, ObjectRef},
    fault::{
        drivers::compile,
        io::check::check,
        known,
        plan::Plan,
        policy::Policy,
        preview::{Ruling, Verdict},
        rules::Terms,
        sight::Sight,
        traffic::Traffic,
    },
};
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    fault::sights::{delay, fault, service, shop, workload},
    support::fake_cluster::World,
};

fn cluster_wide(group: &str, kind: &str, plural: &str, name: &str) -> ObjectRef {
    ObjectRef { kind: Kind::cluster_wide(group, "v1", kind, plural), namespace: None, name: name.to_owned() }
}

fn validating() -> ObjectRef {
    ObjectRef { kind: known::validating_webhooks(), namespace: None, name: "hook".to_owned() }
}

/// A webhook served by the reviews Service that is asked about these.
fn webhook(groups: &[&str], resources: &[&str]) -> Value {
    json!({"metadata": {}, "webhooks": [{
        "name": "check.example.com",
        "clientConfig": {"service": {"namespace": "shop", "name": "reviews"}},
        "rules": [{"apiGroups": groups, "resources": resources, "operations": ["*"]}],
    }]})
}

fn world() -> World {
    let world = World::new(&["shop"], Vec::new());
    world.put(&ObjectRef::new(known::service(), "shop", "reviews"), service("reviews").0);
    world.with(|store| {
        let envoy = known::envoy_filter();
        store.serve(&envoy);
    });
    world
}

async fn judged(world: &World, plan: Plan, sight: &Sight, policy: Policy) -> Verdict {
    let terms = Terms { policy, context: "kind-demo".to_owned(), readonly: false };
    let traffic = Traffic { total: Some(1.0), ..Traffic::default() };
    let checked = check(&world.client("preview"), plan, sight, &terms, &traffic).await.unwrap();
    checked.preview.guard.into_iter().find(|one| one.rule == "lifelines").unwrap()
}

async fn lifelines(world: &World) -> Verdict {
    let sight = shop();
    judged(world, compile(&delay(), &sight, "7f3a9c").unwrap(), &sight, Policy::default()).await
}

#[tokio::test]
async fn pods_nothing_hangs_on_may_be_hit() {
    assert_eq!(lifelines(&world()).await.verdict, Ruling::Ok);
}

#[rstest]
#[case::its_kind(&["networking.istio.io"], &["envoyfilters"], true)]
#[case::any_kind(&["*"], &["*"], true)]
#[case::any_kind_with_subresources(&["*"], &["*/*"], true)]
#[case::the_record(&[""], &["configmaps"], true)]
#[case::the_fuse(&["batch"], &["jobs"], true)]
#[case::a_subresource(&["networking.istio.io"], &["envoyfilters/status"], true)]
#[case::every_subresource(&["networking.istio.io"], &["envoyfilters/*"], true)]
#[case::another_kind(&["networking.istio.io"], &["virtualservices"], false)]
#[case::another_group(&["apps"], &["deployments"], false)]
#[tokio::test]
async fn a_webhook_is_one_when_it_is_asked_about_what_is_written(
    #[case] groups: &[&str],
    #[case] resources: &[&str],
    #[case] found: bool,
) {
    for place in [validating(), ObjectRef { kind: known::mutating_webhooks(), ..validating() }] {
        let world = world();
        world.put(&place, webhook(groups, resources));
        let verdict = lifelines(&world).await;
        assert_eq!(verdict.verdict, if found { Ruling::Refuse } else { Ruling::Ok }, "{verdict:?}");
        assert_eq!(verdict.value.contains("check.example.com"), found, "{verdict:?}");
    }
}

#[tokio::test]
async fn a_webhook_by_address_counts_when_it_leads_into_the_cluster() {
    let world = world();
    let mut hook = webhook(&["*"], &["*"]);
    hook["webhooks"][0]["clientConfig"] = json!({"url": "https://reviews.shop.svc:9443/validate"});
    world.put(&validating(), hook);
    assert_eq!(lifelines(&world).await.verdict, Ruling::Refuse);
}

#[tokio::test]
async fn who_serves_or_converts_the_kind_counts() {
    let service = json!({"service": {"namespace": "shop", "name": "reviews"}});
    let served = world();
    let place = cluster_wide("apiregistration.k8s.io", "APIService", "apiservices", "v1alpha3.networking.istio.io");
    served.put(&place, json!({"metadata": {}, "spec": service}));
    let verdict = lifelines(&served).await;
    assert!(verdict.verdict == Ruling::Refuse && verdict.value.contains("it serves envoyfilters"), "{verdict:?}");

    let converted = world();
    let name = "envoyfilters.networking.istio.io";
    let place = cluster_wide("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", name);
    converted.put(&place, json!({"metadata": {}, "spec": {"conversion": {"webhook": {"clientConfig": service}}}}));
    let verdict = lifelines(&converted).await;
    assert!(verdict.verdict == Ruling::Refuse && verdict.value.contains("it converts envoyfilters"), "{verdict:?}");
}

#[tokio::test]
async fn the_kinds_of_open_injections_count_as_well() {
    let world = world();
    world.put(&validating(), webhook(&["apps"], &["deployments"]));
    assert_eq!(lifelines(&world).await.verdict, Ruling::Ok);
    let steps = json!([{"n": 1, "op": "scale", "uid": null, "identity": "", "hash": "", "paths": [], "object_body": null,
        "residue": [], "object": {"group": "apps", "version": "v1", "kind": "Deployment", "plural": "deployments",
        "namespace": "other", "name": "web"}}]);
    let data = BTreeMap::from([
        ("v", "1"),
        ("injection", "aaaaaa"),
        ("cluster", "u"),
        ("cluster_of", "Namespace kube-system"),
        ("owner", "ben"),
        ("host", "1@x"),
        ("intent", "x"),
        ("kind", "scale"),
        ("driver", "native"),
        ("class", "guarded"),
        ("lease_s", "60"),
        ("duration_s", "30"),
        ("namespaces", "shop"),
        ("state", "active"),
        ("stop", ""),
    ]);
    let mut record = json!({"metadata": {"labels": {"brink.dev/record": "fault"}}, "data": data});
    record["data"]["steps"] = json!(steps.to_string());
    world.put(&ObjectRef::new(known::config_map(), "shop", "brink-aaaaaa"), record);
    let verdict = lifelines(&world).await;
    assert_eq!(verdict.verdict, Ruling::Refuse, "{verdict:?}");
}

#[rstest]
#[case::dns("k8s-app", "kube-dns", Ruling::Refuse)]
#[case::dns_of_the_node("k8s-app", "node-local-dns", Ruling::Refuse)]
#[case::control_plane_of_the_mesh("app", "istiod", Ruling::Refuse)]
#[case::virtual_cluster("app", "vcluster", Ruling::Refuse)]
#[case::metrics("app.kubernetes.io/name", "prometheus", Ruling::Confirm)]
#[case::agent("app.kubernetes.io/name", "kagent", Ruling::Confirm)]
#[case::gateway_of_the_model("app.kubernetes.io/name", "agentgateway", Ruling::Confirm)]
#[tokio::test]
async fn some_pods_are_known_by_their_labels(#[case] key: &str, #[case] value: &str, #[case] expected: Ruling) {
    let mut sight = shop();
    let first = sight.pods.iter_mut().find(|pod| pod.label("app") == Some("reviews")).unwrap();
    // `app` must stay what the Service selects; a second label tells who it is.
    let labels = first.map_mut(&["metadata", "labels"]).unwrap();
    labels.insert(key.to_owned(), json!(value));
    let mut plan = compile(&delay(), &sight, "7f3a9c").unwrap();
    plan.reach.pods.insert("shop".to_owned(), sight.pods.iter().map(|pod| pod.name().to_owned()).collect());
    assert_eq!(judged(&world(), plan, &sight, Policy::default()).await.verdict, expected);
}

#[tokio::test]
async fn the_policy_names_more() {
    let policy = Policy { lifelines: BTreeMap::from([("app".to_owned(), "reviews".to_owned())]), ..Policy::default() };
    let sight = shop();
    let verdict = judged(&world(), compile(&delay(), &sight, "7f3a9c").unwrap(), &sight, policy).await;
    assert!(verdict.verdict == Ruling::Refuse && verdict.value.contains("named in the policy"), "{verdict:?}");
}

/// The fake server's address is `https://fake`.
#[rstest]
#[case::address_of_a_load_balancer(json!({"status": {"loadBalancer": {"ingress": [{"hostname": "fake"}]}}}))]
#[case::address_from_outside(json!({"spec": {"externalIPs": ["fake"]}}))]
#[case::address_inside(json!({"spec": {"clusterIP": "fake"}}))]
#[tokio::test]
async fn the_way_to_the_api_server_is_one(#[case] address: Value) {
    let mut sight = shop();
    for service in sight.services.iter_mut().filter(|one| one.name() == "reviews") {
        for (part, fields) in address.as_object().unwrap() {
            if service.0.get(part).is_none() {
                service.0[part] = json!({});
            }
            let map = service.0[part].as_object_mut().unwrap();
            map.extend(fields.as_object().unwrap().clone());
        }
    }
    let kill =
        fault(brink::fault::intent::FaultKind::PodKill, workload("Deployment", "reviews"), &[("count", json!(1))]);
    let plan = compile(&kill, &sight, "7f3a9c").unwrap();
    let verdict = judged(&world(), plan, &sight, Policy::default()).await;
    assert!(verdict.verdict == Ruling::Refuse && verdict.value.contains("the way to the API server"), "{verdict:?}");
    // Of another Service nothing hangs on it.
    let plan = compile(&kill, &shop(), "7f3a9c").unwrap();
    assert_eq!(judged(&world(), plan, &shop(), Policy::default()).await.verdict, Ruling::Ok);
}

#[tokio::test]
async fn a_plan_that_hits_no_pod_asks_nothing() {
    let world = world();
    world.put(&validating(), webhook(&["*"], &["*"]));
    let sight = shop();
    let mut plan = compile(&delay(), &sight, "7f3a9c").unwrap();
    plan.reach.pods.clear();
    assert_eq!(judged(&world, plan, &sight, Policy::default()).await.verdict, Ruling::Ok);
    world.with(|store| {
        let asked = store.log.iter().filter(|call| call.object.contains("WebhookConfiguration")).count();
        assert_eq!(asked, 0);
    });
}
