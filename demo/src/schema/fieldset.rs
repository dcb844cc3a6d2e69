//! Sets of fields: what a manager owns of an object, as `fieldsV1` writes it, and how such sets are combined.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::step::Step;

/// A set of paths. A path in it says nothing of the paths above it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSet(BTreeMap<Step, Below>);

/// What a set holds at one step. One of both is always there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Below {
    /// Whether the path up to here is in the set.
    here: bool,
    /// The paths that go on.
    under: FieldSet,
}

/// What is no `fieldsV1`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no set of fields")]
pub struct NoSet(pub String);

impl FieldSet {
    /// The set of some paths of names.
    pub fn of_names(paths: &[&[&str]]) -> Self {
        let mut set = Self::default();
        for path in paths {
            set.insert(&path.iter().map(|name| Step::field(*name)).collect::<Vec<_>>());
        }
        set
    }

    /// Adds one path. The object itself, the empty path, has no owner.
    pub fn insert(&mut self, path: &[Step]) {
        if let Some((first, rest)) = path.split_first() {
            let below = self.0.entry(first.clone()).or_default();
            if rest.is_empty() {
                below.here = true;
            } else {
                below.under.insert(rest);
            }
        }
    }

    /// Adds a step with all that goes on from it.
    pub fn put(&mut self, step: Step, here: bool, under: Self) {
        if here || !under.is_empty() {
            let below = self.0.entry(step).or_default();
            below.here |= here;
            below.under = std::mem::take(&mut below.under).union(under);
        }
    }

    /// Whether no path is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a path is in it.
    pub fn has(&self, path: &[Step]) -> bool {
        match path {
            [] => false,
            [last] => self.0.get(last).is_some_and(|below| below.here),
            [first, rest @ ..] => self.0.get(first).is_some_and(|below| below.under.has(rest)),
        }
    }

    /// Whether a single step is in it, and the paths that go on from there.
    pub fn at(&self, step: &Step) -> (bool, Option<&Self>) {
        self.0
            .get(step)
            .map_or((false, None), |below| (below.here, Some(&below.under).filter(|under| !under.is_empty())))
    }

    /// The steps it begins with: whether each is in it, and what goes on.
    pub fn steps(&self) -> impl Iterator<Item = (&Step, bool, &Self)> {
        self.0.iter().map(|(step, below)| (step, below.here, &below.under))
    }

