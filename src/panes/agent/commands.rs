//! What a line means besides a question: a command after a slash, an object after an `@`.

use super::{Agent, Item, spent};
use crate::{
    agent::{
        End, Privacy, Told,
        mcp::Offered,
        mention::{self, Object},
        privacy,
        session::{Granted, Opened, Retold, Wish},
        slash::{self, Slash},
        spelled, tools,
    },
    base::{Ticket, redact, sanitize},
    config::Role,
    msg::{Effect, Failure},
    panes::{Cx, Reply, Turn},
};

/// Lines that may stand in place of what was typed, and which of them does.
#[derive(Debug, Default)]
pub(super) struct Completion {
    lines: Vec<String>,
    at: usize,
}

/// What goes along with a question.
#[derive(Debug, Default)]
pub(super) struct Along {
    /// Objects that can be named, for completion.
    pub objects: Vec<Object>,
    /// What the objects named are, as brink shows them: a name and a text.
    pub facts: Vec<(String, String)>,
    /// Mentions of what is not there.
    pub missing: Vec<String>,
    /// What the question was begun about: a name and a text.
    pub attached: Option<(String, String)>,
}

impl Agent {
    /// The line being typed, while it is.
    pub fn line(&self) -> Option<&str> {
        self.typing.then(|| self.line.text())
    }

    /// What can be named, for completion.
    pub fn knows(&mut self, objects: Vec<Object>) {
        self.along.objects = objects;
    }

    /// What the line names: a name and a text of each, and what is not there.
    pub fn bring(&mut self, facts: Vec<(String, String)>, missing: Vec<String>) {
        (self.along.facts, self.along.missing) = (facts, missing);
    }

    /// Begins a question about something, which goes along with it.
    pub fn begin(&mut self, question: &str, name: String, text: String) {
        self.typing = true;
        self.completion = Completion::default();
        self.line.set(question);
        self.along.attached = Some((name, text));
    }

    /// Completes the line with what begins like it; again with the next. False when there is nothing.
    pub(super) fn complete(&mut self, here: Option<&str>, back: bool) -> bool {
        let typed = self.line.text().to_owned();
        let stands = self.completion.lines.get(self.completion.at) == Some(&typed);
        // The only one is taken: what follows it is completed next.
        if !stands || self.completion.lines.len() < 2 {
            let mut lines = slash::complete(&typed);
            lines.extend(mention::complete(&typed, &self.along.objects, here));
            self.completion = Completion { lines, at: 0 };
        } else {
            let count = self.completion.lines.len().max(1);
            self.completion.at = (self.completion.at + if back { count - 1 } else { 1 }) % count;
        }
        match self.completion.lines.get(self.completion.at) {
            Some(line) => {
                self.line.set(line);
                true
            }
            None => false,
        }
    }

    /// Whether there is something to complete the line with.
    pub(super) fn completes(&self) -> bool {
        let line = self.line.text();
        let word = line.rsplit(char::is_whitespace).next().unwrap_or_default();
        word.starts_with('@') || !slash::complete(line).is_empty()
    }

    /// The question as the model gets it; `None` when it names what is not there.
    pub(super) fn asked_with(&mut self, question: &str) -> Option<String> {
        if let Some(missing) = self.along.missing.first() {
            let what = format!("there is no {} among what is shown here", sanitize::line(missing));
            self.failure = Some(Failure::new(what, "tab completes a name; the namespace may stand before it"));
            return None;
        }
        let mut facts: Vec<(String, String)> = self.along.attached.take().into_iter().collect();
        facts.append(&mut self.along.facts);
        Some(mention::with_facts(question, &facts))
    }

    /// brink's tools, and those of MCP servers, with why a server offers none.
    pub fn tools(&self, offered: &[Offered], troubles: &[String]) -> String {
        let mut others = String::new();
        for tool in offered {
            let does = if tool.read_only { "says it reads" } else { "asks first" };
            others.extend([&tool.full, "  (", does, ")\n    ", &tool.doc, "\n"]);
        }
        for why in troubles {
            others.extend([&*sanitize::line(why), "\n"]);
        }
        let others = if others.is_empty() {
            others
        } else {
            format!("\nOf MCP servers; each runs only after a person allowed it:\n{others}")
        };
        tool_list(&self.privacy()) + &others
    }

