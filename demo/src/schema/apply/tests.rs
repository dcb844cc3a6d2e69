//! What an applied configuration does, in examples and as properties of any object.

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
        writer: Writer { manager: manager.to_owned(), applies, version: "v1".to_owned(), subresource: String::new() },
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
        let fields =
            [("size", size), ("ports", ports), ("tags", tags), ("rules", rules), ("labels", labels), ("whole", whole)];
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
