//! All MCP servers of the settings: connected when they are first needed, listed anew with every question, called after a
//! person's yes.
//!
//! A server that is dead or late is told and left out; the others go on. Nothing here is held across a person's answer.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use futures::future::join_all;
use serde_json::Value;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::{Trouble, link::Link, short, store};
use crate::agent::{
    fence,
    mcp::{Answer, Offered, Permits, Question, Server, Verdict, offered::Offer},
};

/// A question on its way to a person.
pub type Asking = (Question, oneshot::Sender<Answer>);

/// Who is asked before a tool runs that was not allowed.
#[derive(Debug, Clone)]
pub enum Gate {
    /// Nobody: it does not run.
    Closed,
    /// A person.
    Person(mpsc::Sender<Asking>),
}

/// The servers.
#[derive(Debug)]
pub struct Hub {
    servers: Vec<Server>,
    state_dir: PathBuf,
    open: Mutex<BTreeMap<String, Arc<Open>>>,
}

/// A server that answered.
#[derive(Debug)]
struct Open {
    link: Link,
    offer: Offer,
}

/// How a server stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The server.
    pub server: Server,
    /// What it offers, or what is wrong.
    pub offer: Result<Offer, Trouble>,
    /// Of its tools, those that run without asking.
    pub allowed: Vec<String>,
}

/// What came of a call, for the model: the text, and why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    /// Fenced.
    pub text: String,
    /// Empty when it worked.
    pub why: String,
}

impl Came {
    fn bad(why: impl Into<String>) -> Self {
        let why = why.into();
        Self { text: fence::refusal(&why), why }
    }
}

impl Hub {
    /// The servers of the settings; permissions are kept below the state directory. Nothing is started yet.
    pub fn new(servers: Vec<Server>, state_dir: PathBuf) -> Self {
        Self { servers, state_dir, open: Mutex::default() }
    }

    /// Whether there is any.
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    /// The tools of all servers that answer now, and what is wrong with the others.
    pub async fn offers(&self) -> (Vec<Offered>, Vec<Trouble>) {
        let (mut tools, mut troubles) = (Vec::new(), Vec::new());
        for (_, answer) in self.listed().await {
            match answer {
                Ok(open) => tools.extend(open.offer.tools.iter().cloned()),
                Err(trouble) => troubles.push(trouble),
            }
        }
        (tools, troubles)
    }

    /// How every server stands.
    pub async fn standings(&self) -> Vec<Standing> {
        let permits = store::read(&self.state_dir);
        let listed = self.listed().await.into_iter().map(|(server, answer)| {
            let offer = answer.map(|open| open.offer.clone());
            let allowed = offer.iter().flat_map(|offer| {
                let runs = |tool: &&Offered| permits.verdict(tool, &offer.print) == Verdict::Allowed;
                offer.tools.iter().filter(runs).map(|tool| tool.name.clone())
            });
            let allowed = allowed.collect();
            Standing { server, offer, allowed }
        });
        listed.collect()
    }

    /// Forgets what was allowed of a server; whether there was anything.
    pub fn forget(&self, server: &str) -> std::io::Result<bool> {
        let mut permits = store::read(&self.state_dir);
        if !permits.forget(server) {
            return Ok(false);
        }
        store::write(&self.state_dir, &permits).map(|()| true)
    }

    /// Asks every server for its list; one that is gone is connected to again.
    async fn listed(&self) -> Vec<(Server, Result<Arc<Open>, Trouble>)> {
        let kept = std::mem::take(&mut *self.open.lock().await);
        let asked = self.servers.iter().map(|server| {
            let kept = kept.get(&server.name).filter(|open| open.link.alive()).cloned();
            async move { (server.clone(), renewed(server, kept).await) }
        });
        let answers = join_all(asked).await;
        let mut open = self.open.lock().await;
        for (server, answer) in &answers {
            if let Ok(one) = answer {
                open.insert(server.name.clone(), Arc::clone(one));
            }
        }
        answers
    }

    /// Runs a tool, after a person's yes. `arguments` as the model wrote them.
    pub async fn call(&self, name: &str, arguments: &str, gate: &Gate) -> Came {
        let found = self.open.lock().await.values().find_map(|open| {
            let tool = open.offer.tools.iter().find(|tool| tool.full == name)?;
            Some((Arc::clone(open), tool.clone()))
        });
        let Some((open, tool)) = found else {
            return Came::bad(format!("there is no tool `{}`; its server may be gone", short(name)));
        };
        let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
        let Ok(Value::Object(arguments)) = serde_json::from_str(arguments) else {
            return Came::bad("the arguments must be one JSON object");
        };
        let refused = self.may(&open, &tool, &Value::Object(arguments.clone()), gate).await;
        if let Err(why) = refused {
            return Came::bad(why);
        }
        match open.link.call(&tool, arguments).await {
            Ok(said) if said.failed => {
                let why = format!("{} says: {}", tool.server, short(&said.text));
                Came { text: format!("error:\n{}", fence::text(&tool.full, &said.text)), why }
            }
            Ok(said) => Came { text: fence::text(&tool.full, &said.text), why: String::new() },
            Err(trouble) => {
                if !open.link.alive() {
                    self.open.lock().await.remove(&tool.server);
                }
                Came::bad(trouble.what)
            }
        }
    }

    /// Whether a tool may run now. After a yes the server is looked at once more: it is to what was offered when it was given.
    async fn may(&self, open: &Open, tool: &Offered, arguments: &Value, gate: &Gate) -> Result<(), String> {
        let print = &open.offer.print;
        if let Verdict::Ask { changed } = store::read(&self.state_dir).verdict(tool, print) {
            let Gate::Person(asking) = gate else {
                return Err(format!(
                    "`{}` of the MCP server {} was not allowed, and nobody can be asked here; a person allows it in the cockpit",
                    tool.name, tool.server
                ));
            };
            let (tell, answer) = oneshot::channel();
            let gone = || "nobody answered".to_owned();
            asking.send((Question::new(tool, arguments, changed), tell)).await.map_err(|_| gone())?;
            match answer.await.map_err(|_| gone())? {
                Answer::Refuse => {
                    return Err(format!("the person refused `{}` of the MCP server {}", tool.name, tool.server));
                }
                Answer::Once => {}
                Answer::Always => self.remember(tool, print),
            }
        }
        let now = open.link.offer().await.map_err(|trouble| trouble.what)?;
        if now.print == *print {
            return Ok(());
        }
        let name = &tool.server;
        Err(format!(
            "the MCP server {name} offers other tools than before; its tools are asked about anew with the next question"
        ))
    }

    fn remember(&self, tool: &Offered, print: &str) {
        // Read anew: another brink may have written since.
        let mut permits: Permits = store::read(&self.state_dir);
        if permits.allow(tool, print)
            && let Err(error) = store::write(&self.state_dir, &permits)
        {
            tracing::warn!("what was allowed could not be kept: {error}");
        }
    }
}

async fn renewed(server: &Server, kept: Option<Arc<Open>>) -> Result<Arc<Open>, Trouble> {
    if let Some(open) = kept {
        match open.link.offer().await {
            Ok(offer) if offer.print == open.offer.print => return Ok(open),
            Err(trouble) if open.link.alive() => return Err(trouble),
            // A link that lists something else is opened anew, so that list and link belong together.
            Ok(_) | Err(_) => {}
        }
    }
    let link = Link::open(server).await?;
    let offer = link.offer().await?;
    Ok(Arc::new(Open { link, offer }))
}
