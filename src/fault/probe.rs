//! Abort conditions: what is asked, what breaches, and the judge of one condition while a fault is active.
//!
//! What cannot be told is not good: three readings in a row that came to nothing breach like a bad one.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    plan::Plan,
    view::{ConditionState, ConditionView, Figure},
};
use crate::{
    base::{path::Path, span},
    mesh::signals::{Golden, Snapshot},
};

/// How often a condition is read.
pub const EVERY: Duration = Duration::from_secs(5);
/// Readings in a row that may come to nothing; the last of them breaches.
const UNREAD: u32 = 3;

/// One condition, as a Fault file's `spec.abortWhen` tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What is looked at.
    pub asks: Asks,
    /// What breaches.
    pub limit: Limit,
    /// How long it must breach without a break.
    pub held: Duration,
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum Asks {
    /// The answer to a PromQL query; of several series the worst counts.
    Promql(String),
    /// A golden signal, as the mesh pane shows it.
    Signal {
        /// Which.
        signal: Signal,
        /// Of which workload, `NAME` or `NS/NAME`; `None`: of all that the fault hits.
        workload: Option<String>,
    },
    /// The status a URL answers with.
    Http(String),
    /// A field of an object.
    Object {
        /// `KIND/NAME`, as with kubectl; in the fault's namespace where its kind lives in one.
        object: String,
        /// The field.
        path: Path,
    },
}

/// A golden signal. The words are those of the machine output of `brink mesh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Share of failed requests, 0..=1.
    ErrorShare,
    /// 99th percentile of the latency, in milliseconds.
    P99,
    /// Requests per second.
    Rps,
}

impl Signal {
    /// All signals.
    pub const ALL: [Self; 3] = [Self::ErrorShare, Self::P99, Self::Rps];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::ErrorShare => "error_share",
            Self::P99 => "p99_ms",
            Self::Rps => "rps",
        }
    }
}

/// The limit.
#[derive(Debug, Clone, PartialEq)]
pub enum Limit {
    /// More than this breaches.
    Above(f64),
    /// Less than this breaches.
    Below(f64),
    /// This text breaches.
    Is(String),
    /// Every other text breaches.
    Not(String),
}

impl Limit {
    /// Whether a reading breaches.
    fn breached_by(&self, read: &Figure) -> bool {
        match (self, read) {
            (Self::Above(most), Figure::Number(value)) => value > most,
            (Self::Below(least), Figure::Number(value)) => value < least,
            (Self::Is(bad), Figure::Text(text)) => text == bad,
            (Self::Not(good), Figure::Text(text)) => text != good,
            (Self::Above(_) | Self::Below(_), Figure::Text(_)) | (Self::Is(_) | Self::Not(_), Figure::Number(_)) => {
                false
            }
        }
    }

    /// The worst of several figures.
    pub fn worst(&self, values: impl IntoIterator<Item = f64>) -> Option<f64> {
        let values = values.into_iter();
        if matches!(self, Self::Below(_)) { values.reduce(f64::min) } else { values.reduce(f64::max) }
    }

    /// The worst of several texts; of none it is the empty one.
    pub fn worst_text(&self, texts: &[String]) -> String {
        let bad = |text: &&String| self.breached_by(&Figure::Text(String::clone(text)));
        texts.iter().find(bad).or(texts.first()).cloned().unwrap_or_default()
    }

    fn words(&self) -> String {
        match self {
            Self::Above(most) => format!("above {most}"),
            Self::Below(least) => format!("below {least}"),
            Self::Is(bad) => format!("is {bad}"),
            Self::Not(good) => format!("is not {good}"),
        }
    }

    /// The limit behind what was read: `, above 0.05`.
    fn beside(&self) -> String {
        match self {
            Self::Above(_) | Self::Below(_) => format!(", {}", self.words()),
            Self::Is(_) => String::new(),
            Self::Not(good) => format!(", not {good}"),
        }
    }
}

