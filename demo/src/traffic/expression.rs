//! Expressions by which agentgateway tells requests apart (CEL, with `request` and `random()`), asked beforehand.
//!
//! Requests of a site are all alike, so only the dice differ: an expression is asked with a thousand throws spread evenly, which
//! gives the share of the requests it holds for. What cannot be answered holds for none.

use serde_json::{Value, json};

use super::request::Request;

/// How many throws of the dice stand for all.
const THROWS: u32 = 1000;

/// A request as expressions see it.
pub(super) struct Asked(Value);

impl Asked {
    pub(super) fn of(request: &Request) -> Self {
        Self(json!({
            "method": request.method, "path": request.path, "host": request.host, "headers": request.headers,
            "scheme": if request.tls { "https" } else { "http" },
        }))
    }
}

/// The share of the requests for which a condition holds.
pub(super) fn share(text: &str, asked: &Asked) -> f64 {
    let held = answers(text, asked).into_iter().filter(|answer| *answer == Answer::Holds).count();
    held as f64 / f64::from(THROWS)
}

/// The share of the requests that wait by an expression, and how long on average, milliseconds.
pub(super) fn delay(text: &str, asked: &Asked) -> Option<(f64, f64)> {
    let spans: Vec<f64> = answers(text, asked)
        .into_iter()
        .filter_map(|answer| if let Answer::Span(ms) = answer { Some(ms).filter(|ms| *ms > 0.0) } else { None })
        .collect();
    let n = spans.len() as f64;
    (n > 0.0).then(|| (n / f64::from(THROWS), spans.iter().sum::<f64>() / n))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    Holds,
    /// Milliseconds.
    Span(f64),
    Nothing,
}

#[cfg(feature = "cel")]
fn answers(text: &str, asked: &Asked) -> Vec<Answer> {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use kube_cel::cel::{Context, Program, Value as Cel, to_value};

    let Ok(program) = Program::compile(text) else { return Vec::new() };
    let Ok(request) = to_value(&asked.0) else { return Vec::new() };
    let throw = Arc::new(AtomicU32::new(0));
    let mut context = Context::default();
    context.add_variable_from_value("request", request);
    let dice = Arc::clone(&throw);
    // In the middle of its part, so that no share is rounded to one side.
    let random = move || -> f64 { (f64::from(dice.load(Ordering::Relaxed)) + 0.5) / f64::from(THROWS) };
    context.add_function("random", random);
    let one = |n| {
        throw.store(n, Ordering::Relaxed);
        match program.execute(&context) {
            Ok(Cel::Bool(true)) => Answer::Holds,
            Ok(Cel::Int(ms)) => Answer::Span(ms as f64),
            Ok(Cel::UInt(ms)) => Answer::Span(ms as f64),
            Ok(Cel::Float(ms)) => Answer::Span(ms),
            Ok(Cel::Duration(span)) => Answer::Span(span.num_milliseconds() as f64),
            _ => Answer::Nothing,
        }
    };
    (0..THROWS).map(one).collect()
}

#[cfg(not(feature = "cel"))]
fn answers(_: &str, _: &Asked) -> Vec<Answer> {
    Vec::new()
}

#[cfg(feature = "cel")]
#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Asked, delay, share};
    use crate::traffic::request::Request;

    fn asked() -> Asked {
        let headers = BTreeMap::from([("x-user".to_owned(), "me".to_owned())]);
        Asked::of(&Request::to("http://a.example/v1/x", "GET", &headers, false).unwrap())
    }

    #[test]
    fn the_dice_are_spread_evenly() {
        for (text, expected) in [
            ("random() < 0.2", 0.2),
            (r#"request.path.startsWith("/v1") && random() < 0.5"#, 0.5),
            (r#"request.headers["x-user"] == "me""#, 1.0),
            (r#"request.headers["x-other"] == "me""#, 0.0),
            (r#"request.path.startsWith("/v2")"#, 0.0),
            ("no such thing", 0.0),
        ] {
            assert!((share(text, &asked()) - expected).abs() < 1e-9, "{text}");
        }
    }

    #[test]
    fn delays_are_numbers_or_spans() {
        assert_eq!(delay("random() < 0.1 ? 500 : 0", &asked()), Some((0.1, 500.0)));
        assert_eq!(delay(r#"duration("2s")"#, &asked()), Some((1.0, 2000.0)));
        assert_eq!(delay("0", &asked()), None);
        let (share, mean) = delay("random() * 500.0", &asked()).unwrap();
        assert!((share - 1.0).abs() < 1e-9 && (mean - 250.0).abs() < 1e-6);
    }
}
