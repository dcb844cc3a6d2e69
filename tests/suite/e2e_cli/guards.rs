//! Guardrails on a real API server: secrets, windows, rights for single objects.

use super::Shop;

const PASSWORD: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - name: web
        env:
        - {name: DB_PASSWORD, value: correct-horse-9}
";

#[test]
fn a_secret_is_in_no_record_on_no_screen_and_comes_back() {
    let Some(shop) = Shop::open("cli-secret") else { return };
    shop.kubectl(&["set", "env", "deployment/web", "DB_PASSWORD=hunter2hunter2"]);
    shop.kubectl(&["rollout", "status", "deployment/web", "--timeout=120s"]);
    shop.home.file("password.yaml", PASSWORD);
    let before = shop.state();
    let clean = |text: &str| {
        assert!(!text.contains("hunter2") && !text.contains("correct-horse"), "{text}");
    };
    let plan = shop.brink(&["fault", "plan", "-f", "password.yaml"]).ok();
    clean(&plan);
    assert!(plan.contains("value: (masked-1)") && plan.contains("value: (masked-2)"), "{plan}");
    assert!(plan.contains("a later brink on this machine: a secret is among the values of Deployment"), "{plan}");
    let plan = shop.brink(&["fault", "plan", "-f", "password.yaml", "-o", "json"]).json();
    clean(&plan.to_string());
    assert_eq!(plan["class"], "guarded");

    let ran = shop.brink(&["fault", "apply", "--yes", "-f", "password.yaml", "-o", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    clean(&ran.stdout);
    let id = ran.json()["injection"].as_str().unwrap().to_owned();
    assert!(shop.kubectl(&["get", "deployment", "web", "-o", "yaml"]).contains("correct-horse-9"));
    let record = shop.kubectl(&["get", "configmap", &format!("brink-{id}"), "-o", "yaml"]);
    assert!(record.contains("\"values\":\"elsewhere\""), "{record}");
    clean(&record);
    clean(&shop.kubectl(&["get", "events", "-o", "yaml"]));
    clean(&shop.brink(&["fault", "show", &id]).ok());
    let exported = shop.brink(&["fault", "export", &id]);
    clean(&exported.stdout);
    assert!(exported.stdout.contains("(masked)") && exported.stderr.contains("put them back"), "{exported:?}");

    // Two more revisions stay, and that is told.
    let ended = shop.brink(&["abort", &id, "-o", "json"]);
    assert_eq!(ended.json()["injections"][0]["steps"][0]["outcome"], "restored", "{ended:?}");
    clean(&ended.stdout);
    assert_eq!(shop.state(), before);
    // What stands in place of a secret is never written.
    shop.home.file("exported.yaml", &exported.stdout);
    let (cause, fix) = shop.brink(&["fault", "plan", "-f", "exported.yaml"]).failed(1);
    assert!(cause.contains("stands for a secret") && fix.contains("put the value back"), "{cause} {fix}");
}

#[test]
fn no_fault_reaches_into_a_window() {
    let Some(shop) = Shop::open("cli-blackout") else { return };
    let before = shop.state();
    shop.home
        .file("rails.toml", "[[blackouts]]\nname = \"always\"\nfrom = \"00:00\"\nto = \"00:00\"\nzone = \"UTC\"\n");
    let words = ["fault", "apply", "--yes", "scale", "deployment/web", "--set", "replicas=3", "-o", "json"];
    let ran = shop.brink(&words);
    assert_eq!(ran.code, 1, "{ran:?}");
    let guard = ran.json()["guard"].clone();
    let rule = guard.as_array().unwrap().iter().find(|rule| rule["rule"] == "blackout").unwrap();
    assert_eq!(rule["verdict"], "refuse");
    assert!(rule["value"].as_str().unwrap().starts_with("now is within always: every day 00:00-00:00 UTC"), "{rule}");
    assert_eq!(shop.state(), before);
}

#[test]
fn a_right_for_one_object_is_a_right() {
    let Some(shop) = Shop::open("cli-named") else { return };
    shop.kubectl(&["create", "rolebinding", "sees", "--clusterrole=view", "--user=ben"]);
    shop.kubectl(&["create", "role", "web", "--verb=get,patch", "--resource=deployments.apps", "--resource-name=web"]);
    shop.kubectl(&["create", "rolebinding", "web", "--role=web", "--user=ben"]);
    let rights = |target: &str| {
        let words = ["fault", "plan", "scale", target, "--set", "replicas=3", "--as", "ben", "-o", "json"];
        let plan = shop.brink(&words).json();
        let rule = plan["guard"].as_array().unwrap().iter().find(|rule| rule["rule"] == "rights").cloned();
        rule.unwrap()
    };
    assert_eq!(rights("deployment/web")["verdict"], "ok");
    shop.kubectl(&["create", "deployment", "other", "--image=shop/app:1", "--replicas=2"]);
    let other = rights("deployment/other");
    assert_eq!(other["verdict"], "refuse");
    assert!(other["value"].as_str().unwrap().contains("patch deployments.apps"), "{other}");
}

#[test]
fn what_the_cluster_pins_holds_everybody() {
    let Some(shop) = Shop::open("cli-pinned") else { return };
    shop.home.file("rails.toml", "max-concurrent = 50\nhome = \"cli-pinned\"\n");
    let says = |text: &str| {
        shop.home.file("pins.toml", text);
        let file = shop.home.path().join("pins.toml").display().to_string();
        let made = ["create", "configmap", "brink-policy", "--dry-run=client", "-o", "yaml"];
        let object = shop.kubectl(&[&made[..], &[&format!("--from-file=policy.toml={file}")]].concat());
        shop.world.kubectl(&["-n", "cli-pinned", "apply", "-f", "-"], &object);
    };
    let plan = ["fault", "plan", "scale", "deploy/web", "--set", "replicas=2", "--duration", "90s", "-o", "json"];
    let verdict = |rule: &str| {
        let preview: serde_json::Value = serde_json::from_str(&shop.brink(&plan).stdout).unwrap();
        let all = preview["guard"].as_array().unwrap().clone();
        let one = all.into_iter().find(|one| one["rule"] == rule).unwrap();
        (one["verdict"].as_str().unwrap().to_owned(), one["change"].as_str().unwrap().to_owned())
    };
    let pinned = |context: &str| {
        let report = shop.brink(&["doctor", "--faults", "-o", "json", "--context", context]).json();
        let checks = report["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["name"] == "cluster's guardrails").unwrap();
        format!("{} {}", check["state"].as_str().unwrap(), check["detail"].as_str().unwrap())
    };
    assert_eq!(verdict("max-lease").0, "ok");
    // Stricter holds, looser does not: the file allows 50 at once all the same.
    says("max-lease = \"1m\"\nmax-concurrent = 90\n");
    let (ruling, change) = verdict("max-lease");
    assert_eq!(ruling, "refuse");
    assert!(change.ends_with("(set for everybody in ConfigMap cli-pinned/brink-policy)"), "{change}");
    assert_eq!(pinned("admin"), "ok ConfigMap cli-pinned/brink-policy sets max-lease");
    let refused =
        shop.brink(&["fault", "apply", "--yes", "scale", "deploy/web", "--set", "replicas=2", "--duration", "90s"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    // What nobody can read is no permission, and what one may not read is told by the doctor.
    says("max-lease = \"a while\"\n");
    assert_eq!(verdict("policy-file").0, "refuse");
    let broken = pinned("admin");
    assert!(broken.starts_with("fail ConfigMap cli-pinned/brink-policy:1: "), "{broken}");
    let unread = pinned("nobody");
    assert!(unread.starts_with("warn ConfigMap cli-pinned/brink-policy cannot be read"), "{unread}");
}
