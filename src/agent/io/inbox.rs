//! Proposals of MCP clients on their way to a cockpit: files of the state directory, one folder per cluster.
//!
//! ```text
//! STATE/inbox/CLUSTER/ID.yaml   a proposal that waits for a person
//! STATE/inbox/CLUSTER/watched   held with a shared lock by every cockpit that watches: the lock ends with its process
//! STATE/inbox/CLUSTER/writing   held while one is put in, so that the folder keeps its bounds
//! STATE/inbox/CLUSTER/aside/    what was no proposal, for whoever wants to know
//! ```
//!
//! Folders have mode 0700 and files 0600, and both belong to this user: whatever does not is not read. A file is written whole
//! and then renamed. Calls here block.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError},
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rustix::{
    fs::{Mode, OFlags},
    process::geteuid,
};
use thiserror::Error;

use super::whole;
use crate::{
    agent::mcp::queued::{LARGEST, Queued, plain_id},
    base::sanitize,
};

/// Most proposals that wait for one cluster.
pub const MOST: usize = 50;
/// Most files that are kept aside.
const MOST_ASIDE: usize = 50;

/// The inbox of one cluster.
#[derive(Debug, Clone)]
pub struct Inbox {
    root: PathBuf,
    folder: PathBuf,
}

/// Why a proposal was not queued.
#[derive(Debug, Error)]
pub enum InboxError {
    /// Too many wait.
    #[error("{MOST} proposals wait for review already; a person must look at some of them first")]
    Full,
    /// The proposal is too large.
    #[error("the proposal is larger than {} KiB; propose less at once", LARGEST >> 10)]
    TooLarge,
    /// A folder is not as it must be.
    #[error("{} {why}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The disk says no.
    #[error("cannot use {}: {why}", path.display())]
    Disk {
        /// What was touched.
        path: PathBuf,
        /// Its words.
        why: io::Error,
    },
}

/// What stands in an inbox.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    /// Proposals, the oldest first.
    pub queued: Vec<Queued>,
    /// What was no proposal or waited too long, a sentence each.
    pub refused: Vec<String>,
}

