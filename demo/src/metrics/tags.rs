//! Names of series: a metric and its labels.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

/// A label pair.
pub type Pair = (Arc<str>, Arc<str>);

/// Labels in the order of their names. Series that are told together share all of them but one: the bound of a bucket.
#[derive(Debug, Clone)]
pub struct Labels {
    shared: Arc<[Pair]>,
    /// What a series has beside them, and where it stands among them.
    own: Option<(usize, Pair)>,
}

impl Labels {
    /// From pairs in any order.
    pub fn new(pairs: impl IntoIterator<Item = Pair>) -> Self {
        let mut pairs: Vec<Pair> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        pairs.sort();
        Self::shared(pairs.into())
    }

    /// From pairs that are in order.
    pub(super) fn shared(shared: Arc<[Pair]>) -> Self {
        Self { shared, own: None }
    }

    /// The same with a label of its own, which they have not yet.
    pub(super) fn and(shared: Arc<[Pair]>, own: Pair) -> Self {
        let place = shared.partition_point(|(name, _)| *name < own.0);
        Self { shared, own: Some((place, own)) }
    }

    /// All pairs, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Pair> {
        let place = self.own.as_ref().map_or(self.shared.len(), |(place, _)| *place);
        let (before, after) = self.shared.split_at(place);
        before.iter().chain(self.own.as_ref().map(|(_, pair)| pair)).chain(after)
    }

    /// A label's value; empty when absent.
    pub fn get(&self, label: &str) -> &str {
        if let Some((_, (name, value))) = &self.own
            && **name == *label
        {
            return value;
        }
        find(&self.shared, label)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.shared.is_empty() && self.own.is_none()
    }
}

/// A label's value among pairs that are in order; empty when absent.
pub(super) fn find<'a>(pairs: &'a [Pair], label: &str) -> &'a str {
    let found = pairs.binary_search_by(|(own, _)| (**own).cmp(label));
    found.ok().and_then(|at| pairs.get(at)).map_or("", |(_, value)| value)
}

/// Words of the store are kept once, so most that are equal are the same.
fn compare(a: &Arc<str>, b: &Arc<str>) -> Ordering {
    if Arc::ptr_eq(a, b) { Ordering::Equal } else { a.cmp(b) }
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.shared, &other.shared) && self.own == other.own {
            return Ordering::Equal;
        }
        let (mut mine, mut theirs) = (self.iter(), other.iter());
        loop {
            match (mine.next(), theirs.next()) {
                (Some(a), Some(b)) => match compare(&a.0, &b.0).then_with(|| compare(&a.1, &b.1)) {
                    Ordering::Equal => {}
                    other => return other,
                },
                (a, b) => return a.is_some().cmp(&b.is_some()),
            }
        }
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Labels {}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.iter().for_each(|pair| pair.hash(state));
    }
}

/// The name of a metric and its labels, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tags {
    /// Name; `None` after an operation.
    pub name: Option<Arc<str>>,
    /// Labels without the name; never empty values.
    pub labels: Labels,
}

impl Tags {
    /// From pairs in any order.
    pub fn new(name: Option<&str>, pairs: impl IntoIterator<Item = Pair>) -> Self {
        Self { name: name.map(Into::into), labels: Labels::new(pairs) }
    }

    /// A label's value; empty when absent.
    pub fn get(&self, label: &str) -> &str {
        if label == "__name__" {
            return self.name.as_deref().unwrap_or_default();
        }
        self.labels.get(label)
    }

    /// The same without a name.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self { name: None, labels: self.labels.clone() }
    }

    /// The same with a label set, or taken away where the value is empty. `__name__` is the name.
    #[must_use]
    pub fn with(&self, label: &str, value: &str) -> Self {
        if label == "__name__" {
            return Self { name: (!value.is_empty()).then(|| value.into()), labels: self.labels.clone() };
        }
        let others = self.labels.iter().filter(|(name, _)| **name != *label).cloned();
        Self::new(self.name.as_deref(), others.chain([(label.into(), value.into())]))
    }
}

/// As in a selector: `name{label="value", …}`.
impl fmt::Display for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_deref().unwrap_or_default())?;
        if self.labels.is_empty() && self.name.is_some() {
            return Ok(());
        }
        f.write_str("{")?;
        for (at, (name, value)) in self.labels.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{name}=\"{}\"", escaped(value))?;
        }
        f.write_str("}")
    }
}

/// A text inside quotes.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::{
        collections::hash_map::DefaultHasher,
        hash::{Hash, Hasher},
    };

    use super::{Labels, Pair};

    fn pair(name: &str, value: &str) -> Pair {
        (name.into(), value.into())
    }

    #[test]
    fn a_label_of_its_own_stands_among_the_shared_ones_as_if_it_were_one_of_them() {
        let shared = [pair("a", "1"), pair("z", "2")];
        let made = Labels::and(shared.clone().into(), pair("le", "5"));
        let plain = Labels::new([pair("z", "2"), pair("le", "5"), pair("a", "1")]);
        assert_eq!(made, plain);
        assert_eq!((made.get("le"), made.get("z"), made.get("b")), ("5", "2", ""));
        let hash = |labels: &Labels| {
            let mut hasher = DefaultHasher::new();
            labels.hash(&mut hasher);
            hasher.finish()
        };
        assert_eq!(hash(&made), hash(&plain));
        let later = Labels::and(shared.into(), pair("le", "6"));
        assert!(made < later && made < Labels::new([pair("a", "1"), pair("z", "2")]));
    }
}
