//! An intent as values that are all there and in range: what a driver compiles.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value};
use thiserror::Error;

use super::{Param, ScopeType, did_you_mean, row};
use crate::{
    base::span,
    fault::intent::{Fault, Target},
};

/// The parameter that a ramp raises.
pub const PERCENT: &str = "percent";
/// Most levels of a ramp, and how long each must stand so that somebody sees what it does.
const MOST_LEVELS: u32 = 10;
const SHORTEST_LEVEL: Duration = Duration::from_secs(5);

/// The values of an intent in their normal form, defaults filled in. Each kind's file knows which there are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Deed(BTreeMap<&'static str, Value>);

impl Deed {
    /// All values by name.
    pub fn values(&self) -> &BTreeMap<&'static str, Value> {
        &self.0
    }

    /// A span.
    pub fn span(&self, name: &str) -> Result<Duration, WrongIntent> {
        self.read(name, |value| span::parse(value.as_str()?).ok())
    }

    /// A number, such as a share in per cent.
    pub fn number(&self, name: &str) -> Result<f64, WrongIntent> {
        self.read(name, Value::as_f64)
    }

    /// A whole number.
    pub fn whole(&self, name: &str) -> Result<u32, WrongIntent> {
        self.read(name, |value| value.as_u64().and_then(|number| u32::try_from(number).ok()))
    }

    /// true or false.
    pub fn flag(&self, name: &str) -> Result<bool, WrongIntent> {
        self.read(name, Value::as_bool)
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<&str, WrongIntent> {
        self.given_text(name).ok_or_else(|| absent(name))
    }

    /// A text that may be absent.
    pub fn given_text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A whole number that may be absent.
    pub fn given_whole(&self, name: &str) -> Option<u32> {
        self.0.get(name).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok())
    }

    /// Values by name, such as weights.
    pub fn map(&self, name: &str) -> Result<Map<String, Value>, WrongIntent> {
        self.read(name, |value| value.as_object().cloned())
    }

    /// A Service and its port.
    pub fn backend(&self, name: &str) -> Result<Backend, WrongIntent> {
        let text = self.text(name)?;
        let (service, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
        Ok(Backend { service: service.to_owned(), port: port.and_then(|port| port.parse().ok()) })
    }

    fn read<T>(&self, name: &str, read: impl Fn(&Value) -> Option<T>) -> Result<T, WrongIntent> {
        self.0.get(name).and_then(read).ok_or_else(|| absent(name))
    }
}

/// The row promises a value that is not there: said like any other missing value, instead of a panic.
fn absent(name: &str) -> WrongIntent {
    WrongIntent::new(&format!("params.{name}"), format!("`{name}` is needed"), format!("give `{name}`"))
}

/// A Service of the fault's namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// Its name.
    pub service: String,
    /// Its port; `None` = its only or first one.
    pub port: Option<u16>,
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

impl WrongIntent {
    /// What is wrong with a field, and what to do.
    pub fn new(field: &str, why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { field: field.to_owned(), why: why.into(), fix: fix.into() }
    }
}

fn wrong(field: &str, why: impl Into<String>, fix: impl Into<String>) -> WrongIntent {
    WrongIntent::new(field, why, fix)
}

/// Checks a whole intent against the catalogue and gives its values; otherwise everything that is wrong.
pub fn deed(fault: &Fault) -> Result<Deed, Vec<WrongIntent>> {
    let mut all = Vec::new();
    let mut values = params(fault, &mut all);
    ramp(fault, &mut values, &mut all);
    let deed = Deed(values);
    target(fault, &mut all);
    scope(fault, &mut all);
    spans(fault, &mut all);
    driver(fault, &mut all);
    if let Some(checks) = row(fault.kind).checks {
        all.extend(checks(fault, &deed));
    }
    if all.is_empty() { Ok(deed) } else { Err(all) }
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
            Err(why) => all.push(wrong(&format!("params.{}", param.name), why, param.remedy(given))),
        }
        if let Some(other) = param.either.filter(|other| param.name < *other && fault.params.contains_key(*other)) {
            all.push(wrong(
                &format!("params.{}", param.name),
                format!("`{}` and `{other}` exclude each other", param.name),
                "give one of them",
            ));
        }
    }
    let ramped = |param: &Param| param.name == PERCENT && !fault.ramp.is_empty();
    let absent = |param: &&Param| fault.params.get(param.name).is_none_or(Value::is_null) && !ramped(param);
    for param in known.iter().filter(absent) {
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
    if !types.iter().any(|one| one.fits(&fault.target)) {
        all.push(wrong("target", format!("{} cannot be aimed at {}", fault.kind.word(), fault.target), examples()));
    }
    if matches!(&fault.target, Target::Selector(labels) if labels.is_empty()) {
        all.push(wrong("target", "an empty selector takes every pod of the namespace", examples()));
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
        let source = Param::optional("from", super::ParamType::Source, "the workload the requests come from");
        if let Err(why) = source.read(&Value::String(from.clone())) {
            all.push(wrong("scope.from", why, source.doc));
        }
    }
    if let Some(path) = fault.scope.path.as_deref().filter(|path| !path.starts_with('/')) {
        all.push(wrong("scope.path", format!("`{path}` is not a path"), "begin it with `/`"));
    }
}

/// A ramp rises, and ends where `percent` would stand.
fn ramp(fault: &Fault, values: &mut BTreeMap<&'static str, Value>, all: &mut Vec<WrongIntent>) {
    let Some(last) = fault.ramp.last().copied() else { return };
    let Some(param) = row(fault.kind).params.iter().find(|param| param.name == PERCENT && param.either.is_none())
    else {
        all.push(wrong("ramp", format!("{} has no `percent` that could rise", fault.kind.word()), "leave `ramp` out"));
        return;
    };
    let given = fault.params.get(PERCENT).filter(|given| !given.is_null());
    if given.is_some_and(|given| param.read(given).ok().and_then(|value| value.as_f64()) != Some(f64::from(last))) {
        let why = format!("`percent` is given beside a ramp that ends at {last} %");
        all.push(wrong("params.percent", why, "leave `percent` out: the last level of the ramp stays"));
    }
    if !fault.ramp.is_sorted_by(|one, next| one < next) {
        all.push(wrong("ramp", "its levels do not rise", "write them from small to large, such as [10, 25, 50]"));
    }
    let levels = u32::try_from(fault.ramp.len()).unwrap_or(u32::MAX);
    if levels > MOST_LEVELS {
        all.push(wrong("ramp", format!("{levels} levels are too many"), format!("give {MOST_LEVELS} at most")));
    } else if fault.duration / levels < SHORTEST_LEVEL {
        let needed = span::format(SHORTEST_LEVEL * levels);
        let why = format!("each of {levels} levels would stand for {}", span::format(fault.duration / levels));
        all.push(wrong("duration", why, format!("give a duration of {needed} at least, or fewer levels")));
    }
    values.insert(param.name, Value::from(last));
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
