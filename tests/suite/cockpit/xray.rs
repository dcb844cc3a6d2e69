//! The tree of what hangs together: opened from a line and from a row, drawn, folded, filtered, and gone on from.

use brink::{
    base::{Ticket, Uid},
    cluster::{
        Batch, Delta, Kind, Manifest, ObjectRef, Scope, Source,
        discovery::{Discovery, Served},
    },
    mesh::relations::Reader,
    msg::{Effect, Event},
};
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    objects::discover,
    screens::{check, document},
    stage::{Stage, noon},
};

pub fn discovery() -> Discovery {
    let served = |kind: Kind, short: &[&str]| Served {
        versions: vec![kind.version.clone()],
        singular: kind.kind.to_lowercase(),
        short_names: short.iter().map(|name| (*name).to_owned()).collect(),
        verbs: ["get", "list", "watch"].map(str::to_owned).to_vec(),
        subresources: Vec::new(),
        kind,
    };
    let own = |group: &str, kind: &str, plural: &str| Kind::namespaced(group, "v1", kind, plural);
    let gateway = "gateway.networking.k8s.io";
    let kinds = vec![
        served(own("", "Pod", "pods"), &["po"]),
        served(own("", "Service", "services"), &["svc"]),
        served(own("", "ConfigMap", "configmaps"), &["cm"]),
        served(own("", "Secret", "secrets"), &[]),
        served(own("", "ServiceAccount", "serviceaccounts"), &["sa"]),
        served(own("", "Event", "events"), &["ev"]),
        served(Kind::cluster_wide("", "v1", "Node", "nodes"), &["no"]),
        served(own("apps", "Deployment", "deployments"), &["deploy"]),
        served(own("apps", "ReplicaSet", "replicasets"), &["rs"]),
        served(own("apps", "StatefulSet", "statefulsets"), &["sts"]),
        served(own("batch", "Job", "jobs"), &[]),
        served(own(gateway, "Gateway", "gateways"), &["gw"]),
        served(own(gateway, "HTTPRoute", "httproutes"), &[]),
        served(own("example.com", "Gauge", "gauges"), &[]),
        served(Kind::cluster_wide("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles"), &[]),
    ];
    Discovery { kinds, gaps: Vec::new() }
}

pub fn line_of(stage: &mut Stage, text: &str) {
    stage.keys(":");
    stage.send(Event::Paste(text.to_owned()));
    stage.keys("enter");
}

fn watches(stage: &Stage) -> Vec<(Ticket, Kind, Scope)> {
    let watch = |effect: &Effect| match effect {
        Effect::WatchRelatives(ticket, kind, scope) => Some((*ticket, kind.clone(), scope.clone())),
        _ => None,
    };
    stage.effects.iter().filter_map(watch).collect()
}

fn watch(stage: &Stage, kind: &str) -> (Ticket, Kind, Scope) {
    watches(stage).into_iter().rev().find(|(_, one, _)| one.kind == kind).expect("it is watched")
}

/// Sends these objects of a kind, and that they are all there are.
fn objects(stage: &mut Stage, kind: &str, objects: &[Value]) {
    let (ticket, kind, _) = watch(stage, kind);
    let mut reader = Reader::new(kind);
    let deltas = objects.iter().map(|object| Delta::Upsert(reader.read(&Manifest(object.clone()))));
    stage.send(Event::Relatives(ticket, Batch { deltas: deltas.collect(), source: Source::Live }));
}

fn object(api: &str, kind: &str, name: &str, rest: &Value) -> Value {
    let made = (noon() - SignedDuration::from_hours(3)).to_string();
    let mut object = json!({"apiVersion": api, "kind": kind, "metadata": {
        "namespace": "shop", "name": name, "uid": format!("{kind}/{name}"), "creationTimestamp": made,
    }});
    for (key, value) in rest.as_object().unwrap() {
        if key == "metadata" {
            for (key, value) in value.as_object().unwrap() {
                object["metadata"][key] = value.clone();
            }
        } else {
            object[key] = value.clone();
        }
    }
    object
}

fn owner(api: &str, kind: &str, name: &str) -> Value {
    json!([{"apiVersion": api, "kind": kind, "name": name, "uid": format!("{kind}/{name}"), "controller": true}])
}

