//! Fault files, any YAML, and the command line become intents; what does not is told with its place.

use brink::{
    base::path::Path,
    cluster::Manifest,
    fault::{
        catalogue::{self, Deed, deed},
        file::{self, Defaults, read},
        intent::{Driver, Fault, FaultKind, Scope, Target},
        probe::{Asks, Condition, Limit, Signal},
        set::{self, Words},
    },
};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

fn parse(text: &str) -> Result<Fault, String> {
    read("f.yaml", text, &Defaults::of("default")).map_err(|error| error.to_string())
}

const SLOW: &str = "\
apiVersion: brink.dev/v1alpha1
kind: Fault
metadata: {name: slow-reviews, namespace: shop}
spec:
  kind: http-delay
  target: {service: reviews}
  params: {delay: 1s, percent: 50}
  scope: {from: Deployment/web, headers: {x-user: ana}, path: /p}
  abortWhen: [{promql: Q, above: 5, for: 10s}, {http: 'http://web/healthz', status: 200}, {object: deploy/web, jsonPath: .status.phase, is: V, for: 5s}]
  duration: 90s
  lease: 2m
  driver: istio
";

/// A ramp is held to what can rise, before any cluster is asked.
#[rstest]
#[case::ends_where_percent_stands("http-abort", "", "10, 50", "90s", "")]
#[case::percent_beside_it("http-abort", "percent: 50", "10, 50", "90s", "")]
#[case::another_percent("http-abort", "percent: 20", "10, 50", "90s", "leave `percent` out")]
#[case::falls("http-abort", "", "50, 10", "90s", "write them from small to large")]
#[case::too_short("http-abort", "", "10, 50", "6s", "give a duration of 10s at least")]
#[case::nothing_to_raise("scale", "replicas: 1", "10, 50", "90s", "leave `ramp` out")]
#[case::either_of_two("pod-kill", "count: 1", "10, 50", "90s", "leave `ramp` out")]
fn a_ramp_rises(
    #[case] kind: &str,
    #[case] params: &str,
    #[case] ramp: &str,
    #[case] duration: &str,
    #[case] wrong: &str,
) {
    let target = if kind == "http-abort" { "{service: reviews}" } else { "{workload: deploy/web}" };
    let text = format!(
        "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: {kind}\n  target: {target}\n  params: {{{params}}}\n  ramp: [{ramp}]\n  duration: {duration}\n"
    );
    let fault = parse(&text).unwrap();
    match deed(&fault) {
        Ok(deed) => assert_eq!((wrong, deed.number("percent")), ("", Ok(50.0))),
        Err(all) => {
            let told: Vec<String> = all.iter().map(ToString::to_string).collect();
            assert!(!wrong.is_empty() && told.iter().any(|one| one.contains(wrong)), "{told:?}");
        }
    }
}

#[test]
fn a_fault_file_is_an_intent() {
    let fault = parse(SLOW).unwrap();
    assert_eq!((fault.name.as_str(), fault.namespace.as_str()), ("slow-reviews", "shop"));
    assert_eq!(fault.kind, FaultKind::HttpDelay);
    assert_eq!(fault.target, Target::Service("reviews".to_owned()));
    assert_eq!(fault.scope.headers["x-user"], "ana");
    let words: Vec<String> = fault.abort_when.iter().map(Condition::words).collect();
    assert_eq!(words, ["Q above 5 for 10s", "http://web/healthz is not 200", "deploy/web .status.phase is V for 5s"]);
    assert_eq!((fault.duration.as_secs(), fault.lease.as_secs()), (90, 120));
    assert_eq!(fault.driver, Some(Driver::Istio));
    let deed = deed(&fault).unwrap();
    assert_eq!(deed.span("delay"), Ok(std::time::Duration::from_secs(1)));
    assert_eq!(deed.number("percent"), Ok(50.0));
}

#[test]
fn times_have_defaults_and_the_command_line_wins() {
    let text = "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec: {kind: pod-kill, target: {workload: Deployment/web}, params: {count: 1}}\n";
    let fault = parse(text).unwrap();
    assert_eq!((fault.namespace.as_str(), fault.duration.as_secs(), fault.lease.as_secs()), ("default", 60, 90));
    let times = Defaults { duration: Some(std::time::Duration::from_secs(5)), ..Defaults::of("x") };
    let fault = read("f", SLOW, &times).unwrap();
    assert_eq!((fault.duration.as_secs(), fault.lease.as_secs()), (5, 120));
}

