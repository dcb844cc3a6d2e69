//! Server-side apply by the clients people have: kubectl, and kube's own patches.

use kube::{
    Api,
    api::{Patch, PatchParams},
    core::{ApiResource, DynamicObject, GroupVersionKind},
};
use serde_json::{Value, json};

use super::support::{client, demo, program};

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
      containers: [{name: web, image: "nginx:1.27", ports: [{containerPort: 80}], env: [{name: A, value: "1"}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec: {parentRefs: [{name: gw}], hostnames: [shop.example.com], rules: [{backendRefs: [{name: web, port: 80}]}]}
"#;

/// Who is known to own something, in the order of names.
fn managers(object: &Value) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let said = |entry: &Value, part: &str| entry[part].as_str().unwrap().to_owned();
    let mut names: Vec<String> =
        entries.iter().map(|one| format!("{} {}", said(one, "manager"), said(one, "operation"))).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_applies_on_the_server() {
    let Some(kubectl) = program("kubectl") else { return };
    let demo = demo().await;
    let run = |words: &[&str], input: &str| demo.kubectl(&kubectl, words, input);
    let read = |kind: &str| -> Value {
        serde_json::from_str(&run(&["get", kind, "web", "-o", "json", "--show-managed-fields"], "")).unwrap()
    };
    let apply = ["apply", "--server-side", "-f", "-"];
    let dry = run(&["apply", "--server-side", "--dry-run=server", "-f", "-"], SHOP);
    assert!(dry.contains("deployment.apps/web serverside-applied (server dry run)"), "{dry}");
    assert!(demo.refused(&kubectl, &["get", "deployment", "web"], "").contains("NotFound"));
    let made = run(&apply, SHOP);
    assert!(made.contains("httproute.gateway.networking.k8s.io/web serverside-applied"), "{made}");
    assert_eq!(managers(&read("deployment")), ["kubectl Apply"]);
    let version = read("deployment")["metadata"]["resourceVersion"].clone();
    run(&apply, SHOP);
    assert_eq!(read("deployment")["metadata"]["resourceVersion"], version, "the same again is no write");

    // Another team wants another image, and a variable of its own.
    let theirs = r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": {"spec":
        {"containers": [{"name": "web", "image": "nginx:1.28", "env": [{"name": "B", "value": "2"}]}]}}}}"#;
    let other = ["apply", "--server-side", "--field-manager=other", "-f", "-"];
    let why = demo.refused(&kubectl, &other, theirs);
    assert!(
        why.contains(r#"conflict with "kubectl": .spec.template.spec.containers[name="web"].image"#)
            && why.contains("--force-conflicts"),
        "{why}"
    );
    run(&["apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-"], theirs);
    let container = read("deployment")["spec"]["template"]["spec"]["containers"][0].clone();
    assert_eq!(container["image"], "nginx:1.28");
    assert_eq!(container["env"], json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]));
    // Back without the variable: the other's stays.
    let back = SHOP.replace(r#", env: [{name: A, value: "1"}]"#, "");
    assert!(demo.refused(&kubectl, &apply, &back).contains(r#"conflict with "other""#));
    run(&["apply", "--server-side", "--force-conflicts", "-f", "-"], &back);
    let container = read("deployment")["spec"]["template"]["spec"]["containers"][0].clone();
    assert_eq!((&container["image"], &container["env"]), (&json!("nginx:1.27"), &json!([{"name": "B", "value": "2"}])));

    // What somebody scales is not taken back by who does not say it.
    run(&["scale", "deployment/web", "--replicas=5"], "");
    assert!(demo.refused(&kubectl, &apply, &back).contains(".spec.replicas"));
    run(&apply, &back.replace("  replicas: 2\n", ""));
    assert_eq!(read("deployment")["spec"]["replicas"], 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_shows_what_an_apply_would_change() {
    let Some(kubectl) = program("kubectl") else { return };
    let demo = demo().await;
    demo.kubectl(&kubectl, &["apply", "--server-side", "-f", "-"], SHOP);
    let diff = ["diff", "--server-side", "-f", "-"];
    assert_eq!(demo.kubectl(&kubectl, &diff, SHOP), "");
    let changed = SHOP.replace("shop.example.com", "new.example.com").replace("1.27", "1.29");
    let shown = demo.run(&kubectl, &diff, &changed);
    let text = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(shown.status.code(), Some(1), "{}", String::from_utf8_lossy(&shown.stderr));
    for line in
        ["-  - shop.example.com", "+  - new.example.com", "-      - image: nginx:1.27", "+        image: nginx:1.29"]
    {
        let words = line[1..].trim().trim_start_matches("- ");
        let sign = &line[..1];
        assert!(text.lines().any(|one| one.starts_with(sign) && one.contains(words)), "no {line:?} in {text}");
    }
    assert_eq!(demo.kubectl(&kubectl, &diff, SHOP), "", "a diff writes nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_of_plain_applies_comes_to_the_server_without_a_conflict() {
    let Some(kubectl) = program("kubectl") else { return };
    let demo = demo().await;
    let run = |words: &[&str], input: &str| demo.kubectl(&kubectl, words, input);
    let shop = SHOP.split("---").next().unwrap();
    run(&["apply", "-f", "-"], shop);
    let read = || -> Value {
        serde_json::from_str(&run(&["get", "deployment", "web", "-o", "json", "--show-managed-fields"], "")).unwrap()
    };
    assert_eq!(managers(&read()), ["kubectl-client-side-apply Update"]);
    run(&["apply", "--server-side", "-f", "-"], &shop.replace("1.27", "1.28"));
    let now = read();
    assert_eq!(now["spec"]["template"]["spec"]["containers"][0]["image"], "nginx:1.28");
    // The annotation of the plain applies is kept by kubectl itself, under a name of its own.
    assert_eq!(managers(&now), ["kubectl Apply", "kubectl-last-applied Apply"]);
    let kept = now["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"].as_str().unwrap();
    assert!(kept.contains("nginx:1.28"), "{kept}");
    // What the plain applies brought and nobody says any more goes.
    let bare = shop
        .replace("1.27", "1.28")
        .replace("name: web, labels: {app: web}}\nspec:\n  replicas", "name: web}\nspec:\n  replicas");
    run(&["apply", "--server-side", "-f", "-"], &bare);
    assert_eq!(read()["metadata"]["labels"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kube_applies_with_its_own_patches() {
    let demo = demo().await;
    let client = client(&demo.served.kubeconfig, "admin").await;
    let route = ApiResource::from_gvk(&GroupVersionKind::gvk("gateway.networking.k8s.io", "v1", "HTTPRoute"));
    let api: Api<DynamicObject> = Api::namespaced_with(client, "default", &route);
    let wish = |port: u16| {
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "web"},
            "spec": {"parentRefs": [{"name": "gw"}], "rules": [{"backendRefs": [{"name": "web", "port": port}]}]}})
    };
    let mine = PatchParams::apply("brink");
    let dry = api.patch("web", &mine.clone().dry_run(), &Patch::Apply(wish(80))).await.unwrap();
    assert_eq!(dry.data["spec"]["rules"][0]["backendRefs"][0]["port"], 80);
    assert!(api.get_opt("web").await.unwrap().is_none());
    let made = api.patch("web", &mine, &Patch::Apply(wish(80))).await.unwrap();
    let same = api.patch("web", &mine, &Patch::Apply(wish(80))).await.unwrap();
    assert_eq!(made.metadata.resource_version, same.metadata.resource_version);
    let theirs = PatchParams::apply("other");
    let Err(kube::Error::Api(refused)) = api.patch("web", &theirs, &Patch::Apply(wish(81))).await else {
        panic!("it does not conflict")
    };
    assert_eq!((refused.code, refused.reason.as_str()), (409, "Conflict"));
    // Defaults in lists that are owned as a whole conflict too, as on any server: the configuration does not say them.
    assert!(
        refused.message.contains("conflicts with \"brink\":\n- .spec.parentRefs\n- .spec.rules"),
        "{}",
        refused.message
    );
    let forced = api.patch("web", &theirs.force(), &Patch::Apply(wish(81))).await.unwrap();
    assert_eq!(forced.data["spec"]["rules"][0]["backendRefs"][0]["port"], 81);
    // Its status is applied through a door of its own.
    let status = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "web"},
        "status": {"parents": []}});
    let told = api.patch_status("web", &PatchParams::apply("gateway"), &Patch::Apply(status)).await.unwrap();
    let entries = told.metadata.managed_fields.unwrap_or_default();
    assert!(
        entries
            .iter()
            .any(|one| one.manager.as_deref() == Some("gateway") && one.subresource.as_deref() == Some("status"))
    );
}
