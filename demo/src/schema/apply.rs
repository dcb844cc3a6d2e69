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
    for entry in &mut managers.0 {
        entry.fields = owned::settled(&entry.fields, way.shape).difference(&taken).difference(&removed);
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
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::{Applied, Managers, Refused, Way, Writer, apply, found, note};
    use crate::schema::{Node, fieldset::FieldSet, merge, owned, shape::Shape};

    const TIME: &str = "2026-01-02T03:04:05Z";

    fn document() -> Value {
        let text = json!({"type": "string"});
        json!({"components": {"schemas": {"T": {"type": "object", "properties": {
            "apiVersion": text, "kind": text,
            "metadata": {"type": "object", "properties": {"name": text,
                "labels": {"type": "object", "additionalProperties": text}}},
            "spec": {"type": "object", "properties": {
                "size": {"type": "integer"},
                "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port"],
                    "items": {"type": "object", "properties": {"port": {"type": "integer"}, "name": text}}},
                "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": text},
                "rules": {"type": "array", "items": text},
                "labels": {"type": "object", "additionalProperties": text},
                "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": text},
            }},
            "status": {"type": "object", "properties": {"phase": text}},
        }}}}})
    }

    fn way<'a>(document: &'a Value, manager: &str, applies: bool) -> Way<'a> {
        Way {
            shape: Shape::of(Node::of_component(document, "T", true)),
            reset: FieldSet::of_names(&[&["status"]]),
            writer: Writer {
                manager: manager.to_owned(),
                applies,
                version: "v1".to_owned(),
                subresource: String::new(),
            },
            time: TIME,
        }
    }

    fn object(spec: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "T", "metadata": {"name": "a"}, "spec": spec})
    }

    /// The object after an apply.
    fn after(live: &Value, applied: &Applied) -> Value {
        applied.object.clone().unwrap_or_else(|| live.clone())
    }

    #[test]
    fn a_plain_write_takes_what_it_changes() {
        let document = document();
        let first = object(&json!({"size": 1, "ports": [{"port": 80, "name": "http"}], "labels": {"app": "x"}}));
        let mut managers = Managers::default();
        let creator = way(&document, "kubectl", false);
        note(&mut managers, found(&json!({"apiVersion": "v1", "kind": "T"}), &first, &creator), &creator);
        assert_eq!(
            managers.0[0].fields.write(),
            json!({"f:spec": {".": {}, "f:labels": {".": {}, "f:app": {}}, "f:size": {},
                "f:ports": {".": {}, "k:{\"port\":80}": {".": {}, "f:name": {}, "f:port": {}}}}})
        );
        let second = object(&json!({"size": 2, "ports": [{"port": 81}], "labels": {"app": "x"}}));
        let other = way(&document, "brink", false);
        note(&mut managers, found(&first, &second, &other), &other);
        assert_eq!(
            managers.0[0].fields.write(),
            json!({"f:spec": {".": {}, "f:labels": {".": {}, "f:app": {}}, "f:ports": {}}})
        );
        assert_eq!(
            managers.0[1].fields.write(),
            json!({"f:spec": {"f:ports": {"k:{\"port\":81}": {".": {}, "f:port": {}}}, "f:size": {}}})
        );
    }

    #[test]
    fn an_apply_meets_owners_shares_with_them_and_may_force_them() {
        let document = document();
        let (one, two) = (way(&document, "one", true), way(&document, "two", true));
        let blank = json!({"apiVersion": "v1", "kind": "T"});
        let mine = object(&json!({"size": 1, "tags": ["a"], "whole": {"x": "1"}}));
        let made = apply(&Managers::default(), &blank, &mine, &one, false).unwrap();
        let live = after(&blank, &made);
        let theirs = object(&json!({"size": 2, "tags": ["b"], "whole": {"y": "1"}}));
        let Err(Refused::Conflicts(conflicts)) = apply(&made.managers, &live, &theirs, &two, false) else {
            panic!("it does not conflict")
        };
        let fields: Vec<&str> = conflicts.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, [".spec.size", ".spec.whole"]);
        let shared = apply(&made.managers, &live, &object(&json!({"size": 1})), &two, false).unwrap();
        assert_eq!((&shared.object, shared.managers.0.len()), (&None, 2));
        let forced = apply(&made.managers, &live, &theirs, &two, true).unwrap();
        let live = after(&live, &forced);
        assert_eq!(live["spec"], json!({"size": 2, "tags": ["a", "b"], "whole": {"y": "1"}}));
        assert_eq!(forced.managers.0[0].fields.write(), json!({"f:spec": {"f:tags": {"v:\"a\"": {}}}}));
        // What it said and says no more goes, unless another has it.
        let less = apply(&forced.managers, &live, &object(&json!({"size": 2})), &two, false).unwrap();
        assert_eq!(after(&live, &less)["spec"], json!({"size": 2, "tags": ["a"]}));
        let Err(Refused::Untyped(why)) = apply(&less.managers, &live, &object(&json!({"sice": 2})), &two, false) else {
            panic!("a field that is none is taken")
        };
        assert_eq!(why, ".spec.sice: field not declared in schema");
    }

    #[test]
    fn what_came_to_be_owned_as_a_whole_is_owned_as_a_whole() {
        let document = document();
        let one = way(&document, "one", true);
        let set = FieldSet::read(&json!({"f:spec": {"f:whole": {"f:x": {}}, "f:rules": {"v:\"a\"": {}}}})).unwrap();
        let settled = owned::settled(&set, one.shape);
        assert_eq!(settled.write(), json!({"f:spec": {"f:rules": {}, "f:whole": {}}}));
    }

    #[test]
    fn the_oldest_of_many_updaters_become_one() {
        let document = document();
        let mut managers = Managers::default();
        let mut old = object(&json!({}));
        for at in 0..14 {
            let mut new = old.clone();
            new["spec"]["labels"][format!("l{at:02}")] = json!("x");
            let writer = way(&document, &format!("w{at:02}"), false);
            note(&mut managers, found(&old, &new, &writer), &writer);
            old = new;
        }
        assert_eq!(managers.0.len(), 10);
        let ancient = managers.0.iter().find(|entry| entry.writer.manager == "ancient-changes").unwrap();
        assert!(ancient.fields.write()["f:spec"]["f:labels"]["f:l00"].is_object());
    }

    fn spec() -> impl Strategy<Value = Value> {
        let text = || "[ab]{1,2}";
        let ports = prop::collection::btree_map(0..4_i64, prop::option::of(text()), 0..4).prop_map(|ports| {
            let one = |(port, name): (i64, Option<String>)| match name {
                Some(name) => json!({"port": port, "name": name}),
                None => json!({"port": port}),
            };
            Value::Array(ports.into_iter().map(one).collect())
        });
        let tags = prop::collection::btree_set(text(), 0..4).prop_map(|tags| json!(tags)).prop_shuffle_list();
        let map = || prop::collection::btree_map(text(), text(), 0..3).prop_map(|map| json!(map));
        let all = (
            prop::option::of((0..3_i64).prop_map(|size| json!(size))),
            prop::option::of(ports.prop_shuffle_list()),
            prop::option::of(tags),
            prop::option::of(prop::collection::vec(text(), 0..3).prop_map(|rules| json!(rules))),
            prop::option::of(map()),
            prop::option::of(map()),
        );
        all.prop_map(|(size, ports, tags, rules, labels, whole)| {
            let fields = [
                ("size", size),
                ("ports", ports),
                ("tags", tags),
                ("rules", rules),
                ("labels", labels),
                ("whole", whole),
            ];
            let map: Map<String, Value> =
                fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
            Value::Object(map)
        })
    }

    /// Lists in any order.
    trait Shuffled: Strategy<Value = Value> + Sized {
        fn prop_shuffle_list(self) -> impl Strategy<Value = Value> {
            self.prop_flat_map(|list| {
                Just(list.as_array().cloned().unwrap_or_default()).prop_shuffle().prop_map(Value::Array)
            })
        }
    }

    impl<S: Strategy<Value = Value>> Shuffled for S {}

    proptest! {
        #[test]
        fn what_is_applied_stands_and_applying_it_again_does_nothing(live in spec(), config in spec()) {
            let document = document();
            let (writer, applier) = (way(&document, "writer", false), way(&document, "applier", true));
            let live = object(&live);
            let mut managers = Managers::default();
            note(&mut managers, found(&json!({}), &live, &writer), &writer);
            let config = object(&config);
            let first = apply(&managers, &live, &config, &applier, true).unwrap();
            let now = after(&live, &first);
            // Everything the configuration says is so.
            prop_assert_eq!(&merge::merge(&now, &config, applier.shape), &now);
            let again = apply(&first.managers, &now, &config, &applier, false).unwrap();
            prop_assert_eq!(&again.object, &None);
            prop_assert_eq!(again.managers.write(), first.managers.write());
        }

        #[test]
        fn what_one_alone_said_goes_when_it_is_silent(config in spec(), other in spec()) {
            let document = document();
            let (one, two) = (way(&document, "one", true), way(&document, "two", true));
            let blank = json!({"apiVersion": "v1", "kind": "T", "metadata": {"name": "a"}});
            let (config, other) = (object(&config), object(&other));
            let first = apply(&Managers::default(), &blank, &other, &two, false).unwrap();
            let before = after(&blank, &first);
            let second = apply(&first.managers, &before, &config, &one, true).unwrap();
            let both = after(&before, &second);
            let silent = json!({"apiVersion": "v1", "kind": "T", "metadata": {"name": "a"}});
            let third = apply(&second.managers, &both, &silent, &one, false).unwrap();
            let left = after(&both, &third);
            let had = second.managers.of(&one.writer).map(|entry| entry.fields.clone()).unwrap_or_default();
            let kept = second.managers.of(&two.writer).map(|entry| entry.fields.clone()).unwrap_or_default();
            let there = owned::fields(&left, one.shape);
            let alone = had.difference(&kept);
            // What leads to a field of the other stays with it.
            for path in alone.intersection(&there).paths() {
                prop_assert!(kept.paths().iter().any(|one| one.starts_with(&path)), "{} stays in {left}", super::shown(&path));
            }
            prop_assert!(third.managers.of(&one.writer).is_none());
        }
    }
}
