//! Rules against small objects, with the words of the server.

#![expect(clippy::needless_pass_by_value, reason = "values made in place read better")]

use serde_json::{Value, json};

use super::{Rules, definition};

fn schema(rules: Value) -> Value {
    json!({"type": "object", "properties": {
        "spec": {"type": "object", "x-kubernetes-validations": rules, "properties": {
            "n": {"type": "integer"}, "name": {"type": "string"}, "share": {"type": "number"},
            "at": {"type": "string", "format": "date-time"}, "for": {"type": "string", "format": "duration"},
            "port": {"x-kubernetes-int-or-string": true},
            "tags": {"type": "array", "items": {"type": "string"}},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "list": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "properties": {"name": {"type": "string"}, "n": {"type": "integer",
                    "x-kubernetes-validations": [{"rule": "self >= oldSelf", "message": "may not shrink"}]}}}},
        }},
    }})
}

fn said(rules: Value, new: Value, old: Option<Value>) -> Vec<String> {
    let old = old.map(|old| json!({"spec": old}));
    let causes = Rules::of_schema(&schema(rules)).check(&json!({"spec": new}), old.as_ref());
    causes.into_iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect()
}

fn wrong(rule: &str) -> Vec<String> {
    let schema = schema(json!([{"rule": rule}]));
    definition(&schema["properties"]["spec"], false, "x", None).into_iter().map(|cause| cause.message).collect()
}

#[test]
fn a_rule_that_holds_says_nothing_and_one_that_does_not_says_its_message() {
    let rules = json!([{"rule": "self.n > 1", "message": "too few"}, {"rule": "self.name != 'x'"}]);
    assert!(said(rules.clone(), json!({"n": 2, "name": "a"}), None).is_empty());
    assert_eq!(
        said(rules, json!({"n": 1, "name": "x"}), None),
        ["spec: Invalid value: too few", "spec: Invalid value: failed rule: self.name != 'x'"]
    );
}

#[test]
fn reason_place_and_a_message_made_for_the_object() {
    let rules = json!([{"rule": "self.n > 1", "reason": "FieldValueForbidden", "fieldPath": ".n",
        "messageExpression": "'n is ' + string(self.n)"}]);
    assert_eq!(said(rules, json!({"n": 1}), None), ["spec.n: Forbidden: n is 1"]);
}

