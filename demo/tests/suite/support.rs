//! A served cluster for a test, and clients for it.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use brink_demo::{
    api::Cluster,
    io::{Machine, Served, Settings, serve},
    world::{Bundle, Wish, World},
};
use kube::{
    Client,
    client::Body,
    config::{Config, KubeConfigOptions, Kubeconfig},
};
use serde_json::Value;

/// A cluster on loopback; it ends with the test.
pub struct Demo {
    pub served: Served,
    _dir: tempfile::TempDir,
}

/// Serves an empty cluster.
pub async fn demo() -> Demo {
    served(Cluster::new(1, begin())).await
}

/// When the clusters of this suite begin.
pub fn begin() -> jiff::Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

/// Serves a world in which one pod runs and says nothing.
pub async fn living() -> Demo {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: quiet, namespace: default}\nspec:\n  containers: [{name: quiet, image: quiet:1}]\n";
    let bundle = Bundle {
        name: "quiet".to_owned(),
        path: "quiet.yaml".to_owned(),
        text: "world: quiet\nmanifests: [pod.yaml]\nnodes: 1\n".to_owned(),
        manifests: vec![("quiet/pod.yaml".to_owned(), pod.to_owned())],
        rules: None,
    };
    let world = World::new(&Wish { bundle, pods: None, seed: 1, now: begin() }).unwrap();
    served(world).await
}

/// Serves a world. A runtime of several threads must be running: kubectl is waited for on one of them.
pub async fn served(machine: impl Machine) -> Demo {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings {
        address: ([127, 0, 0, 1], 0).into(),
        rate: 1.0,
        begin: begin(),
        kubeconfig: dir.path().join("kubeconfig"),
        seed: 1,
        name: "demo".to_owned(),
    };
    Demo { served: serve(machine, settings).await.unwrap(), _dir: dir }
}

/// A client as the user of a context.
pub async fn client(kubeconfig: &Path, context: &str) -> Client {
    let options = KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
    let mut config =
        Config::from_custom_kubeconfig(Kubeconfig::read_from(kubeconfig).unwrap(), &options).await.unwrap();
    // A refusal is an answer: 429 is what a budget says.
    config.default_retry = false;
    Client::try_from(config).unwrap()
}

/// An answer that goes on for so long goes on for ever.
const ANSWERED: std::time::Duration = std::time::Duration::from_mins(1);

/// Sends anything; the code and the body, JSON where it is.
pub async fn send(client: &Client, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Value) {
    let (code, _, body) = reply(client, method, path, headers, body).await;
    (code, body)
}

/// The same, with the warnings in between. Lines of JSON, as a watch sends them, are a list.
pub async fn reply(
    client: &Client,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (u16, Vec<String>, Value) {
    let mut request = http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = tokio::time::timeout(ANSWERED, client.send(request.body(Body::from(body.to_vec())).unwrap()));
    let answer = answer.await.unwrap_or_else(|_| panic!("{method} {path} has no answer")).unwrap();
    let code = answer.status().as_u16();
    let warnings = answer.headers().get_all("warning").iter().map(|one| one.to_str().unwrap().to_owned()).collect();
    let bytes = tokio::time::timeout(ANSWERED, answer.into_body().collect_bytes());
    // What was cut has said all that it will say.
    let bytes = bytes.await.unwrap_or_else(|_| panic!("{method} {path} does not end")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let body = if text.is_empty() {
        Value::String(text)
    } else if let Ok(body) = serde_json::from_str(&text) {
        body
    } else {
        let lines: Result<Vec<Value>, _> = text.lines().map(serde_json::from_str).collect();
        lines.map_or_else(|_| Value::String(text.clone()), Value::Array)
    };
    (code, warnings, body)
}

/// A program of the test cluster, or `None` where it is not built; in CI that is an error.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("BRINK_E2E_BIN_DIR").map(|dir| PathBuf::from(dir).join(name));
    if let Some(path) = path.filter(|path| path.exists()) {
        return Some(path);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "BRINK_E2E_BIN_DIR has no {name}: tests/cluster/build makes it"
    );
    println!("skipped: no {name} in BRINK_E2E_BIN_DIR; tests/cluster/build makes it");
    None
}

impl Demo {
    /// Runs kubectl with something on its standard input.
    pub fn run(&self, kubectl: &Path, words: &[&str], input: &str) -> Output {
        let mut child = Command::new(kubectl)
            .arg("--kubeconfig")
            .arg(&self.served.kubeconfig)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// The same; it must succeed.
    pub fn kubectl(&self, kubectl: &Path, words: &[&str], input: &str) -> String {
        let output = self.run(kubectl, words, input);
        assert!(output.status.success(), "kubectl {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same; it must fail, and this is why.
    pub fn refused(&self, kubectl: &Path, words: &[&str], input: &str) -> String {
        let output = self.run(kubectl, words, input);
        assert!(!output.status.success(), "kubectl {words:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }
}
