//! `rules[].matches`: types of paths, headers, query parameters, methods, and the numbered precedence (comments of HTTPRoute; guides
//! on methods and query parameters).

use brink::mesh::resolve::{LostAt, Outcome, Request, Resolution};
use rstest::rstest;

use super::{ask, backend, get, http, name, open, route_in, rule};

fn one(test: &str) -> String {
    open() + &http("only", &format!("rules: [{}]", rule(&format!("matches: [{test}]"), "b")))
}

#[rstest]
// `Exact`: this path, with its case, and no other.
#[case::exact("Exact", "/abc", "/abc", true)]
#[case::exact_no_slash("Exact", "/abc", "/abc/", false)]
#[case::exact_case("Exact", "/abc", "/Abc", false)]
#[case::exact_longer("Exact", "/abc", "/abcd", false)]
// `PathPrefix`: element by element; a slash at its end says nothing.
#[case::prefix("PathPrefix", "/abc", "/abc", true)]
#[case::prefix_slash("PathPrefix", "/abc", "/abc/", true)]
#[case::prefix_below("PathPrefix", "/abc", "/abc/def", true)]
#[case::prefix_no_element("PathPrefix", "/abc", "/abcd", false)]
#[case::prefix_case("PathPrefix", "/abc", "/ABC/def", false)]
#[case::prefix_with_slash("PathPrefix", "/abc/", "/abc", true)]
#[case::prefix_with_slash_below("PathPrefix", "/abc/", "/abc/def", true)]
#[case::prefix_root("PathPrefix", "/", "/any/thing", true)]
// The query is no part of the path.
#[case::query_aside("Exact", "/abc", "/abc?x=1", true)]
#[case::expression("RegularExpression", "/v[0-9]+/x", "/v12/x", true)]
#[case::expression_whole("RegularExpression", "/v[0-9]", "/v12", false)]
#[case::expression_case("RegularExpression", "/abc", "/ABC", false)]
fn paths(#[case] kind: &str, #[case] value: &str, #[case] path: &str, #[case] yes: bool) {
    let answer = get(&one(&format!("{{path: {{type: {kind}, value: '{value}'}}}}")), "a.example", path);
    let want = if yes { (Outcome::Forward, None) } else { (Outcome::NoRoute, Some(404)) };
    assert_eq!((answer.outcome, answer.status), want, "{answer:#?}");
}

#[test]
fn a_match_without_a_path_and_a_rule_without_matches_take_everything() {
    let none = open() + &http("only", &format!("rules: [{}]", rule("", "b")));
    for text in [one("{}"), one("{path: {}}"), none] {
        assert_eq!(get(&text, "a.example", "/what/ever").outcome, Outcome::Forward);
    }
}

#[test]
fn a_route_without_rules_matches_everything_and_has_no_backend() {
    let answer = get(&(open() + &http("only", "hostnames: [a.example]")), "a.example", "/x");
    assert_eq!((answer.outcome, answer.status, name(&answer)), (Outcome::NoBackend, Some(500), Some("only")));
}

fn with(path: &str, headers: &[(&str, &str)]) -> Request {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Request { headers: headers.iter().map(pair).collect(), ..Request::get("a.example", path) }
}

/// Any match suffices; within one all must hold.
#[rstest]
#[case("/foo", &[("version", "v2")], true)]
#[case("/foo/x", &[("Version", "v2")], true)]
#[case("/foo", &[], false)]
#[case("/foo", &[("version", "v1")], false)]
#[case("/v2/foo", &[], true)]
#[case("/v2/foo/x", &[("version", "v1")], true)]
#[case("/v2", &[("version", "v2")], false)]
fn matches_are_alternatives(#[case] path: &str, #[case] headers: &[(&str, &str)], #[case] yes: bool) {
    let text = one("{path: {value: /foo}, headers: [{name: version, value: v2}]}, {path: {value: /v2/foo}}");
    assert_eq!(ask(&text, &with(path, headers)).outcome == Outcome::Forward, yes);
}

