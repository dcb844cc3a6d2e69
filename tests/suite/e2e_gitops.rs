//! GitOps that fights back, on a real API server: what an owner will do is foretold by its own object, and held against what it
//! did. A hand writes what the reconciler would write.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    cli::Home,
    support::world::{World, own_world},
};

const NAMESPACE: &str = "gitops";
const SHOP: &str = include_str!("e2e_cli/shop.yaml");
/// However busy a machine is.
const PATIENCE: Duration = Duration::from_mins(4);

/// The kinds of the owners, as far as brink reads them.
const KINDS: [(&str, &str, &str, &str); 2] = [
    ("argoproj.io", "v1alpha1", "Application", "applications"),
    ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations"),
];

struct Stage {
    world: World,
    home: Home,
}

impl Stage {
    fn open() -> Option<Self> {
        let world = own_world()?;
        for (group, version, kind, plural) in KINDS {
            let definition = json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": format!("{plural}.{group}")},
                "spec": {
                    "group": group, "scope": "Namespaced", "names": {"plural": plural, "kind": kind},
                    "versions": [{"name": version, "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                        "type": "object", "x-kubernetes-preserve-unknown-fields": true}}}],
                },
            });
            world.kubectl(&["create", "-f", "-"], &definition.to_string());
        }
        world.kubectl(&["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"], "");
        world.namespace(NAMESPACE, SHOP);
        let home = Home::new().with("KUBECONFIG", &world.kubeconfig).with("BRINK_NAMESPACE", NAMESPACE);
        Some(Self { world, home })
    }

    fn kubectl(&self, words: &[&str], input: &str) -> String {
        self.world.kubectl(&[&["-n", NAMESPACE], words].concat(), input)
    }

    fn replicas(&self) -> String {
        self.kubectl(&["get", "deployment", "web", "-o", "jsonpath={.spec.replicas}"], "")
    }

    /// The preview of a scale to 2.
    fn plan(&self) -> Value {
        let ran = self.home.brink("fault plan scale deployment/web --set replicas=2 --duration 10m -o json".split(' '));
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"))
    }

    /// An ended fault, as its journal tells it.
    fn shown(&self, end: &Value) -> Value {
        let id = end["injection"].as_str().unwrap();
        self.home.brink(["fault", "show", id, "-o", "json"]).json()["injections"][0].clone()
    }

    /// Applies it, has somebody put it back, and tells how it ended.
    fn fought(&self) -> (i32, Value) {
        let words = "fault apply scale deployment/web --set replicas=2 --duration 10m --yes --wait -o json";
        let running = self.home.start(words.split(' '));
        let deadline = Instant::now() + PATIENCE;
        while self.replicas() != "2" {
            assert!(Instant::now() < deadline, "the fault never came");
            thread::sleep(Duration::from_millis(100));
        }
        let wanted = json!({"spec": {"replicas": 4}}).to_string();
        self.kubectl(
            &["patch", "deployment", "web", "--type=merge", "--field-manager=argocd-controller", "-p", &wanted],
            "",
        );
        let ran = running.ended();
        let end = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
        (ran.code, end)
    }
}

fn words(value: &Value) -> String {
    value.as_array().unwrap().iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}

fn rule(plan: &Value) -> String {
    let guard = plan["guard"].as_array().unwrap();
    guard.iter().find(|one| one["rule"] == "gitops").unwrap()["value"].as_str().unwrap().to_owned()
}

#[test]
fn the_revert_is_foretold_seen_and_compared() {
    let Some(stage) = Stage::open() else { return };
    let tracked = format!("argocd.argoproj.io/tracking-id=store:apps/Deployment:{NAMESPACE}/web");
    stage.kubectl(&["annotate", "deployment", "web", &tracked], "");
    assert!(rule(&stage.plan()).contains("it leaves the change: it is not there any more"), "{}", rule(&stage.plan()));
    let application = |heals: bool| {
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "store", "namespace": "default"},
            "spec": {"syncPolicy": {"automated": {"selfHeal": heals}}},
        })
        .to_string()
    };
    stage.world.kubectl(&["apply", "-f", "-"], &application(true));
    let plan = stage.plan();
    assert!(
        rule(&plan).contains("Argo CD application store; it puts the change back about 5s after"),
        "{}",
        rule(&plan)
    );
    assert!(words(&plan["predicts"]).contains("back about 5s: longer it does not last"), "{plan}");
    assert!(words(&plan["rivals"]).contains("Argo CD application store owns it"), "{plan}");
    let (code, end) = stage.fought();
    assert_eq!((code, &end["cause"]), (1, &Value::from("reverted")), "{end}");
    let shown = stage.shown(&end);
    assert_eq!((&shown["state"], &shown["steps"][0]["outcome"]), (&"recovered".into(), &"already".into()), "{shown}");
    let notes = words(&shown["notes"]);
    assert!(notes.contains("was put back after") && notes.contains("foretold was about 5s"), "{notes}");
    assert_eq!(stage.replicas(), "4");
    // Without self-heal nothing is foretold; that it happened all the same is told.
    stage.world.kubectl(&["apply", "-f", "-"], &application(false));
    assert!(rule(&stage.plan()).contains("without self-heal it stays until the next sync"), "{}", rule(&stage.plan()));
    let (_, end) = stage.fought();
    let notes = words(&stage.shown(&end)["notes"]);
    assert!(notes.contains("foretold was that it stays"), "{notes}");
    // Flux comes by its interval, counted from when it came last.
    stage.kubectl(&["annotate", "deployment", "web", "argocd.argoproj.io/tracking-id-"], "");
    let owned = ["kustomize.toolkit.fluxcd.io/name=apps", "kustomize.toolkit.fluxcd.io/namespace=default"];
    stage.kubectl(&["label", "deployment", "web", owned[0], owned[1]], "");
    let kustomization = json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": "apps", "namespace": "default"}, "spec": {"interval": "10m"},
    });
    stage.world.kubectl(&["apply", "-f", "-"], &kustomization.to_string());
    let plan = stage.plan();
    assert!(
        rule(&plan).contains("Flux Kustomization default/apps; it puts the change back within 10m"),
        "{}",
        rule(&plan)
    );
    // Who may not read it is told so, and nothing is guessed.
    let ran = stage.home.brink("fault plan scale deployment/web --set replicas=2 --context viewer -o json".split(' '));
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    assert!(rule(&plan).contains("whether it puts the change back is not known"), "{}", rule(&plan));
}
