//! Words fit the place where they are read: the cockpit names keys and its own command line, a command names commands.

use std::collections::BTreeMap;

use brink::{
    fault::{
        guard::NoWarrant,
        intent::Fault,
        refusal::{ApplyError, OrderError, Reader},
    },
    msg::{Command, command::COMMANDS},
    panes::Form,
};
use ratatui::layout::Rect;

use super::stage::{Stage, at, draw, every_kind, told};

/// What only a command line has where the cockpit has a key or a line of its own.
const COMMANDS_ONLY: [&str; 7] =
    ["--set", "--yes", "=…", "brink release", "brink fault abort", "brink fault plan", "plan it again"];

fn fits_the_cockpit(text: &str) {
    for word in COMMANDS_ONLY {
        assert!(!text.contains(word), "`{word}` in the cockpit: {text}");
    }
}

#[test]
fn the_form_speaks_of_fields() {
    let stage = &mut Stage::new();
    for fault in every_kind() {
        let mut empty = Fault { params: BTreeMap::default(), manifests: Vec::new(), ..fault };
        empty.params.insert("percent".to_owned(), "many".into());
        let (mut form, _) = Form::again(empty, &mut stage.cx(at(0)));
        form.update(Command::Submit, &mut stage.cx(at(0)));
        form.settle(Rect::new(0, 0, 118, 40));
        let screen = told(&draw(118, 40, |area, buf| form.view(area, buf, &stage.look(at(0)))), &stage.theme);
        fits_the_cockpit(&screen);
    }
}

#[test]
fn every_remedy_of_the_cockpit_can_be_done_there() {
    let text = || "x".to_owned();
    let applies = [
        ApplyError::Spent,
        ApplyError::Latched { by: text() },
        ApplyError::Stopped(text()),
        ApplyError::Unfit(text()),
        ApplyError::Guard(NoWarrant::YesInProduction),
        ApplyError::Guard(NoWarrant::Stale),
        ApplyError::Link { what: text(), why: text() },
    ];
    for error in &applies {
        fits_the_cockpit(&error.fix(Reader::Cockpit));
        assert!(!error.fix(Reader::CommandLine).contains("pane"), "{}", error.fix(Reader::CommandLine));
    }
    let orders = [
        OrderError::Unknown(text()),
        OrderError::NotNow { id: text(), state: "active", why: text() },
        OrderError::NotYours { id: text(), owner: text(), why: text() },
        OrderError::ReadOnly,
    ];
    for error in &orders {
        fits_the_cockpit(&error.fix(Reader::Cockpit));
        assert!(!error.fix(Reader::CommandLine).contains("pane"), "{}", error.fix(Reader::CommandLine));
    }
    assert!(ApplyError::Latched { by: text() }.fix(Reader::Cockpit).contains(":release REASON"));
    assert!(ApplyError::Latched { by: text() }.fix(Reader::CommandLine).contains("brink release --reason"));
}

#[test]
fn the_help_speaks_of_keys() {
    for spec in COMMANDS {
        fits_the_cockpit(spec.doc);
    }
}
