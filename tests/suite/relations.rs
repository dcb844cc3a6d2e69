//! How objects hang together: what a tree of them shows, from objects as the server writes them.

use brink::{
    base::Uid,
    cluster::{
        Delta, Kind, Manifest,
        discovery::{Discovery, Served},
        resource_health::State,
    },
    mesh::relations::{Branch, End, Folds, Line, Reader, Relation, Relations, Root, Target, Tree, kinds, lay},
};
use rstest::rstest;
use serde_json::{Value, json};

fn kind_of(object: &Value) -> Kind {
    let version = object["apiVersion"].as_str().unwrap();
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let kind = object["kind"].as_str().unwrap();
    let wide = ["Node", "PersistentVolume", "Composite"].contains(&kind);
    let plural = format!("{}s", kind.to_lowercase());
    if wide {
        Kind::cluster_wide(group, version, kind, &plural)
    } else {
        Kind::namespaced(group, version, kind, &plural)
    }
}

pub fn relations(objects: &[Value]) -> Relations {
    let mut relations = Relations::default();
    for object in objects {
        let row = Reader::new(kind_of(object)).read(&Manifest(object.clone()));
        relations.apply(vec![Delta::Upsert(row)]);
    }
    relations
}

fn meta(kind: &str, namespace: &str, name: &str, labels: &Value) -> Value {
    json!({"namespace": namespace, "name": name, "uid": format!("{kind}/{namespace}/{name}"), "labels": labels})
}

/// An object with an owner: the owner's uid is its kind, namespace and name, as those of [`object`].
fn owned(mut object: Value, api: &str, kind: &str, owner: &str, controller: &Value) -> Value {
    let namespace = object["metadata"]["namespace"].as_str().unwrap().to_owned();
    let reference = json!({"apiVersion": api, "kind": kind, "name": owner, "uid": format!("{kind}/{namespace}/{owner}"),
        "controller": controller});
    object["metadata"]["ownerReferences"] = json!([reference]);
    object
}

fn object(api: &str, kind: &str, namespace: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": api, "kind": kind, "metadata": meta(kind, namespace, name, &json!({})), "spec": spec})
}

fn pod(name: &str, app: &str, spec: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta("Pod", "shop", name, &json!({"app": app})), "spec": spec})
}

fn service(namespace: &str, name: &str, app: &str) -> Value {
    object("v1", "Service", namespace, name, &json!({"selector": {"app": app}}))
}

/// Lines as a person reads them: depth, kind and name, and how it hangs there.
fn told(relations: &Relations, tree: &Tree) -> Vec<String> {
    let line = |line: &Line| {
        let (kind, place) = match &line.end {
            End::Known(uid) => {
                let one = relations.get(*uid).unwrap();
                (one.kind.kind.clone(), format!("{}/{}", one.namespace, one.name))
            }
            End::Missing(target) => (format!("?{}", target.kind), format!("{}/{}", target.namespace, target.name)),
        };
        let relation = line.relation.map_or("", |one| if line.upwards { one.above() } else { one.below() });
        let words = [relation, &line.detail, if line.branch == Branch::Again { "(again)" } else { "" }];
        let words: String = words.iter().filter(|word| !word.is_empty()).map(|word| format!(" {word}")).collect();
        format!("{}{kind} {place}{words}", "  ".repeat(line.depth.into()))
    };
    tree.lines.iter().map(line).collect()
}

fn tree_of(relations: &Relations, target: Target) -> Vec<String> {
    told(relations, &lay(relations, &Root::One(target), &Folds { all: Some(true), ..Folds::default() }, None))
}

fn shop(kind: &str, name: &str) -> Target {
    Target::new("", kind, "shop", name)
}

