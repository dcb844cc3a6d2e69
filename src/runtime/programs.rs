//! Where programs of this machine are.

use std::{
    env,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// Where a program is: by its path, or on the `PATH`. One that may not be started is not there.
pub fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return runs(Path::new(program)).then(|| PathBuf::from(program));
    }
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| runs(path))
}

fn runs(path: &Path) -> bool {
    path.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}
