//! `KIND TARGET --set K=V`: an intent from the command line.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{
    catalogue::{self, WrongIntent, did_you_mean},
    file::Defaults,
    intent::{Driver, Fault, Scope, Target},
    known,
};

/// What the command line says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Words {
    /// The fault kind.
    pub kind: String,
    /// `service/N`, `route/N`, `KIND/N`, `node/N`, `zone/N`; `None` with a selector.
    pub target: Option<String>,
    /// `-l key=value,…`.
    pub selector: Option<String>,
    /// Each `--set`.
    pub set: Vec<String>,
    /// `--duration`.
    pub duration: Option<Duration>,
    /// `--lease`.
    pub lease: Option<Duration>,
    /// `--driver`.
    pub driver: Option<String>,
}

fn wrong(field: &str, why: impl Into<String>, fix: impl Into<String>) -> WrongIntent {
    WrongIntent { field: field.to_owned(), why: why.into(), fix: fix.into() }
}

/// The intent of a command line. Values are checked by the catalogue later.
pub fn fault(words: &Words, namespace: &str) -> Result<Fault, WrongIntent> {
    let kind = catalogue::kind(&words.kind)?;
    let target = match (&words.target, &words.selector) {
        (Some(text), None) => target(text)?,
        (None, Some(text)) => Target::Selector(selector(text)?),
        (Some(_), Some(_)) => return Err(wrong("target", "a target and a selector are given", "give one of them")),
        (None, None) => {
            let examples: Vec<String> = catalogue::row(kind).targets.iter().map(|one| one.example()).collect();
            return Err(wrong("target", "no target is given", format!("aim it at {}", examples.join(", "))));
        }
    };
    let mut params = BTreeMap::new();
    let mut scope = Scope::default();
    for text in &words.set {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| wrong("--set", format!("`{text}` is not K=V"), "write --set delay=1s"))?;
        match key.strip_prefix("scope.") {
            Some("from") => scope.from = Some(value.to_owned()),
            Some("path") => scope.path = Some(value.to_owned()),
            Some(rest) => match rest.strip_prefix("headers.") {
                Some(header) if !header.is_empty() => {
                    scope.headers.insert(header.to_owned(), value.to_owned());
                }
                _ => {
                    return Err(wrong(
                        &format!("scope.{rest}"),
                        "there is no such scope",
                        did_you_mean(rest, ["from", "path", "headers.NAME"]),
                    ));
                }
            },
            None => {
                if params.insert(key.to_owned(), Value::String(value.to_owned())).is_some() {
                    return Err(wrong(&format!("params.{key}"), "it is set twice", "set it once"));
                }
            }
        }
    }
    let driver: Option<Driver> = words.driver.as_deref().map(catalogue::driver).transpose()?;
    let (duration, lease) = Defaults::of(namespace).times(words.duration, words.lease);
    Ok(Fault {
        name: String::new(),
        namespace: namespace.to_owned(),
        kind,
        target,
        params,
        scope,
        ramp: Vec::new(),
        abort_when: Vec::new(),
        duration,
        lease,
        driver,
        manifests: Vec::new(),
    })
}

/// Reads `service/N`, `route/N`, `node/N`, `zone/N`, `host/N` or `KIND/N`.
pub fn target(text: &str) -> Result<Target, WrongIntent> {
    let (kind, name) =
        text.split_once('/').filter(|(kind, name)| !kind.is_empty() && !name.is_empty()).ok_or_else(|| {
            wrong(
                "target",
                format!("`{text}` is not KIND/NAME"),
                "write service/reviews, route/my-route or deployment/web",
            )
        })?;
    if !catalogue::param::is_name(name) {
        return Err(wrong("target", format!("`{name}` is not a name Kubernetes knows"), "use the object's exact name"));
    }
    let name = name.to_owned();
    Ok(match kind.to_lowercase().as_str() {
        "service" | "services" | "svc" => Target::Service(name),
        "route" | "httproute" | "httproutes" => Target::Route(name),
        "node" | "nodes" | "no" => Target::Node(name),
        "zone" => Target::Zone(name),
        "host" => Target::Host(name),
        _ => {
            let Some(kind) = known::workload(kind) else {
                let known = ["service", "route", "node", "zone", "host"].into_iter().chain(known::WORKLOAD_WORDS);
                return Err(wrong("target", format!("`{kind}` is not a kind of target"), did_you_mean(kind, known)));
            };
            Target::Workload { kind: kind.kind, name }
        }
    })
}

/// Reads `key=value,key=value`; other operators have no place in a selector that is written into objects.
pub fn selector(text: &str) -> Result<BTreeMap<String, String>, WrongIntent> {
    text.split(',')
        .map(|pair| {
            let pair = pair.trim();
            pair.split_once("==")
                .or_else(|| pair.split_once('='))
                .filter(|(key, value)| !key.is_empty() && !key.ends_with('!') && !value.is_empty())
                .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
                .ok_or_else(|| {
                    wrong("selector", format!("`{pair}` is not key=value"), "write -l app=reviews (only equality)")
                })
        })
        .collect()
}