#[rstest]
// Names in any case, values as they are.
#[case::case_of_names("{name: COLOR, value: blue}", &[("color", "blue")], true)]
#[case::case_of_values("{name: color, value: blue}", &[("color", "Blue")], false)]
#[case::all_of_them("{name: color, value: blue}, {name: animal, value: whale}", &[("color", "blue")], false)]
// Of equal names the first counts, whatever the second wants.
#[case::first_of_equal("{name: foo, value: '1'}, {name: Foo, value: '2'}", &[("foo", "1")], true)]
#[case::second_ignored("{name: foo, value: '1'}, {name: Foo, value: '2'}", &[("foo", "2")], false)]
#[case::expression("{type: RegularExpression, name: color, value: 'b.*'}", &[("color", "blue")], true)]
#[case::expression_whole("{type: RegularExpression, name: color, value: 'b'}", &[("color", "blue")], false)]
// A header that comes twice is one list (RFC 9110).
#[case::repeated("{name: color, value: 'blue, green'}", &[("color", "blue"), ("Color", "green")], true)]
// A type that is not known: the route is refused, nothing of it is taken.
#[case::unknown_type("{type: Suffix, name: color, value: blue}", &[("color", "blue")], false)]
fn headers(#[case] tests: &str, #[case] sent: &[(&str, &str)], #[case] yes: bool) {
    let answer = ask(&one(&format!("{{headers: [{tests}]}}")), &with("/", sent));
    assert_eq!(answer.outcome == Outcome::Forward, yes, "{answer:#?}");
}

#[rstest]
#[case::equal("{name: animal, value: whale}", "/?animal=whale", true)]
#[case::other("{name: animal, value: whale}", "/?animal=dolphin", false)]
#[case::names_have_case("{name: animal, value: whale}", "/?ANIMAL=whale", false)]
#[case::all("{name: animal, value: dolphin}, {name: color, value: blue}", "/?color=blue&animal=dolphin", true)]
#[case::not_all("{name: animal, value: dolphin}, {name: color, value: blue}", "/?animal=dolphin", false)]
#[case::first_of_equal("{name: a, value: '1'}, {name: a, value: '2'}", "/?a=1", true)]
// Where a request repeats one, its first value is recommended.
#[case::first_value("{name: a, value: '1'}", "/?a=1&a=2", true)]
#[case::not_the_second("{name: a, value: '2'}", "/?a=1&a=2", false)]
#[case::expression("{type: RegularExpression, name: a, value: '[0-9]+'}", "/?a=42", true)]
#[case::unknown_type("{type: Nearly, name: a, value: '1'}", "/?a=1", false)]
fn query_parameters(#[case] tests: &str, #[case] path: &str, #[case] yes: bool) {
    let answer = get(&one(&format!("{{queryParams: [{tests}]}}")), "a.example", path);
    assert_eq!(answer.outcome == Outcome::Forward, yes, "{answer:#?}");
}

#[test]
fn a_type_of_path_that_is_not_known_takes_nothing() {
    assert_eq!(get(&one("{path: {type: Glob, value: /}}"), "a.example", "/").outcome, Outcome::NoRoute);
}

/// The guide on methods, all of its rules in one route.
#[rstest]
#[case("POST", "/", &[], "b1")]
#[case("GET", "/", &[], "b2")]
#[case("HEAD", "/", &[], "")]
#[case("GET", "/path1", &[], "b3")]
#[case("PUT", "/", &[("version", "one")], "b4")]
#[case("PUT", "/path2", &[("version", "two")], "")]
#[case("POST", "/path2", &[("version", "two")], "b5")]
#[case("PATCH", "/path3", &[], "b6")]
#[case("DELETE", "/path4", &[("version", "three")], "b6")]
#[case("PATCH", "/path4", &[("version", "three")], "")]
#[case("DELETE", "/path4", &[], "")]
fn methods(#[case] method: &str, #[case] path: &str, #[case] headers: &[(&str, &str)], #[case] to: &str) {
    let rules = [
        ("{method: POST}", "b1"),
        ("{method: GET}", "b2"),
        ("{path: {value: /path1}, method: GET}", "b3"),
        ("{headers: [{name: version, value: one}], method: PUT}", "b4"),
        ("{path: {value: /path2}, headers: [{name: version, value: two}], method: POST}", "b5"),
        (
            "{path: {value: /path3}, method: PATCH}, {path: {value: /path4}, headers: [{name: version, value: three}], method: \
             DELETE}",
            "b6",
        ),
    ];
    let rules: Vec<String> = rules.iter().map(|(test, to)| rule(&format!("matches: [{test}]"), to)).collect();
    let text = open() + &http("methods", &format!("rules: [{}]", rules.join(", ")));
    let answer = ask(&text, &Request { method: method.to_owned(), ..with(path, headers) });
    assert_eq!(backend(&answer), to, "{answer:#?}");
}