#[test]
fn owners_are_followed_down_and_up_for_any_kind() {
    let relations = relations(&[
        object("apps/v1", "Deployment", "shop", "web", &json!({})),
        owned(
            object("apps/v1", "ReplicaSet", "shop", "web-1", &json!({})),
            "apps/v1",
            "Deployment",
            "web",
            &json!(true),
        ),
        owned(pod("web-1-a", "web", &json!({})), "apps/v1", "ReplicaSet", "web-1", &json!(true)),
        object("example.com/v1", "Gauge", "shop", "boiler", &json!({})),
        // Whoever owns without controlling owns all the same.
        owned(
            object("example.com/v1", "Needle", "shop", "n", &json!({})),
            "example.com/v1",
            "Gauge",
            "boiler",
            &Value::Null,
        ),
    ]);
    let web = Target::new("apps", "Deployment", "shop", "web");
    assert_eq!(tree_of(&relations, web), ["Deployment shop/web", "  ReplicaSet shop/web-1", "    Pod shop/web-1-a"]);
    assert_eq!(
        tree_of(&relations, shop("Pod", "web-1-a")),
        ["Pod shop/web-1-a", "  ReplicaSet shop/web-1 owner", "    Deployment shop/web owner"]
    );
    let boiler = Target::new("example.com", "Gauge", "shop", "boiler");
    assert_eq!(tree_of(&relations, boiler), ["Gauge shop/boiler", "  Needle shop/n"]);
    let needle = relations.find(&Target::new("example.com", "Needle", "shop", "n")).unwrap();
    assert_eq!(needle.controller(), None);
}

#[test]
fn objects_that_own_each_other_are_told_once_on_each_path() {
    let relations = relations(&[
        owned(object("e.com/v1", "A", "shop", "a", &json!({})), "e.com/v1", "B", "b", &json!(true)),
        owned(object("e.com/v1", "B", "shop", "b", &json!({})), "e.com/v1", "A", "a", &json!(true)),
        owned(object("e.com/v1", "C", "shop", "self", &json!({})), "e.com/v1", "C", "self", &json!(true)),
    ]);
    assert_eq!(
        tree_of(&relations, Target::new("e.com", "A", "shop", "a")),
        ["A shop/a", "  B shop/b", "    A shop/a (again)", "  B shop/b owner", "    A shop/a owner (again)"]
    );
    assert_eq!(
        tree_of(&relations, Target::new("e.com", "C", "shop", "self")),
        ["C shop/self", "  C shop/self (again)", "  C shop/self owner (again)"]
    );
}

#[test]
fn an_owner_that_is_gone_is_missed_also_where_another_has_its_name() {
    let orphan = owned(pod("web-1-a", "web", &json!({})), "apps/v1", "ReplicaSet", "web-1", &json!(true));
    let mut relations = relations(&[orphan]);
    let target = shop("Pod", "web-1-a");
    assert_eq!(tree_of(&relations, target.clone()), ["Pod shop/web-1-a", "  ?ReplicaSet shop/web-1 owner"]);
    let mut later = object("apps/v1", "ReplicaSet", "shop", "web-1", &json!({}));
    later["metadata"]["uid"] = json!("made-later");
    let later = Reader::new(kind_of(&later)).read(&Manifest(later));
    assert!(relations.apply(vec![Delta::Upsert(later)]));
    assert_eq!(
        tree_of(&relations, target),
        ["Pod shop/web-1-a", "  ?ReplicaSet shop/web-1 owner"],
        "a name is no owner"
    );
}

