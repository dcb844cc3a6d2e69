//! No task is left behind at an agent: whoever drops an ask has its task cancelled.

use http::Method;
use serde_json::Value;

use super::{
    a2a::{self, Dial},
    key::Key,
    provider::Provider,
};
use crate::agent::wire::{Delta, Wire};

/// The task of one ask, while it is under way.
pub(super) struct Orphan {
    provider: Provider,
    dial: Dial,
    target: String,
    key: Option<Key>,
    task: Option<String>,
}

impl Orphan {
    /// Of an ask that is under way. Nobody but an agent has tasks.
    pub fn of(provider: &Provider, dial: &Dial, target: &str, key: Option<&Key>) -> Self {
        Self {
            provider: provider.clone(),
            dial: dial.clone(),
            target: target.to_owned(),
            key: key.cloned(),
            task: None,
        }
    }

    /// What is told of the task: one that ended, or waits for the person, is not under way.
    pub fn hear(&mut self, delta: &Delta) {
        match delta {
            Delta::Remote(remote) => self.task.clone_from(&remote.task),
            Delta::Stop(_) | Delta::Asks(_) => self.task = None,
            Delta::Text(_)
            | Delta::Call { .. }
            | Delta::Piece { .. }
            | Delta::CallEnd { .. }
            | Delta::Usage(_)
            | Delta::Refusal(_)
            | Delta::Error(_)
            | Delta::Did(_) => {}
        }
    }

    /// The task as it is now, after its stream ended before it did.
    pub async fn left(&self) -> Option<Value> {
        let task = self.task.as_deref().filter(|_| self.provider.model().wire == Wire::A2a)?;
        let body = serde_json::to_vec(&a2a::get(self.dial.version, task)).ok()?;
        let answer =
            self.provider.once(Method::POST, &self.target, body, self.key.as_ref(), Some(&self.dial)).await.ok()?;
        if answer.status().is_success() { self.provider.json(answer).await } else { None }
    }
}

impl Drop for Orphan {
    fn drop(&mut self) {
        let (Some(task), Ok(runtime)) = (self.task.take(), tokio::runtime::Handle::try_current()) else { return };
        let (provider, dial, target, key) =
            (self.provider.clone(), self.dial.clone(), std::mem::take(&mut self.target), self.key.take());
        let cancel = async move {
            let body = serde_json::to_vec(&a2a::cancel(dial.version, &task)).unwrap_or_default();
            let sent = provider.once(Method::POST, &target, body, key.as_ref(), Some(&dial)).await;
            if let Err(lost) = sent {
                tracing::debug!(%lost, "the agent was not told that its task is cancelled");
            }
        };
        self.provider.parting().spawn_on(cancel, &runtime);
    }
}
