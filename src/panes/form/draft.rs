//! The form's fields and the intent they mean, in both directions.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{
    Form, Stage,
    field::{self, AUTOMATIC, OTHER, Slot, Value},
    target,
};
use crate::{
    base::span,
    fault::{
        catalogue::{self, ScopeType, WrongIntent},
        file::Defaults,
        intent::{Fault, FaultKind, Scope, Target},
    },
};

impl Form {
    /// Puts a whole intent into the fields.
    pub(super) fn fill(&mut self, fault: Fault) {
        self.at = FaultKind::ALL.iter().position(|kind| *kind == fault.kind).unwrap_or(0);
        self.fresh();
        self.stage = Stage::Fields;
        self.namespace.clone_from(&fault.namespace);
        let target = fault.target.to_string();
        let offered = self
            .fields
            .first()
            .is_some_and(|field| matches!(&field.value, Value::Choice { options, .. } if options.contains(&target)));
        if offered {
            self.set(Slot::Target, &target);
        } else if fault.kind != FaultKind::Manifest {
            self.set(Slot::Target, OTHER);
            self.offer_other_target();
            self.set(Slot::OtherTarget, &target);
        }
        for param in catalogue::row(fault.kind).params {
            if let Some(value) = fault.params.get(param.name) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                self.set(Slot::Param(param), &text);
            }
        }
        self.set(Slot::Scope(ScopeType::From), fault.scope.from.as_deref().unwrap_or_default());
        self.set(Slot::Scope(ScopeType::Path), fault.scope.path.as_deref().unwrap_or_default());
        let headers: Vec<String> = fault.scope.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.set(Slot::Scope(ScopeType::Headers), &headers.join(", "));
        self.set(Slot::Duration, &span::format(fault.duration));
        self.set(Slot::Lease, &span::format(fault.lease));
        self.set(Slot::Driver, fault.driver.map_or(AUTOMATIC, |driver| driver.word()));
        self.name = fault.name;
        self.abort_when = fault.abort_when;
        self.ramp = fault.ramp;
        self.manifests = fault.manifests;
        self.changed();
    }

    /// The intent as far as it can be read, and what cannot.
    pub(super) fn draft(&self) -> (Fault, Vec<WrongIntent>) {
        let mut wrong = Vec::new();
        let kind = self.kind();
        let mut params = BTreeMap::new();
        for field in &self.fields {
            if let Slot::Param(param) = field.slot
                && !field.content().is_empty()
            {
                params.insert(param.name.to_owned(), Json::String(field.content().to_owned()));
            }
        }
        let target = match kind {
            FaultKind::Manifest => Target::Manifest,
            _ => {
                let chosen = self.content(Slot::Target);
                let text = if chosen.is_empty() || chosen == OTHER { self.content(Slot::OtherTarget) } else { chosen };
                target::read(text).unwrap_or_else(|error| {
                    let why = if text.is_empty() { "no target is given".to_owned() } else { error.why };
                    wrong.push(WrongIntent { field: "target".to_owned(), why, fix: error.fix });
                    // Stands for the missing one while the rest is judged.
                    Target::Service(String::new())
                })
            }
        };
        let mut time = |slot: Slot| {
            let text = self.content(slot);
            if text.is_empty() {
                return None;
            }
            span::parse(text)
                .map_err(|error| {
                    wrong.push(WrongIntent {
                        field: slot.key(),
                        why: error.to_string(),
                        fix: "a number with its unit".to_owned(),
                    });
                })
                .ok()
        };
        let (duration, lease) = (time(Slot::Duration), time(Slot::Lease));
        let (duration, lease) = Defaults::of(&self.namespace).times(duration, lease);
        let scope = self.scope(&mut wrong);
        let fault = Fault {
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            kind,
            target,
            params,
            scope,
            ramp: self.ramp.clone(),
            abort_when: self.abort_when.clone(),
            duration,
            lease,
            driver: field::driver(self.content(Slot::Driver)),
            manifests: if kind == FaultKind::Manifest { self.manifests.clone() } else { Vec::new() },
        };
        (fault, wrong)
    }

    fn scope(&self, wrong: &mut Vec<WrongIntent>) -> Scope {
        let some = |slot: Slot| Some(self.content(slot).to_owned()).filter(|text| !text.is_empty());
        let mut headers = BTreeMap::new();
        for pair in self.content(Slot::Scope(ScopeType::Headers)).split(',').filter(|pair| !pair.trim().is_empty()) {
            match pair.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
                Some((name, value)) if !name.is_empty() => {
                    headers.insert(name.to_lowercase(), value.to_owned());
                }
                _ => wrong.push(WrongIntent {
                    field: "scope.headers".to_owned(),
                    why: format!("`{}` is not NAME=VALUE", pair.trim()),
                    fix: "write x-user=ana".to_owned(),
                }),
            }
        }
        Scope { from: some(Slot::Scope(ScopeType::From)), headers, path: some(Slot::Scope(ScopeType::Path)) }
    }
}
