//! Which pods a selector fits, without looking at every pod for every selector: pods are found by the rarest label asked for, and
//! those that carry the same labels are one.

use std::collections::{BTreeMap, HashMap};

use super::ground::Pod;
use crate::mesh::istio::{Labels, selects};

/// A label: key and value.
pub(super) type Pair<'a> = (&'a str, &'a str);

/// The labels that a selector asks for.
pub(super) fn pairs(selector: &Labels) -> impl Iterator<Item = Pair<'_>> {
    selector.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}

/// The labels of all pods, each set of them once, by what they hold.
#[derive(Default)]
pub(super) struct Fitting<'w> {
    all: Vec<&'w Labels>,
    by: HashMap<Pair<'w>, Vec<usize>>,
}

impl<'w> Fitting<'w> {
    pub(super) fn of(pods: &BTreeMap<&str, Vec<Pod<'w>>>) -> Self {
        let mut labels: Vec<&'w Labels> = pods.values().flatten().map(|pod| pod.labels).collect();
        labels.sort_unstable();
        labels.dedup();
        let mut by: HashMap<Pair<'w>, Vec<usize>> = HashMap::new();
        for (at, one) in labels.iter().enumerate() {
            pairs(one).for_each(|pair| by.entry(pair).or_default().push(at));
        }
        Self { all: labels, by }
    }

    /// The sets of labels that a selector fits, by number.
    pub(super) fn sets(&self, selector: &Labels) -> Vec<usize> {
        let with = |pair| self.by.get(&pair).map_or(&[][..], Vec::as_slice);
        match pairs(selector).map(with).min_by_key(|list| list.len()) {
            Some(rarest) => rarest.iter().copied().filter(|set| self.holds(*set, selector)).collect(),
            None => (0..self.all.len()).collect(),
        }
    }

    /// Whether a selector fits this set of labels.
    pub(super) fn holds(&self, set: usize, selector: &Labels) -> bool {
        self.all.get(set).is_some_and(|labels| selects(selector, labels))
    }

    /// Whether it fits some pod.
    pub(super) fn any(&self, selector: &Labels) -> bool {
        !self.sets(selector).is_empty()
    }
}
