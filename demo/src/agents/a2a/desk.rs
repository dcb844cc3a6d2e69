//! The desk: all tasks and conversations there are, moved on by time, and those who listen to them.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    hitl::{Decision, Pending, answered, called},
    said::Said,
    state::State,
    task::{Message, Next, Part, Status, Task},
    think::{Mind, account, agent, unreachable},
    wire::Wire,
};
use crate::{
    agents::{
        site::Site,
        tools::{self, Called},
    },
    api::Pulled,
    base::{names, when},
    model::{Call, Found, Turn, deltas},
};

/// How long a model thinks, a tool works, a piece of an answer takes; virtual time.
const THINKS: Duration = Duration::from_millis(400);
const WORKS: Duration = Duration::from_millis(200);
const SPEAKS: Duration = Duration::from_millis(40);
/// The most characters of one piece.
const PIECE: usize = 48;
/// The most tools that one task calls.
const MOST_CALLS: usize = 12;
/// How many tasks, conversations and listeners are kept.
const MOST_TASKS: usize = 200;
const MOST_CONTEXTS: usize = 100;
const MOST_LISTENERS: usize = 256;
/// How much of a conversation a model is told.
const MOST_TURNS: usize = 80;

/// A conversation.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) agent: (String, String),
    pub(super) user: String,
    pub(super) began: Timestamp,
    turns: Vec<Turn>,
    number: u64,
}

/// Somebody who listens to a task.
#[derive(Debug, Clone)]
struct Listener {
    task: String,
    wire: Wire,
    id: Value,
    seen: usize,
    /// Every event; else the answer alone.
    streams: bool,
    /// Whether the task itself was told already.
    begun: bool,
}

/// All tasks.
#[derive(Debug, Clone, Default)]
pub struct Desk {
    seed: u64,
    made: u64,
    pub(super) tasks: BTreeMap<String, Task>,
    pub(super) contexts: BTreeMap<String, Context>,
    listeners: BTreeMap<u64, Listener>,
}

impl Desk {
    /// None yet.
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    fn id(&mut self, subject: &str) -> String {
        let number = self.number();
        names::uid(self.seed, subject, number)
    }

    /// Takes a new task up.
    pub(super) fn open(&mut self, agent: (String, String), user: &str, said: Said, now: Timestamp) -> String {
        self.tidy();
        let words = said.words();
        let context = said.context.unwrap_or_else(|| self.id("context"));
        let number = self.number();
        let held = self.contexts.entry(context.clone()).or_insert_with(|| Context {
            agent: agent.clone(),
            user: user.to_owned(),
            began: now,
            turns: Vec::new(),
            number,
        });
        held.number = number;
        held.turns.push(Turn::User(words));
        let id = self.id("task");
        let task = Task {
            id: id.clone(),
            context,
            agent,
            user: user.to_owned(),
            status: Status { state: State::Submitted, message: None, at: now },
            history: vec![said.message],
            answer: None,
            events: Vec::new(),
            due: later(now, THINKS),
            next: Next::Think,
            calls: 0,
        };
        self.tasks.insert(id.clone(), task);
        id
    }

    /// Takes a decision for a task that waits for one.
    pub(super) fn decide(&mut self, id: &str, pending: Pending, said: Message, now: Timestamp) {
        let Some(task) = self.tasks.get_mut(id) else { return };
        let decision = pending.decided(&said.parts);
        task.history.push(said);
        task.turn(State::Working, None, now);
        task.due = later(now, WORKS);
        match decision {
            Decision::Approve => task.next = Next::Tool(pending.call, pending.tool, pending.given),
            Decision::Reject(reason) => {
                let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                let said = format!("Tool call was rejected by the user{why}");
                self.found(id, &pending.call, &pending.tool, &said, true, now);
            }
        }
    }

    /// Takes a task back.
    pub(super) fn cancel(&mut self, id: &str, now: Timestamp) {
        if let Some(task) = self.tasks.get_mut(id) {
            task.turn(State::Canceled, None, now);
        }
    }

    /// Begins to listen: to all events from now on, with the task first where `first`; or for the answer alone.
    pub(super) fn listen(&mut self, task: &str, wire: Wire, id: Value, streams: bool, first: bool) -> u64 {
        let number = self.number();
        let seen = self.tasks.get(task).map_or(0, |task| task.events.len());
        let listener = Listener { task: task.to_owned(), wire, id, seen, streams, begun: !first };
        self.listeners.insert(number, listener);
        while self.listeners.len() > MOST_LISTENERS {
            self.listeners.pop_first();
        }
        number
    }