impl Asks {
    /// The figure in words.
    pub fn words(&self) -> String {
        match self {
            Self::Promql(query) => query.clone(),
            Self::Signal { signal, workload } => {
                format!("{} of {}", signal.word(), workload.as_deref().unwrap_or("what is hit"))
            }
            Self::Http(url) => url.clone(),
            Self::Object { object, path } => format!("{object} {}", path.text()),
        }
    }

    /// Whether a metric source answers it.
    pub fn measured(&self) -> bool {
        matches!(self, Self::Promql(_) | Self::Signal { .. })
    }
}

impl Condition {
    /// The condition in words: `error_share of what is hit above 0.05 for 10s`.
    pub fn words(&self) -> String {
        let held = if self.held.is_zero() { String::new() } else { format!(" for {}", span::format(self.held)) };
        format!("{} {}{held}", self.asks.words(), self.limit.words())
    }

    /// Whether a fault may begin under it: it must be readable, and not be breached already.
    pub fn fit_to_begin(&self, reading: &Reading) -> Result<(), String> {
        match reading {
            Reading::Value(value) if self.limit.breached_by(value) => {
                Err(format!("{} is {value} before anything is applied{}", self.asks.words(), self.limit.beside()))
            }
            Reading::Value(_) => Ok(()),
            Reading::Unreadable(why) => Err(format!("{} cannot be read: {why}", self.asks.words())),
        }
    }
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// What stands there.
    Value(Figure),
    /// None, and why.
    Unreadable(String),
}

/// What a condition says after a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Not breached.
    Fine,
    /// Beyond the limit, not long enough yet.
    Holding,
    /// It ends the fault, and why.
    Breached(String),
    /// So many readings in a row came to nothing.
    Unreadable(u32),
}

/// The judge of one condition.
#[derive(Debug, Clone)]
pub struct Watch {
    condition: Condition,
    since: Option<Timestamp>,
    unread: u32,
    breached: Option<String>,
}

impl Watch {
    /// A judge that has heard nothing yet.
    pub fn new(condition: Condition) -> Self {
        Self { condition, since: None, unread: 0, breached: None }
    }

    /// Takes a reading in. What was breached stays so.
    pub fn told(&mut self, now: Timestamp, reading: &Reading) -> Word {
        if let Some(why) = &self.breached {
            return Word::Breached(why.clone());
        }
        let (asks, limit, held) = (self.condition.asks.words(), &self.condition.limit, self.condition.held);
        let why = match reading {
            Reading::Value(value) if limit.breached_by(value) => {
                self.unread = 0;
                let since = *self.since.get_or_insert(now);
                let so_far = Duration::try_from(now.duration_since(since)).unwrap_or_default();
                if so_far < held {
                    return Word::Holding;
                }
                let long = if held.is_zero() { String::new() } else { format!(" for {}", span::format(held)) };
                format!("{asks} is {value}{}{long}", limit.beside())
            }
            Reading::Value(_) => {
                (self.unread, self.since) = (0, None);
                return Word::Fine;
            }
            // What went before is not forgotten: nobody saw it get better.
            Reading::Unreadable(why) => {
                self.unread += 1;
                if self.unread < UNREAD {
                    return Word::Unreadable(self.unread);
                }
                format!("{asks} could not be read {UNREAD} times: {why}")
            }
        };
        self.breached = Some(why.clone());
        Word::Breached(why)
    }
}

/// Conditions as they are shown before anybody has read them.
pub fn views(all: &[Condition]) -> Vec<ConditionView> {
    let unread = |condition: &Condition| ConditionView {
        condition: condition.words(),
        state: ConditionState::Unread,
        value: None,
        why: String::new(),
    };
    all.iter().map(unread).collect()
}

/// The rows of the mesh a signal is read from: the workload named, or all that is hit; calls that reached nobody stand under
/// their service.
pub fn subjects(plan: &Plan, workload: Option<&str>) -> Vec<(String, String)> {
    let split = |name: &str| match name.split_once('/') {
        Some((namespace, name)) => (namespace.to_owned(), name.to_owned()),
        None => (plan.fault.namespace.clone(), name.to_owned()),
    };
    match workload {
        Some(name) => vec![split(name)],
        None => {
            let services = plan.reach.services.iter().map(|name| split(name));
            let unreached = services.map(|(namespace, name)| (namespace, format!("svc/{name}")));
            plan.reach.workloads.iter().map(|name| split(name)).chain(unreached).collect()
        }
    }
}

