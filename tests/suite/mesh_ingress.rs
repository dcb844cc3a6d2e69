//! Who answers at an Ingress class: the tables of the documentation of Ingress, computed by hand.

use brink::mesh::{
    conflicts::{ConflictKind, conflicts},
    resolve::{LostAt, Outcome, Request, Resolution, resolve},
    wins::wins,
};
use proptest::prelude::*;
use rstest::rstest;

use super::support::routes::loaded;

/// An Ingress of class `nginx` where its spec names none.
fn ingress(name: &str, minute: u32, spec: &str) -> String {
    let class = if spec.contains("ingressClassName") { "" } else { "ingressClassName: nginx, " };
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}, namespace: a, creationTimestamp: \
         '2026-01-01T00:{minute:02}:00Z'}}\nspec: {{{class}{spec}}}\n"
    )
}

/// One rule of a host (empty: any), with paths as `TYPE PATH`, each to a Service of its own: `s0`, `s1`, …
fn rule(host: &str, paths: &[&str]) -> String {
    let host = if host.is_empty() { String::new() } else { format!("host: '{host}', ") };
    let paths: Vec<String> = paths
        .iter()
        .enumerate()
        .map(|(at, path)| {
            let (kind, path) = path.split_once(' ').expect("TYPE PATH");
            format!("{{path: {path}, pathType: {kind}, backend: {{service: {{name: s{at}, port: {{number: 80}}}}}}}}")
        })
        .collect();
    format!("{{{host}http: {{paths: [{}]}}}}", paths.join(", "))
}

fn ask(texts: &[String], host: &str, path: &str) -> Resolution {
    resolve(&loaded(&texts.concat()).world(), &Request::get(host, path))
}

#[rstest]
#[case("Prefix /", "/anything", true)]
#[case("Exact /foo", "/foo", true)]
#[case("Exact /foo", "/bar", false)]
#[case("Exact /foo", "/foo/", false)]
#[case("Exact /foo/", "/foo", false)]
#[case("Prefix /foo", "/foo", true)]
#[case("Prefix /foo", "/foo/", true)]
#[case("Prefix /foo/", "/foo", true)]
#[case("Prefix /foo/", "/foo/", true)]
#[case("Prefix /aaa/bb", "/aaa/bbb", false)]
#[case("Prefix /aaa/bbb", "/aaa/bbb", true)]
#[case("Prefix /aaa/bbb/", "/aaa/bbb", true)]
#[case("Prefix /aaa/bbb", "/aaa/bbb/", true)]
#[case("Prefix /aaa/bbb", "/aaa/bbb/ccc", true)]
#[case("Prefix /aaa/bbb", "/aaa/bbbxyz", false)]
#[case("ImplementationSpecific /foo", "/foo/x", true)]
fn paths_match_as_documented(#[case] path: &str, #[case] asked: &str, #[case] yes: bool) {
    let answer = ask(&[ingress("r", 1, &format!("rules: [{}]", rule("", &[path])))], "x.y", asked);
    let want = if yes { (Outcome::Forward, None) } else { (Outcome::NoRoute, Some(404)) };
    assert_eq!((answer.outcome, answer.status), want, "{answer:#?}");
    assert_eq!(answer.listener.as_deref(), Some("IngressClass nginx"));
}

#[rstest]
#[case("*.foo.com", "bar.foo.com", true)]
#[case("*.foo.com", "baz.bar.foo.com", false)]
#[case("*.foo.com", "foo.com", false)]
#[case("bar.foo.com", "bar.foo.com", true)]
#[case("bar.foo.com", "foo.com", false)]
#[case("", "whatever.org", true)]
fn a_wildcard_stands_for_one_label(#[case] host: &str, #[case] asked: &str, #[case] yes: bool) {
    let answer = ask(&[ingress("r", 1, &format!("rules: [{}]", rule(host, &["Prefix /"])))], asked, "/");
    assert_eq!(answer.outcome == Outcome::Forward, yes, "{answer:#?}");
    if !yes {
        assert_eq!(answer.losers[0].lost_at, LostAt::Hostname);
    }
}