fn pod(name: &str, app: &str, set: &str, ready: bool) -> Value {
    let state = if ready { json!({"running": {}}) } else { json!({"waiting": {"reason": "CrashLoopBackOff"}}) };
    object(
        "v1",
        "Pod",
        name,
        &json!({
            "metadata": {"labels": {"app": app}, "ownerReferences": owner("apps/v1", "ReplicaSet", set)},
            "spec": {"serviceAccountName": app, "containers": [{"name": "a"}],
                "volumes": [{"name": "v", "configMap": {"name": format!("{app}-settings")}}]},
            "status": {"phase": "Running",
                "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
                "containerStatuses": [{"name": "a", "ready": ready, "state": state}]},
        }),
    )
}

/// A shop of one Gateway, two workloads and what they use.
fn shop(stage: &mut Stage) {
    let set = |name: &str, of: &str, ready: u32| {
        object(
            "apps/v1",
            "ReplicaSet",
            name,
            &json!({
                "metadata": {"ownerReferences": owner("apps/v1", "Deployment", of)},
                "spec": {"replicas": 2}, "status": {"readyReplicas": ready},
            }),
        )
    };
    let deployment = |name: &str, ready: u32| {
        object("apps/v1", "Deployment", name, &json!({"spec": {"replicas": 2}, "status": {"readyReplicas": ready}}))
    };
    objects(stage, "Deployment", &[deployment("reviews", 1), deployment("web", 2)]);
    objects(stage, "ReplicaSet", &[set("reviews-7f6", "reviews", 1), set("web-5d4", "web", 2)]);
    objects(
        stage,
        "Pod",
        &[
            pod("reviews-7f6-b7m2w", "reviews", "reviews-7f6", true),
            pod("reviews-7f6-x2k4p", "reviews", "reviews-7f6", false),
            pod("web-5d4-9qz7d", "web", "web-5d4", true),
            pod("web-5d4-k3j0q", "web", "web-5d4", true),
        ],
    );
    objects(stage, "ConfigMap", &[object("v1", "ConfigMap", "web-settings", &json!({}))]);
    objects(
        stage,
        "ServiceAccount",
        &[object("v1", "ServiceAccount", "web", &json!({})), object("v1", "ServiceAccount", "reviews", &json!({}))],
    );
    let service = |name: &str, app: &str| object("v1", "Service", name, &json!({"spec": {"selector": {"app": app}}}));
    objects(stage, "Service", &[service("reviews", "reviews"), service("web", "web"), service("idle", "idle")]);
    objects(
        stage,
        "Gateway",
        &[object(
            "gateway.networking.k8s.io/v1",
            "Gateway",
            "public",
            &json!({
                "spec": {"gatewayClassName": "c"}, "status": {"conditions": [{"type": "Programmed", "status": "True"}]},
            }),
        )],
    );
    objects(
        stage,
        "HTTPRoute",
        &[object(
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
            "web",
            &json!({
                "spec": {"parentRefs": [{"name": "public"}], "rules": [{"backendRefs": [
                    {"name": "web", "port": 80, "weight": 9}, {"name": "reviews", "port": 80, "weight": 1}]}]},
                "status": {"parents": [{"conditions": [{"type": "Accepted", "status": "True"}]}]},
            }),
        )],
    );
    for kind in ["Secret", "StatefulSet", "Job"] {
        objects(stage, kind, &[]);
    }
}

fn stage(width: u16, height: u16) -> Stage {
    let mut stage = Stage::full(width, height);
    discover(&mut stage, discovery());
    stage
}

#[rstest]
fn a_tree_of_workloads_at_three_sizes(#[values((80, 24), (120, 40), (200, 60))] (width, height): (u16, u16)) {
    let mut stage = stage(width, height);
    line_of(&mut stage, "xray deploy");
    shop(&mut stage);
    check(&format!("xray_{width}x{height}"), &stage);
    document(&format!("xray-{width}x{height}"), &stage);
}

#[test]
fn a_tree_of_a_gateway_leads_to_its_pods() {
    let mut stage = stage(120, 40);
    line_of(&mut stage, "xray gateways");
    shop(&mut stage);
    stage.keys("o");
    check("xray_gateway_120x40", &stage);
    document("xray-gateway-120x40", &stage);
}

