//! The same requests to a real API server and to the world, and the same answers, but for what `known.yaml` lists with its reason.
//!
//! The requests are the files of `tests/parity/requests`, in the order of their names; each begins with a namespace of its own.

mod ask;
mod level;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use kube::Client;
use serde_json::{Value, json};

use self::ask::Ask;
use super::{
    real::real,
    support::{client, demo, reply},
};

/// How long controllers of the real cluster have to do what a request waits for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Of a hundred answers so many must be equal.
const EQUAL: f64 = 98.0;

/// One of the two servers, and what it said that later requests need.
struct Server {
    clients: BTreeMap<String, Client>,
    kubeconfig: std::path::PathBuf,
    said: BTreeMap<String, String>,
}

impl Server {
    fn new(kubeconfig: &std::path::Path) -> Self {
        Self { clients: BTreeMap::new(), kubeconfig: kubeconfig.to_owned(), said: BTreeMap::new() }
    }

    fn fill(&self, text: &str) -> String {
        self.said.iter().fold(text.to_owned(), |text, (name, said)| text.replace(&format!("${{{name}}}"), said))
    }

    /// The answer: code, warnings, body.
    async fn answer(&mut self, ask: &Ask) -> Value {
        let user = ask.user.as_deref().unwrap_or("admin");
        if !self.clients.contains_key(user) {
            self.clients.insert(user.to_owned(), client(&self.kubeconfig, user).await);
        }
        let client = &self.clients[user];
        let body = ask.text.clone().unwrap_or_else(|| match &ask.body {
            Value::Null => String::new(),
            body => self.fill(&body.to_string()),
        });
        let mut headers = vec![("user-agent", "parity")];
        if !body.is_empty() {
            headers.push(("content-type", ask.content.as_deref().unwrap_or("application/json")));
        }
        headers.push(("accept", ask.accept.as_deref().unwrap_or("application/json")));
        let method = if ask.method.is_empty() { "GET" } else { &ask.method };
        let (code, warnings, body) = reply(client, method, &self.fill(&ask.path), &headers, body.as_bytes()).await;
        for (name, pointer) in &ask.save {
            // What is missing shows in the answers that need it.
            let said = body.pointer(pointer).unwrap_or(&Value::Null);
            self.said.insert(name.clone(), said.as_str().map_or_else(|| said.to_string(), str::to_owned));
        }
        json!({"code": code, "warnings": warnings, "body": body})
    }

    /// The same, asked again until it holds what the request waits for.
    async fn settled(&mut self, ask: &Ask) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.answer(ask).await;
            let holds =
                ask.until.iter().all(|(at, wanted)| answer["body"].pointer(at).unwrap_or(&Value::Null) == wanted);
            if holds || Instant::now() > deadline {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_world_answers_as_a_real_api_server_does() {
    let Some(real) = real() else { return };
    let asks = ask::all();
    let mut known: BTreeMap<String, String> = serde_saphyr::from_str(include_str!("../../parity/known.yaml")).unwrap();
    let names: BTreeSet<&str> = asks.iter().map(|ask| ask.name.as_str()).collect();
    assert_eq!(names.len(), asks.len(), "two requests have the same name");
    let world = demo().await;
    let mut there = Server::new(&real.kubeconfig);
    let mut here = Server::new(&world.served.kubeconfig);
    let (mut compared, mut accepted, mut wrong) = (0_u32, 0_u32, Vec::new());
    for ask in &asks {
        match ask.only.as_deref() {
            Some("real") => {
                there.settled(ask).await;
                continue;
            }
            Some(_) => {
                here.settled(ask).await;
                continue;
            }
            None => {}
        }
        let (mut theirs, mut ours) = (there.settled(ask).await, here.settled(ask).await);
        for answer in [&mut theirs, &mut ours] {
            for pointer in &ask.drop {
                level::drop(&mut answer["body"], pointer);
            }
            if ask.managed {
                level::owners(answer);
            }
            level::level(answer);
        }
        compared += 1;
        let mut found = Vec::new();
        level::differences("", &theirs, &ours, &mut found);
        match (found.is_empty(), known.remove(&ask.name)) {
            (true, Some(reason)) => wrong.push(format!("{}: known no more: {reason}", ask.name)),
            (false, Some(_)) => accepted += 1,
            (false, None) => {
                found.truncate(40);
                wrong.push(format!("{}:\n    {}", ask.name, found.join("\n    ")));
            }
            (true, None) => {}
        }
    }
    let differ = accepted + u32::try_from(wrong.len()).unwrap();
    let percent = 100.0 * f64::from(compared.saturating_sub(differ)) / f64::from(compared);
    println!(
        "parity: {compared} requests, {} answers equal, {percent:.1} %, {accepted} differences accepted",
        compared.saturating_sub(differ)
    );
    if ask::chosen().is_some() {
        assert!(wrong.is_empty(), "{} of {compared} answers differ:\n{}", wrong.len(), wrong.join("\n"));
        return;
    }
    assert!(known.is_empty(), "known differences of requests that are not in the list: {known:?}");
    assert!(wrong.is_empty(), "{} of {compared} answers differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared >= 400 && percent >= EQUAL, "{compared} requests, {percent} % equal");
}
