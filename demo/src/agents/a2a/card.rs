//! Agent cards. One card tells both versions where the agent is: 0.3 reads `url`, 1.0 reads `supportedInterfaces`.

use serde_json::{Value, json};

use crate::base::value::{at, list, text};

/// The card of an Agent, reached at an address.
pub fn card(agent: &Value, url: &str) -> Value {
    let interface = |version: &str| json!({"url": url, "protocolBinding": "JSONRPC", "protocolVersion": version});
    let skills: Vec<Value> = list(agent, &["spec", "declarative", "a2aConfig", "skills"])
        .iter()
        .map(|skill| {
            let or = |field: &str| match at(skill, &[field]) {
                Value::Null => json!([]),
                other => other.clone(),
            };
            json!({
                "id": text(skill, &["id"]), "name": text(skill, &["name"]), "description": text(skill, &["description"]),
                "tags": or("tags"), "examples": or("examples"),
            })
        })
        .collect();
    json!({
        // As kagent names them: what a program can use as a name.
        "name": text(agent, &["metadata", "name"]).replace('-', "_"),
        "description": text(agent, &["spec", "description"]),
        "version": "",
        "protocolVersion": "0.3.0",
        "url": url,
        "preferredTransport": "JSONRPC",
        "supportedInterfaces": [interface("1.0"), interface("0.3")],
        "capabilities": {"streaming": true, "pushNotifications": false, "stateTransitionHistory": true},
        "defaultInputModes": ["text"],
        "defaultOutputModes": ["text"],
        "skills": skills,
    })
}
