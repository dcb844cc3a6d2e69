//! Conversations on this disk, readable by this user alone.
//!
//! ```text
//! STATE/agent/CLUSTER/ID.jsonl   one conversation, appended to while it is held
//! ```
//!
//! An id is the time at which it began, so that names sort by age. There is a bound; the oldest go first, and never one that
//! somebody writes.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::pen::Pen;
use crate::agent::session::{Begin, Entry, Reading, read};

/// Most conversations kept of a cluster.
pub const MOST: usize = 50;
/// Most bytes they may take together.
pub const MOST_BYTES: u64 = 64 << 20;
/// Most bytes of one file that is read.
const MOST_READ: u64 = 64 << 20;

/// The conversations of a state directory.
#[derive(Debug, Clone)]
pub struct Shelf {
    root: PathBuf,
    most: usize,
    most_bytes: u64,
}

/// A conversation by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its id.
    pub id: String,
    /// The cluster's uid.
    pub cluster: String,
    /// Its file.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
}

/// Why a conversation cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// There is none of this name.
    #[error("there is no conversation `{0}`")]
    Unknown(String),
    /// Several begin like this.
    #[error("`{0}` may be {1}")]
    Several(String, String),
    /// The file cannot be read or written.
    #[error("{}: {why}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl ShelfError {
    /// What to do.
    pub fn fix(&self) -> String {
        match self {
            Self::Unknown(_) => "see the list: brink ask --sessions, or /sessions in the cockpit".to_owned(),
            Self::Several(..) => "write more of the id".to_owned(),
            Self::File { .. } => "look at the file; brink leaves it as it is".to_owned(),
        }
    }
}

fn file(path: &Path) -> impl Fn(io::Error) -> ShelfError + '_ {
    |error| ShelfError::File { path: path.to_path_buf(), why: error.to_string() }
}

impl Shelf {
    /// The conversations below a state directory. Nothing is touched yet.
    pub fn new(state_dir: &Path) -> Self {
        Self { root: state_dir.join("agent"), most: MOST, most_bytes: MOST_BYTES }
    }

    /// With another bound.
    #[must_use]
    pub fn keeping(self, most: usize, most_bytes: u64) -> Self {
        Self { most, most_bytes, ..self }
    }

    /// Begins a conversation. Gives its id, what writes it, and how many old ones had to go.
    pub fn begin(&self, begin: Begin) -> Result<(String, Pen, usize), ShelfError> {
        let folder = self.root.join(safe(&begin.cluster));
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(file(&folder))?;
        let gone = self.sweep(&folder);
        let mut tries = 0;
        let (id, path, made) = loop {
            let id = id(begin.at, tries);
            let path = folder.join(format!("{id}.jsonl"));
            match OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path) {
                // Another brink began one in the same second.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < 99 => tries += 1,
                made => break (id, path, made),
            }
        };
        let pen = made.and_then(|made| Pen::new(made, &path, 0)).map_err(file(&path))?;
        pen.write(&Entry::Begin(begin));
        Ok((id, pen, gone))
    }

    /// Goes on with a conversation. A torn end is cut off; one that is damaged is not gone on with.
    pub fn resume(&self, slot: &Slot) -> Result<(Reading, Pen), ShelfError> {
        let reading = self.read(slot)?;
        if let Some(damage) = &reading.damage {
            let why = format!("it cannot be gone on with: {damage}");
            return Err(ShelfError::File { path: slot.path.clone(), why });
        }
        let whole = u64::try_from(reading.whole).unwrap_or(u64::MAX);
        let open = OpenOptions::new().write(true).open(&slot.path);
        let pen = open.and_then(|open| Pen::new(open, &slot.path, whole)).map_err(file(&slot.path))?;
        Ok((reading, pen))
    }

    /// Reads a conversation.
    pub fn read(&self, slot: &Slot) -> Result<Reading, ShelfError> {
        if slot.size > MOST_READ {
            let why = format!("it is larger than {} MiB", MOST_READ >> 20);
            return Err(ShelfError::File { path: slot.path.clone(), why });
        }
        fs::read(&slot.path).map(|bytes| read(&bytes)).map_err(file(&slot.path))
    }

    /// The conversations of a cluster, or of all, the newest first.
    pub fn list(&self, cluster: Option<&str>) -> Vec<Slot> {
        let folders = match cluster {
            Some(cluster) => vec![self.root.join(safe(cluster))],
            None => entries(&self.root),
        };
        let mut slots: Vec<Slot> = folders.iter().flat_map(|folder| slots(folder)).collect();
        slots.sort_by(|a, b| b.id.cmp(&a.id).then_with(|| a.cluster.cmp(&b.cluster)));
        slots
    }

    /// The conversation a person names: `last`, an id or the beginning of one, or a file.
    pub fn find(&self, name: &str, cluster: Option<&str>) -> Result<Slot, ShelfError> {
        let all = self.list(cluster);
        if name == "last" {
            return all.into_iter().next().ok_or_else(|| ShelfError::Unknown(name.to_owned()));
        }
        if name.contains('/') || Path::new(name).extension().is_some() {
            let path = PathBuf::from(name);
            let size = fs::metadata(&path).map_err(file(&path))?.len();
            let id = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
            return Ok(Slot { id, cluster: String::new(), path, size });
        }
        let exact = all.iter().find(|slot| slot.id == name).cloned();
        if let Some(slot) = exact {
            return Ok(slot);
        }
        let mut like: Vec<Slot> =
            all.into_iter().filter(|slot| !name.is_empty() && slot.id.starts_with(name)).collect();
        match (like.pop(), like.is_empty()) {
            (Some(slot), true) => Ok(slot),
            (Some(slot), false) => {
                like.push(slot);
                let ids: Vec<String> = like.into_iter().take(4).map(|slot| slot.id).collect();
                Err(ShelfError::Several(name.to_owned(), ids.join(", ")))
            }
            (None, _) => Err(ShelfError::Unknown(name.to_owned())),
        }
    }

    /// Makes room for one more; says how many went.
    fn sweep(&self, folder: &Path) -> usize {
        let mut kept = slots(folder);
        kept.sort_by(|a, b| b.id.cmp(&a.id));
        let (mut count, mut bytes, mut gone) = (0, 0, 0);
        for slot in kept {
            count += 1;
            bytes += slot.size;
            if (count >= self.most || bytes > self.most_bytes)
                && free(&slot.path)
                && fs::remove_file(&slot.path).is_ok()
            {
                (count, bytes, gone) = (count - 1, bytes - slot.size, gone + 1);
            }
        }
        gone
    }
}

fn free(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn slots(folder: &Path) -> Vec<Slot> {
    let cluster = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let slot = |path: PathBuf| {
        let id = path.file_stem()?.to_str()?.to_owned();
        let size = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?.len();
        (path.extension()? == "jsonl").then(|| Slot { id, cluster: cluster.clone(), path, size })
    };
    entries(folder).into_iter().filter_map(slot).collect()
}

/// `20261128-160512`, and a number behind it where that is taken.
fn id(at: Timestamp, again: u32) -> String {
    let time = at.strftime("%Y%m%d-%H%M%S");
    if again == 0 { time.to_string() } else { format!("{time}-{again:02}") }
}

/// A uid comes from outside: nothing of it leads to another folder.
fn safe(cluster: &str) -> String {
    let plain: String =
        cluster.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).take(64).collect();
    if plain.is_empty() { "unknown".to_owned() } else { plain }
}
