//! What a person sees of an attack: the real pane, painted by the real painter into a terminal.

use brink::{
    agent::{End, Model, Told, mcp::Question, model::KeySource, wire::Wire},
    base::{Ticket, sanitize},
    msg::{Effect, Event},
    runtime::paint::Painter,
};
use ratatui::buffer::Buffer;

use super::corpus::Attack;
use crate::suite::cockpit::stage::{Stage, terminal};

const SIZE: (u16, u16) = (96, 44);

/// Characters that reorder or hide.
pub fn hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The agent's pane alone, in which a question was asked.
fn stage(told: &[Told]) -> Stage {
    let (mut stage, ticket) = begun();
    for one in told {
        stage.send(Event::Agent(ticket, Box::new(one.clone())));
    }
    stage
}

fn begun() -> (Stage, Ticket) {
    let model = Model {
        wire: Wire::OpenAi,
        base_url: "http://127.0.0.1:1".to_owned(),
        name: "hostile".to_owned(),
        key: KeySource::Env { names: Vec::new(), needed: false },
        max_tokens: 1024,
        context_tokens: 100_000,
        tuning: brink::agent::Tuning::default(),
    };
    let mut stage = Stage::with(SIZE.0, SIZE.1, |start| start.agent = Ok(model)).linked();
    stage.keys("5 z enter");
    stage.send(Event::Paste("what is wrong?".to_owned()));
    stage.keys("enter");
    let ticket = stage.asked(|effect| match effect {
        Effect::Ask(ticket, ..) => Some(*ticket),
        _ => None,
    });
    (stage, ticket)
}

/// What brink says itself on the card of a question.
const OWN: [&str; 6] = [
    "the model wants to run `run`",
    "it may write: brink cannot undo it",
    "its server says that it only reads",
    "without arguments",
    "with the arguments",
    "its server says",
];

/// The lines inside of the card of a question, without the frame, and how many corners are on screen.
fn card(question: &Question) -> (Vec<String>, usize, Stage) {
    let (mut stage, ticket) = begun();
    stage.send(Event::Question(ticket, 1, Box::new(question.clone())));
    let frame = stage.frame();
    let line = |y: u16, from: u16| (from..SIZE.0).map(|x| frame[(x, y)].symbol()).collect::<String>();
    let top = (0..SIZE.1).find(|y| line(*y, 0).contains("─ MCP server")).expect("a card");
    let left = (0..SIZE.0).find(|x| line(top, *x).starts_with("╭─ MCP server")).unwrap();
    let inside = (top + 1..SIZE.1).take_while(|y| frame[(left, *y)].symbol() != "╰");
    let inside = inside.map(|y| line(y, left + 2).trim_end_matches([' ', '│']).to_owned()).collect();
    (inside, corners(&frame), stage)
}

/// Draws the question before a tool of a hostile server runs: whatever the attacker says stands behind a bar, and the keys are
/// those of the card of a harmless question.
pub fn questioned(attack: &Attack, question: &Question, still: Still, wrong: &mut Vec<String>) {
    let harmless = Question { doc: String::new(), arguments: Vec::new(), ..question.clone() };
    let (keys, _, _) = card(&harmless);
    let (lines, corners, stage) = card(question);
    let mut bad = |why: String| wrong.push(format!("{}: {why}:\n{}", attack.name, stage.text()));
    if lines.last() != keys.last() {
        bad(format!("other keys: {:?}", lines.last()));
    }
    if corners != still.corners + 4 {
        bad("draws corners".to_owned());
    }
    for line in lines.iter().rev().skip(1) {
        let more = line.split_once(' ').is_some_and(|(count, rest)| {
            count.parse::<usize>().is_ok_and(|count| count > 0) && rest == "more lines: zoom this pane"
        });
        if !(line.starts_with("▎ ") || line == "▎" || more || OWN.contains(&line.as_str())) {
            bad(format!("speaks as brink: {line:?}"));
        }
    }
}

/// What brink frames with, and nobody else.
fn corner(symbol: &str) -> bool {
    symbol
        .chars()
        .next()
        .is_some_and(|c| matches!(c, '\u{250c}'..='\u{251b}' | '\u{2552}'..='\u{255d}' | '\u{256d}'..='\u{2570}'))
}

fn corners(buf: &Buffer) -> usize {
    buf.content().iter().filter(|cell| corner(cell.symbol())).count()
}

