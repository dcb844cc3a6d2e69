//! What waits for a person beside the conversation: the question before a tool of another server runs, and what MCP clients
//! proposed.
//!
//! One card is shown at a time, at the foot of the pane, in a frame of brink's own that stays where it is: a question before a
//! proposal, since the model waits for it. A key answers only what was readable for a moment.

use std::{collections::VecDeque, time::Duration};

use super::frame::{self, Key, Row};
use crate::{
    agent::mcp::{Answer, Question, Queued},
    base::{Now, sanitize, width},
    config::Role,
    fault::intent::Fault,
    msg::Command,
    widgets::markdown::Line,
};

/// How long a question stands before a key answers it: a key that was on its way meant something else.
const READABLE: Duration = Duration::from_millis(500);
/// Fewest lines of a card: its frame, what it is about, its keys.
const LEAST: usize = 4;

/// All that waits.
#[derive(Debug, Default)]
pub struct Waits {
    questions: VecDeque<Asked>,
    queued: Vec<Queued>,
    chosen: usize,
    /// The proposal whose preview is looked at.
    opened: Option<String>,
    lines: Vec<Line>,
}

/// A question, and since when it can be read.
#[derive(Debug)]
struct Asked {
    id: u64,
    question: Question,
    since: Option<Duration>,
}

impl Waits {
    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        self.questions.is_empty() && self.queued.is_empty()
    }

    /// Takes a question.
    pub fn ask(&mut self, id: u64, question: Question) {
        self.questions.push_back(Asked { id, question, since: None });
    }

    /// The ask is over: nobody waits for answers any more.
    pub fn drop_questions(&mut self) {
        self.questions.clear();
    }

    /// Takes over what stands in the inbox; names of clients whose proposals are new.
    pub fn hear(&mut self, queued: Vec<Queued>) -> Vec<String> {
        let news = queued.iter().filter(|one| !self.queued.iter().any(|known| known.id == one.id));
        let clients = news.map(|one| one.client.clone()).collect();
        let chosen = self.queued.get(self.chosen).map(|one| one.id.clone());
        self.queued = queued;
        self.chosen = self.queued.iter().position(|one| Some(&one.id) == chosen.as_ref()).unwrap_or(0);
        clients
    }

    /// The answer a key means to the question in front; nothing while nobody can have read it.
    pub fn answer(&mut self, command: Command, now: Now, alone: bool) -> Option<(u64, Answer)> {
        let front = self.questions.front()?;
        let answer = match command {
            Command::AllowOnce => Answer::Once,
            Command::AllowAlways if front.question.read_only => Answer::Always,
            Command::RefuseTool => Answer::Refuse,
            _ => return None,
        };
        let readable = front.since.is_some_and(|since| now.mono >= since + READABLE);
        if answer != Answer::Refuse && !(readable && alone) {
            return None;
        }
        self.questions.pop_front().map(|asked| (asked.id, answer))
    }

    /// The proposal in front.
    pub fn chosen(&self) -> Option<&Queued> {
        self.queued.get(self.chosen).filter(|_| self.questions.is_empty())
    }

    /// Proposals that wait.
    pub fn queued(&self) -> &[Queued] {
        &self.queued
    }

    /// The next one.
    pub fn next(&mut self) {
        self.chosen = (self.chosen + 1) % self.queued.len().max(1);
    }

    /// The one in front is looked at.
    pub fn open(&mut self) {
        self.opened = self.chosen().map(|one| one.id.clone());
    }

    /// Takes the one in front away; its id.
    pub fn discard(&mut self) -> Option<String> {
        let id = self.chosen()?.id.clone();
        self.queued.retain(|one| one.id != id);
        self.chosen = self.chosen.min(self.queued.len().saturating_sub(1));
        Some(id)
    }

    /// A fault was applied: where it is the one that was looked at, it waits no longer. Its id.
    pub fn applied(&mut self, fault: &Fault) -> Option<String> {
        let same = |one: &&Queued| {
            let known = &one.fault;
            (&known.namespace, known.kind, &known.target) == (&fault.namespace, fault.kind, &fault.target)
        };
        let id = self.queued.iter().filter(same).find(|one| Some(&one.id) == self.opened.as_ref())?.id.clone();
        self.queued.retain(|one| one.id != id);
        self.chosen = self.chosen.min(self.queued.len().saturating_sub(1));
        Some(id)
    }

    /// The commands that mean something now.
    pub fn commands(&self) -> Vec<Command> {
        match self.questions.front() {
            Some(front) if front.question.read_only => {
                vec![Command::AllowOnce, Command::AllowAlways, Command::RefuseTool]
            }
            Some(_) => vec![Command::AllowOnce, Command::RefuseTool],
            None if self.queued.is_empty() => Vec::new(),
            None if self.queued.len() == 1 => vec![Command::ReviewQueued, Command::DiscardQueued],
            None => vec![Command::ReviewQueued, Command::DiscardQueued, Command::NextQueued],
        }
    }

    /// Lays the card out in so many cells and at most so many lines; how many it takes.
    pub fn settle(&mut self, cells: usize, most: usize, ascii: bool, keys: &[Key], now: Now) -> usize {
        self.lines.clear();
        if self.is_empty() || most < LEAST || cells < 12 {
            return 0;
        }
        let (head, inside) = match self.questions.front_mut() {
            Some(front) => {
                front.since.get_or_insert(now.mono);
                asked(&front.question)
            }
            None => match self.queued.get(self.chosen) {
                Some(one) => proposed(one, self.chosen, self.queued.len()),
                None => return 0,
            },
        };
        self.lines = card(&head, &inside, keys, cells, most, ascii);
        self.lines.len()
    }

    /// The card as last laid out.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}

