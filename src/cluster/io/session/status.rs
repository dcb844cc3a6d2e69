//! How a program in a container ended, as the node tells it in the last frame.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;

use crate::base::sanitize;

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exit {
    /// With this code.
    Code(i32),
    /// It could not be started: there is no such program.
    Missing,
    /// Something else went wrong.
    Failed(String),
}

/// Reads the status; a connection that was cut has none.
pub(super) fn of(status: Option<Status>) -> Exit {
    let Some(status) = status else { return Exit::Failed("the connection was cut".to_owned()) };
    if status.status.as_deref() == Some("Success") {
        return Exit::Code(0);
    }
    let causes = status.details.and_then(|details| details.causes).unwrap_or_default();
    let code = causes.iter().find(|cause| cause.reason.as_deref() == Some("ExitCode"));
    if let Some(code) = code.and_then(|cause| cause.message.as_deref()?.parse().ok()) {
        return Exit::Code(code);
    }
    let message = status.message.unwrap_or_default();
    let missing = ["executable file not found", "no such file or directory", "not found in $PATH"];
    if missing.iter().any(|words| message.contains(words)) {
        return Exit::Missing;
    }
    Exit::Failed(sanitize::line(&message).into_owned())
}
