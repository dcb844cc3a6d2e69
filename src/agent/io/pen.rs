//! Writes a session beside whoever holds the conversation: a disk that hangs or is full keeps no answer waiting.
//!
//! Lines are appended in the order in which they are given, by a thread of their own. What a full disk refuses is held and
//! tried again with the next line, up to a bound; that it is so is told once.

use std::{
    fs::{File, TryLockError},
    io::{self, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use crate::agent::session::{Entry, line};

/// Most bytes that are held while the disk takes none.
const MOST_HELD: usize = 8 << 20;

enum Order {
    Line(String),
    Done(Sender<()>),
}

/// The pen of one session. A copy writes to the same file; it is closed with the last.
#[derive(Debug, Clone)]
pub struct Pen {
    orders: Sender<Order>,
    trouble: Arc<Mutex<Trouble>>,
    path: PathBuf,
}

#[derive(Debug, Default)]
struct Trouble {
    now: Option<String>,
    told: bool,
}

/// What a session is written on.
pub trait Paper: Send + 'static {
    /// Puts bytes at this place and lets go of whatever stood behind it.
    fn put(&mut self, at: u64, bytes: &[u8]) -> io::Result<()>;
}

impl Paper for File {
    fn put(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        // Half a line, of a crash before or of the last try, would read as damage once another follows it.
        self.set_len(at)?;
        self.seek(SeekFrom::Start(at))?;
        let written = self.write_all(bytes);
        if written.is_err() {
            let _ = self.set_len(at);
        }
        written
    }
}

impl Pen {
    /// Writes at the end of an open file, of which `whole` bytes are whole lines. The lock goes with the pen; an error says who
    /// holds it.
    pub(super) fn new(file: File, path: &Path, whole: u64) -> io::Result<Self> {
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::new(io::ErrorKind::WouldBlock, "another brink writes it now"),
            TryLockError::Error(error) => error,
        })?;
        Self::on(file, path, whole)
    }

    /// Writes on any paper, of which `whole` bytes are whole lines.
    pub fn on(paper: impl Paper, path: &Path, whole: u64) -> io::Result<Self> {
        let (orders, taken) = channel();
        let trouble = Arc::<Mutex<Trouble>>::default();
        let told = trouble.clone();
        thread::Builder::new().name("session".to_owned()).spawn(move || serve(paper, whole, &taken, &told))?;
        Ok(Self { orders, trouble, path: path.to_path_buf() })
    }

    /// Where it writes.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Hands a line over.
    pub fn write(&self, entry: &Entry) {
        match line(entry) {
            Ok(line) => drop(self.orders.send(Order::Line(line))),
            Err(error) => self.trouble.lock().unwrap_or_else(PoisonError::into_inner).now = Some(error),
        }
    }

    /// Waits a while until what was handed over is written; false when it is not.
    pub fn written(&self, limit: Duration) -> bool {
        let (done, wait) = channel();
        self.orders.send(Order::Done(done)).is_ok()
            && wait.recv_timeout(limit).is_ok()
            && self.trouble.lock().unwrap_or_else(PoisonError::into_inner).now.is_none()
    }

    /// What is wrong with the file, once for each time it goes wrong.
    pub fn trouble(&self) -> Option<String> {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.told || trouble.now.is_none() {
            return None;
        }
        trouble.told = true;
        trouble.now.clone().map(|why| format!("{}: {why}", self.path.display()))
    }
}

fn serve(mut paper: impl Paper, mut whole: u64, orders: &Receiver<Order>, told: &Mutex<Trouble>) {
    let mut held = String::new();
    while let Ok(order) = orders.recv() {
        let done = match order {
            Order::Line(line) if held.len() + line.len() > MOST_HELD => {
                tracing::warn!("a line of the conversation is lost: the disk takes none");
                None
            }
            Order::Line(line) => {
                held.push_str(&line);
                None
            }
            Order::Done(done) => Some(done),
        };
        if !held.is_empty() {
            let written = paper.put(whole, held.as_bytes());
            let mut trouble = told.lock().unwrap_or_else(PoisonError::into_inner);
            match written {
                Ok(()) => {
                    whole += u64::try_from(held.len()).unwrap_or(0);
                    held.clear();
                    *trouble = Trouble::default();
                }
                Err(error) => trouble.now = Some(error.to_string()),
            }
        }
        if let Some(done) = done {
            let _ = done.send(());
        }
    }
}
