//! Whose cluster, whose fault, whose mark: people with different rights, and marks that come back.

use serde_json::Value;

use super::Shop;

/// All rights in one namespace, and sight of the others' names; `kube-system` itself may not be read.
const KEEPER: &str = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: keeper}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: keeper}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: keeper}
rules: [{apiGroups: ["*"], resources: ["*"], verbs: [list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: keeper}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: keeper}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: keeper}]
"#;

const BROKEN: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec: {containers: [{name: web, image: "shop/web:2"}]}
"#;

#[test]
fn a_fault_of_a_user_who_may_not_read_kube_system_is_ended_by_one_who_may() {
    let Some(shop) = Shop::open("cli-keeper") else { return };
    shop.world.kubectl(&["-n", "cli-keeper", "apply", "-f", "-"], KEEPER);
    let before = shop.state();
    let words =
        ["fault", "apply", "--yes", "scale", "deployment/web", "--set", "replicas=3", "--as", "keeper", "-o", "json"];
    let applied = shop.brink(&words);
    assert_eq!(applied.code, 0, "{applied:?}");
    let id = applied.json()["injection"].as_str().unwrap().to_owned();
    let record: Value =
        serde_json::from_str(&shop.kubectl(&["get", "configmap", &format!("brink-{id}"), "-o", "json"])).unwrap();
    assert_eq!(record["data"]["cluster_of"], "ConfigMap cli-keeper/kube-root-ca.crt");
    // Another person on another machine, who has all rights.
    let ran = shop.brink(&["abort", &id, "-o", "json", "--state-dir", "elsewhere", "--context", "admin"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["injections"][0]["state"], "recovered", "{ran:?}");
    assert_eq!(shop.state(), before);
}

#[test]
fn a_mark_that_a_rollback_brought_back_is_told_and_taken_off_on_request() {
    let Some(shop) = Shop::open("cli-stale") else { return };
    shop.home.file("broken.yaml", BROKEN);
    let applied = shop.brink(&["fault", "apply", "--yes", "-f", "broken.yaml", "-o", "json"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let id = applied.json()["injection"].as_str().unwrap().to_owned();
    // The Deployment controller makes the revision, annotations and all.
    shop.kubectl(&["rollout", "status", "deployment/web", "--timeout=120s"]);
    assert!(shop.brink(&["abort", &id]).code <= 1);
    assert!(!shop.state().contains("brink.dev") && !shop.state().contains(&id), "{}", shop.state());
    shop.kubectl(&["rollout", "undo", "deployment/web", "--to-revision=2"]);
    shop.kubectl(&["rollout", "status", "deployment/web", "--timeout=120s"]);
    let marked = deployment(&shop);
    let mark = marked["metadata"]["annotations"]["brink.dev/injection"].as_str();
    assert!(mark.is_some_and(|mark| mark.starts_with(&id)), "the rollback brought no mark back: {marked}");

    let told = shop.brink(&["fault", "recover", "-o", "json"]);
    assert_eq!(told.code, 0, "{told:?}");
    let mark = told.json()["stale_marks"][0].clone();
    assert_eq!((mark["object"].as_str(), &mark["removed"]), (Some("Deployment cli-stale/web"), &Value::Bool(false)));
    assert_eq!(shop.brink(&["fault", "recover", "--stale-marks", "--readonly"]).failed_code(), 1);
    assert_eq!(deployment(&shop), marked, "nothing is written unasked");

    let ran = shop.brink(&["fault", "recover", "--stale-marks"]);
    assert!(ran.code == 0 && ran.stdout.contains("is off"), "{ran:?}");
    let mut without = marked;
    without["metadata"]["annotations"].as_object_mut().unwrap().remove("brink.dev/injection");
    assert_eq!(deployment(&shop), without, "the mark and nothing else");
    let ran = shop.brink(&["fault", "recover"]);
    assert!(ran.code == 0 && ran.stderr.contains("nothing was left behind"), "{ran:?}");
}

/// The Deployment without what every write moves.
fn deployment(shop: &Shop) -> Value {
    let mut object: Value = serde_json::from_str(&shop.kubectl(&["get", "deployment", "web", "-o", "json"])).unwrap();
    for field in ["resourceVersion", "generation", "managedFields"] {
        object["metadata"].as_object_mut().unwrap().remove(field);
    }
    object.as_object_mut().unwrap().remove("status");
    object
}
