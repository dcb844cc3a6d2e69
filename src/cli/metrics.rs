//! One look at the metric source, for commands that show traffic beside other things.

use std::time::Duration;

use super::{
    failure::{Code, Failure},
    out,
    session::Session,
};
use crate::base::sanitize;
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

/// A look whose figures are what was asked for: what the source warns of is told on stderr. Within: why there is no source.
pub fn answered(looked: Result<Snapshot, SourceError>) -> Result<Result<Snapshot, SourceError>, Failure> {
    match looked {
        Ok(snapshot) => {
            for note in &snapshot.notes {
                out::complain(&format!("note: {}\n", sanitize::line(note)));
            }
            Ok(Ok(snapshot))
        }
        Err(error) if error.absent() => Ok(Err(error)),
        Err(error) => Err(Failure::new(Code::Unreachable, "cannot read metrics", error.to_string(), error.fix())),
    }
}
