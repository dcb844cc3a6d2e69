//! Programs of this machine that brink starts, or is started by.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::{Check, Health};
use crate::runtime::editor;

/// All of it.
pub fn check(checks: &mut Vec<Check>) {
    checks.push(editing());
    checks.push(plugin());
}

/// Where a program is: by its path, or on the `PATH`.
pub fn found(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return runs(Path::new(program)).then(|| PathBuf::from(program));
    }
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| runs(path))
}

#[cfg(unix)]
fn runs(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn runs(path: &Path) -> bool {
    path.is_file()
}

/// Objects and faults are edited in it.
fn editing() -> Check {
    const NAME: &str = "editor";
    let told = editor::command();
    match shlex::split(&told).and_then(|words| words.into_iter().next()) {
        None => Check::new(NAME, Health::Warn, format!("`{told}` is no command line"), editor::REMEDY),
        Some(program) => match found(&program) {
            Some(path) => Check::ok(NAME, path.display().to_string()),
            None => Check::new(NAME, Health::Warn, format!("{program} is not on the PATH"), editor::REMEDY),
        },
    }
}

/// `kubectl brink` works where a program of that name is on the path.
fn plugin() -> Check {
    const NAME: &str = "kubectl brink";
    match found("kubectl-brink") {
        Some(path) => Check::ok(NAME, path.display().to_string()),
        None => {
            let fix = "put kubectl-brink, which is built beside brink, on the PATH";
            Check::new(NAME, Health::Absent, "kubectl-brink is not on the PATH", fix)
        }
    }
}
