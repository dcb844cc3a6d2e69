//! A conversation as a state machine: what was said, the answer that is coming in, the tools it waits for.
//!
//! ```text
//! ask ─▶ [hear … hear] ─answered─▶ Run(calls) ─answer, answer …─▶ (ask the model again)
//!                          └─────▶ End
//! ```
//!
//! It does no I/O and knows no provider. Whatever is cut, cancelled or wrong, the messages stay well formed: every call has its
//! answer, so that the next ask can be sent.

use super::{
    budget::{self, Budget},
    compact, decided,
    end::End,
    evidence,
    limits::{Limit, Limits, Reached},
    message::{Call, Message, ToolAnswer},
    privacy::Privacy,
    remote::Remote,
    session::Decision,
    wire::{Delta, Stop, Usage},
};

/// Most proposals of one ask that may be refused; the next is not looked at any more.
pub const MOST_REFUSED: u32 = 3;
/// Most answers in a row none of whose calls can be read: a model that cannot call tools does not learn it by the twelfth.
pub const MOST_UNREADABLE: u32 = 3;
/// Most calls of one answer that are run.
pub const MOST_CALLS: usize = 16;
/// Most bytes of one answer: what goes on beyond it is no answer.
const MOST_BYTES: usize = 1 << 20;

/// What comes after an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Run these tools, then ask again.
    Run(Vec<Call>),
    /// It is over.
    End(End),
}

/// See the module docs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    messages: Vec<Message>,
    budget: Budget,
    limits: Limits,
    /// What a person decided since the last question.
    decided: Vec<(String, Decision)>,
    refused: u32,
    unreadable: u32,
    coming: Coming,
    waiting: Vec<ToolAnswer>,
    /// Where it stands at an agent that keeps it itself.
    remote: Option<Remote>,
    /// Answers of tools so far that are evidence; each has a number, from 1.
    found: u32,
    fitted: bool,
}

/// The answer coming in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Coming {
    text: String,
    /// By the provider's number.
    calls: Vec<(usize, Call)>,
    usage: Usage,
    stop: Option<Stop>,
    refusal: String,
    error: Option<String>,
    asks: Option<String>,
    bytes: usize,
}

impl Conversation {
    /// Nothing said yet, with a model whose context holds so many tokens.
    pub fn new(limit: u64) -> Self {
        Self {
            messages: Vec::new(),
            budget: Budget::new(limit),
            limits: Limits::default(),
            decided: Vec::new(),
            refused: 0,
            unreadable: 0,
            coming: Coming::default(),
            waiting: Vec::new(),
            remote: None,
            found: 0,
            fitted: false,
        }
    }

    /// What was said.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// How full the context is.
    pub fn budget(&self) -> Budget {
        self.budget
    }

    /// Where it stands at an agent that keeps it itself.
    pub fn remote(&self) -> Option<&Remote> {
        self.remote.as_ref()
    }

    /// Takes over where it stands at an agent.
    pub fn set_remote(&mut self, remote: Remote) {
        self.remote = Some(remote);
    }

