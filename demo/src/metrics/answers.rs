//! The HTTP API of Prometheus (`/api/v1`), as pure answers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use promql_parser::parser::{Expr, VectorSelector};
use serde_json::{Map, Value, json};

use super::{
    expose,
    promql::{self, Matrix, QueryError},
    tags::Tags,
    tsdb::Tsdb,
};
use crate::traffic;

/// Most points of one series in an answer.
const MOST_POINTS: i64 = 11_000;

/// A refusal: status, type and words.
type Refused = (u16, &'static str, String);

/// Answers a request: path below the server's root, parameters of address or form, the time now (Unix milliseconds). A text
/// stands for itself, anything else is JSON.
pub fn answer(tsdb: &Tsdb, path: &str, params: &[(String, String)], now: i64) -> (u16, Value) {
    let params = Params(params);
    let result = match path.trim_end_matches('/') {
        "/-/ready" => return (200, "Prometheus Server is Ready.\n".into()),
        "/-/healthy" => return (200, "Prometheus Server is Healthy.\n".into()),
        "/federate" => {
            return match selectors(&params) {
                Ok(selectors) => (200, expose::federate(tsdb, &selectors, now).into()),
                Err((status, _, words)) => (status, format!("{words}\n").into()),
            };
        }
        "/api/v1/query" => query(tsdb, &params, now),
        "/api/v1/query_range" => query_range(tsdb, &params),
        "/api/v1/series" => series(tsdb, &params),
        "/api/v1/labels" => labels(tsdb, &params),
        "/api/v1/metadata" => Ok(metadata(&params)),
        "/api/v1/rules" => Ok(json!({"groups": []})),
        "/api/v1/alerts" => Ok(json!({"alerts": []})),
        "/api/v1/targets" => Ok(targets(tsdb, now)),
        "/api/v1/status/buildinfo" => Ok(json!({
            "version": "3.5.0", "revision": "", "branch": "", "buildUser": "brink-demo", "buildDate": "", "goVersion": "none",
        })),
        "/api/v1/status/config" => {
            Ok(json!({"yaml": format!("global:\n  scrape_interval: {}s\n", tsdb.interval() / 1000)}))
        }
        "/api/v1/status/flags" => Ok(json!({"query.lookback-delta": "5m"})),
        other => match other.strip_prefix("/api/v1/label/").and_then(|rest| rest.strip_suffix("/values")) {
            Some(label) => label_values(tsdb, label, &params),
            None => Err((404, "not_found", format!("{other} is not an address of this server"))),
        },
    };
    match result {
        Ok(data) => (200, object([("status", "success".into()), ("data", data)])),
        Err((status, kind, words)) => (status, json!({"status": "error", "errorType": kind, "error": words})),
    }
}

struct Params<'a>(&'a [(String, String)]);

impl Params<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn time(&self, name: &str) -> Result<Option<i64>, Refused> {
        let Some(text) = self.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        let read = time(text).ok_or_else(|| bad(name, &format!("cannot parse \"{text}\" to a valid timestamp")))?;
        Ok(Some(read))
    }

    fn needed(&self, name: &str) -> Result<i64, Refused> {
        self.time(name)?.ok_or_else(|| bad(name, "cannot parse \"\" to a valid timestamp"))
    }
}

fn bad(name: &str, words: &str) -> Refused {
    (400, "bad_data", format!("invalid parameter \"{name}\": {words}"))
}

fn refused(error: QueryError) -> Refused {
    match error {
        QueryError::Parse(words) => bad("query", &words),
        QueryError::Execution(words) => (422, "execution", words),
    }
}

/// Unix seconds, or RFC 3339.
fn time(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds.abs() < 9e12).then_some((seconds * 1000.0).round() as i64);
    }
    // The library also takes a date and time apart by a blank, and one without seconds; Prometheus does not.
    let whole = matches!(text.as_bytes().get(10), Some(b'T' | b't')) && text.as_bytes().get(16) == Some(&b':');
    text.parse::<Timestamp>().ok().filter(|_| whole).map(Timestamp::as_millisecond)
}

/// Milliseconds: of seconds, or of a span such as `1h30m`, whose units fall from year to millisecond, each at most once.
fn span(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds.abs() < 9e9).then_some((seconds * 1000.0) as i64);
    }
    let (mut rest, mut sum) = (text, 0i64);
    for (unit, ms) in [
        ("y", 31_536_000_000),
        ("w", 604_800_000),
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
        ("ms", 1),
    ] {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        if digits > 0 && &after[..end] == unit {
            sum = sum.checked_add(number.parse::<i64>().ok()?.checked_mul(ms)?)?;
            rest = &after[end..];
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(sum)
}

/// A number as Prometheus writes it: very great and very small ones with an exponent of two digits at least.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if value.is_finite() && size > 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |own| ('-', own));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    digits(value)
}

