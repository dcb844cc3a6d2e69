//! The real binary against a real API server, as a script uses it.

mod ask;
mod asked;
mod guards;
mod identity;
mod story;

use rstest::rstest;
use serde_json::Value;

use super::{
    cli::{Home, Ran},
    support::world::{World, world},
};

const SHOP: &str = include_str!("shop.yaml");

/// A home whose brink talks to the world, in a namespace of its own.
struct Shop {
    home: Home,
    world: &'static World,
    namespace: String,
}

impl Shop {
    fn open(namespace: &str) -> Option<Self> {
        let world = world()?;
        world.namespace(namespace, SHOP);
        let home = Home::new().with("KUBECONFIG", &world.kubeconfig).with("BRINK_NAMESPACE", namespace);
        // Tests run side by side on one cluster.
        home.file("rails.toml", "max-concurrent = 50\n");
        let home = home.with("BRINK_POLICY", "rails.toml");
        Some(Self { home, world, namespace: namespace.to_owned() })
    }

    /// One in which every kind of fault finds what it needs.
    fn for_every_kind(namespace: &str) -> Option<Self> {
        let shop = Self::open(namespace)?;
        shop.world.kubectl(&["-n", namespace, "apply", "-f", "-"], CALLER);
        shop.home.file("manifest.yaml", MANIFEST);
        shop.home.file("job.yaml", JOB);
        Some(shop)
    }

    fn brink(&self, words: &[&str]) -> Ran {
        self.home.brink(words)
    }

    fn kubectl(&self, words: &[&str]) -> String {
        let mut all = vec!["-n", &self.namespace];
        all.extend(words);
        self.world.kubectl(&all, "")
    }

