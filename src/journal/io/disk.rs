//! The three calls by which a journal becomes durable, as a seam: a full or failing disk can be put in their place.

use std::{
    fmt::Debug,
    fs::File,
    io::{self, Write as _},
    path::Path,
};

/// How bytes get onto a disk.
pub trait Disk: Debug + Send + Sync {
    /// Appends the bytes.
    fn append(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    /// Returns when the file's content is durable.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    /// Returns when the directory's entries are durable.
    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }
}

/// The file system as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl Disk for Plain {}