/// The guide on query parameters, all of its rules in one route.
#[rstest]
#[case("/?animal=whale", &[], "b1")]
#[case("/?animal=dolphin", &[], "b2")]
#[case("/?animal=dolphin&color=blue", &[], "b3")]
#[case("/?ANIMAL=Whale", &[], "b3")]
#[case("/?ANIMAL=Whale&animal=dolphin&color=blue", &[], "b3")]
#[case("/path1?animal=whale", &[], "b4")]
#[case("/?animal=whale", &[("version", "one")], "b5")]
#[case("/path2?animal=whale", &[("version", "two")], "b6")]
#[case("/path2", &[("version", "two")], "")]
#[case("/?animal=cat", &[], "")]
fn parameters_beside_other_tests(#[case] path: &str, #[case] headers: &[(&str, &str)], #[case] to: &str) {
    let whale = "queryParams: [{name: animal, value: whale}]";
    let rules = [
        (format!("{{{whale}}}"), "b1"),
        ("{queryParams: [{name: animal, value: dolphin}]}".to_owned(), "b2"),
        (
            "{queryParams: [{name: animal, value: dolphin}, {name: color, value: blue}]}, {queryParams: [{name: ANIMAL, value: \
             Whale}]}"
                .to_owned(),
            "b3",
        ),
        (format!("{{path: {{value: /path1}}, {whale}}}"), "b4"),
        (format!("{{headers: [{{name: version, value: one}}], {whale}}}"), "b5"),
        (format!("{{path: {{value: /path2}}, headers: [{{name: version, value: two}}], {whale}}}"), "b6"),
    ];
    let rules: Vec<String> = rules.iter().map(|(test, to)| rule(&format!("matches: [{test}]"), to)).collect();
    let text = open() + &http("parameters", &format!("rules: [{}]", rules.join(", ")));
    let answer = ask(&text, &with(path, headers));
    assert_eq!(backend(&answer), to, "{answer:#?}");
}

/// Exact before prefix, the longer prefix first, whatever the order of the rules.
#[rstest]
#[case("/match", "e1")]
#[case("/match/exact", "e2")]
#[case("/match/exact/one", "e3")]
#[case("/match/", "p1")]
#[case("/match/prefix", "p2")]
#[case("/match/prefix/one", "p3")]
#[case("/match/prefix/one/any", "p3")]
#[case("/match/prefixtwo", "p1")]
fn paths_go_before_each_other_by_their_length(#[case] path: &str, #[case] to: &str) {
    let mut rules = [
        rule("matches: [{path: {type: Exact, value: /match}}]", "e1"),
        rule("matches: [{path: {type: Exact, value: /match/exact}}]", "e2"),
        rule("matches: [{path: {type: Exact, value: /match/exact/one}}]", "e3"),
        rule("matches: [{path: {value: /match/}}]", "p1"),
        rule("matches: [{path: {value: /match/prefix/}}]", "p2"),
        rule("matches: [{path: {value: /match/prefix/one}}]", "p3"),
    ];
    for _ in 0..rules.len() {
        rules.rotate_left(1);
        let text = open() + &http("order", &format!("rules: [{}]", rules.join(", ")));
        assert_eq!(backend(&get(&text, "a.example", path)), to);
    }
}