    /// What a listener has to hear since the last time.
    pub fn pull(&mut self, number: u64) -> Pulled {
        let gone = Pulled { chunks: Vec::new(), ended: true };
        let Some(listener) = self.listeners.get_mut(&number) else { return gone };
        let Some(task) = self.tasks.get(&listener.task) else {
            self.listeners.remove(&number);
            return gone;
        };
        let wrapped = |result: Value| json!({"jsonrpc": "2.0", "id": listener.id, "result": result}).to_string();
        let (mut chunks, over) = (Vec::new(), task.status.state.answers());
        if listener.streams {
            let first = (!listener.begun).then(|| listener.wire.item(task));
            let events = task.events.iter().skip(listener.seen).map(|event| listener.wire.event(event, task));
            chunks.extend(first.into_iter().chain(events).map(|one| format!("data: {}\n\n", wrapped(one))));
            (listener.begun, listener.seen) = (true, task.events.len());
        } else if over {
            chunks.push(wrapped(listener.wire.item(task)));
        }
        if over {
            self.listeners.remove(&number);
        }
        Pulled { chunks: chunks.into_iter().map(Bytes::from).collect(), ended: over }
    }

    /// Takes every step that is due, each at its own time.
    pub fn advance(&mut self, site: &mut dyn Site) {
        let now = site.now();
        let due = |task: &&Task| task.due <= now && !matches!(task.next, Next::Over | Next::Wait(_));
        while let Some(task) = self.tasks.values().filter(due).min_by_key(|task| (task.due, &task.id)) {
            let (id, at) = (task.id.clone(), task.due);
            self.step(site, &id, at);
        }
    }

    fn step(&mut self, site: &mut dyn Site, id: &str, at: Timestamp) {
        let Some(task) = self.tasks.get_mut(id) else { return };
        match task.next.clone() {
            Next::Think => self.think(site, id, at),
            Next::Tool(call, tool, given) => {
                let (namespace, name) = task.agent.clone();
                let agent = agent(site.store(), &namespace, &name).unwrap_or_default();
                let called = match account(site, &namespace, &agent) {
                    Ok(account) => tools::call(site, &account, &tool, &given),
                    Err(why) => Called::Failed(why),
                };
                match called {
                    Called::Said(said) => self.found(id, &call, &tool, &said, false, at),
                    Called::Failed(why) => self.found(id, &call, &tool, &why, true, at),
                    Called::Runs(_) => self.found(id, &call, &tool, "this tool is not for agents", true, at),
                }
            }
            Next::Speak(mut pieces) => {
                let piece = if pieces.is_empty() { String::new() } else { pieces.remove(0) };
                let last = pieces.is_empty();
                task.speak(&piece, last);
                (task.due, task.next) = (later(at, SPEAKS), Next::Speak(pieces));
                if last {
                    let answer = task.answer.clone().unwrap_or_default();
                    let message = task.message(vec![Part::Text(answer.clone())]);
                    task.history.push(message);
                    task.turn(State::Completed, None, at);
                    let context = task.context.clone();
                    self.remember(&context, Turn::Said(answer));
                }
            }
            Next::Wait(_) | Next::Over => {}
        }
    }

