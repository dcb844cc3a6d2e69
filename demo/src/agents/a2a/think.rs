//! What an agent is made of, read from its object; and what its model says next.

use serde_json::Value;

use crate::{
    agents::{
        behind::behind,
        site::Site,
        tools::{self, Server, Tool},
    },
    base::value::{at, list, text},
    model::{Conversation, Reply, Rules, Turn, reply},
    store::Store,
};

/// An agent.
#[derive(Debug, Clone)]
pub struct Mind {
    system: String,
    tools: Vec<&'static Tool>,
    approved: Vec<String>,
}

impl Mind {
    /// Reads an Agent: the tools it names, and which of them a person must approve.
    pub fn of(agent: &Value) -> Self {
        let all = list(agent, &["spec", "declarative", "tools"]).iter();
        let servers: Vec<&Value> = all.map(|one| at(one, &["mcpServer"])).filter(|one| one.is_object()).collect();
        let words = |field: &'static str| {
            servers.iter().flat_map(move |server| list(server, &[field])).filter_map(Value::as_str)
        };
        let tools = words("toolNames").filter_map(tools::named).filter(|tool| tool.server == Server::Kagent).collect();
        let approved = words("requireApproval").map(str::to_owned).collect();
        Self { system: text(agent, &["spec", "declarative", "systemMessage"]).to_owned(), tools, approved }
    }

    /// Whether it has a tool.
    pub fn has(&self, tool: &str) -> bool {
        self.tools.iter().any(|one| one.name == tool)
    }

    /// Whether a person must approve a call.
    pub fn asks(&self, tool: &str) -> bool {
        self.approved.iter().any(|one| one == tool)
    }

    /// What its model says next.
    pub fn reply(&self, rules: &Rules, turns: &[Turn]) -> Reply {
        let offered = self.tools.iter();
        let conversation = Conversation {
            model: "scripted".to_owned(),
            system: self.system.clone(),
            tools: offered
                .map(|tool| crate::model::Offered { name: tool.name.to_owned(), schema: tool.schema() })
                .collect(),
            turns: turns.to_vec(),
            ..Conversation::default()
        };
        reply(rules, &conversation)
    }
}

/// An Agent that there is.
pub fn agent(store: &Store, namespace: &str, name: &str) -> Option<std::sync::Arc<Value>> {
    let kind = store.find("kagent.dev", "agents")?;
    store.get(kind, namespace, name).map(|found| found.tree())
}

/// Why an agent cannot be reached, if it cannot.
pub fn unreachable(store: &Store, namespace: &str, name: &str) -> Option<String> {
    behind(store, namespace, name).err().map(|why| format!("agent {namespace}/{name} cannot be reached: {why}"))
}

/// The account that the tools of an agent use, and why they cannot be reached, if they cannot: both told by the RemoteMCPServer
/// that the agent names first.
pub fn account(site: &dyn Site, namespace: &str, agent: &Value) -> Result<String, String> {
    let servers = list(agent, &["spec", "declarative", "tools"]).iter();
    let name = servers.map(|one| text(one, &["mcpServer", "name"])).find(|name| !name.is_empty());
    let name = name.ok_or("this agent has no tools")?;
    let store = site.store();
    let kind = store.find("kagent.dev", "remotemcpservers");
    let found = kind.and_then(|kind| store.get(kind, namespace, name)).map(|found| found.tree());
    let found = found.ok_or_else(|| format!("RemoteMCPServer {name:?} not found"))?;
    let url = text(&found, &["spec", "url"]);
    let host = url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', ':']).next().unwrap_or_default();
    let mut parts = host.split('.');
    let service = parts.next().unwrap_or_default();
    let home = parts.next().unwrap_or(namespace);
    behind(store, home, service).map_err(|why| format!("{url}: {why}"))?;
    Ok(format!("system:serviceaccount:{home}:{service}"))
}
