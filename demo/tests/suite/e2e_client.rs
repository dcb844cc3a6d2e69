//! kubectl on a world and on a real cluster: the same command lines, and the same that a person reads of them.

use std::{
    collections::BTreeMap,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use brink_demo::world::{Wish, World, named};
use regex::Regex;
use serde::Deserialize;

use super::{
    real::real,
    support::{program, served},
};

/// One command line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    run: String,
    /// The manifest on its standard input.
    #[serde(default)]
    stdin: Option<String>,
    /// What a person with an editor does, for sed.
    #[serde(default)]
    editor: Option<String>,
    /// What is said: on stdout, or on stderr by what fails.
    #[serde(default)]
    says: Vec<String>,
    /// What is said on stdout by what fails.
    #[serde(default)]
    out: Vec<String>,
    #[serde(default)]
    fails: bool,
    /// Both servers let it say the same.
    #[serde(default)]
    same: bool,
    /// How many lines it prints.
    #[serde(default)]
    lines: Option<usize>,
}

/// What a command line came to.
struct Said {
    good: bool,
    out: String,
    err: String,
}

fn run(kubectl: &Path, kubeconfig: &Path, step: &Step, node: &str) -> Said {
    let manifests: BTreeMap<String, String> =
        serde_saphyr::from_str(include_str!("../kubectl/manifests.yaml")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(kubectl);
    command.arg("--kubeconfig").arg(kubeconfig).env("HOME", dir.path());
    command.args(step.run.split(' ').map(|word| if word == "NODE" { node } else { word }));
    if let Some(change) = &step.editor {
        let editor = dir.path().join("editor");
        std::fs::write(&editor, format!("#!/bin/sh\nsed -i '{change}' \"$1\"\n")).unwrap();
        std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
        command.env("KUBE_EDITOR", editor);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let input = step.stdin.as_ref().map(|name| manifests[name].as_str()).unwrap_or_default();
    // A program that reads nothing may be gone before it is written to.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Said {
        good: output.status.success(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// What is wrong with what was said.
fn wrong(step: &Step, said: &Said) -> Option<String> {
    let whole = if step.fails { &said.err } else { &said.out };
    let missing = step.says.iter().find(|wanted| !whole.contains(wanted.as_str()));
    let missing = missing.or_else(|| step.out.iter().find(|wanted| !said.out.contains(wanted.as_str())));
    if said.good == step.fails {
        return Some(format!("succeeds: {}; stdout: {} stderr: {}", said.good, said.out, said.err));
    }
    if let Some(missing) = missing {
        return Some(format!("does not say {missing:?}: {} {}", said.out, said.err));
    }
    let lines = said.out.lines().count();
    step.lines.filter(|wanted| *wanted != lines).map(|wanted| format!("{lines} lines, not {wanted}: {}", said.out))
}

/// Without ages, and what is made by chance.
fn level(text: &str) -> String {
    let patterns =
        [(r"\b\d+(\.\d+)?(ms|s|m|h|d)(\d+s)?\b", "*"), (r"-[0-9a-z]{6,10}(-[0-9a-z]{5})?\b", "-*"), (r" +", " ")];
    let mut text = text.to_owned();
    for (pattern, instead) in patterns {
        text = Regex::new(pattern).unwrap().replace_all(&text, instead).into_owned();
    }
    text
}

fn world() -> World {
    let now: jiff::Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    World::new(&Wish { bundle: named("shop").unwrap(), pods: None, seed: 1, now }).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_says_the_same_of_a_world_as_of_a_real_cluster() {
    let (Some(kubectl), Some(real)) = (program("kubectl"), real()) else { return };
    let demo = served(world()).await;
    let steps: Vec<Step> = serde_saphyr::from_str(include_str!("../kubectl/plain.yaml")).unwrap();
    let mut found = Vec::new();
    for step in &steps {
        let theirs = run(&kubectl, &real.kubeconfig, step, "");
        let ours = run(&kubectl, &demo.served.kubeconfig, step, "");
        for (who, said) in [("real", &theirs), ("world", &ours)] {
            if let Some(wrong) = wrong(step, said) {
                found.push(format!("{}: {who} {wrong}", step.run));
            }
        }
        let (a, b) = (level(&theirs.out) + &level(&theirs.err), level(&ours.out) + &level(&ours.err));
        if step.same && a != b {
            found.push(format!("{}:\n  real  {a}\n  world {b}", step.run));
        }
    }
    println!("kubectl: {} command lines on both servers", steps.len());
    assert!(found.is_empty(), "{} of {}:\n{}", found.len(), steps.len(), found.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_reads_logs_and_drains_nodes_of_a_world() {
    let Some(kubectl) = program("kubectl") else { return };
    let demo = served(world()).await;
    let kubeconfig = &demo.served.kubeconfig;
    let nodes = demo.kubectl(&kubectl, &["get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"], "");
    let node = nodes.split(' ').next_back().unwrap();
    let steps: Vec<Step> = serde_saphyr::from_str(include_str!("../kubectl/shop.yaml")).unwrap();
    let found: Vec<String> = steps
        .iter()
        .filter_map(|step| {
            wrong(step, &run(&kubectl, kubeconfig, step, node)).map(|wrong| format!("{}: {wrong}", step.run))
        })
        .collect();
    assert!(found.is_empty(), "{} of {}:\n{}", found.len(), steps.len(), found.join("\n"));
}
