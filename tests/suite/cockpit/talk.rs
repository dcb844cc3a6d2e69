//! The line of the agent beyond questions: commands, objects named, what is to be explained, conversations that are kept.

use std::time::Duration;

use brink::{
    agent::{
        End, Message, Told, evidence, fence,
        message::{Call, ToolAnswer},
        session::{Decision, Granted, Listed, Offer, Opened, Retold, Wish, undecided},
    },
    app::Screen,
    base::Ticket,
    msg::{Effect, Event, Failure},
    panes::PaneKind,
};

use super::{
    agent::{ask, proposal, stage, tell},
    stage::Stage,
};

fn line(stage: &mut Stage, text: &str) {
    stage.keys("enter ctrl-u");
    stage.send(Event::Paste(text.to_owned()));
    stage.keys("enter");
}

fn wished(stage: &Stage) -> (Ticket, Wish) {
    stage.asked(|effect| match effect {
        Effect::Talk(ticket, wish) => Some((*ticket, wish.clone())),
        _ => None,
    })
}

/// The last question as the model gets it.
fn question(stage: &Stage) -> String {
    let talk = stage.asked(|effect| match effect {
        Effect::Ask(_, _, talk) => Some(talk.clone()),
        _ => None,
    });
    match talk.messages().last() {
        Some(Message::You(text)) => text.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_command_is_no_question_and_a_slip_stays_in_the_line() {
    let mut stage = stage(120, 40);
    line(&mut stage, "/udno");
    assert!(stage.shows("there is no /udno: did you mean /undo?") && stage.shows("> /udno"), "{}", stage.text());
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Ask(..))));
    stage.keys("esc esc");
    line(&mut stage, "/help");
    assert!(stage.shows("/export FILE") && stage.shows("@pod/NAME"), "{}", stage.text());
    stage.keys("esc");
    line(&mut stage, "/tools");
    assert!(stage.shows("list_routes") && stage.shows("None of them writes"), "{}", stage.text());
    stage.keys("esc");
    line(&mut stage, "/redact password=hunter2-hunter2");
    assert!(
        stage.shows("sent as: ")
            && !stage.text().lines().any(|line| line.contains("sent as") && line.contains("hunter2"))
    );
    line(&mut stage, "/model other-model");
    assert!(matches!(wished(&stage).1, Wish::Model(name) if name == "other-model"));
    assert!(stage.shows("from now on anthropic:other-model is asked"), "{}", stage.text());
}

#[test]
fn commands_and_objects_are_completed() {
    let mut stage = stage(120, 40);
    stage.keys("enter / e x tab");
    assert!(stage.shows("> /export"), "{}", stage.text());
    stage.keys("ctrl-u");
    stage.send(Event::Paste("why is @po".to_owned()));
    stage.keys("tab");
    assert!(stage.shows("> why is @pod/"), "{}", stage.text());
    stage.keys("tab");
    let line = |stage: &Stage| stage.text().lines().find(|line| line.contains("> why is @pod/")).unwrap().to_owned();
    let first = line(&stage);
    stage.keys("tab");
    assert_ne!(line(&stage), first, "the next of them");
    stage.keys("shift-tab");
    assert_eq!(line(&stage), first);
}

#[test]
fn an_object_that_is_named_goes_along_fenced_and_one_that_is_not_there_is_told() {
    let mut stage = stage(120, 40);
    line(&mut stage, "why is @pod/no-such-pod slow?");
    assert!(stage.shows("there is no pod no-such-pod"), "{}", stage.text());
    stage.keys("esc esc enter ctrl-u");
    stage.send(Event::Paste("why is @pod/".to_owned()));
    stage.keys("tab");
    stage.keys("enter");
    let asked = question(&stage);
    assert!(asked.contains("as brink shows it now:\n<data source=\"screen\">") && asked.contains("ready, "), "{asked}");
    let shown = stage.text();
    assert!(!shown.contains("as brink shows it now"), "what goes along is not what was typed:\n{shown}");
}

