//! A script in the cockpit, at virtual time: what it waits for, how it fails, what a person may do then.

use std::time::Duration;

use brink::{
    fault::injection::State,
    msg::{Brought, Effect, Errand, Event, Failure},
    script::{Act, Leave, Player, Report, player::Manner, read},
};
use rstest::rstest;
use serde_json::json;

use super::stage::{Stage, pod, shop};
use crate::suite::moment::faults::view;

const OWN: Leave = Leave { approve: true, rewind: true };
const OTHERS: Leave = Leave { approve: false, rewind: false };

/// A script, its cockpit, and the errands that are out.
struct Show {
    stage: Stage,
    player: Player,
    leave: Leave,
    errands: Vec<(u64, Errand)>,
    reports: Vec<Report>,
}

impl Show {
    fn of(steps: &str, leave: Leave) -> Self {
        Self::on(Stage::full(80, 24), steps, leave, Manner::default())
    }

    fn on(stage: Stage, steps: &str, leave: Leave, manner: Manner) -> Self {
        let text = format!("script: test\ntitle: t\nworld: shop\nminutes: 1\nsteps:\n{steps}");
        let player = Player::new(read("test.yaml", &text).unwrap(), manner);
        let mut show = Self { stage, player, leave, errands: Vec::new(), reports: Vec::new() };
        show.stage.effects.clear();
        show.play();
        show
    }

    /// Lets it do what it can do now.
    fn play(&mut self) {
        for _ in 0..100 {
            self.stage.app.settle();
            let acts = self.player.tick(&self.stage.app, self.stage.now, self.leave);
            self.reports.extend(self.player.take_reports());
            if acts.is_empty() {
                return;
            }
            for act in acts {
                match act {
                    Act::Cue(cue) => self.stage.send(Event::Cue(cue)),
                    Act::Errand(id, Errand::Checkpoint(_) | Errand::Restore(_)) if self.leave.rewind => {
                        self.errands.push((id, Errand::Survey));
                        self.player.hear(id, Ok(Brought::Done), self.stage.now);
                    }
                    Act::Errand(id, errand) => self.errands.push((id, errand)),
                }
            }
        }
        panic!("the script never rests");
    }

    fn keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.stage.keys(key);
            let orders: Vec<_> = self
                .stage
                .effects
                .iter()
                .filter_map(|effect| match effect {
                    Effect::Script(command) => Some(*command),
                    _ => None,
                })
                .collect();
            self.stage.effects.retain(|effect| !matches!(effect, Effect::Script(_)));
            for order in orders {
                self.player.order(order, self.leave, self.stage.now);
            }
            self.play();
        }
    }

    fn pass(&mut self, span: Duration) {
        self.stage.pass(span);
        self.play();
    }

    /// Answers the errand that is out.
    fn bring(&mut self, answer: Result<Brought, Failure>) {
        let (id, _) = self.errands.pop().expect("an errand is out");
        self.player.hear(id, answer, self.stage.now);
        self.play();
    }

    fn step(&self) -> usize {
        self.player.told().step
    }

    fn row(&mut self, ready: (u16, u16), status: &str) {
        let mut rows = shop();
        rows[6] = pod(7, "ngi14-77b-l0p3s", ready, status, 0, 340);
        self.stage.pods(rows);
        self.play();
    }
}

