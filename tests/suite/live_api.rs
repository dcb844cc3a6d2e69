//! Reads, dry runs and writes as they look on the wire.

use brink::{
    cluster::{
        ClusterId, Kind, Manifest, ObjectRef,
        api::{Api, Preconditions, Read, Removal, Trouble, Write, WriteApi},
        io::{discovery, inspect, live::Live},
    },
    fault::guard,
};
use serde_json::{Value, json};

use super::loopback::{
    kubeconfig::Kubeconfig,
    server::{Reply, Seen, Server},
};

const UID: &str = "6f1c0c2e-6b1e-4c0a-9d7e-0123456789ab";

/// As a user knows it who may read `kube-system`.
fn here() -> ClusterId {
    ClusterId::new(UID, "Namespace kube-system")
}

fn pod_kind() -> Kind {
    Kind::namespaced("", "v1", "Pod", "pods")
}

fn pod(name: &str) -> ObjectRef {
    ObjectRef::new(pod_kind(), "shop", name)
}

fn deployment(name: &str) -> ObjectRef {
    ObjectRef::new(Kind::namespaced("apps", "v1", "Deployment", "deployments"), "shop", name)
}

/// OpenAPI of a server whose pods know dry runs for some verbs only.
fn openapi(seen: &Seen) -> Option<Reply> {
    let dry = json!([{"name": "dryRun", "in": "query"}]);
    let none = json!([{"name": "pretty", "in": "query"}]);
    match seen.path.as_str() {
        "/openapi/v3" => Some(Reply::json(&json!({"paths": {
            "api/v1": {"serverRelativeURL": "/openapi/v3/api/v1?hash=1"},
            "apis/apps/v1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1?hash=2"},
        }}))),
        "/openapi/v3/api/v1?hash=1" => Some(Reply::json(&json!({"paths": {
            "/api/v1/namespaces/{namespace}/pods": {"post": {"parameters": none}},
            "/api/v1/namespaces/{namespace}/pods/{name}": {"patch": {"parameters": dry}, "delete": {"parameters": [{"name": "dryRun", "in": "header"}]}},
            "/api/v1/namespaces/{namespace}/pods/{name}/eviction": {"parameters": dry, "post": {}},
        }}))),
        "/openapi/v3/apis/apps/v1?hash=2" => Some(Reply::json(&json!({
            "components": {"parameters": {"dry": {"name": "dryRun", "in": "query"}}},
            "paths": {"/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale": {"patch": {"parameters": [{"$ref": "#/components/parameters/dry"}]}}},
        }))),
        _ => None,
    }
}

async fn server() -> (Server, Live) {
    let server = Server::plain(|seen| {
        if let Some(reply) = openapi(seen) {
            return reply;
        }
        if seen.path == "/api/v1/namespaces/kube-system" {
            return Reply::json(&json!({"metadata": {"uid": UID}}));
        }
        Reply::json(&json!({"kind": "Pod"}))
    })
    .await;
    let live = Live::new(Kubeconfig::new(&server.url()).connect().unwrap(), false);
    (server, live)
}

fn changes(server: &Server) -> Vec<Seen> {
    server.seen().into_iter().filter(|seen| seen.method != "GET").collect()
}

fn operations() -> Vec<Value> {
    vec![
        json!({"op": "test", "path": "/metadata/uid", "value": UID}),
        json!({"op": "add", "path": "/metadata/labels/a", "value": "b"}),
    ]
}

#[tokio::test]
async fn a_dry_run_is_sent_only_where_the_server_documents_it() {
    let (server, live) = server().await;
    for write in [
        Write::Create(pod("web"), Manifest(json!({}))),
        Write::Delete(pod("web"), Preconditions::default(), Removal::default()),
        Write::Replace(pod("web"), Manifest(json!({}))),
        Write::Patch(deployment("web"), operations()),
        Write::Create(
            ObjectRef::new(Kind::namespaced("x.io", "v1", "Thing", "things"), "shop", "t"),
            Manifest(json!({})),
        ),
    ] {
        let trouble = live.dry_run(&write).await.unwrap_err();
        assert!(matches!(trouble, Trouble::NoDryRun { .. }), "{write:?}: {trouble}");
    }
    assert!(changes(&server).is_empty(), "nothing that might write was sent");
    for write in [
        Write::Patch(pod("web"), operations()),
        Write::Evict(pod("web"), Preconditions::default()),
        Write::Scale(deployment("web"), operations()),
    ] {
        live.dry_run(&write).await.unwrap();
    }
    let sent = changes(&server);
    assert!(sent.iter().all(|seen| seen.asks("dryRun=All")), "{sent:?}");
    assert!(sent[0].asks("fieldValidation=Strict"), "unknown fields are errors in a dry run");
    let documents = server.seen().iter().filter(|seen| seen.path.starts_with("/openapi/v3/")).count();
    assert_eq!(documents, 2, "each document is read once for its hash");
}

