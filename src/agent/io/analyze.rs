//! The plain `POST /a2a/analyze` of the Kubernetes agent for canaries: one question, one JSON object. It is not A2A.
//!
//! What it says about promoting is shown with what is known of it, and nothing is done with it: the word is taken from keywords
//! of the text, its confidence is one of two constants, and it says `promote` when it failed.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

use super::provider::{Asked, Decoder};
use crate::{
    agent::{
        message::Message,
        wire::{Delta, Stop},
    },
    base::redact,
};

/// The body of a request. A model named `NAMESPACE/ROLLOUT` tells which canary is meant.
pub fn body(asked: &Asked<'_>) -> Value {
    let said = asked.messages.iter().rev().find_map(|message| match message {
        Message::You(text) => Some(text.as_str()),
        Message::Model { .. } | Message::Tools(_) => None,
    });
    let (memory, context) = match asked.model.name.split_once('/') {
        Some((namespace, rollout)) => (
            format!("rollout:{namespace}/{rollout}"),
            json!({
                "namespace": namespace, "rolloutName": rollout,
                "stableSelector": "role=stable", "canarySelector": "role=canary",
            }),
        ),
        None => (format!("brink:{}", asked.model.name), json!({})),
    };
    let prompt = redact::text(said.unwrap_or_default());
    json!({"userId": "brink", "memoryId": memory, "prompt": prompt, "context": context})
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Told {
    analysis: Option<String>,
    root_cause: Option<String>,
    remediation: Option<String>,
    pr_link: Option<String>,
    promote: Option<bool>,
    confidence: Option<Value>,
}

/// Reads the one object.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answer;

impl Decoder for Answer {
    fn event(&mut self, _name: &str, data: &str) -> Vec<Delta> {
        let told: Told = match serde_json::from_str(data) {
            Ok(told) => told,
            Err(error) => return vec![Delta::Error(format!("the answer is not what it should be: {error}"))],
        };
        let mut text = told.analysis.unwrap_or_default();
        let parts =
            [("Root cause", told.root_cause), ("Remediation", told.remediation), ("Pull request", told.pr_link)];
        for (name, words) in parts {
            if let Some(words) = words.filter(|words| !words.trim().is_empty()) {
                let _ = write!(text, "\n\n**{name}**: {words}");
            }
        }
        if text.trim().is_empty() {
            // A bare verdict has nothing that could be judged.
            return vec![Delta::Stop(Stop::End)];
        }
        if let Some(promote) = told.promote {
            let word = if promote { "promote" } else { "do not promote" };
            let _ = write!(text, "\n\n**Its verdict**: {word}");
            if let Some(confidence) = told.confidence.filter(|value| !value.is_null()) {
                let _ = write!(text, ", confidence {confidence}");
            }
            text.push_str(
                ". Do not rely on it: the agent takes the verdict from keywords of its text, and its confidence is a constant.",
            );
        }
        vec![Delta::Text(text), Delta::Stop(Stop::End)]
    }
}

/// What a failure's body says about promoting, for the words of the failure.
pub(super) fn beside(body: &str) -> Option<&'static str> {
    let told: Told = serde_json::from_str(body).ok()?;
    (told.promote == Some(true)).then_some("its `promote: true` counts for nothing: it says so when it failed")
}
