//! What a journal says in the end: which steps may stand in the cluster, since when, and how far their undo came.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};

use super::{
    entry::{Arm, Cause, Did, Fact, Outcome},
    line::Reading,
};

/// How long the API server may still carry out a request whose answer never came (its default request time-out is 60 s).
pub const SETTLE_S: i64 = 65;

/// One step, as far as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Begun {
    /// When its write was last announced, or, where no answer came, given up: it may have been sent until then.
    pub at: Timestamp,
    /// What came of it; `None` when the process ended in between.
    pub did: Option<Did>,
}

impl Begun {
    /// Until when a late landing must be expected; `None` when the server answered.
    pub fn unsettled_until(&self) -> Option<Timestamp> {
        match self.did {
            Some(Did::Landed { .. } | Did::Refused(_)) => None,
            Some(Did::Unknown(_)) | None => self.at.checked_add(SETTLE_S.seconds()).ok(),
        }
    }
}

/// The digest of one journal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Digest {
    /// The arming fact and when it was written; `None` when its line is damaged.
    pub arm: Option<(Arm, Timestamp)>,
    /// Steps whose write was announced.
    pub begun: BTreeMap<u32, Begun>,
    /// When all steps were in.
    pub active: Option<Timestamp>,
    /// Lease and duration in seconds, after extensions.
    pub lease_s: u64,
    /// See `lease_s`.
    pub duration_s: u64,
    /// The last cause of an undo.
    pub cause: Option<Cause>,
    /// Outcomes by step, the last one counts.
    pub undid: BTreeMap<u32, (Outcome, String)>,
    /// What the verification noted.
    pub notes: Vec<String>,
    /// Why it was stuck, unless an outcome followed.
    pub stuck: Option<String>,
    /// Set when finished: what stays behind.
    pub done: Option<Vec<String>>,
    /// When the last entry was written.
    pub last: Option<Timestamp>,
    /// A line in the middle is unreadable.
    pub damaged: bool,
}

impl Digest {
    /// Digests what was read of a file.
    pub fn of(reading: &Reading) -> Self {
        let mut digest = Self { damaged: reading.damaged, ..Self::default() };
        for entry in &reading.entries {
            digest.take(entry.at, &entry.fact);
        }
        digest
    }

    /// Takes one more fact in.
    pub fn take(&mut self, at: Timestamp, fact: &Fact) {
        self.last = Some(at);
        match fact {
            Fact::Arm(arm) => {
                self.lease_s = arm.lease_s;
                self.duration_s = arm.duration_s;
                self.arm = Some(((**arm).clone(), at));
            }
            Fact::Will { step } => {
                self.begun.insert(*step, Begun { at, did: None });
            }
            Fact::Did { step, outcome } => {
                let begun = self.begun.entry(*step).or_insert_with(|| Begun { at, did: None });
                match (&begun.did, outcome) {
                    // The write was answered: what was given up after it was another request.
                    (Some(Did::Landed { .. }), Did::Unknown(_)) => {}
                    (_, outcome) => {
                        if matches!(outcome, Did::Unknown(_)) {
                            begun.at = at;
                        }
                        begun.did = Some(outcome.clone());
                    }
                }
            }
            Fact::Active => self.active = Some(at),
            Fact::Extended { lease_s, duration_s } => {
                self.lease_s = *lease_s;
                self.duration_s = *duration_s;
            }
            Fact::Undo { cause } => self.cause = Some(*cause),
            Fact::Undid { step, outcome, note } => {
                self.undid.insert(*step, (*outcome, note.clone()));
                self.stuck = None;
            }
            Fact::Verified { notes } => self.notes.clone_from(notes),
            Fact::Stuck { reason } => self.stuck = Some(reason.clone()),
            Fact::Done { residue } => {
                self.done = Some(residue.clone());
                self.stuck = None;
            }
        }
    }

    /// Something of it may still be in the cluster. A damaged file counts as open.
    pub fn open(&self) -> bool {
        self.done.is_none()
    }

    /// Until when a write without an answer may still land.
    pub fn unsettled_until(&self) -> Option<Timestamp> {
        self.begun.values().filter_map(Begun::unsettled_until).max()
    }

    /// The deadline: the record's creation (or, where there is none, the arming) plus the lease.
    pub fn deadline(&self, record_created: Option<Timestamp>) -> Option<Timestamp> {
        let from = record_created.or(self.arm.as_ref().map(|(_, at)| *at))?;
        from.checked_add(i64::try_from(self.lease_s).unwrap_or(i64::MAX).seconds()).ok()
    }

    /// When its duration is over, once active.
    pub fn ends(&self) -> Option<Timestamp> {
        self.active?.checked_add(i64::try_from(self.duration_s).unwrap_or(i64::MAX).seconds()).ok()
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, ToSpan};

    use super::Digest;
    use crate::journal::{
        entry::{Did, Entry, Fact, Outcome},
        line::Reading,
    };

    fn digest(facts: Vec<Fact>) -> Digest {
        let entries = facts
            .into_iter()
            .zip(0u64..)
            .map(|(fact, seq)| Entry {
                v: 1,
                seq,
                at: Timestamp::UNIX_EPOCH + i64::try_from(seq).unwrap().seconds(),
                by: String::new(),
                fact,
            })
            .collect();
        Digest::of(&Reading { entries, damaged: false, whole: 0 })
    }

    #[test]
    fn an_announced_write_without_an_answer_is_unsettled_for_65_s() {
        let told = digest(vec![Fact::Will { step: 1 }]);
        assert_eq!(told.unsettled_until(), Some(Timestamp::UNIX_EPOCH + 65.seconds()));
        let landed = Did::Landed { uid: "u".to_owned(), resource_version: "1".to_owned() };
        let told = digest(vec![Fact::Will { step: 1 }, Fact::Did { step: 1, outcome: landed }]);
        assert_eq!(told.unsettled_until(), None);
        assert!(told.begun.contains_key(&1));
    }

    #[test]
    fn the_65_s_count_from_the_last_moment_it_may_have_been_sent() {
        let unknown = |step| Fact::Did { step, outcome: Did::Unknown("no answer".to_owned()) };
        // Announced again before another try, and given up later still.
        let told = digest(vec![Fact::Will { step: 1 }, Fact::Will { step: 1 }]);
        assert_eq!(told.unsettled_until(), Some(Timestamp::UNIX_EPOCH + 66.seconds()));
        let told = digest(vec![Fact::Will { step: 1 }, Fact::Will { step: 1 }, unknown(1)]);
        assert_eq!(told.unsettled_until(), Some(Timestamp::UNIX_EPOCH + 67.seconds()));
        let landed = Did::Landed { uid: "u".to_owned(), resource_version: "1".to_owned() };
        let told = digest(vec![Fact::Will { step: 1 }, Fact::Did { step: 1, outcome: landed }, unknown(1)]);
        assert_eq!(told.unsettled_until(), None);
    }

    #[test]
    fn it_is_open_until_it_is_done() {
        let undid = Fact::Undid { step: 1, outcome: Outcome::Restored, note: String::new() };
        assert!(digest(vec![]).open());
        assert!(digest(vec![Fact::Will { step: 1 }, undid.clone()]).open());
        assert!(digest(vec![Fact::Stuck { reason: "no".to_owned() }]).stuck.is_some());
        assert!(digest(vec![Fact::Stuck { reason: "no".to_owned() }, undid]).stuck.is_none());
        assert!(!digest(vec![Fact::Done { residue: vec![] }]).open());
    }
}
