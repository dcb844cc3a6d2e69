//! Credential plugins: run without a terminal, renewed, and explained when they fail.

use brink::cluster::{
    api::{Api, Read, Trouble},
    cause::Cause,
    io::live::Live,
};
use serde_json::{Value, json};

use super::loopback::{
    authority::Authority,
    kubeconfig::Kubeconfig,
    server::{Reply, Seen, Server},
};

const V1: &str = "client.authentication.k8s.io/v1";

fn exec(command: &str) -> Value {
    json!({"apiVersion": V1, "command": command, "interactiveMode": "IfAvailable"})
}

fn credential(status: &Value) -> String {
    json!({"kind": "ExecCredential", "apiVersion": V1, "status": status}).to_string()
}

async fn ask(live: &Live) -> Result<(), Trouble> {
    live.read(&Read::Path("/version".to_owned())).await.map(drop)
}

fn why(trouble: Trouble) -> String {
    match trouble {
        Trouble::Unreachable { why, .. } => {
            assert_eq!(Cause::of(&why), Cause::Credentials, "{why}");
            why
        }
        other => panic!("{other:?}"),
    }
}

fn fine(_: &Seen) -> Reply {
    Reply::json(&json!({}))
}

#[tokio::test]
async fn a_plugin_gives_a_token_once_and_hears_about_the_cluster() {
    let server = Server::plain(fine).await;
    let mut kubeconfig = Kubeconfig::new(&server.url());
    let answer = credential(&json!({"token": "abc"}));
    let script = format!(
        "cd \"$(dirname \"$0\")\"; echo noise >&2; echo \"$KUBERNETES_EXEC_INFO\" >> info; echo \"$ONE $1\" > said; echo '{answer}'"
    );
    let command = kubeconfig.program("plugin", &script);
    kubeconfig.user["exec"] = exec(&command);
    kubeconfig.user["exec"]["env"] = json!([{"name": "ONE", "value": "uno"}]);
    kubeconfig.user["exec"]["args"] = json!(["dos"]);
    kubeconfig.user["exec"]["provideClusterInfo"] = json!(true);
    let live = Live::new(kubeconfig.connect().unwrap(), false);
    let read = |name: &str| std::fs::read_to_string(kubeconfig.folder.path().join(name));
    assert!(read("info").is_err(), "it runs with the first request, not before");
    ask(&live).await.unwrap();
    ask(&live).await.unwrap();
    assert_eq!(server.seen()[1].header("authorization"), ["Bearer abc"]);
    assert_eq!(read("said").unwrap(), "uno dos\n");
    let info: Value = serde_json::from_str(read("info").unwrap().trim()).unwrap();
    assert_eq!(info["spec"], json!({"interactive": false, "cluster": {"server": server.url()}}));
}

#[tokio::test]
async fn an_expired_or_refused_token_is_asked_for_again() {
    let server = Server::plain(|seen| {
        if seen.header("authorization") == ["Bearer t1"] {
            Reply::status(401, "Unauthorized", "Unauthorized")
        } else {
            fine(seen)
        }
    })
    .await;
    let mut kubeconfig = Kubeconfig::new(&server.url());
    // Each run counts; the token bears the number.
    let script = "cd \"$(dirname \"$0\")\"; echo x >> runs; n=$(wc -l < runs | tr -d ' ')\n\
        echo \"{\\\"kind\\\":\\\"ExecCredential\\\",\\\"apiVersion\\\":\\\"client.authentication.k8s.io/v1\\\",\\\"status\\\":{\\\"token\\\":\\\"t$n\\\",\\\"expirationTimestamp\\\":\\\"2001-01-01T00:00:00Z\\\"}}\"";
    let command = kubeconfig.program("plugin", script);
    kubeconfig.user["exec"] = exec(&command);
    let live = Live::new(kubeconfig.connect().unwrap(), false);
    ask(&live).await.unwrap();
    ask(&live).await.unwrap();
    let tokens: Vec<String> = server.seen().iter().map(|seen| seen.header("authorization")[0].to_owned()).collect();
    assert_eq!(tokens, ["Bearer t1", "Bearer t2", "Bearer t3"]);
    assert_eq!(live.link().credentials_until(), "2001-01-01T00:00:00Z".parse().ok());
}

#[tokio::test]
async fn a_plugin_may_give_a_client_certificate() {
    let authority = Authority::new();
    let server = Server::tls(authority.tls(&authority.server(&["127.0.0.1"]), true), fine).await;
    let leaf = authority.client("ann");
    let mut kubeconfig = Kubeconfig::new(&server.url()).trust(&authority.pem);
    kubeconfig.file("answer", &credential(&json!({"clientCertificateData": leaf.cert, "clientKeyData": leaf.key})));
    let command = kubeconfig.program("plugin", "cat \"$(dirname \"$0\")/answer\"");
    kubeconfig.user["exec"] = exec(&command);
    let live = Live::new(kubeconfig.connect().unwrap(), false);
    ask(&live).await.unwrap();
    assert!(server.seen()[0].certificate.is_some());
    assert_eq!(live.link().credentials_until(), "2090-01-01T00:00:00Z".parse().ok());
}

#[tokio::test]
async fn a_failing_plugin_is_quoted_safely_and_nothing_is_sent() {
    let server = Server::plain(fine).await;
    let mut kubeconfig = Kubeconfig::new(&server.url());
    let command = kubeconfig.program("plugin", "printf 'token \\033[31mexpired\\033[0m\\nlog in' >&2; exit 3");
    kubeconfig.user["exec"] = exec(&command);
    let said = why(ask(&Live::new(kubeconfig.connect().unwrap(), false)).await.unwrap_err());
    assert!(said.contains("token expired log in") && said.contains('3'), "{said}");
    assert!(said.contains("kubectl --context test"), "{said}");

    let command = kubeconfig.program("chatty", "echo 'secret-token is not json'");
    kubeconfig.user["exec"] = exec(&command);
    let said = why(ask(&Live::new(kubeconfig.connect().unwrap(), false)).await.unwrap_err());
    assert!(said.contains("line 1") && !said.contains("secret-token"), "{said}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_missing_plugin_shows_its_install_hint_and_a_terminal_is_refused() {
    let mut kubeconfig = Kubeconfig::new("http://127.0.0.1:9");
    kubeconfig.user["exec"] = exec("no-such-plugin-here");
    kubeconfig.user["exec"]["installHint"] = json!("brew install it\n");
    let said = why(ask(&Live::new(kubeconfig.connect().unwrap(), false)).await.unwrap_err());
    assert!(said.contains("brew install it"), "{said}");
    kubeconfig.user["exec"] = exec("sh");
    kubeconfig.user["exec"]["interactiveMode"] = json!("Always");
    let said = why(ask(&Live::new(kubeconfig.connect().unwrap(), false)).await.unwrap_err());
    assert!(said.contains("wants a terminal") && said.contains("kubectl"), "{said}");
    kubeconfig.user["exec"]["apiVersion"] = json!("client.authentication.k8s.io/v1alpha1");
    assert!(kubeconfig.connect().unwrap_err().to_string().contains("v1alpha1"));
}
