//! The families of the matrix: one fault each, as a checked plan against the fake cluster.

use std::{collections::BTreeMap, time::Duration};

use brink::{
    cluster::{
        Kind, Manifest, ObjectRef,
        api::{Api, Write},
        warrant::Purpose,
    },
    fault::{
        checked::Checked,
        class::Class,
        edit, identity,
        intent::{Driver, Fault, FaultKind, Scope, Target},
        plan::{Change, Edit, Plan, Reach, Step},
        preview::{Blast, Preview, TrafficSource},
    },
    journal::path::Seg,
};
use serde_json::{Value, json};

use super::fake_cluster::{Client, World};

pub const LEASE: u64 = 60;
pub const DURATION: u64 = 30;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Additive, under a fuse: an AuthorizationPolicy.
    Additive,
    /// A patch that inserts a named element: a VirtualService.
    Insert,
    /// A patch of a value: an image.
    Image,
    /// A patch of a whole list whose elements have no name: the rules of a route.
    Rules,
    /// Replicas.
    Scale,
    /// Delete, create ours, create anew: a route.
    Recreate,
    /// Additive, carried out by a chaos engine: a NetworkChaos. It is in effect, and over, when its engine says so.
    Engine,
    /// Eviction.
    Evict,
}

impl Family {
    pub const ALL: [Self; 8] = [
        Self::Additive,
        Self::Insert,
        Self::Image,
        Self::Rules,
        Self::Scale,
        Self::Recreate,
        Self::Engine,
        Self::Evict,
    ];

    pub fn letter(self) -> &'static str {
        match self {
            Self::Additive => "A",
            Self::Insert => "P/vs",
            Self::Image => "P/image",
            Self::Rules => "P/rules",
            Self::Scale => "S",
            Self::Recreate => "D",
            Self::Engine => "E",
            Self::Evict => "K",
        }
    }

    /// What it touches (the object that stands before, or the one it makes).
    pub fn object(self, id: &str) -> ObjectRef {
        match self {
            Self::Additive => policy(id),
            Self::Engine => chaos(id),
            Self::Insert => virtual_service(),
            Self::Image | Self::Scale => deployment(),
            Self::Rules | Self::Recreate => route("reviews"),
            Self::Evict => pod("web-1"),
        }
    }

    /// It makes an object of its own under a fuse.
    pub fn additive(self) -> bool {
        matches!(self, Self::Additive | Self::Engine)
    }

    /// The undo has something to write.
    pub fn undoable(self) -> bool {
        self != Self::Evict
    }
}

pub fn virtual_service() -> ObjectRef {
    ObjectRef::new(
        Kind::namespaced("networking.istio.io", "v1", "VirtualService", "virtualservices"),
        "shop",
        "reviews",
    )
}

pub fn deployment() -> ObjectRef {
    ObjectRef::new(Kind::namespaced("apps", "v1", "Deployment", "deployments"), "shop", "web")
}

pub fn route(name: &str) -> ObjectRef {
    ObjectRef::new(Kind::namespaced("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"), "shop", name)
}

pub fn policy(id: &str) -> ObjectRef {
    let kind = Kind::namespaced("security.istio.io", "v1", "AuthorizationPolicy", "authorizationpolicies");
    ObjectRef::new(kind, "shop", &format!("brink-{id}"))
}

pub fn chaos(id: &str) -> ObjectRef {
    let kind = Kind::namespaced("chaos-mesh.org", "v1alpha1", "NetworkChaos", "networkchaos");
    ObjectRef::new(kind, "shop", &format!("brink-{id}"))
}

pub fn pod(name: &str) -> ObjectRef {
    ObjectRef::new(Kind::namespaced("", "v1", "Pod", "pods"), "shop", name)
}