/// The column in which every line of the transcript begins, and the row of the first.
fn margin(buf: &Buffer) -> (u16, u16) {
    let place = |at: usize| {
        (u16::try_from(at % usize::from(SIZE.0)).unwrap(), u16::try_from(at / usize::from(SIZE.0)).unwrap())
    };
    buf.content().iter().position(|cell| cell.symbol() == "▎").map(place).unwrap()
}

/// The same pane with an answer of no harm: how many corners are brink's own, and the column in which every line begins.
#[derive(Clone, Copy)]
pub struct Still {
    corners: usize,
    left: u16,
}

/// Looks at it once.
pub fn still() -> Still {
    let frame = stage(&[Told::Text("fine".to_owned()), Told::Ended(End::Done)]).frame();
    Still { corners: corners(&frame), left: margin(&frame).0 }
}

/// Draws an attack as far as it is words: without cards, no frame may be on screen but the pane's own. Gives how many screens
/// were looked at.
pub fn drawn(attack: &Attack, told: &[Told], still: Still, wrong: &mut Vec<String>) -> usize {
    let words: Vec<Told> = told.iter().filter(|one| !matches!(one, Told::Proposed(_))).cloned().collect();
    let left = still.left;
    let mut bad = |why: String| wrong.push(format!("{}: {why}", attack.name));
    let mut stage = stage(&words);
    let mut painter = Painter::new(SIZE.0, SIZE.1);
    let mut screen = terminal(SIZE.0, SIZE.1);
    let mut looked = 0;
    // The end, where it stands first, and further up.
    for keys in ["", "pageup", "g"] {
        stage.keys(keys);
        looked += 1;
        let frame = stage.frame();
        if corners(&frame) != still.corners {
            bad(format!("draws corners:\n{}", stage.text()));
        }
        for y in 2..SIZE.1 - 6 {
            let first = frame[(left, y)].symbol();
            let line: String = (left..SIZE.0).map(|x| frame[(x, y)].symbol()).collect();
            // brink's own note on an agent that asks; what it asks follows within it.
            let asks = line.starts_with("the agent waits for your answer");
            if !matches!(first, "▎" | " " | "●") && !asks {
                bad(format!("begins a line with {first:?} where brink speaks, row {y}:\n{}", stage.text()));
                break;
            }
        }
        if let Some(cell) =
            frame.content().iter().find(|cell| cell.symbol().chars().any(|c| c.is_control() || hidden(c)))
        {
            bad(format!("{:?} in a cell", cell.symbol()));
        }
        let bytes = painter.frame(|buf| stage.app.view(buf)).to_vec();
        if let Some(why) = drives(&bytes) {
            bad(format!("{why} in the bytes"));
        }
        screen.process(&bytes);
        let shown = |x: u16, y: u16| {
            let cell = screen.screen().cell(y, x).unwrap();
            if cell.has_contents() { cell.contents().to_owned() } else { " ".to_owned() }
        };
        let row = SIZE.1 / 2;
        if (0..=left).any(|x| shown(x, row) != frame[(x, row)].symbol()) {
            bad("the terminal shows something else than was drawn".to_owned());
        }
    }
    // And what `ask` prints of it.
    let said: String =
        words.iter().filter_map(|one| if let Told::Text(text) = one { Some(text.as_str()) } else { None }).collect();
    for text in [sanitize::lines(&said), sanitize::lines(&attack.text)] {
        if text.chars().any(|c| c.is_control() && c != '\n' || hidden(c)) {
            bad("a control character is printed".to_owned());
        }
    }
    looked
}

/// Anything in a frame but text and the sequences a painter needs: CSI that moves, colours, erases to the end of a line, or
/// holds a frame together.
pub fn drives(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8(bytes.to_vec()).ok()?;
    let mut rest = text.as_str();
    while let Some(at) = rest.find('\u{1b}') {
        let after = &rest[at + 1..];
        let Some(csi) = after.strip_prefix('[') else {
            return Some(format!("{:?}", after.chars().take(12).collect::<String>()));
        };
        let end = csi.find(|c: char| ('@'..='~').contains(&c))?;
        let sequence = &csi[..=end];
        let known = sequence.ends_with(['m', 'H', 'K', 'X', 'C', 'G', 'd'])
            || matches!(sequence, "?2026h" | "?2026l" | "?25l" | "?25h" | "2J");
        if !known {
            return Some(format!("CSI {sequence}"));
        }
        rest = &csi[end + 1..];
    }
    text.chars().find(|c| c.is_control() && !matches!(c, '\u{1b}' | '\r' | '\n')).map(|c| format!("{c:?}"))
}