#[test]
fn what_is_watched_is_bounded_and_what_is_not_is_said() {
    let mut stage = stage(120, 40);
    line_of(&mut stage, "xray deploy");
    let kinds: Vec<String> = watches(&stage).iter().map(|(_, kind, _)| kind.kind.clone()).collect();
    assert!(kinds.contains(&"Pod".to_owned()) && !kinds.contains(&"Gauge".to_owned()), "{kinds:?}");
    let places: Vec<_> = watches(&stage).into_iter().map(|(_, kind, scope)| (kind.kind, scope.namespace)).collect();
    assert!(places.contains(&("Pod".to_owned(), Some("shop".to_owned()))), "{places:?}");
    assert!(places.contains(&("HTTPRoute".to_owned(), None)), "routes meet across namespaces");
    shop(&mut stage);
    assert!(stage.shows("not at") && stage.shows("gauges.example.com"), "{}", stage.text());
    stage.keys("v");
    assert!(watches(&stage).iter().any(|(_, kind, _)| kind.kind == "Gauge"));
    assert!(!stage.shows("gauges.example.com"), "{}", stage.text());
    let tickets: Vec<Ticket> = watches(&stage).iter().map(|(ticket, ..)| *ticket).collect();
    stage.keys("esc");
    assert!(tickets.iter().all(|ticket| stage.effects.contains(&Effect::Stop(*ticket))), "all of it ends");
}

#[test]
fn where_the_rights_end_the_own_namespace_is_looked_at_and_it_is_said() {
    let mut stage = stage(120, 40);
    line_of(&mut stage, "xray deploy");
    let refused = || Batch { deltas: Vec::new(), source: Source::Forbidden { what: "cannot".to_owned() } };
    let (ticket, ..) = watch(&stage, "HTTPRoute");
    stage.send(Event::Relatives(ticket, refused()));
    let (narrower, _, scope) = watch(&stage, "HTTPRoute");
    assert_eq!(scope.namespace.as_deref(), Some("shop"));
    assert!(narrower != ticket && stage.effects.contains(&Effect::Stop(ticket)));
    shop(&mut stage);
    let (ticket, ..) = watch(&stage, "Secret");
    stage.send(Event::Relatives(ticket, refused()));
    assert!(stage.shows("no rights to look at secrets"), "{}", stage.text());
}

#[test]
fn branches_fold_and_the_cursor_stays_on_its_object() {
    let mut stage = stage(120, 40);
    line_of(&mut stage, "xray deploy");
    shop(&mut stage);
    let subject = |stage: &mut Stage| {
        stage.keys("y");
        let object: ObjectRef = stage.asked(|effect| match effect {
            Effect::Yaml(_, object, _) => Some(object.clone()),
            _ => None,
        });
        stage.keys("esc");
        object.short()
    };
    assert!(stage.shows("reviews-7f6-x2k4p"), "{}", stage.text());
    stage.keys("space");
    assert!(!stage.shows("reviews-7f6-x2k4p") && stage.shows("+1 ✗"), "the worst below is told: {}", stage.text());
    stage.keys("right j j");
    assert_eq!(subject(&mut stage), "Pod shop/reviews-7f6-b7m2w");
    // Others come and go around it.
    let (ticket, kind, _) = watch(&stage, "Pod");
    let row = Reader::new(kind).read(&Manifest(pod("reviews-7f6-aaaaa", "reviews", "reviews-7f6", true)));
    stage.send(Event::Relatives(ticket, Batch { deltas: vec![Delta::Upsert(row)], source: Source::Live }));
    assert!(stage.shows("reviews-7f6-aaaaa"), "live: {}", stage.text());
    assert_eq!(subject(&mut stage), "Pod shop/reviews-7f6-b7m2w");
    // One step to the parent, one that shuts it, one to its own.
    stage.keys("left");
    assert_eq!(subject(&mut stage), "ReplicaSet shop/reviews-7f6");
    stage.keys("left left");
    assert_eq!(subject(&mut stage), "Deployment shop/reviews");
    stage.keys("o G");
    assert!(stage.shows("mounted") && stage.shows("runs as"), "all is open: {}", stage.text());
    stage.keys("o");
    assert!(!stage.shows("Pod "), "all is shut: {}", stage.text());
    let gone = Delta::Remove(Uid::parse("Deployment/web"));
    let (ticket, ..) = watch(&stage, "Deployment");
    stage.send(Event::Relatives(ticket, Batch { deltas: vec![gone], source: Source::Live }));
    assert!(!stage.shows("Deployment web"), "{}", stage.text());
}

