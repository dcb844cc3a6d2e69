//! The conversation with the agent: what was said, the tools as they run, proposals as cards, a line to type in.
//!
//! What is already read never moves: new lines push only for whoever is at the bottom. A card is drawn by brink in a frame no
//! Markdown can draw, and opening it has the API server check the proposal again.

mod card;
mod commands;
mod frame;
mod said;
mod spent;
mod suggested;
mod transcript;
mod waits;

pub use commands::TOOLS;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Cx, LineInput, Look, Reply, Title, Turn, state::Message};
use crate::{
    agent::{
        Conversation, Draft, Model, Proposal, Told,
        limits::Reached,
        mcp::{Question, Queued},
        mention::Object,
        session::{Decision, Wish},
        slash,
    },
    base::{Now, Ticket, sanitize},
    config::{Role, keymap::chain},
    fault::{checked::Checked, intent::Fault, traffic::Traffic},
    msg::{Command, Context, Effect, Failure},
    widgets::{caret, fill, put, put_spans},
};
use commands::{Along, Completion};
use suggested::Suggested;
use transcript::{Item, Transcript};
use waits::Waits;

/// See the module docs.
#[derive(Debug)]
pub struct Agent {
    /// Who is asked, or why nobody can be.
    model: Result<Model, Failure>,
    talk: Conversation,
    transcript: Transcript,
    /// The line being typed, while it has the focus.
    typing: bool,
    line: LineInput,
    /// What is offered to whoever does not know what to ask.
    suggested: Suggested,
    history: Vec<String>,
    recalled: usize,
    asked: Option<Ticket>,
    /// When the question that runs was asked.
    began: Option<Now>,
    /// What was used up, while that is what ended the last ask.
    spent: Option<Reached>,
    /// Something of the conversations that are kept.
    wished: Option<Ticket>,
    /// What was opened: its proposals come back one by one.
    reopened: Option<Ticket>,
    /// What goes along with the next question.
    along: Along,
    completion: Completion,
    /// The proposal whose preview or form is open, by its title.
    opened: Option<String>,
    /// A proposal that is being checked again.
    checking: Option<Ticket>,
    chosen: usize,
    /// The chosen card is to be brought on screen.
    seek: bool,
    /// The same of what the second cursor stands on.
    seek_spot: bool,
    failure: Option<Failure>,
    /// What waits for a person beside the conversation.
    waits: Waits,
    /// Lines of its card.
    card: u16,
    /// Lines below the last one shown.
    below: usize,
    page: usize,
}

impl Default for Agent {
    fn default() -> Self {
        Self::new(Err(Failure::new(
            "there is no agent to ask",
            "start brink with --agent PROVIDER:MODEL[@URL], or set agent.provider and agent.model",
        )))
    }
}

impl Agent {
    /// Nothing said yet.
    pub fn new(model: Result<Model, Failure>) -> Self {
        let limit = model.as_ref().map_or(1, |model| model.context_tokens);
        let mut talk = Conversation::new(limit);
        if let Ok(model) = &model {
            talk.limit(model.tuning.limits);
        }
        Self {
            model,
            talk,
            transcript: Transcript::default(),
            typing: false,
            line: LineInput::default(),
            suggested: Suggested::default(),
            history: Vec::new(),
            recalled: 0,
            asked: None,
            began: None,
            spent: None,
            wished: None,
            reopened: None,
            along: Along::default(),
            completion: Completion::default(),
            opened: None,
            checking: None,
            chosen: 0,
            seek: false,
            seek_spot: false,
            failure: None,
            waits: Waits::default(),
            card: 0,
            below: 0,
            page: 1,
        }
    }

