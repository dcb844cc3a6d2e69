//! Trouble with the API, ordered at the control door.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use serde_json::{Value, json};

use super::support::{Demo, client, demo, living, send};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const MERGE: &[(&str, &str)] = &[("content-type", "application/merge-patch+json")];

/// Says something at the control door; the code and the body of its answer.
pub async fn control(demo: &Demo, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut door = TcpStream::connect(demo.served.control.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
        demo.served.control_token,
        body.len()
    );
    door.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    door.read_to_string(&mut answer).await.unwrap();
    let code = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (code, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

const MAP: &[u8] = br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#;
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_after_the_write_leaves_the_object_and_no_answer() {
    let demo = demo().await;
    let client = client(&demo.served.kubeconfig, "admin").await;
    let rule = r#"{"id":"cut","match":{"method":"POST","count":1},"action":{"kind":"cut-after"}}"#;
    assert_eq!(control(&demo, "POST", "/rules", rule).await.0, 201);
    let request =
        http::Request::post(MAPS).header("content-type", "application/json").body(MAP.to_vec().into()).unwrap();
    assert!(client.send(request).await.is_err());
    assert_eq!(send(&client, "GET", &format!("{MAPS}/a"), &[], b"").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_can_be_replaced_and_the_door_shut() {
    let demo = demo().await;
    let client = client(&demo.served.kubeconfig, "admin").await;
    let rule = r#"{"id":"slow","match":{"path":"configmaps"},"action":{"kind":"status","code":500,"retry_after_s":7}}"#;
    assert_eq!(control(&demo, "POST", "/rules", rule).await.0, 201);
    let (code, status) = send(&client, "GET", MAPS, &[], b"").await;
    assert_eq!((code, status["details"]["retryAfterSeconds"].as_i64()), (500, Some(7)));
    assert_eq!(control(&demo, "DELETE", "/rules/slow", "").await.0, 200);
    assert_eq!(send(&client, "GET", MAPS, &[], b"").await.0, 200);
    assert_eq!(control(&demo, "POST", "/rules", r#"{"id":"off","action":{"kind":"unreachable"}}"#).await.0, 201);
    assert!(client.send(http::Request::get(MAPS).body(Vec::new().into()).unwrap()).await.is_err());
    assert_eq!(control(&demo, "DELETE", "/rules", "").await.0, 200);
    assert_eq!(send(&client, "GET", MAPS, &[], b"").await.0, 200);
    assert_eq!(control(&demo, "POST", "/rules", r#"{"id":"x","action":{"kind":"explode"}}"#).await.0, 400);
}

const WEBS: &str = "/apis/apps/v1/namespaces/default/deployments";

fn web() -> Vec<u8> {
    let labels = json!({"app": "web"});
    let template = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}});
    let spec = json!({"replicas": 2, "selector": {"matchLabels": labels}, "template": template});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}).to_string().into()
}

/// Orders trouble; it must be taken.
async fn order(demo: &Demo, id: &str, matching: Value, action: Value) {
    let mut rule = json!({"id": id, "action": action});
    if !matching.is_null() {
        rule["match"] = matching;
    }
    let (code, answer) = control(demo, "POST", "/rules", &rule.to_string()).await;
    assert_eq!(code, 201, "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_changes_or_refuses_also_only_what_is_no_dry_run() {
    let demo = demo().await;
    let client = client(&demo.served.kubeconfig, "admin").await;
    let real = json!({"path": "/deployments", "dry_run": false});
    order(&demo, "more", real.clone(), json!({"kind": "webhook", "patch": {"spec": {"replicas": 7}}})).await;
    let (_, dry) = send(&client, "POST", &format!("{WEBS}?dryRun=All"), JSON, &web()).await;
    let (_, made) = send(&client, "POST", WEBS, JSON, &web()).await;
    assert_eq!((dry["spec"]["replicas"].as_i64(), made["spec"]["replicas"].as_i64()), (Some(2), Some(7)));
    let path = format!("{WEBS}/web");
    let (_, patched) = send(&client, "PATCH", &path, MERGE, br#"{"spec":{"paused":true}}"#).await;
    assert_eq!((&patched["spec"]["paused"], &patched["spec"]["replicas"]), (&json!(true), &json!(7)));

    order(&demo, "more", real, json!({"kind": "webhook", "message": "the policy is closed"})).await;
    for (method, body) in [("PATCH", &br#"{"spec":{"paused":false}}"#[..]), ("DELETE", b"")] {
        let dry = send(&client, method, &format!("{path}?dryRun=All"), MERGE, body).await;
        assert_eq!(dry.0, 200, "{method}: {}", dry.1);
        let (code, refused) = send(&client, method, &path, MERGE, body).await;
        let said = refused["message"].as_str().unwrap();
        assert_eq!((code, refused["reason"].as_str()), (403, Some("Forbidden")), "{method}");
        assert_eq!(said, r#"admission webhook "more.brink.dev" denied the request: the policy is closed"#);
    }
    // What it makes of an object is validated as anything else is.
    let matching = json!({"method": "PATCH"});
    order(&demo, "more", matching, json!({"kind": "webhook", "patch": {"spec": {"replicas": -1}}})).await;
    assert_eq!(send(&client, "PATCH", &path, MERGE, br#"{"spec":{"paused":false}}"#).await.0, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_writer_comes_between_two_requests() {
    let demo = demo().await;
    let client = client(&demo.served.kubeconfig, "admin").await;
    // Of what nobody owns the server keeps no owners later either.
    let owned = br#"{"metadata":{"name":"a"},"data":{"first":"0"}}"#;
    let (_, made) = send(&client, "POST", MAPS, JSON, owned).await;
    let path = format!("{MAPS}/a");
    let theirs = json!({"kind": "write", "body": {"data": {"theirs": "1"}}, "manager": "ben"});
    order(&demo, "between", json!({"method": "PUT", "count": 1}), theirs).await;
    let mut mine = made.clone();
    mine["data"] = json!({"mine": "1"});
    let (code, refused) = send(&client, "PUT", &path, JSON, mine.to_string().as_bytes()).await;
    assert_eq!((code, refused["reason"].as_str()), (409, Some("Conflict")));
    let (_, now) = send(&client, "GET", &path, &[], b"").await;
    assert_eq!(now["data"], json!({"first": "0", "theirs": "1"}));
    assert!(now["metadata"]["managedFields"].to_string().contains("\"ben\""), "{now}");

    // It may also take the object away, at a place of its own.
    let gone = json!({"kind": "write", "method": "DELETE", "path": path});
    order(&demo, "between", json!({"method": "GET", "path": "/configmaps$", "count": 1}), gone).await;
    let (_, list) = send(&client, "GET", MAPS, &[], b"").await;
    assert_eq!(list["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_taken_away_is_missing_in_reviews_too() {
    let demo = demo().await;
    let client = client(&demo.served.kubeconfig, "admin").await;
    let no = json!({"kind": "forbid", "resource": "deployments.apps", "verbs": ["create"], "namespace": "default"});
    order(&demo, "no", Value::Null, no).await;
    let (code, refused) = send(&client, "POST", WEBS, JSON, &web()).await;
    assert_eq!(code, 403);
    assert!(refused["message"].as_str().unwrap().contains(r#"User "admin" cannot create resource "deployments""#));
    for (namespace, allowed) in [("default", false), ("kube-system", true)] {
        let wanted = json!({"verb": "create", "group": "apps", "resource": "deployments", "namespace": namespace});
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": wanted}});
        let place = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let (_, answer) = send(&client, "POST", place, JSON, review.to_string().as_bytes()).await;
        assert_eq!(answer["status"]["allowed"], allowed, "{namespace}");
    }
    assert_eq!(send(&client, "GET", WEBS, &[], b"").await.0, 200);
    assert_eq!(control(&demo, "DELETE", "/rules/no", "").await.0, 200);
    assert_eq!(send(&client, "POST", WEBS, JSON, &web()).await.0, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kind_without_a_dry_run_says_so_in_its_document_and_refuses_or_writes() {
    let demo = demo().await;
    let client = client(&demo.served.kubeconfig, "admin").await;
    let parameters = async || {
        let (_, root) = send(&client, "GET", "/openapi/v3", &[], b"").await;
        let place = root["paths"]["apis/apps/v1"]["serverRelativeURL"].as_str().unwrap().to_owned();
        let (_, document) = send(&client, "GET", &place, &[], b"").await;
        let of = |plural: &str| {
            let post = &document["paths"][format!("/apis/apps/v1/namespaces/{{namespace}}/{plural}")]["post"];
            post["parameters"].to_string().contains("dryRun")
        };
        (place, of("deployments"), of("statefulsets"))
    };
    let before = parameters().await;
    assert_eq!((before.1, before.2), (true, true));
    order(&demo, "no", Value::Null, json!({"kind": "no-dry-run", "resource": "deployments.apps"})).await;
    let after = parameters().await;
    assert_eq!((after.1, after.2), (false, true));
    assert_ne!(before.0, after.0, "a document that changed has another address");
    let dry = format!("{WEBS}?dryRun=All");
    let (code, refused) = send(&client, "POST", &dry, JSON, &web()).await;
    assert_eq!(code, 400);
    assert!(refused["message"].as_str().unwrap().contains("does not support dry run"), "{refused}");
    let ignored = json!({"kind": "no-dry-run", "resource": "deployments.apps", "ignored": true});
    order(&demo, "no", Value::Null, ignored).await;
    assert_eq!(send(&client, "POST", &dry, JSON, &web()).await.0, 201);
    assert_eq!(send(&client, "GET", &format!("{WEBS}/web"), &[], b"").await.0, 200, "it was really written");
    let options = br#"{"kind":"DeleteOptions","apiVersion":"v1","dryRun":["All"]}"#;
    assert_eq!(send(&client, "DELETE", &format!("{WEBS}/web"), JSON, options).await.0, 200);
    assert_eq!(send(&client, "GET", &format!("{WEBS}/web"), &[], b"").await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_log_lines_comes_as_fast_as_it_was_ordered() {
    let demo = living().await;
    let client = client(&demo.served.kubeconfig, "admin").await;
    let (_, pods) = send(&client, "GET", "/api/v1/namespaces/default/pods", &[], b"").await;
    let name = pods["items"][0]["metadata"]["name"].as_str().unwrap().to_owned();
    let log = format!("/api/v1/namespaces/default/pods/{name}/log?timestamps=true");
    assert_eq!(send(&client, "GET", &log, &[], b"").await.1, "");
    let flood = json!({"kind": "log-flood", "pod": format!("default/{name}"), "lines_per_s": 500});
    order(&demo, "flood", Value::Null, flood).await;
    // Two seconds of the world's time, whatever the machine took for them.
    let lines = loop {
        let (_, text) = send(&client, "GET", &log, &[], b"").await;
        let lines: Vec<jiff::Timestamp> = text
            .as_str()
            .unwrap()
            .lines()
            .filter(|line| line.contains("flood line"))
            .map(|line| line.split(' ').next().unwrap().parse().unwrap())
            .collect();
        let span = lines.last().zip(lines.first()).map(|(last, first)| last.duration_since(*first).as_millis());
        if span.is_some_and(|span| span >= 2000) {
            break lines;
        }
    };
    let span = lines.last().unwrap().duration_since(*lines.first().unwrap()).as_millis();
    // Those of the last tick belong to the span that follows it.
    assert_eq!(lines.len() as i128, (span + 100) * 500 / 1000, "in {span} ms");
    assert_eq!(control(&demo, "DELETE", "/rules", "").await.0, 200);
}
