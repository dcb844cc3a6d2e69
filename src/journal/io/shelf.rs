//! All journals of this machine: the state directory.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    disk::{Disk, Plain},
    file::{self, Journal},
    writer::{Waiting, Writer},
};
use crate::journal::{
    digest::Digest,
    entry::{Arm, Entry, Fact, VERSION},
    line,
};

/// How long the last lines may take when a process ends.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The folders of the shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawer {
    /// Something may still be in the cluster.
    Open,
    /// Changes that are kept.
    Kept,
    /// Over.
    Done,
}

impl Drawer {
    fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Kept => "kept",
            Self::Done => "done",
        }
    }
}

/// A journal file by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The cluster's uid.
    pub cluster: String,
    /// The injection's id.
    pub id: String,
    /// The file.
    pub path: PathBuf,
}

/// The state directory.
#[derive(Debug, Clone)]
pub struct Shelf {
    root: PathBuf,
    by: String,
    disk: Arc<dyn Disk>,
    waiting: Waiting,
}

/// `$XDG_STATE_HOME/brink`, `~/.local/state/brink`, or what was given. `None` when there is no home directory.
pub fn state_directory(given: Option<&Path>) -> Option<PathBuf> {
    if let Some(given) = given {
        return Some(given.to_path_buf());
    }
    let places = directories::ProjectDirs::from("", "", "brink")?;
    Some(places.state_dir().unwrap_or_else(|| places.data_local_dir()).to_path_buf())
}

impl Shelf {
    /// The shelf at a state directory, for a process named `pid@host`. Nothing is touched yet.
    pub fn new(root: &Path, by: &str) -> Self {
        Self::on(root, by, Arc::new(Plain))
    }

    /// The same on another disk.
    pub fn on(root: &Path, by: &str, disk: Arc<dyn Disk>) -> Self {
        Self { root: root.to_path_buf(), by: by.to_owned(), disk, waiting: Waiting::default() }
    }

    /// Has a journal written beside whoever works with it. Must be called inside a tokio runtime.
    pub fn writer(&self, journal: Journal) -> Writer {
        Writer::new(journal, self.waiting.clone())
    }

    /// Waits a little until nothing given to a writer waits for the disk any more: before a process ends.
    pub async fn written(&self) {
        self.waiting.none(LAST_LINES).await;
    }

    /// The state directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn folder(&self, drawer: Drawer, cluster: &str) -> PathBuf {
        self.root.join(drawer.word()).join(safe(cluster))
    }

    /// Where a journal stands, or would stand.
    pub fn path(&self, drawer: Drawer, cluster: &str, id: &str) -> PathBuf {
        self.folder(drawer, cluster).join(format!("{}.jsonl", safe(id)))
    }

    /// Begins a journal with its arming fact: file and directories are durable when this returns.
    pub fn begin(&self, drawer: Drawer, cluster: &str, id: &str, at: Timestamp, arm: Fact) -> io::Result<Journal> {
        let folder = self.folder(drawer, cluster);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let path = self.path(drawer, cluster, id);
        let mut journal = Journal::create(path.clone(), &self.by, Arc::clone(&self.disk))?;
        let durable = journal.write(at, arm, file::Sync::Now).and_then(|()| {
            journal.sync_directory()?;
            let mut above = folder.parent();
            while let Some(directory) = above.filter(|directory| directory.starts_with(&self.root)) {
                self.disk.sync_directory(directory)?;
                above = directory.parent();
            }
            Ok(())
        });
        if durable.is_err() {
            // Nothing was written to the cluster on its behalf, so an empty or half file is only noise for later scans.
            let _ = fs::remove_file(&path);
        }
        durable.map(|()| journal)
    }

    /// Takes a journal over; `None` while another process holds it.
    pub fn take(&self, path: &Path) -> io::Result<Option<(Journal, Digest)>> {
        Journal::take(path.to_path_buf(), &self.by, Arc::clone(&self.disk))
    }

    /// Digests a journal without holding it.
    pub fn digest(&self, path: &Path) -> io::Result<Digest> {
        Ok(Digest::of(&file::read(path)?))
    }

    /// Every file of a drawer. A missing drawer is an empty one.
    pub fn slots(&self, drawer: Drawer) -> io::Result<Vec<Slot>> {
        let mut slots = Vec::new();
        for cluster in listed(&self.root.join(drawer.word()))? {
            for path in listed(&cluster)? {
                let Some(id) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jsonl")) else {
                    continue;
                };
                let Some(cluster) = cluster.file_name().and_then(|name| name.to_str()) else { continue };
                slots.push(Slot { cluster: cluster.to_owned(), id: id.to_owned(), path: path.clone() });
            }
        }
        slots.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(slots)
    }

    /// Moves a finished journal to `done/`, without the values of anybody's objects. The lock is held until the end. `arm`
    /// stands in for an arming line that was damaged.
    #[expect(clippy::needless_pass_by_value, reason = "the lock goes with the journal: nobody writes to it after this")]
    pub fn finish(&self, journal: Journal, arm: &Arm) -> io::Result<()> {
        let (cluster, id) = (arm.cluster_uid.as_str(), arm.id.as_str());
        let folder = self.folder(Drawer::Done, cluster);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let mut entries = file::read(journal.path())?.entries;
        if let Some(first) = entries.first().filter(|_| !entries.iter().any(|entry| matches!(entry.fact, Fact::Arm(_))))
        {
            let (seq, at, by) = (0, first.at, first.by.clone());
            entries.insert(0, Entry { v: VERSION, seq, at, by, fact: Fact::Arm(Box::new(arm.clone())) });
        }
        let mut text = String::new();
        for entry in entries {
            let fact = entry.fact.without_values();
            text.push_str(&line::encode(&Entry { v: VERSION, fact, ..entry }).map_err(io::Error::other)?);
        }
        let done = self.path(Drawer::Done, cluster, id);
        let draft = done.with_extension("draft");
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        self.disk.sync(&file)?;
        fs::rename(&draft, &done)?;
        self.disk.sync_directory(&folder)?;
        fs::remove_file(journal.path())?;
        journal.sync_directory()
    }
}

fn listed(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// A file name from an outside text: ids and uids are plain already, anything else must not leave the folder.
fn safe(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' }).collect()
}