/// A line of a card, and whose it is.
enum Says {
    /// brink's own.
    Brink(String, Role),
    /// Words of a model, a client or a server: they stand behind a bar.
    They(String, Role),
}

fn asked(question: &Question) -> (String, Vec<Says>) {
    let brink = |text: &str, role| Says::Brink(text.to_owned(), role);
    let head = format!("MCP server {} asks", question.server);
    // A tool's name was judged when it was offered: it holds no blanks.
    let mut inside = vec![brink(&format!("the model wants to run `{}`", question.tool), Role::TextStrong)];
    // What a person must know stands before what others say, which may be longer than the card.
    if question.changed {
        inside.push(brink("you allowed it once; the server offers something else now", Role::Warn));
    }
    inside.push(if question.read_only {
        brink("its server says that it only reads", Role::TextDim)
    } else {
        brink("it may write: brink cannot undo it", Role::Warn)
    });
    if question.arguments.is_empty() {
        inside.push(brink("without arguments", Role::Text));
    } else {
        inside.push(brink("with the arguments", Role::TextDim));
        inside.extend(question.arguments.iter().map(|line| Says::They(line.clone(), Role::Text)));
    }
    if !question.doc.is_empty() {
        inside.extend([brink("its server says", Role::TextDim), Says::They(question.doc.clone(), Role::TextDim)]);
    }
    (head, inside)
}

fn proposed(one: &Queued, at: usize, all: usize) -> (String, Vec<Says>) {
    let count = if all > 1 { format!(" · {} of {all}", at + 1) } else { String::new() };
    let head = format!("from MCP client {}{count}", one.client);
    let mut inside = vec![Says::Brink(one.title(), Role::TextStrong)];
    if !one.why.is_empty() {
        inside.push(Says::Brink("it says".to_owned(), Role::TextDim));
        inside.push(Says::They(one.why.clone(), Role::TextDim));
    }
    (head, inside)
}

