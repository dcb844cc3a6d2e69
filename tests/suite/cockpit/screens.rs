//! Every pane at three sizes, as text and as style runs. `docs/screens/` holds the same frames ([`document`]); `BRINK_BLESS=1`
//! writes them.

use std::{collections::BTreeMap, env, fs, path::Path};

use ratatui::{
    buffer::{Buffer, Cell},
    style::Style,
};
use rstest::rstest;

use super::stage::{Stage, text};

/// Cells by style: each style gets a letter in order of first sight, and the legend says what it is.
fn styles(buf: &Buffer) -> String {
    let mut letters: BTreeMap<String, char> = BTreeMap::new();
    let mut names = Vec::new();
    let mut next = ('a'..='z').chain('A'..='Z').chain('0'..='9');
    let mut lines = Vec::new();
    for y in 0..buf.area.height {
        let mut line = String::new();
        for x in 0..buf.area.width {
            let style: Style = buf[(x, y)].style();
            let name = format!("{:?} on {:?} {:?}", style.fg, style.bg, style.add_modifier);
            let letter = *letters.entry(name.clone()).or_insert_with(|| {
                let letter = next.next().expect("fewer styles than letters");
                names.push(format!("{letter} = {name}"));
                letter
            });
            line.push(letter);
        }
        lines.push(runs(&line));
    }
    format!("{}\n{}", lines.join("\n"), names.join("\n"))
}

/// `aaab` as `3a b`.
fn runs(line: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let mut count = 1;
        while chars.peek() == Some(&c) {
            chars.next();
            count += 1;
        }
        out.push(if count == 1 { c.to_string() } else { format!("{count}{c}") });
    }
    out.join(" ")
}

pub fn check(name: &str, stage: &Stage) {
    let buf = stage.frame();
    insta::assert_snapshot!(name.to_owned(), format!("{}\n{}", text(&buf), styles(&buf)));
}

/// The same frame stands in `docs/screens/`.
pub fn document(name: &str, stage: &Stage) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screens");
    let path = folder.join(format!("{name}.txt"));
    let now = stage.text();
    in_ascii(name, stage);
    if env::var_os("BRINK_BLESS").is_some() {
        fs::create_dir_all(&folder).unwrap();
        fs::write(&path, &now).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == now, "docs/screens/{name}.txt is stale: run the suite with BRINK_BLESS=1");
}

#[rstest]
fn every_pane_at_three_sizes(
    #[values((80, 24), (120, 40), (200, 60))] (width, height): (u16, u16),
    #[values(("pods", "1"), ("routes", "2"), ("mesh", "3"), ("faults", "4"), ("agent", "5"))] (name, key): (&str, &str),
) {
    let mut stage = Stage::full(width, height);
    stage.keys(key);
    check(&format!("{name}-{width}x{height}"), &stage);
    document(&format!("{name}-{width}x{height}"), &stage);
}

#[rstest]
#[case("zoomed-120x40", 120, 40, "2 z")]
#[case("filtered-80x24", 80, 24, "/ c a r t enter")]
#[case("filtered-away-80x24", 80, 24, "/ z z z enter")]
#[case("command-80x24", 80, 24, ": r o")]
#[case("sorted-80x24", 80, 24, "S")]
#[case("all-namespaces-120x40", 120, 40, "0")]
fn what_keys_do_to_the_screen(#[case] name: &str, #[case] width: u16, #[case] height: u16, #[case] keys: &str) {
    let mut stage = Stage::full(width, height);
    stage.keys(keys);
    check(name, &stage);
}

#[test]
fn sixteen_colours_and_none_are_drawn_too() {
    use brink::config::{Depth, Theme};
    for (name, depth) in [("pods-16-colours", Depth::Sixteen), ("pods-mono", Depth::Mono)] {
        let mut stage = Stage::with(80, 24, |start| start.theme = Theme::standard(depth)).linked();
        stage.pods(super::stage::shop());
        check(name, &stage);
    }
}

/// The same frame for a terminal without other letters: every cell is one of ASCII, and the frame is as wide.
fn in_ascii(name: &str, stage: &Stage) {
    let mut buf = stage.frame();
    brink::widgets::ascii::only(&mut buf);
    let odd: Vec<&str> = buf.content.iter().map(Cell::symbol).filter(|s| !s.is_ascii() || s.len() != 1).collect();
    assert!(odd.is_empty(), "{name}: {odd:?}");
    // Nothing of the cockpit's own became a question mark: there is a like sign for each.
    let marks = |buf: &Buffer| buf.content.iter().filter(|cell| cell.symbol() == "?").count();
    assert_eq!(marks(&buf), marks(&stage.frame()), "{name}:\n{}", text(&buf));
}

#[rstest]
fn ascii_terminals_see_only_ascii(#[values((80, 24), (120, 40), (200, 60))] (width, height): (u16, u16)) {
    for keys in ["1", "2", "3", "4", "5", "3 g", "esc 1 ?", "esc : r o", "esc / c a r t", "enter d"] {
        let mut stage = Stage::full_with(width, height, |start| start.theme.ascii = true);
        stage.keys(keys);
        let shown = stage.text();
        assert!(
            shown.is_ascii(),
            "{:?} after {keys} in\n{shown}",
            shown.chars().filter(|c| !c.is_ascii()).collect::<Vec<_>>()
        );
    }
}
