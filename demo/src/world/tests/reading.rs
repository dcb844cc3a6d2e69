//! What is said about wrong files.

use super::*;

fn bundle(text: &str) -> Bundle {
    let manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n";
    Bundle {
        name: "mine".to_owned(),
        path: "mine.yaml".to_owned(),
        text: text.to_owned(),
        manifests: vec![("mine/apps/web.yaml".to_owned(), manifest.to_owned())],
        rules: None,
    }
}

fn said(text: &str) -> String {
    file::read(&bundle(text)).unwrap_err().to_string()
}

#[test]
fn the_worlds_that_come_along_are_read() {
    for name in names() {
        let world = read(name);
        assert_eq!(world.name, name);
        assert!(!world.title.is_empty() && !world.manifests.is_empty() && !world.flows.is_empty());
    }
}

#[test]
fn mistakes_are_told_with_line_and_nearest_name() {
    assert_eq!(
        said("world: mine\ntrafic: []\n"),
        "mine.yaml:2: `world file` has no field `trafic`; did you mean `traffic`?"
    );
    assert_eq!(
        said("world: mine\nmanifests: [apps/]\nbehaviour:\n  shop/Deployment/wep: {}\n"),
        "mine.yaml:4: `behaviour` names `shop/Deployment/wep`, which no manifest makes; did you mean `shop/Deployment/web`?"
    );
    assert_eq!(
        said("world: mine\nmanifests: [apps/]\nages: {shop/Deployment/web: soon}\n"),
        "mine.yaml:3: `shop/Deployment/web` is no span: `soon`; write it like 300ms, 1.5s, 10m, 3h or 40d"
    );
    let wrong =
        said("world: mine\nmanifests: [apps/]\nbehaviour:\n  shop/Deployment/web:\n    serves: {80: {medain: 1ms}}\n");
    assert_eq!(wrong, "mine.yaml:5: `serves.80` has no field `medain`; did you mean `median`?");
    assert!(said("world: mine\nimages: {a: gone}\n").starts_with("mine.yaml:2: `a` cannot be `gone`"));
    assert!(said("world: [mine\n").starts_with("mine.yaml:"));
    assert!(said("title: x\n").contains("begin it with `world: NAME`"));
    assert!(said("").contains("one document, not 0"));
    assert!(said("world: mine\nmanifests: [app/]\n").contains("names `app/`, where no manifest is"));
    assert!(said("world: mine\ntraffic: [{name: a, to: b, rps: 1, via: x/y}]\n").contains("names no Gateway: `x/y`"));
    assert!(said("world: mine\nfiller: {namespace: team, pods: 5}\n").contains("{i}"));
    assert!(said("world: mine\nworld: mine\n").contains("mine.yaml"));
}

#[test]
fn mistakes_in_manifests_are_told_in_their_file() {
    let mut wrong = bundle("world: mine\nmanifests: [apps/]\n");
    wrong.manifests[0].1 = "apiVersion: apps/v1\nmetadata: {name: a}\nkind: Deploymnt\n".to_owned();
    assert_eq!(
        file::read(&wrong).unwrap_err().to_string(),
        "mine/apps/web.yaml:3: the world does not know the kind `Deploymnt` of `apps/v1`; did you mean `Deployment`?"
    );
    wrong.manifests[0].1 = "apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: a}\n".to_owned();
    assert!(file::read(&wrong).unwrap_err().to_string().contains("its version here is `apps/v1`"));
    wrong.manifests[0].1 = "kind: Deployment\nmetadata: {name: a}\n".to_owned();
    assert!(file::read(&wrong).unwrap_err().to_string().contains("without `apiVersion`"));
}

#[test]
fn what_git_keeps_is_named_by_its_source() {
    let kept = |entry: &str| {
        let mut bundle = bundle(&format!("world: mine\nmanifests: [apps/]\ngitops:\n- {entry}\n"));
        bundle.manifests.truncate(1);
        file::read(&bundle).map_err(|trouble| trouble.to_string())
    };
    let world = kept("{app: a, by: argocd, source: apps/, selfHeal: true}").unwrap();
    let tracked =
        json::text(&world.manifests[0].object, &["metadata", "annotations", "argocd.argoproj.io/tracking-id"]);
    assert!(tracked.starts_with("a:apps/Deployment:"), "{tracked}");
    assert!(world.git.owner(&world.manifests[0].key).is_some_and(|owner| owner.name == "a"));
    for (entry, complaint) in [
        ("{app: a, by: argo, source: apps/}", "is kept by `argo`"),
        ("{app: a, by: flux, source: infra/}", "no source of `manifests`"),
        ("{by: flux, source: apps/}", "has no `app`"),
        ("{app: a, by: flux, source: apps/, heals: true}", "has no field `heals`"),
    ] {
        let said = kept(entry).unwrap_err();
        assert!(said.contains(complaint) && said.contains("mine"), "{entry}: {said}");
    }
}

#[test]
fn providers_say_which_models_they_have() {
    let read = |entry: &str| file::read(&bundle(&format!("world: mine\nmanifests: [apps/]\nproviders:\n  {entry}\n")));
    let world = read("anthropic: {models: [opus-5], median: 900ms, sigma: 0.5, tokens: [10, 20]}").unwrap();
    assert_eq!(world.serves["providers/anthropic"]["models"], serde_json::json!(["opus-5"]));
    assert_eq!(world.serves["providers/anthropic"]["serves"]["443"]["median"], "900ms");
    for (entry, complaint) in [
        ("anthropic: {median: 1s}", "has no `models`"),
        ("anthropic: {models: [a], tokens: [1]}", "must be two numbers"),
        ("anthropic: {models: [a], medain: 1s}", "did you mean `median`?"),
    ] {
        let said = read(entry).unwrap_err().to_string();
        assert!(said.contains(complaint), "{entry}: {said}");
    }
}

#[test]
fn unknown_worlds_sizes_and_speeds_are_refused_in_words() {
    assert_eq!(named("shpo").unwrap_err().to_string(), "there is no world `shpo`; did you mean `shop`?");
    assert!(
        named("mars").unwrap_err().to_string().ends_with(
            "known are shop, agents, ambient, dapr, gateways, gitops, kagent, services, talk-2024, tutorial"
        )
    );
    assert_eq!(
        limits::pods(0).unwrap_err().to_string(),
        "a world of 0 pods has nobody to talk to; the smallest is --pods 2: one client, one server"
    );
    assert!(limits::pods(1).is_err() && limits::pods(50_001).is_err());
    assert_eq!(limits::pods(2), Ok(2));
    for wrong in [0.0, -1.0, 0.01, 1_000.0, f64::NAN, f64::INFINITY] {
        assert!(limits::speed(wrong).is_err(), "{wrong}");
    }
    assert!(limits::speed(0.0).unwrap_err().to_string().contains("--speed 1 is real time"));
    assert_eq!(limits::speed(20.0), Ok(20.0));
}

#[test]
fn a_damaged_file_is_refused_or_read_but_never_worse() {
    let whole = named("shop").unwrap();
    for at in (0..whole.text.len()).step_by(487).filter(|at| whole.text.is_char_boundary(*at)) {
        for patch in ["", "{", "]", ": ", "\t", "\"", "9"] {
            let mut damaged = whole.clone();
            damaged.text.replace_range(at..=at, patch);
            damaged.manifests.truncate(1);
            if let Err(trouble) = file::read(&damaged) {
                assert!(!trouble.fix.is_empty());
            }
        }
    }
}