    /// Lets the agent's model say what comes next.
    fn think(&mut self, site: &mut dyn Site, id: &str, at: Timestamp) {
        let Some(task) = self.tasks.get_mut(id) else { return };
        let (namespace, name) = task.agent.clone();
        let fail = |task: &mut Task, why: String| {
            let message = task.message(vec![Part::Text(why)]);
            task.turn(State::Failed, Some(message), at);
        };
        let Some(agent) = agent(site.store(), &namespace, &name) else {
            return fail(task, format!("agent {namespace}/{name} is not there any more"));
        };
        if let Some(why) = unreachable(site.store(), &namespace, &name) {
            return fail(task, why);
        }
        let mind = Mind::of(&agent);
        let turns = self.contexts.get(&task.context).map(|held| held.turns.as_slice()).unwrap_or_default();
        let reply = mind.reply(site.rules(), turns);
        let Some((tool, given)) = reply.call else {
            let seed = self.seed ^ task.events.len() as u64;
            (task.due, task.next) = (later(at, SPEAKS), Next::Speak(deltas(&reply.text, seed, PIECE)));
            return;
        };
        if task.calls >= MOST_CALLS || !mind.has(&tool) {
            return fail(task, format!("it called {tool:?} where that was not to be expected, and was stopped"));
        }
        task.calls += 1;
        let call = format!("{id}-{}", task.calls);
        let words = Some(reply.text).filter(|text| !text.is_empty()).map(Part::Text);
        let parts: Vec<Part> = words.into_iter().chain([called(&call, &tool, &given)]).collect();
        let message = task.message(parts);
        task.turn(State::Working, Some(message), at);
        task.due = later(at, WORKS);
        if mind.asks(&tool) {
            let pending =
                Pending { id: format!("{call}-ask"), call: call.clone(), tool: tool.clone(), given: given.clone() };
            let message = task.message(vec![pending.card()]);
            task.turn(State::InputRequired, Some(message), at);
            task.next = Next::Wait(pending);
        } else {
            task.next = Next::Tool(call.clone(), tool.clone(), given.clone());
        }
        let context = task.context.clone();
        self.remember(&context, Turn::Model(vec![Call { id: call, name: tool, given }]));
    }

    /// What a tool answered goes to whoever listens and to the model.
    fn found(&mut self, id: &str, call: &str, tool: &str, said: &str, failed: bool, at: Timestamp) {
        let Some(task) = self.tasks.get_mut(id) else { return };
        let message = task.message(vec![answered(call, tool, said, failed)]);
        task.turn(State::Working, Some(message), at);
        (task.due, task.next) = (later(at, THINKS), Next::Think);
        let context = task.context.clone();
        let text = if failed { format!("error: {said}") } else { said.to_owned() };
        self.remember(&context, Turn::Result(Found { id: call.to_owned(), text, failed }));
    }

    fn remember(&mut self, context: &str, turn: Turn) {
        let Some(held) = self.contexts.get_mut(context) else { return };
        held.turns.push(turn);
        let more = held.turns.len().saturating_sub(MOST_TURNS);
        held.turns.drain(..more);
    }

    /// Forgets the oldest of what is over.
    fn tidy(&mut self) {
        while self.tasks.len() >= MOST_TASKS {
            let over = self.tasks.values().filter(|task| task.status.state.is_final());
            // One that waits for nobody's decision makes room, too, before none is taken any more.
            let oldest =
                over.min_by_key(|task| task.status.at).or_else(|| self.tasks.values().min_by_key(|task| task.due));
            let Some(id) = oldest.map(|task| task.id.clone()) else { return };
            self.tasks.remove(&id);
        }
        while self.contexts.len() >= MOST_CONTEXTS {
            let Some(id) = self.contexts.iter().min_by_key(|(_, held)| held.number).map(|(id, _)| id.clone()) else {
                return;
            };
            self.contexts.remove(&id);
        }
    }

    /// Conversations of a user, as kagent's sessions.
    pub fn sessions(&self, user: &str) -> Value {
        let mine = self.contexts.iter().filter(|(_, held)| held.user == user);
        let told = mine.map(|(id, held)| {
            let first = held.turns.iter().find_map(|turn| match turn {
                Turn::User(text) => Some(text.chars().take(40).collect::<String>()),
                _ => None,
            });
            json!({
                "id": id, "name": first, "user_id": user, "created_at": when::seconds(held.began),
                "agent_id": format!("{}__NS__{}", held.agent.0, held.agent.1).replace('-', "_"),
            })
        });
        told.collect::<Vec<_>>().into()
    }

    /// The tasks of a conversation.
    pub fn tasks_of(&self, context: &str, user: &str) -> Option<Value> {
        self.contexts.get(context).filter(|held| held.user == user)?;
        let mine = self.tasks.values().filter(|task| task.context == context);
        Some(mine.map(|task| Wire::V03.task(task, None)).collect::<Vec<_>>().into())
    }

    /// One task.
    pub fn task(&self, id: &str, user: &str) -> Option<Value> {
        self.tasks.get(id).filter(|task| task.user == user).map(|task| Wire::V03.task(task, None))
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}
