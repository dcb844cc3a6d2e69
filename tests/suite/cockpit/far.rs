//! Two sides: another cluster beside the cockpit's own, which is only looked at.

use std::sync::Arc;

use brink::{
    base::Ticket,
    cluster::{Batch, Delta, Kind, Scope, Source},
    msg::{Command, Effect, Event, Failure, FarAsk, Key, command::COMMANDS, event::Names},
};
use rstest::rstest;

use super::{
    objects::{columns, discovery, row},
    screens::{check, document},
    stage::Stage,
};

fn line(stage: &mut Stage, text: &str) {
    stage.keys(":");
    stage.send(Event::Paste(text.to_owned()));
    stage.keys("enter");
}

/// The newest question of a sort on the far side.
fn asked<T>(stage: &Stage, pick: impl Fn(&FarAsk) -> Option<T>) -> (Ticket, T) {
    stage.asked(|effect| match effect {
        Effect::Far(far, ask) => pick(ask).map(|found| (*far, found)),
        _ => None,
    })
}

fn tell(stage: &mut Stage, far: Ticket, event: Event) {
    stage.send(Event::Far(far, Box::new(event)));
}

fn link(stage: &mut Stage, context: &str, production: bool) {
    let (far, ticket) = asked(stage, |ask| match ask {
        FarAsk::Link(ticket, _) => Some(*ticket),
        _ => None,
    });
    let names = Names {
        context: context.to_owned(),
        cluster: context.to_owned(),
        namespace: "shop".to_owned(),
        production,
        ..Names::default()
    };
    tell(stage, far, Event::Linked(ticket, names));
    let (far, ticket) = asked(stage, |ask| match ask {
        FarAsk::Discover(ticket) => Some(*ticket),
        _ => None,
    });
    tell(stage, far, Event::Discovered(ticket, Ok(Arc::new(discovery()))));
}

fn watched(stage: &Stage) -> (Ticket, (Ticket, Kind, Scope)) {
    asked(stage, |ask| match ask {
        FarAsk::WatchTable(ticket, kind, scope, _) => Some((*ticket, kind.clone(), scope.clone())),
        _ => None,
    })
}

fn rows(stage: &mut Stage, names: &[(&str, &str)]) {
    let (far, (ticket, ..)) = watched(stage);
    let columns = columns();
    let deltas = names.iter().zip(50..).map(|((name, ready), at)| Delta::Upsert(row(at, name, ready, &columns)));
    let batch = Batch { deltas: deltas.collect(), source: Source::Live };
    tell(stage, far, Event::Table(ticket, batch));
}

/// The deployments of production beside the cockpit's pods.
fn stage(width: u16, height: u16) -> Stage {
    let mut stage = Stage::full(width, height);
    line(&mut stage, "split deploy @eu-prod");
    link(&mut stage, "eu-prod", true);
    rows(&mut stage, &[("web", "2/2"), ("cart", "1/2"), ("ratings", "2/2")]);
    stage
}

fn far_effects(stage: &mut Stage, keys: &str) -> Vec<Effect> {
    stage.effects.clear();
    stage.keys(keys);
    stage.effects.clone()
}

#[rstest]
fn two_sides_at_three_sizes(#[values((80, 24), (120, 40), (200, 60))] (width, height): (u16, u16)) {
    let mut stage = stage(width, height);
    check(&format!("far-{width}x{height}"), &stage);
    document(&format!("two-sides-{width}x{height}"), &stage);
    stage.keys("tab");
    check(&format!("far-left-{width}x{height}"), &stage);
}

#[test]
fn where_there_is_room_for_one_the_side_with_the_focus_stands_there() {
    let mut stage = stage(80, 12);
    assert!(stage.shows("eu-prod") && stage.shows("cart") && !stage.shows("reviews-v1"), "{}", stage.text());
    check("far-one-80x12", &stage);
    stage.keys("tab");
    assert!(stage.shows("reviews-v1") && !stage.shows("ratings  "), "{}", stage.text());
    assert!(stage.shows("tab eu-prod"), "the other side is named: {}", stage.text());
    stage.resize(200, 60);
    stage.keys("z");
    assert!(!stage.shows("cart  "), "the focused side alone: {}", stage.text());
    stage.keys("z tab");
    assert!(stage.shows("cart") && stage.shows("reviews-v1"));
}