/// A number without an exponent.
pub(super) fn digits(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        value.to_string()
    }
}

fn seconds(ms: i64) -> Value {
    if ms % 1000 == 0 { json!(ms / 1000) } else { json!(ms as f64 / 1000.0) }
}

fn point(ms: i64, value: f64) -> Value {
    json!([seconds(ms), number(value)])
}

fn metric(tags: &Tags) -> Value {
    let name = tags.name.iter().map(|name| ("__name__".to_owned(), Value::from(&**name)));
    let labels = tags.labels.iter().map(|(name, value)| (name.to_string(), Value::from(&**value)));
    Value::Object(name.chain(labels).collect::<Map<String, Value>>())
}

fn query(tsdb: &Tsdb, params: &Params<'_>, now: i64) -> Result<Value, Refused> {
    let at = params.time("time")?.unwrap_or(now);
    let text = params.get("query").unwrap_or_default();
    let limit = limit(params)?;
    let lookback = lookback(params)?;
    Ok(match promql::instant_within(tsdb, text, at, lookback).map_err(refused)? {
        Matrix::Scalar(values) => {
            json!({"resultType": "scalar", "result": point(at, values.first().copied().unwrap_or(f64::NAN))})
        }
        Matrix::Text(text) => json!({"resultType": "string", "result": [seconds(at), text]}),
        Matrix::Vector(rows) => {
            let rows = rows.iter().filter_map(|row| {
                let value = row.values.first().copied().flatten()?;
                Some(object([("metric", metric(&row.tags)), ("value", point(at, value))]))
            });
            object([("resultType", "vector".into()), ("result", rows.take(limit).collect())])
        }
        Matrix::Samples(all) => {
            let all = all.iter().map(|(tags, samples)| {
                let values: Vec<Value> = samples.iter().map(|(t, value)| point(*t, *value)).collect();
                object([("metric", metric(tags)), ("values", values.into())])
            });
            object([("resultType", "matrix".into()), ("result", all.take(limit).collect())])
        }
    })
}

/// An object of what is there already: `json!` would copy it, and an answer can have a hundred thousand series.
fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// How far back a value counts as current: as asked for, else five minutes.
fn lookback(params: &Params<'_>) -> Result<i64, Refused> {
    let Some(text) = params.get("lookback_delta").filter(|text| !text.is_empty()) else { return Ok(promql::LOOKBACK) };
    let read = span(text).ok_or_else(|| {
        let words = format!("error parsing lookback delta duration: cannot parse \"{text}\" to a valid duration");
        (400, "bad_data", words)
    })?;
    Ok(if read > 0 { read } else { promql::LOOKBACK })
}

fn limit(params: &Params<'_>) -> Result<usize, Refused> {
    match params.get("limit").filter(|text| !text.is_empty()) {
        None => Ok(usize::MAX),
        Some(text) => match text.parse::<i64>() {
            Ok(0) => Ok(usize::MAX),
            Ok(limit) => usize::try_from(limit).map_err(|_| bad("limit", "limit must be non-negative")),
            Err(_) => Err(bad("limit", &format!("strconv.Atoi: parsing \"{text}\": invalid syntax"))),
        },
    }
}

fn query_range(tsdb: &Tsdb, params: &Params<'_>) -> Result<Value, Refused> {
    let (start, end) = (params.needed("start")?, params.needed("end")?);
    if end < start {
        return Err(bad("end", "end timestamp must not be before start time"));
    }
    let step = params.get("step").unwrap_or_default();
    let step = span(step).ok_or_else(|| bad("step", &format!("cannot parse \"{step}\" to a valid duration")))?;
    if step <= 0 {
        return Err(bad(
            "step",
            "zero or negative query resolution step widths are not accepted. Try a positive integer",
        ));
    }
    if (end - start) / step > MOST_POINTS {
        let words = "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution \
                     (?step=XX)";
        return Err((400, "bad_data", words.to_owned()));
    }
    let times = || (0..).map(|at| start + at * step);
    let limit = limit(params)?;
    let points = |values: &[Option<f64>]| -> Vec<Value> {
        times().zip(values).filter_map(|(t, value)| Some(point(t, (*value)?))).collect()
    };
    let text = params.get("query").unwrap_or_default();
    let result: Vec<Value> =
        match promql::range_within(tsdb, text, (start, end, step), lookback(params)?).map_err(refused)? {
            Matrix::Scalar(values) => {
                let values: Vec<Option<f64>> = values.into_iter().map(Some).collect();
                vec![json!({"metric": {}, "values": points(&values)})]
            }
            Matrix::Vector(mut rows) => {
                rows.sort_by(|a, b| a.tags.cmp(&b.tags));
                rows.iter()
                    .map(|row| object([("metric", metric(&row.tags)), ("values", points(&row.values).into())]))
                    .take(limit)
                    .collect()
            }
            // Refused before it is evaluated.
            Matrix::Text(_) | Matrix::Samples(_) => Vec::new(),
        };
    Ok(object([("resultType", "matrix".into()), ("result", result.into())]))
}