    /// What of the cluster is not told.
    pub fn privacy(&self) -> Privacy {
        self.model.as_ref().map(|model| model.tuning.privacy.clone()).unwrap_or_default()
    }

    /// Carries a command out.
    pub(super) fn slash(&mut self, slash: Result<Slash, String>, cx: &mut Cx<'_>) -> Reply {
        self.failure = None;
        let slash = match slash {
            Ok(slash) => slash,
            Err(told) => {
                self.failure = Some(Failure::new(told, "/help shows the commands"));
                return Reply::none();
            }
        };
        match slash {
            Slash::Help => text("Commands of the conversation", slash::help()),
            Slash::Tools => {
                // Servers are asked meanwhile; without cluster data none is.
                let ask = Effect::Talk(cx.tickets.take(), Wish::Tools);
                let effects = if self.privacy().withhold { Vec::new() } else { vec![ask] };
                Reply { effects, ..text(TOOLS, self.tools(&[], &[])) }
            }
            Slash::Context => text("What the model is sent", spelled::context(&self.talk, &self.privacy())),
            Slash::Redact(None) => {
                let count = spelled::masked(&self.talk);
                let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
                self.say(&format!("a secret was taken out of this conversation {times}; /redact TEXT shows how"))
            }
            Slash::Redact(Some(given)) => self.say(&format!("sent as: {}", redact::text(&given))),
            Slash::Model(None) => match &self.model {
                Ok(model) => self.say(&format!("{} at {}", model.label(), model.base_url)),
                Err(_) => Reply::none(),
            },
            Slash::Model(Some(name)) => {
                let Ok(model) = &mut self.model else { return Reply::none() };
                model.name.clone_from(&name);
                let told = format!("from now on {} is asked", model.label());
                self.transcript.push(Item::Note(told, Role::TextDim));
                Effect::Talk(cx.tickets.take(), Wish::Model(name)).into()
            }
            Slash::Budget(None) => {
                let words = self.talk.limits().words(&self.talk.budget().spent);
                self.say(&words)
            }
            Slash::Budget(Some((limit, most))) => self.limit_anew(limit, most, cx),
            Slash::New => self.begin_anew(cx),
            Slash::Undo if self.asked.is_some() => {
                self.failure = Some(Failure::new("the model is still answering", "stop it first"));
                Reply::none()
            }
            Slash::Undo => match self.talk.undo() {
                Some(question) => {
                    self.transcript.undo();
                    self.spent = None;
                    if self.model.as_ref().is_ok_and(|model| !model.wire.is_model()) {
                        drop(self.say("taken back here; the agent keeps the conversation itself, and still knows it"));
                    }
                    self.chosen = self.proposals().count().saturating_sub(1);
                    self.line.set(mention::words(&question));
                    self.typing = true;
                    Effect::Talk(cx.tickets.take(), Wish::Undone).into()
                }
                None => {
                    self.failure = Some(Failure::new("there is nothing to take back", "ask something first"));
                    Reply::none()
                }
            },
            Slash::Export(path) => self.wish(Wish::Export(path), cx),
            Slash::Sessions => {
                let ticket = cx.tickets.take();
                self.wished = Some(ticket);
                Reply { effects: vec![Effect::Talk(ticket, Wish::List)], turn: Turn::Conversations(ticket) }
            }
        }
    }

    /// Forgets what was said here; what was kept stays kept.
    pub(super) fn begin_anew(&mut self, cx: &mut Cx<'_>) -> Reply {
        let mut effects: Vec<Effect> = self.asked.take().map(Effect::Stop).into_iter().collect();
        let mut waits = std::mem::take(&mut self.waits);
        waits.drop_questions();
        *self = Self { waits, ..self.anew() };
        effects.push(Effect::Talk(cx.tickets.take(), Wish::New));
        effects.into()
    }

