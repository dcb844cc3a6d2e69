//! One look at the metric source, for commands that show traffic beside other things.

use std::time::Duration;

use super::{out, session::Session};
use crate::mesh::{
    io::{
        metrics::{Metrics, SourceError},
        sampler::Sampler,
    },
    signals::{Snapshot, promql::Interest},
};

/// How long one question may take.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Looks once.
pub async fn look(metrics: &Metrics, interest: &Interest) -> Result<Snapshot, SourceError> {
    Sampler::once(metrics.clone()).look(interest).await
}

/// What the source of the settings says about the whole mesh, with the latency through these gateways. Without a source,
/// nothing; one that does not answer is told on stderr, since the rest of the answer is right without it.
pub async fn measured(session: &Session, gateways: Vec<String>) -> Option<Snapshot> {
    match look(&session.metrics, &Interest { gateways, ..Interest::default() }).await {
        Ok(snapshot) => Some(snapshot),
        Err(error) => {
            if !error.absent() {
                out::complain(&format!("note: no traffic: {error}; {}\n", error.fix()));
            }
            None
        }
    }
}
