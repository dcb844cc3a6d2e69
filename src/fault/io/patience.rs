//! How long something on this machine may take: its disk, its processes, a request under way. The clock of a simulated cluster
//! may run twenty times as fast as ours, and a disk is not faster for that.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Waits on this machine's clock.
pub(crate) async fn wait(span: Duration) {
    sleep(span).await;
}

/// A moment of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since(Instant);

impl Since {
    /// Now.
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    /// Whether less than this has passed.
    pub(crate) fn within(self, span: Duration) -> bool {
        self.0.elapsed() < span
    }
}
