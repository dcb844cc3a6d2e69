//! What stands in a recording: what was seen, and none of the secrets that were seen.

use std::time::Duration;

use super::{
    agent::{ask, stage as with_agent, tell},
    stage::{Stage, log_line, noon, terminal},
};
use brink::{
    agent::Told,
    cluster::{Source, logs::LogBatch},
    msg::{Effect, Event},
    runtime::{Recorder, paint::Painter},
};

const TOKEN: &str = "ghp_Zx81kQ0mVb3LrT7yNw5PsUe9HdJ2aC4fGi6o";
const JWT: &str =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6Ikx4.eyJpc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2VhY2NvdW50In0.Qm9va0luZm9TaWduYXR1cmU";
const PASSWORD: &str = "hunter2-of-the-shop";

/// A cockpit whose every frame goes to a terminal and into a recording, as the loop does it.
struct Taken {
    painter: Painter,
    recorder: Recorder<Vec<u8>>,
    frames: u64,
    size: (u16, u16),
}

impl Taken {
    fn new(width: u16, height: u16) -> Self {
        let recorder = Recorder::new(Vec::new(), width, height, noon()).unwrap();
        Self { painter: Painter::new(width, height), recorder, frames: 0, size: (width, height) }
    }

    fn frame(&mut self, stage: &Stage) {
        self.painter.frame(|buf| stage.app.view(buf));
        self.frames += 1;
        let at = Duration::from_millis(self.frames * 20);
        self.recorder.frame(at, &stage.app, self.painter.shown(), self.painter.cursor()).unwrap();
    }

    fn send(&mut self, stage: &mut Stage, event: Event) {
        self.recorder.typed(&event, &stage.app);
        stage.send(event);
        self.frame(stage);
    }

    fn keys(&mut self, stage: &mut Stage, keys: &str) {
        for key in keys.split_whitespace() {
            self.send(stage, Event::Key(key.parse().unwrap()));
        }
    }

    /// The file, and the screens an emulator shows of it, one after the other.
    fn played(self) -> (String, Vec<String>) {
        let file = String::from_utf8(self.recorder.into_inner()).unwrap();
        let mut lines = file.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let head = lines.next().unwrap();
        assert_eq!((&head["version"], &head["width"]), (&2.into(), &self.size.0.into()));
        let mut screen = terminal(self.size.0, self.size.1);
        let mut before = 0.0;
        let screens = lines.map(|line| {
            assert!(line[0].as_f64().unwrap() >= before, "time runs forwards");
            before = line[0].as_f64().unwrap();
            screen.process(line[2].as_str().unwrap().as_bytes());
            screen.screen().contents()
        });
        let screens = screens.collect();
        (file, screens)
    }
}

