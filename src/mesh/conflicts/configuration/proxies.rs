//! Who of those before means the same proxies. Proxies are the same where one selector asks for all that the other asks, or a known
//! pod fits both.
//!
//! Selectors that could meet are found by the labels they ask for and the pods they fit, so that many that have nothing in common
//! are not compared pair by pair.

use std::collections::HashMap;

use super::fitting::{Fitting, Pair, pairs};
use crate::mesh::istio::{Labels, selects};

/// Things with selectors, in the order in which they came.
pub(super) struct Before<'a, T> {
    fitting: &'a Fitting<'a>,
    /// How many selectors ask for each label.
    common: &'a HashMap<Pair<'a>, usize>,
    all: Vec<T>,
    /// Selectors in the order of their first one, each with its places in `all`.
    groups: Vec<(&'a Labels, Vec<usize>)>,
    known: HashMap<&'a Labels, usize>,
    /// Groups that select everything.
    every: Vec<usize>,
    /// Groups by the rarest label they ask for.
    rarest: HashMap<Pair<'a>, Vec<usize>>,
    /// Groups by each label they ask for.
    each: HashMap<Pair<'a>, Vec<usize>>,
    /// Groups by the sets of labels they fit.
    sets: HashMap<usize, Vec<usize>>,
}

/// How many of these selectors ask for each label.
pub(super) fn common<'a>(selectors: impl Iterator<Item = &'a Labels>) -> HashMap<Pair<'a>, usize> {
    let mut count = HashMap::new();
    selectors.flat_map(pairs).for_each(|pair| *count.entry(pair).or_default() += 1);
    count
}

impl<'a, T: Copy> Before<'a, T> {
    pub(super) fn new(fitting: &'a Fitting<'a>, common: &'a HashMap<Pair<'a>, usize>) -> Self {
        Self {
            fitting,
            common,
            all: Vec::new(),
            groups: Vec::new(),
            known: HashMap::new(),
            every: Vec::new(),
            rarest: HashMap::new(),
            each: HashMap::new(),
            sets: HashMap::new(),
        }
    }

    pub(super) fn push(&mut self, selector: &'a Labels, one: T) {
        let group = *self.known.entry(selector).or_insert_with(|| {
            self.groups.push((selector, Vec::new()));
            self.groups.len() - 1
        });
        self.groups[group].1.push(self.all.len());
        self.all.push(one);
        if self.groups[group].1.len() > 1 {
            return;
        }
        match self.rare(selector) {
            None => self.every.push(group),
            Some(pair) => {
                self.rarest.entry(pair).or_default().push(group);
                pairs(selector).for_each(|pair| self.each.entry(pair).or_default().push(group));
                self.fitting.sets(selector).into_iter().for_each(|set| self.sets.entry(set).or_default().push(group));
            }
        }
    }

    /// The first with the same proxies for which this holds.
    pub(super) fn first(&self, selector: &Labels, holds: impl Fn(&T) -> bool) -> Option<T> {
        let Some(rare) = self.rare(selector) else {
            return self.all.iter().find(|one| holds(one)).copied();
        };
        let sets = self.fitting.sets(selector);
        let mut best: Option<usize> = None;
        let mut look = |groups: Option<&Vec<usize>>| {
            for group in groups.into_iter().flatten() {
                let (other, places) = &self.groups[*group];
                if best.is_some_and(|best| places[0] >= best) {
                    // Groups stand in the order of their first.
                    return;
                }
                let wider = selects(other, selector) || selects(selector, other);
                if wider || sets.iter().any(|set| self.fitting.holds(*set, other)) {
                    let found = places.iter().copied().find(|at| holds(&self.all[*at]));
                    best = best.into_iter().chain(found).min();
                }
            }
        };
        look(Some(&self.every));
        pairs(selector).for_each(|pair| look(self.rarest.get(&pair)));
        look(self.each.get(&rare));
        for set in &sets {
            look(self.sets.get(set));
        }
        best.map(|at| self.all[at])
    }

    fn rare<'s>(&self, selector: &'s Labels) -> Option<Pair<'s>> {
        pairs(selector).min_by_key(|pair| (self.common.get(pair), *pair))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{super::ground::Pod, Before, Fitting, Labels, common, selects};

    fn labels() -> impl Strategy<Value = Labels> {
        prop::collection::btree_map("[ab]", "[xy]", 0..3)
    }

    proptest! {
        #[test]
        fn the_same_is_found_as_by_comparing_all(
            selectors in prop::collection::vec(labels(), 0..8), pods in prop::collection::vec(labels(), 0..4), odd in 0usize..3,
        ) {
            let pods = BTreeMap::from([("shop", pods.iter().map(|labels| Pod { labels, proxyless: false }).collect())]);
            let (fitting, common) = (Fitting::of(&pods), common(selectors.iter()));
            let mut before = Before::new(&fitting, &common);
            for (at, selector) in selectors.iter().enumerate() {
                let same = |other: &Labels| {
                    let both = |pod: &Pod<'_>| selects(selector, pod.labels) && selects(other, pod.labels);
                    selects(other, selector) || selects(selector, other) || pods["shop"].iter().any(both)
                };
                let holds = |at: &usize| at % 3 != odd;
                let expected = (0..at).find(|other| holds(other) && same(&selectors[*other]));
                prop_assert_eq!(before.first(selector, holds), expected);
                before.push(selector, at);
            }
        }
    }
}