#[test]
fn what_is_under_the_cursor_is_explained_from_every_pane_and_screen() {
    for (keys, told) in [
        ("1 W", "explain Pod "),
        ("2 W", "explain what I see here"),
        ("3 W", "explain what I see here"),
        ("4 W", "explain what I see here"),
        ("1 d W", "explain what this says"),
        ("1 l W", "explain what this log says"),
        ("3 t W", "explain these figures"),
        ("? W", "explain what this says"),
    ] {
        let mut stage = stage(120, 40);
        stage.keys(keys);
        assert_eq!(stage.app.focus(), PaneKind::Agent, "{keys}");
        assert!(stage.app.screens.is_empty(), "{keys}");
        assert!(stage.shows("goes along: "), "{keys}:\n{}", stage.text());
        assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Ask(..))), "a person sends it");
        stage.keys("enter");
        let asked = question(&stage);
        assert!(asked.starts_with(told) && asked.contains("<data source=\"screen\">"), "{keys}: {asked}");
    }
}

#[test]
fn an_error_is_explained_and_without_an_agent_nothing_is_lost() {
    let mut stage = stage(120, 40);
    stage.send(Event::Notice(Failure::new("cannot list pods in shop", "ask for the right")));
    stage.keys("1 W enter");
    assert!(question(&stage).contains("cannot list pods in shop"));
    let mut stage = Stage::new(120, 40).linked();
    stage.keys("W");
    assert!(stage.shows("there is no agent to ask"), "{}", stage.text());
    let mut stage = super::agent::stage(120, 40);
    stage.keys("1 f");
    let before = stage.app.screens.len();
    stage.keys("W");
    assert_eq!(stage.app.screens.len(), before);
}

#[test]
fn the_last_exchange_is_taken_back() {
    let mut stage = stage(120, 40);
    for question in ["first question", "second question"] {
        let ticket = ask(&mut stage, question);
        tell(&mut stage, ticket, Told::Text(format!("answer to the {question}")));
        tell(&mut stage, ticket, Told::Kept(Message::Model { text: "answer".into(), calls: vec![] }));
        tell(&mut stage, ticket, Told::Ended(End::Done));
    }
    line(&mut stage, "/undo");
    assert!(matches!(wished(&stage).1, Wish::Undone));
    assert!(stage.shows("answer to the first") && !stage.shows("answer to the second"), "{}", stage.text());
    assert!(stage.shows("> second question"), "it can be asked in other words");
    stage.keys("ctrl-u");
    stage.send(Event::Paste("third".to_owned()));
    stage.keys("enter");
    let talk = stage.asked(|effect| match effect {
        Effect::Ask(_, _, talk) => Some(talk.clone()),
        _ => None,
    });
    assert_eq!((talk.messages().len(), &talk.messages()[2]), (3, &Message::You("third".into())));
}

#[test]
fn an_earlier_conversation_is_chosen_and_gone_on_with() {
    let mut stage = stage(120, 40);
    line(&mut stage, "/sessions");
    let (ticket, wish) = wished(&stage);
    assert_eq!(wish, Wish::List);
    let listed = Listed { id: "20261128-160512".into(), about: "2 questions: why is web slow?".into(), current: false };
    stage.send(Event::Talk(ticket, Ok(Granted::List(vec![listed]))));
    assert!(matches!(stage.app.screens.last(), Some(Screen::Picker(_))));
    assert!(stage.shows("20261128-160512") && stage.shows("why is web slow?"), "{}", stage.text());
    stage.keys("enter");
    let (ticket, wish) = wished(&stage);
    assert_eq!(wish, Wish::Open("20261128-160512".into()));
    let mut talk = brink::agent::Conversation::new(1000);
    talk.ask("why is web slow?");
    let told = vec![
        Retold::Asked("why is web slow?".into()),
        Retold::Told(Told::Text("One pod serves it.".into())),
        Retold::Told(Told::Ended(End::Done)),
    ];
    let opened = Opened { id: "20261128-160512".into(), talk, told, torn: true, kept_back: false };
    stage.send(Event::Talk(ticket, Ok(Granted::Opened(Box::new(opened)))));
    for shown in ["why is web slow?", "One pod serves it.", "torn", "gone on with"] {
        assert!(stage.shows(shown), "{shown}: {}", stage.text());
    }
    line(&mut stage, "/export talk.md");
    let (ticket, wish) = wished(&stage);
    assert_eq!(wish, Wish::Export("talk.md".into()));
    stage.send(Event::Talk(ticket, Err(Failure::new("cannot write talk.md: it is there already", "name a new file"))));
    assert!(stage.shows("cannot write talk.md"), "{}", stage.text());
}

