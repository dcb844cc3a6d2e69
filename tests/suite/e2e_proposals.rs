//! A sloppy model: it proposes the same twice, and routes that are not there. What a person sees is different and exists.

use std::collections::BTreeSet;

use brink::agent::{Conversation, Message, Told, evidence, session::Offer, wire::Wire};
use serde_json::{Value, json};

use super::{
    cli::Home,
    support::{
        demo::Demo,
        model::{Say, model},
    },
};

fn delay(target: &str, delay: &str) -> Say {
    let params = json!({"delay": delay, "percent": 50});
    let words = json!({"kind": "http-delay", "target": target, "namespace": "shop", "params": params,
        "hypothesis": "callers wait\u{1b}[2J", "expect": "p99 rises"});
    Say::Call("propose_fault", words)
}

fn asked(demo: &Demo, wire: Wire, says: Vec<Say>, question: &str) -> (Value, String) {
    let (home, player) = (Home::new(), model(wire, says));
    let mut words = demo.place(&format!("{}:m@{}", wire.word(), player.url));
    words.extend(["ask", "-n", "shop", question, "-o", "json"].map(str::to_owned));
    let ran = home.brink(words);
    assert_eq!(ran.code, 0, "{ran:?}");
    let last = player.sent.lock().unwrap().last().unwrap().clone();
    (ran.json(), last)
}

#[test]
fn three_tests_of_a_sloppy_model_are_three_different_ones_of_routes_that_exist() {
    let demo = Demo::of("shop", 1.0);
    let before = demo.state();
    let abort = json!({"kind": "http-abort", "target": "service/checkout", "params": {"status": 503, "percent": 25},
        "abort": {"signal": "error_share", "above": 0.9, "for": "15s"}});
    let says = vec![
        delay("service/checkout", "1s"),
        delay("service/checkout", "1000ms"),
        delay("route/chekout", "1s"),
        Say::Call("propose_fault", abort),
        Say::Call("propose_fault", json!({"kind": "pod-kill", "target": "service/cart", "params": {"count": 1}})),
        Say::Text("Look at them."),
    ];
    let (answer, last) = asked(&demo, Wire::OpenAi, says, "give me three chaos tests for my HTTPRoutes");
    let shown = answer["proposals"].as_array().unwrap();
    let kinds: BTreeSet<&str> = shown.iter().filter_map(|one| one["plan"]["kind"].as_str()).collect();
    assert_eq!((shown.len(), kinds), (3, ["http-abort", "http-delay", "pod-kill"].into()), "{answer}");
    assert!(last.contains("is proposal 1 already"), "the second is the first: {last}");
    assert!(last.contains("did you mean `checkout`"), "the third is invented: {last}");
    assert!(shown[1]["aborts"].as_str().unwrap().contains("error_share of what is hit above 0.9"), "{answer}");
    for one in shown {
        assert!(
            ["much to learn", "something to learn", "little to learn"]
                .contains(&one["lesson"]["word"].as_str().unwrap())
        );
        assert!(!one.to_string().contains("\\u001b"), "{one}");
    }
    assert_eq!(shown[0]["expects"], "p99 rises");
    assert_eq!(demo.state(), before);
}

#[test]
fn a_plan_is_shown_whole_and_in_order_or_not_at_all() {
    let demo = Demo::of("shop", 1.0);
    let kill =
        |service: &str| json!({"kind": "pod-kill", "target": format!("service/{service}"), "params": {"count": 1}});
    let plan = |steps: Value| Say::Call("propose_plan", json!({"name": "one after the other", "steps": steps}));
    let says = vec![
        plan(json!([kill("cart"), kill("cort")])),
        plan(json!([kill("cart"), kill("checkout")])),
        Say::Text("So."),
    ];
    let (answer, last) = asked(&demo, Wire::Anthropic, says, "plan something");
    assert!(last.contains("step 2 of 2: "), "{last}");
    let steps: Vec<_> = answer["proposals"].as_array().unwrap().iter().map(|one| one["step"].clone()).collect();
    let step = |at: u8| json!({"plan": "one after the other", "at": at, "of": 2});
    assert_eq!(steps, [step(1), step(2)], "{answer}");
}