    /// What it may spend.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Other limits hold from now on.
    pub fn limit(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Counts a tool call that is about to run, unless it is one too many.
    pub fn call(&mut self) -> Result<(), Reached> {
        self.limits.room(Limit::Tools, self.budget.spent.tools)?;
        self.budget.spent.tools += 1;
        Ok(())
    }

    /// Proposals of this ask that were refused.
    pub fn refused(&self) -> u32 {
        self.refused
    }

    /// A person decided about the proposal of this title: told with the next question.
    pub fn decide(&mut self, title: String, decision: Decision) {
        self.decided.push((title, decision));
    }

    /// A person asks; what was decided since the last question goes along, without names where nothing of the cluster is told.
    pub fn ask_on(&mut self, text: &str, privacy: &Privacy) {
        let told = decided::told(&self.decided, privacy.withhold);
        self.ask(format!("{text}{told}"));
    }

    /// A person asks just this.
    pub fn ask(&mut self, text: impl Into<String>) {
        self.close();
        self.decided.clear();
        self.budget.spent.tools = 0;
        self.refused = 0;
        self.unreadable = 0;
        self.keep(Message::You(text.into()));
    }

    /// Takes a message over as it is.
    pub fn keep(&mut self, message: Message) {
        self.budget.used += budget::of(std::slice::from_ref(&message));
        self.budget.told = false;
        if let Message::Tools(answers) = &message {
            self.found = self.found.max(evidence::highest(answers).unwrap_or(0));
        }
        self.messages.push(message);
    }

    /// Takes over what is left once somebody else made room.
    pub fn fit(&mut self, messages: Vec<Message>) {
        self.messages = messages;
    }

    /// Whether the last request had to leave something out.
    pub fn fitted(&self) -> bool {
        self.fitted
    }

    /// Takes the last exchange back: the question and all that came of it. Gives the question; `None` when nothing was asked.
    pub fn undo(&mut self) -> Option<String> {
        self.close();
        let at = self.messages.iter().rposition(|message| matches!(message, Message::You(_)))?;
        let gone = self.messages.split_off(at);
        self.budget.used = budget::of(&self.messages);
        self.budget.told = false;
        match gone.into_iter().next() {
            Some(Message::You(text)) => Some(text),
            _ => None,
        }
    }

    /// Forgets what may not be sent of a conversation that is gone on with. Gives how many messages went.
    pub fn keep_back(&mut self, privacy: &Privacy) -> usize {
        self.close();
        let gone = privacy.untold(&self.messages);
        self.messages.drain(..gone);
        self.budget.used = budget::of(&self.messages);
        gone
    }

    /// The messages to send next, when `around` tokens stand beside them.
    pub fn request(&mut self, around: u64) -> Result<Vec<Message>, End> {
        self.prepare(around)?;
        Ok(self.messages.clone())
    }

    /// The same for whoever does not send them.
    pub fn prepare(&mut self, around: u64) -> Result<(), End> {
        self.limits.room(Limit::Tokens, self.budget.spent.tokens).map_err(End::Spent)?;
        self.coming = Coming::default();
        self.fitted = compact::fit(&mut self.messages, around, self.budget.limit).ok_or(End::Full)?;
        self.budget.used = around + budget::of(&self.messages);
        self.budget.told = false;
        Ok(())
    }

    /// Takes a piece of the answer. False once there is too much of it to be one: whoever reads may stop.
    pub fn hear(&mut self, delta: &Delta) -> bool {
        let coming = &mut self.coming;
        match delta {
            Delta::Text(text) => {
                coming.bytes += text.len();
                coming.text.push_str(text);
            }
            Delta::Call { at, id, name } => match coming.calls.iter_mut().find(|(known, _)| known == at) {
                // Some servers repeat id and name in every piece.
                Some((_, call)) => {
                    if call.name.is_empty() {
                        call.name.clone_from(name);
                    }
                    if call.id.is_empty() {
                        call.id.clone_from(id);
                    }
                }
                None => {
                    coming.bytes += name.len();
                    let call = Call { id: id.clone(), name: name.clone(), arguments: String::new() };
                    coming.calls.push((*at, call));
                }
            },
            Delta::Piece { at, json } => {
                coming.bytes += json.len();
                match coming.calls.iter_mut().find(|(known, _)| known == at) {
                    Some((_, call)) => call.arguments.push_str(json),
                    None => {
                        let call = Call { id: String::new(), name: String::new(), arguments: json.clone() };
                        coming.calls.push((*at, call));
                    }
                }
            }
            Delta::CallEnd { .. } | Delta::Did(_) => {}
            Delta::Usage(usage) => {
                coming.usage.input = usage.input.or(coming.usage.input);
                coming.usage.output = usage.output.or(coming.usage.output);
            }
            Delta::Stop(stop) => coming.stop = Some(stop.clone()),
            Delta::Refusal(words) => {
                coming.bytes += words.len();
                coming.refusal.push_str(words);
            }
            Delta::Error(words) => coming.error = Some(words.clone()),
            Delta::Remote(remote) => self.remote = Some(remote.clone()),
            Delta::Asks(words) => coming.asks = Some(words.clone()),
        }
        coming.bytes <= MOST_BYTES
    }

    /// The stream ended: what comes next.
    pub fn answered(&mut self) -> Next {
        let mut coming = std::mem::take(&mut self.coming);
        let calls = named(coming.calls);
        let end = match (&coming.stop, coming.error.take()) {
            (_, Some(words)) => Some(End::Failed {
                what: format!("the provider broke off: {words}"),
                fix: "ask again".to_owned(),
                unreachable: true,
            }),
            (_, None) if coming.bytes > MOST_BYTES => Some(End::Truncated),
            (_, None) if coming.asks.is_some() => coming.asks.take().map(End::Asks),
            (None, None) => Some(End::Cut),
            (Some(Stop::Refused), None) => Some(End::Refused(coming.refusal.clone())),
            (Some(Stop::MaxTokens), None) => Some(End::Truncated),
            (Some(Stop::ContextFull), None) => Some(End::Full),
            (Some(_), None) if !coming.refusal.is_empty() => Some(End::Refused(coming.refusal.clone())),
            // Some servers say "stop" although they called tools: what counts is what they did.
            (Some(Stop::End | Stop::Tools | Stop::Other(_)), None) if !calls.is_empty() => None,
            (Some(_), None) if coming.text.trim().is_empty() => Some(End::Empty),
            (Some(_), None) => Some(End::Done),
        };
        match end {
            None => {
                self.keep(Message::Model { text: coming.text, calls: calls.clone() });
                self.count(coming.usage, coming.bytes);
                Next::Run(calls)
            }
            Some(end) => {
                // Calls of an answer that is not whole are void: nobody knows what they would have been.
                if !coming.text.trim().is_empty() {
                    self.keep(Message::Model { text: coming.text, calls: Vec::new() });
                }
                self.count(coming.usage, coming.bytes);
                Next::End(end)
            }
        }
    }

    fn count(&mut self, usage: Usage, answer: usize) {
        let output = usage.output.unwrap_or_else(|| budget::estimate(answer));
        // Before it is told, what is in use is what the request was estimated at, and this answer.
        let input = usage.input.filter(|input| *input > 0).unwrap_or(self.budget.used.saturating_sub(output));
        self.budget.spent.tokens = self.budget.spent.tokens.saturating_add(input).saturating_add(output);
        if let Some(input) = usage.input.filter(|input| *input > 0) {
            self.budget.used = input + usage.output.unwrap_or(0);
            self.budget.told = true;
        }
    }

    /// A tool's answer, which gets its number here. True when it was the last one waited for: ask the model again.
    pub fn answer(&mut self, mut answer: ToolAnswer) -> bool {
        let Some(Message::Model { calls, .. }) = self.messages.last() else { return false };
        let waited =
            calls.iter().any(|call| call.id == answer.id) && !self.waiting.iter().any(|known| known.id == answer.id);
        if !waited {
            return false;
        }
        if answer.ok
            && let Some((marked, parts)) = evidence::mark(&answer.text, self.found + 1)
        {
            self.found += parts;
            answer.text = marked;
        }
        self.waiting.push(answer);
        let done = self.waiting.len() == calls.len();
        if done {
            let answers = std::mem::take(&mut self.waiting);
            self.keep(Message::Tools(answers));
        }
        done
    }

    /// A proposal was refused: whether another may be looked at.
    pub fn refuse(&mut self) -> bool {
        self.refused += 1;
        self.refused < MOST_REFUSED
    }

    /// All calls of an answer were answered; `why` where none of them could be read. The end, once that happens too often.
    pub fn ran(&mut self, why: Option<String>) -> Option<End> {
        let Some(why) = why else {
            self.unreadable = 0;
            return None;
        };
        self.unreadable += 1;
        // What comes after the cause is advice for the model.
        let why = why.split("; ").next().unwrap_or_default().to_owned();
        (self.unreadable >= MOST_UNREADABLE).then_some(End::Unreadable(self.unreadable, why))
    }

    /// How full the context is, as whoever asks for it found.
    pub fn set_budget(&mut self, budget: Budget) {
        self.budget = budget;
    }

    /// A person stops an ask that somebody else carries out: `half` is what was said and not kept yet.
    pub fn stop(&mut self, half: &str) {
        let kept = matches!(self.messages.last(), Some(Message::Model { text, .. }) if text == half);
        if !half.trim().is_empty() && !kept {
            self.close();
            self.keep(Message::Model { text: half.to_owned(), calls: Vec::new() });
        }
        self.close();
    }

    /// A person stops it: what came is kept, what is missing is filled in.
    pub fn cancel(&mut self) {
        let text = std::mem::take(&mut self.coming).text;
        if !text.trim().is_empty() {
            self.keep(Message::Model { text, calls: Vec::new() });
        }
        self.close();
    }

    /// Gives every call an answer.
    fn close(&mut self) {
        self.coming = Coming::default();
        let mut answers = std::mem::take(&mut self.waiting);
        let Some(Message::Model { calls, .. }) = self.messages.last() else { return };
        let missing = calls.iter().filter(|call| !answers.iter().any(|known| known.id == call.id));
        let missing: Vec<ToolAnswer> = missing
            .map(|call| ToolAnswer {
                id: call.id.clone(),
                text: "error: it was stopped before this ran".to_owned(),
                ok: false,
            })
            .collect();
        answers.extend(missing);
        if !answers.is_empty() {
            self.keep(Message::Tools(answers));
        }
    }
}

/// The calls in the provider's order, each with an id of its own: answers are told apart by it.
fn named(mut calls: Vec<(usize, Call)>) -> Vec<Call> {
    calls.sort_by_key(|(at, _)| *at);
    let mut all: Vec<Call> = Vec::new();
    for (at, mut call) in calls {
        if call.id.is_empty() || all.iter().any(|known| known.id == call.id) {
            call.id = format!("call_{at}_{}", all.len());
        }
        all.push(call);
    }
    all
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Conversation, Next};
    use crate::agent::{
        end::End,
        limits::{Limit, Limits, Reached},
        message::{Message, ToolAnswer},
        wire::{Delta, Stop, Usage},
    };