#[test]
fn what_pods_use_is_named_once_and_what_uses_it_is_found() {
    let spec = json!({
        "serviceAccountName": "web", "nodeName": "n1",
        "volumes": [
            {"name": "a", "configMap": {"name": "settings"}},
            {"name": "b", "secret": {"secretName": "keys"}},
            {"name": "c", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "d", "configMap": {"name": "maybe", "optional": true}},
            {"name": "kube-api-access-x", "projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}},
        ],
        "containers": [{"name": "a", "envFrom": [{"configMapRef": {"name": "settings"}}],
            "env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "more", "key": "k"}}}]}],
    });
    let relations = relations(&[
        pod("a", "web", &spec),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("ConfigMap", "shop", "settings", &json!({}))}),
        object("v1", "PersistentVolumeClaim", "shop", "data", &json!({"volumeName": "pv-1"})),
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv-1", "uid": "pv-1"}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "uid": "n1"}}),
    ]);
    assert_eq!(
        tree_of(&relations, shop("Pod", "a")),
        [
            "Pod shop/a",
            "  ConfigMap shop/settings mounted",
            "  ?Secret shop/keys mounted",
            "  ?Secret shop/more environment",
            "  PersistentVolumeClaim shop/data mounted",
            "    PersistentVolume /pv-1 volume",
            "  ?ServiceAccount shop/web runs as",
            "  Node /n1 runs on",
        ]
    );
    assert_eq!(
        tree_of(&relations, shop("ConfigMap", "settings")),
        ["ConfigMap shop/settings", "  Pod shop/a mounts it", "    Node /n1 runs on"]
    );
    assert_eq!(tree_of(&relations, Target::new("", "Node", "", "n1"))[1], "  Pod shop/a");
}

#[test]
fn a_gateway_leads_to_the_pods_that_answer_and_back() {
    let route = object(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        "shop",
        "web",
        &json!({
            "parentRefs": [{"name": "public", "namespace": "infra", "sectionName": "http"}],
            "rules": [{"backendRefs": [{"name": "web", "port": 80, "weight": 9}, {"name": "gone", "port": 80, "weight": 1}]}],
        }),
    );
    let relations = relations(&[
        object("gateway.networking.k8s.io/v1", "Gateway", "infra", "public", &json!({"gatewayClassName": "c"})),
        route,
        service("shop", "web", "web"),
        pod("web-a", "web", &json!({})),
        pod("api-a", "api", &json!({})),
    ]);
    assert_eq!(
        tree_of(&relations, Target::new("gateway.networking.k8s.io", "Gateway", "infra", "public")),
        [
            "Gateway infra/public",
            "  HTTPRoute shop/web attached listener http",
            "    ?Service shop/gone routed 10%",
            "    Service shop/web routed 90%",
            "      Pod shop/web-a selected",
        ]
    );
    assert_eq!(
        tree_of(&relations, shop("Pod", "web-a")),
        [
            "Pod shop/web-a",
            "  Service shop/web selects it",
            "    HTTPRoute shop/web routes to it 90%",
            "      Gateway infra/public attached to listener http",
        ]
    );
    let service = relations.find(&shop("Service", "gone"));
    assert!(service.is_none());
}

#[rstest]
#[case(
    object("networking.istio.io/v1", "VirtualService", "shop", "web", &json!({
        "hosts": ["web"], "gateways": ["infra/edge"],
        "http": [{"route": [{"destination": {"host": "web", "subset": "v1"}}], "mirror": {"host": "copy.lab.svc.cluster.local"}}],
    })),
    &["  ?Service lab/copy mirrored", "  Service shop/web routed subset v1", "    DestinationRule shop/web rule subsets v1, v2",
        "  Gateway infra/edge attached to"]
)]
#[case(
    object("networking.k8s.io/v1", "Ingress", "shop", "web", &json!({"ingressClassName": "nginx", "tls": [{"secretName": "cert"}],
        "rules": [{"host": "a", "http": {"paths": [{"path": "/", "pathType": "Prefix",
            "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}]})),
    &["  Service shop/web routed", "    DestinationRule shop/web rule subsets v1, v2", "  ?Secret shop/cert certificate"]
)]
#[case(
    object("autoscaling/v2", "HorizontalPodAutoscaler", "shop", "web",
        &json!({"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "gone"}})),
    &["  ?Deployment shop/gone scaled"]
)]
#[case(
    object("gateway.example.com/v1", "TrafficPolicy", "shop", "limits",
        &json!({"targetRefs": [{"group": "", "kind": "Service", "name": "web"}]})),
    &["  Service shop/web it is a policy of"]
)]
fn routes_and_policies_name_what_they_are_about(#[case] one: Value, #[case] lines: &[&str]) {
    let rule = object(
        "networking.istio.io/v1",
        "DestinationRule",
        "shop",
        "web",
        &json!({"host": "web", "subsets": [{"name": "v1"}, {"name": "v2"}]}),
    );
    let kind = kind_of(&one);
    let name = one["metadata"]["name"].as_str().unwrap().to_owned();
    let web = service("shop", "web", "web");
    let edge = object("networking.istio.io/v1", "Gateway", "infra", "edge", &json!({}));
    let relations = relations(&[one, rule, web, edge]);
    let told = tree_of(&relations, Target::new(&kind.group, &kind.kind, "shop", &name));
    assert_eq!(&told[1..], lines);
}

#[test]
fn selectors_guard_and_restrict_pods_of_their_own_namespace_alone() {
    let relations = relations(&[
        object(
            "policy/v1",
            "PodDisruptionBudget",
            "shop",
            "two",
            &json!({"selector": {"matchLabels": {"app": "web"}}}),
        ),
        object("networking.k8s.io/v1", "NetworkPolicy", "shop", "all", &json!({"podSelector": {}})),
        object("networking.k8s.io/v1", "NetworkPolicy", "lab", "other", &json!({"podSelector": {}})),
        service("lab", "web", "web"),
        pod("a", "web", &json!({})),
    ]);
    assert_eq!(
        tree_of(&relations, shop("Pod", "a")),
        ["Pod shop/a", "  NetworkPolicy shop/all restricts it", "  PodDisruptionBudget shop/two guards it"]
    );
    assert_eq!(tree_of(&relations, Target::new("", "Service", "lab", "web")), ["Service lab/web"]);
}

#[test]
fn a_tree_follows_what_changes_and_forgets_what_goes() {
    let mut relations = relations(&[service("shop", "web", "web"), pod("a", "web", &json!({}))]);
    let web = shop("Service", "web");
    assert_eq!(tree_of(&relations, web.clone()).len(), 2);
    let put = |relations: &mut Relations, object: Value| {
        relations.apply(vec![Delta::Upsert(Reader::new(kind_of(&object)).read(&Manifest(object)))])
    };
    assert!(put(&mut relations, pod("b", "web", &json!({}))));
    assert!(!put(&mut relations, pod("b", "web", &json!({}))), "nothing changed");
    assert_eq!(tree_of(&relations, web.clone()).len(), 3);
    assert!(put(&mut relations, pod("b", "api", &json!({}))), "it changed its label");
    assert_eq!(tree_of(&relations, web.clone()), ["Service shop/web", "  Pod shop/a selected"]);
    assert!(relations.apply(vec![Delta::Remove(Uid::parse("Pod/shop/a"))]));
    assert_eq!(tree_of(&relations, web), ["Service shop/web"]);
    relations.apply(vec![Delta::Remove(Uid::parse("Service/shop/web")), Delta::Remove(Uid::parse("Pod/shop/b"))]);
    assert!(relations.is_empty());
}

#[test]
fn odd_objects_are_read_and_hang_on_nothing() {
    let odd = [
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "ownerReferences": "odd"}, "spec": []}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"ownerReferences": [1, {"uid": 2}]}, "spec": {"selector": 7}}),
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "spec": {"rules": {"a": 1}, "parentRefs": [null]}}),
        json!({"apiVersion": "e.com/v1", "kind": "A", "spec": {"targetRef": "odd", "resourceRefs": [{}, 1]}}),
    ];
    for object in odd {
        let row = Reader::new(kind_of(&object)).read(&Manifest(object));
        assert!(row.links.is_empty() && row.owners.is_empty(), "{row:?}");
    }
    let wicked = object("v1", "Service", "shop", "a\u{1b}[2Jb", &json!({}));
    assert!(!Reader::new(kind_of(&wicked)).read(&Manifest(wicked)).name.contains('\u{1b}'));
}

