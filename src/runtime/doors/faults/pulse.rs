//! Whether the screen's thread lives.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Silence of the screen's thread after which the cockpit does not count as well.
const SILENCE: Duration = Duration::from_secs(15);

/// Whether the screen's thread lives. The guardian's beat hangs on it: a screen that hangs must not keep a fault alive.
#[derive(Debug, Clone)]
pub struct Pulse {
    last: Arc<Mutex<Instant>>,
    away: Arc<AtomicBool>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { last: Arc::new(Mutex::new(Instant::now())), away: Arc::default() }
    }
}

impl Pulse {
    /// The screen's thread is at work.
    pub fn beat(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// A child of ours has the terminal; waiting for it is no silence.
    pub fn away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
        self.beat();
    }

    /// Whether it was heard of lately.
    pub(super) fn well(&self) -> bool {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        self.away.load(Ordering::Relaxed) || last.elapsed() < SILENCE
    }
}
