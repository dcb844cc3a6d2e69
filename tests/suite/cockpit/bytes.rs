//! What a frame costs on the wire, and that a terminal ends up showing exactly what was drawn.

use std::time::Duration;

use brink::{
    cluster::{Source, logs::LogBatch},
    msg::{Effect, Event},
    runtime::paint::Painter,
};
use proptest::prelude::*;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Modifier, Style},
};
use rstest::rstest;

use super::{
    objects,
    stage::{Stage, crowd, log_line, noon, pod, terminal},
};

struct Screen {
    painter: Painter,
    terminal: vt100::Parser,
    size: (u16, u16),
}

impl Screen {
    fn new(width: u16, height: u16) -> Self {
        Self { painter: Painter::new(width, height), terminal: terminal(width, height), size: (width, height) }
    }

    /// Draws a frame through a terminal; gives its bytes.
    fn draw(&mut self, stage: &Stage) -> usize {
        let bytes = self.painter.frame(|buf| stage.app.view(buf)).to_vec();
        self.terminal.process(&bytes);
        self.same(&stage.frame());
        bytes.len()
    }

    fn same(&self, wanted: &Buffer) {
        for y in 0..self.size.1 {
            for x in 0..self.size.0 {
                let cell = self.terminal.screen().cell(y, x).unwrap();
                if cell.is_wide_continuation() {
                    continue;
                }
                let shown = if cell.has_contents() { cell.contents() } else { " " };
                assert_eq!(shown, wanted[(x, y)].symbol(), "at {x},{y}");
                let color = |color: vt100::Color| match color {
                    vt100::Color::Default => Color::Reset,
                    vt100::Color::Idx(n) => Color::Indexed(n),
                    vt100::Color::Rgb(r, g, b) => Color::Rgb(r, g, b),
                };
                assert_eq!(color(cell.bgcolor()), wanted[(x, y)].bg, "ground at {x},{y}");
                if shown != " " {
                    assert_eq!(color(cell.fgcolor()), wanted[(x, y)].fg, "colour of {shown} at {x},{y}");
                    assert_eq!(
                        cell.bold(),
                        wanted[(x, y)].modifier.contains(Modifier::BOLD),
                        "bold of {shown} at {x},{y}"
                    );
                }
            }
        }
    }
}

fn crowded() -> Stage {
    let mut stage = Stage::new(200, 60).linked();
    stage.keys("0");
    stage.pods(crowd(10_000));
    stage.keys("z");
    stage
}

#[test]
fn frames_stay_within_their_budgets() {
    let mut stage = crowded();
    let mut screen = Screen::new(200, 60);
    let first = screen.draw(&stage);
    assert!(first <= 20_000, "first frame {first}");
    assert_eq!(screen.draw(&stage), 0, "an identical frame is no bytes");
    stage.keys("j");
    let cursor = screen.draw(&stage);
    assert!(cursor <= 800, "cursor {cursor}");
    stage.keys("ctrl-f");
    let page = screen.draw(&stage);
    assert!(page <= 8_000, "page {page}");
    println!("first {first}, cursor {cursor}, page {page} bytes at 200x60");
}

#[test]
fn one_changed_cell_is_a_hundred_bytes_at_most() {
    let mut stage = Stage::new(80, 24).linked();
    stage.pods((1..9).map(|at| pod(at, &format!("web-{at}-aaaaa"), (1, 1), "Running", 0, 200_000)).collect());
    let mut screen = Screen::new(80, 24);
    screen.draw(&stage);
    stage.pods(vec![pod(3, "web-3-aaaaa", (1, 1), "Running", 1, 200_000)]);
    let changed = screen.draw(&stage);
    assert!((1..=100).contains(&changed), "{changed}");
}