#[test]
fn a_filter_keeps_what_leads_to_what_it_finds() {
    let mut stage = stage(120, 40);
    line_of(&mut stage, "xray deploy /x2k4p");
    shop(&mut stage);
    assert!(stage.shows("Deployment reviews") && stage.shows("reviews-7f6-x2k4p"), "{}", stage.text());
    assert!(!stage.shows("Deployment web") && !stage.shows("b7m2w"), "{}", stage.text());
    stage.keys("esc");
    assert!(stage.shows("Deployment web"), "{}", stage.text());
    stage.keys("/ z z z enter");
    assert!(stage.shows("esc clears the filter"), "{}", stage.text());
}

#[test]
fn a_row_opens_the_tree_of_its_object_in_both_directions() {
    let mut stage = stage(120, 40);
    stage.keys("1 X");
    assert!(stage.shows("xray Pod shop/"), "{}", stage.text());
    let name = stage.text().split("xray Pod shop/").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    objects(&mut stage, "Pod", &[pod(&name, "web", "web-5d4", true)]);
    objects(&mut stage, "ReplicaSet", &[]);
    objects(&mut stage, "ConfigMap", &[]);
    assert!(stage.shows("↑ ReplicaSet web-5d4  is not there"), "an owner that is gone: {}", stage.text());
    assert!(stage.shows("ConfigMap web-settings  is not there"), "{}", stage.text());
    assert!(stage.shows("ServiceAccount web  loading"), "{}", stage.text());
}

#[test]
fn what_stands_in_another_namespace_is_looked_for_by_name() {
    let mut stage = stage(120, 40);
    line_of(&mut stage, "xray httproutes");
    shop(&mut stage);
    let route = object(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        "far",
        &json!({
            "spec": {"parentRefs": [{"name": "public"}], "rules": [{"backendRefs": [{"name": "api", "namespace": "lab", "port": 80}]}]},
        }),
    );
    objects(&mut stage, "HTTPRoute", &[route]);
    assert!(stage.shows("lab/api  not looked at"), "{}", stage.text());
    stage.send(Event::Wake);
    let (_, _, scope) = watch(&stage, "Service");
    assert_eq!((scope.namespace.as_deref(), scope.fields.as_str()), (Some("lab"), "metadata.name=api"));
    let mut api = object("v1", "Service", "api", &json!({"spec": {"selector": {"app": "api"}}}));
    api["metadata"]["namespace"] = json!("lab");
    objects(&mut stage, "Service", &[api]);
    stage.send(Event::Wake);
    let (_, _, scope) = watch(&stage, "Pod");
    assert_eq!((scope.namespace.as_deref(), scope.labels.as_str()), (Some("lab"), "app=api"));
    objects(&mut stage, "Pod", &[]);
    assert!(stage.shows("lab/api  selects no pods"), "{}", stage.text());
    let before = stage.effects.len();
    stage.send(Event::Wake);
    assert_eq!(stage.effects.len(), before, "nothing is asked twice");
}

#[test]
fn enter_goes_to_the_object_and_its_keys_work_on_the_line() {
    let mut stage = stage(120, 40);
    line_of(&mut stage, "xray deploy");
    shop(&mut stage);
    stage.keys("j j");
    stage.keys("s");
    let place = stage.asked(|effect| match effect {
        Effect::Enter(_, place, _) => Some(place.clone()),
        _ => None,
    });
    assert_eq!((place.namespace.as_str(), place.pod.as_str()), ("shop", "reviews-7f6-b7m2w"));
    stage.keys("k s");
    assert!(stage.shows("choose a pod"), "{}", stage.text());
    stage.keys("ctrl-d");
    assert!(stage.shows("ReplicaSet shop/reviews-7f6"), "{}", stage.text());
    stage.keys("esc f");
    assert!(stage.shows("reviews"), "{}", stage.text());
    stage.keys("esc enter");
    let (kind, scope): (Kind, Scope) = stage.asked(|effect| match effect {
        Effect::WatchTable(_, kind, scope, _) => Some((kind.clone(), scope.clone())),
        _ => None,
    });
    assert_eq!((kind.plural.as_str(), scope.namespace.as_deref()), ("replicasets", Some("shop")));
    stage.keys("esc");
    assert!(stage.shows("xray deployments in shop"), "the way back: {}", stage.text());
    line_of(&mut stage, "ns infra");
    assert!(stage.shows("xray deployments in infra"), "it goes along: {}", stage.text());
}

#[test]
fn what_is_no_kind_is_told() {
    let mut stage = stage(120, 40);
    line_of(&mut stage, "xray deploymets");
    // It may have been defined a moment ago.
    discover(&mut stage, discovery());
    assert!(stage.shows("did you mean `deployments`?"), "{}", stage.text());
}