    fn asked() -> Conversation {
        let mut talk = Conversation::new(100_000);
        talk.ask("why is checkout slow?");
        talk.request(100).unwrap();
        talk
    }

    fn call(at: usize, id: &str, name: &str) -> Delta {
        Delta::Call { at, id: id.to_owned(), name: name.to_owned() }
    }

    fn piece(at: usize, json: &str) -> Delta {
        Delta::Piece { at, json: json.to_owned() }
    }

    fn hear(talk: &mut Conversation, deltas: &[Delta]) -> Next {
        for delta in deltas {
            assert!(talk.hear(delta));
        }
        talk.answered()
    }

    #[test]
    fn parallel_calls_in_pieces_come_whole_and_in_order() {
        let mut talk = asked();
        let deltas = [
            call(1, "b", "logs"),
            call(0, "a", "list"),
            piece(0, "{\"kind\""),
            piece(1, "{}"),
            call(0, "a", "list"),
            piece(0, ":\"pods\"}"),
            Delta::Stop(Stop::Tools),
        ];
        let Next::Run(calls) = hear(&mut talk, &deltas) else { panic!("no calls") };
        let told: Vec<_> = calls.iter().map(|call| (call.name.as_str(), call.arguments.as_str())).collect();
        assert_eq!(told, [("list", "{\"kind\":\"pods\"}"), ("logs", "{}")]);
        let answer = |id: &str| ToolAnswer { id: id.to_owned(), text: "x".to_owned(), ok: true };
        assert!(!talk.answer(answer("b")));
        assert!(!talk.answer(answer("b")), "an answer counts once");
        assert!(!talk.answer(answer("z")), "nobody asked for it");
        assert!(talk.answer(answer("a")));
    }

