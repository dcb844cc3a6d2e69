//! What the containers of a world said lately.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::{
    api::{Ask, Line, Readings},
    traffic::LogRecord,
};

/// Lines kept of one container.
const KEPT: usize = 2_000;

#[derive(Debug, Clone, Default)]
struct Log {
    next: u64,
    lines: VecDeque<Line>,
}

/// Logs by namespace and pod: the application's and the proxy's.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    pods: BTreeMap<(String, String), [Log; 2]>,
}

impl Logs {
    /// Takes a line in.
    pub fn take(&mut self, record: &LogRecord) {
        let key = (record.namespace.to_string(), record.pod.to_string());
        let log = &mut self.pods.entry(key).or_default()[usize::from(record.container().is_some())];
        if log.lines.len() == KEPT {
            log.lines.pop_front();
        }
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of this era fit an i64")]
        let at = Timestamp::from_millisecond(record.at as i64).unwrap_or_default();
        log.lines.push_back(Line { number: log.next, at, text: record.text() });
        log.next += 1;
    }

    /// Forgets pods that are gone.
    pub fn keep(&mut self, there: impl Fn(&str, &str) -> bool) {
        self.pods.retain(|(namespace, pod), _| there(namespace, pod));
    }
}

impl Readings for Logs {
    fn log(&self, ask: &Ask) -> Vec<Line> {
        // What a container said before its restart is not kept apart.
        if ask.previous {
            return Vec::new();
        }
        let Some(logs) = self.pods.get(&(ask.namespace.clone(), ask.pod.clone())) else { return Vec::new() };
        let log = &logs[usize::from(ask.container == "istio-proxy")];
        let from = log.lines.partition_point(|line| ask.after.is_some_and(|after| line.number <= after));
        log.lines.range(from..).cloned().collect()
    }
}
