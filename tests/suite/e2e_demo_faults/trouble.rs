//! Trouble with the API of the world while a fault lives on it.

use std::{thread, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::stage::{DELAY, SCALE, SPLIT, Stage};
use crate::suite::support::{guardians, wait::until};

impl Stage {
    /// Applies for a short while and waits for the end; code and what was said.
    fn lives(&self) -> (i32, String) {
        let mut words = vec!["fault", "apply"];
        words.extend(self.fault.words);
        words.extend(["--yes", "--wait", "--duration", "1m", "--lease", "4m", "-o", "json"]);
        let output = self.brink(&words).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), said)
    }

    /// The write that takes it back.
    fn back(&self) -> Value {
        let path = format!("/{}/", self.fault.plural);
        // A patch was there before: the fault's own.
        let skip = u8::from(self.fault.write == "PATCH");
        json!({"method": self.fault.undo, "path": path, "dry_run": false, "skip": skip, "count": 2})
    }
}

#[test]
fn answers_that_fail_come_late_or_not_at_all_leave_nothing_behind() {
    for fault in [&DELAY, &SPLIT, &SCALE] {
        let stage = Stage::open(fault);
        for action in [
            json!({"kind": "status", "code": 500}),
            json!({"kind": "status", "code": 429, "retry_after_s": 1}),
            json!({"kind": "status", "code": 401}),
            json!({"kind": "cut-before"}),
            json!({"kind": "cut-after"}),
            json!({"kind": "late", "ms": 700}),
        ] {
            for matching in [stage.write(), stage.back()] {
                let case = format!("{} {action} on {matching}", fault.words[0]);
                stage.control.rule("trouble", &matching, &action);
                let (code, said) = stage.lives();
                assert!(code <= 1, "{case}: {code} {said}");
                assert!(stage.control.hit("trouble"), "{case}: it never came to that: {said}");
                // An undo in trouble is tried again until it is through.
                if matching != stage.write() {
                    assert_eq!(code, 0, "{case}: {said}");
                }
                stage.ends(&case);
            }
        }
    }
}

#[test]
fn a_server_that_is_away_or_forgets_the_login_in_the_middle_is_waited_for() {
    let stage = Stage::open(&DELAY);
    let out = json!({"kind": "status", "code": 401});
    for (case, matching, action) in [
        ("unreachable", Value::Null, json!({"kind": "unreachable"})),
        ("login", json!({"path": "^/api"}), out),
        ("no dates", Value::Null, json!({"kind": "strip-date"})),
    ] {
        let mut cockpit = stage.active(case);
        stage.control.rule("trouble", &matching, &action);
        kill_process(Pid::from_child(&cockpit), Signal::INT).unwrap();
        if case != "no dates" {
            // A while of the world's time: it must not be called over meanwhile.
            thread::sleep(Duration::from_secs(2));
            assert!(cockpit.try_wait().unwrap().is_none(), "{case}: it ended without having seen that it is over");
        }
        stage.control.clear();
        let output = cockpit.wait_with_output().unwrap();
        assert!(output.status.success(), "{case}: {output:?}");
        stage.ends(case);
    }
}

#[test]
fn who_ends_it_the_moment_it_is_active_hears_of_an_end_not_of_a_refusal() {
    let stage = Stage::open(&DELAY);
    // The journal says that it is active before the record does; the record is told late.
    let telling = json!({"method": "PATCH", "path": "/configmaps/", "dry_run": false, "count": 1});
    stage.control.rule("telling", &telling, &json!({"kind": "late", "ms": 3000}));
    let cockpit = stage.active("telling");
    kill_process(Pid::from_child(&cockpit), Signal::INT).unwrap();
    let output = cockpit.wait_with_output().unwrap();
    assert!(stage.control.hit("telling"), "it was never late: {output:?}");
    assert!(output.status.success(), "{output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["state"], &told["cause"]), (&json!("recovered"), &json!("signal")), "{told}");
    stage.ends("telling");
}

#[test]
fn webhooks_other_writers_and_missing_rights_are_met_in_words() {
    let stage = Stage::open(&DELAY);
    let real = |method: &str| json!({"method": method, "path": "/envoyfilters", "dry_run": false});
    // It refuses what it let pass as a dry run.
    stage.control.rule("hook", &real("POST"), &json!({"kind": "webhook", "message": "the policy is closed"}));
    let (code, said) = stage.lives();
    assert!(code == 1 && said.contains("the policy is closed"), "{code} {said}");
    stage.ends("refused");
    // It stores something else than the dry run said.
    let patch = json!({"metadata": {"labels": {"mutated": "yes"}}});
    stage.control.rule("hook", &real("POST"), &json!({"kind": "webhook", "patch": patch}));
    let (code, said) = stage.lives();
    assert!(code == 1 && said.contains("mutated"), "{code} {said}");
    stage.ends("deviated");
    // It keeps the undo from happening: told, and done as soon as it may be.
    let cockpit = stage.active("kept");
    stage.control.rule("hook", &real("DELETE"), &json!({"kind": "webhook", "message": "nobody deletes today"}));
    kill_process(Pid::from_child(&cockpit), Signal::INT).unwrap();
    let output = cockpit.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.code() == Some(1) && said.contains("nobody deletes today"), "{said}");
    assert!(stage.bites(), "it is gone all the same");
    stage.ends("kept");
    // Who may not take it back may not begin.
    let no = json!({"kind": "forbid", "resource": "envoyfilters.networking.istio.io", "verbs": ["delete"]});
    stage.control.rule("right", &Value::Null, &no);
    let (code, said) = stage.lives();
    assert!(code != 0 && said.contains("delete"), "{code} {said}");
    assert_eq!(stage.journals("open"), Vec::<std::path::PathBuf>::new());
    stage.ends("no right");

    let stage = Stage::open(&SCALE);
    stage.control.rule("dry", &Value::Null, &json!({"kind": "no-dry-run", "resource": "deployments.apps"}));
    let (code, said) = stage.lives();
    assert!(code != 0 && said.contains("dry run"), "{code} {said}");
    stage.ends("no dry run");

    // Somebody writes between the last look and the write: theirs stays, and nothing of ours.
    let stage = Stage::open(&SPLIT);
    let place = "/apis/networking.istio.io/v1/namespaces/shop/virtualservices/reviews";
    let theirs =
        |value: Value| json!({"kind": "write", "path": place, "body": {"spec": {"exportTo": value}}, "manager": "ben"});
    stage.control.rule("between", &stage.write(), &theirs(json!(["."])));
    let (code, said) = stage.lives();
    assert!(code == 1, "{code} {said}");
    until("the clean-up", 60, || guardians::of(&stage.state()).is_empty());
    assert!(!stage.bites());
    let now = stage.picture();
    assert_eq!(now["virtualservices/reviews"][0]["exportTo"], json!(["."]));
    stage.control.rule("between", &json!({"method": "GET", "count": 1}), &theirs(Value::Null));
    stage.picture();
    stage.ends("between");
}