/// A card; what has no room is told to be missing.
fn card(head: &str, inside: &[Says], keys: &[Key], cells: usize, most: usize, ascii: bool) -> Vec<Line> {
    let head = sanitize::line(head);
    let head = sanitize::frameless(&head);
    let title = format!("{} ", width::cut(&head, cells.saturating_sub(5)));
    let rows = |says: &Says| match says {
        Says::Brink(text, role) => frame::rows(text, *role, cells),
        Says::They(text, role) => frame::quoted(text, *role, cells, ascii),
    };
    let mut rows: Vec<Row> = inside.iter().flat_map(rows).collect();
    let space = most.saturating_sub(3);
    if rows.len() > space {
        let hidden = rows.len() - space.saturating_sub(1);
        rows.truncate(space.saturating_sub(1));
        let told = format!("{hidden} more lines: zoom this pane");
        rows.push((width::cut(&told, frame::room(cells)).into_owned(), Role::Warn));
    }
    frame::framed(&title, rows, Some(keys), (cells, ascii, Role::BorderFocus))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::Waits;
    use crate::{
        agent::{
            mcp::{Answer, Question, Queued},
            order::{Order, order},
            tools::Tool,
        },
        base::{Now, width},
        msg::Command,
    };

    fn at(millis: u64) -> Now {
        Now { mono: Duration::from_millis(millis), server: Timestamp::UNIX_EPOCH }
    }

    fn question(read_only: bool) -> Question {
        Question {
            server: "load".to_owned(),
            tool: "run".to_owned(),
            doc: "x".repeat(400),
            arguments: vec!["target: web".to_owned(); 12],
            read_only,
            changed: false,
        }
    }

    fn queued(id: &str, client: &str) -> Queued {
        let text = r#"{"kind":"http-delay","target":"service/reviews","params":{"delay":"1s"}}"#;
        let Ok(Order::Propose(one)) = order(Tool::ProposeFault, text, "shop") else { panic!() };
        Queued::new(id, client, "", false, Timestamp::UNIX_EPOCH, one.fault)
    }

    #[test]
    fn a_yes_counts_once_the_question_could_be_read_and_came_alone() {
        let mut waits = Waits::default();
        waits.ask(7, question(true));
        assert_eq!(waits.answer(Command::AllowOnce, at(9000), true), None, "it was never on the screen");
        waits.settle(40, 20, false, &[], at(9000));
        assert_eq!(waits.answer(Command::AllowOnce, at(9400), true), None, "a key that was on its way");
        assert_eq!(waits.answer(Command::AllowOnce, at(9600), false), None, "a paste");
        assert_eq!(waits.answer(Command::AllowAlways, at(9600), true), Some((7, Answer::Always)));
        waits.ask(8, question(false));
        waits.settle(40, 20, false, &[], at(9700));
        assert_eq!(waits.answer(Command::AllowAlways, at(20000), true), None, "what may write is asked every time");
        assert_eq!(waits.answer(Command::RefuseTool, at(9701), false), Some((8, Answer::Refuse)), "a no is never late");
    }

    #[test]
    fn a_card_keeps_to_its_room_and_says_what_is_hidden() {
        let mut waits = Waits::default();
        waits.hear(vec![queued("a", "one"), queued("b", "two")]);
        waits.ask(1, question(false));
        for (cells, most) in [(12, 4), (30, 5), (44, 12), (120, 40)] {
            for ascii in [false, true] {
                let keys = [("a".to_owned(), "allow once"), ("R".to_owned(), "refuse")];
                let height = waits.settle(cells, most, ascii, &keys, at(0));
                assert!(height <= most && height >= 4, "{cells} {most}: {height}");
                for line in waits.lines() {
                    let wide: usize = line.iter().map(|part| width::width(&part.text)).sum();
                    assert_eq!(wide, cells, "{cells}x{most}: {line:?}");
                }
                let text: String = waits.lines().iter().flatten().map(|part| part.text.as_str()).collect();
                assert_eq!(text.contains("more lines"), most < 40 && cells > 20, "{cells}x{most}: {text}");
            }
        }
        assert_eq!(waits.settle(40, 3, false, &[], at(0)), 0, "no room, no card");
    }

    #[test]
    fn the_proposal_in_front_stays_in_front_when_others_come() {
        let mut waits = Waits::default();
        assert_eq!(waits.hear(vec![queued("b", "one")]), ["one"]);
        assert_eq!(waits.hear(vec![queued("a", "two"), queued("b", "one")]), ["two"], "only what is new is told");
        assert_eq!(waits.chosen().map(|one| one.id.as_str()), Some("b"));
        assert_eq!(waits.discard().as_deref(), Some("b"));
        assert_eq!(waits.chosen().map(|one| one.id.as_str()), Some("a"));
        let fault = queued("a", "two").fault;
        assert_eq!(waits.applied(&fault), None, "it came from somewhere else");
        waits.open();
        assert_eq!(waits.applied(&fault).as_deref(), Some("a"));
        assert!(waits.is_empty());
    }
}
