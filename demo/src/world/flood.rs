//! A container that talks without end: lines by the thousand, whatever else happens.

use std::sync::Arc;

use crate::traffic::{Line, LogRecord};

/// So many lines a second in the log of a pod.
#[derive(Debug, Clone, PartialEq)]
pub struct Flood {
    /// Its namespace.
    pub namespace: String,
    /// Its name, or how it begins.
    pub pod: String,
    /// Lines per second of the world's time.
    pub rate: u32,
}

impl Flood {
    /// Whether it is about a pod of its namespace.
    pub(super) fn hits(&self, pod: &str) -> bool {
        pod.starts_with(&self.pod)
    }

    /// The lines of a stretch of time (Unix milliseconds), for one of its pods.
    pub(super) fn lines(&self, pod: &str, from: u64, to: u64) -> impl Iterator<Item = LogRecord> {
        let (rate, namespace, pod) = (u64::from(self.rate), Arc::from(self.namespace.as_str()), Arc::from(pod));
        // Counted from the start of time, so that no line is lost between two stretches.
        let number = move |at: u64| u128::from(at) * u128::from(rate) / 1000;
        let (first, last) = (number(from), number(to));
        (first..last).map(move |line| LogRecord {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of this era are exact in an f64")]
            at: from as f64,
            namespace: Arc::clone(&namespace),
            pod: Arc::clone(&pod),
            line: Line::App(format!("flood line {line}: nothing happened, and it is said at length").into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Flood;

    #[test]
    fn no_line_is_lost_or_said_twice_between_stretches() {
        let flood = Flood { namespace: "shop".to_owned(), pod: "web".to_owned(), rate: 777 };
        let begin = 1_795_698_245_000;
        let all: usize = (0..100).map(|n| flood.lines("web-1", begin + n * 100, begin + (n + 1) * 100).count()).sum();
        assert_eq!(all, 7_770);
    }
}