/// An answer of a tool, as it reaches the pane.
fn found(stage: &mut Stage, ticket: Ticket, id: &str, number: u32, text: &str) {
    let about = "pods shop".to_owned();
    tell(stage, ticket, Told::Began { id: id.into(), name: "list".into(), about });
    let took = Duration::from_millis(42);
    tell(stage, ticket, Told::Ran { id: id.into(), ok: true, took, size: text.len(), why: String::new() });
    let (text, _) = evidence::mark(&fence::text("list", text), number).unwrap();
    tell(stage, ticket, Told::Kept(Message::Tools(vec![ToolAnswer { id: id.into(), text, ok: true }])));
}

#[test]
fn a_citation_leads_to_what_was_found_and_names_nobody_has_seen_are_marked() {
    let mut stage = stage(120, 40);
    let ticket = ask(&mut stage, "how is cart?");
    found(&mut stage, ticket, "a", 1, "cart-7d8-aaaaa Running\nlonely-0 Pending");
    let words = "pod/cart-7d8-aaaaa runs [e1], pod/lonely-0 waits [e1], pod/made-up fails [e7].";
    tell(&mut stage, ticket, Told::Text(words.into()));
    tell(&mut stage, ticket, Told::Ended(End::Done));
    assert!(stage.shows("! nobody has seen made-up in this cluster"), "{}", stage.text());
    assert!(!stage.shows("nobody has seen cart") && !stage.shows("lonely-0,"), "{}", stage.text());
    // From the newest backwards: the number nobody gave, the number of the list, the list itself.
    stage.keys("[ enter");
    assert!(stage.shows("No answer of a tool is held here as e7"), "{}", stage.text());
    stage.keys("esc [ enter");
    assert!(stage.shows("[e1] list pods shop") && stage.shows("lonely-0 Pending"), "{}", stage.text());
    stage.keys("esc [ v");
    assert!(stage.shows("lonely-0 Pending"), "{}", stage.text());
    stage.keys("esc esc enter x");
    assert!(stage.shows("> x"), "without a choice enter begins a question: {}", stage.text());
}

#[test]
fn a_citation_leads_to_the_row_of_the_object_it_came_from() {
    let mut stage = stage(120, 40);
    let row = stage.app.panes.pods.rows().last().unwrap();
    let (namespace, name) = (row.namespace.to_string(), row.name.to_string());
    let ticket = ask(&mut stage, "how is it?");
    tell(&mut stage, ticket, Told::Began { id: "a".into(), name: "investigate".into(), about: "pod".into() });
    let ran = Told::Ran { id: "a".into(), ok: true, took: Duration::from_millis(9), size: 9, why: String::new() };
    tell(&mut stage, ticket, ran);
    let of = |name: &str, text: &str| fence::text(&evidence::about("describe", "Pod", Some(&namespace), name), text);
    let parts = [of(&name, "phase: Running"), fence::text("topology", "web -> api"), of("long-gone", "phase: Failed")];
    let (text, count) = evidence::mark(&parts.join("\n"), 1).unwrap();
    assert_eq!(count, 3);
    tell(&mut stage, ticket, Told::Kept(Message::Tools(vec![ToolAnswer { id: "a".into(), text, ok: true }])));
    tell(&mut stage, ticket, Told::Text("It runs [e1] and calls api [e2]; another failed [e3].".into()));
    tell(&mut stage, ticket, Told::Ended(End::Done));
    // A row that is not there any more, and what is no object: the part of the answer opens.
    stage.keys("[ enter");
    assert!(stage.shows("phase: Failed") && !stage.shows("web -> api"), "{}", stage.text());
    stage.keys("esc [ enter");
    assert!(stage.shows("[e2] topology") && stage.shows("web -> api"), "{}", stage.text());
    stage.keys("esc [ enter");
    assert_eq!(stage.app.focus(), PaneKind::Pods, "{}", stage.text());
    assert!(stage.app.screens.is_empty());
    assert_eq!(stage.app.panes.pods.subject().map(|subject| subject.object.name), Some(name));
    // The other key shows what was found of it.
    stage.keys("5 v");
    assert!(stage.shows("phase: Running") && !stage.shows("web -> api"), "{}", stage.text());
}

