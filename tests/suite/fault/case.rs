//! Plans in the shop for the guardrails to judge: one that no rule objects to, and what may be wrong with it.

use std::{collections::BTreeMap, time::Duration};

use brink::{
    cluster::{Kind, Manifest, ObjectRef, warrant::Purpose},
    fault::{
        blackout::Blackout,
        blast::blast,
        drivers::compile,
        gitops::{self, Does, Forecast, Foretold},
        intent::{Fault, FaultKind, Target},
        known,
        plan::{Change, Plan, Step},
        policy::Policy,
        preview::{DryRun, Verdict},
        rules::{Findings, Open, Terms, judge},
        sight::{Given, Sight},
        traffic::Traffic,
    },
};
use jiff::{
    civil::{Weekday, time},
    tz::TimeZone,
};
use serde_json::json;

use super::sights::{delay, deployment, fault, manifest, pod, shop, workload};

/// Everything a rule looks at, in a state to which no rule objects.
pub struct Case {
    pub plan: Plan,
    pub sight: Sight,
    pub traffic: Traffic,
    pub findings: Findings,
    pub terms: Terms,
}

pub fn calm() -> Case {
    let sight = shop();
    let plan = compile(&delay(), &sight, "7f3a9c").unwrap();
    let findings = Findings {
        dry_runs: plan.steps.iter().map(|_| (DryRun::Checked, String::new())).collect(),
        open: Some(Vec::new()),
        ..Findings::default()
    };
    let traffic = Traffic {
        total: Some(100.0),
        workloads: BTreeMap::from([("shop/reviews".to_owned(), 40.0)]),
        ..Traffic::default()
    };
    Case { plan, sight, traffic, findings, terms: terms("kind-demo") }
}

pub fn terms(context: &str) -> Terms {
    Terms { policy: Policy::default(), context: context.to_owned(), readonly: false }
}

impl Case {
    pub fn judge(&self) -> Vec<Verdict> {
        judge(&self.plan, &self.sight, &blast(&self.plan, &self.traffic), &self.findings, &self.terms)
    }

    pub fn scale(mut self, from: u32, to: u32) -> Self {
        self.sight.workloads.retain(|one| one.name() != "reviews");
        self.sight.workloads.push(deployment("reviews", from));
        self.sight.pods.retain(|pod| pod.label("app") != Some("reviews"));
        self.sight.pods.extend((0..from).map(|n| pod("reviews", n)));
        let scale = fault(FaultKind::Scale, workload("Deployment", "reviews"), &[("replicas", json!(to))]);
        self.plan = compile(&scale, &self.sight, "7f3a9c").unwrap();
        self
    }

    pub fn step(mut self, object: ObjectRef, change: Change, before: Option<Manifest>) -> Self {
        self.plan.steps = vec![Step { n: 1, object, change, before, residue: Vec::new(), assumed: false }];
        self
    }

    pub fn production(mut self) -> Self {
        self.terms = terms("eu-prod");
        self.traffic.total = Some(1000.0);
        self
    }
}

pub fn create(kind: Kind, namespace: &str, object: serde_json::Value) -> (ObjectRef, Change) {
    let name = object["metadata"]["name"].as_str().unwrap_or("x").to_owned();
    (ObjectRef::new(kind, namespace, &name), Change::Create { object: manifest(object), fused: true })
}

pub fn with_pod_spec(spec: serde_json::Value) -> Case {
    let object = json!({"kind": "Deployment", "metadata": {"name": "x"}, "spec": {"template": {"spec": spec}}});
    let (object, change) = create(known::deployment(), "shop", object);
    calm().step(object, change, None)
}

pub fn tracked() -> Manifest {
    let mut object = deployment("reviews", 4);
    object
        .map_mut(&["metadata", "labels"])
        .unwrap()
        .insert("kustomize.toolkit.fluxcd.io/name".to_owned(), json!("apps"));
    object
}

pub fn patch_of_tracked(purpose: Purpose) -> Case {
    let mut case = calm().step(
        ObjectRef::new(known::deployment(), "shop", "reviews"),
        Change::Patch { edits: Vec::new() },
        Some(tracked()),
    );
    case.plan.purpose = purpose;
    let object = case.plan.steps[0].object.clone();
    let owner = gitops::owner(&tracked(), &object).unwrap();
    let forecast = Forecast { owner, does: Does::Reverts(Duration::from_secs(5)) };
    case.findings.foretold = vec![Foretold { step: 1, object, forecast }];
    case
}

pub fn delete_of(object: Manifest, kind: Kind) -> Case {
    let name = object.name().to_owned();
    calm().step(ObjectRef::new(kind, "shop", &name), Change::Delete, Some(object))
}

pub fn with(mut case: Case, change: impl FnOnce(&mut Case)) -> Case {
    change(&mut case);
    case
}

/// A window on Fridays from 14:00 to 16:00 UTC, seen at a moment, with a lease of two minutes.
pub fn at_noon(now: &str) -> Case {
    with(calm(), |case| {
        case.findings.now = Some(now.parse().unwrap());
        case.terms.policy.blackouts = vec![Blackout {
            name: Some("release".to_owned()),
            days: vec![Weekday::Friday],
            from: time(16, 0, 0, 0),
            to: time(18, 0, 0, 0),
            zone: TimeZone::get("Europe/Berlin").unwrap(),
        }];
    })
}

pub fn owned(mut pod: Manifest, owners: &serde_json::Value) -> Manifest {
    pod.map_mut(&["metadata"]).unwrap().insert("ownerReferences".to_owned(), owners.clone());
    pod
}

pub fn evict(pod: Manifest) -> Case {
    let name = pod.name().to_owned();
    calm().step(ObjectRef::new(known::pod(), "shop", &name), Change::Evict, Some(pod))
}

/// The reviews Deployment as given in YAML, with another spec.
pub fn wanting(spec: serde_json::Value) -> Case {
    wanting_in(calm(), &spec)
}

pub fn wanting_in(mut case: Case, spec: &serde_json::Value) -> Case {
    let object = ObjectRef::new(known::deployment(), "shop", "reviews");
    let wanted =
        manifest(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "reviews"}, "spec": spec}));
    let live = case.sight.workloads.iter().find(|one| one.name() == "reviews").cloned();
    case.sight.given = vec![Given { object, wanted: wanted.clone(), live }];
    let intent = Fault { manifests: vec![wanted], ..fault(FaultKind::Manifest, Target::Manifest, &[]) };
    case.plan = compile(&intent, &case.sight, "7f3a9c").unwrap();
    case.findings.dry_runs = case.plan.steps.iter().map(|_| (DryRun::Checked, String::new())).collect();
    case
}

/// Another image for the four reviews, rolled out by a strategy.
pub fn rollout(strategy: serde_json::Value) -> Case {
    let template = json!({"spec": {"containers": [{"name": "reviews", "image": "shop/app:broken"}]}});
    let mut case = calm();
    let set = case.sight.workloads.iter_mut().find(|one| one.name() == "reviews").unwrap();
    set.map_mut(&["spec"]).unwrap().insert("strategy".to_owned(), strategy);
    wanting_in(case, &json!({"template": template}))
}

pub fn open(objects: Vec<ObjectRef>) -> Open {
    Open { id: "aaaaaa".to_owned(), owner: "ana".to_owned(), objects }
}
