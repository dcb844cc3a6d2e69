//! kubectl works on the world as on any cluster.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use super::support::{demo, program};

const SHOP: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "nginx:1.27", ports: [{containerPort: 80}], resources: {limits: {cpu: 500m}}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec: {parentRefs: [{name: gw}], hostnames: [shop.example.com], rules: [{backendRefs: [{name: web, port: 80}]}]}
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_are_made_changed_scaled_shown_and_deleted() {
    let Some(kubectl) = program("kubectl") else { return };
    let demo = demo().await;
    let run = |words: &[&str], input: &str| demo.kubectl(&kubectl, words, input);
    run(&["create", "namespace", "shop"], "");
    let made = run(&["apply", "-n", "shop", "-f", "-"], SHOP);
    assert!(
        made.contains("deployment.apps/web created")
            && made.contains("httproute.gateway.networking.k8s.io/web created"),
        "{made}"
    );
    let again = run(&["apply", "-n", "shop", "-f", "-"], SHOP);
    assert!(again.contains("deployment.apps/web unchanged") && again.contains("service/web unchanged"), "{again}");
    let dry = run(&["apply", "-n", "shop", "--dry-run=server", "-f", "-"], &SHOP.replace("1.27", "1.28"));
    assert!(dry.contains("deployment.apps/web configured (server dry run)"), "{dry}");
    let image = ["get", "deployment", "web", "-n", "shop", "-o", "jsonpath={.spec.template.spec.containers[0].image}"];
    assert_eq!(run(&image, ""), "nginx:1.27");
    run(&["apply", "-n", "shop", "-f", "-"], &SHOP.replace("1.27", "1.28"));
    assert_eq!(run(&image, ""), "nginx:1.28");
    run(&["scale", "-n", "shop", "deployment/web", "--replicas=5"], "");
    run(
        &[
            "patch",
            "-n",
            "shop",
            "deployment/web",
            "-p",
            r#"{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"busybox"}]}}}}"#,
        ],
        "",
    );
    let names = run(
        &[
            "get",
            "deployment",
            "web",
            "-n",
            "shop",
            "-o",
            "jsonpath={.spec.replicas} {.spec.template.spec.containers[*].name}",
        ],
        "",
    );
    let mut names: Vec<&str> = names.split(' ').collect();
    names.sort_unstable();
    assert_eq!(names, ["5", "side", "web"]);
    let table = run(&["get", "deployments", "-n", "shop"], "");
    assert!(table.starts_with("NAME   READY   UP-TO-DATE   AVAILABLE   AGE\nweb    0/5     0            0"), "{table}");
    let routes = run(&["get", "httproutes", "-n", "shop"], "");
    assert!(routes.contains(r#"["shop.example.com"]"#), "{routes}");
    let told = run(&["describe", "deployment", "web", "-n", "shop"], "");
    assert!(told.contains("5 desired") && told.contains("nginx:1.28"), "{told}");
    let explained = run(&["explain", "httproute.spec.rules.backendRefs"], "");
    assert!(explained.contains("weight\t<integer>"), "{explained}");
    let gone = run(&["delete", "-n", "shop", "-f", "-"], SHOP);
    assert!(gone.contains("service \"web\" deleted"), "{gone}");
    assert!(demo.refused(&kubectl, &["get", "service", "web", "-n", "shop"], "").contains("NotFound"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_refused_in_the_servers_words() {
    let Some(kubectl) = program("kubectl") else { return };
    let demo = demo().await;
    let refused = |words: &[&str], input: &str| demo.refused(&kubectl, words, input);
    let nowhere = refused(
        &["create", "-n", "none", "-f", "-"],
        r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#,
    );
    assert!(nowhere.contains(r#"namespaces "none" not found"#), "{nowhere}");
    let unknown =
        refused(&["create", "-f", "-"], r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"dta":{}}"#);
    assert!(unknown.contains(r#"unknown field "dta""#), "{unknown}");
    let route = r#"{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"bad"},
        "spec":{"rules":[{"backendRefs":[{"name":"web","port":800000}],"matches":[{"path":{"type":"Foo"}}]}]}}"#;
    let invalid = refused(&["create", "-f", "-"], route);
    assert!(
        invalid.contains("should be less than or equal to 65535") && invalid.contains("Unsupported value: \"Foo\""),
        "{invalid}"
    );
    let image = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c"}]}}"#;
    assert!(refused(&["create", "-f", "-"], image).contains("spec.containers[0].image: Required value"));
    // The viewer may look and no more.
    let may = |words: &[&str]| demo.run(&kubectl, words, "").status.success();
    assert!(may(&["--context", "viewer", "auth", "can-i", "list", "pods"]));
    assert!(may(&["--context", "viewer", "auth", "can-i", "watch", "httproutes.gateway.networking.k8s.io"]));
    assert!(!may(&["--context", "viewer", "auth", "can-i", "delete", "pods"]));
    assert!(!may(&["--context", "viewer", "auth", "can-i", "get", "secrets"]));
    let denied = refused(&["--context", "viewer", "create", "configmap", "a"], "");
    assert!(
        denied.contains(
            r#"User "viewer" cannot create resource "configmaps" in API group "" in the namespace "default""#
        ),
        "{denied}"
    );
    let absent = refused(&["get", "--raw", "/api/v1/namespaces/default/pods/p/ephemeralcontainers"], "");
    assert!(absent.contains("does not serve pods/ephemeralcontainers"), "{absent}");
    let nowhere = refused(&["exec", "p", "--", "true"], "");
    assert!(nowhere.contains("pods \"p\" not found"), "{nowhere}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_shows_changes_as_they_happen() {
    let Some(kubectl) = program("kubectl") else { return };
    let demo = demo().await;
    demo.kubectl(&kubectl, &["create", "configmap", "a"], "");
    let mut watch = Command::new(&kubectl)
        .arg("--kubeconfig")
        .arg(&demo.served.kubeconfig)
        .args(["get", "configmaps", "-w", "--no-headers"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap().split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    assert_eq!(next(), "a 0");
    demo.kubectl(&kubectl, &["create", "configmap", "b", "--from-literal=x=1"], "");
    assert_eq!(next(), "b 1");
    demo.kubectl(&kubectl, &["patch", "configmap", "b", "-p", r#"{"data":{"y":"2"}}"#], "");
    assert_eq!(next(), "b 2");
    watch.kill().unwrap();
    watch.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typed_writes_come_in_protobuf_and_are_understood() {
    let Some(kubectl) = program("kubectl") else { return };
    let demo = demo().await;
    let run = |words: &[&str]| demo.kubectl(&kubectl, words, "");
    run(&["create", "deployment", "web", "--image=nginx", "--replicas=3", "--port=80"]);
    run(&["expose", "deployment", "web"]);
    run(&["autoscale", "deployment", "web", "--max=3", "--cpu=50%"]);
    run(&["create", "job", "once", "--image=busybox", "--", "sleep", "5"]);
    run(&["create", "secret", "generic", "key", "--from-literal=a=b"]);
    run(&["run", "one", "--image=nginx"]);
    assert_eq!(run(&["get", "deployment", "web", "-o", "jsonpath={.spec.replicas}"]), "3");
    assert_eq!(run(&["get", "service", "web", "-o", "jsonpath={.spec.ports[0].targetPort}"]), "80");
    assert_eq!(
        run(&["get", "job", "once", "-o", "jsonpath={.spec.template.spec.containers[0].command}"]),
        r#"["sleep","5"]"#
    );
    assert_eq!(run(&["get", "secret", "key", "-o", "jsonpath={.data.a}"]), "Yg==");
    assert!(run(&["get", "hpa", "web"]).contains("Deployment/web"));
    run(&["delete", "pod", "one"]);
    run(&["delete", "hpa,job,secret,service,deployment", "--all"]);
}
