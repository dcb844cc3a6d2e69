//! Waiting for a condition, with a deadline; never for a time. What is waited for says itself when it did not come.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Looks until it is so.
#[track_caller]
pub fn until(what: &str, seconds: u64, condition: impl Fn() -> bool) {
    found(what, seconds, || condition().then_some(()));
}

/// Looks until there is something to be found, and answers it.
#[track_caller]
pub fn found<T>(what: &str, seconds: u64, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {seconds} s for {what}");
        thread::sleep(LOOK);
    }
}
