//! The watch over an active fault, run by the production keeper against the cluster in memory, in virtual time: conditions
//! that are breached, that cannot be read, that hang; an effect that is seen, and one that is not.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use brink::{
    fault::{
        checked::Checked,
        injection::State,
        intent::{FaultKind, Target},
        io::watching::Meter,
        probe::{Asks, Condition, Limit, Signal},
        refusal::ApplyError,
        view::{ConditionState, EvidenceState, InjectionView},
    },
    journal::entry::Cause,
    mesh::signals::{Golden, Snapshot, WorkloadRow},
};
use futures::future::{BoxFuture, pending};
use rstest::rstest;
use serde_json::json;

use super::support::{
    families::Family,
    rig::{Cockpit, ID, Rig},
};

/// What the metric source does when it is asked.
#[derive(Clone, Copy)]
enum Says {
    Number(f64),
    Failure,
    Nothing,
    Hangs,
}

#[derive(Clone)]
struct Gauge(Arc<Mutex<Says>>);

impl Gauge {
    fn says(&self, says: Says) {
        *self.0.lock().unwrap() = says;
    }

    async fn number(&self) -> Result<Option<f64>, String> {
        let says = *self.0.lock().unwrap();
        match says {
            Says::Number(number) => Ok(Some(number)),
            Says::Failure => Err("503 Service Unavailable".to_owned()),
            Says::Nothing => Ok(None),
            Says::Hangs => pending().await,
        }
    }
}

impl Meter for Gauge {
    fn numbers<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<f64>, String>> {
        Box::pin(async { Ok(self.number().await?.into_iter().collect()) })
    }

    fn mesh(&self) -> BoxFuture<'_, Result<Snapshot, String>> {
        Box::pin(async {
            let golden = Golden { rps: Some(10.0), error_share: self.number().await?, ..Golden::default() };
            let row = WorkloadRow {
                namespace: "shop".into(),
                workload: "reviews-v1".into(),
                golden,
                ..WorkloadRow::default()
            };
            Ok(Snapshot { workloads: vec![row], ..Snapshot::default() })
        })
    }
}

/// A cockpit with a metric source, and a plan under conditions.
struct Stage {
    rig: Rig,
    cockpit: Cockpit,
    gauge: Gauge,
    checked: Checked,
}

fn above(asks: Asks) -> Condition {
    Condition { asks, limit: Limit::Above(0.5), held: Duration::from_secs(10) }
}

fn query() -> Condition {
    above(Asks::Promql("failing".to_owned()))
}

impl Stage {
    async fn set(conditions: Vec<Condition>) -> Self {
        let rig = Rig::new(Family::Additive);
        let gauge = Gauge(Arc::new(Mutex::new(Says::Number(0.0))));
        let mut cockpit = rig.cockpit();
        cockpit.engine = cockpit.engine.metered(Some(Arc::new(gauge.clone())));
        let mut checked = rig.checked().await;
        checked.plan.fault.abort_when = conditions;
        checked.plan.reach.workloads = vec!["shop/reviews-v1".to_owned()];
        Self { rig, cockpit, gauge, checked }
    }

    /// The same for a fault that shows in the answers to requests.
    async fn of_answers(duration: u64) -> Self {
        let mut stage = Self::set(Vec::new()).await;
        let plan = &mut stage.checked.plan;
        plan.fault.kind = FaultKind::HttpAbort;
        plan.fault.target = Target::Service("reviews".to_owned());
        plan.fault.params.insert("status".to_owned(), json!(503));
        plan.reach.services = vec!["shop/reviews".to_owned()];
        plan.reach.portion = 1.0;
        plan.duration = Duration::from_secs(duration);
        stage
    }

    async fn apply(&self) {
        assert_eq!(self.cockpit.apply(self.checked.clone()).await, Ok(ID.to_owned()));
    }

    fn view(&self) -> InjectionView {
        self.cockpit.engine.kept().into_iter().find(|view| view.injection == ID).unwrap()
    }

    async fn ended(&self) -> InjectionView {
        self.rig.until("the end", 120, || self.view().ended()).await;
        self.view()
    }

    /// As before, and nothing of brink left.
    async fn clean(self, case: &str) {
        self.rig.guardians_gone_with(self.cockpit).await;
        self.rig.assert_clean(case);
        self.rig.assert_lawful();
    }
}

#[rstest]
#[case::query(query())]
#[case::signal(above(Asks::Signal { signal: Signal::ErrorShare, workload: None }))]
#[case::signal_of_one(above(Asks::Signal { signal: Signal::ErrorShare, workload: Some("reviews-v1".to_owned()) }))]
#[tokio::test(start_paused = true)]
async fn a_breached_condition_undoes(#[case] condition: Condition) {
    let stage = Stage::set(vec![condition]).await;
    stage.apply().await;
    stage.rig.until("a good reading", 20, || stage.view().abort_when[0].state == ConditionState::Fine).await;
    assert!(stage.rig.bites());
    stage.gauge.says(Says::Number(0.9));
    stage.rig.until("the first bad reading", 20, || stage.view().abort_when[0].state == ConditionState::Holding).await;
    assert_eq!(stage.view().state, State::Active, "it has to hold for a while");
    let view = stage.ended().await;
    assert_eq!((view.state, view.cause), (State::Recovered, Some(Cause::Breached)));
    assert_eq!(view.abort_when[0].state, ConditionState::Breached);
    assert!(view.abort_when[0].why.ends_with("is 0.9, above 0.5 for 10s"), "{view:?}");
    stage.clean("breached").await;
}

