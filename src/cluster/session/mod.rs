//! What a person does inside pods: a shell, an attached container, files copied, ports forwarded. Plain data; the doors do it.

mod copy;
mod forward;
mod port;

use thiserror::Error;

pub use copy::{Copy, Way};
pub use forward::{ForwardView, ForwardWish, Standing, ports};
pub use port::{PortOffer, Ports, of_pod, of_service};

/// A container to go into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container; `None` for the one the pod names as its own.
    pub container: Option<String>,
}

impl Place {
    /// `NAMESPACE/POD`, with the container where one is named.
    pub fn words(&self) -> String {
        match &self.container {
            Some(container) => format!("{}/{} {container}", self.namespace, self.pod),
            None => format!("{}/{}", self.namespace, self.pod),
        }
    }
}

/// What is done with the terminal in a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entering {
    /// A shell of its own.
    Shell,
    /// The program that runs there already.
    Attach,
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// In order, or with the exit code of the last command.
    Left(i32),
    /// The person let go of it; the program goes on.
    Detached,
}

/// Why nothing came of it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}")]
pub struct SessionError {
    /// What failed, on what, and why.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl SessionError {
    /// A failure with its remedy.
    pub fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), fix: fix.into() }
    }
}