#[test]
fn folded_branches_tell_how_many_and_the_worst_of_them() {
    let broken = json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta("Pod", "shop", "b", &json!({"app": "web"})),
        "spec": {"containers": [{"name": "a"}]}, "status": {"phase": "Failed", "reason": "Evicted"}});
    let relations = relations(&[service("shop", "web", "web"), pod("a", "web", &json!({})), broken]);
    let root = Root::Kind(String::new(), "Service".to_owned(), Some("shop".to_owned()));
    let shut = lay(&relations, &root, &Folds { all: Some(false), ..Folds::default() }, None);
    let [line] = shut.lines.as_slice() else { panic!("{:?}", shut.lines) };
    assert_eq!((line.children, line.branch, line.worst), (2, Branch::Shut, State::Failing));
    let turned = Folds { turned: [line.id].into(), all: Some(false) };
    assert_eq!(lay(&relations, &root, &turned, None).lines.len(), 3);
}

#[test]
fn a_filter_keeps_ancestors_and_draws_their_rails_anew() {
    let relations = relations(&[
        service("shop", "a", "a"),
        service("shop", "web", "web"),
        service("shop", "z", "z"),
        pod("web-1", "web", &json!({})),
        pod("web-2", "web", &json!({})),
    ]);
    let root = Root::Kind(String::new(), "Service".to_owned(), None);
    let wanted = relations.find(&shop("Pod", "web-1")).unwrap().uid;
    let keep = |end: &End| *end == End::Known(wanted);
    let tree = lay(&relations, &root, &Folds { all: Some(false), ..Folds::default() }, Some(&keep));
    assert_eq!(told(&relations, &tree), ["Service shop/web", "  Pod shop/web-1 selected"]);
    assert_eq!(tree.lines[1].parent, Some(0));
    assert!(tree.lines[1].last, "the other pod is not shown");
}