/// Lines without the blanks behind them.
fn trimmed(screen: &str) -> String {
    screen.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// How much of the token somebody can read who plays the recording.
fn readable(screens: &[String]) -> usize {
    (1..=TOKEN.len()).rev().find(|many| screens.iter().any(|screen| screen.contains(&TOKEN[..*many]))).unwrap_or(0)
}

/// No piece of a secret stands in a text.
fn holds_none(what: &str, text: &str) {
    for secret in [TOKEN, JWT] {
        for piece in secret.as_bytes().windows(6) {
            let piece = std::str::from_utf8(piece).unwrap();
            assert!(!text.contains(piece), "{piece} of {secret} stands in {what}:\n{text}");
        }
    }
    assert!(!text.contains("hunter2"), "the password stands in {what}:\n{text}");
}

fn described(stage: &mut Stage, taken: &mut Taken, text: &str) {
    let ticket = stage.asked(|effect| match effect {
        Effect::Yaml(ticket, ..) | Effect::Describe(ticket, _) => Some(*ticket),
        _ => None,
    });
    taken.send(stage, Event::Text(ticket, Ok(text.to_owned())));
}

#[test]
fn secrets_that_are_on_the_screen_are_not_in_the_recording() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut stage = Stage::full(width, height);
        let mut taken = Taken::new(width, height);
        taken.frame(&stage);
        // YAML: scrolled to the side, so that only the end of it is seen, and wrapped.
        taken.keys(&mut stage, "1 y");
        let yaml = format!(
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  DB_PASSWORD: {PASSWORD}\n  note: {} {TOKEN} and on it goes\n  jwt: {JWT}\n",
            "x".repeat(usize::from(width) - 30)
        );
        described(&mut stage, &mut taken, &yaml);
        assert!(stage.shows("hunter2"), "the person sees it:\n{}", stage.text());
        taken.keys(&mut stage, "l l l h h h w w W");
        taken.keys(&mut stage, "esc");
        // A log that follows.
        taken.keys(&mut stage, "1 l");
        let ticket = stage.asked(|effect| match effect {
            Effect::Log(ticket, _) => Some(*ticket),
            _ => None,
        });
        for at in 0..3 {
            let lines = vec![
                log_line("a", &format!("GET /{at} Authorization: Bearer {JWT}")),
                log_line("a", &format!("{} token={TOKEN}", "y".repeat(usize::from(width) - 20))),
            ];
            taken.send(&mut stage, Event::Log(ticket, LogBatch { dropped: 0, lines, source: Source::Live }));
        }
        taken.keys(&mut stage, "esc");
        // The command line: typed key by key, and pasted.
        taken.keys(&mut stage, ":");
        taken.send(&mut stage, Event::Paste(format!("deploy -l token={TOKEN}")));
        taken.keys(&mut stage, "esc");
        let (file, screens) = taken.played();
        holds_none("the file", &file);
        for screen in &screens {
            holds_none("a screen", screen);
        }
        let shown = |part: &str| screens.iter().any(|screen| screen.contains(part));
        assert!(shown("DB_PASSWORD: (masked)"), "{}", screens.join("\n"));
        assert!(shown("GET /2 Authorization: Bearer (masked)"), "{}", screens.join("\n"));
        // What is no secret is as it was seen.
        assert_eq!(trimmed(screens.last().unwrap()), trimmed(&stage.text()));
    }
}

#[test]
fn a_conversation_is_recorded_without_what_was_said_of_secrets() {
    let mut stage = with_agent(120, 40);
    let mut taken = Taken::new(120, 40);
    let ticket = ask(&mut stage, "what is wrong?");
    // The answer comes in pieces, each of which is a frame of its own.
    let answer =
        format!("The pod logs in with {TOKEN}, which has expired.\n\n    password: {PASSWORD}\n\nThat is all.\n");
    let mut rest = answer.as_str();
    while !rest.is_empty() {
        let (piece, more) = rest.split_at(rest.len().min(24));
        tell(&mut stage, ticket, Told::Text(piece.into()));
        taken.frame(&stage);
        rest = more;
    }
    assert!(stage.shows("hunter2"), "{}", stage.text());
    let (file, screens) = taken.played();
    // What comes in pieces is covered before it is whole.
    assert!(readable(&screens) < 9, "{} characters can be read\n{file}", readable(&screens));
    assert!(!file.contains("hunter2"), "{file}");
    holds_none("the last screen", screens.last().unwrap());
    assert!(screens.last().unwrap().contains("That is all."));
}

#[test]
fn a_token_that_is_typed_is_covered_before_it_is_whole() {
    let mut stage = Stage::full(80, 24);
    let mut taken = Taken::new(80, 24);
    taken.keys(&mut stage, ":");
    for c in TOKEN.chars() {
        taken.keys(&mut stage, &c.to_string());
    }
    let (file, screens) = taken.played();
    assert!(stage.shows(TOKEN));
    assert!(readable(&screens) < 9, "{} characters can be read\n{file}", readable(&screens));
}

#[test]
fn a_frame_without_secrets_is_recorded_as_it_is() {
    let stage = Stage::full(120, 40);
    let mut taken = Taken::new(120, 40);
    taken.frame(&stage);
    let (_, screens) = taken.played();
    assert_eq!(trimmed(screens.last().unwrap()), trimmed(&stage.text()));
}