/// The screens above the panes, each as large as it gets: what a page of it costs, a moved cursor, one cell that changed.
#[rstest]
#[case((200, 60), 6_000, 6_500)]
#[case((80, 24), 1_500, 2_000)]
fn screens_above_the_panes_stay_within_their_budgets(
    #[case] (width, height): (u16, u16),
    #[case] most: usize,
    #[case] opened: usize,
) {
    let mut stage = Stage::full(width, height);
    objects::show_many(&mut stage, 2_000);
    let mut screen = Screen::new(width, height);
    screen.draw(&stage);
    stage.keys("j");
    let cursor = screen.draw(&stage);
    stage.keys("ctrl-f");
    let table = screen.draw(&stage);
    stage.keys("g");
    screen.draw(&stage);
    let seen = (1..2_000).find(|at| stage.shows(&format!("-{at:05}"))).unwrap();
    objects::change_one(&mut stage, seen, "1/2");
    let changed = screen.draw(&stage);

    let mut stage = Stage::full(width, height);
    stage.keys("l");
    let ticket = stage.asked(|effect| match effect {
        Effect::Log(ticket, _) => Some(*ticket),
        _ => None,
    });
    let line = |at: usize| {
        log_line("reviews", &format!("GET /reviews/{at} 200 {} ms user=anonymous trace=4bf92f35{at:04}", at % 41))
    };
    let batch = LogBatch { dropped: 0, lines: (0..2_000).map(line).collect(), source: Source::Live };
    stage.send(Event::Log(ticket, batch));
    let mut screen = Screen::new(width, height);
    screen.draw(&stage);
    stage.keys("ctrl-b");
    let log = screen.draw(&stage);

    let mut stage = Stage::full(width, height);
    let mut screen = Screen::new(width, height);
    screen.draw(&stage);
    stage.keys("m");
    let actions = screen.draw(&stage);
    stage.keys("j");
    let action = screen.draw(&stage);
    println!(
        "{width}x{height}: table {table} B a page, {cursor} B the cursor, {changed} B a cell; log {log} B; actions {actions} B, {action} B the cursor"
    );
    assert!(table <= most && log <= most && actions <= opened, "{table} {log} {actions}");
    assert!((1..=100).contains(&changed), "{changed}");
    assert!(cursor <= 800 && action <= 800, "{cursor} {action}");
}

#[test]
fn screens_above_the_panes_send_nothing_while_they_stand() {
    let table = |stage: &mut Stage| objects::show_many(stage, 200);
    let log = |stage: &mut Stage| {
        stage.keys("l");
        let ticket = stage.asked(|effect| match effect {
            Effect::Log(ticket, _) => Some(*ticket),
            _ => None,
        });
        let lines = (0..100).map(|at| log_line("a", &format!("line {at}"))).collect();
        stage.send(Event::Log(ticket, LogBatch { dropped: 0, lines, source: Source::Live }));
    };
    let actions = |stage: &mut Stage| stage.keys("m");
    for name in ["table", "log", "actions"] {
        let mut stage = Stage::full(80, 24);
        match name {
            "table" => table(&mut stage),
            "log" => log(&mut stage),
            _ => actions(&mut stage),
        }
        let mut screen = Screen::new(80, 24);
        screen.draw(&stage);
        let mut sent = 0;
        for _ in 0..120 {
            stage.pass(Duration::from_millis(500));
            sent += screen.draw(&stage);
        }
        println!("{name}: {sent} B in a minute");
        assert!(sent <= 600, "{name}: {sent} bytes in a minute");
    }
}

/// A terminal that does not know what joins the characters of a picture draws it wider; what stands behind it is drawn over that.
#[test]
fn pictures_of_several_characters_leave_nothing_behind_in_any_terminal() {
    let frames = ["abcdefghij", "👩‍👩‍👧cdefghij", "xxcdefghij", "❤️cdefghij", "🇩🇪cdefghij", "ycdefghij"];
    let mut painter = Painter::new(12, 1);
    let mut screen = terminal(12, 1);
    for wanted in frames {
        let bytes = painter
            .frame(|buf| {
                buf.set_string(0, 0, wanted, Style::new());
                None
            })
            .to_vec();
        screen.process(&bytes);
        let shown = screen.screen().contents();
        let shown = shown.trim_end();
        assert!(shown.ends_with("cdefghij"), "{wanted}: {shown:?}");
        let before: String = shown.trim_end_matches("cdefghij").chars().filter(char::is_ascii_alphabetic).collect();
        let letters: String = wanted.chars().filter(char::is_ascii_alphabetic).collect();
        assert_eq!(before, letters.trim_end_matches("cdefghij"), "{wanted}: {shown:?}");
    }
}

