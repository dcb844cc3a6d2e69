//! The seconds of a turn, over a real socket: a model that never stops calling tools is stopped when they are over, and not before
//! somebody raised them meanwhile.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use brink::{
    agent::{
        Call, Conversation, End, Message, Model, Told, Tuning,
        io::{
            meter::Meter,
            provider::{Patience, Provider},
            toolbox::Found,
            turn,
            voice::{Done, Hands},
        },
        limits::{Limit, Limits, Reached},
        model::KeySource,
        wire::Wire,
    },
    fault::intent::Fault,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::support::model::{Say, model};

/// Each call takes 20 s by the clock; at one of them a person beside it raises the limit.
struct Slow {
    clock: Arc<AtomicI64>,
    meter: Meter,
    raise_at: AtomicI64,
    to: u64,
}

impl Hands for Slow {
    async fn run(&self, _: &Call, _: u32, _: &[Fault]) -> Done {
        self.clock.fetch_add(20, Ordering::Relaxed);
        if self.raise_at.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.meter.set(self.meter.limits().with(Limit::Seconds, self.to));
        }
        let (text, why) = ("nothing".to_owned(), String::new());
        let found = Found { text, why, proposals: Vec::new(), refused: false, unreadable: false };
        Done { found, took: Duration::ZERO, offers: Vec::new() }
    }
}

#[tokio::test]
async fn a_turn_ends_with_its_seconds_which_can_be_raised_while_it_runs() {
    let player = model(Wire::OpenAi, vec![Say::Call("list", json!({"kind": "pods", "namespace": "shop"}))]);
    let clock = Arc::new(AtomicI64::new(1_800_000_000));
    let now = clock.clone();
    let meter = Meter::by(Limits { seconds: 90, ..Limits::NONE }, move || {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(now.load(Ordering::Relaxed))
    });
    let model = Model {
        wire: Wire::OpenAi,
        base_url: player.url.clone(),
        name: "m".to_owned(),
        key: KeySource::Env { names: Vec::new(), needed: false },
        max_tokens: 1024,
        context_tokens: 1_000_000,
        tuning: Tuning::default(),
    };
    let provider = Provider::new(model, Patience::default()).unwrap().metered(meter.clone());
    let mut talk = Conversation::new(1_000_000);
    let mut told: Vec<Told> = Vec::new();

    let hands = Slow { clock: clock.clone(), meter: meter.clone(), raise_at: AtomicI64::new(0), to: 0 };
    talk.ask("why is checkout failing?");
    let end = turn::run(&provider, &hands, "be brief", &mut talk, &mut |one| told.push(one)).await;
    assert_eq!(end, End::Spent(Reached { limit: Limit::Seconds, used: 100, of: 90 }));
    assert!(end.what().contains("seconds of this turn") && end.fix().contains("agent.seconds"), "{end:?}");
    assert_eq!(player.sent.lock().unwrap().len(), 5, "nothing was asked once they were over");
    assert!(matches!(talk.messages().last(), Some(Message::Tools(_))), "every call has its answer: {talk:?}");
    assert!(matches!(told.last(), Some(Told::Ended(End::Spent(_)))), "{told:?}");

    // The next turn has them anew, and more of them once a person says so.
    let hands = Slow { raise_at: AtomicI64::new(2), to: 140, ..hands };
    talk.ask("go on");
    let end = turn::run(&provider, &hands, "be brief", &mut talk, &mut |_| {}).await;
    assert_eq!(end, End::Spent(Reached { limit: Limit::Seconds, used: 140, of: 140 }));
    assert_eq!(player.sent.lock().unwrap().len(), 12);
}