/// What the `match[]` parameters select.
fn selectors(params: &Params<'_>) -> Result<Vec<VectorSelector>, Refused> {
    let read = |text| match promql_parser::parser::parse(text) {
        Ok(Expr::VectorSelector(selector)) => {
            let some = selector.name.is_some() || selector.matchers.matchers.iter().any(|one| !one.is_match(""));
            let words = "match[] must contain at least one non-empty matcher";
            if some { Ok(selector) } else { Err(bad("match[]", words)) }
        }
        Ok(_) => Err(bad("match[]", "expected an instant vector selector")),
        Err(words) => Err(bad("match[]", &words)),
    };
    params.all("match[]").map(read).collect()
}

/// The tags that the `match[]` parameters take and that have a sample in `start..=end`.
fn matched(tsdb: &Tsdb, params: &Params<'_>) -> Result<Vec<Tags>, Refused> {
    let selectors = selectors(params)?;
    let (start, end) = (params.time("start")?.unwrap_or(0), params.time("end")?.unwrap_or(i64::MAX / 2));
    let fits = |tags: &Tags| selectors.is_empty() || selectors.iter().any(|one| promql::matches(tags, one));
    let there =
        tsdb.blocks(None).filter(|block| tsdb.within(block, start.saturating_sub(1), end).told().next().is_some());
    let tags = there.flat_map(|block| block.layout.columns().iter().map(|column| block.tags(column)));
    Ok(tags.filter(fits).collect())
}

fn series(tsdb: &Tsdb, params: &Params<'_>) -> Result<Value, Refused> {
    if params.all("match[]").next().is_none() {
        return Err((400, "bad_data", "no match[] parameter provided".to_owned()));
    }
    let mut all = matched(tsdb, params)?;
    all.sort();
    Ok(all.iter().map(metric).take(limit(params)?).collect())
}

fn labels(tsdb: &Tsdb, params: &Params<'_>) -> Result<Value, Refused> {
    let all = matched(tsdb, params)?;
    let mut names: BTreeSet<&str> = all.iter().flat_map(|tags| tags.labels.iter()).map(|(name, _)| &**name).collect();
    if !all.is_empty() {
        names.insert("__name__");
    }
    Ok(names.into_iter().take(limit(params)?).collect::<Vec<_>>().into())
}

fn label_values(tsdb: &Tsdb, label: &str, params: &Params<'_>) -> Result<Value, Refused> {
    if label.is_empty() || label.contains('/') {
        return Err((400, "bad_data", format!("invalid label name: \"{label}\"")));
    }
    let all = matched(tsdb, params)?;
    let values: BTreeSet<&str> = all.iter().map(|tags| tags.get(label)).filter(|value| !value.is_empty()).collect();
    Ok(values.into_iter().take(limit(params)?).collect::<Vec<_>>().into())
}

/// The metrics this store may hold: name, type, words.
const METADATA: [(&str, &str, &str); 6] = [
    ("istio_requests_total", "counter", "Requests seen by a proxy."),
    ("istio_request_duration_milliseconds", "histogram", "Latency of requests seen by a proxy."),
    ("container_cpu_usage_seconds_total", "counter", "CPU time of a container."),
    ("container_memory_working_set_bytes", "gauge", "Memory in use by a container."),
    ("kube_pod_container_resource_limits", "gauge", "What a container may use."),
    ("up", "gauge", "Whether the last scrape of the target succeeded."),
];

fn metadata(params: &Params<'_>) -> Value {
    let wanted = params.get("metric").filter(|name| !name.is_empty());
    let rows = METADATA.iter().filter(|(name, ..)| wanted.is_none_or(|wanted| wanted == *name));
    let map: BTreeMap<&str, Value> =
        rows.map(|(name, kind, help)| (*name, json!([{"type": kind, "help": help, "unit": ""}]))).collect();
    json!(map)
}