/// A shop with everything the families touch.
pub fn shop() -> World {
    let mut objects = vec![(
        virtual_service(),
        json!({"metadata": {"annotations": {"team": "reviews"}}, "spec": {"hosts": ["reviews"], "http": [
            {"name": "v2", "route": [{"destination": {"host": "reviews-v2"}, "weight": 100}]},
            {"name": "v1", "route": [{"destination": {"host": "reviews"}}]}
        ]}}),
    )];
    let labels = json!({"app": "web"});
    objects.push((
        deployment(),
        json!({"metadata": {"labels": labels}, "spec": {"replicas": 3, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [
            {"name": "sidecar", "image": "proxy:1"}, {"name": "web", "image": "web:1"}
        ]}}}}),
    ));
    objects.push((
        route("reviews"),
        json!({"metadata": {"labels": {"app": "reviews"}}, "spec": {"hostnames": ["shop.example"], "rules": [
            {"backendRefs": [{"name": "reviews", "port": 80}]}
        ]}}),
    ));
    for name in ["web-1", "web-2"] {
        let spec = json!({"containers": [{"name": "web", "image": "web:1"}]});
        objects.push((pod(name), json!({"metadata": {"labels": labels}, "spec": spec})));
    }
    World::new(&["shop", "brink"], objects)
}

/// A value of another writer, beside what the fault touches.
pub fn theirs(object: &mut Value) {
    match object["kind"].as_str().unwrap() {
        "VirtualService" => object["spec"]["exportTo"] = json!(["theirs"]),
        "Deployment" => object["spec"]["minReadySeconds"] = json!(7),
        "HTTPRoute" => object["spec"]["hostnames"] = json!(["theirs.example"]),
        "AuthorizationPolicy" => object["spec"]["rules"] = json!([{"to": [{"operation": {"methods": ["THEIRS"]}}]}]),
        "NetworkChaos" => object["spec"]["delay"]["latency"] = json!("9s"),
        "Pod" => object["spec"]["activeDeadlineSeconds"] = json!(70_000),
        other => panic!("no value of others for {other}"),
    }
}

/// Another object of this kind, as somebody else would make it.
pub fn another(object: &ObjectRef) -> Value {
    let container = json!({"name": "another", "image": "another:1"});
    let labels = json!({"app": "another"});
    let spec = match object.kind.kind.as_str() {
        "VirtualService" => json!({"hosts": ["another"], "http": [{"route": [{"destination": {"host": "another"}}]}]}),
        "Deployment" => json!({"replicas": 5, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [container]}}}),
        "HTTPRoute" => json!({"hostnames": ["another.example"]}),
        "AuthorizationPolicy" => json!({"action": "ALLOW"}),
        "NetworkChaos" => json!({"action": "loss", "mode": "all", "selector": {"pods": {"shop": ["web-2"]}}}),
        "Pod" => json!({"containers": [container]}),
        other => panic!("no other {other}"),
    };
    json!({"metadata": {"labels": {"new": "1"}}, "spec": spec})
}

/// A status that a controller writes beside the others.
pub fn beat(object: &mut Value, beat: u32) {
    let kind = object["kind"].as_str().unwrap().to_owned();
    if kind == "HTTPRoute" {
        let parent = json!({"controllerName": "example.com/beat", "parentRef": {"name": format!("beat-{beat}")},
            "conditions": [{"type": "Accepted", "status": "True", "reason": "Beat", "message": "",
                "lastTransitionTime": "2026-11-22T10:00:00Z"}]});
        object["status"] = json!({"parents": [parent]});
    } else {
        let condition = json!({"type": format!("Beat{beat}"), "status": "True"});
        let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
        object["status"]["conditions"] = json!([conditions, vec![condition]].concat());
    }
}

