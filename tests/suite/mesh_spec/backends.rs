//! `backendRefs`: shares by weight, what is not valid, who permits a reference across namespaces (comments of BackendRef,
//! HTTPBackendRef and ReferenceGrant; guide on splitting traffic).

use brink::mesh::resolve::Outcome;
use rstest::rstest;

use super::{get, http, open, route, services};

fn split(backends: &str) -> String {
    open() + &services("team", &["v1", "v2", "v3"]) + &http("r", &format!("rules: [{{backendRefs: [{backends}]}}]"))
}

/// Weight over the sum of weights; 1 where none is said; the sum need not be 100.
#[rstest]
#[case("{name: v1, port: 80, weight: 90}, {name: v2, port: 80, weight: 10}", &[90.0, 10.0])]
#[case("{name: v1, port: 80, weight: 0}, {name: v2, port: 80, weight: 1}", &[0.0, 100.0])]
#[case("{name: v1, port: 80}, {name: v2, port: 80}", &[50.0, 50.0])]
#[case("{name: v1, port: 80, weight: 3}, {name: v2, port: 80}", &[75.0, 25.0])]
#[case("{name: v1, port: 80, weight: 1}, {name: v2, port: 80, weight: 2}, {name: v3, port: 80, weight: 5}", &[12.5, 25.0, 62.5])]
#[case("{name: v1, port: 80, weight: 7}", &[100.0])]
fn weights_are_parts_of_their_sum(#[case] backends: &str, #[case] shares: &[f64]) {
    let answer = get(&split(backends), "a.example", "/");
    assert_eq!(answer.backends.iter().map(|one| one.share).collect::<Vec<_>>(), shares);
    assert_eq!((answer.outcome, answer.status), (Outcome::Forward, None));
    assert!(answer.notes.is_empty(), "{:?}", answer.notes);
}

/// The rollout of the guide: a header chooses the new version, then a tenth of all, then all.
#[rstest]
#[case::canary(
    "{backendRefs: [{name: v1, port: 80}]}, {matches: [{headers: [{name: traffic, value: test}]}], backendRefs: [{name: v2, port: 80}]}",
    "v1",
    "v2"
)]
#[case::tenth("{backendRefs: [{name: v1, port: 80, weight: 90}, {name: v2, port: 80, weight: 10}]}", "v1", "v1")]
fn a_rollout(#[case] rules: &str, #[case] plain: &str, #[case] tested: &str) {
    let text = open() + &http("r", &format!("hostnames: [foo.example.com], rules: [{rules}]"));
    let mut request = brink::mesh::resolve::Request::get("foo.example.com", "/");
    assert_eq!(super::backend(&super::ask(&text, &request)), plain);
    request.headers.push(("traffic".to_owned(), "test".to_owned()));
    assert_eq!(super::backend(&super::ask(&text, &request)), tested);
}

#[rstest]
#[case::no_backends("", Outcome::NoBackend)]
#[case::all_zero("{name: v1, port: 80, weight: 0}, {name: v2, port: 80, weight: 0}", Outcome::NoBackend)]
#[case::one_zero("{name: v1, port: 80, weight: 0}", Outcome::NoBackend)]
#[case::not_there("{name: gone, port: 80}", Outcome::NoBackend)]
#[case::all_invalid("{name: gone, port: 80}, {name: lost, port: 80}", Outcome::NoBackend)]
// A Service needs its port, and one that it has.
#[case::no_port("{name: v1}", Outcome::NoBackend)]
#[case::other_port("{name: v1, port: 81}", Outcome::NoBackend)]
// The valid one is never sent anything.
#[case::valid_has_no_weight("{name: v1, port: 80, weight: 0}, {name: gone, port: 80}", Outcome::NoBackend)]
#[case::kind_of_somebody("{group: example.org, kind: Bucket, name: b}", Outcome::Forward)]
fn without_a_valid_backend_all_get_500(#[case] backends: &str, #[case] outcome: Outcome) {
    let answer = get(&split(backends), "a.example", "/");
    let status = (outcome == Outcome::NoBackend).then_some(500);
    assert_eq!((answer.outcome, answer.status), (outcome, status), "{answer:#?}");
}

