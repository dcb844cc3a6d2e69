//! The states of a task, in the words of both versions.

/// A state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was taken.
    Submitted,
    /// It is worked on.
    Working,
    /// Somebody must say something first.
    InputRequired,
    /// It is done.
    Completed,
    /// It went wrong.
    Failed,
    /// Somebody took it back.
    Canceled,
}

impl State {
    /// Whether nothing comes after it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Canceled)
    }

    /// Whether whoever waits for an answer has it.
    pub fn answers(self) -> bool {
        self.is_final() || self == Self::InputRequired
    }

    /// In the words of 0.3.
    pub fn old(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Working => "working",
            Self::InputRequired => "input-required",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// In the words of 1.0.
    pub fn renamed(self) -> String {
        format!("TASK_STATE_{}", self.old().to_uppercase().replace('-', "_"))
    }
}
