//! One journal file, held by its lock.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use super::disk::Disk;
use crate::journal::{
    digest::Digest,
    entry::{Entry, Fact, VERSION},
    line::{self, Reading},
};

/// How long an entry may stay off the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// On the disk when the call returns.
    Now,
    /// With the next that is.
    Later,
}

/// An open journal. The lock goes with the file descriptor, so it ends with the process, however that ends.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    seq: u64,
    by: String,
    disk: Arc<dyn Disk>,
}

impl Journal {
    /// A new file with mode 0600, locked; fails when it exists. The directory is not made durable yet.
    pub(super) fn create(path: PathBuf, by: &str, disk: Arc<dyn Disk>) -> io::Result<Self> {
        let file = OpenOptions::new().create_new(true).append(true).mode(0o600).open(&path)?;
        lock(&file)?;
        Ok(Self { file, path, seq: 0, by: by.to_owned(), disk })
    }

    /// Takes over an existing file; `None` while another process holds it. A torn tail is cut off.
    pub(super) fn take(path: PathBuf, by: &str, disk: Arc<dyn Disk>) -> io::Result<Option<(Self, Digest)>> {
        let mut file = OpenOptions::new().read(true).append(true).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Between the open and the lock its holder may have finished and moved it away: what was locked is then a ghost.
        if !path.exists() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "it was finished meanwhile"));
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let reading = line::read(&text);
        if reading.whole < text.len() {
            // A full disk may refuse even this; the torn tail then stays and reads as damage, never as a fact.
            let _ = file.set_len(u64::try_from(reading.whole).unwrap_or(u64::MAX));
            file.seek(SeekFrom::End(0))?;
        }
        let seq = reading.entries.iter().map(|entry| entry.seq + 1).max().unwrap_or_default();
        let digest = Digest::of(&reading);
        Ok(Some((Self { file, path, seq, by: by.to_owned(), disk }, digest)))
    }

    /// Appends a fact.
    pub fn write(&mut self, at: Timestamp, fact: Fact, sync: Sync) -> io::Result<()> {
        let entry = Entry { v: VERSION, seq: self.seq, at, by: self.by.clone(), fact };
        let line = line::encode(&entry).map_err(io::Error::other)?;
        let before = self.file.metadata()?.len();
        if let Err(error) = self.disk.append(&mut self.file, line.as_bytes()) {
            // Half a line in the middle would read as damage.
            let _ = self.file.set_len(before);
            return Err(error);
        }
        self.seq += 1;
        match sync {
            Sync::Now => self.disk.sync(&self.file),
            Sync::Later => Ok(()),
        }
    }

    /// Makes the file's own directory entry durable.
    pub fn sync_directory(&self) -> io::Result<()> {
        match self.path.parent() {
            Some(directory) => self.disk.sync_directory(directory),
            None => Ok(()),
        }
    }

    /// Removes it: nothing was done on its behalf.
    pub fn discard(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }

    /// Where it stands.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Reads a journal without holding it.
pub fn read(path: &Path) -> io::Result<Reading> {
    Ok(line::read(&std::fs::read(path)?))
}

/// Whether no process holds it.
pub fn free(path: &Path) -> io::Result<bool> {
    match File::open(path)?.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn lock(file: &File) -> io::Result<()> {
    file.try_lock().map_err(|error| match error {
        TryLockError::Error(error) => error,
        TryLockError::WouldBlock => io::Error::new(io::ErrorKind::WouldBlock, "another process holds the new journal"),
    })
}
