//! Connecting as kubectl does: certificates, tokens, names, impersonation, and errors that say what to do.

use brink::cluster::{
    Kind, Manifest, ObjectRef,
    api::{Api, Read, Trouble, Write, WriteApi},
    cause::{Cause, remedy},
    io::{connect::ConnectError, live::Live},
};
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::json;

use super::loopback::{
    authority::Authority,
    kubeconfig::Kubeconfig,
    server::{Reply, Seen, Server},
};

fn fine(_: &Seen) -> Reply {
    Reply::json(&json!({"major": "1"}))
}

fn version() -> Read {
    Read::Path("/version".to_owned())
}

async fn ask(kubeconfig: &Kubeconfig) -> Result<(), Trouble> {
    let link = kubeconfig.connect().map_err(|error| panic!("{error}: {}", error.fix())).unwrap();
    Live::new(link, false).read(&version()).await.map(drop)
}

/// The cause of a failure, and whether the request may have been carried out.
fn cause(trouble: &Trouble) -> (Cause, bool) {
    match trouble {
        Trouble::Unreachable { why, .. } => (Cause::of(why), false),
        Trouble::Unknown { why, .. } => (Cause::of(why), true),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_from_data_and_from_files() {
    let authority = Authority::new();
    let server = Server::tls(authority.tls(&authority.server(&["127.0.0.1"]), true), fine).await;
    let leaf = authority.client("ann");
    let encoded = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let data = Kubeconfig::new(&server.url())
        .trust(&authority.pem)
        .user("client-certificate-data", encoded(&leaf.cert))
        .user("client-key-data", encoded(&leaf.key));
    ask(&data).await.unwrap();
    let until = data.connect().unwrap().credentials_until();
    assert_eq!(until, "2090-01-01T00:00:00Z".parse().ok());

    // Relative paths are relative to the kubeconfig, not to where one stands.
    let files = Kubeconfig::new(&server.url())
        .trust(&authority.pem)
        .user("client-certificate", "ann.crt")
        .user("client-key", "ann.key");
    files.file("ann.crt", &leaf.cert);
    files.file("ann.key", &leaf.key);
    ask(&files).await.unwrap();
    assert!(server.seen().iter().all(|seen| seen.certificate.is_some()));
    assert_eq!(server.seen().len(), 2);

    let none = Kubeconfig::new(&server.url()).trust(&authority.pem);
    let trouble = ask(&none).await.unwrap_err();
    assert_eq!(cause(&trouble), (Cause::ClientCertificate, false), "{trouble}");
}

#[tokio::test]
async fn a_token_is_sent_and_never_printed() {
    let server = Server::plain(fine).await;
    let kubeconfig = Kubeconfig::new(&server.url()).user("token", "s3cret");
    let link = kubeconfig.connect().unwrap();
    Live::new(link.clone(), false).read(&version()).await.unwrap();
    assert_eq!(server.seen()[0].header("authorization"), ["Bearer s3cret"]);
    assert!(server.seen()[0].header("user-agent")[0].starts_with("brink/"));
    assert!(!format!("{link:?} {:?}", Live::new(link.clone(), true)).contains("s3cret"));
}

#[tokio::test]
async fn a_token_file_that_rotates_is_read_again() {
    let server = Server::plain(|seen| {
        if seen.header("authorization") == ["Bearer two"] {
            fine(seen)
        } else {
            Reply::status(401, "Unauthorized", "Unauthorized")
        }
    })
    .await;
    let kubeconfig = Kubeconfig::new(&server.url()).user("tokenFile", "token");
    kubeconfig.file("token", "one\n");
    let live = Live::new(kubeconfig.connect().unwrap(), false);
    assert_eq!(live.read(&version()).await.unwrap_err().code(), Some(401));
    kubeconfig.file("token", "two\n");
    live.read(&version()).await.unwrap();
    // The file vanishing does not lose what was read from it.
    std::fs::remove_file(kubeconfig.folder.path().join("token")).unwrap();
    live.read(&version()).await.unwrap();
}

#[tokio::test]
async fn a_server_name_replaces_the_host_in_the_handshake() {
    let authority = Authority::new();
    let server = Server::tls(authority.tls(&authority.server(&["kube.internal"]), false), fine).await;
    let plain = Kubeconfig::new(&server.url()).trust(&authority.pem);
    let trouble = ask(&plain).await.unwrap_err();
    assert_eq!(cause(&trouble), (Cause::WrongName, false), "{trouble}");
    assert!(remedy(&trouble, "test").contains("tls-server-name"));
    let named = Kubeconfig::new(&server.url()).trust(&authority.pem).cluster("tls-server-name", "kube.internal");
    ask(&named).await.unwrap();
    assert_eq!(server.seen()[0].sni.as_deref(), Some("kube.internal"));
}

#[tokio::test]
async fn certificates_are_verified_unless_told_otherwise() {
    let authority = Authority::new();
    let server = Server::tls(authority.tls(&authority.server(&["127.0.0.1"]), false), fine).await;
    let stranger = Kubeconfig::new(&server.url()).trust(&Authority::new().pem);
    let trouble = ask(&stranger).await.unwrap_err();
    assert_eq!(cause(&trouble), (Cause::UnknownAuthority, false), "{trouble}");
    let careless = Kubeconfig::new(&server.url()).cluster("insecure-skip-tls-verify", true);
    ask(&careless).await.unwrap();
    let both = Kubeconfig::new(&server.url()).trust(&authority.pem).cluster("insecure-skip-tls-verify", true);
    let error = both.connect().unwrap_err();
    assert!(matches!(error, ConnectError::BadCluster { field: "insecure-skip-tls-verify", .. }), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_expired_certificate_is_named_with_its_remedy() {
    let authority = Authority::new();
    let server = Server::tls(authority.tls(&authority.expired(&["127.0.0.1"]), false), fine).await;
    let trouble = ask(&Kubeconfig::new(&server.url()).trust(&authority.pem)).await.unwrap_err();
    assert_eq!(cause(&trouble), (Cause::CertificateExpired, false), "{trouble}");
    assert!(remedy(&trouble, "test").contains("renew"));
}

#[tokio::test]
async fn impersonation_comes_from_the_kubeconfig_or_whole_from_the_flags() {
    let server = Server::plain(fine).await;
    let mut kubeconfig = Kubeconfig::new(&server.url())
        .user("as", "ann")
        .user("as-groups", json!(["dev", "ops"]))
        .user("as-uid", "7")
        .user("as-user-extra", json!({"Acme.com/project": ["x"]}));
    ask(&kubeconfig).await.unwrap();
    kubeconfig.address.as_user = Some("bob".to_owned());
    kubeconfig.address.as_groups = vec!["qa".to_owned()];
    ask(&kubeconfig).await.unwrap();
    assert_eq!(kubeconfig.connect().unwrap().user(), "u (as bob)");
    let seen = server.seen();
    assert_eq!(seen[0].header("impersonate-user"), ["ann"]);
    assert_eq!(seen[0].header("impersonate-group"), ["dev", "ops"]);
    assert_eq!(seen[0].header("impersonate-uid"), ["7"]);
    assert_eq!(seen[0].header("impersonate-extra-acme.com%2fproject"), ["x"]);
    assert_eq!(seen[1].header("impersonate-user"), ["bob"]);
    assert_eq!(seen[1].header("impersonate-group"), ["qa"]);
    assert!(seen[1].header("impersonate-uid").is_empty());
    kubeconfig.address.as_user = None;
    assert!(kubeconfig.connect().unwrap_err().to_string().contains("--as"));
    kubeconfig.address.as_user = Some("a\nb".to_owned());
    assert!(kubeconfig.connect().is_err());
}

#[tokio::test]
async fn a_pod_uses_its_service_account() {
    let authority = Authority::new();
    let server = Server::tls(authority.tls(&authority.server(&["127.0.0.1"]), false), fine).await;
    let mut kubeconfig = Kubeconfig::new("unused");
    kubeconfig.address.kubeconfig.clear();
    kubeconfig.file("token", "pod-token\n");
    kubeconfig.file("ca.crt", &authority.pem);
    kubeconfig.file("namespace", "chaos\n");
    kubeconfig.around.service_account = kubeconfig.folder.path().to_owned();
    kubeconfig.around.in_cluster = Some(("127.0.0.1".to_owned(), server.port.to_string()));
    let link = brink::cluster::io::connect::connect_in(&kubeconfig.address, &kubeconfig.around).unwrap();
    assert_eq!((link.context(), link.namespace()), ("in-cluster", "chaos"));
    Live::new(link, false).read(&version()).await.unwrap();
    assert_eq!(server.seen()[0].header("authorization"), ["Bearer pod-token"]);
}

#[tokio::test]
async fn the_servers_clock_is_taken_over() {
    let date = "Thu, 01 Jan 2026 12:00:00 GMT";
    let server = Server::plain(move |_| Reply::Whole(200, vec![("date", date.to_owned())], "{}".to_owned())).await;
    let link = Kubeconfig::new(&server.url()).connect().unwrap();
    assert!(!link.clock().is_set());
    let live = Live::new(link, false);
    let answer = live.read(&version()).await.unwrap();
    let noon = "2026-01-01T12:00:00Z".parse().unwrap();
    assert_eq!(answer.date, Some(noon));
    let ahead = live.now().duration_since(noon);
    assert!(ahead >= SignedDuration::ZERO && ahead < SignedDuration::from_secs(60), "{ahead}");
}

#[rstest]
#[case("http://127.0.0.1:1", 20.0, true)]
#[case("http://localhost:1", 20.0, true)]
#[case("https://api.example.com", 1.0, true)]
#[case("https://api.example.com", 20.0, false)]
#[case("http://127.0.0.1:1", 0.0, false)]
#[tokio::test]
async fn a_clock_rate_is_for_this_machine_only(#[case] server: &str, #[case] rate: f64, #[case] fine: bool) {
    let extension = json!([{"name": "brink.dev/clock", "extension": {"rate": rate}}]);
    match Kubeconfig::new(server).cluster("extensions", extension).connect() {
        Ok(link) => {
            assert!(fine);
            assert!((link.clock().rate() - rate).abs() < f64::EPSILON);
        }
        Err(error) => assert!(!fine && error.to_string().contains("brink.dev/clock"), "{error}"),
    }
}

#[tokio::test]
async fn a_refused_connection_says_so_and_that_nothing_happened() {
    let port = Server::plain(fine).await.port;
    let trouble = ask(&Kubeconfig::new(&format!("http://127.0.0.1:{port}"))).await.unwrap_err();
    assert_eq!(cause(&trouble), (Cause::Refused, false), "{trouble}");
    assert!(trouble.transient());
}

#[tokio::test]
async fn a_lost_answer_is_told_from_a_request_that_never_left() {
    let server = Server::plain(|_| Reply::Cut).await;
    let live = Live::new(Kubeconfig::new(&server.url()).connect().unwrap(), false);
    let review = Read::Allowed {
        verb: "get".to_owned(),
        kind: Kind::namespaced("", "v1", "Pod", "pods"),
        namespace: None,
        name: None,
        subresource: None,
    };
    let trouble = live.read(&review).await.unwrap_err();
    assert_eq!(cause(&trouble), (Cause::Cut, true), "{trouble}");
    assert_eq!(server.seen().len(), 1, "a POST is not sent twice");
}

#[tokio::test]
async fn answers_of_others_than_the_api_server_are_recognised() {
    let page = |code| move |_: &Seen| Reply::Whole(code, vec![], "<html>\u{1b}[31mlog in</html>".to_owned());
    let server = Server::plain(page(502)).await;
    let trouble = ask(&Kubeconfig::new(&server.url())).await.unwrap_err();
    assert_eq!(trouble.code(), Some(502));
    assert!(trouble.to_string().contains("HTML page"), "{trouble}");
    let server = Server::plain(page(200)).await;
    let trouble = ask(&Kubeconfig::new(&server.url())).await.unwrap_err();
    assert_eq!(cause(&trouble).0, Cause::Protocol, "{trouble}");
    // TLS spoken to a plain port.
    let trouble = ask(&Kubeconfig::new(&server.url().replace("http:", "https:"))).await.unwrap_err();
    assert_eq!(cause(&trouble), (Cause::Tls, false), "{trouble}");
}

#[rstest]
#[case(401, "log in")]
#[case(403, "auth can-i")]
#[tokio::test]
async fn refusals_carry_the_servers_words_and_a_remedy(#[case] code: u16, #[case] fix: &str) {
    let server = Server::plain(move |_| Reply::status(code, "Reason", "no\u{1b}[2J way")).await;
    let trouble = ask(&Kubeconfig::new(&server.url())).await.unwrap_err();
    assert_eq!((trouble.code(), trouble.to_string().as_str()), (Some(code), "no way"));
    assert!(remedy(&trouble, "test").contains(fix));
}

#[tokio::test]
async fn a_server_behind_a_path_and_odd_names_keep_their_place() {
    let server = Server::plain(fine).await;
    let live = Live::new(Kubeconfig::new(&format!("{}/k8s/c1", server.url())).connect().unwrap(), false);
    for name in ["..", "a/b?x#y", ""] {
        let pod = ObjectRef::new(Kind::namespaced("", "v1", "Pod", "pods"), "shop", name);
        let _ = live.read(&Read::Get(pod)).await;
    }
    let paths: Vec<String> = server.seen().into_iter().map(|seen| seen.path).collect();
    let front = "/k8s/c1/api/v1/namespaces/shop/pods";
    assert_eq!(paths, [format!("{front}/%2E%2E"), format!("{front}/a%2Fb%3Fx%23y"), format!("{front}/%20")]);
}

#[tokio::test]
async fn nothing_is_asked_before_it_is_needed() {
    let server = Server::plain(fine).await;
    let link = Kubeconfig::new(&server.url()).user("token", "x").connect().unwrap();
    assert_eq!((link.cluster(), link.user(), link.namespace()), ("c", "u", "shop"));
    let live = Live::new(link, true);
    let pod = ObjectRef::new(Kind::namespaced("", "v1", "Pod", "pods"), "shop", "web");
    let warrant =
        brink::fault::guard::undo("i-1", brink::cluster::ClusterId::new("some-cluster", "Namespace kube-system"));
    let refused = live.write(&warrant, &Write::Create(pod, Manifest::default())).await.unwrap_err();
    assert!(matches!(&refused, Trouble::NoWarrant(why) if why.contains("read-only")), "{refused}");
    assert!(server.seen().is_empty(), "read-only asks nothing either");
}

#[rstest]
#[case("http://127.0.0.1:1", "/tmp/nothing/alive", true)]
#[case("http://127.0.0.1:1", "alive", false)]
#[case("https://api.example.com", "/tmp/nothing/alive", false)]
#[tokio::test]
async fn only_a_simulated_cluster_on_this_machine_may_name_its_process(
    #[case] server: &str,
    #[case] alive: &str,
    #[case] fine: bool,
) {
    let extension = json!([{"name": "brink.dev/world", "extension": {"alive": alive}}]);
    match Kubeconfig::new(server).cluster("extensions", extension).connect() {
        // A file that is not there proves nothing: the cluster counts as alive.
        Ok(link) => assert!(fine && link.simulated().is_none()),
        Err(error) => assert!(!fine && error.to_string().contains("brink.dev/world"), "{error}"),
    }
}