    /// Goes on with an earlier conversation.
    pub fn go_on(&mut self, id: String, cx: &mut Cx<'_>) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self.asked.take().map(Effect::Stop).into_iter().collect();
        effects.extend(self.wish(Wish::Open(id), cx).effects);
        effects
    }

    fn wish(&mut self, wish: Wish, cx: &mut Cx<'_>) -> Reply {
        let ticket = cx.tickets.take();
        self.wished = Some(ticket);
        Effect::Talk(ticket, wish).into()
    }

    /// What came of a wish.
    pub fn granted(&mut self, ticket: Ticket, granted: Result<Granted, Failure>) {
        match granted {
            Ok(Granted::Stands(proposal)) if self.reopened == Some(ticket) => return self.put(proposal),
            Ok(Granted::Fell(title, why)) if self.reopened == Some(ticket) => {
                let told = format!("{title} would no longer apply: {why}");
                return self.transcript.push(Item::Note(told, Role::Warn));
            }
            _ if self.wished != Some(ticket) => return,
            _ => {}
        }
        self.wished = None;
        match granted {
            Ok(Granted::Opened(opened)) => {
                self.opened(*opened);
                self.reopened = Some(ticket);
            }
            Ok(Granted::Exported(path)) => {
                drop(self.say(&format!("written to {path}")));
            }
            Ok(Granted::List(_) | Granted::Stands(_) | Granted::Fell(..) | Granted::Tools(..)) => {}
            Err(failure) => self.failure = Some(failure),
        }
    }

    fn opened(&mut self, opened: Opened) {
        let waits = std::mem::take(&mut self.waits);
        *self = Self { waits, ..self.anew() };
        let limits = self.talk.limits();
        self.talk = opened.talk;
        self.talk.limit(limits);
        for one in opened.told {
            match one {
                Retold::Asked(question) => {
                    let question = mention::words(&question).to_owned();
                    self.history.push(question.clone());
                    self.spent = None;
                    self.transcript.push(Item::You(question));
                }
                Retold::Undone => self.transcript.undo(),
                Retold::Decided(title, decision) => {
                    let told = format!("{}: {title}", decision.word());
                    self.transcript.push(Item::Note(told, Role::TextDim));
                }
                Retold::Told(Told::Ended(end)) => {
                    self.spent = spent::by(&end);
                    self.transcript.end(&end);
                }
                Retold::Told(Told::Kept(message)) => self.transcript.found(&message),
                Retold::Told(told) => self.transcript.hear(told),
            }
        }
        if opened.torn {
            drop(self.say("the last line of this conversation was torn, and is left out"));
        }
        if opened.kept_back {
            drop(self.say(privacy::KEPT_BACK));
        }
        let told = format!("conversation {}, gone on with", opened.id);
        self.transcript.push(Item::Note(told, Role::TextDim));
    }

    pub(super) fn say(&mut self, words: &str) -> Reply {
        self.transcript.push(Item::Note(words.to_owned(), Role::TextDim));
        Reply::none()
    }

    /// Stops an ask and says so.
    pub(super) fn stopped(&mut self) {
        let half = self.transcript.half();
        self.talk.stop(&half);
        self.transcript.end(&End::Cancelled);
    }
}

fn text(title: &str, text: String) -> Reply {
    Reply { effects: Vec::new(), turn: Turn::Text(title.to_owned(), text) }
}

/// The title of the list of tools.
pub const TOOLS: &str = "Tools";

fn tool_list(privacy: &Privacy) -> String {
    let row = |row: &tools::Row| {
        let does = if row.tool.proposes() { "proposes" } else { "looks" };
        format!("{:<18}{does:<10}{}\n", row.name, row.doc)
    };
    let rows: String = tools::offered(privacy).map(row).collect();
    format!("{rows}\nNone of them writes: what is proposed is applied by your key in its preview, or not at all.\n")
}
