//! What rows of any kind keep of `metadata`, with the texts that many of them have kept once.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    intern::Shared,
    lite::{OwnerReference, Text},
    pods::{Labels, Owner},
};
use crate::base::sanitize;

/// Texts, owners and labels that the rows of one watch share.
#[derive(Debug, Clone, Default)]
pub struct SharedMeta {
    texts: Shared<str>,
    owners: Shared<Owner>,
    labels: Shared<[(Arc<str>, Arc<str>)]>,
}

impl SharedMeta {
    /// A text, sanitised.
    pub fn text(&mut self, text: &str) -> Arc<str> {
        self.texts.get(&sanitize::line(text))
    }

    /// Labels, sorted by key.
    pub fn labels(&mut self, labels: &BTreeMap<Text<'_>, Text<'_>>) -> Labels {
        let pairs: Vec<(Arc<str>, Arc<str>)> =
            labels.iter().map(|(key, value)| (self.text(key), self.text(value))).collect();
        self.labels.get(&pairs)
    }

    /// The controlling owner.
    pub fn owner(&mut self, references: &[OwnerReference<'_>]) -> Option<Arc<Owner>> {
        let owner = references.iter().find(|owner| owner.controller)?;
        let owner = Owner { kind: self.text(&owner.kind), name: self.text(&owner.name) };
        Some(self.owners.of(owner))
    }

    /// Forgets what no row holds any more: what holds texts goes before the texts.
    pub fn sweep(&mut self) {
        self.labels.sweep();
        self.owners.sweep();
        self.texts.sweep();
    }
}
