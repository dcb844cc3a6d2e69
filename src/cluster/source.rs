//! The state of one source on screen: every pane says where its rows come from and what is wrong with them.

use std::time::Duration;

/// Where a source stands. A source in trouble dims its own pane and never another's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Source {
    /// Nobody asked yet.
    #[default]
    Idle,
    /// The first list is arriving; `seen` rows so far, `total` when the server told it.
    Loading {
        /// Rows received.
        seen: usize,
        /// Rows to expect.
        total: Option<usize>,
    },
    /// Complete and watched.
    Live,
    /// Rows are shown but the watch is broken: `cause`, next try after `retry`.
    Broken {
        /// What the server or the link said; the remedy in a second line.
        cause: String,
        /// When the next try comes.
        retry: Duration,
    },
    /// The API server does not serve this kind.
    Absent {
        /// What is missing, in words; what brings it in a second line.
        what: String,
    },
    /// The reader lacks rights.
    Forbidden {
        /// What may not be done and what it needs; the command that shows it in a second line.
        what: String,
    },
    /// Rows of some namespaces come and those of others do not: what is wrong with these.
    Partly {
        /// Where what is wrong; the remedy in a second line.
        what: String,
        /// The rows of all others are complete.
        settled: bool,
    },
}