fn changes(family: Family, id: &str, live: Option<&Value>) -> Vec<(ObjectRef, Change, bool)> {
    let field = |name: &str| Seg::Field(name.to_owned());
    let named = |name: &str| Seg::Named { key: "name".to_owned(), value: name.to_owned() };
    match family {
        Family::Additive => {
            let object = Manifest(json!({"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
                "metadata": {"name": format!("brink-{id}"), "namespace": "shop"},
                "spec": {"action": "DENY", "rules": [{}], "selector": {"matchLabels": {"app": "reviews"}}}}));
            vec![(policy(id), Change::Create { object, fused: true }, false)]
        }
        Family::Engine => {
            let object = Manifest(json!({"apiVersion": "chaos-mesh.org/v1alpha1", "kind": "NetworkChaos",
                "metadata": {"name": format!("brink-{id}"), "namespace": "shop"},
                "spec": {"action": "delay", "mode": "all", "selector": {"pods": {"shop": ["web-1"]}},
                    "delay": {"latency": "100ms"}}}));
            vec![(chaos(id), Change::Create { object, fused: true }, false)]
        }
        Family::Insert => {
            let name = format!("brink-{id}-0");
            let edits = vec![Edit {
                path: vec![field("spec"), field("http"), named(&name)],
                value: Some(
                    json!({"name": name, "fault": {"delay": {"fixedDelay": "1s", "percentage": {"value": 12.5}}},
                    "route": [{"destination": {"host": "reviews-v2"}}]}),
                ),
                at: Some(0),
            }];
            vec![(virtual_service(), Change::Patch { edits }, false)]
        }
        Family::Image => {
            let edits = vec![Edit {
                path: vec![
                    field("spec"),
                    field("template"),
                    field("spec"),
                    field("containers"),
                    named("web"),
                    field("image"),
                ],
                value: Some(json!("web:broken")),
                at: None,
            }];
            vec![(deployment(), Change::Patch { edits }, false)]
        }
        Family::Rules => {
            let edits = vec![Edit {
                path: vec![field("spec"), field("rules")],
                value: Some(json!([{"backendRefs": [{"name": "nowhere", "port": 80}]}])),
                at: None,
            }];
            vec![(route("reviews"), Change::Patch { edits }, false)]
        }
        Family::Scale => vec![(deployment(), Change::Scale { from: 3, to: 1 }, false)],
        Family::Recreate => {
            let spec = live.map(|live| live["spec"].clone()).unwrap_or_default();
            let (version, kind) = ("gateway.networking.k8s.io/v1", "HTTPRoute");
            let ours = Manifest(
                json!({"apiVersion": version, "kind": kind, "metadata": {"name": format!("brink-{id}"), "namespace": "shop"},
                "spec": {"hostnames": ["shop.example"], "rules": [{"backendRefs": [{"name": "nowhere", "port": 80}]}]}}),
            );
            let again = Manifest(
                json!({"apiVersion": version, "kind": kind, "metadata": {"name": "reviews", "namespace": "shop", "labels": {"app": "reviews"}},
                "spec": spec}),
            );
            vec![
                (route("reviews"), Change::Delete, false),
                (route(&format!("brink-{id}")), Change::Create { object: ours, fused: false }, false),
                (route("reviews"), Change::Create { object: again, fused: false }, true),
            ]
        }
        Family::Evict => vec![(pod("web-1"), Change::Evict, false)],
    }
}

