//! Bad input of every sort: the cause and the remedy on one line each, the right code, nothing half done.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use rstest::rstest;

use super::Home;

/// A kubeconfig for an address.
fn kubeconfig(server: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\nclusters: [{{name: c, cluster: {{server: \"{server}\"}}}}]\n\
         users: [{{name: u, user: {{token: secret-token}}}}]\ncontexts: [{{name: here, context: {{cluster: c, user: u}}}}]\n"
    )
}

/// An address at which nothing listens.
fn nobody_listens() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Every command that needs a cluster.
const ASKING: [&[&str]; 5] = [
    &["get", "pods"],
    &["routes"],
    &["routes", "resolve", "--host", "shop"],
    &["fault", "kinds"],
    &["fault", "plan", "scale", "deployment/web", "--set", "replicas=0"],
];

#[test]
fn without_a_kubeconfig_nothing_can_be_reached() {
    for words in ASKING {
        let (cause, fix) = Home::new().brink(words).failed(3);
        assert!(cause.contains("no kubeconfig found"), "{words:?}: {cause}");
        assert!(fix.contains("--kubeconfig"), "{words:?}: {fix}");
    }
}

#[test]
fn a_kubeconfig_that_cannot_be_read_is_named() {
    for words in ASKING {
        let words = words.iter().chain(&["--kubeconfig", "/nowhere/config"]);
        let (cause, _) = Home::new().brink(words).failed(2);
        assert!(cause.contains("/nowhere/config") && cause.contains("No such file"), "{cause}");
    }
}

#[rstest]
#[case::yaml("clusters: [\n", "is not a kubeconfig")]
#[case::list("- a\n- b\n", "is not a kubeconfig")]
#[case::dangling(
    "current-context: here\ncontexts: [{name: here, context: {cluster: gone, user: u}}]\nusers: [{name: u, user: {}}]\n",
    "`gone`"
)]
#[case::no_context("apiVersion: v1\nkind: Config\n", "no context chosen")]
#[case::server(
    "current-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'not an address'}}]\nusers: [{name: u, user: {}}]\n",
    "server"
)]
fn a_kubeconfig_that_cannot_be_used_says_why(#[case] text: &str, #[case] why: &str) {
    let home = Home::new();
    let file = home.file("config", text);
    let (cause, _) = home.brink(["get", "pods", "--kubeconfig", &file]).failed(2);
    assert!(cause.contains(why), "{cause}");
}

#[test]
fn an_unknown_context_names_the_nearest_and_speaks_json_when_asked() {
    let home = Home::new();
    let file = home.file("config", &kubeconfig("http://127.0.0.1:1"));
    let (cause, fix) = home.brink(["get", "pods", "--kubeconfig", &file, "--context", "heer"]).failed(2);
    assert_eq!(cause, "cannot connect: no context `heer` in the kubeconfig");
    assert_eq!(fix, "did you mean `here`?");
    let error = home.brink(["routes", "-o", "json", "--kubeconfig", &file, "--context", "heer"]).failed_json(2);
    assert_eq!(error["fix"], "did you mean `here`?");
}

#[test]
fn a_refused_connection_is_told_as_such() {
    let home = Home::new();
    let server = nobody_listens();
    let file = home.file("config", &kubeconfig(&server));
    for words in ASKING {
        let ran = home.brink(words.iter().chain(&["--kubeconfig", file.as_str()]));
        assert!(!ran.stderr.contains("secret-token"));
        let (cause, fix) = ran.failed(3);
        assert!(cause.contains("connection refused") && cause.contains(&server), "{words:?}: {cause}");
        assert!(fix.contains("start the API server"), "{fix}");
    }
}