    #[rstest]
    #[case(vec![Delta::Text("It is slow.".into()), Delta::Stop(Stop::End)], End::Done)]
    #[case(vec![Delta::Text("It is".into())], End::Cut)]
    #[case(vec![call(0, "a", "list"), piece(0, "{\"ki")], End::Cut)]
    #[case(vec![Delta::Stop(Stop::End)], End::Empty)]
    #[case(vec![Delta::Text(" \n".into()), Delta::Stop(Stop::End)], End::Empty)]
    #[case(vec![call(0, "a", "list"), piece(0, "{\"ki"), Delta::Stop(Stop::MaxTokens)], End::Truncated)]
    #[case(vec![Delta::Refusal("I will not.".into()), Delta::Stop(Stop::End)], End::Refused("I will not.".into()))]
    #[case(vec![Delta::Stop(Stop::Refused)], End::Refused(String::new()))]
    #[case(vec![Delta::Stop(Stop::ContextFull)], End::Full)]
    fn every_answer_has_an_end(#[case] deltas: Vec<Delta>, #[case] end: End) {
        let mut talk = asked();
        assert_eq!(hear(&mut talk, &deltas), Next::End(end));
        let calls =
            talk.messages().iter().any(|message| matches!(message, Message::Model { calls, .. } if !calls.is_empty()));
        assert!(!calls, "calls of an answer that is not whole are void");
    }

