//! Marked rows as objects: what an action is about once rows are marked, and which of them the filter hides.

use super::Subject;
use crate::{base::sanitize, cluster::ObjectRef};

/// Names that are told before the rest is counted.
const TOLD: usize = 5;

/// The marked rows of a table, in its order; none where nothing is marked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marked {
    /// What is marked.
    pub subjects: Vec<Subject>,
    /// Those of them that the filter hides.
    pub hidden: Vec<ObjectRef>,
}

impl Marked {
    /// Whether nothing is marked.
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty()
    }

    /// How many are marked.
    pub fn len(&self) -> usize {
        self.subjects.len()
    }
}

impl FromIterator<(Subject, bool)> for Marked {
    fn from_iter<I: IntoIterator<Item = (Subject, bool)>>(rows: I) -> Self {
        let mut marked = Self::default();
        for (subject, shown) in rows {
            if !shown {
                marked.hidden.push(subject.object.clone());
            }
            marked.subjects.push(subject);
        }
        marked
    }
}

/// The names of objects in a sentence: a handful of them, then how many more. The namespace stands before each where they are
/// of several.
pub fn names(objects: &[ObjectRef]) -> String {
    let mut spaces: Vec<Option<&str>> = objects.iter().map(|one| one.namespace.as_deref()).collect();
    spaces.dedup();
    let name = |one: &ObjectRef| match &one.namespace {
        Some(namespace) if spaces.len() > 1 => format!("{namespace}/{}", one.name),
        _ => one.name.clone(),
    };
    let mut told: Vec<String> = objects.iter().take(TOLD).map(|one| sanitize::line(&name(one)).into_owned()).collect();
    if let Some(more) = objects.len().checked_sub(TOLD).filter(|more| *more > 0) {
        told.push(format!("{more} more"));
    }
    told.join(", ")
}

/// Objects counted by kind: `3 Deployments`, `1 DaemonSet and 2 Deployments`.
pub fn counted(objects: &[ObjectRef]) -> String {
    crate::fault::action::owned::counted_kinds(objects.iter().map(|one| one.kind.kind.as_str())).join(" and ")
}

#[cfg(test)]
mod tests {
    use super::{counted, names};
    use crate::{cluster::ObjectRef, fault::known};

    #[test]
    fn names_are_told_in_a_handful_and_by_namespace_where_there_are_several() {
        let one = |namespace: &str, name: &str| ObjectRef::new(known::deployment(), namespace, name);
        assert_eq!(names(&[one("shop", "web"), one("shop", "api")]), "web, api");
        let mut all = vec![one("shop", "web"), one("pay", "api")];
        assert_eq!(names(&all), "shop/web, pay/api");
        assert_eq!(counted(&all), "2 Deployments");
        all.extend((0..5).map(|at| ObjectRef::new(known::daemon_set(), "pay", &format!("d{at}"))));
        assert_eq!(names(&all), "shop/web, pay/api, pay/d0, pay/d1, pay/d2, 2 more");
        assert_eq!(counted(&all), "5 DaemonSets and 2 Deployments");
    }
}
