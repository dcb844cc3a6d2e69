//! Samples as a Prometheus HTTP API answers them (Prometheus 2 and 3, `/api/v1/query` and `/api/v1/query_range`).

use compact_str::CompactString;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use thiserror::Error;

/// An answer of the API: labels of a kind, a number each.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector<L> {
    /// The time the samples are for.
    pub at: Option<Timestamp>,
    /// Samples that are numbers; NaN and infinite ones are dropped.
    pub samples: Vec<(L, f64)>,
    /// What the source warned of.
    pub warnings: Vec<String>,
}

/// Trends: labels of a kind, numbers by Unix second.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix<L> {
    /// One per series.
    pub series: Vec<(L, Vec<(f64, f64)>)>,
    /// What the source warned of.
    pub warnings: Vec<String>,
}

/// Why an answer is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadAnswer {
    /// The API says what is wrong with the question.
    #[error("{kind}: {message}")]
    Error {
        /// `bad_data`, `timeout`, `execution`, …
        kind: String,
        /// In its words.
        message: String,
    },
    /// It is a web page.
    #[error("a web page came back, not the API of Prometheus")]
    Html,
    /// It is something else.
    #[error("the answer is not of Prometheus' form: {0}")]
    Shape(String),
}

/// Requests along one edge with one answer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct EdgeLabels {
    /// `source`, `destination`, `waypoint`.
    pub reporter: CompactString,
    /// Caller's namespace.
    pub source_workload_namespace: CompactString,
    /// Caller.
    pub source_workload: CompactString,
    /// Namespace of the workload called.
    pub destination_workload_namespace: CompactString,
    /// Workload called; `unknown` when none was reached.
    pub destination_workload: CompactString,
    /// Namespace of the service called.
    pub destination_service_namespace: CompactString,
    /// Service called.
    pub destination_service_name: CompactString,
    /// Version of the workload called.
    pub destination_version: CompactString,
    /// HTTP status; `0` without an answer.
    pub response_code: CompactString,
    /// gRPC status, for gRPC.
    pub grpc_response_status: CompactString,
    /// `mutual_tls`, `none`; `unknown` on the caller's side, which does not know how it arrived.
    pub connection_security_policy: CompactString,
}

/// A bucket of a workload's latency, or a trend of a workload.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct WorkloadLabels {
    /// `source`, `destination`, `waypoint`.
    pub reporter: CompactString,
    /// Its namespace.
    pub destination_workload_namespace: CompactString,
    /// Its name.
    pub destination_workload: CompactString,
    /// Upper bound of the bucket.
    pub le: CompactString,
}

/// A bucket of the latency of requests to a service, from one workload or from all of the mesh.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ServiceLabels {
    /// `source`, `destination`, `waypoint`.
    pub reporter: CompactString,
    /// Caller's namespace; empty for all callers.
    pub source_workload_namespace: CompactString,
    /// Caller; empty for all callers.
    pub source_workload: CompactString,
    /// The service's namespace.
    pub destination_service_namespace: CompactString,
    /// The service.
    pub destination_service_name: CompactString,
    /// Upper bound of the bucket.
    pub le: CompactString,
}

/// Requests of a route that the data plane itself names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct RouteLabels {
    /// `NS/NAME`.
    pub route: CompactString,
    /// HTTP status.
    pub status: CompactString,
    /// Upper bound of the bucket.
    pub le: CompactString,
}

/// A figure of connections between two workloads, or of the latency between them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(default)]
pub struct FlowLabels {
    /// `opened`, `sent`, `received`, or `p50`, `p90`, `p99`: which figure, by the question.
    pub signal: CompactString,
    /// `source`, `destination`, `waypoint`.
    pub reporter: CompactString,
    /// Caller's namespace.
    pub source_workload_namespace: CompactString,
    /// Caller.
    pub source_workload: CompactString,
    /// Namespace of the workload called.
    pub destination_workload_namespace: CompactString,
    /// Workload called.
    pub destination_workload: CompactString,
    /// Namespace of the service called.
    pub destination_service_namespace: CompactString,
    /// Service called.
    pub destination_service_name: CompactString,
    /// `mutual_tls`, `none`, `unknown`.
    pub connection_security_policy: CompactString,
}

impl FlowLabels {
    /// Caller and called, each with its namespace.
    pub(super) fn pair(&self) -> (&str, &str, &str, &str) {
        (
            &self.source_workload_namespace,
            &self.source_workload,
            &self.destination_workload_namespace,
            &self.destination_workload,
        )
    }
}

/// A figure of a cluster of Envoy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ClusterLabels {
    /// Which figure, by the question.
    pub signal: CompactString,
    /// The cluster as Istio's proxies label it.
    pub cluster_name: CompactString,
    /// The cluster as plain Envoys label it.
    pub envoy_cluster_name: CompactString,
}

/// A figure of what a workload uses.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct UsageLabels {
    /// Which figure, by the question.
    pub signal: CompactString,
    /// Its namespace.
    pub namespace: CompactString,
    /// The workload, by the names of its pods.
    pub workload: CompactString,
}

