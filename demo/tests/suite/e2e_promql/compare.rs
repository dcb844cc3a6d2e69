//! Whether two answers say the same: status, kind of refusal, kind of result, labels, times, and values to 1e-9.

use std::collections::BTreeMap;

use serde_json::Value;

use super::oracle::Answer;

/// What differs, if anything does. `ordered`: the series must stand in the same order. `worded`: refusals have the same words;
/// over a grid they need not, as each of its steps may be refused for another reason.
pub fn difference(ours: &Answer, theirs: &Answer, ordered: bool, worded: bool) -> Option<String> {
    if ours.0 != theirs.0 || ours.1["status"] != theirs.1["status"] || ours.1["errorType"] != theirs.1["errorType"] {
        return Some(format!("ours {} {}\n  theirs {} {}", ours.0, short(&ours.1), theirs.0, short(&theirs.1)));
    }
    if theirs.1["errorType"] == "execution" {
        // Which of several culprits is named first depends on the order of a hash.
        let words = |answer: &Answer| {
            let text = answer.1["error"].as_str().unwrap_or_default().to_owned();
            let end = text.find('{').unwrap_or(text.len());
            text[..end].to_owned()
        };
        return (worded && words(ours) != words(theirs)).then(|| format!("ours {}\n  theirs {}", ours.1, theirs.1));
    }
    let (a, b) = (&ours.1["data"], &theirs.1["data"]);
    if a["resultType"] != b["resultType"] {
        return Some(format!("ours is a {}, theirs a {}", a["resultType"], b["resultType"]));
    }
    if matches!(b["resultType"].as_str(), Some("scalar" | "string")) {
        return (!same_point(&a["result"], &b["result"])).then(|| format!("ours {a}\n  theirs {b}"));
    }
    let (ours, theirs) = (lines(&a["result"]), lines(&b["result"]));
    if ordered {
        let names = |lines: &[(String, Vec<Value>)]| lines.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        if names(&ours) != names(&theirs) {
            return Some(format!("ours in order {:?}\n  theirs {:?}", names(&ours), names(&theirs)));
        }
    }
    let (ours, theirs): (BTreeMap<_, _>, BTreeMap<_, _>) = (ours.into_iter().collect(), theirs.into_iter().collect());
    for (name, points) in &theirs {
        let Some(own) = ours.get(name) else {
            return Some(format!("we miss {name} {}", short(&Value::from(points.clone()))));
        };
        if own.len() != points.len() {
            return Some(format!("{name}: ours has {} points, theirs {}", own.len(), points.len()));
        }
        if let Some((own, point)) = own.iter().zip(points).find(|(own, point)| !same_point(own, point)) {
            return Some(format!("{name}: ours {own}, theirs {point}"));
        }
    }
    ours.keys().find(|name| !theirs.contains_key(*name)).map(|name| format!("only ours has {name}"))
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(300).collect()
}

fn lines(result: &Value) -> Vec<(String, Vec<Value>)> {
    let all = result.as_array().into_iter().flatten();
    let line = |one: &Value| {
        let labels: BTreeMap<&String, &Value> = one["metric"].as_object().into_iter().flatten().collect();
        let points = one["values"].as_array().cloned().unwrap_or_else(|| vec![one["value"].clone()]);
        (serde_json::to_string(&labels).unwrap(), points)
    };
    all.map(line).collect()
}

fn same_point(a: &Value, b: &Value) -> bool {
    let time = |point: &Value| point[0].as_f64().unwrap_or(f64::NAN);
    let value = |point: &Value| point[1].as_str().map(str::to_owned).unwrap_or_default();
    (time(a) - time(b)).abs() < 1e-6 && same(&value(a), &value(b))
}

fn same(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let (Ok(a), Ok(b)) = (a.parse::<f64>(), b.parse::<f64>()) else { return false };
    let apart = (a - b).abs();
    a.is_finite() && b.is_finite() && (apart <= 1e-9 * a.abs().max(b.abs()) || apart < 1e-13)
}
