//! Who owns what after a write: plain writes take what they change; an applied configuration claims what it says, is refused where
//! others own it, and takes back what it said before and says no more.

use serde_json::Value;

use super::{
    fieldset::{FieldSet, shown},
    managers::{Entry, Managers, Writer},
    merge,
    owned::{self, Comparison},
    shape::Shape,
    step::Step,
    typed,
};

/// Metadata that the server alone writes has no owner, and neither have the names of the kind.
const UNOWNED: [&[&str]; 12] = [
    &["apiVersion"],
    &["kind"],
    &["metadata"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "creationTimestamp"],
    &["metadata", "selfLink"],
    &["metadata", "uid"],
    &["metadata", "clusterName"],
    &["metadata", "generation"],
    &["metadata", "managedFields"],
    &["metadata", "resourceVersion"],
];

/// One way of writing one kind.
#[derive(Debug, Clone)]
pub struct Way<'a> {
    /// What is known of the kind.
    pub shape: Shape<'a>,
    /// Fields that this way cannot write, and so cannot own.
    pub reset: FieldSet,
    /// Who writes.
    pub writer: Writer,
    /// When, as the API writes it.
    pub time: &'a str,
}

impl Way<'_> {
    fn is_custom(&self) -> bool {
        matches!(self.shape, Shape::Known(node) if node.is_custom())
    }
}

/// One field that somebody else owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Who.
    pub writer: Writer,
    /// Which, as messages show it.
    pub field: String,
    path: Vec<Step>,
}

/// Why a configuration is not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It is not of its kind.
    Untyped(String),
    /// Others own some of it and have it otherwise.
    Conflicts(Vec<Conflict>),
}

/// What came of an applied configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The object; `None` where it is as it was.
    pub object: Option<Value>,
    /// Who owns what.
    pub managers: Managers,
}

/// What a way of writing changes.
pub fn found(old: &Value, new: &Value, way: &Way<'_>) -> Comparison {
    owned::compare(old, new, way.shape).without(&way.reset)
}

/// Notes a plain write: what it changed is the writer's, what it took away is nobody's.
pub fn note(managers: &mut Managers, found: Comparison, way: &Way<'_>) {
    let Comparison { added, changed, removed } = found;
    let taken = added.union(changed);
    let gone = taken.clone().union(removed);
    for entry in &mut managers.0 {
        // The schema of a built-in kind is what it was.
        if way.is_custom() {
            entry.fields = owned::settled(&entry.fields, way.shape);
        }
        entry.fields = entry.fields.difference(&gone);
    }
    let mine = taken.difference(&FieldSet::of_names(&UNOWNED));
    if !mine.is_empty() {
        let before = managers.of(&way.writer).map(|entry| entry.fields.clone()).unwrap_or_default();
        managers.set(Entry { writer: way.writer.clone(), time: Some(way.time.to_owned()), fields: before.union(mine) });
    }
    managers.tidy();
    managers.fold();
}

/// Applies a configuration to a live object, which may be one that is not there yet.
pub fn apply(
    managers: &Managers,
    live: &Value,
    config: &Value,
    way: &Way<'_>,
    force: bool,
) -> Result<Applied, Refused> {
    if let Some(wrong) = typed::check(config, way.shape) {
        return Err(Refused::Untyped(wrong));
    }
    let mut managers = managers.clone();
    for entry in &mut managers.0 {
        entry.fields = owned::settled(&entry.fields, way.shape);
    }
    let before = managers.of(&way.writer).cloned();
    let said = owned::fields(config, way.shape).without(&way.reset);
    managers.set(Entry {
        writer: way.writer.clone(),
        time: before.as_ref().and_then(|entry| entry.time.clone()),
        fields: said,
    });
    let merged = merge::merge(live, config, way.shape);
    let object = match &before {
        Some(before) if !before.fields.is_empty() => prune(&merged, &before.fields, &managers, way.shape),
        _ => merged,
    };
    let found = owned::compare(live, &object, way.shape).without(&way.reset);
    let taken = found.added.union(found.changed);
    let mut conflicts = Vec::new();
    for entry in managers.0.iter_mut().filter(|entry| !entry.writer.is(&way.writer)) {
        for path in entry.fields.intersection(&taken).paths() {
            conflicts.push(Conflict { writer: entry.writer.clone(), field: shown(&path), path });
        }
        entry.fields = entry.fields.difference(&taken).difference(&found.removed);
    }
    if !force && !conflicts.is_empty() {
        return Err(Refused::Conflicts(conflicts));
    }
    let same = object == *live;
    if let Some(entry) = managers.0.iter_mut().find(|entry| entry.writer.is(&way.writer)) {
        entry.writer = way.writer.clone();
        entry.fields = entry.fields.difference(&FieldSet::of_names(&UNOWNED));
        if !same {
            entry.time = Some(way.time.to_owned());
        }
    }
    managers.tidy();
    Ok(Applied { object: (!same).then_some(object), managers })
}

/// Takes out what the manager said before, says no more, and nobody else owns.
fn prune(merged: &Value, before: &FieldSet, managers: &Managers, shape: Shape<'_>) -> Value {
    let wide = |set: &FieldSet| owned::with_named(set, shape);
    let gone = |set: &FieldSet| merge::remove(merged, set, shape).unwrap_or_default();
    let last = wide(before);
    let all = wide(&owned::fields(merged, shape));
    let without = wide(&owned::fields(&gone(&last), shape));
    let claimed = managers.0.iter().fold(FieldSet::default(), |all, entry| all.union(entry.fields.clone()));
    // What somebody owns comes back, with all that leads to it.
    let kept = gone(&all.difference(&without.union(wide(&claimed))));
    // What was in something removed, and never was the manager's, comes back too.
    let without = wide(&owned::fields(&kept, shape));
    gone(&all.difference(&without).intersection(&last))
}

/// The conflicts that stay when a client's own last applied configuration, which it wrote by plain updates before, is the object's.
pub fn beyond(conflicts: Vec<Conflict>, last: &Value, live: &Value, shape: Shape<'_>) -> Vec<Conflict> {
    if typed::check(last, shape).is_some() {
        return conflicts;
    }
    let differs = owned::compare(last, live, shape);
    let mine =
        owned::fields(last, shape).difference(&differs.changed).difference(&differs.added).difference(&differs.removed);
    conflicts.into_iter().filter(|conflict| !mine.has(&conflict.path)).collect()
}

#[cfg(test)]
mod tests;