/// What is meant for an invalid one gets 500, the rest goes on: of two equal weights half.
#[rstest]
#[case("{name: v1, port: 80}, {name: gone, port: 80}", "50 % of the requests get 500: team/gone:80 cannot be sent to")]
#[case(
    "{name: v1, port: 80, weight: 1}, {name: gone, port: 80, weight: 3}",
    "75 % of the requests get 500: team/gone:80 cannot be sent to"
)]
#[case(
    "{name: v1, port: 80, weight: 1}, {name: gone, port: 80, weight: 1}, {name: v2, port: 81, weight: 1}",
    "66.7 % of the requests get 500: team/gone:80, team/v2:81 cannot be sent to"
)]
fn the_share_of_an_invalid_backend_gets_500(#[case] backends: &str, #[case] note: &str) {
    let answer = get(&split(backends), "a.example", "/");
    assert_eq!((answer.outcome, answer.status), (Outcome::Forward, None));
    assert_eq!(answer.notes, [note]);
}

/// A grant is of the namespace it stands in, from a kind of a namespace, to a kind or one name.
#[rstest]
#[case::none("", false)]
#[case::the_example(
    "{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: team}], to: [{group: '', kind: Service}]}",
    true
)]
#[case::by_name(
    "{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: team}], to: [{group: '', kind: Service, name: far}]}",
    true
)]
#[case::other_name(
    "{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: team}], to: [{group: '', kind: Service, name: other}]}",
    false
)]
#[case::other_namespace(
    "{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: crew}], to: [{group: '', kind: Service}]}",
    false
)]
#[case::other_kind_of_route(
    "{from: [{group: gateway.networking.k8s.io, kind: GRPCRoute, namespace: team}], to: [{group: '', kind: Service}]}",
    false
)]
#[case::other_group(
    "{from: [{group: example.org, kind: HTTPRoute, namespace: team}], to: [{group: '', kind: Service}]}",
    false
)]
#[case::to_secrets(
    "{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: team}], to: [{group: '', kind: Secret}]}",
    false
)]
// Entries are alternatives.
#[case::one_of_several(
    "{from: [{group: gateway.networking.k8s.io, kind: TCPRoute, namespace: team}, {group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: team}], to: [{group: '', kind: Secret}, {group: '', kind: Service}]}",
    true
)]
fn a_reference_to_another_namespace_needs_a_grant(#[case] grant: &str, #[case] valid: bool) {
    let stands_in = |namespace: &str| {
        if grant.is_empty() {
            return String::new();
        }
        format!(
            "---\napiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {{name: g, namespace: \
             {namespace}}}\nspec: {grant}\n"
        )
    };
    let text = |grants: &str| {
        let rules =
            "rules: [{matches: [{path: {value: /bar}}], backendRefs: [{name: far, namespace: away, port: 80}]}]";
        open() + &services("away", &["far"]) + grants + &http("r", rules)
    };
    let answer = get(&text(&stands_in("away")), "a.example", "/bar");
    assert_eq!(answer.backends[0].valid, valid);
    assert_eq!(answer.status, (!valid).then_some(500));
    // One that stands elsewhere permits nothing here.
    assert_eq!(get(&text(&stands_in("team")), "a.example", "/bar").status, Some(500));
}

/// Grants add up.
#[test]
fn several_grants_permit_what_any_does() {
    let grant = |name: &str, kind: &str| {
        format!(
            "---\napiVersion: gateway.networking.k8s.io/v1\nkind: ReferenceGrant\nmetadata: {{name: {name}, namespace: away}}\n\
             spec: {{from: [{{group: gateway.networking.k8s.io, kind: {kind}, namespace: team}}], to: [{{group: '', kind: \
             Service}}]}}\n"
        )
    };
    let text = open()
        + &services("away", &["far"])
        + &grant("a", "GRPCRoute")
        + &grant("b", "HTTPRoute")
        + &http("r", "rules: [{backendRefs: [{name: far, namespace: away, port: 80}]}]");
    assert!(get(&text, "a.example", "/").backends[0].valid);
}

