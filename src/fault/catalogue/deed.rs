//! An intent as typed values: what a driver compiles.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use thiserror::Error;

use super::{Param, ScopeType, TargetType, did_you_mean, row};
use crate::{
    base::span,
    fault::intent::{Fault, FaultKind, Target},
    fault::known,
};

/// What is to be done, with every value present and in range.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Requests wait.
    HttpDelay {
        /// How long.
        delay: Duration,
        /// Which share, above 0 and up to 100.
        percent: f64,
    },
    /// Requests fail.
    HttpAbort {
        /// How.
        with: AbortWith,
        /// Which share, above 0 and up to 100.
        percent: f64,
    },
    /// Requests are refused.
    AuthzDeny {
        /// Only those of this source.
        from: Option<String>,
    },
    /// A second route takes the same match.
    RouteConflict {
        /// Where it sends requests.
        backend: Backend,
        /// Make the first route younger.
        recreate: bool,
    },
    /// Another number of replicas.
    Scale {
        /// How many.
        replicas: u32,
    },
    /// Pods are evicted.
    PodKill {
        /// How many.
        how_many: HowMany,
    },
    /// Any YAML.
    Manifest,
}

/// What a failed request is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbortWith {
    /// An HTTP status.
    Http(u16),
    /// A gRPC status code.
    Grpc(u8),
}

/// A Service of the fault's namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// Its name.
    pub service: String,
    /// Its port; `None` = its only or first one.
    pub port: Option<u16>,
}

/// How many of a set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HowMany {
    /// This many.
    Count(u32),
    /// This share, above 0 and up to 100.
    Percent(f64),
}

impl HowMany {
    /// How many of `all`: shares are rounded down, to one at least.
    pub fn of(self, all: usize) -> usize {
        match self {
            Self::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Self::Percent(percent) => {
                // Compared instead of cast: a share of a few thousand pods is exact in f64 anyway.
                (1..=all).rev().find(|n| whole(*n) <= whole(all) * percent / 100.0).unwrap_or(1).min(all.max(1))
            }
        }
    }
}

fn whole(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

/// A value of an intent that does not fit, with the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {why}; {fix}")]
pub struct WrongIntent {
    /// Which field: `kind`, `target`, `params.delay`, `scope.from`, `lease`.
    pub field: String,
    /// What is wrong.
    pub why: String,
    /// What to do.
    pub fix: String,
}

fn wrong(field: &str, why: impl Into<String>, fix: impl Into<String>) -> WrongIntent {
    WrongIntent { field: field.to_owned(), why: why.into(), fix: fix.into() }
}

/// Checks a whole intent against the catalogue and gives its typed values; otherwise everything that is wrong.
pub fn deed(fault: &Fault) -> Result<Deed, Vec<WrongIntent>> {
    let mut all = Vec::new();
    let values = params(fault, &mut all);
    target(fault, &mut all);
    scope(fault, &mut all);
    spans(fault, &mut all);
    driver(fault, &mut all);
    if !all.is_empty() {
        return Err(all);
    }
    typed(fault, &values)
        .ok_or_else(|| vec![wrong("params", "the parameters do not fit together", "change one of them")])
}

/// Reads every parameter into its normal form, defaults filled in.
fn params(fault: &Fault, all: &mut Vec<WrongIntent>) -> BTreeMap<&'static str, Value> {
    let known = row(fault.kind).params;
    let mut values = BTreeMap::new();
    for name in fault.params.keys().filter(|name| !known.iter().any(|param| param.name == name.as_str())) {
        all.push(wrong(
            &format!("params.{name}"),
            format!("{} has no parameter `{name}`", fault.kind.word()),
            did_you_mean(name, known.iter().map(|param| param.name)),
        ));
    }
    for param in known {
        let Some(given) = fault.params.get(param.name).filter(|value| !value.is_null()) else {
            continue;
        };
        match param.read(given) {
            Ok(value) => {
                values.insert(param.name, value);
            }
            Err(why) => all.push(wrong(&format!("params.{}", param.name), why, param.doc)),
        }
        if let Some(other) = param.either.filter(|other| param.name < *other && fault.params.contains_key(*other)) {
            all.push(wrong(
                &format!("params.{}", param.name),
                format!("`{}` and `{other}` exclude each other", param.name),
                "give one of them",
            ));
        }
    }
    for param in known.iter().filter(|param| fault.params.get(param.name).is_none_or(Value::is_null)) {
        if param.either.is_some_and(|other| fault.params.contains_key(other)) {
            continue;
        }
        if let Some(default) = param.default {
            if let Ok(value) = param.read(&Value::String(default.to_owned())) {
                values.insert(param.name, value);
            }
        } else if param.required {
            all.push(missing(param));
        } else if let Some(other) = param.either.filter(|other| param.name < *other)
            && !known.iter().any(|param| param.name == other && param.default.is_some())
        {
            all.push(wrong(
                &format!("params.{}", param.name),
                format!("`{}` or `{other}` is needed", param.name),
                format!("give one of them: {}", param.kind.range()),
            ));
        }
    }
    values
}

fn missing(param: &Param) -> WrongIntent {
    wrong(
        &format!("params.{}", param.name),
        format!("`{}` is needed: {}", param.name, param.doc),
        format!("give `{}`: {}", param.name, param.kind.range()),
    )
}

