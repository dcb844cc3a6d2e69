//! Regular expressions that do not compile or explode, in every place of every kind that has one: it is said, and the rest is served.

use brink::mesh::{
    conflicts::conflicts,
    resolve::{GrpcCall, Outcome, Request, resolve},
    wins::wins,
};
use rstest::rstest;

use super::support::{routes, routes::loaded};

const GATEWAY: &str = "---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: a}
spec: {gatewayClassName: any, listeners: [{name: web, port: 80, protocol: HTTP}]}
";

fn route(kind: &str, test: &str) -> String {
    let spec = format!(
        "rules: [{{matches: [{test}], backendRefs: [{{name: odd, port: 80}}]}}, {{backendRefs: [{{name: rest, port: 80}}]}}]"
    );
    GATEWAY.to_owned() + &routes::route(kind, ("a", "r"), 1, "{name: gw}", &spec)
}

fn virtual_service(test: &str) -> String {
    format!(
        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: r, namespace: a}}\nspec: {{hosts: \
         [x.example], gateways: [gw], http: [{{match: [{test}], route: [{{destination: {{host: odd}}}}]}}, {{route: \
         [{{destination: {{host: rest}}}}]}}]}}\n"
    )
}

#[rstest]
#[case::path("HTTPRoute", "{path: {type: RegularExpression, value: 'X'}}")]
#[case::header("HTTPRoute", "{headers: [{type: RegularExpression, name: h, value: 'X'}]}")]
#[case::query("HTTPRoute", "{queryParams: [{type: RegularExpression, name: q, value: 'X'}]}")]
#[case::service("GRPCRoute", "{method: {type: RegularExpression, service: 'X'}}")]
#[case::method("GRPCRoute", "{method: {type: RegularExpression, method: 'X'}}")]
#[case::grpc_header("GRPCRoute", "{headers: [{type: RegularExpression, name: h, value: 'X'}]}")]
#[case::uri("VirtualService", "{uri: {regex: 'X'}}")]
#[case::vs_header("VirtualService", "{headers: {h: {regex: 'X'}}}")]
#[case::vs_query("VirtualService", "{queryParams: {q: {regex: 'X'}}}")]
#[case::vs_method("VirtualService", "{method: {regex: 'X'}}")]
#[case::vs_authority("VirtualService", "{authority: {regex: 'X'}}")]
#[case::vs_scheme("VirtualService", "{scheme: {regex: 'X'}}")]
fn a_bad_expression_is_said_and_the_rest_is_served(
    #[case] kind: &str,
    #[case] test: &str,
    // Not closed; too large when compiled; what RE2 has not.
    #[values("v[", "(a{1000}){1000}", "(?=x)", r"(.)\\1", "*")] expression: &str,
) {
    let expression = expression.replace(r"\\", r"\");
    let test = test.replace('X', &expression);
    let text = if kind == "VirtualService" { virtual_service(&test) } else { route(kind, &test) };
    let loaded = loaded(&text);
    let world = loaded.world();
    let mut request = match kind {
        "GRPCRoute" => Request::call("x.example", GrpcCall::parse("s.S/M").unwrap()),
        _ => Request::get("x.example", "/?q=1"),
    };
    request.headers.push(("h".to_owned(), "1".to_owned()));
    let answer = resolve(&world, &request);
    assert_eq!((answer.outcome, answer.rule), (Outcome::Forward, Some(1)), "{answer:#?}");
    let told = format!("the expression `{expression}` does not compile: taken as never true");
    assert!(answer.notes.contains(&told), "{:?}", answer.notes);
    assert_eq!(answer.losers.len(), 1);
    // Whoever else looks at the routes goes on too.
    assert_eq!(wins(&world).len(), 1);
    assert!(conflicts(&world).is_empty());
}

/// A text on which other engines need time beyond measure.
#[test]
fn no_expression_takes_forever() {
    let text = route("HTTPRoute", "{path: {type: RegularExpression, value: '/(a+)+b'}}");
    let path = format!("/{}", "a".repeat(5000));
    let answer = resolve(&loaded(&text).world(), &Request::get("x.example", &path));
    assert_eq!(answer.rule, Some(1));
}

/// What is noted hangs on the objects and not on their order.
#[test]
fn notes_stand_in_an_order_of_their_own() {
    let spec = |expression: &str| {
        format!(
            "rules: [{{matches: [{{path: {{type: RegularExpression, value: '{expression}'}}}}], backendRefs: [{{name: b, port: 80}}]}}]"
        )
    };
    let one =
        |name: &str, expression: &str| routes::route("HTTPRoute", ("a", name), 1, "{name: gw}", &spec(expression));
    let asked = Request::get("x.example", "/");
    let first = resolve(&loaded(&format!("{GATEWAY}{}{}", one("r", "a["), one("s", "b["))).world(), &asked);
    let second = resolve(&loaded(&format!("{GATEWAY}{}{}", one("s", "b["), one("r", "a["))).world(), &asked);
    assert_eq!(first, second);
    assert_eq!(first.notes.len(), 2);
}
