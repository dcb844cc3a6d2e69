//! Proposed faults as files for `fault apply -f`: to be read, edited and kept, as no plan can be.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crate::{
    agent::session::Offer,
    cli::failure::{Code, Failure},
};

/// Writes the proposal of this number; `None` of a change that is kept, since what is applied from a file is undone.
pub(super) fn save(folder: &Path, number: usize, offer: &Offer) -> Result<Option<PathBuf>, Failure> {
    if offer.kept {
        return Ok(None);
    }
    let path = folder.join(format!("{number}-{}.yaml", offer.preview.kind));
    let written = DirBuilder::new().recursive(true).mode(0o700).create(folder).and_then(|()| {
        // A file that somebody edited is not written over.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(offer.intent.as_bytes())
    });
    match written {
        Ok(()) => Ok(Some(path)),
        Err(error) => {
            let fix = match error.kind() {
                io::ErrorKind::AlreadyExists => "name another folder: no file is written over",
                _ => "name a folder that can be written",
            };
            let what = format!("cannot save proposal {number}");
            Err(Failure::new(Code::Unmet, what, error.to_string(), fix).at(path.display().to_string()))
        }
    }
}
