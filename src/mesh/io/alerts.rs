//! Asks which alerts fire.

use std::time::Duration;

use super::metrics::Metrics;
use crate::mesh::alerts::Alerts;

/// How long the answer may take: a person waits for the preview.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the source. Without a Prometheus or a question nobody is asked; whatever goes wrong is told in words.
pub async fn ask(metrics: &Metrics, question: &str) -> Alerts {
    if question.trim().is_empty() {
        return Alerts::Unasked;
    }
    let client = match metrics.prometheus().await {
        Ok(Some(client)) => client.patient(PATIENCE),
        Ok(None) => return Alerts::Unasked,
        Err(error) => return Alerts::Unreadable(error.to_string()),
    };
    match client.instant(question).await {
        Ok(answer) => Alerts::of(&answer),
        Err(error) => Alerts::Unreadable(error.to_string()),
    }
}
