//! A journal that is written beside its user: a disk that hangs keeps nobody waiting who does not want to wait.
//!
//! Lines are written in the order in which they were given, each on a thread that may block. [`Writer::write`] answers when
//! its line is durable; [`Writer::post`] only hands it over. The lock of the file goes when the last line is written.

use std::{io, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::spawn_blocking,
};

use super::{
    file::{Journal, Sync},
    shelf::Shelf,
};
use crate::journal::entry::{Arm, Fact};

/// Lines that may wait for the disk. An injection has a few dozen in its life; more means that the disk hangs.
const WAITING: usize = 1024;

/// How many lines wait for the disk, on a whole shelf.
#[derive(Debug, Clone)]
pub(super) struct Waiting(watch::Sender<usize>);

impl Default for Waiting {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Waiting {
    fn one(&self) -> Counted {
        self.0.send_modify(|count| *count += 1);
        Counted(self.0.clone())
    }

    /// Returns when none waits any more, or after `limit`.
    pub(super) async fn none(&self, limit: Duration) {
        let mut count = self.0.subscribe();
        let _ = tokio::time::timeout(limit, count.wait_for(|count| *count == 0)).await;
    }
}

/// One line that waits.
#[derive(Debug)]
struct Counted(watch::Sender<usize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

enum Ask {
    Line { at: Timestamp, fact: Fact, sync: Sync, answer: Option<oneshot::Sender<io::Result<()>>> },
    PutAway { shelf: Shelf, arm: Box<Arm>, answer: oneshot::Sender<io::Result<()>> },
}

/// See the module docs.
#[derive(Debug)]
pub struct Writer {
    asks: mpsc::Sender<(Ask, Counted)>,
    waiting: Waiting,
}

impl Writer {
    pub(super) fn new(journal: Journal, waiting: Waiting) -> Self {
        let (asks, taken) = mpsc::channel(WAITING);
        tokio::spawn(serve(journal, taken));
        Self { asks, waiting }
    }

    fn ask(&self, ask: Ask) -> io::Result<()> {
        self.asks
            .try_send((ask, self.waiting.one()))
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the disk of the journal does not answer"))
    }

    /// Appends a fact and returns when it is durable.
    pub async fn write(&self, at: Timestamp, fact: Fact) -> io::Result<()> {
        let (answer, answered) = oneshot::channel();
        self.ask(Ask::Line { at, fact, sync: Sync::Now, answer: Some(answer) })?;
        answered.await.unwrap_or_else(|_| Err(io::Error::other("the journal is gone")))
    }

    /// Appends a fact some time soon.
    pub fn post(&self, at: Timestamp, fact: Fact, sync: Sync) -> io::Result<()> {
        self.ask(Ask::Line { at, fact, sync, answer: None })
    }

    /// Moves the finished journal to `done/`, after everything that was given before. Whoever stops waiting leaves it to go
    /// on by itself.
    pub async fn put_away(self, shelf: Shelf, arm: Arm) -> io::Result<()> {
        let (answer, answered) = oneshot::channel();
        self.ask(Ask::PutAway { shelf, arm: Box::new(arm), answer })?;
        answered.await.unwrap_or_else(|_| Err(io::Error::other("the journal is gone")))
    }
}

async fn serve(mut journal: Journal, mut asks: mpsc::Receiver<(Ask, Counted)>) {
    while let Some((ask, counted)) = asks.recv().await {
        match ask {
            Ask::Line { at, fact, sync, answer } => {
                let written = spawn_blocking(move || {
                    let written = journal.write(at, fact, sync);
                    (journal, written)
                });
                // The thread is lost only when the process ends, or with a panic in it: the file is let go of either way.
                let Ok((back, written)) = written.await else { return };
                journal = back;
                drop(counted);
                match (answer, written) {
                    // Nobody waits any more: what was to be announced was given up.
                    (Some(answer), written) => drop(answer.send(written)),
                    (None, Err(error)) => {
                        tracing::warn!(%error, "the journal cannot be written; the undo goes on without it");
                    }
                    (None, Ok(())) => {}
                }
            }
            Ask::PutAway { shelf, arm, answer } => {
                let put = spawn_blocking(move || shelf.finish(journal, &arm)).await;
                drop(counted);
                let _ = answer.send(put.unwrap_or_else(|_| Err(io::Error::other("the thread that wrote is gone"))));
                return;
            }
        }
    }
}