    /// The paths of both.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        for (step, below) in other.0 {
            self.put(step, below.here, below.under);
        }
        self
    }

    /// The paths that only this one has; a path stays when only one above or below it is taken.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.combine(|step, below| {
            let (here, under) = other.at(step);
            (below.here && !here, under.map_or_else(|| below.under.clone(), |under| below.under.difference(under)))
        })
    }

    /// The paths of this one that neither are in the other nor go on from one of its.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.combine(|step, below| match other.at(step) {
            (true, _) => (false, Self::default()),
            (false, Some(under)) => (below.here, below.under.without(under)),
            (false, None) => (below.here, below.under.clone()),
        })
    }

    /// The paths that both have.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.combine(|step, below| {
            let (here, under) = other.at(step);
            (below.here && here, under.map(|under| below.under.intersection(under)).unwrap_or_default())
        })
    }

    fn combine(&self, each: impl Fn(&Step, &Below) -> (bool, Self)) -> Self {
        let mut set = Self::default();
        for (step, below) in &self.0 {
            let (here, under) = each(step, below);
            set.put(step.clone(), here, under);
        }
        set
    }

    /// All paths: at each level first those that end there.
    pub fn paths(&self) -> Vec<Vec<Step>> {
        let mut paths = Vec::new();
        self.collect(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect(&self, before: &mut Vec<Step>, into: &mut Vec<Vec<Step>>) {
        for (step, _) in self.0.iter().filter(|(_, below)| below.here) {
            into.push(before.iter().chain([step]).cloned().collect());
        }
        for (step, below) in &self.0 {
            before.push(step.clone());
            below.under.collect(before, into);
            before.pop();
        }
    }

    /// The set as `fieldsV1`.
    pub fn write(&self) -> Value {
        Value::Object(self.map())
    }

    fn map(&self) -> Map<String, Value> {
        let one = |below: &Below| {
            let mut inner = below.under.map();
            if below.here && !inner.is_empty() {
                inner.shift_insert(0, ".".to_owned(), json!({}));
            }
            Value::Object(inner)
        };
        self.0.iter().map(|(step, below)| (step.write(), one(below))).collect()
    }

    /// Reads `fieldsV1`. Kinds of steps that nobody knows yet are passed over.
    pub fn read(fields: &Value) -> Result<Self, NoSet> {
        let map = fields.as_object().ok_or_else(|| NoSet(fields.to_string()))?;
        let mut set = Self::default();
        for (name, inner) in map.iter().filter(|(name, _)| *name != ".") {
            let Some(step) = Step::read(name) else {
                if matches!(name.get(..2), Some("f:" | "k:" | "v:" | "i:")) || !name.contains(':') {
                    return Err(NoSet(name.clone()));
                }
                continue;
            };
            let under = Self::read(inner)?;
            let here = under.is_empty() || inner.get(".").is_some();
            set.put(step, here, under);
        }
        Ok(set)
    }
}

/// A path as messages show it.
pub fn shown(path: &[Step]) -> String {
    path.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{FieldSet, shown};
    use crate::schema::step::{Literal, Step};

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            "[a-c]".prop_map(Step::field),
            (0..3_i64, "[ab\"]").prop_map(|(port, name)| Step::key([
                ("port".to_owned(), json!(port)),
                ("name".to_owned(), json!(name))
            ])),
            "[a-b]".prop_map(|text| Step::Value(Literal(json!(text)))),
            (0..3_u64).prop_map(Step::Index),
        ]
    }

    fn path() -> impl Strategy<Value = Vec<Step>> {
        prop::collection::vec(step(), 1..4)
    }

    fn set() -> impl Strategy<Value = FieldSet> {
        prop::collection::vec(path(), 0..12).prop_map(|paths| {
            let mut set = FieldSet::default();
            for path in &paths {
                set.insert(path);
            }
            set
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_as_it_was(set in set()) {
            prop_assert_eq!(FieldSet::read(&set.write()).unwrap(), set.clone());
            let text = set.write().to_string();
            prop_assert_eq!(FieldSet::read(&serde_json::from_str(&text).unwrap()).unwrap(), set);
        }

        #[test]
        fn sets_are_combined_path_by_path(a in set(), b in set(), path in path()) {
            let (in_a, in_b) = (a.has(&path), b.has(&path));
            prop_assert_eq!(a.clone().union(b.clone()).has(&path), in_a || in_b);
            prop_assert_eq!(a.intersection(&b).has(&path), in_a && in_b);
            prop_assert_eq!(a.difference(&b).has(&path), in_a && !in_b);
            let above = (1..=path.len()).any(|length| b.has(&path[..length]));
            prop_assert_eq!(a.without(&b).has(&path), in_a && !above);
        }

        #[test]
        fn the_parts_make_the_whole(a in set(), b in set()) {
            prop_assert_eq!(a.difference(&b).union(a.intersection(&b)), a.clone());
            prop_assert_eq!(a.clone().union(b.clone()), b.clone().union(a.clone()));
            prop_assert_eq!(a.intersection(&b), b.intersection(&a));
            prop_assert!(a.difference(&a).is_empty());
            prop_assert!(a.difference(&b).intersection(&b).is_empty());
        }

        #[test]
        fn the_paths_of_a_set_are_the_set(a in set()) {
            let mut again = FieldSet::default();
            for path in a.paths() {
                again.insert(&path);
            }
            prop_assert!(a.paths().iter().all(|path| a.has(path)));
            prop_assert_eq!(again, a);
        }
    }

    #[test]
    fn a_set_reads_as_the_server_writes_it() {
        let fields = json!({"f:spec": {"f:ports": {".": {}, "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}}},
            "f:metadata": {"f:finalizers": {"v:\"a/b\"": {}}}});
        let set = FieldSet::read(&fields).unwrap();
        let said: Vec<String> = set.paths().iter().map(|path| shown(path)).collect();
        assert_eq!(
            said,
            [
                ".metadata.finalizers[=\"a/b\"]",
                ".spec.ports",
                ".spec.ports[port=80,protocol=\"TCP\"]",
                ".spec.ports[port=80,protocol=\"TCP\"].port",
            ]
        );
        assert!(FieldSet::read(&json!({"spec": {}})).is_err() && FieldSet::read(&json!({"k:no": {}})).is_err());
        assert!(FieldSet::read(&json!({"f:a": 1})).is_err() && FieldSet::read(&json!([])).is_err());
    }
}