#[test]
fn an_idle_screen_sends_nothing() {
    let mut stage = Stage::with(80, 24, |start| start.metrics = false).linked();
    stage.pods((1..9).map(|at| pod(at, &format!("web-{at}-aaaaa"), (1, 1), "Running", 0, 200_000)).collect());
    let mut screen = Screen::new(80, 24);
    screen.draw(&stage);
    let mut sent = 0;
    for _ in 0..120 {
        stage.pass(Duration::from_millis(500));
        sent += screen.draw(&stage);
    }
    // In a minute the clock moves once, and nothing else does.
    assert!(sent <= 80, "{sent} bytes in a minute");
    assert_eq!(stage.now.server, noon() + jiff::SignedDuration::from_mins(1));
}

#[test]
fn changed_cells_are_bold_for_two_seconds() {
    let mut stage = Stage::new(80, 24).linked();
    stage.pods(vec![
        pod(1, "web-1-aaaaa", (1, 1), "Running", 0, 200_000),
        pod(2, "web-2-aaaaa", (1, 1), "Running", 0, 200_000),
    ]);
    stage.pods(vec![pod(2, "web-2-aaaaa", (0, 1), "Error", 0, 200_000)]);
    let bold = |stage: &Stage| {
        let buf = stage.frame();
        let row =
            (0..24).find(|y| (0..80).map(|x| buf[(x, *y)].symbol()).collect::<String>().contains("web-2")).unwrap();
        (0..80).filter(|x| buf[(*x, row)].modifier.contains(Modifier::BOLD)).count()
    };
    assert!(bold(&stage) >= "0/1Error".len());
    stage.pass(Duration::from_millis(2100));
    assert_eq!(bold(&stage), 0);
}

fn cell() -> impl Strategy<Value = (u16, u16, &'static str, Style)> {
    let color = prop::sample::select(vec![
        Color::Reset,
        Color::Red,
        Color::Indexed(200),
        Color::Rgb(1, 2, 3),
        Color::LightBlue,
    ]);
    let modifier =
        prop::sample::select(vec![Modifier::empty(), Modifier::BOLD, Modifier::BOLD.union(Modifier::UNDERLINED)]);
    let symbol = prop::sample::select(vec!["a", "─", "é", "漢", " ", "█", "…"]);
    (0u16..19, 0u16..5, symbol, color.clone(), color, modifier)
        .prop_map(|(x, y, symbol, fg, bg, modifier)| (x, y, symbol, Style::new().fg(fg).bg(bg).add_modifier(modifier)))
}

proptest! {
    #[test]
    fn a_terminal_shows_what_was_drawn(frames in prop::collection::vec(prop::collection::vec(cell(), 0..40), 1..6)) {
        let mut painter = Painter::new(20, 5);
        let mut terminal = terminal(20, 5);
        for frame in frames {
            let mut wanted = Buffer::empty(Rect::new(0, 0, 20, 5));
            for (x, y, symbol, style) in &frame {
                wanted.set_stringn(*x, *y, symbol, 2, *style);
            }
            // A wide glyph cut by a later neighbour is the caller's mistake, not the painter's: such frames are left out.
            let torn = (0..5).any(|y| (0..19).any(|x| wanted[(x, y)].symbol() == "漢" && wanted[(x + 1, y)].symbol() != " "));
            prop_assume!(!torn);
            let bytes = painter.frame(|buf| { buf.clone_from(&wanted); None }).to_vec();
            terminal.process(&bytes);
            for y in 0..5 {
                for x in 0..20 {
                    let cell = terminal.screen().cell(y, x).unwrap();
                    if cell.is_wide_continuation() { continue; }
                    let shown = if cell.has_contents() { cell.contents() } else { " " };
                    prop_assert_eq!(shown, wanted[(x, y)].symbol(), "at {},{}", x, y);
                }
            }
            let again = painter.frame(|buf| { buf.clone_from(&wanted); None }).len();
            prop_assert_eq!(again, 0, "the same frame again is no bytes");
        }
    }
}
