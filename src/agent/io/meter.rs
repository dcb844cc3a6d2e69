//! What asks may spend while they run. A person may change it meanwhile; requests are counted over all of them.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use crate::agent::{
    conversation::Conversation,
    limits::{Limit, Limits, Rate, Reached},
};

/// Tells the time.
pub type Clock = dyn Fn() -> Timestamp + Send + Sync;

/// The meter. A copy counts with the same.
#[derive(Clone)]
pub struct Meter {
    counted: Arc<Mutex<Counted>>,
    clock: Arc<Clock>,
}

#[derive(Debug, Default)]
struct Counted {
    limits: Limits,
    rate: Rate,
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Meter").field(&*self.counted()).finish()
    }
}

impl Meter {
    /// Nothing was spent yet.
    pub fn new(limits: Limits) -> Self {
        Self::by(limits, Timestamp::now)
    }

    /// The same by another clock.
    pub fn by(limits: Limits, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let counted = Arc::new(Mutex::new(Counted { limits, rate: Rate::default() }));
        Self { counted, clock: Arc::new(clock) }
    }

    /// What may be spent.
    pub fn limits(&self) -> Limits {
        self.counted().limits
    }

    /// Other limits hold from now on, also for asks that run.
    pub fn set(&self, limits: Limits) {
        self.counted().limits = limits;
    }

    /// An ask begins now.
    pub fn begin(&self) -> Running<'_> {
        Running { meter: self, began: (self.clock)() }
    }

    /// Counts a request that is about to be made, unless it is one too many.
    fn call(&self) -> Result<(), Reached> {
        let now = (self.clock)();
        let Counted { limits, rate } = &mut *self.counted();
        rate.call(now, limits)
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An ask that runs.
#[derive(Debug, Clone, Copy)]
pub struct Running<'m> {
    meter: &'m Meter,
    began: Timestamp,
}

impl Running<'_> {
    /// Before anything more is begun: the conversation gets the limits that hold now, and there must be time left.
    pub fn more(&self, talk: &mut Conversation) -> Result<(), Reached> {
        let limits = self.meter.limits();
        talk.limit(limits);
        // A clock that was set back takes nothing away.
        let used = u64::try_from((self.meter.clock)().duration_since(self.began).as_secs()).unwrap_or(0);
        match limits.seconds {
            0 => Ok(()),
            of if used < of => Ok(()),
            of => Err(Reached { limit: Limit::Seconds, used, of }),
        }
    }

    /// Counts a request that is about to be made, unless it is one too many.
    pub fn request(&self) -> Result<(), Reached> {
        self.meter.call()
    }
}