fn target(fault: &Fault, all: &mut Vec<WrongIntent>) {
    let types = row(fault.kind).targets;
    let examples = || format!("aim it at {}", types.iter().map(|one| one.example()).collect::<Vec<_>>().join(", "));
    let fits = types.iter().any(|one| match (one, &fault.target) {
        (TargetType::Service, Target::Service(_))
        | (TargetType::Route, Target::Route(_))
        | (TargetType::Selector, Target::Selector(_))
        | (TargetType::Manifest, Target::Manifest) => true,
        (TargetType::Workload(kinds), Target::Workload { kind, .. }) => {
            known::workload(kind).is_some_and(|known| kinds.contains(&known.kind.as_str()))
        }
        _ => false,
    });
    if !fits {
        all.push(wrong("target", format!("{} cannot be aimed at {}", fault.kind.word(), fault.target), examples()));
    }
    if matches!(&fault.target, Target::Selector(labels) if labels.is_empty()) {
        all.push(wrong("target", "an empty selector takes every pod of the namespace", examples()));
    }
    if fault.kind == FaultKind::Manifest && fault.manifests.is_empty() {
        all.push(wrong("target", "there is no object in it", "give YAML with apiVersion, kind and metadata.name"));
    }
}

fn scope(fault: &Fault, all: &mut Vec<WrongIntent>) {
    let known = row(fault.kind).scopes;
    let given = [
        (ScopeType::From, fault.scope.from.is_some()),
        (ScopeType::Headers, !fault.scope.headers.is_empty()),
        (ScopeType::Path, fault.scope.path.is_some()),
    ];
    for (one, _) in given.into_iter().filter(|(one, given)| *given && !known.contains(one)) {
        let words: Vec<&str> = known.iter().map(|one| one.word()).collect();
        all.push(wrong(
            &format!("scope.{}", one.word()),
            format!("{} cannot tell requests apart by it", fault.kind.word()),
            if words.is_empty() { "leave the scope out".to_owned() } else { format!("it knows: {}", words.join(", ")) },
        ));
    }
    if let Some(from) = &fault.scope.from {
        let source = Param {
            name: "from",
            kind: super::ParamType::Source,
            default: None,
            required: false,
            either: None,
            doc: "the workload the requests come from",
        };
        if let Err(why) = source.read(&Value::String(from.clone())) {
            all.push(wrong("scope.from", why, source.doc));
        }
    }
    if let Some(path) = fault.scope.path.as_deref().filter(|path| !path.starts_with('/')) {
        all.push(wrong("scope.path", format!("`{path}` is not a path"), "begin it with `/`"));
    }
    if !fault.ramp.is_empty() {
        all.push(wrong("ramp", "this version applies a fault at once", "leave `ramp` out and choose `percent`"));
    }
}

fn spans(fault: &Fault, all: &mut Vec<WrongIntent>) {
    if fault.duration.is_zero() {
        all.push(wrong("duration", "it is 0", "give a span such as 90s"));
    }
    if fault.lease < fault.duration {
        all.push(wrong(
            "lease",
            format!("{} is shorter than the duration {}", span::format(fault.lease), span::format(fault.duration)),
            "the lease is the safety cap: make it longer than the duration, or leave it out (duration + 30s)",
        ));
    }
}

fn driver(fault: &Fault, all: &mut Vec<WrongIntent>) {
    let drivers = row(fault.kind).drivers;
    if let Some(asked) = fault.driver.filter(|asked| !drivers.iter().any(|one| one.driver == *asked)) {
        all.push(wrong(
            "driver",
            format!("{} cannot carry out {}", asked.word(), fault.kind.word()),
            format!(
                "it can be done by: {}",
                drivers.iter().map(|one| one.driver.word()).collect::<Vec<_>>().join(", ")
            ),
        ));
    }
}

fn typed(fault: &Fault, values: &BTreeMap<&'static str, Value>) -> Option<Deed> {
    let number = |name: &str| values.get(name).and_then(Value::as_f64);
    let whole = |name: &str| values.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let text = |name: &str| values.get(name).and_then(Value::as_str);
    Some(match fault.kind {
        FaultKind::HttpDelay => {
            Deed::HttpDelay { delay: span::parse(text("delay")?).ok()?, percent: number("percent")? }
        }
        FaultKind::HttpAbort => Deed::HttpAbort {
            with: match whole("grpc_status") {
                Some(code) => AbortWith::Grpc(u8::try_from(code).ok()?),
                None => AbortWith::Http(u16::try_from(whole("status")?).ok()?),
            },
            percent: number("percent")?,
        },
        FaultKind::AuthzDeny => {
            Deed::AuthzDeny { from: text("from").map(str::to_owned).or_else(|| fault.scope.from.clone()) }
        }
        FaultKind::RouteConflict => {
            let backend = text("backend")?;
            let (service, port) = backend.split_once(':').map_or((backend, None), |(name, port)| (name, Some(port)));
            Deed::RouteConflict {
                backend: Backend { service: service.to_owned(), port: port.and_then(|port| port.parse().ok()) },
                recreate: values.get("recreate").and_then(Value::as_bool)?,
            }
        }
        FaultKind::Scale => Deed::Scale { replicas: whole("replicas")? },
        FaultKind::PodKill => Deed::PodKill {
            how_many: match whole("count") {
                Some(count) => HowMany::Count(count),
                None => HowMany::Percent(number("percent")?),
            },
        },
        FaultKind::Manifest => Deed::Manifest,
    })
}

#[cfg(test)]
mod tests {
    use super::HowMany;

    #[test]
    fn a_share_is_rounded_down_to_one_at_least() {
        assert_eq!(HowMany::Percent(50.0).of(3), 1);
        assert_eq!(HowMany::Percent(50.0).of(4), 2);
        assert_eq!(HowMany::Percent(1.0).of(3), 1);
        assert_eq!(HowMany::Percent(100.0).of(7), 7);
        assert_eq!(HowMany::Count(2).of(7), 2);
    }
}