#[rstest]
#[case::longest(&["Prefix /", "Prefix /aaa", "Prefix /aaa/bbb"], "/aaa/bbb/c", 2)]
#[case::next(&["Prefix /", "Prefix /aaa", "Prefix /aaa/bbb"], "/aaa/ccc", 1)]
#[case::root(&["Prefix /", "Prefix /aaa", "Prefix /aaa/bbb"], "/ccc", 0)]
#[case::exact_first(&["Prefix /foo", "Exact /foo"], "/foo", 1)]
#[case::exact_not_below(&["Prefix /foo", "Exact /foo"], "/foo/x", 0)]
fn the_longest_path_wins_and_of_equal_ones_the_exact(#[case] paths: &[&str], #[case] asked: &str, #[case] at: usize) {
    let answer = ask(&[ingress("r", 1, &format!("rules: [{}]", rule("", paths)))], "x.y", asked);
    assert_eq!((answer.rule, answer.backends[0].r#ref.as_str()), (Some(at), format!("a/s{at}:80").as_str()));
}

#[test]
fn a_whole_host_comes_before_a_wildcard_and_that_before_none() {
    let texts = [
        ingress("any", 1, &format!("rules: [{}]", rule("", &["Exact /p"]))),
        ingress("wild", 2, &format!("rules: [{}]", rule("*.foo.com", &["Prefix /"]))),
        ingress("whole", 3, &format!("rules: [{}]", rule("bar.foo.com", &["Prefix /"]))),
    ];
    for (host, winner) in [("bar.foo.com", "whole"), ("baz.foo.com", "wild"), ("foo.org", "any")] {
        assert_eq!(ask(&texts, host, "/p").route.unwrap().name, winner, "{host}");
    }
}

#[test]
fn what_no_rule_takes_goes_to_the_default_backend() {
    let default = "defaultBackend: {service: {name: rest, port: {name: http}}}";
    let texts = [
        // The older one, so that age cannot be what decides.
        ingress("rest", 1, default),
        ingress("shop", 2, &format!("rules: [{}]", rule("", &["Prefix /"]))),
    ];
    assert_eq!(ask(&texts[..1], "x.y", "/z").route.unwrap().name, "rest");
    let answer = ask(&texts, "x.y", "/z");
    assert_eq!(answer.route.unwrap().name, "shop");
    assert_eq!((answer.losers[0].matched, answer.losers[0].lost_at), (true, LostAt::PathPrefix));
    let loaded = loaded(&texts.concat());
    assert!(conflicts(&loaded.world()).is_empty(), "the default was meant for the rest");
    let judged = wins(&loaded.world());
    let loses: Vec<&str> = loaded
        .routes
        .iter()
        .zip(&judged)
        .filter(|(_, wins)| wins.known() == Some(false))
        .map(|(route, _)| route.name.as_str())
        .collect();
    assert_eq!(loses, ["rest"]);
}

#[test]
fn every_class_is_served_by_itself() {
    let legacy = ingress("old", 1, &format!("ingressClassName: null, rules: [{}]", rule("", &["Prefix /"])))
        .replace("namespace: a,", "namespace: a, annotations: {kubernetes.io/ingress.class: traefik},");
    let texts = [ingress("new", 2, &format!("rules: [{}]", rule("", &["Prefix /"]))), legacy];
    let loaded = loaded(&texts.concat());
    let world = loaded.world();
    let of = |class: &str| {
        let request = Request { class: Some(class.into()), ..Request::get("x.y", "/") };
        resolve(&world, &request).route.map(|route| route.name.to_string())
    };
    assert_eq!((of("nginx").as_deref(), of("traefik").as_deref(), of("none")), (Some("new"), Some("old"), None));
    assert!(wins(&world).iter().all(|wins| wins.known() == Some(true)), "they do not meet");
    assert!(conflicts(&world).is_empty());
    // Controllers listen on 80 and 443 alone.
    let odd = Request { port: Some(8080), ..Request::get("x.y", "/") };
    assert_eq!(resolve(&world, &odd).listener, None);
}

fn class(name: &str, minute: u32, default: bool) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {{name: {name}, creationTimestamp: \
         '2026-01-01T00:{minute:02}:00Z', annotations: {{ingressclass.kubernetes.io/is-default-class: '{default}'}}}}\nspec: \
         {{controller: example.org/{name}, parameters: {{kind: Settings, name: s, scope: Namespace, namespace: ops}}}}\n"
    )
}

/// Who names no class has the default one, if it was there when the Ingress was made.
#[rstest]
#[case::default(&[("one", 1, true), ("two", 1, false)], 5, "IngressClass one", "it has the default one, one")]
#[case::none_is_default(&[("one", 1, false)], 5, "IngressClass –", "no class is the default")]
#[case::made_before_it(&[("one", 9, true)], 5, "IngressClass –", "older than the default one")]
#[case::several(&[("one", 1, true), ("two", 1, true)], 5, "IngressClass –", "several are the default")]
fn without_a_class_the_default_serves(
    #[case] classes: &[(&str, u32, bool)],
    #[case] minute: u32,
    #[case] listener: &str,
    #[case] told: &str,
) {
    let spec = format!("ingressClassName: null, rules: [{}]", rule("", &["Prefix /"]));
    let classes: String = classes.iter().map(|(name, minute, default)| class(name, *minute, *default)).collect();
    let answer = ask(&[classes, ingress("r", minute, &spec)], "x.y", "/");
    assert_eq!(answer.listener.as_deref(), Some(listener), "{answer:#?}");
    assert!(answer.notes.iter().any(|note| note.contains(told)), "{:?}", answer.notes);
    assert_eq!(answer.route.unwrap().name, "r");
}

