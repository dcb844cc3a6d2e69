//! JSON-RPC of A2A: a request read, carried out at the desk, and answered or listened to. Methods have the names of their version.

use serde_json::{Value, json};

use super::{
    desk::Desk,
    said::Said,
    task::{Next, Task},
    think::{agent, unreachable},
    wire::Wire,
};
use crate::agents::site::Site;

/// How a request is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// At once.
    Now(Value),
    /// By the listener of this number, with every event or with the answer alone.
    Later {
        /// The listener.
        listener: u64,
        /// Whether it hears every event.
        streams: bool,
    },
}

/// What is done, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Send,
    Stream,
    Get,
    Cancel,
    Resubscribe,
    List,
    Push,
    Extended,
}

impl Method {
    fn of(wire: Wire, name: &str) -> Option<Self> {
        Some(match (wire, name) {
            (Wire::V03, "message/send") | (Wire::V10, "SendMessage") => Self::Send,
            (Wire::V03, "message/stream") | (Wire::V10, "SendStreamingMessage") => Self::Stream,
            (Wire::V03, "tasks/get") | (Wire::V10, "GetTask") => Self::Get,
            (Wire::V03, "tasks/cancel") | (Wire::V10, "CancelTask") => Self::Cancel,
            (Wire::V03, "tasks/resubscribe") | (Wire::V10, "SubscribeToTask") => Self::Resubscribe,
            (Wire::V10, "ListTasks") => Self::List,
            (Wire::V03, name) if name.starts_with("tasks/pushNotificationConfig/") => Self::Push,
            (Wire::V10, name) if name.contains("PushNotificationConfig") => Self::Push,
            (Wire::V03, "agent/getAuthenticatedExtendedCard") | (Wire::V10, "GetExtendedAgentCard") => Self::Extended,
            _ => return None,
        })
    }
}

/// What is wrong: a code of JSON-RPC or A2A, and words.
struct Fault(i64, String);

fn fault<T>(code: i64, words: impl Into<String>) -> Result<T, Fault> {
    Err(Fault(code, words.into()))
}

impl Desk {
    /// Answers a request to an agent: its namespace and name, who asks, the version header, the body.
    pub fn rpc(&mut self, site: &mut dyn Site, to: (&str, &str), user: &str, version: &str, body: &[u8]) -> Reply {
        let request: Value = match serde_json::from_slice(body) {
            Ok(request) => request,
            Err(error) => return refused(&Value::Null, &Fault(-32700, format!("the body is not JSON: {error}"))),
        };
        // Only a text or a number is an id.
        let id = request.get("id").filter(|id| id.is_string() || id.is_number()).cloned().unwrap_or_default();
        let Some(wire) = Wire::of(version) else {
            let words = format!("this agent speaks A2A 0.3 and 1.0, not {:?}", cut(version));
            return refused(&id, &Fault(-32009, words));
        };
        match self.carry_out(site, to, user, wire, &id, &request) {
            Ok(reply) => reply,
            Err(fault) => refused(&id, &fault),
        }
    }