/// A figure of the control plane.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ControlLabels {
    /// Which figure, by the question.
    pub signal: CompactString,
}

#[derive(Deserialize)]
struct Envelope<R> {
    status: String,
    #[serde(default, rename = "errorType")]
    error_type: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
    data: Option<Body<R>>,
}

#[derive(Deserialize)]
struct Body<R> {
    #[serde(default, rename = "resultType")]
    kind: String,
    result: Vec<R>,
}

#[derive(Deserialize)]
struct One<L> {
    metric: L,
    /// Absent for native histograms, which no question here asks for.
    value: Option<Point>,
}

#[derive(Deserialize)]
struct Many<L> {
    metric: L,
    #[serde(default)]
    values: Vec<Point>,
}

/// `[unix seconds, "number"]`.
struct Point(f64, f64);

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (at, number) = <(f64, CompactString)>::deserialize(deserializer)?;
        Ok(Self(at, number.parse().unwrap_or(f64::NAN)))
    }
}

/// Reads an instant answer.
pub fn vector<L: DeserializeOwned>(body: &[u8]) -> Result<Vector<L>, BadAnswer> {
    let (results, warnings) = open::<One<L>>(body, "vector")?;
    let at = results
        .iter()
        .find_map(|one| one.value.as_ref())
        .and_then(|point| jiff::SignedDuration::try_from_secs_f64(point.0).ok())
        .and_then(|since| Timestamp::from_duration(since).ok());
    let samples = results
        .into_iter()
        .filter_map(|one| Some((one.metric, one.value?.1)))
        .filter(|(_, number)| number.is_finite())
        .collect();
    Ok(Vector { at, samples, warnings })
}

/// Reads a range answer.
pub fn matrix<L: DeserializeOwned>(body: &[u8]) -> Result<Matrix<L>, BadAnswer> {
    let (results, warnings) = open::<Many<L>>(body, "matrix")?;
    let series = results
        .into_iter()
        .map(|many| {
            let points = many.values.into_iter().map(|point| (point.0, point.1)).filter(|(_, n)| n.is_finite());
            (many.metric, points.collect())
        })
        .collect();
    Ok(Matrix { series, warnings })
}

fn open<R: DeserializeOwned>(body: &[u8], kind: &str) -> Result<(Vec<R>, Vec<String>), BadAnswer> {
    let start = body.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
    if body.get(start) == Some(&b'<') {
        return Err(BadAnswer::Html);
    }
    let envelope: Envelope<R> = serde_json::from_slice(body).map_err(|error| BadAnswer::Shape(error.to_string()))?;
    if envelope.status != "success" {
        return Err(BadAnswer::Error { kind: envelope.error_type, message: envelope.error });
    }
    let body = envelope.data.ok_or_else(|| BadAnswer::Shape("it has no data".to_owned()))?;
    if !body.kind.is_empty() && body.kind != kind {
        return Err(BadAnswer::Shape(format!("a {} came back, where a {kind} was asked for", body.kind)));
    }
    Ok((body.result, envelope.warnings))
}

#[cfg(test)]
mod tests {
    use super::{BadAnswer, EdgeLabels, Timestamp, WorkloadLabels, matrix, vector};

    #[test]
    fn numbers_are_kept_and_others_dropped() {
        let body = br#"{"status":"success","warnings":["slow store"],"data":{"resultType":"vector","result":[
            {"metric":{"reporter":"source","source_workload":"web","new_label":"x"},"value":[1700000000.5,"12.5"]},
            {"metric":{},"value":[1700000000.5,"NaN"]},
            {"metric":{},"value":[1700000000.5,"+Inf"]},
            {"metric":{},"histogram":[1700000000.5,{"count":"1"}]}]}}"#;
        let answer = vector::<EdgeLabels>(body).unwrap();
        assert_eq!(answer.samples.len(), 1);
        assert_eq!((answer.samples[0].0.source_workload.as_str(), answer.samples[0].1), ("web", 12.5));
        assert_eq!(answer.at.map(Timestamp::as_millisecond), Some(1_700_000_000_500));
        assert_eq!(answer.warnings, ["slow store"]);
    }

    #[test]
    fn ranges_keep_their_gaps() {
        let body = br#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"destination_workload":"w"},"values":[[10,"1"],[25,"NaN"],[40,"3"]]}]}}"#;
        let answer = matrix::<WorkloadLabels>(body).unwrap();
        assert_eq!(answer.series[0].1, [(10.0, 1.0), (40.0, 3.0)]);
    }

    #[test]
    fn what_is_no_answer_is_said() {
        let read = |body: &str| vector::<EdgeLabels>(body.as_bytes()).unwrap_err();
        assert_eq!(read(" <!doctype html><html>"), BadAnswer::Html);
        let error = r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
        assert_eq!(read(error).to_string(), "bad_data: parse error");
        for odd in ["", "null", "[]", "{}", r#"{"status":"success"}"#, r#"{"status":"success","data":{"result":{}}}"#] {
            assert!(matches!(read(odd), BadAnswer::Shape(_)), "{odd}");
        }
    }
}