    #[test]
    fn a_model_that_never_ends_is_ended() {
        let mut talk = Conversation::new(100_000);
        talk.ask("go");
        let round = |talk: &mut Conversation| {
            talk.request(0).unwrap();
            assert!(matches!(hear(talk, &[call(0, "a", "list"), Delta::Stop(Stop::Tools)]), Next::Run(_)));
            talk.call()?;
            assert!(talk.answer(ToolAnswer { id: "a".to_owned(), text: "x".to_owned(), ok: true }));
            Ok(())
        };
        let reached = (0..1000).find_map(|_| round(&mut talk).err()).expect("it is ended");
        assert_eq!(reached, Reached { limit: Limit::Tools, used: 40, of: 40 });
        talk.limit(talk.limits().with(Limit::Tools, 42));
        talk.cancel();
        assert_eq!((round(&mut talk), round(&mut talk)), (Ok(()), Ok(())), "raised, it goes on");
        assert_eq!(round(&mut talk), Err(Reached { limit: Limit::Tools, used: 42, of: 42 }));
        talk.ask("again");
        assert_eq!((talk.budget().spent.tools, round(&mut talk)), (0, Ok(())), "a turn has a budget of its own");
    }

    #[test]
    fn tokens_are_counted_over_all_turns_as_they_are_told() {
        let mut talk = asked();
        talk.limit(Limits { tokens: 1000, ..Limits::NONE });
        let said = |input, output| {
            let usage = Usage { input: Some(input), output: Some(output) };
            [Delta::Text("so".to_owned()), Delta::Usage(usage), Delta::Stop(Stop::End)]
        };
        assert_eq!(hear(&mut talk, &said(500, 50)), Next::End(End::Done));
        talk.ask("more");
        talk.request(0).unwrap();
        assert_eq!(hear(&mut talk, &said(600, 50)), Next::End(End::Done));
        talk.ask("more");
        let reached = Reached { limit: Limit::Tokens, used: 1200, of: 1000 };
        assert_eq!(talk.request(0), Err(End::Spent(reached)));
        talk.limit(Limits { tokens: 5000, ..Limits::NONE });
        talk.request(0).unwrap();
        let silent = [Delta::Text("x".repeat(3000)), Delta::Stop(Stop::End)];
        assert_eq!(hear(&mut talk, &silent), Next::End(End::Done));
        assert!(talk.budget().spent.tokens > 2200, "what nobody tells is estimated: {:?}", talk.budget());
    }

    #[test]
    fn a_model_that_cannot_call_tools_is_ended_and_one_that_slips_is_not() {
        let mut talk = asked();
        let wrong = || Some("no JSON; call again".to_owned());
        assert_eq!((talk.ran(wrong()), talk.ran(wrong()), talk.ran(None)), (None, None, None));
        assert_eq!((talk.ran(wrong()), talk.ran(wrong())), (None, None));
        assert_eq!(talk.ran(wrong()), Some(End::Unreadable(3, "no JSON".to_owned())));
        talk.ask("again");
        assert_eq!(talk.ran(wrong()), None, "another question, another chance");
    }

    #[test]
    fn a_cancel_leaves_every_call_answered() {
        let mut talk = asked();
        hear(&mut talk, &[call(0, "a", "list"), call(1, "", "get"), Delta::Stop(Stop::Tools)]);
        talk.answer(ToolAnswer { id: "a".to_owned(), text: "pods".to_owned(), ok: true });
        talk.cancel();
        let Some(Message::Tools(answers)) = talk.messages().last() else { panic!("a call without an answer") };
        assert_eq!(answers.iter().map(|answer| answer.ok).collect::<Vec<_>>(), [true, false]);
        talk.ask("again");
        talk.request(0).unwrap();
        talk.hear(&Delta::Text("half an ans".into()));
        talk.cancel();
        assert_eq!(talk.messages().last(), Some(&Message::Model { text: "half an ans".into(), calls: vec![] }));
    }

    #[test]
    fn the_provider_knows_better_than_a_guess() {
        let mut talk = asked();
        assert!(!talk.budget().told);
        let usage = Delta::Usage(Usage { input: Some(400), output: Some(1) });
        let later = Delta::Usage(Usage { input: None, output: Some(65) });
        hear(&mut talk, &[usage, Delta::Text("ok".into()), later, Delta::Stop(Stop::End)]);
        assert_eq!((talk.budget().used, talk.budget().told), (465, true));
    }

    #[test]
    fn an_answer_without_end_is_no_answer() {
        let mut talk = asked();
        let flood = Delta::Text("x".repeat(1 << 18));
        assert!((0..10).any(|_| !talk.hear(&flood)));
        assert_eq!(talk.answered(), Next::End(End::Truncated));
    }
}