const WAITS: &str = "\
- say: It does not start.
  do: show_pods
  wait: {pane: pods, row: \"ngi14-*\", column: STATUS, is: Running}
  within: 60s
  message: the pod did not come up
- say: Next.
  hold: true
- say: Last.
  hold: true
";

fn waiting() -> Show {
    let mut stage = Stage::full(80, 24);
    // The tickets of the panes are known from their first questions.
    let questions = stage.effects.clone();
    stage.effects.clear();
    let mut show = Show::on(stage, WAITS, OWN, Manner::default());
    show.stage.effects = questions;
    show
}

#[test]
fn a_step_goes_on_when_what_it_waits_for_is_so() {
    let mut show = waiting();
    assert!(show.stage.shows("It does not start.") && show.stage.shows("step 1 of 3"), "{}", show.stage.text());
    show.pass(Duration::from_secs(59));
    assert_eq!(show.step(), 1);
    show.row((1, 1), "Running");
    assert_eq!(show.step(), 2);
    assert!(show.stage.shows("space go on"), "{}", show.stage.text());
    assert!(show.reports[0].ok && show.reports[0].waited_ms == 59_000, "{:?}", show.reports);
}

#[test]
fn a_wait_that_fails_says_why_and_offers_its_keys() {
    let mut show = waiting();
    show.pass(Duration::from_secs(61));
    let text = show.stage.text();
    assert!(text.contains("the pod did not come up (pods ngi14-*: STATUS shows"), "{text}");
    for keys in ["r retry", "s skip", "h go on by hand", "b rewind"] {
        assert!(text.contains(keys), "{keys}: {text}");
    }
    assert!(!show.reports[0].ok && show.reports[0].message.contains("ImagePullBackOff"), "{:?}", show.reports);
}

#[rstest]
#[case("s", 2)]
#[case("h alt-enter", 2)]
#[case("h 3 space", 2)]
#[case("h", 1)]
#[case("r", 1)]
fn a_person_decides_about_a_failed_wait(#[case] keys: &str, #[case] step: usize) {
    let mut show = waiting();
    show.pass(Duration::from_secs(61));
    show.keys(keys);
    assert_eq!(show.step(), step);
}

#[test]
fn a_retry_has_its_whole_time_again() {
    let mut show = waiting();
    show.pass(Duration::from_secs(61));
    show.keys("r");
    show.pass(Duration::from_secs(59));
    assert!(!show.stage.shows("retry"), "{}", show.stage.text());
    show.row((1, 1), "Running");
    assert_eq!(show.step(), 2);
}

#[test]
fn virtual_time_alone_fails_nothing() {
    let mut show = waiting();
    // Twenty-fold speed: a minute of the world is three seconds here.
    show.stage.now.server += jiff::SignedDuration::from_mins(2);
    show.pass(Duration::from_secs(6));
    assert_eq!(show.step(), 1);
    assert!(!show.stage.shows("retry"));
    show.pass(Duration::from_secs(15));
    assert!(show.stage.shows("retry"));
}

#[test]
fn by_hand_all_keys_are_the_persons_own() {
    let mut show = waiting();
    show.pass(Duration::from_secs(61));
    // While it failed, its keys come first; other keys always work.
    show.keys("2");
    assert!(show.stage.shows("routes"), "{}", show.stage.text());
    show.keys("1 h l");
    assert!(show.stage.shows("Logs") || show.stage.shows("log"), "{}", show.stage.text());
    show.keys("q / s");
    // In a text field a letter is a letter.
    assert!(show.stage.shows("/s"), "{}", show.stage.text());
    assert_eq!(show.step(), 1);
}

#[test]
fn a_held_step_waits_for_space_and_a_script_ends() {
    let mut show = Show::of("- {say: One, hold: true}\n- {say: Two, hold: true}\n", OWN);
    show.pass(Duration::from_mins(10));
    assert_eq!(show.step(), 1);
    show.keys("space");
    assert!(show.stage.shows("Two"));
    show.keys("space");
    assert_eq!(show.player.over(), Some(true));
    assert!(!show.stage.shows("step"), "{}", show.stage.text());
}

#[test]
fn a_rewind_ends_what_is_live_then_restores() {
    let steps = "- {say: Calm, checkpoint: calm}\n- {say: Broken, do: show_faults, wait: {faults: none}, hold: true}\n- {say: After, wait: {faults: stuck}}\n";
    let mut show = Show::of(steps, OWN);
    show.keys("space");
    assert!(show.stage.shows("After"), "{}", show.stage.text());
    show.stage.send(Event::Injection(Box::new(view("7f3a9c", State::Active))));
    show.pass(Duration::from_secs(61));
    show.keys("b");
    let aborts = |show: &Show| show.stage.effects.iter().filter(|effect| matches!(effect, Effect::Abort(..))).count();
    assert_eq!(aborts(&show), 1);
    // It never presses twice within the second that would stop everything.
    show.pass(Duration::from_millis(900));
    assert_eq!(aborts(&show), 1);
    assert!(!show.stage.effects.iter().any(|effect| matches!(effect, Effect::StopAll(..))));
    show.stage.send(Event::Injection(Box::new(view("7f3a9c", State::Recovered))));
    show.play();
    assert_eq!(show.step(), 2, "{}", show.stage.text());
}

#[test]
fn a_stuck_fault_is_not_rewound_over() {
    let mut show = Show::of("- {say: Calm, hold: true}\n", OWN);
    show.stage.send(Event::Injection(Box::new(view("7f3a9c", State::Stuck))));
    show.keys("b");
    assert!(show.stage.shows("is stuck"), "{}", show.stage.text());
}

#[test]
fn no_checkpoint_remembers_a_live_fault() {
    let mut show = Show::of("- {say: One, hold: true}\n- {say: Two, checkpoint: under-fault}\n", OWN);
    show.stage.send(Event::Injection(Box::new(view("7f3a9c", State::Active))));
    show.keys("space");
    assert!(show.stage.shows("would remember a live fault"), "{}", show.stage.text());
}

#[test]
fn elsewhere_nothing_is_rewound() {
    let mut show = Show::of("- {say: One, hold: true}\n", OTHERS);
    assert!(!show.stage.shows("rewind"), "{}", show.stage.text());
    show.keys("b");
    assert!(show.errands.is_empty());
}

#[test]
fn objects_and_figures_are_asked_until_they_are_so() {
    let steps = "- say: Zero.\n  wait: {object: deployment shop/ratings, path: .spec.replicas, is: 0}\n- say: Errors.\n  wait: {metric: 'errors', above: 0.1, for: 5s}\n- {say: Done, hold: true}\n";
    let mut show = Show::of(steps, OTHERS);
    show.bring(Ok(Brought::Object(Some(json!({"spec": {"replicas": 2}})))));
    assert_eq!(show.step(), 1);
    show.pass(Duration::from_millis(300));
    show.bring(Err(Failure::new("no answer", "")));
    show.pass(Duration::from_millis(300));
    show.bring(Ok(Brought::Object(Some(json!({"spec": {"replicas": 0}})))));
    assert_eq!(show.step(), 2);
    for (figures, step) in [(vec![0.2], 2), (vec![], 2), (vec![0.0, 0.3], 2), (vec![0.3], 3)] {
        show.bring(Ok(Brought::Figures(figures)));
        assert_eq!(show.step(), step);
        show.pass(Duration::from_secs(5));
    }
}

#[test]
fn what_was_not_looked_at_is_not_gone() {
    let mut show = Show::of("- say: Gone.\n  wait: {not: {object: job a/b}}\n- {say: Done, hold: true}\n", OTHERS);
    assert_eq!(show.step(), 1, "it was not asked yet");
    show.bring(Err(Failure::new("no answer", "")));
    assert_eq!(show.step(), 1, "it could not be read");
    show.pass(Duration::from_millis(300));
    show.bring(Ok(Brought::Object(Some(json!({})))));
    assert_eq!(show.step(), 1);
    show.pass(Duration::from_millis(300));
    show.bring(Ok(Brought::Object(None)));
    assert_eq!(show.step(), 2);
}

#[rstest]
#[case("{pane: pods, row: nobody, below: 1}")]
#[case("{not: {pane: pods, row: nobody}}")]
fn a_table_that_is_not_listed_has_no_rows_to_miss(#[case] wait: &str) {
    let steps = format!("- say: Nobody.\n  wait: {wait}\n- {{say: Done, hold: true}}\n");
    let show = Show::on(Stage::new(80, 24).linked(), &steps, OTHERS, Manner::default());
    assert_eq!(show.step(), 1, "{}", show.stage.text());
    let mut show = Show::on(Stage::full(80, 24), &steps, OTHERS, Manner::default());
    show.play();
    assert_eq!(show.step(), 2, "{}", show.stage.text());
}

#[test]
fn text_is_typed_at_reading_speed_into_a_field_that_is_open() {
    let mut show =
        Show::of("- {say: Look, do: [show_pods, filter], type: cart, wait: {screen: /cart}, hold: true}\n", OTHERS);
    show.pass(Duration::from_millis(40));
    assert!(show.stage.shows("/c") && !show.stage.shows("/cart"), "{}", show.stage.text());
    for _ in 0..6 {
        show.pass(Duration::from_millis(40));
    }
    assert!(show.stage.shows("/cart") && show.stage.shows("space go on"), "{}", show.stage.text());
    let mut show = Show::of("- {say: Look, type: cart}\n", OTHERS);
    show.pass(Duration::from_secs(61));
    assert!(show.stage.shows("no text field is open"), "{}", show.stage.text());
}

#[test]
fn without_a_person_nothing_is_held_and_the_world_is_compared() {
    let stage = Stage::full(80, 24);
    let mut show = Show::on(stage, "- {say: One, hold: true}\n", OTHERS, Manner { headless: true });
    let world = |name: &str| Ok(Brought::Survey([(name.to_owned(), json!({}))].into()));
    show.bring(world("Job a/b"));
    show.bring(world("Job a/c"));
    assert_eq!(show.player.over(), None, "it may still settle");
    show.pass(Duration::from_mins(3));
    show.bring(world("Job a/c"));
    assert_eq!(show.player.over(), Some(false));
    assert_eq!(show.reports.last().map(|report| report.message.as_str()), Some("Job a/b is gone; Job a/c is new"));
}

#[rstest]
fn captions_fit_every_screen(#[values((40, 10), (80, 24), (120, 40), (200, 60))] size: (u16, u16)) {
    let long = "A long sentence that says what the audience sees and why it should care, and goes on and on until it must be cut.";
    let stage = Stage::full(size.0, size.1);
    let mut show = Show::on(stage, &format!("- say: {long}\n  hold: true\n"), OWN, Manner::default());
    show.play();
    let text = show.stage.text();
    assert!(text.contains("A long sentence") && text.contains("step 1 of 1"), "{text}");
    assert!(text.contains("go on"), "{text}");
}
