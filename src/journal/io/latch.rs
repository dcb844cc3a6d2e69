//! The latch of the emergency stop on this machine: while the file is there, nothing is armed.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who stopped, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latch {
    /// Server time.
    pub at: Timestamp,
    /// The user and `pid@host`.
    pub by: String,
}

fn file(root: &Path) -> PathBuf {
    root.join("stop")
}

/// Latches. The file stands even when its content could not be written: its presence is what counts.
pub fn set(root: &Path, latch: &Latch) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(root)?;
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(file(root))?;
    let text = serde_json::to_string(latch).map_err(io::Error::other)?;
    let _ = file.write_all(text.as_bytes());
    let _ = file.sync_all();
    Ok(())
}

/// Reads the latch; `None` when it is not set. An unreadable file counts as set.
pub fn get(root: &Path) -> Option<Latch> {
    let path = file(root);
    match fs::read_to_string(&path) {
        Ok(text) => Some(
            serde_json::from_str(&text)
                .unwrap_or(Latch { at: Timestamp::UNIX_EPOCH, by: format!("unreadable, see {}", path.display()) }),
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(Latch { at: Timestamp::UNIX_EPOCH, by: format!("{}: {error}", path.display()) }),
    }
}

/// Lifts the latch; it is no error when it was not set.
pub fn lift(root: &Path) -> io::Result<()> {
    match fs::remove_file(file(root)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