#[test]
fn thousands_of_objects_are_laid_out_and_each_stands_where_it_hangs() {
    let mut objects = Vec::new();
    for app in 0..50 {
        objects.push(service("shop", &format!("s{app}"), &format!("app{app}")));
        for at in 0..100 {
            objects.push(pod(&format!("p{app}-{at}"), &format!("app{app}"), &json!({})));
        }
    }
    let relations = relations(&objects);
    let root = Root::Kind(String::new(), "Service".to_owned(), None);
    let tree = lay(&relations, &root, &Folds::default(), None);
    assert_eq!(tree.lines.len(), 50 * 101);
    assert!(tree.lines.iter().all(|line| line.relation.is_none_or(|one| one == Relation::Selects)));
}

fn discovery() -> Discovery {
    let served = |kind: Kind, verbs: &[&str]| Served {
        versions: vec![kind.version.clone()],
        singular: kind.kind.to_lowercase(),
        short_names: Vec::new(),
        verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        subresources: Vec::new(),
        kind,
    };
    let all = ["get", "list", "watch"];
    let many = (0..40).map(|at| {
        served(Kind::namespaced(&format!("g{at}.other.io"), "v1", &format!("K{at}"), &format!("k{at}s")), &all)
    });
    let mut kinds = vec![
        served(Kind::namespaced("", "v1", "Pod", "pods"), &all),
        served(Kind::namespaced("", "v1", "Event", "events"), &all),
        served(Kind::cluster_wide("", "v1", "Node", "nodes"), &all),
        served(Kind::namespaced("example.com", "v1", "Gauge", "gauges"), &all),
        served(Kind::namespaced("parts.example.com", "v1", "Needle", "needles"), &all),
        served(Kind::namespaced("example.com", "v1", "Order", "orders"), &["create"]),
    ];
    kinds.extend(many);
    Discovery { kinds, gaps: Vec::new() }
}

#[test]
fn the_kinds_that_are_watched_are_few_and_the_others_are_named() {
    let gauge = Kind::namespaced("example.com", "v1", "Gauge", "gauges");
    let plan = kinds::plan(&gauge, &discovery(), false);
    let names: Vec<&str> = plan.watched.iter().map(|kind| kind.kind.as_str()).collect();
    assert_eq!(names, ["Gauge", "Pod", "Needle"], "its own, what is known, and the kin of its group");
    assert_eq!(plan.left_out.len(), 41);
    assert!(plan.left_out.contains(&"nodes".to_owned()) && plan.left_out.contains(&"k7s.g7.other.io".to_owned()));
    let wide = kinds::plan(&gauge, &discovery(), true);
    assert_eq!((wide.watched.len(), wide.left_out.len()), (44, 0), "all that can be watched; nobody hangs on an event");
    let pods = kinds::plan(&Kind::namespaced("", "v1", "Pod", "pods"), &discovery(), false);
    let names: Vec<&str> = pods.watched.iter().map(|kind| kind.kind.as_str()).collect();
    assert_eq!(names, ["Pod", "Node"]);
}