#[test]
fn an_error_in_a_rule_is_told() {
    let rules = json!([{"rule": "self.name == 'a'", "message": "m"}]);
    assert_eq!(
        said(rules, json!({}), None),
        [r#"spec: Invalid value: "object": no such key: name evaluating rule: m"#]
    );
}

#[test]
fn transitions_are_asked_where_there_is_an_old_value_found_by_its_key() {
    let old = json!({"list": [{"name": "a", "n": 1}, {"name": "b", "n": 5}]});
    let new = json!({"list": [{"name": "b", "n": 4}, {"name": "a", "n": 2}, {"name": "c", "n": 0}]});
    assert_eq!(said(json!([]), new.clone(), Some(old)), ["spec.list[0].n: Invalid value: 4: may not shrink"]);
    assert!(said(json!([]), new, None).is_empty());
}

#[test]
fn an_optional_old_value_is_asked_on_creation_too() {
    let rules = json!([{"rule": "oldSelf.hasValue() || self.n == 0", "optionalOldSelf": true, "message": "begin at zero"},
        {"rule": "oldSelf.optMap(o, o.n <= self.n).orValue(true)", "optionalOldSelf": true, "message": "only up"}]);
    assert_eq!(said(rules.clone(), json!({"n": 1}), None), ["spec: Invalid value: begin at zero"]);
    assert_eq!(said(rules, json!({"n": 1}), Some(json!({"n": 2}))), ["spec: Invalid value: only up"]);
}

#[test]
fn what_was_wrong_may_stay_while_nothing_near_it_changes() {
    let rules = json!([{"rule": "self.n > 1", "message": "too few"}]);
    assert!(said(rules.clone(), json!({"n": 1}), Some(json!({"n": 1}))).is_empty());
    assert_eq!(said(rules, json!({"n": 1, "name": "b"}), Some(json!({"n": 1}))).len(), 1);
}

#[test]
fn types_of_the_schema_reach_the_rules() {
    let rules = json!([
        {"rule": "self.share > 0.5"}, {"rule": "self.at > timestamp('2026-01-01T00:00:00Z')"},
        {"rule": "self.__for__ < duration('1h')"}, {"rule": "type(self.port) == string ? self.port == '80' : self.port == 80"},
        {"rule": "self.tags.all(t, t.startsWith('a')) && self.tags.exists(t, t == 'ab') && size(self.tags) == 2"},
        {"rule": "self.labels['x'] == '1' && 'x' in self.labels && self.?name.orValue('none') == 'none'"},
        {"rule": "cel.bind(x, self.n, x * x == 9)"}, {"rule": "quantity('1Gi').isGreaterThan(quantity('500Mi'))"},
    ]);
    let new = json!({"share": 1, "at": "2026-02-01T00:00:00Z", "for": "30m", "port": 80, "tags": ["a", "ab"], "n": 3,
        "labels": {"x": "1"}});
    assert_eq!(said(rules, new, None), Vec::<String>::new());
}

#[test]
fn loops_with_two_variables_know_where_they_are() {
    let rules = json!([
        {"rule": "self.tags.all(i, t, i == 0 || self.tags[i - 1] < t)", "message": "tags in order"},
        {"rule": "self.labels.all(k, v, k != v)", "message": "no label is its own name"},
        {"rule": "self.tags.exists(i, t, i == 1 && t == 'b')", "message": "b is the second"},
        {"rule": "self.list.existsOne(i, one, one.name == 'a') && self.list.exists_one(i, one, i == 0)", "message": "one a"},
        {"rule": "self.tags.transformList(i, t, i > 0, t + string(i)) == ['b1', 'c2']", "message": "list"},
        {"rule": "self.tags.transformMap(i, t, t)[2] == 'c' && size(self.labels.transformMap(k, v, v == '1', k)) == 1", "message": "map"},
        {"rule": "self.labels.transformMapEntry(k, v, {v: k})['1'] == 'x'", "message": "turned"},
        {"rule": "self.tags.all(i, t, self.list.all(j, one, i < 3 && j < 2))", "message": "loops in loops"},
        {"rule": "self.tags.existsOne(t, t == 'a')", "message": "one variable"},
    ]);
    let good = json!({"tags": ["a", "b", "c"], "labels": {"x": "1", "y": "2"}, "list": [{"name": "a"}, {"name": "b"}]});
    assert_eq!(said(rules.clone(), good, None), Vec::<String>::new());
    let bad = json!({"tags": ["a", "c", "b"], "labels": {"x": "1", "y": "y"}, "list": [{"name": "a"}, {"name": "a"}]});
    let told = said(rules, bad, None);
    assert_eq!(
        told,
        ["tags in order", "no label is its own name", "b is the second", "one a", "list", "map"]
            .map(|why| format!("spec: Invalid value: {why}"))
    );
    let twice = json!([{"rule": "size(self.labels.transformMapEntry(k, v, {v: k})) == 1", "message": "m"}]);
    assert_eq!(
        said(twice, json!({"labels": {"x": "1", "y": "1"}}), None),
        [r#"spec: Invalid value: "object": insert failed: key 1 already exists evaluating rule: m"#]
    );
}

#[test]
fn lists_are_sorted_by_a_key() {
    let rules = json!([{"rule": "self.list.sortBy(one, one.n).map(one, one.name) == ['c', 'a', 'b']", "message": "sorted"},
        {"rule": "self.tags.sortBy(t, -size(t)) == ['xyz', 'x']", "message": "longest first"}]);
    let list = json!([{"name": "a", "n": 2}, {"name": "b", "n": 3}, {"name": "c", "n": 1}]);
    assert_eq!(said(rules, json!({"list": list, "tags": ["x", "xyz"]}), None), Vec::<String>::new());
}

#[test]
fn loops_and_sorting_are_checked_by_the_types_of_their_parts() {
    let ends = |rule: &str, end: &str| {
        let found = wrong(rule);
        assert!(found.len() == 1 && found[0].contains(end), "{rule}: {found:?}");
    };
    ends("self.list.all(i, one, one.m == 1)", "undefined field 'm'");
    ends("self.list.all(i, one, i == 'a')", "found no matching overload for '_==_' applied to '(int, string)'");
    ends("self.labels.exists(k, v, v == 1)", "found no matching overload for '_==_' applied to '(string, int)'");
    ends("self.list.sortBy(one, one.m) == []", "undefined field 'm'");
    for fine in [
        "self.labels.transformList(k, v, k + v).exists(t, t == 'a')",
        "self.list.sortBy(one, one.name)[0].n > 1",
        "size(self.tags.transformMap(i, t, t != '', i)) == 1",
    ] {
        assert_eq!(wrong(fine), Vec::<String>::new(), "{fine}");
    }
}

#[test]
fn expressions_that_cannot_be_are_refused_with_their_place() {
    let ends = |rule: &str, end: &str| {
        let found = wrong(rule);
        assert!(found.len() == 1 && found[0].ends_with(end), "{rule}: {found:?}");
    };
    ends("self.m == 1", "compilation failed: ERROR: <input>:1:5: undefined field 'm'\n | self.m == 1\n | ....^");
    ends("me.n == 1", "ERROR: <input>:1:1: undeclared reference to 'me' (in container '')\n | me.n == 1\n | ^");
    ends(
        "self.n == 'a'",
        "ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(int, string)'\n | self.n == 'a'\n | .......^",
    );
    ends(
        "self.n.startsWith('a')",
        "ERROR: <input>:1:18: found no matching overload for 'startsWith' applied to 'int.(string)'\n | self.n.startsWith('a')\n | .................^",
    );
    ends("self.n", "cel expression must evaluate to a bool");
    ends("Foo{a: 1} == Foo{a: 1}", "^");
    let broken = wrong("self.n >=");
    assert!(broken[0].contains("ERROR: <input>:1:10: Syntax error: mismatched input '<EOF>' expecting"), "{broken:?}");
    for fine in
        ["self.n > 1", "has(self.name) && self.tags.map(t, t + 'x').size() > 0", "self.port == 1 || self.port == 'a'"]
    {
        assert_eq!(wrong(fine), Vec::<String>::new(), "{fine}");
    }
}
