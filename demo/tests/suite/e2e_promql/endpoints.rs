//! The other addresses: lists are equal, and where a Prometheus that scrapes nothing has other contents, the shape is.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use brink_demo::metrics::answer;
use serde_json::Value;

use super::{
    lab::{Lab, tags},
    now,
    oracle::{Answer, Oracle},
    report,
};
use crate::suite::support::program;

/// Members and elements by name and kind; of a list, what its elements have in common is enough.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
        Value::Array(list) => list.first().map(shape).into_iter().collect(),
        Value::String(_) => "text".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "truth".into(),
        Value::Null => Value::Null,
    }
}

fn sorted(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    let line = |one: &Value| match one.as_object() {
        Some(map) => serde_json::to_string(&map.iter().collect::<BTreeMap<_, _>>()).unwrap(),
        None => one.to_string(),
    };
    all.map(line).collect::<BTreeSet<_>>().into_iter().collect()
}

struct Pair<'a> {
    lab: &'a Lab,
    oracle: &'a Oracle,
}

impl Pair<'_> {
    fn ask(&self, path: &str, params: &[(&str, &str)]) -> (Answer, Answer) {
        let params: Vec<(String, String)> =
            params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        (answer(&self.lab.tsdb, path, &params, now()), self.oracle.get(path, &params))
    }
}