#[test]
fn the_far_side_filters_sorts_and_goes_down_by_itself() {
    let mut stage = stage(200, 60);
    stage.keys("/ c a r enter");
    assert!(stage.shows("/car") && !stage.shows("web  ") && stage.shows("reviews-v1-5d4-9qz7d"), "{}", stage.text());
    stage.keys("esc");
    let effects = far_effects(&mut stage, "enter");
    let [Effect::Far(_, FarAsk::ReadObject(_, object))] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(object.name, "cart");
    let effects = far_effects(&mut stage, "y");
    let [Effect::Far(far, FarAsk::Yaml(ticket, ..))] = effects.as_slice() else { panic!("{effects:?}") };
    let (far, ticket) = (*far, *ticket);
    tell(&mut stage, far, Event::Text(ticket, Ok("kind: Deployment of eu-prod\n".to_owned())));
    assert!(stage.shows("kind: Deployment of eu-prod"), "{}", stage.text());
    stage.keys("esc");
    let effects = far_effects(&mut stage, "l");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Far(_, FarAsk::Log(..)))), "{effects:?}");
    stage.keys("esc");
    line(&mut stage, "ns infra");
    assert_eq!(watched(&stage).1.2.namespace.as_deref(), Some("infra"));
    assert_eq!(stage.app.world.namespace.as_deref(), Some("shop"), "the near side stays where it is");
}

#[test]
fn a_command_that_only_looks_is_the_only_one_that_goes_out() {
    for spec in COMMANDS {
        // Every command, whatever its key: bound for once to one that nothing else has.
        let keymap = format!(
            "inherits = \"default\"\nname = \"x\"\n[objects]\n\"f9\" = \"{0}\"\n[global]\n\"f9\" = \"{0}\"\n",
            spec.name
        );
        let mut other = Stage::with(120, 40, |start| {
            start.keymap = brink::config::Keymap::read("x", &keymap, &|name| {
                let text = brink::config::keymap::BUILT_IN.iter().find(|(known, _)| *known == name)?.1;
                Some((name.to_owned(), text.to_owned()))
            })
            .0;
        })
        .linked();
        line(&mut other, "split deploy @eu-prod");
        link(&mut other, "eu-prod", false);
        rows(&mut other, &[("web", "2/2")]);
        other.effects.clear();
        other.keys("f9");
        for effect in &other.effects {
            let steers = matches!(
                spec.command,
                Command::Quit
                    | Command::Suspend
                    | Command::Redraw
                    | Command::CommandLine
                    | Command::StopAll
                    | Command::TakeOver
                    | Command::Abort
                    | Command::Split
            ) || spec.name.starts_with("script_")
                || spec.command.shows_pane();
            let looks = matches!(effect, Effect::Far(..) | Effect::Copy(_) | Effect::EndFar(_));
            assert!(looks || steers, "{} wants {effect:?}", spec.name);
        }
    }
}

#[rstest]
#[case("e", "edit")]
#[case("f", "fault")]
#[case("ctrl-d", "delete object")]
#[case("s", "scale")]
#[case("F", "forward")]
fn what_changes_something_is_refused_there_with_the_way_to_it(#[case] key: &str, #[case] what: &str) {
    let mut stage = stage(200, 60);
    assert_eq!(far_effects(&mut stage, key), []);
    let told =
        format!("eu-prod is only looked at on this side, {what} is not for it; alt-t makes it the cockpit's own");
    assert!(stage.shows(&told), "{}", stage.text());
    stage.keys("tab");
    line(&mut stage, "scale 3");
    let top = stage.app.screens.last();
    assert!(matches!(top, Some(brink::app::Screen::Act(_))), "on the near side it goes on as ever: {}", stage.text());
}

#[test]
fn a_line_that_changes_something_is_refused_there_too() {
    let mut stage = stage(200, 60);
    for text in ["scale 3", "delete", "cp web:/x /y", "faults -A"] {
        stage.effects.clear();
        line(&mut stage, text);
        let went = stage.effects.iter().filter(|effect| !matches!(effect, Effect::Contexts(_) | Effect::Discover(_)));
        assert_eq!(went.count(), 0, "{text}: {:?}", stage.effects);
        assert!(stage.shows("only tables"), "{text}: {}", stage.text());
    }
}

