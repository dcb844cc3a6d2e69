//! Figures of a load, told as JSON, and read again: our own, and those that fortio itself writes.

use serde_json::{Value, json};

use super::site::{Load, Ran};

/// What is said of a load that ran.
pub fn told(load: &Load, ran: &Ran) -> Value {
    let total: u64 = ran.codes.values().sum();
    let failed: u64 = ran.codes.iter().filter(|(code, _)| !(200..400).contains(*code)).map(|(_, n)| n).sum();
    let at = |share: f64| round(quantile(&ran.took, share));
    let codes: serde_json::Map<String, Value> = ran
        .codes
        .iter()
        .map(|(code, n)| (if *code == 0 { "-1".to_owned() } else { code.to_string() }, json!(n)))
        .collect();
    json!({
        "url": load.url,
        "connections": load.connections,
        "requestedQps": load.qps.map_or_else(|| json!("max"), Value::from),
        "actualQps": round(count(total) / (ran.lasted / 1000.0).max(0.001)),
        "actualDurationSeconds": round(ran.lasted / 1000.0),
        "totalRequests": total,
        "errorPercent": round(100.0 * count(failed) / count(total).max(1.0)),
        "latencyMs": {
            "min": at(0.0), "avg": round(ran.took.iter().sum::<f64>() / count_of(&ran.took).max(1.0)), "p50": at(0.5),
            "p75": at(0.75), "p90": at(0.9), "p99": at(0.99), "p99.9": at(0.999), "max": at(1.0),
        },
        "returnCodes": codes,
    })
}

/// The figures that tests are compared by: requests per second, p50 and p99 in milliseconds, errors in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    pub qps: f64,
    pub p50: f64,
    pub p99: f64,
    pub errors: f64,
}

impl Figures {
    /// Reads them from JSON.
    pub fn read(text: &str) -> Result<Self, String> {
        let whole: Value = serde_json::from_str(text).map_err(|error| format!("these are no results: {error}"))?;
        let number = |path: &str| whole.pointer(path).and_then(Value::as_f64);
        if let Some(qps) = number("/actualQps") {
            let errors = number("/errorPercent").unwrap_or_default();
            let at = |name: &str| number(&format!("/latencyMs/{name}")).unwrap_or_default();
            return Ok(Self { qps, p50: at("p50"), p99: at("p99"), errors });
        }
        let qps = number("/ActualQPS").ok_or("these are no results: there is no actualQps in them")?;
        let percentiles = whole.pointer("/DurationHistogram/Percentiles").and_then(Value::as_array);
        let at = |wanted: f64| {
            let found = percentiles.into_iter().flatten().find(|one| one["Percentile"].as_f64() == Some(wanted));
            found.and_then(|one| one["Value"].as_f64()).map_or(0.0, |seconds| round(seconds * 1000.0))
        };
        let codes = whole.pointer("/RetCodes").and_then(Value::as_object);
        let (mut all, mut bad) = (0.0, 0.0);
        for (code, n) in codes.into_iter().flatten() {
            let n = n.as_f64().unwrap_or_default();
            all += n;
            bad += if code.starts_with('2') || code.starts_with('3') { 0.0 } else { n };
        }
        Ok(Self { qps, p50: at(50.0), p99: at(99.0), errors: round(100.0 * bad / f64::max(all, 1.0)) })
    }

    /// As JSON.
    pub fn json(self) -> Value {
        json!({"actualQps": self.qps, "p50Ms": self.p50, "p99Ms": self.p99, "errorPercent": self.errors})
    }

    /// How it differs from an earlier one, in percent, errors in points.
    pub fn against(self, before: Self) -> Value {
        let change = |now: f64, then: f64| round(100.0 * (now - then) / then.max(0.001));
        json!({
            "qpsChangePercent": change(self.qps, before.qps), "p50ChangePercent": change(self.p50, before.p50),
            "p99ChangePercent": change(self.p99, before.p99), "errorChangePoints": round(self.errors - before.errors),
        })
    }
}

/// The value below which a share of the sorted values lies.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let at = ((count_of(sorted) - 1.0).max(0.0) * share).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "requests of a test")]
fn count(number: u64) -> f64 {
    number as f64
}

fn count_of(all: &[f64]) -> f64 {
    count(all.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::{Figures, Load, Ran, told};

    #[test]
    fn what_is_told_of_a_load_can_be_read_again() {
        let load = Load {
            url: "http://web.shop:80/".to_owned(),
            method: "GET".to_owned(),
            headers: std::collections::BTreeMap::new(),
            connections: 4,
            qps: None,
            lasts: 2000.0,
            patience: 3000.0,
        };
        let took: Vec<f64> = (1..=100).map(f64::from).collect();
        let ran = Ran { lasted: 2000.0, codes: [(200, 90), (503, 10)].into(), took };
        let json = told(&load, &ran);
        assert_eq!((&json["totalRequests"], &json["errorPercent"]), (&100.into(), &10.0.into()));
        assert_eq!(json["latencyMs"]["max"], 100.0);
        let read = Figures::read(&json.to_string()).unwrap();
        assert_eq!(read, Figures { qps: 50.0, p50: 51.0, p99: 99.0, errors: 10.0 });
        assert_eq!(read.against(Figures { qps: 100.0, ..read })["qpsChangePercent"], -50.0);
    }

    #[test]
    fn figures_of_fortio_itself_are_read_and_nonsense_is_told() {
        let own = r#"{"ActualQPS": 99.5, "DurationHistogram": {"Percentiles": [{"Percentile": 50, "Value": 0.004},
            {"Percentile": 99, "Value": 0.25}]}, "RetCodes": {"200": 75, "503": 25}}"#;
        assert_eq!(Figures::read(own).unwrap(), Figures { qps: 99.5, p50: 4.0, p99: 250.0, errors: 25.0 });
        assert!(Figures::read("nothing").unwrap_err().starts_with("these are no results"));
        assert!(Figures::read("{}").unwrap_err().contains("actualQps"));
    }
}