#[test]
fn every_address_answers_in_the_form_of_prometheus() {
    let Some(prometheus) = program("prometheus") else { return };
    let mut lab = Lab::full(now());
    // So that both have a target.
    let end = lab.end;
    lab.write(tags("up", &[("job", "nobody"), ("instance", "127.0.0.1:1")]), 0, 355, [1.0; 5]);
    let oracle = Oracle::of_store(&prometheus, &lab.tsdb);
    let pair = Pair { lab: &lab, oracle: &oracle };
    // Its discovery gathers targets for some seconds before it has them.
    let deadline = Instant::now() + Duration::from_mins(1);
    while oracle.get("/api/v1/targets", &[]).1["data"]["activeTargets"][0].is_null() {
        assert!(Instant::now() < deadline, "Prometheus does not find its target");
        std::thread::sleep(Duration::from_millis(100));
    }
    let (mut wrong, mut asked) = (Vec::new(), 0);
    let mut check = |what: String, ours: &dyn std::fmt::Debug, theirs: &dyn std::fmt::Debug| {
        asked += 1;
        let (ours, theirs) = (format!("{ours:?}"), format!("{theirs:?}"));
        if ours != theirs {
            wrong.push(format!("{what}\n  ours   {ours}\n  theirs {theirs}"));
        }
    };
    let window = end.div_euclid(1000).to_string();
    let lists: [(&str, &[(&str, &str)]); 16] = [
        ("/api/v1/series", &[("match[]", "temperature")]),
        ("/api/v1/series", &[("match[]", "{job=\"api\"}"), ("match[]", "up")]),
        ("/api/v1/series", &[("match[]", "nothing")]),
        ("/api/v1/series", &[]),
        ("/api/v1/series", &[("match[]", "sum(x)")]),
        ("/api/v1/series", &[("match[]", "{a=\"\"}")]),
        ("/api/v1/series", &[("match[]", "up"), ("start", "x")]),
        ("/api/v1/series", &[("match[]", "up"), ("limit", "-1")]),
        ("/api/v1/labels", &[]),
        ("/api/v1/labels", &[("match[]", "temperature")]),
        ("/api/v1/labels", &[("match[]", "temperature{")]),
        ("/api/v1/label/job/values", &[]),
        ("/api/v1/label/__name__/values", &[("match[]", "{job=\"api\"}")]),
        ("/api/v1/label/nothing/values", &[]),
        ("/api/v1/label/pod/values", &[("limit", "x")]),
        ("/api/v1/query", &[("query", "up"), ("time", "yesterday")]),
    ];
    for (path, params) in lists {
        let (ours, theirs) = pair.ask(path, params);
        let list = |answer: &Answer| (answer.0, sorted(&answer.1["data"]), answer.1["errorType"].clone());
        check(format!("{path} {params:?}"), &list(&ours), &list(&theirs));
    }
    let refused: [(&str, &[(&str, &str)]); 10] = [
        ("/api/v1/query", &[("query", "up"), ("limit", "x")]),
        ("/api/v1/query", &[("query", "up"), ("lookback_delta", "x")]),
        ("/api/v1/query_range", &[("query", "up")]),
        ("/api/v1/query_range", &[("query", "up"), ("start", "1"), ("end", "0"), ("step", "1")]),
        ("/api/v1/query_range", &[("query", "up"), ("start", "1"), ("end", "9"), ("step", "0")]),
        ("/api/v1/query_range", &[("query", "up"), ("start", "1"), ("end", "9"), ("step", "-1m")]),
        ("/api/v1/query_range", &[("query", "up"), ("start", "1"), ("end", "9"), ("step", "1x")]),
        ("/api/v1/query_range", &[("query", "up"), ("start", "0"), ("end", "99999"), ("step", "1")]),
        ("/api/v1/query_range", &[("query", "up[5m]"), ("start", "0"), ("end", "9"), ("step", "1")]),
        ("/api/v1/query_range", &[("query", "\"a\""), ("start", "0"), ("end", "9"), ("step", "1")]),
    ];
    for (path, params) in refused {
        let (ours, theirs) = pair.ask(path, params);
        check(
            format!("{path} {params:?}"),
            &(ours.0, &ours.1["errorType"], &ours.1["error"]),
            &(theirs.0, &theirs.1["errorType"], &theirs.1["error"]),
        );
    }
    // Forms of times and spans.
    let stamp = jiff::Timestamp::from_millisecond(end).unwrap().to_string();
    for (time, lookback) in
        [(&*window, "1m"), (&*stamp, "1h30m"), (&*window, "90"), (&*window, "1500ms"), (&*stamp, "0")]
    {
        let (ours, theirs) =
            pair.ask("/api/v1/query", &[("query", "once"), ("time", time), ("lookback_delta", lookback)]);
        check(format!("{time} {lookback}"), &ours.1["data"]["result"], &theirs.1["data"]["result"]);
    }
    for step in ["15s", "1m30s", "0.5", "1h", "1d"] {
        let params = [("query", "1"), ("start", &window), ("end", &window), ("step", step)];
        let (ours, theirs) = pair.ask("/api/v1/query_range", &params);
        check(format!("step {step}"), &ours.1, &theirs.1);
    }
    for path in
        ["/api/v1/status/buildinfo", "/api/v1/rules", "/api/v1/alerts", "/api/v1/targets", "/-/ready", "/-/healthy"]
    {
        let (ours, theirs) = pair.ask(path, &[]);
        let form = |answer: &Answer| {
            let mut form = shape(&answer.1);
            // Labels are each target's own.
            for key in ["labels", "discoveredLabels"] {
                if let Some(labels) = form.pointer_mut(&format!("/data/activeTargets/0/{key}")) {
                    *labels = Value::Null;
                }
            }
            sort_keys(form)
        };
        check(path.to_owned(), &(ours.0, form(&ours)), &(theirs.0, form(&theirs)));
    }
    let (ours, theirs) = pair.ask("/-/ready", &[]);
    check("the words of ready".to_owned(), &ours.1, &theirs.1);
    let (ours, theirs) = pair.ask("/api/v1/metadata", &[("metric", "nothing")]);
    check("metadata".to_owned(), &ours.1, &theirs.1);
    for matcher in ["temperature", "{job=\"api\"}", "words", "nothing", "sum("] {
        let (ours, theirs) = pair.ask("/federate", &[("match[]", matcher)]);
        let lines = |answer: &Answer| {
            let mut lines: Vec<String> = answer.1.as_str().unwrap_or_default().lines().map(str::to_owned).collect();
            lines.sort_unstable();
            (answer.0, if answer.0 == 200 { lines } else { Vec::new() })
        };
        check(format!("/federate {matcher}"), &lines(&ours), &lines(&theirs));
    }
    println!("{asked} answers of the other addresses are those of Prometheus, but {}", wrong.len());
    report(&wrong);
}

fn sort_keys(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<String, Value> = map.into_iter().map(|(key, value)| (key, sort_keys(value))).collect();
            sorted.into_iter().collect()
        }
        Value::Array(list) => list.into_iter().map(sort_keys).collect(),
        other => other,
    }
}
