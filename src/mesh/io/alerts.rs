//! Asks which alerts fire.

use std::time::Duration;

use super::{endpoint::Endpoint, prometheus::Prometheus};
use crate::mesh::alerts::Alerts;

/// How long the answer may take: a person waits for the preview.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the source at an address. Without an address or a question nobody is asked; whatever goes wrong is told in words.
pub async fn ask(address: Option<&str>, question: &str) -> Alerts {
    let Some(address) = address.filter(|_| !question.trim().is_empty()) else { return Alerts::Unasked };
    let endpoint = match Endpoint::parse(address) {
        Ok(endpoint) => endpoint,
        Err(wrong) => return Alerts::Unreadable(wrong.to_string()),
    };
    let client = match Prometheus::new(endpoint, PATIENCE) {
        Ok(client) => client,
        Err(error) => return Alerts::Unreadable(error.to_string()),
    };
    match client.instant(question).await {
        Ok(answer) => Alerts::of(&answer),
        Err(error) => Alerts::Unreadable(error.to_string()),
    }
}
