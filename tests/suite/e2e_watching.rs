//! Abort conditions and evidence as a script meets them: the real binary, a real API server, and a metric source on loopback
//! that says what the test wants.

use std::{
    io::{BufRead, BufReader, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    cli::{Home, Ran},
    support::world::{World, world},
};

const SHOP: &str = include_str!("e2e_cli/shop.yaml");

/// Half of the requests fail, and more than half of them failing for some seconds ends it.
const FAULT: &str = "\
apiVersion: brink.dev/v1alpha1
kind: Fault
metadata: {name: failing}
spec:
  kind: http-abort
  target: {service: web}
  params: {status: 503}
  abortWhen: [{promql: failing, above: 0.5, for: 4s}]
  duration: 90s
";

/// A metric source: one number for the condition and for the share of failed requests, nothing for everything else.
#[derive(Clone)]
struct Source(Arc<Mutex<Option<f64>>>);

impl Source {
    fn open(number: f64) -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let source = Self(Arc::new(Mutex::new(Some(number))));
        let told = source.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let asked = lines.next().unwrap_or_default();
                let _ = lines.take_while(|line| !line.is_empty()).count();
                let number =
                    if asked.contains("query=failing") || asked.contains("503") { told.number() } else { None };
                let series = number.map(|number| format!(r#"{{"metric":{{}},"value":[1700000000,"{number}"]}}"#));
                let body = format!(
                    r#"{{"status":"success","data":{{"resultType":"vector","result":[{}]}}}}"#,
                    series.unwrap_or_default()
                );
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        (source, url)
    }

    fn number(&self) -> Option<f64> {
        *self.0.lock().unwrap()
    }

    fn says(&self, number: Option<f64>) {
        *self.0.lock().unwrap() = number;
    }
}

/// A namespace of its own with a home that asks the source.
struct Stage {
    home: Home,
    world: &'static World,
    namespace: &'static str,
    source: Source,
}

impl Stage {
    fn open(namespace: &'static str) -> Option<Self> {
        let world = world()?;
        world.namespace(namespace, SHOP);
        let (source, url) = Source::open(0.0);
        let home = Home::new()
            .with("KUBECONFIG", &world.kubeconfig)
            .with("BRINK_NAMESPACE", namespace)
            .with("BRINK_PROMETHEUS", url)
            .with("BRINK_POLICY", "rails.toml");
        home.file("rails.toml", "max-concurrent = 50\n");
        home.file("fault.yaml", FAULT);
        Some(Self { home, world, namespace, source })
    }

    fn filters(&self) -> String {
        self.world.kubectl(&["-n", self.namespace, "get", "envoyfilters", "-o", "name"], "")
    }

    /// Applies and waits for the end, while `then` is done once the fault is in the cluster.
    fn applied(&self, then: impl FnOnce()) -> Ran {
        let running = self.home.start(["fault", "apply", "-f", "fault.yaml", "--yes", "--wait", "-o", "json"]);
        let deadline = Instant::now() + Duration::from_mins(1);
        while self.filters().is_empty() {
            assert!(Instant::now() < deadline, "the fault never came");
            thread::sleep(Duration::from_millis(100));
        }
        then();
        running.ended()
    }
}

#[test]
fn a_breach_undoes_and_its_evidence_is_told() {
    let Some(stage) = Stage::open("watch-breach") else { return };
    let ran = stage.applied(|| stage.source.says(Some(0.9)));
    assert_eq!(ran.code, 1, "{ran:?}");
    let end: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&end["state"], &end["cause"]), (&Value::from("recovered"), &Value::from("breached")), "{end}");
    assert_eq!(end["evidence"]["state"], "seen", "{end}");
    assert_eq!(end["evidence"]["seen"], "503s 0% -> 90%", "{end}");
    let condition = &end["abortWhen"][0];
    assert_eq!((&condition["state"], &condition["value"]), (&Value::from("breached"), &Value::from(0.9)), "{end}");
    assert_eq!(condition["condition"], "failing above 0.5 for 4s", "{end}");
    assert_eq!(stage.filters(), "");
    let shown = stage.home.brink(["fault", "show", end["injection"].as_str().unwrap(), "-o", "json"]).json();
    let shown = &shown["injections"][0];
    assert_eq!((&shown["cause"], &shown["abortWhen"][0]["state"]), (&Value::from("breached"), &Value::from("unread")));
}

#[test]
fn a_silent_source_undoes() {
    let Some(stage) = Stage::open("watch-silent") else { return };
    let ran = stage.applied(|| stage.source.says(None));
    let end: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &end["cause"]), (1, &Value::from("breached")), "{end}");
    let why = end["abortWhen"][0]["why"].as_str().unwrap();
    assert!(why.contains("could not be read 3 times"), "{why}");
    assert_eq!(stage.filters(), "");
}

#[test]
fn nothing_begins_that_would_not_be_watched() {
    let Some(stage) = Stage::open("watch-refused") else { return };
    let words = ["fault", "apply", "-f", "fault.yaml", "--yes", "--wait"];
    let (cause, fix) = stage.home.brink(&words[..5]).failed(2);
    assert!(cause.contains("would leave") && fix.contains("--wait"), "{cause} {fix}");
    stage.source.says(Some(0.7));
    let (cause, _) = stage.home.brink(words).failed(1);
    assert!(cause.contains("failing is 0.7 before anything is applied, above 0.5"), "{cause}");
    stage.source.says(None);
    let (cause, fix) = stage.home.brink(words).failed(1);
    assert!(cause.contains("cannot be read") && fix.contains("brink doctor"), "{cause} {fix}");
    // Without a source the preview says so.
    let blind = Home::new().with("KUBECONFIG", &stage.world.kubeconfig).with("BRINK_NAMESPACE", stage.namespace);
    blind.file("fault.yaml", FAULT);
    let ran = blind.brink(["fault", "plan", "-f", "fault.yaml", "-o", "json"]);
    let guard = serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"))["guard"].clone();
    let rule = guard.as_array().unwrap().iter().find(|one| one["rule"] == "abort-conditions").unwrap();
    assert_eq!((ran.code, &rule["verdict"]), (1, &Value::from("refuse")), "{rule}");
    assert!(rule["change"].as_str().unwrap().contains("--prometheus"), "{rule}");
    assert_eq!(stage.filters(), "");
}

