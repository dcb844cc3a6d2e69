//! Views: tables as they were seen, under names.

use brink::{
    cluster::columns::{Direction, Sort},
    config::custom::Customs,
    msg::{
        Effect, Event, Failure,
        line::{Place, Request},
        saved::Kept,
    },
};

use super::{
    objects::{discover, discovery, show},
    screens::check,
    stage::Stage,
};

const FILE: &str = r#"
[saved.crashing]
kind = "pods"
namespace = "*"
filter = "!Running"
sort = "RS:desc"

[saved.big]
kind = "deploy"
namespace = "infra"
labels = "tier=a"
sort = "READY:desc"
wide = true

[contexts.prod.saved.night]
kind = "nodes"
"#;

fn custom() -> Customs {
    brink::config::custom::parse("saved.toml", FILE).unwrap()
}

fn line(stage: &mut Stage, text: &str) {
    stage.keys(":");
    stage.send(Event::Paste(text.to_owned()));
    stage.keys("enter");
}

fn kept(stage: &Stage) -> (brink::base::Ticket, String, Option<String>, Option<Request>) {
    stage.asked(|effect| match effect {
        Effect::KeepView(ticket, name, context, view) => {
            Some((*ticket, name.clone(), context.clone(), view.as_deref().cloned()))
        }
        _ => None,
    })
}

#[test]
fn a_view_is_shown_as_it_was_seen() {
    let mut stage = Stage::full_with(120, 40, |start| start.custom = custom());
    line(&mut stage, "view crashing");
    assert_eq!(stage.app.world.namespace, None);
    let scope = stage.asked(|effect| match effect {
        Effect::WatchPods(_, scope) => Some(scope.namespace.clone()),
        _ => None,
    });
    assert_eq!(scope, None);
    assert!(stage.shows("/!Running") && stage.shows("▲rs"), "{}", stage.text());
    discover(&mut stage, discovery());
    line(&mut stage, "view big");
    let (scope, kind) = stage.asked(|effect| match effect {
        Effect::WatchTable(_, kind, scope, _) => Some((scope.clone(), kind.plural.clone())),
        _ => None,
    });
    assert_eq!(
        (kind.as_str(), scope.namespace.as_deref(), scope.labels.as_str()),
        ("deployments", Some("infra"), "tier=a")
    );
    assert!(stage.shows("wide"), "{}", stage.text());
}

#[test]
fn what_is_seen_is_saved_whole() {
    let mut stage = Stage::full_with(120, 40, |start| start.custom = custom());
    show(&mut stage);
    stage.keys("shift-right / w e b enter");
    line(&mut stage, "save mine");
    let (ticket, name, context, view) = kept(&stage);
    let view = view.unwrap();
    assert_eq!((name.as_str(), context), ("mine", None));
    assert_eq!(
        (view.word.as_str(), &view.place, view.filter.as_str()),
        ("deployments.apps", &Place::Named("shop".to_owned()), "web")
    );
    assert_eq!(view.sort, Some(Sort { column: "READY".to_owned(), direction: Direction::Ascending }));
    let mut all = custom().all.saved;
    all.insert(name, view);
    let file = "/home/x/.config/brink/saved.toml".to_owned();
    stage.send(Event::Views(ticket, Ok(Kept { file, all, contexts: Vec::new() })));
    assert!(stage.shows("is saved: `:view mine` shows it"), "{}", stage.text());
    // It is there without a new start.
    stage.keys(":");
    stage.send(Event::Paste("view m".to_owned()));
    assert!(stage.shows("view mine"), "{}", stage.text());
    stage.keys("esc");
    line(&mut stage, "view save other @");
    assert_eq!(kept(&stage).2.as_deref(), Some("kind-demo"));
    line(&mut stage, "view delete mine");
    let (ticket, name, _, view) = kept(&stage);
    assert_eq!((name.as_str(), view), ("mine", None));
    stage.send(Event::Views(ticket, Err(Failure::new("saved.toml cannot be written: no room", "make room"))));
    assert!(stage.shows("no room: make room"), "{}", stage.text());
}

#[test]
fn views_are_listed_and_chosen() {
    let mut stage = Stage::full_with(80, 24, |start| start.custom = custom());
    line(&mut stage, "view");
    check("views-80x24", &stage);
    assert!(!stage.shows("night"), "another context's");
    stage.keys("g enter");
    assert!(matches!(stage.app.screens.last(), Some(brink::app::Screen::Objects(_))) || stage.app.screens.is_empty());
    line(&mut stage, "view crahsing");
    assert!(stage.shows("did you mean crashing?"), "{}", stage.text());
    let mut bare = Stage::full(80, 24);
    line(&mut bare, "view");
    assert!(bare.shows(":save NAME"), "{}", bare.text());
    line(&mut bare, "save delete");
    assert!(bare.shows("means something else"), "{}", bare.text());
    bare.keys("4");
    line(&mut bare, "save x");
    assert!(bare.shows("no table here"), "{}", bare.text());
}