#[test]
fn a_citation_leads_to_a_pane_that_was_not_on_screen_once_its_rows_came() {
    let mut stage = stage(120, 40);
    let row = stage.app.panes.pods.rows().last().unwrap();
    let (namespace, name) = (row.namespace.to_string(), row.name.to_string());
    let ticket = ask(&mut stage, "how is it?");
    tell(&mut stage, ticket, Told::Began { id: "a".into(), name: "get".into(), about: "pod".into() });
    let ran = Told::Ran { id: "a".into(), ok: true, took: Duration::from_millis(9), size: 9, why: String::new() };
    tell(&mut stage, ticket, ran);
    let found = fence::text(&evidence::about("get", "Pod", Some(&namespace), &name), "phase: Running");
    let (text, _) = evidence::mark(&found, 1).unwrap();
    tell(&mut stage, ticket, Told::Kept(Message::Tools(vec![ToolAnswer { id: "a".into(), text, ok: true }])));
    tell(&mut stage, ticket, Told::Text("It runs [e1].".into()));
    tell(&mut stage, ticket, Told::Ended(End::Done));
    stage.keys("z");
    stage.pass(Duration::from_mins(10));
    stage.pass(Duration::from_mins(10));
    assert!(!stage.app.panes.pods.watches(), "nobody looks at them");
    stage.keys("[ enter");
    assert_eq!(stage.app.focus(), PaneKind::Pods);
    stage.pods(super::stage::shop());
    assert_eq!(stage.app.panes.pods.subject().map(|subject| subject.object.name), Some(name));
    assert!(stage.app.screens.is_empty());
}

#[test]
fn what_nobody_decided_about_is_a_card_again_once_it_was_checked_anew() {
    let mut stage = stage(120, 40);
    line(&mut stage, "/sessions");
    let (ticket, _) = wished(&stage);
    let listed = Listed { id: "one".into(), about: "1 question: chaos?".into(), current: false };
    stage.send(Event::Talk(ticket, Ok(Granted::List(vec![listed]))));
    stage.keys("enter");
    let (ticket, _) = wished(&stage);
    let offer = Offer::of(&proposal(), 2);
    let title = offer.title().to_owned();
    let told = vec![
        Retold::Asked("chaos?".into()),
        Retold::Told(Told::Offered(Box::new(offer))),
        Retold::Told(Told::Ended(End::Done)),
    ];
    assert_eq!(undecided(&told).len(), 1);
    let opened =
        Opened { id: "one".into(), talk: brink::agent::Conversation::new(1000), told, torn: false, kept_back: false };
    stage.send(Event::Talk(ticket, Ok(Granted::Opened(Box::new(opened)))));
    stage.keys("z");
    assert!(
        stage.shows("was proposed here") && !stage.shows("p preview"),
        "not before it was checked: {}",
        stage.text()
    );
    stage.send(Event::Talk(ticket, Ok(Granted::Stands(Box::new(proposal())))));
    assert!(stage.shows("╭─ 1 http-delay") && stage.shows("p preview"), "{}", stage.text());
    stage.send(Event::Talk(ticket, Ok(Granted::Fell(title, "there is no Service shop/web".into()))));
    assert!(stage.shows("would no longer apply: there is no Service"), "{}", stage.text());
    stage.keys("p");
    let fault = stage.asked(|effect| match effect {
        Effect::Check(_, fault, _) => Some(fault.clone()),
        _ => None,
    });
    assert_eq!(*fault, proposal().fault);
    // What comes late for a conversation that was left is not shown in the next.
    line(&mut stage, "/new");
    stage.send(Event::Talk(ticket, Ok(Granted::Stands(Box::new(proposal())))));
    assert!(!stage.shows("http-delay"), "{}", stage.text());
}