#[test]
fn an_investigation_gathers_all_evidence_in_one_call_each_with_its_id() {
    let demo = Demo::of("shop", 1.0);
    for kind in ["deployment", "service"] {
        let says = vec![
            Say::Call("investigate", json!({"kind": kind, "name": "checkout", "namespace": "shop"})),
            Say::Text("See [e1] and [e2]."),
        ];
        let player = model(Wire::OpenAi, says);
        let mut talk = Conversation::new(100_000);
        let asked = demo.ask(&mut talk, Wire::OpenAi, &player.url, "m", "why is checkout failing?");
        let ran = asked.told.iter().find_map(|told| match told {
            Told::Ran { ok, why, size, .. } => Some((*ok, why.clone(), *size)),
            _ => None,
        });
        let (ok, why, size) = ran.unwrap();
        assert!(ok, "{why}");
        let last = player.sent.lock().unwrap().last().unwrap().clone();
        for part in ["status and events of", "routes and services of shop", "metrics of shop now", "10 minutes ago"] {
            assert!(last.contains(part), "{kind}: {part} in {last}");
        }
        assert_eq!(last.contains("rollout history of"), kind == "deployment");
        // One numbering: each part has a number of the conversation, and leads to its object.
        let answers = talk.messages().iter().find_map(|message| match message {
            Message::Tools(answers) => Some(answers[0].text.clone()),
            _ => None,
        });
        let answer = answers.unwrap();
        let numbers = evidence::numbers(&answer).unwrap();
        assert!(*numbers.start() == 1 && *numbers.end() >= 4, "{numbers:?} in {answer}");
        let first = evidence::part(&answer, 1).unwrap();
        assert_eq!(evidence::object(first).map(|object| object.name).as_deref(), Some("checkout"), "{first}");
        for number in numbers {
            assert!(evidence::part(&answer, number).is_some(), "{number} in {answer}");
        }
        assert!(!answer.contains("[E"), "{answer}");
        assert!(size < 48 << 10, "{size} bytes");
    }
}

#[test]
fn what_a_session_keeps_of_a_proposal_is_enough_to_check_it_anew() {
    let demo = Demo::of("shop", 1.0);
    let yaml = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: checkout}\nspec: {replicas: 3}\n";
    let says = vec![
        delay("service/reviews", "1s"),
        Say::Call("propose_fix", json!({"yaml": yaml, "namespace": "shop", "why": "one more"})),
        Say::Text("So."),
    ];
    let player = model(Wire::OpenAi, says);
    let mut talk = Conversation::new(100_000);
    let asked = demo.ask(&mut talk, Wire::OpenAi, &player.url, "m", "what would you try?");
    let proposals: Vec<_> = asked
        .told
        .iter()
        .filter_map(|told| match told {
            Told::Proposed(proposal) => Some(proposal.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(proposals.len(), 2, "{:?}", asked.told);
    for proposal in &proposals {
        // As it comes back from the disk.
        let kept = serde_json::to_string(&Offer::of(proposal, proposal.rounds)).unwrap();
        let offer: Offer = serde_json::from_str(&kept).unwrap();
        let again = demo.wait(async { demo.toolbox().again(&offer).await }).unwrap();
        assert_eq!(again.fault, proposal.fault);
        let facts = |one: &brink::agent::Proposal| (one.title().to_owned(), one.facts(), one.kept, one.rounds);
        assert_eq!(facts(&again), facts(proposal));
        assert_eq!((&again.hypothesis, &again.expects), (&proposal.hypothesis, &proposal.expects));
        let gone = Offer { intent: offer.intent.replace("reviews", "nobody").replace("checkout", "nobody"), ..offer };
        let why = demo.wait(async { demo.toolbox().again(&gone).await }).unwrap_err();
        assert!(why.contains("nobody"), "{why}");
    }
}

/// Callers of `reviews` wait a second for each try, so a longer delay fails every delayed one: what the fault is to show must
/// not be what ends it.
#[test]
fn a_usual_condition_does_not_end_a_fault_by_its_own_effect() {
    let demo = Demo::of("shop", 1.0);
    let (home, player) = (Home::new(), model(Wire::OpenAi, vec![slow_reviews(), Say::Text("Look at it.")]));
    let place = demo.place(&format!("openai:m@{}", player.url));
    let brink = |words: &[&str]| {
        home.brink(place.iter().cloned().chain(words.iter().map(|word| (*word).to_owned())).collect::<Vec<_>>())
    };
    let asked = brink(&["ask", "-n", "shop", "make reviews slow", "-o", "json"]);
    assert_eq!(asked.code, 0, "{asked:?}");
    let proposal = asked.json()["proposals"][0].clone();
    assert_eq!(proposal["aborts"], "ends early when error_share of what is hit above 0.75 for 15s", "{proposal}");
    let plan = proposal["plan"]["plan"].as_str().unwrap();
    let ran = brink(&["fault", "apply", "--plan", plan, "--yes", "--wait", "-o", "json"]);
    let ended = ran.json();
    assert_eq!((ran.code, &ended["state"], &ended["cause"]), (0, &json!("recovered"), &json!("duration")), "{ended}");
    assert_eq!(ended["abortWhen"][0]["state"], "fine", "{ended}");
    assert_eq!(ended["evidence"]["state"], "seen", "{ended}");
}

/// Half of the requests wait twice as long as a try may take.
fn slow_reviews() -> Say {
    let params = json!({"delay": "2s", "percent": 50});
    let words =
        json!({"kind": "http-delay", "target": "service/reviews", "params": params, "duration": "45s", "why": "w"});
    Say::Call("propose_fault", words)
}