#[tokio::test]
async fn a_server_without_openapi_gets_no_dry_run() {
    let server = Server::plain(|_| Reply::Whole(404, vec![], "404 page not found".to_owned())).await;
    let live = Live::new(Kubeconfig::new(&server.url()).connect().unwrap(), false);
    let trouble = live.dry_run(&Write::Patch(pod("web"), operations())).await.unwrap_err();
    assert!(matches!(trouble, Trouble::NoDryRun { .. }), "{trouble}");
    let server = Server::plain(|_| Reply::status(403, "Forbidden", "no")).await;
    let live = Live::new(Kubeconfig::new(&server.url()).connect().unwrap(), false);
    let trouble = live.dry_run(&Write::Patch(pod("web"), operations())).await.unwrap_err();
    assert_eq!(trouble.code(), Some(403), "what was refused is said, not guessed");
}

#[tokio::test]
async fn a_write_needs_a_warrant_for_this_very_cluster() {
    let (server, live) = server().await;
    let write = Write::Patch(pod("web"), operations());
    let trouble = live
        .write(&guard::undo("i-1", ClusterId::new("another-cluster", "Namespace kube-system")), &write)
        .await
        .unwrap_err();
    assert!(
        matches!(&trouble, Trouble::NoWarrant(why) if why.contains("another-cluster") && why.contains(UID)),
        "{trouble}"
    );
    let read_only = Live::new(live.link().clone(), true);
    let trouble = read_only.write(&guard::undo("i-1", here()), &write).await.unwrap_err();
    assert!(matches!(trouble, Trouble::NoWarrant(_)));
    assert!(changes(&server).is_empty());
    live.write(&guard::undo("i-1", here()), &write).await.unwrap();
    live.write(&guard::undo("i-1", here()), &write).await.unwrap();
    let sent = changes(&server);
    assert_eq!(sent.len(), 2);
    assert_eq!((sent[0].method.as_str(), sent[0].plain()), ("PATCH", "/api/v1/namespaces/shop/pods/web"));
    assert_eq!(sent[0].header("content-type"), ["application/json-patch+json"]);
    assert_eq!(serde_json::from_str::<Vec<Value>>(&sent[0].body).unwrap(), operations());
    assert!(sent[0].asks("fieldManager=brink") && !sent[0].path.contains("dryRun"));
    let asked = server.seen().iter().filter(|seen| seen.path == "/api/v1/namespaces/kube-system").count();
    assert_eq!(asked, 1, "the cluster's uid is asked for once per link");
}

#[tokio::test]
async fn a_cluster_whose_uid_cannot_be_read_is_not_written_to() {
    let server = Server::plain(|seen| {
        if seen.method == "GET" { Reply::status(403, "Forbidden", "no") } else { Reply::json(&json!({})) }
    })
    .await;
    let live = Live::new(Kubeconfig::new(&server.url()).connect().unwrap(), false);
    let trouble = live.write(&guard::undo("i-1", here()), &Write::Patch(pod("web"), operations())).await.unwrap_err();
    assert_eq!(trouble.code(), Some(403));
    assert!(changes(&server).is_empty());
}

#[tokio::test]
async fn a_warrant_is_held_to_the_very_object_its_cluster_is_known_by() {
    let server = Server::plain(|seen| match seen.path.as_str() {
        "/api/v1/namespaces/kube-system" => Reply::json(&json!({"metadata": {"uid": "the-system"}})),
        "/api/v1/namespaces/shop/configmaps/kube-root-ca.crt" => Reply::json(&json!({"metadata": {"uid": UID}})),
        "/api/v1/namespaces/blog/configmaps/kube-root-ca.crt" => Reply::status(404, "NotFound", "no"),
        _ => Reply::json(&json!({"kind": "Pod"})),
    })
    .await;
    let live = Live::new(Kubeconfig::new(&server.url()).connect().unwrap(), false);
    // Armed by somebody who could only read the root certificate of his namespace; ended by one who may read everything.
    let theirs = ClusterId::new(UID, "ConfigMap shop/kube-root-ca.crt");
    for write in
        [Write::Patch(pod("web"), operations()), Write::Patch(ObjectRef::new(pod_kind(), "blog", "web"), operations())]
    {
        live.write(&guard::undo("i-1", theirs.clone()), &write).await.unwrap();
    }
    assert_eq!(changes(&server).len(), 2);
    let asked = server.seen().iter().filter(|seen| seen.path.contains("kube-root-ca.crt")).count();
    assert_eq!(asked, 1, "it is asked for once per link");
    // The uid of one object says nothing about another, and what is not there says nothing at all.
    for (uid, of) in [
        (UID, "Namespace kube-system"),
        ("the-system", "ConfigMap shop/kube-root-ca.crt"),
        (UID, "ConfigMap blog/kube-root-ca.crt"),
        (UID, "ConfigMap shop/another"),
        (UID, ""),
    ] {
        let warrant = guard::undo("i-1", ClusterId::new(uid, of));
        let trouble = live.write(&warrant, &Write::Patch(pod("web"), operations())).await.unwrap_err();
        assert!(matches!(trouble, Trouble::NoWarrant(_)), "{uid} of {of}: {trouble}");
    }
    assert_eq!(changes(&server).len(), 2);
}