#[test]
fn what_was_applied_or_let_go_or_taken_back_stands_no_longer() {
    let offer = || Retold::Told(Told::Offered(Box::new(Offer::of(&proposal(), 1))));
    let title = proposal().title().to_owned();
    let asked = || Retold::Asked("chaos?".into());
    let decided = |decision| Retold::Decided(title.clone(), decision);
    for (told, count) in [
        (vec![asked(), offer(), decided(Decision::Opened)], 1),
        (vec![asked(), offer(), decided(Decision::Opened), decided(Decision::Applied)], 0),
        (vec![asked(), offer(), decided(Decision::Rejected)], 0),
        (vec![asked(), offer(), asked(), Retold::Undone], 1),
        (vec![asked(), offer(), Retold::Undone], 0),
        (vec![asked(), offer(), asked(), offer()], 1),
        (vec![asked(), offer(), decided(Decision::Applied), asked(), offer()], 1),
    ] {
        assert_eq!(undecided(&told).len(), count, "{told:?}");
    }
}

#[test]
fn long_answers_fold_once_another_question_is_asked() {
    let mut stage = stage(120, 40);
    let ticket = ask(&mut stage, "list");
    let lines: String = (1..=80).map(|n| format!("- line number {n}\n")).collect();
    tell(&mut stage, ticket, Told::Text(lines));
    tell(&mut stage, ticket, Told::Ended(End::Done));
    assert!(stage.shows("line number 80"), "what was just said is not folded");
    let ticket = ask(&mut stage, "and now?");
    tell(&mut stage, ticket, Told::Ended(End::Done));
    assert!(stage.shows("more lines") && !stage.shows("line number 80"), "{}", stage.text());
    stage.keys("[ v G");
    assert!(stage.shows("line number 80"), "{}", stage.text());
}

/// Two hundred turns, as the doors tell them: whatever was said long ago is let go of.
#[test]
fn two_hundred_turns_hold_no_more_than_a_hundred() {
    let mut stage = stage(80, 24);
    let (rows, words) = ("web-1 Running\n".repeat(4000), "words of an answer ".repeat(1600));
    let mut held = Vec::new();
    for turn in 0..200u32 {
        let ticket = ask(&mut stage, &format!("question {turn}"));
        let mut talk = stage.asked(|effect| match effect {
            Effect::Ask(of, _, talk) if *of == ticket => Some(talk.clone()),
            _ => None,
        });
        talk.request(1000).unwrap();
        if talk.fitted() {
            tell(&mut stage, ticket, Told::Fitted(talk.messages().to_vec()));
        }
        let call = Call { id: "c".into(), name: "list".into(), arguments: "{}".into() };
        tell(&mut stage, ticket, Told::Kept(Message::Model { text: String::new(), calls: vec![call] }));
        found(&mut stage, ticket, "c", turn + 1, &rows);
        tell(&mut stage, ticket, Told::Text(words.clone()));
        tell(&mut stage, ticket, Told::Kept(Message::Model { text: words.clone(), calls: vec![] }));
        tell(&mut stage, ticket, Told::Ended(End::Done));
        stage.effects.clear();
        held.push(stage.app.panes.agent.held());
    }
    let [half, whole, twice] = [49, 99, 199].map(|turn| held[turn] >> 10);
    println!("held after 50 turns {half} KiB, after 100 {whole} KiB, after 200 {twice} KiB");
    let most = held[..120].iter().max().unwrap();
    assert!(held.iter().all(|bytes| bytes * 10 <= most * 11), "{held:?}");
}

/// A model that is faster than anybody reads: no key is lost, whatever comes in between.
#[test]
fn five_thousand_tokens_lose_no_key() {
    let mut stage = stage(120, 40);
    let ticket = ask(&mut stage, "tell me everything");
    stage.keys("enter");
    let began = std::time::Instant::now();
    let mut typed = String::new();
    for token in 0..5000u32 {
        let word = if token % 40 == 39 { "end.\n\n" } else { "token " };
        tell(&mut stage, ticket, Told::Text(word.into()));
        if token % 50 == 0 {
            let letter = char::from(b'a' + u8::try_from(token / 50 % 26).unwrap());
            typed.push(letter);
            stage.keys(&letter.to_string());
        }
        if token % 80 == 0 {
            stage.frame();
        }
    }
    println!("5,000 tokens, 100 keys and 63 frames took {:?}", began.elapsed());
    assert_eq!(stage.app.panes.agent.line(), Some(typed.as_str()));
}