/// A signal over all of these rows together.
pub fn signal(signal: Signal, mesh: &Snapshot, subjects: &[(String, String)]) -> Reading {
    let rows: Vec<Golden> =
        subjects.iter().filter_map(|(namespace, name)| Some(mesh.workload(namespace, name)?.golden)).collect();
    let rps: f64 = rows.iter().filter_map(|row| row.rps).sum();
    let value = match signal {
        Signal::Rps => rows.iter().any(|row| row.rps.is_some()).then_some(rps),
        Signal::P99 => rows.iter().filter_map(|row| row.p99_ms).reduce(f64::max),
        Signal::ErrorShare => {
            let failed = rows.iter().filter_map(|row| Some(row.error_share? * row.rps?)).reduce(|a, b| a + b);
            failed.filter(|_| rps > 0.0).map(|failed| failed / rps)
        }
    };
    match value {
        Some(value) => Reading::Value(Figure::Number(value)),
        None => Reading::Unreadable("nothing was measured of it in the last minute".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::{Timestamp, ToSpan};
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{Asks, Condition, Limit, Reading, Signal, Watch, Word, signal};
    use crate::{
        base::path::Path,
        fault::view::Figure,
        mesh::signals::{Golden, Snapshot, WorkloadRow},
    };

    const GONE: Reading = Reading::Unreadable(String::new());

    fn number(value: f64) -> Reading {
        Reading::Value(Figure::Number(value))
    }

    fn watch(limit: Limit, held: u64) -> Watch {
        Watch::new(Condition { asks: Asks::Promql("q".to_owned()), limit, held: Duration::from_secs(held) })
    }

    fn at(seconds: u32) -> Timestamp {
        Timestamp::UNIX_EPOCH + i64::from(seconds).seconds()
    }

    /// One letter a reading, five seconds apart: `b`ad, `g`ood, `?` nothing.
    fn words(held: u64, readings: &str) -> String {
        let mut watch = watch(Limit::Above(1.0), held);
        let mut said = String::new();
        for (n, letter) in (0u32..).zip(readings.chars()) {
            let reading = match letter {
                'b' => number(2.0),
                'g' => number(1.0),
                _ => GONE,
            };
            said.push(match watch.told(at(n * 5), &reading) {
                Word::Fine => 'f',
                Word::Holding => 'h',
                Word::Breached(_) => 'X',
                Word::Unreadable(n) => char::from_digit(n, 10).unwrap(),
            });
        }
        said
    }

    #[rstest]
    #[case::at_once(0, "gb", "fX")]
    #[case::held(10, "bbb", "hhX")]
    #[case::not_long_enough(10, "bbgbb", "hhfhh")]
    #[case::unread_between_good_ones(0, "??g??g", "12f12f")]
    #[case::three_times(0, "g???", "f12X")]
    #[case::unread_is_no_relief(10, "b?b", "h1X")]
    #[case::stays(0, "bgg", "XXX")]
    fn a_condition_speaks(#[case] held: u64, #[case] readings: &str, #[case] said: &str) {
        assert_eq!(words(held, readings), said);
    }

    #[test]
    fn it_says_what_was_read_and_what_breaches() {
        let share = Condition {
            asks: Asks::Signal { signal: Signal::ErrorShare, workload: None },
            limit: Limit::Above(0.05),
            held: Duration::from_secs(10),
        };
        assert_eq!(share.words(), "error_share of what is hit above 0.05 for 10s");
        let refused = share.fit_to_begin(&number(0.421_98)).unwrap_err();
        assert_eq!(refused, "error_share of what is hit is 0.422 before anything is applied, above 0.05");
        assert!(
            share.fit_to_begin(&Reading::Unreadable("gone".to_owned())).unwrap_err().ends_with("cannot be read: gone")
        );
        assert_eq!(share.fit_to_begin(&number(0.05)), Ok(()));
        let mut below = watch(Limit::Below(3.0), 0);
        assert_eq!(below.told(at(0), &number(2.0)), Word::Breached("q is 2, below 3".to_owned()));
    }

    #[rstest]
    #[case::answers_otherwise(Asks::Http("http://x/healthz".to_owned()), Limit::Not("200".to_owned()), "200", "503", "http://x/healthz is 503, not 200")]
    #[case::a_field_has_a_value(
        Asks::Object { object: "deploy/web".to_owned(), path: Path::parse(".status.phase").unwrap() },
        Limit::Is("Failed".to_owned()),
        "",
        "Failed",
        "deploy/web .status.phase is Failed"
    )]
    fn texts_breach(
        #[case] asks: Asks,
        #[case] limit: Limit,
        #[case] good: &str,
        #[case] bad: &str,
        #[case] said: &str,
    ) {
        let read = |text: &str| Reading::Value(Figure::Text(text.to_owned()));
        let mut watch = Watch::new(Condition { asks, limit, held: Duration::ZERO });
        assert_eq!(watch.told(at(0), &read(good)), Word::Fine);
        assert_eq!(watch.told(at(5), &read(bad)), Word::Breached(said.to_owned()));
    }

    #[test]
    fn of_several_texts_the_bad_one_counts() {
        let texts = ["True".to_owned(), "False".to_owned()];
        assert_eq!(Limit::Is("False".to_owned()).worst_text(&texts), "False");
        assert_eq!(Limit::Is("Unknown".to_owned()).worst_text(&texts), "True");
        assert_eq!(Limit::Is("x".to_owned()).worst_text(&[]), "");
    }

    #[test]
    fn a_signal_is_of_all_rows_together() {
        let row = |name: &str, rps, error_share, p99_ms| WorkloadRow {
            namespace: "shop".into(),
            workload: name.into(),
            golden: Golden { rps: Some(rps), error_share, p99_ms, ..Golden::default() },
            ..WorkloadRow::default()
        };
        let rows = vec![
            row("a", 30.0, Some(0.0), Some(10.0)),
            row("svc/a", 10.0, Some(1.0), None),
            row("idle", 0.0, None, None),
        ];
        let mesh = Snapshot { workloads: rows, ..Snapshot::default() };
        let both = [("shop".to_owned(), "a".to_owned()), ("shop".to_owned(), "svc/a".to_owned())];
        assert_eq!(signal(Signal::Rps, &mesh, &both), number(40.0));
        assert_eq!(signal(Signal::ErrorShare, &mesh, &both), number(0.25));
        assert_eq!(signal(Signal::P99, &mesh, &both), number(10.0));
        let idle = [("shop".to_owned(), "idle".to_owned())];
        assert_eq!(signal(Signal::Rps, &mesh, &idle), number(0.0));
        assert!(matches!(signal(Signal::ErrorShare, &mesh, &idle), Reading::Unreadable(_)), "no requests, no share");
        assert!(matches!(signal(Signal::Rps, &mesh, &[]), Reading::Unreadable(_)));
    }

    proptest! {
        /// It breaches only after three silent readings in a row, or after bad ones with no good one for as long as it says.
        #[test]
        fn nothing_else_breaches(readings in "[bg?]{1,20}", held in 0u64..30) {
            let said = words(held, &readings);
            let at = said.find('X');
            let mut silent = 0;
            let mut bad_for: Option<u64> = None;
            let mut expected = None;
            for (n, letter) in readings.chars().enumerate() {
                silent = if letter == '?' { silent + 1 } else { 0 };
                bad_for = match letter { 'g' => None, 'b' => Some(bad_for.unwrap_or(n as u64 * 5)), _ => bad_for };
                let long = bad_for.is_some_and(|since| n as u64 * 5 - since >= held);
                if silent == 3 || (letter == 'b' && long) {
                    expected = Some(n);
                    break;
                }
            }
            prop_assert_eq!(at, expected, "{} said {}", readings, said);
            if let Some(at) = at {
                prop_assert!(said[at..].chars().all(|one| one == 'X'));
            }
        }
    }
}
