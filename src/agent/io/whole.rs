//! Files that are there whole or not at all.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// Writes a file of mode 0600 by way of a draft beside it. The draft is this process' own: one that stands there was left by a
/// crash, and is not written through, whatever it leads to.
pub(in crate::agent::io) fn write(path: &Path, draft: &Path, text: &str) -> io::Result<()> {
    let write = || {
        let _ = fs::remove_file(draft);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(draft, path)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(draft);
    })
}
