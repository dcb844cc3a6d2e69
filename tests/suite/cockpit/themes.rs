//! Themes on the screen: every built-in one can be read and told apart, and another one is chosen by looking at it.

use brink::{
    base::Ground,
    config::{
        Depth, Role, Theme,
        color::{contrast, of256},
        theme::{BUILT_IN, ByGround, Worn, built_in},
    },
    msg::{Effect, Event, event::ThemeFile},
};
use ratatui::{buffer::Buffer, style::Color};
use rstest::rstest;

use super::stage::Stage;

fn theme(name: &str, depth: Depth) -> Theme {
    Theme::read(&built_in(name).unwrap(), depth, &built_in).0
}

/// A colour as the terminal shows it.
fn rgb(color: Color) -> Option<[u8; 3]> {
    match color {
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(index) => of256(index),
        _ => None,
    }
}

/// Marks that are drawn, not read: lines, blocks of sparks, the dots of curves.
fn drawn(symbol: &str) -> bool {
    symbol.chars().all(|c| matches!(c, '\u{2500}'..='\u{259f}' | '\u{2800}'..='\u{28ff}' | ' '))
}

/// Text of a frame whose contrast is below 4.5:1, with its place.
fn faint(buf: &Buffer) -> Vec<String> {
    let cells = buf.content.iter().enumerate().filter(|(_, cell)| !drawn(cell.symbol()));
    cells
        .filter_map(|(at, cell)| {
            let (mut fg, mut bg) = (rgb(cell.fg)?, rgb(cell.bg)?);
            if cell.modifier.contains(ratatui::style::Modifier::REVERSED) {
                std::mem::swap(&mut fg, &mut bg);
            }
            let found = contrast(fg, bg);
            let (x, y) = buf.pos_of(at);
            (found < 4.5).then(|| format!("`{}` at {x},{y}: {found:.2}:1, {fg:?} on {bg:?}", cell.symbol()))
        })
        .collect()
}

/// The cockpit as a person meets it, with the cursor on rows, over texts, in lists.
#[rstest]
fn nothing_on_the_screen_is_hard_to_read_in_any_theme(#[values(Depth::True, Depth::Indexed)] depth: Depth) {
    for (name, _) in BUILT_IN {
        let mut stage = Stage::full_with(160, 48, |start| start.theme = theme(name, depth));
        for keys in ["1", "2 j", "3", "4", "5", "3 g", "esc 1 ?", "esc : r o", "esc 0", "/ c a r t", "enter d"] {
            stage.keys(keys);
            let faint = faint(&stage.frame());
            assert!(faint.is_empty(), "{name} at {depth:?} after {keys}:\n{}", faint.join("\n"));
        }
    }
}

#[test]
fn every_theme_has_a_look_for_every_role_at_every_depth() {
    for (name, _) in BUILT_IN {
        for depth in [Depth::True, Depth::Indexed, Depth::Sixteen] {
            let theme = theme(name, depth);
            for (role, word) in Role::ALL {
                assert_ne!(theme.style(role), ratatui::style::Style::new(), "{name}: {word} at {depth:?}");
            }
            for (a, b) in
                [(Role::Good, Role::Bad), (Role::Fault, Role::Bad), (Role::Warn, Role::Bad), (Role::Warn, Role::Good)]
            {
                assert_ne!(theme.style(a), theme.style(b), "{name} at {depth:?}");
            }
        }
        let mono = theme(name, Depth::Mono);
        for (role, word) in Role::ALL {
            assert!(mono.style(role).fg.is_none() && mono.style(role).bg.is_none(), "{name}: {word}");
        }
        assert_ne!(mono.style(Role::Bad), mono.style(Role::Good), "{name}");
        assert_ne!(mono.style(Role::Selection), ratatui::style::Style::new(), "{name}");
    }
    let light = BUILT_IN.iter().filter(|(name, _)| theme(name, Depth::True).ground == Some(Ground::Light)).count();
    assert!(BUILT_IN.len() >= 14 && light >= 4, "{light} of {}", BUILT_IN.len());
}