/// What a controller says of references counts where Services are not known, as far as it can mean only one.
#[rstest]
#[case::the_only_one("BackendNotFound", "{name: v1, port: 80}", &[false])]
#[case::the_foreign_one("RefNotPermitted", "{name: v1, port: 80}, {name: far, namespace: away, port: 80}", &[true, false])]
#[case::the_other_kind("InvalidKind", "{name: v1, port: 80}, {group: example.org, kind: Bucket, name: b}", &[true, false])]
#[case::either("BackendNotFound", "{name: v1, port: 80}, {name: v2, port: 80}", &[true, true])]
fn a_controllers_word_on_references(#[case] reason: &str, #[case] backends: &str, #[case] valid: &[bool]) {
    let status = format!(
        "status: {{parents: [{{parentRef: {{name: edge, namespace: infra}}, controllerName: c, conditions: [{{type: \
         ResolvedRefs, status: 'False', reason: {reason}, message: m}}]}}]}}\n"
    );
    let text = open() + &route("HTTPRoute", "r", 1, &format!("rules: [{{backendRefs: [{backends}]}}]")) + &status;
    let answer = get(&text, "a.example", "/");
    assert_eq!(answer.backends.iter().map(|one| one.valid).collect::<Vec<_>>(), valid, "{answer:#?}");
    let open_which = answer.notes.iter().any(|note| note.contains("which backend it means is not known"));
    assert_eq!(open_which, valid.iter().all(|one| *one));
}

fn policy(name: &str, minute: u32, target: &str, host: &str, more: &str) -> String {
    format!(
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: BackendTLSPolicy\nmetadata: {{name: {name}, namespace: team, \
         creationTimestamp: '2026-01-01T00:{minute:02}:00Z'}}\nspec: {{targetRefs: [{{group: '', kind: Service, {target}}}], \
         validation: {{wellKnownCACertificates: System, hostname: {host}}}}}\n{more}"
    )
}

/// A policy is for a Service, or for one port of it, which goes first; of equal ones the older, then the first by name.
#[rstest]
#[case::whole(policy("p", 1, "name: v1", "v1.example", ""), Some("v1.example"))]
#[case::another_service(policy("p", 1, "name: v2", "v2.example", ""), None)]
#[case::the_port(policy("p", 1, "name: v1, sectionName: http", "port.example", ""), Some("port.example"))]
#[case::another_port(policy("p", 1, "name: v1, sectionName: admin", "port.example", ""), None)]
#[case::port_first(
    policy("p", 1, "name: v1", "whole.example", "") + &policy("q", 2, "name: v1, sectionName: http", "port.example", ""),
    Some("port.example")
)]
#[case::older(policy("p", 5, "name: v1", "young.example", "") + &policy("q", 4, "name: v1", "old.example", ""), Some("old.example"))]
#[case::by_name(policy("q", 5, "name: v1", "q.example", "") + &policy("p", 5, "name: v1", "p.example", ""), Some("p.example"))]
fn a_gateway_speaks_tls_where_a_policy_says_so(#[case] policies: String, #[case] host: Option<&str>) {
    let answer = get(&(split("{name: v1, port: 80}") + &policies), "a.example", "/");
    assert_eq!((answer.backends[0].tls.as_deref(), answer.outcome), (host, Outcome::Forward), "{answer:#?}");
}

/// One that cannot be met leaves its backend invalid; one that only lost against another does not.
#[rstest]
#[case("NoValidCACertificate", Some(500))]
#[case("Conflicted", None)]
fn a_policy_that_cannot_be_met(#[case] reason: &str, #[case] status: Option<u16>) {
    let refused = format!(
        "status: {{ancestors: [{{ancestorRef: {{name: edge}}, controllerName: c, conditions: [{{type: Accepted, status: 'False', \
         reason: {reason}}}]}}]}}\n"
    );
    let text = split("{name: v1, port: 80}") + &policy("p", 1, "name: v1", "v1.example", &refused);
    let answer = get(&text, "a.example", "/");
    assert_eq!(answer.status, status, "{answer:#?}");
}
