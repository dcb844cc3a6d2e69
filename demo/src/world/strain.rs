//! What too much traffic does to pods, as their nodes notice it: probes that wait too long, memory beyond its limit.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    base::kinds,
    control::{
        ctx::State,
        key::Key,
        kubelet::{self, Exit},
    },
    traffic::Signal,
};

/// How the probes of pods went so far, by uid.
#[derive(Debug, Clone, Default)]
pub(super) struct Strain {
    probed: BTreeMap<String, Probed>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Probed {
    /// When it is asked again, Unix milliseconds.
    next: f64,
    failed: u32,
    out: bool,
}

impl Strain {
    /// Looks at every pod that runs; `now` is the end of a tick.
    pub(super) fn look(&mut self, signals: impl Iterator<Item = Signal>, state: &mut State, now: Timestamp) {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of this era")]
        let at = now.as_millisecond() as f64;
        let mut there = BTreeSet::new();
        for signal in signals {
            let key = || Key::new(kinds::POD, &signal.namespace, &signal.pod);
            if signal.memory_limit.is_some_and(|limit| signal.memory > limit) {
                let exit = Exit { container: String::new(), code: 137, reason: "OOMKilled" };
                kubelet::exit(state, &key(), &exit, now);
                continue;
            }
            let Some(probe) = signal.probe else { continue };
            let uid = signal.uid.to_string();
            let kept = self.probed.entry(uid.clone()).or_default();
            there.insert(uid);
            if at < kept.next {
                continue;
            }
            kept.next = at + probe.period;
            if signal.answers_in > probe.timeout {
                kept.failed += 1;
                if kept.failed >= probe.failures && !kept.out {
                    kept.out = true;
                    kubelet::readiness(state, &key(), false, now);
                }
            } else {
                kept.failed = 0;
                if kept.out {
                    kept.out = false;
                    kubelet::readiness(state, &key(), true, now);
                }
            }
        }
        self.probed.retain(|uid, _| there.contains(uid));
    }
}