    /// The same agent, nothing said yet.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self { history: self.history.clone(), ..Self::new(self.model.clone()) }
    }

    /// Something waits for a person here.
    pub fn waits(&self) -> bool {
        !self.waits.is_empty()
    }

    /// Proposals of MCP clients that wait.
    pub fn queued(&self) -> &[Queued] {
        self.waits.queued()
    }

    /// What stands in the inbox now; clients whose proposals are new.
    pub fn hear_inbox(&mut self, queued: Vec<Queued>) -> Vec<String> {
        self.waits.hear(queued)
    }

    /// A question before a tool of another server runs.
    pub fn hear_question(&mut self, ticket: Ticket, id: u64, question: Question) -> bool {
        let ours = self.asked == Some(ticket);
        if ours {
            self.waits.ask(id, question);
        }
        ours
    }

    /// A fault was applied: what it came from waits no longer.
    pub fn applied(&mut self, fault: &Fault) -> Option<Effect> {
        self.waits.applied(fault).map(Effect::DiscardQueued)
    }

    /// There is somebody to ask.
    pub fn ready(&self) -> bool {
        self.model.is_ok()
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        if self.typing { Context::Input } else { Context::Agent }
    }

    /// It decides itself what `back` means: an ask is stopped, a choice let go.
    pub fn holds_back(&self) -> bool {
        self.asked.is_some() || self.failure.is_some() || self.below > 0 || self.transcript.stands()
    }

    /// Proposals so far.
    pub fn proposals(&self) -> impl Iterator<Item = &Proposal> {
        self.transcript.proposals()
    }

    /// The proposal under the cursor.
    pub fn chosen(&self) -> Option<&Proposal> {
        self.proposals().nth(self.chosen)
    }

    /// Nobody is asked now.
    pub fn idle(&self) -> bool {
        self.asked.is_none() && self.checking.is_none()
    }

    /// A turn of the wheel scrolls what was said, also while something is typed.
    pub fn wheel(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        let typing = std::mem::take(&mut self.typing);
        let reply = self.update(command, cx);
        self.typing = typing;
        reply
    }

    /// The last words of the model may go on.
    pub fn grows(&self) -> bool {
        self.asked.is_some() && !self.transcript.half().is_empty()
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        if self.typing {
            return self.type_key(command, cx);
        }
        let page = self.page.saturating_sub(1).max(1);
        let most = self.transcript.len().saturating_sub(self.page);
        match command {
            Command::Back => return self.back(),
            Command::NextSpot | Command::PreviousSpot => {
                self.seek_spot = self.transcript.step(command == Command::PreviousSpot);
            }
            Command::OpenSpot | Command::Ask | Command::Open if self.transcript.stands() => {
                let turn = match self.transcript.open() {
                    // The other key shows what was found even where its object can be gone to.
                    Some((title, text, Some(object))) if command != Command::OpenSpot => {
                        Turn::Found(object, title, text)
                    }
                    Some((title, text, _)) => Turn::Text(title, text),
                    None => Turn::Stay,
                };
                return Reply { effects: Vec::new(), turn };
            }
            Command::Ask if self.ready() => self.typing = true,
            Command::Up => self.below = (self.below + 1).min(most),
            Command::Down => self.below = self.below.saturating_sub(1),
            Command::PageUp => self.below = (self.below + page).min(most),
            Command::PageDown => self.below = self.below.saturating_sub(page),
            Command::First => self.below = most,
            Command::Last => self.below = 0,
            Command::NextProposal | Command::PreviousProposal => {
                let count = self.proposals().count().max(1);
                let step = if command == Command::NextProposal { 1 } else { count - 1 };
                self.chosen = (self.chosen + step) % count;
                self.transcript.choose(self.chosen);
                self.seek = true;
            }
            Command::EditProposal => return self.by_hand(cx),
            Command::OpenProposal | Command::Open => return self.open(cx),
            Command::AllowOnce | Command::AllowAlways | Command::RefuseTool => {
                let answer = self.waits.answer(command, cx.now, cx.alone);
                return answer.map_or_else(Reply::none, |(id, answer)| Effect::Answer(id, answer).into());
            }
            Command::NextQueued => self.waits.next(),
            Command::DiscardQueued => {
                return self.waits.discard().map_or_else(Reply::none, |id| Effect::DiscardQueued(id).into());
            }
            Command::ReviewQueued => return self.review(cx),
            Command::RaiseBudget => return self.raise(cx),
            Command::NewConversation => return self.begin_anew(cx),
            _ => {}
        }
        Reply::none()
    }

    fn type_key(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        match command {
            Command::Accept => return self.send(cx),
            // The first press leaves the line, the next stops the ask.
            Command::Cancel => {
                self.typing = false;
                self.along.attached = None;
            }
            Command::HistoryBack | Command::HistoryForward => {
                let back = command == Command::HistoryBack;
                self.recalled =
                    if back { (self.recalled + 1).min(self.history.len()) } else { self.recalled.saturating_sub(1) };
                let at = self.history.len().checked_sub(self.recalled);
                let text = at.and_then(|at| self.history.get(at)).cloned().unwrap_or_default();
                self.line.set(&text);
            }
            Command::Complete | Command::CompleteBack => {
                let here = cx.world.namespace.as_deref();
                if !self.complete(here, command == Command::CompleteBack)
                    && let Some(question) = self.suggested.after(self.line.text())
                {
                    self.line.set(question);
                }
            }
            command => {
                self.line.edit(command);
            }
        }
        Reply::none()
    }

    /// Text typed or pasted.
    pub fn insert(&mut self, text: &str) {
        if self.typing {
            self.line.insert(text);
        }
    }

    fn send(&mut self, cx: &mut Cx<'_>) -> Reply {
        let text = self.line.text().trim().to_owned();
        if text.is_empty() || !self.ready() {
            return Reply::none();
        }
        let slash = slash::parse(&text);
        if self.asked.is_some() && slash.is_none() {
            return Reply::none();
        }
        if let Some(slash) = slash {
            // What is not understood stays in the line to be corrected.
            if slash.is_ok() {
                self.line.set("");
                self.typing = false;
                self.below = 0;
            }
            return self.slash(slash, cx);
        }
        let Some(asked) = self.asked_with(&text) else { return Reply::none() };
        self.line.set("");
        self.typing = false;
        self.recalled = 0;
        self.below = 0;
        self.failure = None;
        if self.history.last() != Some(&text) {
            self.history.push(text.clone());
        }
        self.ask(text, &asked, cx)
    }

    /// Asks: what a person reads of it, and what the model gets.
    fn ask(&mut self, text: String, asked: &str, cx: &mut Cx<'_>) -> Reply {
        self.talk.ask_on(asked, &self.privacy());
        self.transcript.push(Item::You(text));
        let ticket = cx.tickets.take();
        (self.asked, self.began, self.spent) = (Some(ticket), Some(cx.now), None);
        Effect::Ask(ticket, cx.world.namespace.clone(), Box::new(self.talk.clone())).into()
    }

    fn back(&mut self) -> Reply {
        if self.failure.take().is_some() {
            return Reply::none();
        }
        if self.transcript.stands() {
            self.transcript.leave();
            return Reply::none();
        }
        match self.asked.take() {
            Some(ticket) => {
                self.waits.drop_questions();
                self.stopped();
                Effect::Stop(ticket).into()
            }
            None => {
                self.below = 0;
                Reply::none()
            }
        }
    }

    /// Has the proposal under the cursor checked again.
    fn open(&mut self, cx: &mut Cx<'_>) -> Reply {
        let Some(proposal) = self.proposals().nth(self.chosen) else { return Reply::none() };
        let (fault, traffic) = (Box::new(proposal.fault.clone()), cx.world.traffic(cx.now));
        let kept = proposal.kept;
        self.check(fault, traffic, kept, cx)
    }

    /// Gives what could not be made to apply to the person's editor.
    fn by_hand(&mut self, cx: &Cx<'_>) -> Reply {
        let Some((call, why)) = self.transcript.gave_up() else { return Reply::none() };
        let here = cx.world.namespace.as_deref().unwrap_or("default");
        match Draft::of(call, why, here) {
            Some(draft) => Reply { effects: Vec::new(), turn: Turn::Draft(Box::new(draft)) },
            None => {
                let fix = "ask the agent for the step that was refused alone";
                self.failure = Some(Failure::new("a plan of several steps is not edited as one", fix));
                Reply::none()
            }
        }
    }

    /// Has the proposal of an MCP client checked as any other.
    fn review(&mut self, cx: &mut Cx<'_>) -> Reply {
        let Some(one) = self.waits.chosen() else { return Reply::none() };
        let (fault, traffic, kept) = (Box::new(one.fault.clone()), cx.world.traffic(cx.now), one.kept);
        self.waits.open();
        self.check(fault, traffic, kept, cx)
    }

    fn check(&mut self, fault: Box<Fault>, traffic: Traffic, kept: bool, cx: &mut Cx<'_>) -> Reply {
        let ticket = cx.tickets.take();
        self.checking = Some(ticket);
        self.failure = None;
        if kept {
            Effect::CheckChange(ticket, fault, traffic).into()
        } else {
            Effect::Check(ticket, fault, traffic).into()
        }
    }

    /// The API server's answer to the check.
    pub fn checked(&mut self, ticket: Ticket, answer: Result<Box<Checked>, Failure>) -> Reply {
        if self.checking != Some(ticket) {
            return Reply::none();
        }
        self.checking = None;
        let mut reply = Reply::checked(answer, &mut self.failure);
        if let (Turn::Preview(checked), None) = (&reply.turn, &self.failure) {
            let title = checked.preview.title.clone();
            // What a client of another agent queued is none of this conversation.
            self.opened = self.proposed(&checked.plan.fault);
            reply.effects.push(Effect::Talk(ticket, Wish::Decided(title, Decision::Opened)));
        }
        reply
    }

    /// The title of the proposal that this intent is, as it was proposed.
    fn proposed(&self, fault: &Fault) -> Option<String> {
        self.proposals().find(|proposal| proposal.fault == *fault).map(|proposal| proposal.title().to_owned())
    }

    fn decide(&mut self, ticket: Ticket, title: String, decision: Decision) -> Effect {
        self.talk.decide(title.clone(), decision);
        Effect::Talk(ticket, Wish::Decided(title, decision))
    }

    /// This fault was applied under this title: what that says about a proposal.
    pub fn applied_as(&mut self, fault: &Fault, title: &str, cx: &mut Cx<'_>) -> Vec<Effect> {
        let (opened, own) = (self.opened.take(), self.proposed(fault));
        let edited = opened.filter(|_| own.is_none());
        if own.is_none() && edited.is_none() {
            return Vec::new();
        }
        let edited = edited.map(|title| self.decide(cx.tickets.take(), title, Decision::Edited));
        let title = own.unwrap_or_else(|| title.to_owned());
        edited.into_iter().chain([self.decide(cx.tickets.take(), title, Decision::Applied)]).collect()
    }

    /// Whether a proposal is open, which is decided about when its preview and its form are closed.
    pub fn has_open(&self) -> bool {
        self.opened.is_some()
    }

    /// What was open of a proposal is closed, and it was not applied.
    pub fn let_go(&mut self, cx: &mut Cx<'_>) -> Option<Effect> {
        let title = self.opened.take()?;
        Some(self.decide(cx.tickets.take(), title, Decision::Rejected))
    }

    /// What is open of a proposal is closed for another reason than a decision.
    pub fn leave_open(&mut self) {
        self.opened = None;
    }

    /// What an ask tells.
    pub fn hear(&mut self, ticket: Ticket, told: Told) {
        if self.asked != Some(ticket) {
            return;
        }
        match told {
            Told::Remote(remote) => self.talk.set_remote(remote),
            Told::Kept(message) => {
                self.transcript.found(&message);
                self.talk.keep(message);
            }
            Told::Fitted(messages) => self.talk.fit(messages),
            Told::Budget(budget) => self.talk.set_budget(budget),
            Told::Proposed(proposal) => self.put(proposal),
            Told::Ended(end) => {
                self.asked = None;
                self.spent = spent::by(&end);
                self.transcript.rank();
                self.waits.drop_questions();
                self.transcript.end(&end);
            }
            told => self.transcript.hear(told),
        }
    }

    /// Puts a proposal before the person.
    fn put(&mut self, proposal: Box<Proposal>) {
        self.transcript.push(Item::Card(proposal));
        self.chosen = self.proposals().count().saturating_sub(1);
        self.transcript.choose(self.chosen);
    }

    /// What stands in the frame.
    pub fn title(&self) -> Title {
        let Ok(model) = &self.model else { return Title { words: Vec::new(), right: None } };
        let budget = self.talk.budget();
        let role = if budget.percent() >= 80 { Role::Warn } else { Role::TextDim };
        let mut words = vec![(model.shown(), Role::TextDim)];
        if budget.used > 0 {
            words.push((budget.words(), role));
        }
        let busy = match (self.asked, self.checking) {
            (Some(_), _) => Some("asking…"),
            (None, Some(_)) => Some("asking the API server…"),
            (None, None) => None,
        };
        Title { words, right: busy.map(|text| (text.to_owned(), Role::TextDim)) }
    }

    /// Bytes of what was said that are held here and for the next request.
    pub fn held(&self) -> usize {
        let messages: usize = self.talk.messages().iter().map(crate::agent::Message::size).sum();
        self.transcript.held() + messages
    }

    /// Marks names in the last answer that neither live state nor any tool knows.
    pub fn mark_unseen(&mut self, objects: &[Object]) {
        self.transcript.check(objects);
    }

    /// Nobody was asked yet.
    pub fn fresh(&self) -> bool {
        self.talk.messages().is_empty()
    }

    /// The model's name for the header; `None` without one.
    pub fn name(&self) -> Option<String> {
        self.model.as_ref().ok().map(Model::shown)
    }

    /// It says of itself that it is no AI.
    pub fn scripted(&self) -> bool {
        self.model.as_ref().is_ok_and(Model::scripted)
    }

    /// The keys that matter here, with their words.
    pub fn hints(&self) -> Vec<(Command, &'static str)> {
        let own = |command: Command| (command, command.spec().hint);
        if self.typing {
            let mut suggested = self.suggested;
            let offered = suggested.after(self.line.text());
            let mut keys = vec![(Command::Accept, "ask")];
            keys.extend(self.completes().then_some((Command::Complete, "complete")));
            keys.extend(offered.map(|_| {
                (Command::Complete, if self.line.text().is_empty() { "take this question" } else { "another question" })
            }));
            keys.push((Command::Cancel, "back"));
            return keys;
        }
        let mut keys: Vec<_> = self.waits.commands().into_iter().map(own).collect();
        if self.proposals().next().is_some() {
            keys.extend([own(Command::OpenProposal), own(Command::NextProposal)]);
        }
        if self.transcript.gave_up().is_some() {
            keys.push(own(Command::EditProposal));
        }
        if self.transcript.stands() {
            keys.push(own(Command::OpenSpot));
        }
        if self.asked.is_some() {
            keys.push((Command::Back, "stop"));
        } else if self.ready() {
            keys.extend(self.spent.map(|_| own(Command::RaiseBudget)));
            keys.push(own(Command::Ask));
        }
        keys.extend([Command::NewConversation].into_iter().filter(|_| !self.fresh()).map(own));
        keys.extend([Command::NextPane, Command::Help].map(own));
        if self.transcript.has_spots() {
            keys.push(own(Command::PreviousSpot));
        }
        keys
    }

    /// What was said here and what is being typed, as it came.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.transcript.texts().chain([self.line.text()])
    }

    /// Lays the transcript out; whoever reads above the bottom keeps his place.
    pub fn settle(&mut self, area: Rect, look: &Look<'_>) {
        let before = self.transcript.len();
        let keys = card_keys(look, self.proposals().count());
        self.transcript.settle(usize::from(area.width), look.theme.ascii, keys);
        let bound = |command: Command| Some((look.keymap.key(&chain(Context::Agent), command)?, command.spec().hint));
        let keys: Vec<_> = self.waits.commands().into_iter().filter_map(bound).collect();
        let most = usize::from(area.height.saturating_sub(2)) * 2 / 3;
        let card = self.waits.settle(usize::from(area.width), most, look.theme.ascii, &keys, look.now);
        self.card = u16::try_from(card).unwrap_or(0);
        self.page = usize::from(area.height.saturating_sub(2 + self.card));
        let now = self.transcript.len();
        if self.below > 0 {
            self.below += now.saturating_sub(before);
        }
        let card = std::mem::take(&mut self.seek).then(|| self.transcript.card()).flatten();
        let spot = std::mem::take(&mut self.seek_spot).then(|| self.transcript.place()).flatten();
        if let Some((from, to)) = card.or(spot) {
            let last = now.saturating_sub(self.below);
            if to > last {
                self.below = now - to;
            } else if from < last.saturating_sub(self.page) {
                // Its head is what a reader looks for.
                self.below = now.saturating_sub(from + self.page);
            }
        }
        self.below = self.below.min(now.saturating_sub(self.page));
    }

    /// What stands on the screen of what was said, as it came.
    pub fn told(&self) -> Vec<&str> {
        let last = self.transcript.len().saturating_sub(self.below);
        self.transcript.told(last.saturating_sub(self.page), last)
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let style = |role| look.theme.style(Role::Text).patch(look.theme.style(role));
        fill(buf, area, style(Role::Text));
        if area.height < 3 {
            return;
        }
        let card = self.card.min(area.height - 2);
        let low = Rect { y: area.bottom() - 2 - card, height: card, ..area };
        for (y, line) in (low.y..low.bottom()).zip(self.waits.lines()) {
            put_spans(buf, low.x, y, low.width, line.iter().map(|part| (part.text.as_str(), style(part.role))));
        }
        let above = Rect { height: area.height - 2 - card, ..area };
        if let Err(failure) = &self.model {
            Message { text: failure.what.clone(), fix: failure.fix.clone(), role: Role::TextDim }
                .view(above, buf, look);
            return;
        }
        if self.transcript.len() == 0 {
            self.empty(look).view(above, buf, look);
        }
        let last = self.transcript.len().saturating_sub(self.below);
        let first = last.saturating_sub(usize::from(above.height));
        for (y, line) in (above.y..above.bottom()).zip(self.transcript.lines(first, last)) {
            put_spans(buf, area.x, y, area.width, line.iter().map(|part| (part.text.as_str(), style(part.role))));
        }
        self.foot(Rect { y: area.bottom() - 2, height: 2, ..area }, buf, look);
    }

    /// What stands here before the first question.
    fn empty(&self, look: &Look<'_>) -> Message {
        let about = if self.scripted() {
            "a scripted model answers: it looks at this cluster and follows rules, and is no AI"
        } else if self.privacy().withhold {
            "the model is told nothing of this cluster; nothing is written without your key"
        } else {
            "the model looks at this cluster and proposes; nothing is written without your key"
        };
        let keys = |context, command| look.keymap.keys(&chain(context), command);
        let begin = keys(Context::Agent, Command::Ask);
        let begin = begin.iter().find(|key| *key == "enter").or(begin.first()).cloned();
        let ask = (begin, look.keymap.key(&chain(Context::Input), Command::Complete));
        let how = match ask {
            _ if self.typing => String::new(),
            (Some(ask), Some(take)) => format!("\n\n{ask}, then {take}, takes over the question below"),
            (Some(ask), None) => format!("\n\n{ask} begins a question"),
            (None, _) => String::new(),
        };
        Message::quiet("nothing was asked yet", format!("{about}{how}"))
    }

    /// What is said of a check, or what is below; then the line to type in.
    fn foot(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let style = |role| look.theme.style(Role::Text).patch(look.theme.style(role));
        let room = area.width.saturating_sub(2);
        if let Some(failure) = &self.failure {
            let text = format!("{}; {}", failure.what, failure.fix);
            put(buf, area.x, area.y, area.width, &sanitize::line(&text), style(Role::Bad));
        } else if let Some((name, _)) = &self.along.attached {
            let text = format!("goes along: {}", sanitize::line(name));
            put(buf, area.x, area.y, area.width, &text, style(Role::Accent));
        } else if let Some(text) = self.used_up(look) {
            put(buf, area.x, area.y, area.width, &text, style(Role::Warn));
        } else if self.below > 0 {
            put(buf, area.x, area.y, area.width, &format!("{} lines below", self.below), style(Role::TextDim));
        } else if let Some(text) = self.running(look.now) {
            put(buf, area.x, area.y, area.width, &text, style(Role::TextDim));
        }
        let y = area.y + 1;
        put(buf, area.x, y, 2, "> ", style(if self.typing { Role::Accent } else { Role::TextDim }));
        let (shown, cursor) = self.line.window(usize::from(room).max(2));
        put(buf, area.x + 2, y, room, shown, style(Role::Text));
        if self.line.text().is_empty() && (self.fresh() || self.typing) && self.asked.is_none() {
            put(buf, area.x + 2, y, room, self.suggested.question(), style(Role::TextDim));
        }
        if self.typing && look.focused {
            let at = area.x + 2 + u16::try_from(cursor).unwrap_or(0);
            caret(buf, at.min(area.right().saturating_sub(1)), y);
        }
    }
}

/// The keys of the chosen card with their words, as they are bound.
fn card_keys(look: &Look<'_>, cards: usize) -> Vec<(String, &'static str)> {
    let path = chain(Context::Agent);
    let word = |command: Command| look.keymap.key(&path, command).map(|key| (key, command.spec().hint));
    let next = word(Command::NextProposal).filter(|_| cards > 1);
    word(Command::OpenProposal).into_iter().chain(next).collect()
}
