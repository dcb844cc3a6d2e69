//! Programs of this machine that brink starts, or is started by.

use super::{Check, Health};
use crate::runtime::{editor, programs};

/// All of it.
pub fn check(checks: &mut Vec<Check>) {
    checks.push(editing());
    checks.push(plugin());
}

/// Objects and faults are edited in it.
fn editing() -> Check {
    const NAME: &str = "editor";
    let told = editor::command();
    match shlex::split(&told).and_then(|words| words.into_iter().next()) {
        None => Check::new(NAME, Health::Warn, format!("`{told}` is no command line"), editor::REMEDY),
        Some(program) => match programs::find(&program) {
            Some(path) => Check::ok(NAME, path.display().to_string()),
            None => Check::new(NAME, Health::Warn, format!("{program} is not on the PATH"), editor::REMEDY),
        },
    }
}

/// `kubectl brink` works where a program of that name is on the path.
fn plugin() -> Check {
    const NAME: &str = "kubectl brink";
    match programs::find("kubectl-brink") {
        Some(path) => Check::ok(NAME, path.display().to_string()),
        None => {
            let fix = "put kubectl-brink, which is built beside brink, on the PATH";
            Check::new(NAME, Health::Absent, "kubectl-brink is not on the PATH", fix)
        }
    }
}