/// The family's plan, checked against the world as it is now.
pub async fn checked(world: &World, client: &Client, family: Family, id: &str) -> Checked {
    let mut steps = Vec::new();
    let (mut stored, mut identities, mut uids) = (Vec::new(), Vec::new(), Vec::new());
    let live = world.get(&family.object(id));
    for (n, (object, change, assumed)) in (1u32..).zip(changes(family, id, live.as_ref())) {
        let before = match change {
            Change::Create { .. } => None,
            _ => world.get(&object).map(Manifest),
        };
        let write = match &change {
            Change::Create { object: body, .. } if !assumed => Some(Write::Create(object.clone(), body.clone())),
            Change::Patch { edits } => {
                let operations = edit::operations(&before.as_ref().unwrap().0, edits).unwrap();
                Some(Write::Patch(object.clone(), operations))
            }
            Change::Scale { to, .. } => Some(Write::Patch(
                object.clone(),
                vec![json!({"op": "replace", "path": "/spec/replicas", "value": to})],
            )),
            _ => None,
        };
        stored.push(match write {
            Some(write) => Some(client.dry_run(&write).await.unwrap().body),
            None => None,
        });
        identities.push(before.as_ref().map(identity::identity).unwrap_or_default());
        uids.push(before.as_ref().and_then(|before| before.text(&["metadata", "uid"])).map(str::to_owned));
        let residue = match family {
            Family::Evict => vec!["a new pod takes its place".to_owned()],
            _ => Vec::new(),
        };
        steps.push(Step { n, object, change, before, residue, assumed });
    }
    let (class, fuses) = match family {
        Family::Additive | Family::Engine => (Class::SelfExpiring, vec!["shop".to_owned()]),
        Family::Evict => (Class::OneWay, Vec::new()),
        _ => (Class::Guarded, Vec::new()),
    };
    let fault = fault(id);
    let plan = Plan {
        id: id.to_owned(),
        purpose: Purpose::Fault,
        fault,
        driver: Driver::Native,
        driver_why: String::new(),
        alternatives: Vec::new(),
        class,
        duration: Duration::from_secs(DURATION),
        lease: Duration::from_secs(LEASE),
        title: format!("{} for the matrix", family.letter()),
        steps,
        fuses,
        reach: Reach::default(),
        predicts: Vec::new(),
        doubts: Vec::new(),
        undo: Vec::new(),
    };
    wrap(world, plan, stored, identities, uids)
}

/// The intent of every test here: any YAML, for as long as the matrix lets it live.
pub fn fault(id: &str) -> Fault {
    Fault {
        name: id.to_owned(),
        namespace: "shop".to_owned(),
        kind: FaultKind::Manifest,
        target: Target::Manifest,
        params: BTreeMap::new(),
        scope: Scope::default(),
        ramp: Vec::new(),
        abort_when: Vec::new(),
        duration: Duration::from_secs(DURATION),
        lease: Duration::from_secs(LEASE),
        driver: None,
        manifests: Vec::new(),
    }
}

pub fn wrap(
    world: &World,
    plan: Plan,
    stored: Vec<Option<Manifest>>,
    identities: Vec<String>,
    uids: Vec<Option<String>>,
) -> Checked {
    let preview = Preview {
        plan: plan.id.clone(),
        kind: plan.fault.kind.word().to_owned(),
        driver: plan.driver.word().to_owned(),
        driver_why: String::new(),
        class: plan.class.word().to_owned(),
        class_why: String::new(),
        duration_s: plan.duration.as_secs(),
        lease_s: plan.lease.as_secs(),
        token: format!("token-{}", plan.id),
        title: plan.title.clone(),
        alternatives: Vec::new(),
        changes: Vec::new(),
        blast: Blast {
            pods: Vec::new(),
            routes: Vec::new(),
            dependants: Vec::new(),
            traffic_share: None,
            traffic_source: TrafficSource::Unknown,
        },
        guard: Vec::new(),
        predicts: Vec::new(),
        what_if: Vec::new(),
        residue: Vec::new(),
        rivals: Vec::new(),
        undo: Vec::new(),
    };
    Checked {
        foretold: Vec::new(),
        token: format!("token-{}", plan.id),
        plan,
        preview,
        stored,
        identities,
        uids,
        cluster: world.id(),
        production: false,
        confirm_name: "reviews".to_owned(),
        at: world.now(),
    }
}

/// Without what a new object of the same name cannot share with the old one.
pub fn but_born_again(picture: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut picture = picture.clone();
    for (key, value) in &mut picture {
        if key.contains("/httproutes/") {
            let metadata = value["metadata"].as_object_mut().unwrap();
            metadata.remove("uid");
            metadata.remove("creationTimestamp");
        }
    }
    picture
}