fn targets(tsdb: &Tsdb, now: i64) -> Value {
    let interval = format!("{}s", tsdb.interval() / 1000);
    let scraped = |instance: &str| format!("http://{instance}/stats/prometheus");
    let up = tsdb.blocks(Some("up")).filter_map(|block| {
        let (rows, column) = (tsdb.newest(block, now, now), block.layout.columns().first()?);
        let ((at, value), instance) =
            (tsdb.latest((block, &rows), column, now, promql::LOOKBACK)?, block.label("instance"));
        Some(json!({
            "discoveredLabels": {"__address__": instance}, "labels": metric(&block.tags(column).bare()),
            "scrapePool": block.label("job"), "scrapeUrl": scraped(instance),
            "globalUrl": scraped(instance), "lastError": "", "lastScrape": traffic::stamp(at as f64),
            "lastScrapeDuration": 0.01, "health": if value > 0.0 { "up" } else { "down" },
            "scrapeInterval": interval, "scrapeTimeout": interval,
        }))
    });
    let up: Vec<Value> = up.collect();
    let pools: BTreeMap<String, u8> =
        up.iter().filter_map(|one| Some((one["scrapePool"].as_str()?.to_owned(), 0))).collect();
    json!({"activeTargets": up, "droppedTargets": [], "droppedTargetCounts": pools})
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{answer, time};
    use crate::metrics::{Tags, Tsdb};

    fn ask(path: &str, params: &[(&str, &str)]) -> (u16, Value) {
        let mut tsdb = Tsdb::new(5000, 600_000);
        for pod in ["a", "b"] {
            let tags = Tags::new(Some("up"), [("pod".into(), pod.into()), ("job".into(), "j".into())]);
            let number = tsdb.number(tags, 0, false);
            (10..20).for_each(|k| tsdb.append(number, k, 1.0));
        }
        let params: Vec<(String, String)> = params.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        answer(&tsdb, path, &params, 95_500)
    }

    #[test]
    fn an_instant_answer_has_the_form_of_prometheus() {
        let (status, body) = ask("/api/v1/query", &[("query", "sum by (job) (up)")]);
        let expected = json!({"status": "success", "data": {"resultType": "vector",
            "result": [{"metric": {"job": "j"}, "value": [95.5, "2"]}]}});
        assert_eq!((status, body), (200, expected));
        assert_eq!(
            ask("/api/v1/query", &[("query", "1/0"), ("time", "7")]).1["data"],
            json!({"resultType": "scalar", "result": [7, "+Inf"]})
        );
    }

    #[test]
    fn a_range_answer_leaves_gaps_out() {
        let params = [("query", "up{pod=\"a\"}"), ("start", "45"), ("end", "55"), ("step", "5s")];
        let (_, body) = ask("/api/v1/query_range", &params);
        let result = &body["data"]["result"];
        assert_eq!(result[0]["values"], json!([[50, "1"], [55, "1"]]));
        assert_eq!(result[0]["metric"], json!({"__name__": "up", "job": "j", "pod": "a"}));
    }

    #[test]
    fn wrong_questions_get_the_words_of_prometheus() {
        let kind = |path: &str, params: &[(&str, &str)]| {
            let (status, body) = ask(path, params);
            (status, body["errorType"].as_str().unwrap_or_default().to_owned())
        };
        let range = |start: &'static str, end: &'static str, step: &'static str| {
            kind("/api/v1/query_range", &[("query", "up"), ("start", start), ("end", end), ("step", step)])
        };
        let bad = (400, "bad_data".to_owned());
        assert_eq!(kind("/api/v1/query", &[("query", "sum(")]), bad);
        assert_eq!(kind("/api/v1/query", &[("query", "up"), ("time", "x")]), bad);
        assert_eq!(kind("/api/v1/query", &[("query", "histogram_sum(up)")]), (422, "execution".to_owned()));
        let (_, named) = ask("/api/v1/query", &[("query", "sum(histogram_sum(up))")]);
        assert!(named["error"].as_str().unwrap().contains("function histogram_sum"), "{named}");
        assert_eq!(range("9", "1", "1"), bad);
        assert_eq!(range("1", "9", "0"), bad);
        assert_eq!(range("0", "99999", "1"), bad);
        assert_eq!(kind("/api/v1/series", &[]), bad);
        assert_eq!(kind("/api/v1/elsewhere", &[]).0, 404);
    }

    #[test]
    fn labels_and_series_are_listed() {
        assert_eq!(ask("/api/v1/label/pod/values", &[]).1["data"], json!(["a", "b"]));
        assert_eq!(ask("/api/v1/labels", &[("match[]", "up")]).1["data"], json!(["__name__", "job", "pod"]));
        assert_eq!(ask("/api/v1/series", &[("match[]", "up{pod!=\"a\"}")]).1["data"][0]["pod"], json!("b"));
        assert_eq!(ask("/api/v1/status/buildinfo", &[]).1["data"]["version"], json!("3.5.0"));
        assert_eq!(ask("/api/v1/targets", &[]).1["data"]["activeTargets"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn times_are_read_in_both_forms() {
        assert_eq!(time("1795698245.678"), Some(1_795_698_245_678));
        assert_eq!(time("2026-11-26T13:04:05.678Z"), Some(1_795_698_245_678));
        assert_eq!(time("2026-11-26T14:04:05.678+01:00"), Some(1_795_698_245_678));
        for odd in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-11-26", "1e99"] {
            assert_eq!(time(odd), None, "{odd}");
        }
    }
}