#[tokio::test(start_paused = true)]
async fn a_bad_reading_that_gets_better_in_time_undoes_nothing() {
    let stage = Stage::set(vec![query()]).await;
    stage.apply().await;
    stage.gauge.says(Says::Number(0.9));
    stage.rig.until("the bad reading", 20, || stage.view().abort_when[0].state == ConditionState::Holding).await;
    stage.gauge.says(Says::Number(0.1));
    let view = stage.ended().await;
    assert_eq!((view.cause, view.abort_when[0].state), (Some(Cause::Duration), ConditionState::Fine));
    stage.clean("better in time").await;
}

#[rstest]
#[case::fails(Says::Failure, "503")]
#[case::holds_no_number(Says::Nothing, "no number")]
#[case::hangs(Says::Hangs, "no answer within")]
#[tokio::test(start_paused = true)]
async fn three_silent_readings_undo(#[case] says: Says, #[case] why: &str) {
    let stage = Stage::set(vec![query()]).await;
    stage.apply().await;
    stage.gauge.says(says);
    stage.rig.until("a silent reading", 20, || stage.view().abort_when[0].state == ConditionState::Unreadable).await;
    assert_eq!(stage.view().state, State::Active, "one is no breach");
    let view = stage.ended().await;
    assert_eq!((view.state, view.cause), (State::Recovered, Some(Cause::Breached)));
    let said = &view.abort_when[0].why;
    assert!(said.contains("could not be read 3 times") && said.contains(why), "{said}");
    stage.clean("silent").await;
}

/// Its cause tells that the abort was heard before the source was given up for the third time.
#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_delays_no_abort() {
    let stage = Stage::set(vec![query()]).await;
    stage.apply().await;
    stage.gauge.says(Says::Hangs);
    stage
        .rig
        .until("a reading that hangs", 20, || stage.view().abort_when[0].state == ConditionState::Unreadable)
        .await;
    let view = stage.cockpit.engine.abort(ID).await.unwrap();
    assert_eq!((view.state, view.cause), (State::Recovered, Some(Cause::Person)));
    stage.clean("abort").await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_delays_no_end() {
    let stage = Stage::of_answers(30).await;
    stage.gauge.says(Says::Hangs);
    stage.apply().await;
    let view = stage.ended().await;
    assert_eq!((view.state, view.cause), (State::Recovered, Some(Cause::Duration)));
    stage.clean("duration").await;
}

#[rstest]
#[case::breached(Says::Number(0.9), "is 0.9 before anything is applied, above 0.5")]
#[case::fails(Says::Failure, "cannot be read: 503")]
#[case::holds_no_number(Says::Nothing, "cannot be read: the answer holds no number")]
#[case::hangs(Says::Hangs, "cannot be read: no answer within")]
#[tokio::test(start_paused = true)]
async fn nothing_begins_under_a_condition_that_is_bad_or_silent(#[case] says: Says, #[case] why: &str) {
    let stage = Stage::set(vec![query()]).await;
    stage.gauge.says(says);
    let Err(error @ ApplyError::Condition(_)) = stage.cockpit.apply(stage.checked.clone()).await else { panic!() };
    assert!(error.to_string().contains(why), "{error}");
    assert!(!error.touched());
    stage.clean("refused").await;
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_under_a_condition_without_a_source() {
    let mut stage = Stage::set(vec![query()]).await;
    stage.cockpit.engine = stage.cockpit.engine.metered(None);
    let Err(ApplyError::Condition(why)) = stage.cockpit.apply(stage.checked.clone()).await else { panic!() };
    assert!(why.contains("no metric source"), "{why}");
    stage.clean("no source").await;
}

#[tokio::test(start_paused = true)]
async fn an_effect_is_seen_against_the_figure_before() {
    let stage = Stage::of_answers(30).await;
    stage.apply().await;
    stage.rig.until("a look", 20, || stage.view().evidence.is_some()).await;
    assert_eq!(stage.view().evidence.unwrap().state, EvidenceState::Looking);
    stage.gauge.says(Says::Number(0.42));
    stage
        .rig
        .until("the effect", 20, || {
            stage.view().evidence.is_some_and(|seen| seen.words() == "effect seen: 503s 0% -> 42%")
        })
        .await;
    let view = stage.ended().await;
    assert_eq!(view.evidence.unwrap().state, EvidenceState::Seen, "it stays said");
    stage.clean("seen").await;
}

#[tokio::test(start_paused = true)]
async fn no_effect_is_said_with_its_reasons() {
    let stage = Stage::of_answers(50).await;
    stage.gauge.says(Says::Nothing);
    stage.apply().await;
    stage
        .rig
        .until("the verdict", 40, || stage.view().evidence.is_some_and(|seen| seen.state == EvidenceState::None))
        .await;
    let view = stage.view();
    assert_eq!(view.state, State::Active);
    let words = view.evidence.unwrap().words();
    assert!(words.starts_with("no effect seen: no request came to what is hit; "), "{words}");
    stage.ended().await;
    stage.clean("unseen").await;
}

/// kill -9 of the cockpit under a condition: its guardian undoes, as without one.
#[tokio::test(start_paused = true)]
async fn a_condition_dies_with_its_cockpit_and_so_does_the_fault() {
    let stage = Stage::set(vec![query()]).await;
    stage.apply().await;
    let Stage { rig, cockpit, .. } = stage;
    cockpit.kill().await;
    rig.guardians_gone().await;
    rig.assert_clean("killed");
}