#[tokio::test]
async fn deletes_and_evictions_carry_their_preconditions() {
    let (server, live) = server().await;
    let warrant = guard::undo("i-1", here());
    let preconditions = Preconditions { uid: Some("u-1".to_owned()), resource_version: Some("7".to_owned()) };
    live.write(&warrant, &Write::Delete(pod("web"), preconditions.clone(), Removal::default())).await.unwrap();
    live.write(&warrant, &Write::Evict(pod("web"), preconditions)).await.unwrap();
    live.dry_run(&Write::Evict(pod("web"), Preconditions::default())).await.unwrap();
    let sent = changes(&server);
    let body = |at: usize| serde_json::from_str::<Value>(&sent[at].body).unwrap();
    let must = json!({"uid": "u-1", "resourceVersion": "7"});
    assert_eq!(sent[0].method, "DELETE");
    assert_eq!(body(0)["preconditions"], must);
    assert_eq!(body(0)["propagationPolicy"], "Background");
    assert_eq!((sent[1].method.as_str(), sent[1].plain()), ("POST", "/api/v1/namespaces/shop/pods/web/eviction"));
    assert_eq!(body(1)["kind"], "Eviction");
    assert_eq!(body(1)["deleteOptions"]["preconditions"], must);
    // With a body the server reads the options from it alone: without this the pod would really be evicted.
    assert_eq!(body(2)["deleteOptions"]["dryRun"], json!(["All"]));
}