/// Says, as long as it lives, that somebody watches.
#[derive(Debug)]
pub struct Watch(#[expect(dead_code, reason = "the lock goes with the file")] File);

impl Inbox {
    /// That of a cluster. Nothing is touched yet.
    pub fn of(state_dir: &Path, cluster: &str) -> Self {
        let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let cluster: String = cluster.chars().map(safe).take(64).collect();
        let root = state_dir.join("inbox");
        Self { folder: root.join(cluster), root }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folders where they are missing; refuses those that others could write to.
    fn open(&self) -> Result<(), InboxError> {
        let mut maker = DirBuilder::new();
        maker.recursive(true).mode(0o700);
        maker.create(&self.folder).map_err(|why| self.disk(&self.folder, why))?;
        for folder in [&self.root, &self.folder] {
            let found = fs::symlink_metadata(folder).map_err(|why| self.disk(folder, why))?;
            let why = if found.is_symlink() || !found.is_dir() {
                "is no folder of its own; move it away".to_owned()
            } else if found.uid() != geteuid().as_raw() {
                "belongs to somebody else; move it away".to_owned()
            } else if found.mode() & 0o077 != 0 {
                format!("is open to others; chmod 700 {}", folder.display())
            } else {
                continue;
            };
            return Err(InboxError::Folder { folder: folder.clone(), why });
        }
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "every error here is about this inbox")]
    fn disk(&self, path: &Path, why: io::Error) -> InboxError {
        InboxError::Disk { path: path.to_path_buf(), why }
    }

    /// Queues a proposal; says whether a cockpit watches.
    pub fn put(&self, queued: &Queued, now: Timestamp) -> Result<bool, InboxError> {
        let text = queued.text();
        if text.len() > LARGEST {
            return Err(InboxError::TooLarge);
        }
        self.open()?;
        let writing = self.folder.join("writing");
        let held = lock_file(&writing).and_then(|file| file.lock().map(|()| file));
        let _held = held.map_err(|why| self.disk(&writing, why))?;
        // What waited too long makes room; what is no proposal takes it, until a cockpit has moved it aside.
        let waiting = self.names().map_err(|why| self.disk(&self.folder, why))?;
        let mut count = waiting.len();
        for id in waiting.iter().filter_map(|name| id_of(name)) {
            let old = self.read(id).is_ok_and(|one| one.expired(now));
            count -= usize::from(old && fs::remove_file(self.path(id)).is_ok());
        }
        if count >= MOST {
            return Err(InboxError::Full);
        }
        self.sweep();
        let (path, draft) = (self.path(&queued.id), self.folder.join(format!(".{}.draft", queued.id)));
        whole::write(&path, &draft, &text).map_err(|why| self.disk(&path, why))?;
        Ok(self.watched())
    }

    /// Removes what a process left that died while it wrote: nobody else writes now.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().filter_map(Result::ok) {
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") && name.as_encoded_bytes().ends_with(b".draft") {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Whether a cockpit watches. Only while `writing` is held: two that ask at once would take each other for one.
    fn watched(&self) -> bool {
        let held = lock_file(&self.folder.join("watched"));
        held.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Says that somebody watches; `None` in the moment in which somebody asks for that.
    pub fn watch(&self) -> Result<Option<Watch>, InboxError> {
        self.open()?;
        let path = self.folder.join("watched");
        let file = lock_file(&path).map_err(|why| self.disk(&path, why))?;
        match file.try_lock_shared() {
            Ok(()) => Ok(Some(Watch(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(why)) => Err(self.disk(&path, why)),
        }
    }

    /// What can be seen without reading: changes when a file comes, goes or is replaced.
    pub fn glance(&self) -> BTreeSet<(String, u64, i64)> {
        let names = self.names().unwrap_or_default();
        let seen = names.into_iter().map(|name| {
            let found = fs::symlink_metadata(self.folder.join(&name));
            let (inode, changed) = found.map_or((0, 0), |found| (found.ino(), found.ctime_nsec() ^ found.ctime()));
            (name.to_string_lossy().into_owned(), inode, changed)
        });
        seen.collect()
    }

    /// Reads everything; what is no proposal is moved aside, what waited too long is removed.
    pub fn look(&self, now: Timestamp) -> Found {
        let mut found = Found::default();
        for name in self.names().unwrap_or_default() {
            let shown = sanitize::line(&name.to_string_lossy()).into_owned();
            let read = match id_of(&name) {
                Some(id) => self.read(id),
                None => Err("its name is none of brink's".to_owned()),
            };
            match read {
                Ok(one) if one.expired(now) => {
                    let _ = fs::remove_file(self.folder.join(&name));
                    found.refused.push(format!(
                        "{} of MCP client {} waited too long and is dropped",
                        one.title(),
                        one.client
                    ));
                }
                Ok(one) => found.queued.push(one),
                Err(why) => {
                    let moved = match self.set_aside(&name) {
                        Ok(()) => "moved aside".to_owned(),
                        Err(error) => format!("and it cannot be moved aside: {error}"),
                    };
                    found.refused.push(format!("inbox file {shown}: {why}; {moved}"));
                }
            }
        }
        found.queued.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        // A flood that came by another way than `put` is shown in part; the rest comes as these are looked at.
        found.queued.truncate(MOST);
        found
    }

    /// Takes a proposal away; it is no error when it is gone.
    pub fn discard(&self, id: &str) -> io::Result<()> {
        if !plain_id(id) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no id of a proposal"));
        }
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.yaml"))
    }

    /// Names of what waits, in order; brink's own files are none of it.
    fn names(&self) -> io::Result<Vec<std::ffi::OsString>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let own = name == "watched" || name == "writing" || name == "aside";
            if !own && !name.as_encoded_bytes().starts_with(b".") {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Reads one. What is judged is the open file, not its name: nobody can change one for the other.
    fn read(&self, id: &str) -> Result<Queued, String> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = rustix::fs::open(self.path(id), flags, Mode::empty());
        let mut file = File::from(open.map_err(|error| match error {
            rustix::io::Errno::LOOP => "it is a link".to_owned(),
            other => format!("it cannot be read: {other}"),
        })?);
        let meta = file.metadata().map_err(|error| format!("it cannot be read: {error}"))?;
        judged(&meta)?;
        let mut text = String::new();
        let most = u64::try_from(LARGEST).unwrap_or(u64::MAX) + 1;
        (&mut file).take(most).read_to_string(&mut text).map_err(|error| format!("it cannot be read: {error}"))?;
        Queued::read(id, &text)
    }

    fn set_aside(&self, name: &OsStr) -> io::Result<()> {
        let aside = self.folder.join("aside");
        DirBuilder::new().recursive(true).mode(0o700).create(&aside)?;
        let mut kept: Vec<(std::time::SystemTime, PathBuf)> = fs::read_dir(&aside)?
            .filter_map(|entry| {
                let entry = entry.ok()?;
                Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
            })
            .collect();
        kept.sort();
        for (_, old) in kept.iter().take((kept.len() + 1).saturating_sub(MOST_ASIDE)) {
            let _ = fs::remove_file(old);
        }
        fs::rename(self.folder.join(name), aside.join(name))
    }
}

/// Whether a file is one that brink wrote for this user.
fn judged(meta: &Metadata) -> Result<(), String> {
    if !meta.is_file() {
        return Err("it is no file".to_owned());
    }
    if meta.uid() != geteuid().as_raw() {
        return Err("it belongs to somebody else".to_owned());
    }
    if meta.mode() & 0o7777 != 0o600 {
        return Err(format!("its mode is {:o}, not 600", meta.mode() & 0o7777));
    }
    if meta.len() > u64::try_from(LARGEST).unwrap_or(u64::MAX) {
        return Err(format!("it is larger than {} KiB", LARGEST >> 10));
    }
    Ok(())
}

fn id_of(name: &OsStr) -> Option<&str> {
    name.to_str()?.strip_suffix(".yaml").filter(|id| plain_id(id))
}

fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}
