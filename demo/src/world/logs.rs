//! What the containers of a world said lately: kept as facts, written out when somebody reads them.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    api::{Ask, Line, Readings},
    base::proxies,
    traffic::{self, LogRecord},
};

#[derive(Debug, Clone, Default)]
struct Log {
    next: u64,
    /// The newest ones with their times; the last has the number before `next`.
    lines: VecDeque<(f64, traffic::Line)>,
}

/// Logs by namespace and pod: the application's and the proxy's.
#[derive(Debug, Clone)]
pub struct Logs {
    pods: HashMap<(Arc<str>, Arc<str>), [Log; 2]>,
    /// Lines kept of one container.
    kept: usize,
}

impl Logs {
    /// None yet; so many lines are kept of one container.
    pub fn new(kept: usize) -> Self {
        Self { pods: HashMap::new(), kept }
    }

    /// Takes a line in.
    pub fn take(&mut self, record: LogRecord) {
        let LogRecord { at, namespace, pod, line } = record;
        let log = &mut self.pods.entry((namespace, pod)).or_default()[usize::from(line.container().is_some())];
        if log.lines.len() == self.kept {
            log.lines.pop_front();
        }
        log.lines.push_back((at, line));
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
        let log = &logs[usize::from(proxies::is_proxy(&ask.container))];
        let oldest = log.next - log.lines.len() as u64;
        let from = ask.after.map_or(0, |after| (after + 1).saturating_sub(oldest));
        let new = log.lines.iter().skip(usize::try_from(from).unwrap_or(usize::MAX));
        (oldest + from..).zip(new).map(|(number, (at, line))| told(number, *at, line)).collect()
    }
}

fn told(number: u64, ms: f64, line: &traffic::Line) -> Line {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of this era fit an i64")]
    let at = Timestamp::from_millisecond(ms as i64).unwrap_or_default();
    Line { number, at, text: line.text(ms) }
}
