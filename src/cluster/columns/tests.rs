use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};

use super::{Align, Column};

fn pod() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "reviews-v2-7d9f",
            "namespace": "shop",
            "creationTimestamp": "2026-11-22T10:04:00Z",
            "labels": { "app": "reviews", "app.kubernetes.io/part-of": "shop" },
            "annotations": { "team": "web" },
        },
        "spec": {
            "nodeName": "kind-worker",
            "containers": [
                { "name": "app", "image": "reviews:2", "ports": [{ "containerPort": 9080 }], "stdin": false },
                { "name": "istio-proxy", "image": "proxyv2:1.30" },
            ],
        },
        "status": {
            "conditions": [
                { "type": "Ready", "status": "True" },
                { "type": "PodScheduled", "status": "True" },
            ],
            "podIP": "10.1.2.3",
        },
    })
}

fn cell(column: &str) -> String {
    let now: Timestamp = "2026-11-22T13:04:00Z".parse().unwrap();
    let own = |name: &str| (name == "STATUS").then(|| "Running".to_owned());
    Column::parse(column).unwrap().cell(&pod(), now, &own)
}

#[rstest]
#[case("STATUS", "Running")]
#[case("RESTARTS", "<none>")]
#[case("NODE:.spec.nodeName", "kind-worker")]
#[case("NODE:{.spec.nodeName}", "kind-worker")]
#[case("NODE:spec.nodeName|W", "kind-worker")]
#[case("NODE:$.spec.nodeName", "kind-worker")]
#[case(r"PART:.metadata.labels.app\.kubernetes\.io/part-of", "shop")]
#[case("PART:.metadata.labels['app.kubernetes.io/part-of']", "shop")]
#[case("IMAGES:.spec.containers[*].image", "reviews:2,proxyv2:1.30")]
#[case("LAST:.spec.containers[-1].name", "istio-proxy")]
#[case("FIRST:.spec.containers[0:1].name", "app")]
#[case("BOTH:.spec.containers[0,1].name", "app,istio-proxy")]
#[case(r#"READY:.status.conditions[?(@.type=="Ready")].status"#, "True")]
#[case("READY:{.status.conditions[?(@.type=='Ready')].status}", "True")]
#[case("PORT:.spec.containers[?(@.ports)].name", "app")]
#[case("PORTS:..containerPort|N", "9080")]
#[case("STDIN:.spec.containers[0].stdin", "false")]
#[case("LABELS:.metadata.annotations", r#"{"team":"web"}"#)]
#[case("NOTHING:.spec.hostNetwork", "<none>")]
#[case("SINCE:.metadata.creationTimestamp|T", "3h")]
#[case("SINCE:.metadata.creationTimestamp", "2026-11-22T10:04:00Z")]
#[case(r#"READY:.status.conditions | map(select(.type=="Ready")) | .[0].status"#, "True")]
#[case(r#"IMG:[.spec.containers[] | .image | split(":")[1]] | join("+")|R"#, "2+1.30")]
#[case("MANY:.spec.containers | length | . * 2|NW", "4")]
#[case("KEYS:.metadata.labels | keys", r#"["app","app.kubernetes.io/part-of"]"#)]
#[case("BAD:.spec.nodeName | .[] | .x", "error: cannot iterate over \"kind-worker\"")]
fn a_cell_is_what_the_expression_finds(#[case] column: &str, #[case] text: &str) {
    let cell = cell(column);
    // What jq says of a mistake is its own; that something went wrong is ours.
    match text.strip_prefix("error:") {
        Some(_) => assert!(cell.starts_with("error:"), "{cell}"),
        None => assert_eq!(cell, text),
    }
}

#[rstest]
#[case("", "a column needs a name")]
#[case(":.a", "a column needs a name")]
#[case("A*B:.a", "is no name of a column")]
#[case("A:.a|X", "`X` is no flag")]
#[case("A:.a|SH", "say the opposite")]
#[case("A:.a[", "is no JSONPath")]
#[case("A:.a[?(@.b==)]", "is no JSONPath")]
#[case("A:{.a}{.b}", "one path at a time")]
#[case("A:{range .items[*]}{.a}{end}", "one path at a time")]
#[case("A:.a | .b | nofilter", "is no jq")]
#[case("A:.a | .b | (", "is no jq")]
#[case("A:.a | env | .HOME", "is no jq")]
fn what_is_no_column_is_told(#[case] column: &str, #[case] told: &str) {
    let error = Column::parse(column).unwrap_err().to_string();
    assert!(error.contains(told), "{error}");
}

#[test]
fn flags_say_how_a_column_is_shown() {
    let of = |text: &str| Column::parse(text).unwrap().flags;
    assert!(of("A|W").wide && of("A:.a|TS").time && of("A:.a|TS").show && of("A:.a|H").hide);
    assert_eq!((of("A:.a|N").align, of("A:.a|NL").align, of("A").align), (Align::Right, Align::Left, Align::Left));
    assert_eq!(Column::parse("CPU%/L:.a").unwrap().name, "CPU%/L");
}

#[test]
fn what_an_object_says_cannot_drive_the_terminal() {
    let object = json!({ "a": "x\u{1b}[2Jy\nz" });
    let cell = Column::parse("A:.a").unwrap().cell(&object, Timestamp::UNIX_EPOCH, &|_| None);
    assert!(!cell.contains('\u{1b}') && !cell.contains('\n'), "{cell:?}");
}