    fn carry_out(
        &mut self,
        site: &mut dyn Site,
        (namespace, name): (&str, &str),
        user: &str,
        wire: Wire,
        id: &Value,
        request: &Value,
    ) -> Result<Reply, Fault> {
        let named = request.get("method").and_then(Value::as_str);
        let (Some(method), Some("2.0")) = (named, request.get("jsonrpc").and_then(Value::as_str)) else {
            return fault(-32600, "a request has jsonrpc 2.0 and a method");
        };
        if id.is_null() {
            return fault(-32600, "a request has an id");
        }
        let Some(found) = Method::of(wire, method) else {
            return fault(-32601, format!("there is no method {:?}", cut(method)));
        };
        let params = request.get("params").cloned().unwrap_or_default();
        if !params.is_object() && found != Method::List {
            return fault(-32602, "params must be an object");
        }
        if agent(site.store(), namespace, name).is_none() {
            return fault(-32603, format!("agent {namespace}/{name} not found"));
        }
        let now = site.now();
        let whole = |result: Value| Reply::Now(json!({"jsonrpc": "2.0", "id": id, "result": result}));
        match found {
            Method::Send | Method::Stream => {
                let said = Said::read(&params).or_else(|why| fault(-32602, why))?;
                if let Some(why) = unreachable(site.store(), namespace, name) {
                    return fault(-32603, why);
                }
                let streams = found == Method::Stream;
                let fresh = said.task.is_none();
                let task = self.take((namespace, name), user, wire, said, now)?;
                let waits = match wire {
                    Wire::V03 => params.pointer("/configuration/blocking") != Some(&Value::Bool(false)),
                    Wire::V10 => params.pointer("/configuration/returnImmediately") != Some(&Value::Bool(true)),
                };
                if !streams && !waits {
                    let task = self.tasks.get(&task).map(|task| wire.item(task)).unwrap_or_default();
                    return Ok(whole(task));
                }
                let listener = self.listen(&task, wire, id.clone(), streams, fresh);
                Ok(Reply::Later { listener, streams })
            }
            Method::Get => {
                let task = self.mine((namespace, name), user, &params)?;
                let history = params.get("historyLength").and_then(Value::as_u64);
                Ok(whole(wire.task(task, history.and_then(|most| usize::try_from(most).ok()))))
            }
            Method::Cancel => {
                let task = self.mine((namespace, name), user, &params)?;
                if task.status.state.is_final() {
                    return fault(-32002, format!("the task is {}: it cannot be canceled", task.status.state.old()));
                }
                let task = task.id.clone();
                self.cancel(&task, now);
                Ok(whole(self.tasks.get(&task).map(|task| wire.task(task, None)).unwrap_or_default()))
            }
            Method::Resubscribe => {
                let task = self.mine((namespace, name), user, &params)?;
                if task.status.state.is_final() {
                    return fault(
                        -32004,
                        format!("the task is {}: nothing more will be told", task.status.state.old()),
                    );
                }
                let task = task.id.clone();
                let listener = self.listen(&task, wire, id.clone(), true, true);
                Ok(Reply::Later { listener, streams: true })
            }
            Method::List => {
                let context = params.get("contextId").and_then(Value::as_str);
                let mine = self.tasks.values().filter(|task| {
                    is(task, (namespace, name), user) && context.is_none_or(|context| task.context == context)
                });
                let tasks: Vec<Value> = mine.map(|task| wire.task(task, Some(0))).collect();
                let size = tasks.len();
                Ok(whole(json!({"tasks": tasks, "totalSize": size, "pageSize": size, "nextPageToken": ""})))
            }
            Method::Push => fault(-32003, "this agent sends no push notifications"),
            Method::Extended => fault(-32007, "this agent has no other card"),
        }
    }

    /// A message makes a task, or goes to the one it names.
    fn take(
        &mut self,
        (namespace, name): (&str, &str),
        user: &str,
        wire: Wire,
        said: Said,
        now: jiff::Timestamp,
    ) -> Result<String, Fault> {
        let agent = (namespace.to_owned(), name.to_owned());
        let Some(id) = said.task.clone() else {
            let foreign = |context: &String| {
                self.contexts.get(context).is_some_and(|held| held.agent != agent || held.user != user)
            };
            if said.context.as_ref().is_some_and(foreign) {
                return fault(-32602, "this conversation is another one's");
            }
            return Ok(self.open(agent, user, said, now));
        };
        let task = self.tasks.get(&id).filter(|task| is(task, (namespace, name), user));
        let Some(task) = task else { return fault(-32001, "the task was not found") };
        if said.context.as_ref().is_some_and(|context| *context != task.context) {
            return fault(-32602, "the task belongs to another conversation");
        }
        let state = task.status.state;
        match task.next.clone() {
            Next::Wait(pending) => {
                self.decide(&id, pending, said.message, now);
                Ok(id)
            }
            _ if state.is_final() => {
                let code = if wire == Wire::V03 { -32602 } else { -32004 };
                fault(code, format!("the task is {}: begin a new one in its conversation", state.old()))
            }
            _ => fault(-32004, "the task is at work: cancel it, or wait for its answer"),
        }
    }

    fn mine(&self, to: (&str, &str), user: &str, params: &Value) -> Result<&Task, Fault> {
        let Some(id) = params.get("id").and_then(Value::as_str) else {
            return fault(-32602, "params.id must be a text");
        };
        match self.tasks.get(id).filter(|task| is(task, to, user)) {
            Some(task) => Ok(task),
            None => fault(-32001, "the task was not found"),
        }
    }
}

/// Whether it is a user's task with an agent.
fn is(task: &Task, (namespace, name): (&str, &str), user: &str) -> bool {
    task.agent.0 == namespace && task.agent.1 == name && task.user == user
}

fn refused(id: &Value, Fault(code, message): &Fault) -> Reply {
    Reply::Now(json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}))
}

/// No more of a client's words than are worth being said back.
fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}
