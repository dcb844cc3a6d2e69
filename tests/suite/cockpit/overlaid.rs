//! What the settings say of one context: put on when the cockpit goes there, taken off when it leaves.

use std::sync::Arc;

use brink::{
    agent::Model,
    base::Ground,
    config::{
        Depth, Role, Theme,
        io::overlays,
        overlay::{Overlays, Sources},
        settings::{Settings, parse},
        theme::Worn,
    },
    msg::{Effect, Event, event::Names},
};

use super::stage::Stage;

const FILE: &str = r#"
theme = "default"
favourites = ["pay"]

[contexts."*prod*"]
theme = "light"
keymap = "vim"
readonly = true
prometheus = "none"
namespace = "pay"
no-agent = true
"#;

fn overlays() -> Overlays {
    let sources = Sources { file: parse("config.toml", FILE).unwrap(), ..Sources::default() };
    let now = Settings::resolve(&sources.flags, &sources.environment, &sources.file, None);
    let (overlays, notices) = overlays::read(sources, &now, Depth::True, Ground::default(), false);
    assert_eq!(notices, Vec::<String>::new());
    overlays
}

fn theme(name: &str) -> Theme {
    overlays().themes[name].0.clone()
}

fn go(stage: &mut Stage, context: &str) {
    stage.keys(":");
    stage.send(Event::Paste(format!("ctx {context}")));
    stage.keys("enter");
}

fn link(stage: &mut Stage, context: &str) {
    let ticket = stage.asked(|effect| match effect {
        Effect::Link(ticket, _) => Some(*ticket),
        _ => None,
    });
    let names = Names { context: context.to_owned(), namespace: "default".to_owned(), ..Names::default() };
    stage.send(Event::Linked(ticket, names));
}

fn ground(stage: &Stage) -> ratatui::style::Color {
    stage.frame()[(0, 5)].style().bg.unwrap()
}

#[test]
fn they_are_put_on_at_once_and_taken_off_again() {
    let model = Model { name: "m".to_owned(), ..any_model() };
    let mut stage = Stage::with(120, 40, |start| {
        start.theme = theme("default");
        start.worn = Worn::default();
        start.overlays = Arc::new(overlays());
        start.agent = Ok(model);
    })
    .linked();
    let before = ground(&stage);
    assert!(stage.app.panes.agent.ready());
    go(&mut stage, "eu-prod");
    // Before anything of the other cluster is known.
    assert_eq!(ground(&stage), theme("light").style(Role::Text).bg.unwrap());
    assert!(stage.app.world.readonly && !stage.app.panes.agent.ready());
    link(&mut stage, "eu-prod");
    assert_eq!(stage.app.world.namespace.as_deref(), Some("pay"));
    assert!(
        stage.shows("read-only") && !stage.effects.iter().rev().take(8).any(|one| matches!(one, Effect::Measure(..)))
    );
    go(&mut stage, "kind-demo");
    assert_eq!(ground(&stage), before);
    assert!(!stage.app.world.readonly && stage.app.panes.agent.ready());
    link(&mut stage, "kind-demo");
    assert_eq!(stage.app.world.namespace.as_deref(), Some("default"));
}

#[test]
fn a_theme_chosen_by_hand_stays_where_the_settings_name_no_other() {
    let mut stage = Stage::with(120, 40, |start| {
        start.theme = theme("default");
        start.overlays = Arc::new(overlays());
    })
    .linked();
    stage.keys(":");
    stage.send(Event::Paste("theme kiln".to_owned()));
    stage.keys("enter");
    let ticket = stage.asked(|effect| match effect {
        Effect::Themes(ticket) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Themes(ticket, Vec::new()));
    let kiln = ground(&stage);
    go(&mut stage, "dev");
    assert_eq!(ground(&stage), kiln);
    go(&mut stage, "eu-prod");
    assert_ne!(ground(&stage), kiln);
}

#[test]
fn favourites_come_first_where_a_namespace_is_chosen() {
    let mut stage = Stage::with(120, 40, |start| start.overlays = Arc::new(overlays())).linked();
    let ticket = stage.asked(|effect| match effect {
        Effect::Namespaces(ticket) => Some(*ticket),
        _ => None,
    });
    let names = ["infra", "pay", "shop"].map(str::to_owned).to_vec();
    stage.send(Event::Namespaces(ticket, Ok(names)));
    stage.keys("ctrl-n");
    let text = stage.text();
    let at = |name: &str| text.find(name).unwrap();
    assert!(at("pay ") < at("infra") && stage.shows("favourite"), "{text}");
}

fn any_model() -> Model {
    use brink::agent::{Tuning, model::KeySource, wire::Wire};
    Model {
        wire: Wire::OpenAi,
        base_url: "http://127.0.0.1:1/v1".to_owned(),
        name: String::new(),
        key: KeySource::Env { names: Vec::new(), needed: false },
        max_tokens: 1024,
        context_tokens: 100_000,
        tuning: Tuning::default(),
    }
}
