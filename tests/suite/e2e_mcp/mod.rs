//! The Model Context Protocol in both directions, over real pipes and sockets, on embedded worlds.

mod cockpit;
mod hostile;
mod serving;
mod using;

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use rmcp::{
    RoleClient,
    model::{
        CallToolRequestParams, ClientCapabilities, ContentBlock, Implementation, InitializeRequestParams,
        ProtocolVersion,
    },
    service::{ClientLifecycleMode, ClientServiceExt as _, RunningService},
};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

/// Another agent that speaks with `brink mcp`.
struct Client {
    service: RunningService<RoleClient, InitializeRequestParams>,
    _child: Child,
}

/// How it says hello.
fn modes() -> [ClientLifecycleMode; 2] {
    let preferred_versions = vec![ProtocolVersion::LATEST];
    [ClientLifecycleMode::Initialize, ClientLifecycleMode::Discover { preferred_versions }]
}

impl Client {
    /// Starts `brink WORDS… mcp` in an environment, and says hello under a name.
    async fn start(environment: &[(String, String)], words: &[String], name: &str, mode: ClientLifecycleMode) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brink"));
        command.args(words).arg("mcp").env_clear().envs(environment.iter().cloned());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let pipes = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let us = InitializeRequestParams::new(ClientCapabilities::default(), Implementation::new(name, "1"));
        let service = us.serve_with_lifecycle(pipes, mode).await.unwrap();
        Self { service, _child: child }
    }

    async fn tools(&self) -> Vec<rmcp::model::Tool> {
        self.service.list_all_tools().await.unwrap()
    }

    /// Calls a tool; its text, and whether it is what was asked for.
    async fn call(&self, tool: &str, arguments: Value) -> (String, bool) {
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments.as_object().unwrap().clone());
        let result = self.service.call_tool(params).await.unwrap();
        let text = result.content.iter().map(|block| match block {
            ContentBlock::Text(text) => text.text.clone(),
            other => panic!("no text: {other:?}"),
        });
        (text.collect(), !result.is_error.unwrap_or(false))
    }
}

/// A fault that would apply in the world of the shop.
fn delay() -> Value {
    json!({"kind": "http-delay", "target": "service/reviews", "namespace": "shop", "duration": "60s",
        "params": {"delay": "1s", "percent": 50}, "why": "shows who waits"})
}

/// The state directory of a home.
fn state(home: &Path) -> PathBuf {
    home.join(".local/state/brink")
}

/// Proposals that wait in a home.
fn waiting(home: &Path) -> Vec<PathBuf> {
    let below = |folder: PathBuf| {
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    };
    let files = below(state(home).join("inbox")).into_iter().flat_map(below);
    files.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect()
}