#[rstest]
#[case("a: [1", "f.yaml:1:")]
#[case("", "f.yaml: it is empty")]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  knd: scale\n",
    "f.yaml:4:3: spec has no field `knd`; did you mean `kind`?"
)]
#[case("apiVersion: brink.dev/v2\nkind: Fault\nspec: {}\n", "f.yaml:1:13: this version of the format is not known")]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: http-dealy\n",
    "f.yaml:4:9: there is no fault kind `http-dealy`; did you mean `http-delay`?"
)]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: http-delay\n  target: {service: a}\n  params: {delay: 1s, percnt: 5}\n",
    "f.yaml:6:23: params of http-delay has no field `percnt`; did you mean `percent`?"
)]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: http-delay\n  target: {service: a}\n  params: {delay: 1}\n",
    "f.yaml:6:19: params.delay: 1 has no unit"
)]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: http-delay\n",
    "f.yaml:4:3: spec.target is missing; http-delay can be aimed at: service/NAME"
)]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: scale\n  target: {service: a, route: b}\n",
    "f.yaml:5:11: target names not exactly one thing"
)]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: scale\n  target: {workload: web}\n",
    "f.yaml:5:22: `web` is not KIND/NAME"
)]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: scale\n  target: {workload: deploy/web}\n  driver: isto\n",
    "f.yaml:6:11: there is no driver `isto`; did you mean `istio`?"
)]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: scale\n  target: {workload: deploy/web}\n  duration: 90\n",
    "f.yaml:6:13: spec.duration is not a text"
)]
#[case("apiVersion: v1\nmetadata: {name: x}\n", "f.yaml:1:1: this is not a Kubernetes object: `kind` is missing")]
#[case(
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x}\n",
    "f.yaml:1:1: this ConfigMap has no metadata.name"
)]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: scale\n  target: {workload: deploy/web}\n  abortWhen:\n  - {promql: up, abve: 1}\n",
    "f.yaml:7:18: a condition of abortWhen has no field `abve`; did you mean `above`?"
)]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: scale\n  target: {workload: deploy/web}\n  abortWhen:\n  - {signal: rps, status: 200}\n",
    "f.yaml:7:19: a condition of abortWhen has no field `status`"
)]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: scale\n  target: {workload: deploy/web}\n  abortWhen:\n  - {signal: error_rate, above: 1}\n",
    "f.yaml:7:14: there is no signal `error_rate`"
)]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: scale\n  target: {workload: deploy/web}\n  abortWhen:\n  - {promql: up, for: 10s}\n",
    "f.yaml:7:5: `above` or `below` is missing in this condition"
)]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: scale\n  target: {workload: deploy/web}\n  abortWhen:\n  - {promql: up, above: 1, below: 2}\n",
    "f.yaml:7:35: a condition has one limit"
)]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: scale\n  target: {workload: deploy/web}\n  abortWhen:\n  - {promql: up, above: high}\n",
    "f.yaml:7:25: `above` is not a number"
)]
#[case(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: scale\n  target: {workload: deploy/web}\n  abortWhen:\n  - {promqul: up, above: 1}\n",
    "f.yaml:7:6: a condition of abortWhen has no field `promqul`; did you mean `promql`?"
)]
#[case::condition_no_url(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: scale\n  target: {workload: deploy/web}\n  abortWhen:\n  - {http: web/healthz, status: 200}\n",
    "f.yaml:7:12: `web/healthz` is no URL; write it as http://HOST:PORT/PATH"
)]
#[case::condition_with_a_password(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: scale\n  target: {workload: deploy/web}\n  abortWhen:\n  - {http: 'http://a:b@web/', status: 200}\n",
    "f.yaml:7:12: the URL holds a password, which records would show; name one that needs none"
)]
#[case::condition_no_path(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: scale\n  target: {workload: deploy/web}\n  abortWhen:\n  - {object: deploy/web, jsonPath: '.a[', is: x}\n",
    "f.yaml:7:36: `.a[` is no path: `[` has no `]`; write it as for kubectl: .status.phase, or .status.conditions[?(@.type==\"Ready\")].status"
)]
#[case::condition_no_object(
    "apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec:\n  kind: scale\n  target: {workload: deploy/web}\n  abortWhen:\n  - {object: web, jsonPath: .a, is: x}\n",
    "f.yaml:7:14: `web` names no object; write KIND/NAME, such as deploy/web"
)]
#[case("just words", "f.yaml:1:1: this is not a Kubernetes object")]
fn what_is_wrong_is_told_with_its_place(#[case] text: &str, #[case] expected: &str) {
    let error = parse(text).unwrap_err();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn any_other_yaml_is_a_manifest() {
    let text = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {mode: '0644', on: 'yes'}\n---\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: b}, spec: {defaultMode: 0644}}\n";
    let fault = parse(text).unwrap();
    assert_eq!((fault.kind, &fault.target), (FaultKind::Manifest, &Target::Manifest));
    let names: Vec<&str> = fault.manifests.iter().map(Manifest::name).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(fault.manifests[0].at(&["data", "on"]), Some(&json!("yes")));
    assert_eq!(fault.manifests[1].at(&["spec", "defaultMode"]), Some(&json!(420)), "octal, as kubectl reads it");
}

