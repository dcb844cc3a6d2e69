//! The status of a scaler, as it grows over one look: conditions keep the time since when they hold.

use serde_json::{Value, json};

use crate::control::json as read;

/// A status in the making.
pub struct Status {
    held: Value,
    conditions: Vec<Value>,
    now: String,
}

impl Status {
    /// What a scaler says now.
    pub fn of(scaler: &Value, now: String) -> Self {
        Self {
            held: read::at(scaler, &["status"]).clone(),
            conditions: read::list(scaler, &["status", "conditions"]).to_vec(),
            now,
        }
    }

    /// Sets a condition.
    pub fn set(&mut self, kind: &str, holds: bool, reason: &str, message: &str) {
        let value = if holds { "True" } else { "False" };
        let old = self.conditions.iter_mut().find(|one| read::text(one, &["type"]) == kind);
        let since = match &old {
            Some(old) if read::text(old, &["status"]) == value => read::text(old, &["lastTransitionTime"]).to_owned(),
            _ => self.now.clone(),
        };
        let new = json!({
            "type": kind, "status": value, "lastTransitionTime": since, "reason": reason, "message": message,
        });
        match old {
            Some(old) => *old = new,
            None => self.conditions.push(new),
        }
    }

    /// The whole, with the counts as they were.
    pub fn unchanged(mut self) -> Value {
        read::set(&mut self.held, &["conditions"], self.conditions);
        for field in ["currentReplicas", "desiredReplicas"] {
            if read::int(&self.held, &[field]).is_none() {
                read::set(&mut self.held, &[field], 0);
            }
        }
        self.held
    }

    /// The whole. `wanted`: `None` as it was.
    pub fn with(self, current: i64, wanted: Option<i64>, metrics: Vec<Value>, rescaled: bool) -> Value {
        let wanted = wanted.or_else(|| read::int(&self.held, &["desiredReplicas"])).unwrap_or_default();
        let mut status = json!({"currentReplicas": current, "desiredReplicas": wanted});
        let scaled = if rescaled { json!(self.now) } else { read::at(&self.held, &["lastScaleTime"]).clone() };
        if !scaled.is_null() {
            read::set(&mut status, &["lastScaleTime"], scaled);
        }
        if !metrics.is_empty() {
            read::set(&mut status, &["currentMetrics"], metrics);
        }
        read::set(&mut status, &["conditions"], self.conditions);
        status
    }
}