/// A health page: what it answers with.
fn health(status: &Arc<Mutex<&'static str>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/healthz", listener.local_addr().unwrap());
    let told = Arc::clone(status);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let _ = lines.take_while(|line| !line.is_empty()).count();
            let _ =
                write!(stream, "HTTP/1.1 {}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", told.lock().unwrap());
        }
    });
    url
}

fn fault_under(condition: &str) -> String {
    FAULT.replace("{promql: failing, above: 0.5, for: 4s}", condition)
}

#[test]
fn a_page_that_answers_otherwise_undoes() {
    let Some(stage) = Stage::open("watch-page") else { return };
    let status = Arc::new(Mutex::new("204 No Content"));
    let url = health(&status);
    stage.home.file("fault.yaml", &fault_under(&format!("{{http: '{url}', status: 204}}")));
    let ran = stage.applied(|| *status.lock().unwrap() = "503 Service Unavailable");
    let end: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &end["state"], &end["cause"]), (1, &"recovered".into(), &"breached".into()), "{end}");
    let condition = &end["abortWhen"][0];
    assert_eq!((&condition["state"], &condition["value"]), (&Value::from("breached"), &Value::from("503")), "{end}");
    assert_eq!(condition["why"], format!("{url} is 503, not 204"), "{end}");
    assert_eq!(stage.filters(), "");
}

#[test]
fn a_field_of_an_object_undoes() {
    let Some(stage) = Stage::open("watch-object") else { return };
    stage.world.kubectl(&["-n", stage.namespace, "create", "configmap", "gate", "--from-literal=state=open"], "");
    stage.home.file("fault.yaml", &fault_under("{object: cm/gate, jsonPath: .data.state, is: shut}"));
    let patch = r#"{"data":{"state":"shut"}}"#;
    let ran = stage.applied(|| {
        stage.world.kubectl(&["-n", stage.namespace, "patch", "configmap", "gate", "--type=merge", "-p", patch], "");
    });
    let end: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &end["state"], &end["cause"]), (1, &"recovered".into(), &"breached".into()), "{end}");
    assert_eq!(end["abortWhen"][0]["why"], "cm/gate .data.state is shut", "{end}");
    assert_eq!(stage.filters(), "");
    // As it stands now nothing begins; nor does it under what cannot be read.
    let refused = stage.home.brink(["fault", "apply", "-f", "fault.yaml", "--yes", "--wait"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("is shut before anything is applied"), "{refused:?}");
    for (condition, why) in [
        ("{object: cm/gone, jsonPath: .data.state, is: shut}", "there is no cm/gone"),
        ("{object: gizmo/gate, jsonPath: .data.state, is: shut}", "the API server serves no kind `gizmo`"),
        ("{object: envoyfilters.networking.istio.io/gone, jsonPath: .spec, is: x}", "there is no envoyfilters"),
    ] {
        stage.home.file("fault.yaml", &fault_under(condition));
        let refused = stage.home.brink(["fault", "apply", "-f", "fault.yaml", "--yes", "--wait"]);
        assert!(refused.code == 1 && refused.stderr.contains(why), "{refused:?}");
    }
    assert_eq!(stage.filters(), "");
}

#[test]
fn a_fault_rises_level_by_level() {
    let Some(stage) = Stage::open("watch-ramp") else { return };
    let rising = FAULT
        .replace("  abortWhen: [{promql: failing, above: 0.5, for: 4s}]\n", "  ramp: [20, 60]\n")
        .replace("duration: 90s", "duration: 20s");
    stage.home.file("fault.yaml", &rising);
    let plan = stage.home.brink(["fault", "plan", "-f", "fault.yaml", "-o", "json"]).json();
    assert!(plan["title"].as_str().unwrap().ends_with("rising over 20 % and 60 %"), "{plan}");
    let share = || {
        let path = "jsonpath={.items[*].spec.configPatches[0].patch.value.typed_config.abort.percentage.numerator}";
        stage.world.kubectl(&["-n", stage.namespace, "get", "envoyfilters", "-o", path], "")
    };
    let seen = Mutex::new(Vec::new());
    let ran = stage.applied(|| {
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            let share = share();
            let mut seen = seen.lock().unwrap();
            if share.is_empty() && seen.len() > 1 || Instant::now() > deadline {
                return;
            }
            if !share.is_empty() && seen.last() != Some(&share) {
                seen.push(share);
            }
            drop(seen);
            thread::sleep(Duration::from_millis(100));
        }
    });
    assert_eq!(seen.into_inner().unwrap(), ["20", "60"], "{ran:?}");
    let end: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &end["state"], &end["cause"]), (0, &"recovered".into(), &"duration".into()), "{end}");
    assert_eq!(stage.filters(), "");
    // A patch of what is there cannot rise.
    stage.home.file("fault.yaml", &format!("{rising}  driver: istio-virtualservice\n"));
    let (cause, fix) = stage.home.brink(["fault", "plan", "-f", "fault.yaml"]).failed(1);
    assert!(cause.contains("level by level") && fix.contains("leave `ramp` out"), "{cause} {fix}");
}
