//! What a cluster cannot say of itself: how its workloads serve, whom they call, and who calls from outside.
//!
//! World files carry these types as they stand here.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::span;
pub use super::span::millis;

/// How the workloads of a world behave, by `NAMESPACE/KIND/NAME`.
pub type Behaviours = BTreeMap<String, Behaviour>;

/// How one workload behaves.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// What it serves, by container port. A port not listed is served as [`Serves::default`] says.
    pub serves: BTreeMap<u16, Serves>,
    /// What it calls while it serves, one after the other; those of one `group` at the same time.
    pub calls: Vec<Call>,
    /// What its container logs: by `5xx`, `4xx`, `2xx` a line with `{{code}}`, `{{peer}}`, `{{ms}}`, `{{path}}`.
    pub logs: BTreeMap<String, String>,
    /// Memory of a pod without any request, and with each request in flight `memory` of [`Serves`] more.
    #[serde(deserialize_with = "span::read_quantity")]
    pub base_memory: f64,
    /// The models of a provider of such, `providers/NAME`, which serves them at port 443.
    pub models: Vec<String>,
    /// Tokens of a request to a model with its answer, least and most.
    pub tokens: [u32; 2],
    /// CPU of a pod without any request, in cores.
    #[serde(deserialize_with = "span::read_quantity")]
    pub base_cpu: f64,
}

/// How a port serves.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Serves {
    /// Median of the service time, milliseconds.
    #[serde(deserialize_with = "span::read")]
    pub median: f64,
    /// Shape of the lognormal service time.
    pub sigma: f64,
    /// Requests served at once.
    pub workers: u32,
    /// CPU time of one request, milliseconds.
    #[serde(deserialize_with = "span::read")]
    pub cpu: f64,
    /// Memory of one request in flight, bytes.
    #[serde(deserialize_with = "span::read_quantity")]
    pub memory: f64,
    /// Smallest and largest answer, bytes.
    pub bytes: [u32; 2],
    /// Share of requests that fail by a fault of its own.
    pub errors: f64,
    /// Status of such a failure.
    pub error_code: u16,
}

impl Default for Serves {
    fn default() -> Self {
        Self {
            median: 5.0,
            sigma: 0.4,
            workers: 32,
            cpu: 2.0,
            memory: 128.0 * 1024.0,
            bytes: [200, 2000],
            errors: 0.0,
            error_code: 500,
        }
    }
}

/// A call that a workload makes while it serves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// `http://HOST[:PORT]/PATH`.
    pub to: String,
    /// Share of requests that make it.
    #[serde(default = "one")]
    pub share: f64,
    /// How long it waits, milliseconds.
    #[serde(default, deserialize_with = "span::read_some")]
    pub timeout: Option<f64>,
    /// Whether the caller answers well without it.
    #[serde(default)]
    pub optional: bool,
    /// Calls of one group go out at the same time.
    #[serde(default)]
    pub group: Option<String>,
    /// HTTP method.
    #[serde(default = "get")]
    pub method: String,
    /// Request headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Whether it is gRPC; the path is `/SERVICE/METHOD`.
    #[serde(default)]
    pub grpc: bool,
}

/// An open flow of requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Its name; also the name of its stream of draws.
    pub name: String,
    /// Where to: as in [`Call::to`].
    pub to: String,
    /// Through which Gateway, `NAMESPACE/NAME`.
    #[serde(default)]
    pub via: Option<String>,
    /// From which workload, `NAMESPACE/KIND/NAME`; without it and without `via`: from outside the mesh.
    #[serde(default)]
    pub from: Option<String>,
    /// Requests per second.
    pub rps: f64,
    /// How the rate moves.
    #[serde(default)]
    pub wave: Option<Wave>,
    /// HTTP method.
    #[serde(default = "get")]
    pub method: String,
    /// Request headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How long the client waits, milliseconds.
    #[serde(default, deserialize_with = "span::read_some")]
    pub timeout: Option<f64>,
    /// Whether it is gRPC.
    #[serde(default)]
    pub grpc: bool,
}

/// `rps · (1 + depth · sin(2πt/period + φ))`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wave {
    /// Length of one wave, milliseconds.
    #[serde(deserialize_with = "span::read")]
    pub period: f64,
    /// Height as a share of the rate.
    pub depth: f64,
}

fn one() -> f64 {
    1.0
}

fn get() -> String {
    "GET".to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Behaviour, Flow};

    #[test]
    fn a_world_file_is_read_and_a_wrong_word_refused() {
        let text = "serves: {9080: {median: 12ms, sigma: 0.5, workers: 16, cpu: 4ms, memory: 200Ki, bytes: [400, 6000]}}\n\
                    calls: [{to: 'http://ratings:9080/ratings', share: 0.6, timeout: 2s}]\n";
        let read: Behaviour = serde_saphyr::from_str(text).unwrap();
        assert!((read.serves[&9080].memory - 204_800.0).abs() < 1e-9);
        assert_eq!(read.calls[0].timeout, Some(2000.0));
        assert!(serde_saphyr::from_str::<Behaviour>("serve: {}").is_err());
        let flow =
            "{name: visitors, to: 'http://a.example/shop', via: infra/gw, rps: 210, wave: {period: 10m, depth: 0.15}}";
        let flow: Flow = serde_saphyr::from_str(flow).unwrap();
        assert!((flow.wave.unwrap().period - 600_000.0).abs() < 1e-9);
        assert!(serde_saphyr::from_str::<Flow>("{name: a, to: b, rps: 1, wave: {period: 10, depth: 0}}").is_err());
    }
}
