//! Notices that the machine slept: connections that were open then are dead, and nobody says so.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::clock::boot;

/// How often the two clocks are compared.
const LOOK: Duration = Duration::from_secs(5);

/// A sleep shorter than this does not harm a connection.
const NAP: Duration = Duration::from_secs(8);

/// A counter of sleeps; the task behind it ends with its last receiver.
pub(super) fn sleeps() -> watch::Receiver<u64> {
    let (count, seen) = watch::channel(0);
    tokio::spawn(async move {
        let (mut awake, mut total) = (Instant::now(), boot());
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = count.closed() => return,
            }
            let (awake_now, total_now) = (Instant::now(), boot());
            // The clock since boot runs on while the machine sleeps, the other one stands.
            let slept = (total_now.saturating_sub(total)).saturating_sub(awake_now.duration_since(awake));
            if slept > NAP {
                count.send_modify(|count| *count += 1);
            }
            (awake, total) = (awake_now, total_now);
        }
    });
    seen
}