#[test]
fn keys_of_the_cockpit_itself_are_never_the_far_sides() {
    let mut stage = stage(200, 60);
    let effects = far_effects(&mut stage, "ctrl-x ctrl-x");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::StopAll(..))), "{effects:?}");
    assert_eq!(far_effects(&mut stage, "ctrl-c"), [Effect::Quit]);
}

#[test]
fn its_context_becomes_the_cockpits_own_with_its_table() {
    let mut stage = stage(200, 60);
    stage.keys("/ c a r enter");
    let effects = far_effects(&mut stage, "alt-t");
    let linked = effects.iter().find_map(|effect| match effect {
        Effect::Link(ticket, context) => Some((*ticket, context.clone())),
        _ => None,
    });
    let (ticket, context) = linked.expect("a normal switch");
    assert_eq!(context.as_deref(), Some("eu-prod"));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::EndFar(_))), "{effects:?}");
    let names = Names { context: "eu-prod".to_owned(), namespace: "shop".to_owned(), ..Names::default() };
    stage.send(Event::Linked(ticket, names));
    // It is known from the far side which kinds there are.
    let (kind, scope) = stage.asked(|effect| match effect {
        Effect::WatchTable(_, kind, scope, _) => Some((kind.plural.clone(), scope.clone())),
        _ => None,
    });
    assert_eq!((kind.as_str(), scope.namespace.as_deref()), ("deployments", Some("shop")));
    assert!(stage.shows("deployments in shop"), "{}", stage.text());
}

#[test]
fn closing_ends_it_and_late_answers_change_nothing() {
    let mut stage = stage(200, 60);
    let (far, (ticket, ..)) = watched(&stage);
    assert_eq!(far_effects(&mut stage, "|"), [Effect::EndFar(far)]);
    assert!(!stage.shows("eu-prod"), "{}", stage.text());
    let batch = Batch { deltas: vec![Delta::Upsert(row(99, "late", "1/1", &columns()))], source: Source::Live };
    tell(&mut stage, far, Event::Table(ticket, batch));
    assert!(!stage.shows("late") && stage.app.far_context().is_none());
    // `esc` on its last table closes it as well, and so does a word.
    line(&mut stage, "deploy @eu-prod beside");
    link(&mut stage, "eu-prod", false);
    assert!(matches!(far_effects(&mut stage, "esc").as_slice(), [Effect::EndFar(_)]));
    line(&mut stage, "split @eu-prod");
    link(&mut stage, "eu-prod", false);
    assert_eq!(watched(&stage).1.1.plural, "pods", "without a kind it is the table of here");
    stage.keys("tab");
    stage.effects.clear();
    line(&mut stage, "unsplit");
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::EndFar(_))), "{:?}", stage.effects);
}

#[test]
fn each_side_has_troubles_of_its_own() {
    let mut stage = Stage::full(200, 60);
    line(&mut stage, "split @gone");
    let (far, ticket) = asked(&stage, |ask| match ask {
        FarAsk::Link(ticket, context) if context.as_deref() == Some("gone") => Some(*ticket),
        _ => None,
    });
    let failure = Failure::new("there is no context gone", "did you mean kind-demo?");
    tell(&mut stage, far, Event::NotLinked(ticket, failure));
    assert!(stage.shows("there is no context gone") && stage.shows("reviews-v1-5d4-9qz7d"), "{}", stage.text());
    assert!(!stage.text().lines().next().unwrap().contains("no link"), "{}", stage.text());
    line(&mut stage, "ctx eu-prod");
    link(&mut stage, "eu-prod", false);
    let (far, (ticket, ..)) = watched(&stage);
    let cause = "cannot reach eu-prod\nbring it back".to_owned();
    let source = Source::Broken { cause, retry: std::time::Duration::from_secs(5) };
    tell(&mut stage, far, Event::Table(ticket, Batch { deltas: Vec::new(), source }));
    assert!(stage.shows("cannot reach eu-prod") && stage.shows("bring it back"), "{}", stage.text());
}

#[test]
fn a_form_has_the_whole_room_and_the_keys() {
    let mut stage = stage(200, 60);
    stage.keys("tab f");
    assert!(!stage.shows("eu-prod"), "{}", stage.text());
    stage.send(Event::Key("tab".parse::<Key>().unwrap()));
    stage.keys("esc");
    assert!(stage.shows("eu-prod") && stage.shows("reviews-v1"), "{}", stage.text());
}
