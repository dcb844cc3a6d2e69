//! A model that runs away, over a real socket: it is stopped at what it may spend, and it is said where.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use brink::{
    agent::{
        Call, Conversation, End, Limit, Limits, Message, Model, Told, Tuning,
        io::{
            meter::Meter,
            provider::{Patience, Provider},
            toolbox::Found,
            turn,
            voice::{Done, Hands},
        },
        limits::Reached,
        model::KeySource,
        wire::Wire,
    },
    fault::intent::Fault,
};
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use serde_json::json;

use super::{
    cli::Home,
    support::{
        demo::Demo,
        model::{Player, Say, model},
    },
};

fn runaway(wire: Wire) -> Player {
    model(wire, vec![Say::Call("list", json!({"kind": "pods", "namespace": "shop"}))])
}

fn provider(wire: Wire, player: &Player, meter: Meter) -> Provider {
    let model = Model {
        wire,
        base_url: player.url.clone(),
        name: "m".to_owned(),
        key: KeySource::Env { names: Vec::new(), needed: false },
        max_tokens: 1024,
        context_tokens: 1_000_000,
        tuning: Tuning::default(),
    };
    Provider::new(model, Patience::default()).unwrap().metered(meter)
}

/// Hands that find nothing, and a person beside them who raises the budget at a call.
struct Raising {
    meter: Meter,
    at: AtomicI64,
    to: u64,
}

impl Hands for Raising {
    async fn run(&self, _: &Call, _: u32, _: &[Fault]) -> Done {
        if self.at.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.meter.set(self.meter.limits().with(Limit::Tools, self.to));
        }
        let (text, why) = ("nothing".to_owned(), String::new());
        let found = Found { text, why, proposals: Vec::new(), refused: false, unreadable: false };
        Done { found, took: Duration::ZERO, offers: Vec::new() }
    }
}

async fn asked(provider: &Provider, hands: &impl Hands, talk: &mut Conversation) -> (End, Vec<Told>) {
    let mut told = Vec::new();
    talk.ask("go");
    let end = turn::run(provider, hands, "be brief", talk, &mut |one| told.push(one)).await;
    (end, told)
}

#[rstest]
#[case(Wire::OpenAi)]
#[case(Wire::Anthropic)]
#[tokio::test]
async fn a_loop_is_stopped_and_a_budget_raised_meanwhile_lets_it_go_on(#[case] wire: Wire) {
    let player = runaway(wire);
    let meter = Meter::new(Limits { tools: 5, ..Limits::NONE });
    let provider = provider(wire, &player, meter.clone());
    let raising = Raising { meter, at: AtomicI64::new(4), to: 8 };
    let mut talk = Conversation::new(1_000_000);
    let (end, told) = asked(&provider, &raising, &mut talk).await;
    assert_eq!(end, End::Spent(Reached { limit: Limit::Tools, used: 8, of: 8 }));
    let ran = told.iter().filter(|one| matches!(one, Told::Ran { .. })).count();
    assert_eq!((ran, player.sent.lock().unwrap().len()), (8, 9), "the ninth call was asked for, and did not run");
    let Some(Message::Tools(answers)) = talk.messages().last() else { panic!("a call without an answer: {talk:?}") };
    assert!(answers[0].text.contains("stopped before this ran"), "{answers:?}");
    assert!(matches!(told.last(), Some(Told::Ended(End::Spent(_)))), "{told:?}");
    let (end, _) = asked(&provider, &raising, &mut talk).await;
    assert_eq!(end, End::Spent(Reached { limit: Limit::Tools, used: 8, of: 8 }), "each turn has it anew");
}

#[tokio::test]
async fn requests_of_a_minute_are_counted_over_all_asks() {
    let player = runaway(Wire::OpenAi);
    let clock = Arc::new(AtomicI64::new(1_800_000_000));
    let now = clock.clone();
    let meter = Meter::by(Limits { calls: 3, ..Limits::NONE }, move || {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(now.load(Ordering::Relaxed))
    });
    let provider = provider(Wire::OpenAi, &player, meter.clone());
    let hands = Raising { meter, at: AtomicI64::new(0), to: 0 };
    let mut talk = Conversation::new(1_000_000);
    let reached = End::Spent(Reached { limit: Limit::Calls, used: 3, of: 3 });
    let sent = || player.sent.lock().unwrap().len();
    assert_eq!((asked(&provider, &hands, &mut talk).await.0, sent()), (reached.clone(), 3));
    clock.fetch_add(59, Ordering::Relaxed);
    assert_eq!((asked(&provider, &hands, &mut talk).await.0, sent()), (reached.clone(), 3), "still the same minute");
    clock.fetch_add(1, Ordering::Relaxed);
    assert_eq!((asked(&provider, &hands, &mut talk).await.0, sent()), (reached, 6));
}

#[test]
fn a_command_says_what_was_reached_of_how_much_and_what_to_do() {
    let demo = Demo::of("shop", 1.0);
    let usual = [("", "tool calls of this turn is used up, 40 of 40", "agent.tool-calls", 41)];
    let set = [
        ("tool-calls = 7", "tool calls of this turn is used up, 7 of 7", "agent.tool-calls", 8),
        ("calls-per-minute = 4", "requests to the model in a minute is used up, 4 of 4", "agent.calls-per-minute", 4),
        ("tokens = 2", "tokens of this conversation is used up", "agent.tokens", 1),
    ];
    for (setting, what, fix, requests) in usual.into_iter().chain(set) {
        let home = Home::new();
        home.file(".config/brink/config.toml", &format!("[agent]\n{setting}\n"));
        let player = runaway(Wire::OpenAi);
        let mut words = demo.place(&format!("openai:m@{}", player.url));
        words.extend(["ask", "what runs?"].map(str::to_owned));
        let ran = home.brink(words);
        assert!(ran.code != 0 && ran.stderr.contains(what) && ran.stderr.contains(fix), "{setting}: {ran:?}");
        assert_eq!(player.sent.lock().unwrap().len(), requests, "{setting}");
        let again = home.brink(["ask", "--replay", "last"]);
        assert_eq!((again.stdout, again.stderr, again.code), (ran.stdout, ran.stderr, ran.code), "{setting}: replayed");
    }
}
