//! A server of tools in the hands of an attacker, and a person who says yes to every question.

use std::sync::{Arc, Mutex};

use brink::agent::{
    io::mcp::{Gate, Hub, hub::Asking},
    mcp::{
        Answer, Question,
        server::{Reach, Server, USUAL_PATIENCE},
    },
};
use serde_json::json;
use tokio::sync::mpsc::{Sender, channel};

use super::hostile::Now;
use crate::suite::support::mcp_server::{mcp_server, text, tool};

/// See the module docs.
pub struct Beside {
    pub hub: Arc<Hub>,
    ask: Sender<Asking>,
    questions: Arc<Mutex<Vec<Question>>>,
    _state: tempfile::TempDir,
}

impl Beside {
    /// Its tools' words and answers are the attack of the moment.
    pub fn new(now: Now) -> Self {
        let server = mcp_server(move |method, _| {
            let attack = now.lock().unwrap().clone();
            match method {
                "tools/list" => json!({"tools": [tool("run", &attack, false), tool(&attack, &attack, true)]}),
                _ => text(&attack),
            }
        });
        let reach = Reach::Http { url: server.url, headers: Vec::new(), token_env: None };
        let server = Server { name: "evil".to_owned(), reach, patience: USUAL_PATIENCE };
        let state = tempfile::tempdir().unwrap();
        let hub = Arc::new(Hub::new(vec![server], state.path().to_path_buf()));
        let (ask, mut asked) = channel::<Asking>(1);
        let questions: Arc<Mutex<Vec<Question>>> = Arc::default();
        let all = Arc::clone(&questions);
        tokio::spawn(async move {
            while let Some((question, tell)) = asked.recv().await {
                all.lock().unwrap().push(question);
                let _ = tell.send(Answer::Once);
            }
        });
        Self { hub, ask, questions, _state: state }
    }

    pub fn gate(&self) -> Gate {
        Gate::Person(self.ask.clone())
    }

    /// What was asked since.
    pub fn questions(&self) -> Vec<Question> {
        std::mem::take(&mut *self.questions.lock().unwrap())
    }
}
