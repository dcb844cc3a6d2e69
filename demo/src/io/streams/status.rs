//! How a program ended, as the last frame of the error channel says it.

use serde_json::{Value, json};

/// It ended with a code.
pub(super) fn ended(code: i32) -> Value {
    if code == 0 {
        return json!({"metadata": {}, "status": "Success"});
    }
    json!({
        "metadata": {},
        "status": "Failure",
        "message": format!("command terminated with non-zero exit code: exit status {code}"),
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
    })
}

/// There is no such program.
pub(super) fn missing(program: &str) -> Value {
    json!({
        "metadata": {},
        "status": "Failure",
        "message": format!(
            "Internal error occurred: error executing command in container: failed to exec in container: failed to start exec: \
             OCI runtime exec failed: exec failed: unable to start container process: exec: {program:?}: executable file not \
             found in $PATH: unknown"
        ),
        "reason": "InternalError",
        "details": {"causes": [{"message": "error executing command in container"}]},
        "code": 500,
    })
}
