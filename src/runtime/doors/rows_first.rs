//! The first rows come before everything else that is asked at the start.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

/// Longest wait for the first rows. What a person sees first is worth this much; what else has to be asked is not worth more.
const PATIENCE: Duration = Duration::from_millis(300);

/// Whether the first rows of a link have come. Connections, questions and answers beside them would only make them late: the
/// server, the wire and the thread of the doors are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct RowsFirst(Arc<watch::Sender<bool>>);

impl RowsFirst {
    /// They have come, or will not.
    pub(super) fn came(&self) {
        self.0.send_if_modified(|came| !std::mem::replace(came, true));
    }

    /// Waits for them, not for long.
    pub(super) async fn wait(self) {
        let mut news = self.0.subscribe();
        // Late is not wrong: then all are asked side by side.
        let _ = timeout(PATIENCE, news.wait_for(|came| *came)).await;
    }
}
