//! Signals that ask the demo to end while nobody else listens: before the cockpit does, and after.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};

use crate::cli::failure::{Code, Failure};

/// Whether one came. From here on none ends this process by itself: a world must not be left behind.
#[derive(Debug, Clone)]
pub struct Told(Arc<AtomicBool>);

impl Told {
    /// Listens for the rest of this process.
    pub fn listen() -> Result<Self, Failure> {
        let told = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            flag::register(signal, Arc::clone(&told)).map_err(|error| {
                let why = format!("cannot listen for signals: {error}");
                Failure::new(Code::Unmet, "cannot start the demo", why, "raise the limits of this user")
            })?;
        }
        Ok(Self(told))
    }

    /// Whether this process was asked to end.
    pub fn to_end(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// What came so far was heard; the next one counts anew.
    pub fn heard(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// The same, for a loop that listens itself from some moment on.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}