    /// What a fault may touch, by content: specs and marks, without versions, status and pods.
    fn state(&self) -> String {
        let kinds = "deployments,services,configmaps,jobs,httproutes,gateways.gateway.networking.k8s.io,virtualservices,envoyfilters,authorizationpolicies,destinationrules,peerauthentications,serviceentries";
        let list: Value = serde_json::from_str(&self.kubectl(&["get", kinds, "-o", "json"])).unwrap();
        let of = |item: &Value| {
            let mark = &item["metadata"]["annotations"]["brink.dev/injection"];
            format!("{} {} {mark} {} {}", item["kind"], item["metadata"]["name"], item["spec"], item["data"])
        };
        list["items"].as_array().unwrap().iter().map(of).collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn objects_are_printed_as_kubectl_prints_them() {
    let Some(shop) = Shop::open("cli-get") else { return };
    for words in [
        &["get", "pods"][..],
        &["get", "deploy", "web", "-o", "wide"],
        &["get", "svc", "-l", "app=nothing"],
        &["get", "httproute"],
        &["get", "pods", "-o", "name"],
        &["get", "deployment/web", "-o", "name"],
        &["get", "nodes"],
    ] {
        // Ages may differ by a second between the two.
        let plain = |text: &str| {
            let cells =
                text.lines().map(|line| line.split_whitespace().filter(|cell| !is_age(cell)).collect::<Vec<_>>());
            cells.collect::<Vec<_>>().into_iter().map(|cells| cells.join(" ")).collect::<Vec<_>>()
        };
        let ours = shop.brink(words);
        assert_eq!(ours.code, 0, "{ours:?}");
        assert_eq!(plain(&ours.stdout), plain(&shop.kubectl(words)), "{words:?}");
    }
    let everywhere = shop.brink(&["get", "pods", "-A"]).ok();
    assert!(everywhere.starts_with("NAMESPACE"), "{everywhere}");
    assert_eq!(everywhere.lines().filter(|line| line.starts_with("cli-get ")).count(), 4);
}

/// `4s`, `2m3s`, `5d`.
fn is_age(cell: &str) -> bool {
    cell.starts_with(|c: char| c.is_ascii_digit())
        && cell.chars().all(|c| c.is_ascii_digit() || "smhd".contains(c))
        && cell.ends_with(['s', 'm', 'h', 'd'])
}

#[test]
fn objects_come_as_the_server_returns_them() {
    let Some(shop) = Shop::open("cli-raw") else { return };
    let list = shop.brink(&["get", "services", "-o", "json"]).json();
    assert_eq!((list["kind"].as_str(), list["items"].as_array().map(Vec::len)), (Some("ServiceList"), Some(2)));
    let one = shop.brink(&["get", "service", "web", "-o", "json"]).json();
    assert_eq!(one["spec"]["ports"][0]["port"], 8080);
    let yaml = shop.brink(&["get", "service", "web", "-o", "yaml"]).ok();
    assert!(yaml.starts_with("apiVersion: v1\nkind: Service\n"), "{yaml}");
}

#[test]
fn what_is_not_there_or_not_allowed_has_its_own_code() {
    let Some(shop) = Shop::open("cli-no") else { return };
    let (cause, _) = shop.brink(&["get", "pod", "nobody"]).failed(1);
    assert!(cause.contains("\"nobody\" not found"), "{cause}");
    let (cause, fix) = shop.brink(&["get", "pdos"]).failed(2);
    assert!(cause.contains("serves no kind") && fix.contains("`pods`"), "{cause} {fix}");
    let (cause, fix) = shop.brink(&["get", "pods", "--context", "nobody"]).failed(3);
    assert!(cause.contains("forbidden") && fix.contains("auth can-i"), "{cause} {fix}");
    let (cause, fix) = shop.brink(&["get", "pods", "--context", "expired"]).failed(3);
    assert!(cause.contains("Unauthorized") && fix.contains("log in again"), "{cause} {fix}");
    let (cause, _) = shop.brink(&["get", "pods", "--as", "nobody"]).failed(3);
    assert!(cause.contains("User \"nobody\""), "{cause}");
    assert_eq!(shop.brink(&["routes", "--context", "nobody"]).failed_code(), 3);
}

#[test]
fn routes_and_their_winner_are_told() {
    let Some(shop) = Shop::open("cli-routes") else { return };
    let routes = shop.brink(&["routes", "-o", "json"]).json();
    let route = &routes["routes"][0];
    assert_eq!(route["route"], "HTTPRoute cli-routes/my-route");
    assert_eq!((&route["wins"], &route["source"]), (&Value::Bool(true), &Value::from("unknown")));
    let words = [
        "routes",
        "resolve",
        "--host",
        "shop.example.com",
        "--path",
        "/x",
        "--gateway",
        "cli-routes/edge",
        "-o",
        "json",
    ];
    let resolution = shop.brink(&words).json();
    assert_eq!(resolution["route"], "HTTPRoute cli-routes/my-route");
    assert_eq!(resolution["backends"][0]["ref"], "cli-routes/web:8080");
    let text = shop.brink(&["routes"]).ok();
    assert!(text.lines().next().unwrap().contains("WINS"), "{text}");
}

#[test]
fn a_mesh_without_a_metric_source_says_so() {
    let Some(shop) = Shop::open("cli-mesh") else { return };
    let mesh = shop.brink(&["mesh", "-o", "json"]).json();
    assert_eq!((&mesh["source"], mesh["rows"].as_array().map(Vec::len)), (&Value::from("none"), Some(0)));
}

#[test]
fn the_doctor_tells_what_works_for_whom() {
    let Some(shop) = Shop::open("cli-doctor") else { return };
    let state = |report: &Value, name: &str| {
        let checks = report["checks"].as_array().unwrap();
        let check =
            checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name} in {report}"));
        check["state"].as_str().unwrap().to_owned()
    };
    let ran = shop.brink(&["doctor", "--faults", "-o", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let report = ran.json();
    for (name, expected) in [
        ("server", "ok"),
        ("clock", "ok"),
        ("user", "ok"),
        ("rights to see", "ok"),
        ("gateway api", "warn"),
        ("istio", "warn"),
        ("prometheus", "absent"),
        ("state folder", "ok"),
        ("guardian", "ok"),
        ("right: configmaps", "ok"),
        ("right: pods/eviction", "ok"),
        ("fault: scale", "ok"),
        ("fault: network-delay", "absent"),
        ("cluster's guardrails", "absent"),
    ] {
        assert_eq!(state(&report, name), expected, "{name}");
    }
    let role = report["role"].as_str().unwrap();
    shop.world.kubectl(&["apply", "--dry-run=server", "-n", "cli-doctor", "-f", "-"], role);

    let ran = shop.brink(&["doctor", "--faults", "-o", "json", "--context", "nobody"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let report = ran.json();
    assert_eq!(state(&report, "rights to see"), "fail");
    assert_eq!(state(&report, "right: jobs"), "warn");
    let text = shop.brink(&["doctor"]).stdout;
    assert!(text.contains("✓ server") && text.contains("fix: "), "{text}");
}

const EVERY_KIND: [&[&str]; 18] = [
    &["http-delay", "service/web", "--set", "delay=1s"],
    &["http-delay", "virtualservice/web", "--set", "delay=1s", "--driver", "istio-virtualservice"],
    &["http-abort", "service/web", "--set", "status=503"],
    &["authz-deny", "service/web"],
    &["route-conflict", "route/my-route", "--set", "backend=spare:8080"],
    &["scale", "deployment/web", "--set", "replicas=2"],
    &["pod-kill", "deployment/web", "--set", "count=1"],
    &["-f", "manifest.yaml"],
    &["-f", "job.yaml"],
    &["timeout", "service/web", "--set", "timeout=200ms"],
    &["retries", "service/web", "--set", "attempts=5", "--set", "retry_on=5xx"],
    &["outlier-eject", "service/web", "--set", "errors=1"],
    &["circuit-break", "service/web", "--set", "requests=1"],
    &["mtls-strict", "service/web"],
    &["mtls-off", "service/web"],
    &["external-outage", "host/api.example.com"],
    &["cert-expired", "gateway/secure", "--set", "secret=expired"],
    &["route-no-backend", "service/web"],
];

/// Somebody who goes by what a mesh is told.
const CALLER: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: caller}\nspec:\n  containers: [{name: caller, image: shop/caller:1}, {name: istio-proxy, image: istio/proxyv2:1.30.0}]\n";

const MANIFEST: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {colour: red}\n";

/// The server gives a Job without labels those of its template, and a name of its own making to its pods.
const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: load}\nspec:\n  template:\n    metadata: {labels: {app: load}}\n    spec:\n      restartPolicy: Never\n      containers: [{name: load, image: registry.k8s.io/pause:3.10}]\n";

#[test]
fn every_kind_is_planned_and_nothing_is_written() {
    let Some(shop) = Shop::for_every_kind("cli-plan") else { return };
    let before = shop.state();
    for words in EVERY_KIND {
        let mut all = vec!["fault", "plan"];
        all.extend(words);
        let text = shop.brink(&all);
        assert_eq!(text.code, 0, "{words:?}: {text:?}");
        assert!(text.stdout.contains("UNDO") || words[0] == "pod-kill", "{}", text.stdout);
        all.extend(["-o", "json"]);
        let plan = shop.brink(&all).json();
        assert_eq!(plan["changes"][0]["dry_run"], "checked", "{words:?}: {plan}");
        for field in
            ["plan", "kind", "driver", "class", "token", "blast", "guard", "predicts", "residue", "rivals", "undo"]
        {
            assert!(!plan[field].is_null(), "{words:?} has no {field}");
        }
    }
    assert_eq!(shop.state(), before);
    // Kinds and drivers as this cluster has them.
    let kinds = shop.brink(&["fault", "kinds", "-o", "json"]).json();
    assert_eq!(kinds["kinds"].as_array().unwrap().len(), brink::fault::intent::FaultKind::ALL.len());
    assert_eq!(kinds["kinds"][0]["drivers"][0]["state"], "dead", "{kinds}");
}

#[test]
fn a_plan_needs_rights_and_a_target() {
    let Some(shop) = Shop::open("cli-rights") else { return };
    let scale = ["fault", "plan", "scale", "deployment/web", "--set", "replicas=2", "-o", "json"];
    let mut viewer = scale.to_vec();
    viewer.extend(["--context", "viewer"]);
    let ran = shop.brink(&viewer);
    assert_eq!(ran.code, 3, "{ran:?}");
    let guard = ran.json()["guard"].clone();
    assert!(
        guard.as_array().unwrap().iter().any(|rule| rule["rule"] == "rights" && rule["verdict"] == "refuse"),
        "{guard}"
    );
    let mut nobody = scale.to_vec();
    nobody.extend(["--context", "nobody"]);
    assert_eq!(shop.brink(&nobody).failed_code(), 3);
    let (cause, _) = shop.brink(&["fault", "plan", "scale", "deployment/wbe", "--set", "replicas=2"]).failed(2);
    assert!(cause.contains("did you mean `web`?"), "{cause}");
    // Refused by a rule: the plan is printed, the code is 1, and an apply writes nothing.
    let before = shop.state();
    for verb in [&["plan"][..], &["apply", "--yes"]] {
        let mut all = vec!["fault"];
        all.extend(verb);
        all.extend(["scale", "deployment/web", "--set", "replicas=1", "-o", "json"]);
        let ran = shop.brink(&all);
        assert_eq!(ran.code, 1, "{ran:?}");
        let guard = ran.json()["guard"].clone();
        assert!(
            guard.as_array().unwrap().iter().any(|rule| rule["rule"] == "pods-lost" && rule["verdict"] == "refuse"),
            "{guard}"
        );
    }
    let readonly =
        ["fault", "apply", "--yes", "scale", "deployment/web", "--set", "replicas=3", "--readonly", "-o", "json"];
    assert_eq!(shop.brink(&readonly).code, 1);
    assert_eq!(shop.state(), before);
}

#[rstest]
#[case(0, "recovered", 0)]
#[case(1, "recovered", 0)]
#[case(2, "recovered", 0)]
#[case(3, "recovered", 0)]
#[case(4, "recovered", 0)]
#[case(5, "residue", 1)]
#[case(7, "residue", 1)]
#[case(8, "recovered", 0)]
#[case(9, "recovered", 0)]
#[case(10, "recovered", 0)]
#[case(11, "recovered", 0)]
#[case(12, "recovered", 0)]
#[case(13, "recovered", 0)]
#[case(14, "recovered", 0)]
#[case(15, "recovered", 0)]
#[case(16, "recovered", 0)]
#[case(17, "recovered", 0)]
fn every_kind_is_applied_aborted_and_proven_undone(#[case] kind: usize, #[case] end: &str, #[case] code: i32) {
    let Some(shop) = Shop::for_every_kind(&format!("cli-apply-{kind}")) else { return };
    let before = shop.state();
    let mut words = vec!["fault", "apply", "--yes", "-o", "json"];
    words.extend(EVERY_KIND[kind]);
    let ran = shop.brink(&words);
    assert_eq!(ran.code, 0, "{ran:?}");
    let applied = ran.json();
    assert_eq!(applied["state"], "active", "{applied}");
    assert!(applied["deadline"].is_string(), "{applied}");
    assert_ne!(shop.state(), before, "nothing was written");
    let id = applied["injection"].as_str().unwrap();
    let listed = shop.brink(&["fault", "list", "-o", "json"]).json();
    assert!(listed["injections"].as_array().unwrap().iter().any(|view| view["injection"] == id), "{listed}");
    let exported = shop.brink(&["fault", "export", id]).ok();
    shop.home.file("again.yaml", &exported);

    let ran = shop.brink(&["abort", id, "-o", "json"]);
    assert_eq!(ran.code, code, "{ran:?}");
    let view = ran.json()["injections"][0].clone();
    assert_eq!(view["state"], end, "{view}");
    assert_eq!(shop.state(), before, "not as before");
    let shown = shop.brink(&["fault", "show", id, "-o", "json"]).json();
    assert_eq!(shown["injections"][0]["state"], end);
    // What was exported plans the same fault again.
    let again = shop.brink(&["fault", "plan", "-f", "again.yaml", "-o", "json"]).json();
    assert_eq!(again["kind"], view["kind"]);
}

#[test]
fn a_kept_plan_is_applied_once_and_only_as_it_was_shown() {
    let Some(shop) = Shop::open("cli-kept") else { return };
    let plan = |shop: &Shop| {
        let words = ["fault", "plan", "authz-deny", "service/web", "-o", "json"];
        shop.brink(&words).json()["plan"].as_str().unwrap().to_owned()
    };
    let id = plan(&shop);
    let applied = shop.brink(&["fault", "apply", "--plan", &id, "--yes", "-o", "json"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(applied.json()["injection"], id.as_str());
    let (cause, _) = shop.brink(&["fault", "apply", "--plan", &id, "--yes"]).failed(2);
    assert!(cause.contains("there is no such plan"), "{cause}");
    assert_eq!(shop.brink(&["abort", &id]).code, 0);

    // Another pod behind the target: what would be hit is not what was shown.
    let id = plan(&shop);
    shop.kubectl(&["scale", "deployment/web", "--replicas=5"]);
    shop.kubectl(&["rollout", "status", "deployment/web", "--timeout=120s"]);
    let before = shop.state();
    let (cause, fix) = shop.brink(&["fault", "apply", "--plan", &id, "--yes"]).failed(1);
    assert!(cause.contains("something moved") && fix.contains("plan it again"), "{cause} {fix}");
    assert_eq!(shop.state(), before);
    let (cause, _) = shop.brink(&["fault", "apply", "--plan", "../../etc/passwd", "--yes"]).failed(2);
    assert!(cause.contains("no id of a plan"), "{cause}");
}

#[test]
fn waiting_stays_until_the_duration_is_over_and_all_is_verified() {
    let Some(shop) = Shop::open("cli-wait") else { return };
    let before = shop.state();
    let words = ["fault", "apply", "authz-deny", "service/web", "--yes", "--wait", "--duration", "2s", "-o", "json"];
    let ran = shop.brink(&words);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["state"], "recovered");
    assert_eq!(shop.state(), before);
}

#[test]
fn the_stop_ends_everything_and_latches_until_released() {
    let Some(shop) = Shop::open("cli-stop") else { return };
    // A user of its own: the stop ends every fault of its user.
    let me = ["--as", "stopper", "--as-group", "system:masters"];
    let brink = |words: &[&str]| shop.brink(&[words, &me].concat());
    let before = shop.state();
    let ran = brink(&["fault", "apply", "authz-deny", "service/web", "--yes", "-o", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let stopped = brink(&["abort", "--all", "-o", "json"]);
    assert_eq!(stopped.code, 0, "{stopped:?}");
    assert_eq!(stopped.json()["injections"].as_array().unwrap().len(), 1, "{stopped:?}");
    assert_eq!(shop.state(), before);
    let refused = brink(&["fault", "apply", "authz-deny", "service/web", "--yes"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("emergency stop"), "{refused:?}");
    assert_eq!(brink(&["release", "--reason", "test is over", "-o", "json"]).json()["latched"], false);
    let again = brink(&["fault", "apply", "authz-deny", "service/web", "--yes", "-o", "json"]);
    assert_eq!(again.code, 0, "{again:?}");
    // Broken settings and guardrails do not stand in the way of ending it.
    shop.home.file("rails.toml", "nonsense\n");
    shop.home.file(".config/brink/config.toml", "nonsense\n");
    let id = again.json()["injection"].as_str().unwrap().to_owned();
    let ended = brink(&["abort", &id, "-o", "json"]);
    assert_eq!((ended.code, &ended.json()["injections"][0]["state"]), (0, &Value::from("recovered")), "{ended:?}");
    assert_eq!(shop.state(), before);
}
