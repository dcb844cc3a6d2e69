//! Users bring kinds of their own: kubectl applies definitions and objects of them, prints and watches them, and takes them away.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::support::{demo, program};

const WIDGETS: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, kind: Widget, shortNames: [wd], categories: [things]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}
    additionalPrinterColumns: [{name: Color, type: string, jsonPath: .spec.color}, {name: Replicas, type: integer, jsonPath: .spec.replicas}]
    selectableFields: [{jsonPath: .spec.color}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [color]
            x-kubernetes-validations: [{rule: "self.replicas < 9", message: "too many"}]
            properties: {color: {type: string, enum: [red, blue]}, replicas: {type: integer, default: 2}}
          status: {type: object, properties: {replicas: {type: integer}}}
"#;

const WIDGET: &str =
    r#"{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {"color": "red"}}"#;

/// The definitions to try, or `None` with the reason on stdout.
fn definitions() -> Option<PathBuf> {
    let folder = std::env::var_os("BRINK_CRDS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: BRINK_CRDS names no folder of definitions");
    }
    folder
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    for path in all {
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|ext| ext == "yaml") {
            into.push(path);
        }
    }
}

/// What kubectl said about each object, by the word it ends with.
fn said(answer: &str, words: &[&str]) -> usize {
    let lines = answer.lines().filter(|line| line.starts_with("customresourcedefinition."));
    lines.filter(|line| words.iter().any(|word| line.ends_with(word))).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_definition_is_applied_by_the_client_and_by_the_server() {
    let (Some(kubectl), Some(folder)) = (program("kubectl"), definitions()) else { return };
    let demo = demo().await;
    let mut all = Vec::new();
    files(&folder, &mut all);
    let path = folder.to_str().unwrap();
    let first = demo.kubectl(&kubectl, &["apply", "-R", "-f", path], "");
    let count = said(&first, &["created", "configured", "unchanged"]);
    assert!(count >= all.len(), "{count} of {} files:\n{first}", all.len());
    let server = ["apply", "--server-side", "--force-conflicts", "-R", "-f", path];
    let second = demo.kubectl(&kubectl, &server, "");
    assert_eq!(said(&second, &["serverside-applied"]), count, "{second}");
    let names = demo.kubectl(&kubectl, &["get", "crd", "-o", "name"], "");
    let names: BTreeSet<&str> = names.lines().collect();
    let mut wait = vec!["wait", "--for=condition=established", "--timeout=2m"];
    wait.extend(names.iter().copied());
    demo.kubectl(&kubectl, &wait, "");
    let served = demo.kubectl(&kubectl, &["api-resources", "--no-headers", "-o", "name"], "");
    let served: BTreeSet<&str> = served.lines().collect();
    let missing: Vec<&&str> = names.iter().filter(|name| !served.contains(name.rsplit('/').next().unwrap())).collect();
    assert!(missing.is_empty(), "{missing:?} are not served");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_of_an_own_kind_are_validated_printed_scaled_watched_and_end_with_it() {
    let Some(kubectl) = program("kubectl") else { return };
    let demo = demo().await;
    let run = |words: &[&str], input: &str| demo.kubectl(&kubectl, words, input);
    run(&["apply", "-f", "-"], WIDGETS);
    run(&["wait", "--for=condition=established", "--timeout=2m", "crd/widgets.example.com"], "");
    let refused = |input: &str| demo.refused(&kubectl, &["apply", "-f", "-"], input);
    let unknown = refused(&WIDGET.replace(r#""color": "red""#, r#""color": "red", "colour": "red""#));
    assert!(unknown.contains(r#"unknown field "spec.colour""#), "{unknown}");
    let green = refused(&WIDGET.replace("red", "green"));
    assert!(green.contains(r#"spec.color: Unsupported value: "green": supported values: "red", "blue""#), "{green}");
    let many = refused(&WIDGET.replace(r#""red""#, r#""red", "replicas": 9"#));
    assert!(many.contains(r#"The Widget "one" is invalid: spec: Invalid value: too many"#), "{many}");
    let nobody = refused(&WIDGET.replace("Widget", "Gadget"));
    assert!(nobody.contains(r#"no matches for kind "Gadget" in version "example.com/v1""#), "{nobody}");
    assert!(run(&["apply", "-f", "-"], WIDGET).contains("widget.example.com/one created"));
    assert!(run(&["apply", "-f", "-"], WIDGET).contains("widget.example.com/one unchanged"));
    let table = run(&["get", "wd"], "");
    assert_eq!(table.split_whitespace().collect::<Vec<_>>(), ["NAME", "COLOR", "REPLICAS", "one", "red", "2"]);
    assert!(run(&["get", "things"], "").contains("one"));
    assert!(run(&["get", "wd", "--field-selector=spec.color=red", "-o", "name"], "").contains("widget"));
    assert_eq!(run(&["get", "wd", "--field-selector=spec.color=blue", "-o", "name"], ""), "");
    assert!(run(&["explain", "widget.spec"], "").contains("replicas\t<integer>"));
    let mut watch = Command::new(&kubectl)
        .arg("--kubeconfig")
        .arg(&demo.served.kubeconfig)
        .args(["get", "widgets", "-w", "--no-headers", "--output-watch-events"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut next = || lines.next().map(|line| line.unwrap().split_whitespace().collect::<Vec<_>>().join(" "));
    assert_eq!(next().unwrap(), "ADDED one red 2");
    run(&["scale", "wd/one", "--replicas=4"], "");
    assert_eq!(next().unwrap(), "MODIFIED one red 4");
    assert!(demo.refused(&kubectl, &["scale", "wd/one", "--replicas=9"], "").contains("too many"));
    run(&["delete", "crd", "widgets.example.com"], "");
    assert_eq!(next().unwrap(), "DELETED one red 4");
    watch.kill().unwrap();
    watch.wait().unwrap();
    let gone = demo.refused(&kubectl, &["get", "--raw", "/apis/example.com/v1/widgets"], "");
    assert!(gone.contains("NotFound"), "{gone}");
}
