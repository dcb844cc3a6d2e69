//! Letters of every script, pictures made of several characters, and what would turn or hide text: wherever it comes from, every
//! line is exactly as wide as its place ([`Stage::frame`] looks at each), and what is cut says so.

use std::sync::Arc;

use brink::{
    agent::Told,
    base::{sanitize, width},
    cluster::{Source, address::ContextName, logs::LogBatch},
    msg::{Effect, Event, Failure},
    widgets::put,
};
use proptest::prelude::*;
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    agent, objects,
    stage::{Stage, exact, log_line, pod, text},
};

const PIECES: [&str; 33] = [
    "web-1",
    " ",
    "a",
    "漢字",
    "한국어",
    "ᄀ",
    "ﾊﾟ",
    "ｶﾞ",
    "👩‍👩‍👧‍👦",
    "👍🏽",
    "🇩🇪",
    "🇩",
    "❤️",
    "❤",
    "1️⃣",
    "☎️",
    "e\u{301}\u{302}",
    "\u{301}",
    "لا",
    "שלום",
    "नमस्ते",
    "ไทยนี้",
    "\u{202e}",
    "\u{200f}",
    "\u{2066}",
    "\u{200d}",
    "\u{fe0f}",
    "\t",
    "\x1b[31m",
    "﷽",
    "𒐫",
    "🧑‍🚀",
    "\u{1F3FD}",
];

fn odd(longest: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..longest).prop_map(|pieces| pieces.concat())
}

fn size() -> impl Strategy<Value = (u16, u16)> {
    prop::sample::select(vec![(40, 10), (80, 24), (120, 40), (200, 60)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn tables_logs_and_texts_fit(text in odd(60), other in odd(12), (wide, high) in size(), wrapped: bool) {
        let mut stage = Stage::full(wide, high);
        let mut row = pod(40, "zzz-1-last", (1, 1), "Running", 0, 5);
        row.status = Arc::from(sanitize::line(&text).as_ref());
        row.node = Arc::from(sanitize::line(&other).as_ref());
        stage.pods(vec![row]);
        stage.frame();
        stage.keys("/ z z z enter l");
        let ticket = stage.asked(|effect| match effect {
            Effect::Log(ticket, _) => Some(*ticket),
            _ => None,
        });
        let lines = vec![log_line("a", &text), log_line(&other, &format!("{other}{text}{other}"))];
        stage.send(Event::Log(ticket, LogBatch { dropped: 0, lines, source: Source::Live }));
        stage.frame();
        if wrapped {
            stage.keys("w");
            stage.frame();
        }
        stage.keys("right right /");
        stage.send(Event::Paste(other.clone()));
        stage.frame();
        stage.keys("enter esc esc d");
        let ticket = stage.asked(|effect| match effect {
            Effect::Describe(ticket, _) => Some(*ticket),
            _ => None,
        });
        stage.send(Event::Text(ticket, Ok(format!("{text}\n{other}\n{text}{text}"))));
        stage.frame();
        stage.keys("right");
        stage.frame();
    }

    #[test]
    fn prompts_notices_and_lists_fit(text in odd(40), other in odd(8), (wide, high) in size()) {
        let mut stage = Stage::full(wide, high);
        stage.send(Event::Notice(Failure::new(text.clone(), other.clone())));
        stage.frame();
        stage.keys("esc :");
        stage.send(Event::Paste(text.clone()));
        for keys in ["left", "home", "end", "left"] {
            stage.frame();
            stage.keys(keys);
        }
        stage.keys("esc /");
        stage.send(Event::Paste(text.clone()));
        stage.frame();
        stage.keys("esc ctrl-g");
        let ticket = stage.asked(|effect| match effect {
            Effect::Contexts(ticket) => Some(*ticket),
            _ => None,
        });
        let context = ContextName { name: text.clone(), cluster: other.clone(), user: text, namespace: other, current: true };
        stage.send(Event::Contexts(ticket, Ok(vec![context])));
        stage.frame();
    }

    #[test]
    fn what_is_said_fits(text in odd(60), other in odd(20), (wide, high) in size()) {
        let mut stage = agent::stage(wide, high);
        let ticket = agent::ask(&mut stage, &format!("why {other}"));
        agent::tell(&mut stage, ticket, Told::Text(format!("# {other}\n{text}\n\n- {text}\n\n| {other} | b |\n|---|---|\n| {text} | {other} |\n\n`{text}`\n\n```\n{text}\n```\n> {text}")));
        stage.frame();
        stage.keys("z");
        stage.frame();
    }

    #[test]
    fn cells_of_any_kind_fit(text in odd(20), other in odd(6), (wide, high) in size()) {
        let mut stage = Stage::full(wide, high);
        objects::show_cells(&mut stage, &sanitize::line(&text), &sanitize::line(&other));
        stage.frame();
        stage.keys("w");
        stage.frame();
    }

    #[test]
    fn what_is_cut_says_so_and_stays_in_its_place(text in odd(20), cells in 1u16..30) {
        let clean = sanitize::line(&text);
        let mut buf = Buffer::empty(Rect::new(0, 0, 40, 1));
        let used = put(&mut buf, 3, 0, cells, &clean, Style::new());
        exact(&buf);
        prop_assert!(used <= cells);
        let shown = super::stage::text(&buf);
        let whole = width::width(&clean) <= usize::from(cells);
        prop_assert_eq!(whole, !shown.contains('…'), "{:?} in {}: {:?}", clean, cells, shown);
        // What stands before and behind it is not touched.
        for x in (0..3).chain(3 + cells..40) {
            prop_assert_eq!(buf[(x, 0)].symbol(), " ");
        }
    }
}

#[test]
fn nothing_that_turns_or_hides_text_is_drawn() {
    let mut stage = Stage::full(80, 24);
    stage.keys("l");
    let ticket = stage.asked(|effect| match effect {
        Effect::Log(ticket, _) => Some(*ticket),
        _ => None,
    });
    let line = log_line("a", "user \u{202e}nimda\u{202c} \u{2066}x\u{2069} \u{200f}שלום pay\u{200b}ments");
    stage.send(Event::Log(ticket, LogBatch { dropped: 0, lines: vec![line], source: Source::Live }));
    let shown = text(&stage.frame());
    assert!(shown.contains("user nimda x שלום payments"), "{shown}");
}