fn words(kind: &str, target: &str, set: &[&str]) -> Words {
    Words {
        kind: kind.to_owned(),
        target: Some(target.to_owned()),
        set: set.iter().map(|one| (*one).to_owned()).collect(),
        ..Words::default()
    }
}

fn typed(words: &Words) -> Result<Deed, String> {
    let fault = set::fault(words, "shop").map_err(|error| error.to_string())?;
    deed(&fault).map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

#[rstest]
#[case(words("http-abort", "service/a", &[]), json!({"status": 503, "percent": 100.0}))]
#[case(words("http-abort", "svc/a", &["grpc_status=14", "percent=25"]), json!({"grpc_status": 14, "percent": 25.0}))]
#[case(words("scale", "deploy/a", &["replicas=0"]), json!({"replicas": 0}))]
#[case(words("pod-kill", "sts/a", &["percent=50"]), json!({"percent": 50.0}))]
#[case(words("pod-kill", "pod/a", &["count=1"]), json!({"count": 1}))]
fn the_command_line_is_an_intent(#[case] words: Words, #[case] expected: Value) {
    assert_eq!(typed(&words).map(|deed| json!(deed.values())), Ok(expected));
}

#[rstest]
#[case(words("http-dealy", "service/a", &[]), "kind: there is no fault kind `http-dealy`; did you mean `http-delay`?")]
#[case(words("scale", "deploymint/a", &["replicas=1"]), "target: `deploymint` is not a kind of target; did you mean `Deployment`?")]
#[case(words("scale", "web", &[]), "target: `web` is not KIND/NAME")]
#[case(words("scale", "service/a", &["replicas=1"]), "target: scale cannot be aimed at service/a; aim it at deployment/NAME")]
#[case(words("scale", "deploy/a", &[]), "params.replicas: `replicas` is needed")]
#[case(words("scale", "deploy/a", &["replicas"]), "--set: `replicas` is not K=V")]
#[case(words("scale", "deploy/a", &["replicas=1", "replicas=2"]), "params.replicas: it is set twice")]
#[case(words("scale", "deploy/a", &["replica=1"]), "params.replica: scale has no parameter `replica`; did you mean `replicas`?")]
#[case(words("http-abort", "service/a", &["status=503", "grpc_status=14"]), "params.grpc_status: `grpc_status` and `status` exclude each other")]
#[case(words("pod-kill", "deploy/a", &[]), "params.count: `count` or `percent` is needed")]
#[case(words("pod-kill", "deploy/a", &["count=1", "scope.path=/x"]), "scope.path: pod-kill cannot tell requests apart by it")]
#[case(words("http-delay", "service/a", &["delay=1s", "scope.form=x/y"]), "scope.form: there is no such scope; did you mean `from`?")]
#[case(words("http-delay", "service/a", &["delay=1s", "scope.path=x"]), "scope.path: `x` is not a path")]
fn what_the_command_line_gets_wrong_is_told(#[case] words: Words, #[case] expected: &str) {
    let error = typed(&words).unwrap_err();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn the_catalogue_has_valid_defaults_and_targets_for_every_kind() {
    for kind in FaultKind::ALL {
        let row = catalogue::row(kind);
        assert_eq!(row.kind, kind);
        assert!(!row.targets.is_empty() && !row.drivers.is_empty() && !row.doc.is_empty(), "{kind:?}");
        for param in row.params {
            if let Some(default) = param.default {
                assert!(param.read(&json!(default)).is_ok(), "{} of {kind:?}", param.name);
            }
        }
    }
}

/// Any intent that can be written into a file.
fn intents() -> impl Strategy<Value = Fault> {
    let name = "[a-z][a-z0-9-]{0,8}[a-z0-9]";
    let text = "[ -~]{1,12}";
    let target = prop_oneof![
        name.prop_map(Target::Service),
        name.prop_map(Target::Route),
        name.prop_map(Target::Node),
        name.prop_map(Target::Zone),
        (name, name).prop_map(|(kind, name)| Target::Workload { kind, name }),
        prop::collection::btree_map(name, text, 1..3).prop_map(Target::Selector),
    ];
    let scope = (prop::option::of(text), prop::collection::btree_map(name, text, 0..3), prop::option::of(text))
        .prop_map(|(from, headers, path)| Scope { from, headers, path });
    let asks = prop_oneof![
        text.prop_map(Asks::Promql),
        (prop::sample::select(Signal::ALL.to_vec()), prop::option::of(text))
            .prop_map(|(signal, workload)| Asks::Signal { signal, workload }),
    ];
    let condition = prop_oneof![
        (asks, -1e6..1e6, any::<bool>(), 0u64..1_000_000).prop_map(|(asks, limit, above, ms)| {
            let limit = if above { Limit::Above(limit) } else { Limit::Below(limit) };
            Condition { asks, limit, held: std::time::Duration::from_millis(ms) }
        }),
        (name, 100u16..=599, 0u64..1_000_000).prop_map(|(host, status, ms)| Condition {
            asks: Asks::Http(format!("http://{host}/healthz")),
            limit: Limit::Not(status.to_string()),
            held: std::time::Duration::from_millis(ms),
        }),
        (name, name, name, text, 0u64..1_000_000).prop_map(|(kind, name, field, is, ms)| Condition {
            asks: Asks::Object {
                object: format!("{kind}/{name}"),
                path: Path::parse(&format!(".status.{field}")).unwrap()
            },
            limit: Limit::Is(is),
            held: std::time::Duration::from_millis(ms),
        }),
    ];
    let driver = prop::option::of(prop::sample::select(Driver::ALL.to_vec()));
    let millis = 1u64..10_000_000;
    let who = (name, name, target, scope);
    let how = (prop::collection::vec(1u8..=100, 0..3), prop::collection::vec(condition, 0..3), driver);
    (who, how, millis.clone(), millis).prop_map(
        |((name, namespace, target, scope), (ramp, abort_when, driver), duration, lease)| Fault {
            name,
            namespace,
            kind: FaultKind::HttpDelay,
            target,
            params: [("delay".to_owned(), json!("1s")), ("percent".to_owned(), json!(12.5))].into(),
            scope,
            ramp,
            abort_when,
            duration: std::time::Duration::from_millis(duration),
            lease: std::time::Duration::from_millis(lease),
            driver,
            manifests: Vec::new(),
        },
    )
}

proptest! {
    /// What is written is read back, as YAML and as JSON.
    #[test]
    fn a_file_is_read_back(fault in intents()) {
        let yaml = file::yaml(&fault);
        prop_assert_eq!(read("f", &yaml, &Defaults::of("x")), Ok(fault.clone()), "{}", yaml);
        let json = file::value(&fault).to_string();
        prop_assert_eq!(read("f", &json, &Defaults::of("x")), Ok(fault));
    }

    /// No text makes the reader panic.
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = read("f", &text, &Defaults::of("x"));
        let _ = read("f", &format!("apiVersion: brink.dev/v1alpha1\nkind: Fault\nspec: {text}"), &Defaults::of("x"));
    }
}

#[test]
fn a_manifest_intent_keeps_its_objects() {
    let mut fault = parse("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1'}\n").unwrap();
    fault.name = "cm".to_owned();
    let back = read("f", &file::yaml(&fault), &Defaults::of("other")).unwrap();
    assert_eq!(back, fault);
    assert_eq!(back.manifests[0].at(&["data", "x"]), Some(&Value::from("1")));
}
