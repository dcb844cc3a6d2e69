//! What the kinds that disturb name resolution have in common: their patterns, and the object that acts on them.

use serde_json::json;

use super::{
    CompileError,
    chaos_mesh::{self, Chaos},
    hit,
    native::HowMany,
};
use crate::fault::{
    catalogue::{Compile, Deed, DriverRow, ParamType, Wanted, WrongIntent},
    intent::Fault,
    plan::Plan,
};

/// Patterns of names.
pub const PATTERNS: ParamType =
    ParamType::Text("names separated by commas; `*` at the end stands for any rest, `?` for any letter");

/// The patterns, one by one.
pub fn patterns(deed: &Deed) -> Vec<String> {
    let text = deed.given_text("patterns").unwrap_or_default();
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// The engine's DNS server knows `*` at the end alone.
pub fn checks(_: &Fault, deed: &Deed) -> Vec<WrongIntent> {
    let wrong = |why: String| vec![WrongIntent::new("params.patterns", why, PATTERNS.range())];
    let all = patterns(deed);
    if deed.given_text("patterns").is_some() && all.is_empty() {
        return wrong("there is no name in it".to_owned());
    }
    let fits = |one: &str| {
        let stem = one.strip_suffix('*').unwrap_or(one);
        stem.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '?'))
    };
    all.iter().find(|one| !fits(one)).map_or_else(Vec::new, |one| wrong(format!("`{one}` is no pattern")))
}

/// By a DNSChaos.
pub const fn by(compile: Compile) -> DriverRow {
    chaos_mesh::by(
        "DNSChaos",
        "a DNSChaos of our own (the pods ask the DNS server of Chaos Mesh), under a fuse",
        compile,
    )
}

/// All look-ups of the names are answered by an action of the engine; `verb` says what that is, `then` what becomes of the calls.
pub fn compile(wanted: &Wanted<'_>, action: &str, verb: &str, then: &str) -> Result<Plan, CompileError> {
    let patterns = patterns(wanted.deed);
    let hit = hit::choose(wanted, HowMany::Percent(100.0))?;
    let spec = json!({
        "action": action, "patterns": patterns, "containerNames": [chaos_mesh::container(&hit.pods, None)?],
    });
    let chaos = Chaos::new("DNSChaos", spec, format!("{verb} look-ups of {} in {{}}", patterns.join(", ")));
    let predicts =
        vec![then.to_owned(), "connections that stand, and names that are cached, go on for a while".to_owned()];
    chaos_mesh::compile(wanted, Chaos { predicts, ..chaos })
}