/// Rules of several routes are one list: the steps decide, not the route they stand in.
#[rstest]
#[case("one.example", "/", &[], "part1")]
#[case("one.example", "/example", &[], "part1")]
#[case("two.example", "/", &[("version", "one")], "part1")]
#[case("one.example", "/v2", &[], "part2")]
// `two.example` is no host of the second.
#[case("two.example", "/v2", &[], "part1")]
#[case("one.example", "/v2/example", &[], "part2")]
#[case("one.example", "/", &[("version", "two")], "part2")]
fn rules_of_several_routes_are_one_list(
    #[case] host: &str,
    #[case] path: &str,
    #[case] headers: &[(&str, &str)],
    #[case] winner: &str,
) {
    let spec = |hosts: &str, test: &str| {
        format!("hostnames: [{hosts}], rules: [{}]", rule(&format!("matches: [{test}]"), "b"))
    };
    let text = open()
        + &http(
            "part1",
            &spec("one.example, two.example", "{path: {value: /}}, {headers: [{name: version, value: one}]}"),
        )
        + &http("part2", &spec("one.example", "{path: {value: /v2}}, {headers: [{name: version, value: two}]}"));
    let answer = ask(&text, &Request { host: host.to_owned(), ..with(path, headers) });
    assert_eq!(name(&answer), Some(winner), "{answer:#?}");
}

fn lost(answer: &Resolution) -> (&str, LostAt) {
    (answer.losers[0].route.name.as_str(), answer.losers[0].lost_at)
}

/// Every step of the list, alone: the winner is the younger and the later by name, until these decide.
#[rstest]
#[case::exact("path: {type: Exact, value: /a}", "path: {value: /a}, method: GET", LostAt::PathExact)]
#[case::prefix("path: {value: /a}", "path: {value: /}, method: GET", LostAt::PathPrefix)]
#[case::method("method: GET", "headers: [{name: h, value: '1'}, {name: i, value: '1'}]", LostAt::Method)]
#[case::headers("headers: [{name: h, value: '1'}]", "queryParams: [{name: q, value: '1'}]", LostAt::Headers)]
#[case::query(
    "queryParams: [{name: q, value: '1'}, {name: r, value: '1'}]",
    "queryParams: [{name: q, value: '1'}]",
    LostAt::Query
)]
fn the_steps_in_their_order(#[case] winner: &str, #[case] loser: &str, #[case] step: LostAt) {
    let spec = |test: &str| format!("rules: [{}]", rule(&format!("matches: [{{{test}}}]"), "b"));
    let text = open()
        + &route_in("z", "HTTPRoute", "winner", 9, &spec(winner))
        + &route_in("a", "HTTPRoute", "loser", 1, &spec(loser));
    let answer = ask(&text, &with("/a?q=1&r=1", &[("h", "1"), ("i", "1")]));
    assert_eq!((name(&answer), lost(&answer)), (Some("winner"), ("loser", step)), "{answer:#?}");
}

#[rstest]
// 02:03 goes before 02:04.
#[case::older(("foo", "bar", 4), ("foo", "baz", 3), "baz", LostAt::Age)]
#[case::by_name(("foo", "baz", 3), ("foo", "bar", 3), "bar", LostAt::Name)]
#[case::by_namespace(("zoo", "a", 3), ("foo", "z", 3), "z", LostAt::Name)]
fn ties_fall_to_age_and_then_to_the_name(
    #[case] one: (&str, &str, u32),
    #[case] other: (&str, &str, u32),
    #[case] winner: &str,
    #[case] step: LostAt,
) {
    let of = |(space, name, minute): (&str, &str, u32)| {
        route_in(space, "HTTPRoute", name, minute, &format!("rules: [{}]", rule("", "b")))
    };
    let answer = get(&(open() + &of(one) + &of(other)), "a.example", "/");
    assert_eq!((name(&answer), answer.losers[0].lost_at), (Some(winner), step));
}

#[test]
fn within_a_route_the_first_of_equal_rules_takes_it() {
    let text = open() + &http("r", &format!("rules: [{}, {}]", rule("", "first"), rule("", "second")));
    let answer = get(&text, "a.example", "/");
    assert_eq!((backend(&answer), lost(&answer)), ("first", ("r", LostAt::Order)));
}
