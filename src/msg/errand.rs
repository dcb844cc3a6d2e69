//! What a running script has looked up or done outside, and what comes back. The answers go to the script, never to a pane.

use std::collections::BTreeMap;

use serde_json::Value;

/// One errand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Read one object.
    Object {
        /// Its kind, by any name people call it.
        kind: String,
        /// Its namespace; empty for none.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Ask the metric source.
    Metric(String),
    /// Read everything that lasts, to compare the world with itself.
    Survey,
    /// Have brink's own world remember how it is.
    Checkpoint(String),
    /// Have it become as it was.
    Restore(String),
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Brought {
    /// The object, or that there is none.
    Object(Option<Value>),
    /// One figure a series.
    Figures(Vec<f64>),
    /// Objects by `KIND NS/NAME`.
    Survey(BTreeMap<String, Value>),
    /// It is done.
    Done,
}
