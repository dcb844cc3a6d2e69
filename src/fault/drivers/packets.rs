//! What the kinds that disturb packets have in common: netem on what the pods send.

use serde_json::json;

use super::{
    CompileError,
    chaos_mesh::{self, Chaos},
};
use crate::fault::{
    catalogue::{Compile, DriverRow, Wanted},
    plan::Plan,
};

/// By a NetworkChaos that delays, loses or damages.
pub const fn by(compile: Compile) -> DriverRow {
    chaos_mesh::by("NetworkChaos", "a NetworkChaos of our own (netem on what the pods send), under a fuse", compile)
}

/// A share of the packets meets an action of the engine; `verb` says what that is, `then` what becomes of the requests.
pub fn share(wanted: &Wanted<'_>, action: &str, verb: &str, then: &str) -> Result<Plan, CompileError> {
    let percent = wanted.deed.number("percent")?;
    let mut part = json!({});
    part[action] = json!(percent.to_string());
    part["correlation"] = json!("0");
    let mut spec = json!({"action": action, "direction": "to"});
    spec[action] = part;
    let chaos = Chaos::new("NetworkChaos", spec, format!("{verb} {percent} % of the packets that {{}} send"));
    chaos_mesh::compile(wanted, Chaos { predicts: vec![then.to_owned()], ..chaos })
}
