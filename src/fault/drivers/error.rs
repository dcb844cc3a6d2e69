//! Why an intent cannot be carried out here.

use thiserror::Error;

use crate::fault::{
    catalogue::{WrongIntent, view::DriverState},
    intent::{Driver, FaultKind},
};

/// An intent that has no plan on this cluster. Every variant says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CompileError {
    /// The intent itself does not fit the catalogue.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Intent(Vec<WrongIntent>),
    /// There is no such object.
    #[error("there is no {kind} {namespace}/{name}{}", near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    NoSuchTarget {
        /// Kind.
        kind: String,
        /// Name.
        name: String,
        /// Namespace.
        namespace: String,
        /// The nearest name there is.
        near: Option<String>,
    },
    /// The target is there but empty.
    #[error("{target} in namespace {namespace} matches nothing: {why}")]
    NothingMatches {
        /// The target.
        target: String,
        /// Namespace.
        namespace: String,
        /// Why.
        why: String,
    },
    /// The driver has no means for it.
    #[error("{what}; {fix}")]
    CannotExpress {
        /// What cannot be done, and why.
        what: String,
        /// What to do instead.
        fix: String,
    },
    /// The driver's API is not served.
    #[error("{why}; {}", if *state == DriverState::Dead { "start it, or choose another driver" } else { "install it, or choose another driver" })]
    NotServed {
        /// The driver.
        driver: Driver,
        /// Absent or not to be asked.
        state: DriverState,
        /// Why.
        why: String,
    },
    /// No driver can.
    #[error("nothing can carry out {} here: {}", kind.word(), reasons.iter().map(|(driver, why)| format!("{}: {why}", driver.word())).collect::<Vec<_>>().join(" · "))]
    NoDriver {
        /// The kind.
        kind: FaultKind,
        /// Each driver's reason.
        reasons: Vec<(Driver, String)>,
    },
    /// Something needed could not be read.
    #[error("{what} could not be read: {why}")]
    Unreadable {
        /// What.
        what: String,
        /// The server's words.
        why: String,
    },
}

impl From<WrongIntent> for CompileError {
    fn from(wrong: WrongIntent) -> Self {
        Self::Intent(vec![wrong])
    }
}

impl CompileError {
    /// The driver has no means for it.
    pub fn cannot(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::CannotExpress { what: what.into(), fix: fix.into() }
    }

    /// The target is what is wrong, whichever driver is asked.
    pub fn about_target(&self) -> bool {
        matches!(self, Self::NoSuchTarget { .. } | Self::NothingMatches { .. })
    }

    /// Bad input of the caller (exit code 2), as opposed to a cluster that cannot (exit code 1).
    pub fn is_bad_input(&self) -> bool {
        matches!(self, Self::Intent(_) | Self::NoSuchTarget { .. } | Self::NothingMatches { .. })
    }
}