#[rstest]
#[case::unknown_kind(&["http-dely", "service/web"], "there is no fault kind `http-dely`", "did you mean `http-delay`?")]
#[case::no_target(&["scale"], "no target is given", "deployment/NAME")]
#[case::target_form(&["scale", "web"], "`web` is not KIND/NAME", "deployment/web")]
#[case::target_kind(&["scale", "deploymnt/web"], "`deploymnt` is not a kind of target", "did you mean `Deployment`?")]
#[case::unknown_param(&["scale", "deployment/web", "--set", "replcas=0"], "replcas", "did you mean `replicas`?")]
#[case::set_form(&["scale", "deployment/web", "--set", "replicas"], "is not K=V", "--set")]
#[case::required(&["scale", "deployment/web"], "replicas", "replicas")]
#[case::value(&["http-delay", "service/web", "--set", "delay=5"], "delay", "")]
#[case::range(&["http-delay", "service/web", "--set", "delay=1s", "--set", "percent=300"], "percent", "")]
#[case::span(&["scale", "deployment/web", "--set", "replicas=0", "--duration", "90"], "`90` is not a span of time", "1m30s")]
#[case::driver(&["scale", "deployment/web", "--set", "replicas=0", "--driver", "istoi"], "there is no driver `istoi`", "did you mean `istio`?")]
#[case::nothing(&[], "neither -f nor a kind", "brink fault kinds")]
fn a_wrong_intent_is_found_before_any_cluster(#[case] words: &[&str], #[case] why: &str, #[case] remedy: &str) {
    // There is no kubeconfig: had a cluster been asked, that would be the complaint.
    let (cause, fix) = Home::new().brink(["fault", "plan"].iter().chain(words)).failed(2);
    assert!(cause.contains(why), "{cause}");
    assert!(fix.contains(remedy), "{fix}");
}