/// Colour as somebody sees it who lacks a sort of cones: Machado, Oliveira and Fernandes, "A Physiologically-based Model for
/// Simulation of Color Vision Deficiency" (2009), at severity 1.0, on linear light.
const PROTANOPIA: [[f64; 3]; 3] =
    [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]];
const DEUTERANOPIA: [[f64; 3]; 3] =
    [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]];

fn seen(colour: [u8; 3], deficiency: &[[f64; 3]; 3]) -> [f64; 3] {
    let linear = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    deficiency.map(|row| row.iter().zip(linear).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0))
}

/// CIELAB of linear light, D65.
fn lab(linear: [f64; 3]) -> [f64; 3] {
    const XYZ: [[f64; 3]; 3] = [
        [0.412_456_4 / 0.950_47, 0.357_576_1 / 0.950_47, 0.180_437_5 / 0.950_47],
        [0.212_672_9, 0.715_152_2, 0.072_175_0],
        [0.019_333_9 / 1.088_83, 0.119_192_0 / 1.088_83, 0.950_304_1 / 1.088_83],
    ];
    let root = |part: f64| {
        if part > 216.0 / 24_389.0 { part.cbrt() } else { (24_389.0 / 27.0 * part + 16.0) / 116.0 }
    };
    let [x, y, z] = XYZ.map(|row| root(row.iter().zip(linear).map(|(share, part)| share * part).sum()));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn apart(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn the_matrices_make_red_and_green_alike() {
    // White stays white, and what most themes call good and bad comes near to each other: otherwise nothing is proven below.
    for deficiency in [&PROTANOPIA, &DEUTERANOPIA] {
        assert!(seen([255; 3], deficiency).iter().all(|part| *part > 0.99));
        let all = |colour| lab(seen(colour, deficiency));
        assert!(apart(all([0xd0, 0x60, 0x40]), all([0x8a, 0x8a, 0x30])) < 25.0);
    }
}

/// For eyes without red or green cones: far apart (ΔE of CIELAB, of which 2.3 is just noticed), also in lightness, and on the axis
/// from blue to yellow, which these eyes have.
#[rstest]
fn good_and_bad_are_told_apart_without_red_and_green(
    #[values("colorblind", "colorblind-light")] name: &str,
    #[values(Depth::True, Depth::Indexed)] depth: Depth,
    #[values(&PROTANOPIA, &DEUTERANOPIA)] deficiency: &[[f64; 3]; 3],
) {
    let theme = theme(name, depth);
    let fg = |role| lab(seen(rgb(theme.style(role).fg.unwrap()).unwrap(), deficiency));
    let bg = |role| lab(seen(rgb(theme.style(role).bg.unwrap()).unwrap(), deficiency));
    let (good, bad) = (fg(Role::Good), fg(Role::Bad));
    assert!(apart(good, bad) > 60.0, "{good:?} {bad:?}");
    assert!((good[0] - bad[0]).abs() > 7.0, "lightness: {good:?} {bad:?}");
    assert!(good[2] < -20.0 && bad[2] > 20.0 || good[2] - bad[2] < -60.0, "blue to yellow: {good:?} {bad:?}");
    for (a, b) in
        [(Role::Fault, Role::Bad), (Role::Fault, Role::Good), (Role::Warn, Role::Bad), (Role::Warn, Role::Good)]
    {
        assert!(apart(fg(a), fg(b)) > 15.0, "{a:?} {b:?}: {:.1}", apart(fg(a), fg(b)));
    }
    assert!(apart(bg(Role::Added), bg(Role::Removed)) > 20.0);
}

fn ground(stage: &Stage) -> Color {
    stage.frame()[(0, 0)].bg
}

fn of(name: &str) -> Color {
    theme(name, Depth::True).style(Role::Text).bg.unwrap()
}

fn answer(stage: &mut Stage, files: &[(&str, &str)]) {
    let ticket = stage.asked(|effect| match effect {
        Effect::Themes(ticket) => Some(*ticket),
        _ => None,
    });
    let file = |(name, text): &(&str, &str)| ThemeFile { name: (*name).to_owned(), text: (*text).to_owned() };
    stage.send(Event::Themes(ticket, files.iter().map(file).collect()));
}

const MINE: (&str, &str) = ("mine", "inherits = \"light\"\n[palette]\nground = \"#fffff0\"\n");

#[test]
fn the_theme_under_the_cursor_is_seen_and_esc_brings_the_old_one_back() {
    let mut stage = Stage::full(120, 40);
    let before = stage.frame();
    stage.keys(": t h e m e enter");
    answer(&mut stage, &[MINE]);
    assert!(stage.shows("Theme") && stage.shows("kiln") && stage.shows("light · yours"), "{}", stage.text());
    assert_eq!(ground(&stage), of("default"), "opening it changes nothing");
    stage.keys("/ k i l n");
    assert_eq!(ground(&stage), of("kiln"), "typing moves the cursor too");
    stage.keys("esc g");
    assert_eq!(ground(&stage), Color::Rgb(0xff, 0xff, 0xf0), "the first is the person's own");
    stage.keys("esc");
    assert_eq!(stage.frame(), before);
}

#[test]
fn enter_keeps_a_theme_for_this_run_and_says_how_to_keep_it_for_good() {
    let mut stage = Stage::full(120, 40);
    stage.keys(": t h e m e enter");
    answer(&mut stage, &[MINE]);
    stage.keys("/ u n d e r enter");
    assert_eq!(ground(&stage), of("undertow"));
    assert!(
        stage.shows("undertow for this run; to keep it write theme = \"undertow\" into config.toml"),
        "{}",
        stage.text()
    );
    // From here on it is the one that esc goes back to.
    stage.keys(": t h e m e enter g");
    assert_ne!(ground(&stage), of("undertow"));
    stage.keys("esc");
    assert_eq!(ground(&stage), of("undertow"));
}

#[test]
fn leaving_the_picker_by_another_way_keeps_nothing() {
    let mut stage = Stage::full(120, 40);
    stage.keys(": t h e m e enter G");
    assert_ne!(ground(&stage), of("default"));
    stage.keys(": p o d s enter");
    assert_eq!(ground(&stage), of("default"));
}

#[test]
fn a_theme_is_worn_by_name_and_a_wrong_name_is_told() {
    let mut stage = Stage::full(120, 40);
    for name in ["o a t m e a l", "m i n e"] {
        stage.keys(&format!(": t h e m e space {name} enter"));
        answer(&mut stage, &[MINE]);
    }
    assert_eq!(ground(&stage), Color::Rgb(0xff, 0xff, 0xf0));
    stage.keys(": t h e m e space k i l m enter");
    answer(&mut stage, &[]);
    assert!(stage.shows("there is no theme kilm: did you mean kiln?"), "{}", stage.text());
    stage.keys(": t h e m e space p o r tab");
    assert!(stage.shows("theme porcelain"), "{}", stage.text());
}

#[test]
fn what_is_wrong_with_a_theme_is_told_where_it_is_chosen() {
    let mut stage = Stage::full(120, 40);
    stage.keys(": t h e m e space b a d enter");
    answer(&mut stage, &[("bad", "[roles]\nfualt = { fg = \"red\" }\n")]);
    assert!(stage.shows("there is no role `fualt`; did you mean `fault`?"), "{}", stage.text());
}

#[test]
fn the_grounds_theme_is_worn_only_where_the_terminal_decides() {
    let themes = || ByGround { dark: theme("default", Depth::True), light: theme("light", Depth::True) };
    let auto = Worn { name: "auto".to_owned(), by_ground: Some(themes()) };
    let mut stage = Stage::with(120, 40, |start| start.worn = auto).linked();
    stage.send(Event::Ground(Ground::Light));
    assert_eq!(ground(&stage), of("light"));
    // While another is looked at, what comes back is the one of the ground.
    stage.keys(": t h e m e enter G");
    stage.send(Event::Ground(Ground::Dark));
    assert_ne!(ground(&stage), of("default"));
    stage.keys("esc");
    assert_eq!(ground(&stage), of("default"));
    let mut stage = Stage::with(120, 40, |_| {}).linked();
    stage.send(Event::Ground(Ground::Light));
    assert_eq!(ground(&stage), of("default"));
}