#[tokio::test]
async fn lists_are_read_in_pages_and_answered_whole() {
    let server = Server::plain(|seen| {
        if !seen.asks("labelSelector=app%3Dweb") && !seen.asks("labelSelector=app=web") {
            return Reply::status(400, "BadRequest", &seen.path);
        }
        if seen.asks("continue=two") {
            Reply::json(&json!({"kind": "PodList", "metadata": {"resourceVersion": "9"}, "items": [{"n": 3}]}))
        } else {
            Reply::json(&json!({"kind": "PodList", "metadata": {"resourceVersion": "9", "continue": "two"}, "items": [{"n": 1}, {"n": 2}]}))
        }
    })
    .await;
    let live = Live::new(Kubeconfig::new(&server.url()).connect().unwrap(), false);
    let list = Read::List { kind: pod_kind(), namespace: Some("shop".to_owned()), labels: "app=web".to_owned() };
    let answer = live.read(&list).await.unwrap();
    assert_eq!(answer.body.at(&["items"]), Some(&json!([{"n": 1}, {"n": 2}, {"n": 3}])));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn rights_are_asked_for_without_storing_anything() {
    let server = Server::plain(|_| Reply::json(&json!({"status": {"allowed": true}}))).await;
    let live = Live::new(Kubeconfig::new(&server.url()).connect().unwrap(), true);
    let read = Read::Allowed {
        verb: "create".to_owned(),
        kind: pod_kind(),
        namespace: Some("shop".to_owned()),
        name: None,
        subresource: Some("eviction".to_owned()),
    };
    assert_eq!(live.read(&read).await.unwrap().body.at(&["status", "allowed"]), Some(&json!(true)));
    let seen = &server.seen()[0];
    assert_eq!(seen.path, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(body["spec"]["resourceAttributes"]["subresource"], "eviction");
    assert_eq!(body["spec"]["resourceAttributes"]["resource"], "pods");
}

#[tokio::test]
async fn kinds_are_discovered_in_one_document_or_one_by_one() {
    let aggregated = |seen: &Seen| match seen.path.as_str() {
        "/api" => Reply::json(
            &json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {}, "versions": [{"version": "v1", "resources": [
            {"resource": "pods", "responseKind": {"kind": "Pod"}, "scope": "Namespaced", "singularResource": "pod", "shortNames": ["po"], "verbs": ["list"], "subresources": [{"subresource": "eviction"}]}]}]}]}),
        ),
        _ => Reply::json(&json!({"kind": "APIGroupDiscoveryList", "items": [
            {"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1", "freshness": "Stale", "resources": [
                {"resource": "pods", "responseKind": {"kind": "PodMetrics"}, "scope": "Namespaced", "verbs": []}]}]},
            {"metadata": {"name": "gateway.networking.k8s.io"}, "versions": [
                {"version": "v1", "resources": [{"resource": "httproutes", "responseKind": {"kind": "HTTPRoute"}, "scope": "Namespaced", "singularResource": "httproute", "verbs": ["list"]}]},
                {"version": "v1beta1", "resources": [{"resource": "httproutes", "responseKind": {"kind": "HTTPRoute"}, "scope": "Namespaced", "singularResource": "httproute", "verbs": ["list"]}]}]}]})),
    };
    let old = |seen: &Seen| match seen.path.as_str() {
        "/api" => Reply::json(&json!({"kind": "APIVersions", "versions": ["v1"]})),
        "/api/v1" => Reply::json(&json!({"resources": [
            {"name": "pods", "singularName": "pod", "namespaced": true, "kind": "Pod", "verbs": ["list"], "shortNames": ["po"]},
            {"name": "pods/eviction", "singularName": "", "namespaced": true, "kind": "Eviction", "verbs": ["create"]}]})),
        "/apis" => Reply::json(&json!({"kind": "APIGroupList", "groups": [
            {"name": "metrics.k8s.io", "versions": [{"version": "v1"}]},
            {"name": "gateway.networking.k8s.io", "versions": [{"version": "v1"}, {"version": "v1beta1"}]}]})),
        path if path.starts_with("/apis/gateway") => Reply::json(&json!({"resources": [
            {"name": "httproutes", "singularName": "httproute", "namespaced": true, "kind": "HTTPRoute", "verbs": ["list"]}]})),
        _ => Reply::status(503, "ServiceUnavailable", "down"),
    };
    for server in [Server::plain(aggregated).await, Server::plain(old).await] {
        let link = Kubeconfig::new(&server.url()).connect().unwrap();
        let found = discovery::discover(&link).await.unwrap();
        let pods = found.find("PO").unwrap();
        assert_eq!((&pods.kind, pods.subresources.as_slice()), (&pod_kind(), ["eviction".to_owned()].as_slice()));
        assert_eq!(found.versions("gateway.networking.k8s.io", "HTTPRoute"), ["v1", "v1beta1"]);
        assert_eq!(found.find("httproutes.gateway.networking.k8s.io").unwrap().kind.version, "v1");
        assert_eq!(found.find("httproute").unwrap().kind.kind, "HTTPRoute");
        assert!(found.find("nonsense").is_none() && !found.has_group("networking.istio.io"));
        assert!(found.gaps.len() == 1 && found.gaps[0].starts_with("metrics.k8s.io/v1"), "{:?}", found.gaps);
    }
}

#[tokio::test]
async fn a_description_tells_of_the_pod_and_its_events_safely() {
    let server = Server::plain(|seen| {
        if seen.plain().ends_with("/events") {
            return if seen.path.contains(UID) {
                Reply::json(&json!({"items": [{"type": "Warning", "reason": "BackOff", "message": "Back-off\u{1b}[2J\nrestarting", "count": 4,
                    "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:05:00Z", "source": {"component": "kubelet"}}]}))
            } else {
                Reply::json(&json!({"items": []}))
            };
        }
        Reply::json(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop", "uid": UID, "labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": "shop/web:1", "env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}]},
            "status": {"phase": "Running", "containerStatuses": [{"name": "main", "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}}))
    })
    .await;
    let link = Kubeconfig::new(&server.url()).connect().unwrap();
    let text = inspect::describe(&link, &pod("web")).await.unwrap();
    for part in [
        "Status:           CrashLoopBackOff",
        "shop/web:1",
        "Restart Count:    4",
        "<set to the key 'k' in secret 's'>",
        "BackOff",
        "(x4 over",
        "Back-off restarting",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    assert!(!text.contains('\u{1b}'));
    assert!(inspect::yaml(&link, &pod("web")).await.unwrap().contains("image: shop/web:1"));
}
