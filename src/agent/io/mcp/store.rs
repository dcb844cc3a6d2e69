//! The file of what a person allowed: `STATE/mcp/permits.json`, 0600. What cannot be read allows nothing.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use rustix::process::geteuid;

use crate::agent::{io::whole, mcp::Permits};

/// More is no file of brink's.
const LARGEST: u64 = 1 << 20;

fn file(state_dir: &Path) -> PathBuf {
    state_dir.join("mcp").join("permits.json")
}

/// Reads it. A file that others may write to counts as none.
pub fn read(state_dir: &Path) -> Permits {
    let path = file(state_dir);
    let own = fs::symlink_metadata(&path).is_ok_and(|meta| {
        meta.is_file() && meta.uid() == geteuid().as_raw() && meta.mode() & 0o022 == 0 && meta.len() <= LARGEST
    });
    let text = if own { fs::read_to_string(&path).ok() } else { None };
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Writes it whole.
pub fn write(state_dir: &Path, permits: &Permits) -> io::Result<()> {
    let path = file(state_dir);
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let text = serde_json::to_string_pretty(permits).map_err(io::Error::other)?;
    whole::write(&path, &draft, &text)
}
