//! Which alerts fire, as a Prometheus HTTP API tells it (`ALERTS{alertstate="firing"}`, one series an alert).

use compact_str::CompactString;
use serde::Deserialize;

use super::signals::sample::Vector;
use crate::base::sanitize;

/// The labels of a firing alert that name it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct AlertLabels {
    /// Its rule.
    pub alertname: CompactString,
    /// What it is about, where the rule says so.
    pub namespace: CompactString,
}

/// What is known of alerts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Alerts {
    /// Nobody was asked.
    #[default]
    Unasked,
    /// It could not be told, and why.
    Unreadable(String),
    /// These fire, by name; none is the good answer.
    Firing(Vec<String>),
}

impl Alerts {
    /// From the answer to a question whose series each are an alert.
    pub fn of(answer: &Vector<AlertLabels>) -> Self {
        let name = |labels: &AlertLabels| {
            let name = if labels.alertname.is_empty() { "an alert without a name" } else { labels.alertname.as_str() };
            let place = if labels.namespace.is_empty() { String::new() } else { format!(" in {}", labels.namespace) };
            sanitize::line(&format!("{name}{place}")).into_owned()
        };
        let mut names: Vec<String> =
            answer.samples.iter().filter(|(_, value)| *value > 0.0).map(|(labels, _)| name(labels)).collect();
        names.sort();
        names.dedup();
        Self::Firing(names)
    }
}