#[rstest]
#[case::malformed("apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec: [\n", "fault.yaml:", "")]
#[case::unknown_field(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nmetadata: {name: x}\nspec:\n  kind: scale\n  target: {workload: Deployment/web}\n  parms: {replicas: 0}\n",
    "fault.yaml:7:3",
    "did you mean `params`?"
)]
#[case::unknown_kind(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: sclae\n  target: {workload: Deployment/web}\n",
    "fault.yaml:4:",
    "did you mean `scale`?"
)]
#[case::empty("", "fault.yaml", "")]
#[case::text("just some words\n", "fault.yaml", "")]
#[case::anchors("a: &a [*a]\n", "fault.yaml", "")]
fn a_wrong_file_names_line_and_column(#[case] text: &str, #[case] place: &str, #[case] remedy: &str) {
    let home = Home::new();
    home.file("fault.yaml", text);
    let (cause, fix) = home.brink(["fault", "plan", "-f", "fault.yaml"]).failed(2);
    assert!(cause.contains(place), "{cause}");
    assert!(fix.contains(remedy), "{fix}");
    let error = home.brink_reading(text, ["fault", "plan", "-o", "json", "-f", "-"]).failed_json(2);
    assert!(error["where"].as_str().unwrap().starts_with("stdin"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let (cause, _) = Home::new().brink(["fault", "plan", "-f", "gone.yaml"]).failed(2);
    assert!(cause.contains("gone.yaml") && cause.contains("No such file"), "{cause}");
}

#[test]
fn an_apply_that_nobody_can_confirm_sends_nothing() {
    // Neither --yes nor a terminal. The kubeconfig leads nowhere: reaching for it would end in another code.
    let home = Home::new();
    let file = home.file("config", &kubeconfig(&nobody_listens()));
    let words = ["fault", "apply", "scale", "deployment/web", "--set", "replicas=0", "--kubeconfig", &file];
    let (cause, fix) = home.brink(words).failed(2);
    assert!(cause.contains("nobody can be asked"), "{cause}");
    assert!(fix.contains("--yes"), "{fix}");
}

#[test]
fn a_wrong_guardrail_file_stops_faults_before_any_cluster() {
    let home = Home::new();
    home.file("rails.toml", "max-lease = \"forever\"\n");
    let words = ["fault", "plan", "scale", "deployment/web", "--set", "replicas=0", "--policy", "rails.toml"];
    let (cause, _) = home.brink(words).failed(2);
    assert!(cause.contains("rails.toml:1") && cause.contains("max-lease"), "{cause}");
}

#[test]
fn routes_are_resolved_from_files_without_a_cluster() {
    let home = Home::new();
    home.file(
        "routes/a.yaml",
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: old, namespace: shop, creationTimestamp: \"2024-01-01T00:00:00Z\"}\n\
         spec: {parentRefs: [{name: gw}], hostnames: [shop.example], rules: [{backendRefs: [{name: v1, port: 80}]}]}\n---\n\
         apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: new, namespace: shop, creationTimestamp: \"2025-01-01T00:00:00Z\"}\n\
         spec: {parentRefs: [{name: gw}], hostnames: [shop.example], rules: [{backendRefs: [{name: v2, port: 80}]}]}\n",
    );
    let words = ["routes", "resolve", "--host", "shop.example", "--path", "/x", "-f", "routes", "-o", "json"];
    let resolution = home.brink(words).json();
    assert_eq!(resolution["route"], "HTTPRoute shop/old");
    assert_eq!(resolution["losers"][0]["lost_at"], "age");
    assert_eq!(
        home.brink(["routes", "resolve", "--host", "elsewhere", "-f", "routes", "-o", "json"]).json()["outcome"],
        "no-route"
    );
    let listed = home.brink(["routes", "-f", "routes/a.yaml"]).ok();
    assert!(listed.contains("no: older old"), "{listed}");
}

#[test]
fn calls_handshakes_and_senders_are_resolved_from_files() {
    let home = Home::new();
    home.file(
        "r.yaml",
        "apiVersion: gateway.networking.k8s.io/v1\nkind: GRPCRoute\nmetadata: {name: api, namespace: shop}\n\
         spec: {parentRefs: [{name: gw}], rules: [{matches: [{method: {service: shop.Reviews}}], backendRefs: [{name: v1, port: 80}]}]}\n---\n\
         apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: cart, namespace: shop}\n\
         spec: {hosts: [cart], http: [{route: [{destination: {host: cart}}]}]}\n",
    );
    let ask = |words: &[&str]| {
        let all = ["routes", "resolve", "-f", "r.yaml", "-o", "json", "--host"].iter().chain(words).copied();
        home.brink(all.collect::<Vec<_>>())
    };
    assert_eq!(ask(&["shop", "--grpc", "shop.Reviews/Get"]).json()["route"], "GRPCRoute shop/api");
    assert_eq!(ask(&["shop", "--grpc", "shop.Ratings/Get"]).json()["losers"][0]["lost_at"], "service");
    assert_eq!(ask(&["shop", "--sni", "shop"]).json()["outcome"], "no-route");
    assert_eq!(ask(&["cart", "--from", "shop/web"]).json()["route"], "VirtualService shop/cart");
}

#[rstest]
#[case::malformed("kind: [\n", "routes.yaml:", "")]
#[case::not_objects("- 1\n- 2\n", "routes.yaml", "")]
fn wrong_manifests_name_their_place(#[case] text: &str, #[case] place: &str, #[case] remedy: &str) {
    let home = Home::new();
    home.file("routes.yaml", text);
    let (cause, fix) = home.brink(["routes", "resolve", "--host", "x", "-f", "routes.yaml"]).failed(2);
    assert!(cause.contains(place), "{cause}");
    assert!(fix.contains(remedy), "{fix}");
}

#[rstest]
#[case::path(&["--path", "x"], "a path starts with /", "--path /x")]
#[case::header(&["--header", "x"], "not NAME=VALUE", "--header NAME=VALUE")]
#[case::scheme(&["--scheme", "ftp"], "invalid value 'ftp'", "")]
#[case::sni(&["--sni", "x", "--scheme", "http"], "only a TLS handshake carries a name", "--scheme https")]
#[case::tcp_sni(&["--sni", "x", "--scheme", "tcp"], "only a TLS handshake carries a name", "--scheme https")]
#[case::grpc(&["--grpc", "Reviews"], "it is not SERVICE/METHOD", "--grpc shop.Reviews/Get")]
#[case::grpc_path(&["--grpc", "Reviews/Get", "--path", "/"], "'--path", "")]
#[case::from(&["--from", "web"], "it is not NS/WORKLOAD", "--from shop/productpage")]
#[case::from_gateway(&["--from", "shop/web", "--gateway", "gw"], "'--from", "")]
fn a_wrong_request_is_refused(#[case] words: &[&str], #[case] why: &str, #[case] remedy: &str) {
    let home = Home::new();
    home.file("routes.yaml", "");
    let all = ["routes", "resolve", "--host", "x", "-f", "routes.yaml"].iter().chain(words);
    let (cause, fix) = home.brink(all).failed(2);
    assert!(cause.contains(why), "{cause}");
    assert!(fix.contains(remedy), "{fix}");
}

/// Answers every request with this, until the test ends.
pub fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            // One read is enough: what matters is that the client has spoken.
            let _ = stream.read(&mut head);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 26\r\nconnection: close\r\n\r\n<html><b>log in</b></html>";

#[test]
fn a_metric_source_that_is_a_web_page_is_told_as_such() {
    let address = answering(PAGE);
    let (cause, fix) = Home::new().brink(["mesh", "--prometheus", &address]).failed(3);
    assert!(cause.contains("HTML") || cause.contains("web page"), "{cause}");
    assert!(fix.contains("login page"), "{fix}");
    let error = Home::new().brink(["mesh", "-o", "json", "--prometheus", &address]).failed_json(3);
    assert_eq!(error["fix"], fix.as_str());
    let (cause, _) = Home::new().brink(["mesh", "--prometheus", &nobody_listens()]).failed(3);
    assert!(cause.contains("refused"), "{cause}");
    let (cause, fix) = Home::new().brink(["mesh", "--prometheus", "prometheus:9090"]).failed(2);
    assert!(cause.contains("prometheus:9090") && fix.contains("http://"), "{cause} {fix}");
}

#[rstest]
#[case::failure(
    "HTTP/1.1 503 X\r\ncontent-length: 59\r\nconnection: close\r\n\r\n{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"too slow\"}",
    "answered 503: timeout: too slow",
    "logs of that server"
)]
#[case::cut(
    "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\nconnection: close\r\n\r\n{\"status\":\"success\"",
    "cannot reach",
    "--prometheus"
)]
#[case::other(
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nup 1\n",
    "not of Prometheus' form",
    "HTTP API"
)]
#[case::kind(
    "HTTP/1.1 200 OK\r\ncontent-length: 70\r\nconnection: close\r\n\r\n{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"a\":1}]}}",
    "not of Prometheus' form",
    "HTTP API"
)]
fn a_metric_source_that_answers_badly_is_told_with_what_to_do(
    #[case] answer: &'static str,
    #[case] why: &str,
    #[case] remedy: &str,
) {
    let address = answering(answer);
    for command in ["mesh", "graph"] {
        let (cause, fix) = Home::new().brink([command, "-A", "--prometheus", &address]).failed(3);
        assert!(cause.contains(why) && cause.contains(&address), "{command}: {cause}");
        assert!(fix.contains(remedy), "{command}: {fix}");
    }
}

#[test]
fn a_server_that_is_no_kubernetes_is_told_as_such() {
    let home = Home::new();
    let file = home.file("config", &kubeconfig(&answering(PAGE)));
    for words in ASKING {
        let ran = home.brink(words.iter().chain(&["--kubeconfig", file.as_str()]));
        assert!(matches!(ran.code, 1 | 3), "{words:?}: {ran:?}");
        assert_eq!(ran.stdout, "", "{words:?}");
        assert!(ran.stderr.contains("fix: "), "{words:?}: {}", ran.stderr);
    }
}

#[test]
fn the_cockpit_needs_a_terminal() {
    let (cause, fix) = Home::new().brink::<&str>([]).failed(2);
    assert!(cause.contains("terminal"), "{cause}");
    assert!(fix.contains("brink get"), "{fix}");
}
