//! What the kinds that disturb name resolution have in common: their patterns.

use crate::fault::{
    catalogue::{Deed, ParamType, WrongIntent},
    intent::Fault,
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
