//! One look at the metric source, for commands that show traffic beside other things.

use std::time::Duration;

use super::{out, session::Session};
use crate::mesh::{
    io::{
        endpoint::Endpoint,
        prometheus::{Prometheus, PrometheusError},
        sampler::Sampler,
    },
    signals::{Snapshot, promql::Interest},
};

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there are no figures, with the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmeasured {
    /// Why.
    pub why: String,
    /// What to do.
    pub fix: String,
}

/// Looks once.
pub async fn look(url: &str, interest: &Interest) -> Result<Snapshot, Unmeasured> {
    let told = |error: PrometheusError| Unmeasured { fix: error.fix(), why: error.to_string() };
    let endpoint = Endpoint::parse(url).map_err(|wrong| Unmeasured {
        why: wrong.to_string(),
        fix: "write it like http://prometheus.monitoring:9090".to_owned(),
    })?;
    let client = Prometheus::new(endpoint, PATIENCE).map_err(told)?;
    Sampler::once(client).look(interest).await.map_err(told)
}

/// What the source of the settings says about the whole mesh, with the latency through these gateways. Without a source,
/// nothing; one that does not answer is told on stderr, since the rest of the answer is right without it.
pub async fn measured(session: &Session, gateways: Vec<String>) -> Option<Snapshot> {
    let url = session.settings.prometheus()?;
    match look(url, &Interest { gateways, ..Interest::default() }).await {
        Ok(snapshot) => Some(snapshot),
        Err(unmeasured) => {
            out::complain(&format!("note: no traffic: {}; {}\n", unmeasured.why, unmeasured.fix));
            None
        }
    }
}