#[test]
fn a_class_tells_its_controller() {
    let texts = [class("nginx", 1, false), ingress("r", 2, &format!("rules: [{}]", rule("", &["Prefix /"])))];
    let answer = ask(&texts, "x.y", "/");
    let told = "class nginx is served by controller example.org/nginx, parameters Settings ops/s";
    assert!(answer.notes.iter().any(|note| note == told), "{:?}", answer.notes);
    let lost = ask(&[class("other", 1, false), texts[1].clone()], "x.y", "/");
    assert!(lost.notes.iter().any(|note| note.starts_with("there is no IngressClass nginx")), "{:?}", lost.notes);
    // Where nobody looked nothing is said.
    assert!(ask(&texts[1..], "x.y", "/").notes.iter().all(|note| !note.contains("class")));
}

/// An Ingress that gets the default class meets those that name it.
#[test]
fn the_default_class_is_one_frontend_with_those_that_name_it() {
    let spec = |class: &str| format!("ingressClassName: {class}, rules: [{}]", rule("shop.x", &["Prefix /"]));
    let texts = [class("one", 1, true), ingress("named", 3, &spec("one")), ingress("silent", 2, &spec("null"))];
    let answer = ask(&texts, "shop.x", "/");
    assert_eq!((answer.route.unwrap().name.as_str(), answer.losers.len()), ("silent", 1));
    let loaded = loaded(&texts.concat());
    let found = conflicts(&loaded.world());
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].loser.object.name, "named");
}

#[test]
fn bad_classes_are_read_still() {
    for spec in ["{}", "{controller: 3, parameters: [1]}", "[]", "7"] {
        let text = format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {{name: odd}}\nspec: {spec}\n"
        );
        ask(&[text, ingress("r", 1, &format!("rules: [{}]", rule("", &["Prefix /"])))], "x.y", "/");
    }
}

#[test]
fn two_ingresses_for_one_path_are_a_conflict() {
    let shop = |name, minute| ingress(name, minute, &format!("rules: [{}]", rule("shop.x", &["Prefix /cart"])));
    let loaded = loaded(&[shop("young", 9), shop("old", 1)].concat());
    let world = loaded.world();
    let found = conflicts(&world);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].kind, found[0].loser.object.name.as_str()), (ConflictKind::Duplicate, "young"));
    let answer = resolve(&world, &Request::get("shop.x", "/cart/1"));
    assert_eq!((answer.route.unwrap().name.as_str(), answer.losers[0].lost_at), ("old", LostAt::Age));
    assert_eq!(wins(&world).iter().filter(|wins| wins.known() == Some(false)).count(), 1);
}

#[test]
fn bad_ingresses_are_rows_still() {
    for spec in ["rules: 3", "rules: [{http: {paths: [{}]}}]", "rules: [7], defaultBackend: x", "ingressClassName: [1]"]
    {
        let loaded = loaded(&ingress("odd", 1, spec));
        assert_eq!(loaded.routes.len(), 1, "{spec}");
        resolve(&loaded.world(), &Request::get("x.y", "/"));
    }
}

const HOSTS: [&str; 4] = ["", "*.foo.com", "bar.foo.com", "*.com"];
const PATHS: [&str; 5] = ["Prefix /", "Prefix /a", "Exact /a", "Prefix /a/b", "ImplementationSpecific /a"];

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(
        claims in prop::collection::vec((0..HOSTS.len(), 0..PATHS.len(), 0..3u32), 1..8), turn in 0..8usize,
    ) {
        let texts: Vec<String> = claims.iter().enumerate()
            .map(|(n, (host, path, minute))| {
                ingress(&format!("r{n}"), *minute, &format!("rules: [{}]", rule(HOSTS[*host], &[PATHS[*path]])))
            })
            .collect();
        let first = ask(&texts, "bar.foo.com", "/a");
        let mut turned = texts.clone();
        turned.rotate_left(turn % texts.len());
        turned.reverse();
        prop_assert_eq!(&ask(&turned, "bar.foo.com", "/a"), &first);
        prop_assert_eq!(usize::from(first.route.is_some()) + first.losers.len(), claims.len());
    }
}
