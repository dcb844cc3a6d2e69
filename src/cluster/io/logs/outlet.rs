//! Lines on their way out.

use tokio::sync::mpsc::{Sender, error::TrySendError};

use crate::cluster::{
    Source,
    logs::{Bounded, LogBatch, LogLine},
};

/// Lines of one batch.
pub(super) const FULL: usize = 256;

/// Nobody reads any more.
#[derive(Debug)]
pub(super) struct Gone;

/// Lines on their way out, and whoever takes them.
pub(super) struct Outlet {
    to: Sender<LogBatch>,
    waiting: Bounded,
    /// Dropped before they came here.
    lost: u64,
    /// How the stream stands, as batches say it.
    pub source: Source,
}

impl Outlet {
    pub fn new(to: Sender<LogBatch>) -> Self {
        Self { to, waiting: Bounded::default(), lost: 0, source: Source::Live }
    }

    /// Takes lines in.
    pub fn take(&mut self, lines: impl IntoIterator<Item = LogLine>, lost: u64) {
        self.lost += lost;
        for line in lines {
            self.waiting.push(line);
        }
    }

    /// Takes lines in, and sends what there is room for.
    pub fn offer(&mut self, lines: Vec<LogLine>) -> Result<(), Gone> {
        self.take(lines, 0);
        while !self.waiting.is_empty() {
            match self.to.try_reserve() {
                Ok(permit) => permit.send(batch(&mut self.waiting, &mut self.lost, &self.source)),
                Err(TrySendError::Full(())) => return Ok(()),
                Err(TrySendError::Closed(())) => return Err(Gone),
            }
        }
        Ok(())
    }

    /// Sends a batch as soon as there is room; never ends while nothing waits.
    pub async fn room(&mut self) -> Result<(), Gone> {
        if self.waiting.is_empty() {
            self.to.closed().await;
            return Err(Gone);
        }
        let permit = self.to.reserve().await.map_err(|_| Gone)?;
        permit.send(batch(&mut self.waiting, &mut self.lost, &self.source));
        Ok(())
    }

    /// Sends everything, then how the log stands.
    pub async fn tell(&mut self, source: Source) -> Result<(), Gone> {
        while !self.waiting.is_empty() {
            self.room().await?;
        }
        self.to.send(LogBatch { dropped: 0, lines: Vec::new(), source }).await.map_err(|_| Gone)
    }

    /// Ends when nobody reads any more.
    pub async fn closed(&self) {
        self.to.closed().await;
    }
}

fn batch(waiting: &mut Bounded, lost: &mut u64, source: &Source) -> LogBatch {
    let dropped = waiting.take_dropped() + std::mem::take(lost);
    let lines = std::iter::from_fn(|| waiting.pop()).take(FULL).collect();
    LogBatch { dropped, lines, source: source.clone() }
}
