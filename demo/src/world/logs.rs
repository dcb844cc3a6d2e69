//! What the containers of a world said lately: kept as facts, written out when somebody reads them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

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
    /// The newest ones; the last has the number before `next`.
    records: VecDeque<LogRecord>,
}

/// Logs by namespace and pod: the application's and the proxy's.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    pods: BTreeMap<(Arc<str>, Arc<str>), [Log; 2]>,
}

impl Logs {
    /// Takes a line in.
    pub fn take(&mut self, record: LogRecord) {
        let key = (Arc::clone(&record.namespace), Arc::clone(&record.pod));
        let log = &mut self.pods.entry(key).or_default()[usize::from(record.container().is_some())];
        if log.records.len() == KEPT {
            log.records.pop_front();
        }
        log.records.push_back(record);
        log.next += 1;
    }

    /// Forgets pods that are gone.
    pub fn keep(&mut self, there: impl Fn(&str, &str) -> bool) {
        self.pods.retain(|(namespace, pod), _| there(namespace, pod));
    }
}

impl Readings for Logs {
    fn log(&self, ask: &Ask) -> Vec<Line> {
        let key = (Arc::from(ask.namespace.as_str()), Arc::from(ask.pod.as_str()));
        let Some(logs) = self.pods.get(&key) else { return Vec::new() };
        let log = &logs[usize::from(ask.container == "istio-proxy")];
        let oldest = log.next - log.records.len() as u64;
        let from = ask.after.map_or(0, |after| (after + 1).saturating_sub(oldest));
        let new = log.records.iter().skip(usize::try_from(from).unwrap_or(usize::MAX));
        (oldest + from..).zip(new).map(|(number, record)| line(number, record)).collect()
    }
}

fn line(number: u64, record: &LogRecord) -> Line {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of this era fit an i64")]
    let at = Timestamp::from_millisecond(record.at as i64).unwrap_or_default();
    Line { number, at, text: record.text() }
}
