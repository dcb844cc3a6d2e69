//! Embedded worlds served in this process, at a speed of their own; each ends with its value.

use std::path::PathBuf;

use brink::{
    agent::{
        Conversation, End, Model, Told,
        io::{
            provider::{Patience, Provider},
            toolbox::Toolbox,
            turn,
        },
        model::KeySource,
        prompt,
        wire::Wire,
    },
    cluster::{
        Kind,
        address::Address,
        api::{Api as _, Read},
        io::{
            connect::{Link, connect},
            discovery,
            live::Live,
        },
    },
    fault::{policy::Policy, rules::Terms},
    mesh::{io::metrics::Metrics, wanted::Wanted},
};
use brink_demo::{
    io::{Served, Settings, serve},
    world::{Bundle, Wish, World, named},
};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A world that is served.
pub struct Demo {
    runtime: Runtime,
    served: Option<Served>,
    kubeconfig: PathBuf,
    _folder: TempDir,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _inside = self.runtime.enter();
        if let Some(served) = self.served.take() {
            served.stop();
        }
    }
}

/// What one ask came to.
#[derive(Debug)]
pub struct Asked {
    pub told: Vec<Told>,
    pub end: End,
}

impl Demo {
    /// A world that comes along.
    pub fn of(name: &str, rate: f64) -> Self {
        Self::start(named(name).unwrap(), rate)
    }

    /// Any world.
    pub fn start(bundle: Bundle, rate: f64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let begin = Timestamp::now();
        let world = World::new(&Wish { bundle, pods: None, seed: 1, now: begin }).unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        let settings = Settings {
            address: "127.0.0.1:0".parse().unwrap(),
            rate,
            begin,
            kubeconfig: kubeconfig.clone(),
            name: "demo".to_owned(),
            seed: 1,
        };
        let served = runtime.block_on(serve(world, settings)).unwrap();
        Self { runtime, served: Some(served), kubeconfig, _folder: folder }
    }

    fn served(&self) -> &Served {
        self.served.as_ref().unwrap()
    }

    /// The base address of its Prometheus.
    pub fn prometheus(&self) -> &str {
        &self.served().prometheus
    }

    /// The base address of its model on a wire.
    pub fn model(&self) -> &str {
        &self.served().model
    }

    /// The base address of its agents.
    pub fn agents(&self) -> &str {
        &self.served().a2a
    }

    /// Its model, as `--agent` names it.
    pub fn agent(&self, wire: Wire, model: &str) -> String {
        format!("{}:{model}@{}", wire.word(), self.model())
    }

    /// The words that lead any command to this world, asking this agent.
    pub fn place(&self, agent: &str) -> Vec<String> {
        let kubeconfig = self.kubeconfig.to_str().unwrap();
        ["--kubeconfig", kubeconfig, "--prometheus", &self.served().prometheus, "--agent", agent]
            .map(str::to_owned)
            .to_vec()
    }

    /// A whole command on this world, asking its model.
    pub fn words(&self, words: &[&str]) -> Vec<String> {
        let mut all = self.place(&self.agent(Wire::OpenAi, "scripted"));
        all.extend(words.iter().map(|word| (*word).to_owned()));
        all
    }

    /// A link to its API server.
    pub fn link(&self) -> Link {
        let address = Address { kubeconfig: vec![self.kubeconfig.clone()], ..Address::default() };
        connect(&address).unwrap()
    }

    /// A way to its API server. Inside of [`Self::wait`] alone.
    pub fn live(&self) -> Live {
        Live::new(self.link(), false)
    }

    /// Waits for work.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Asks a model by the library, as the cockpit does, in a conversation that may go on.
    pub fn ask(&self, talk: &mut Conversation, wire: Wire, base_url: &str, model: &str, question: &str) -> Asked {
        let mut told = Vec::new();
        let end = self.wait(async {
            let key = KeySource::Env { names: Vec::new(), needed: false };
            let model = Model {
                wire,
                base_url: base_url.to_owned(),
                name: model.to_owned(),
                key,
                max_tokens: 1024,
                context_tokens: 100_000,
                tuning: brink::agent::Tuning::default(),
            };
            let patience = Patience { pause: std::time::Duration::from_millis(1), ..Patience::default() };
            let provider = Provider::new(model, patience).unwrap();
            let toolbox = self.toolbox();
            let system = prompt::system(&toolbox.facts().await);
            talk.ask(question);
            turn::run(&provider, &toolbox, &system, talk, &mut |one| told.push(one)).await
        });
        Asked { told, end }
    }

    /// The tools of this world. Inside of [`Self::wait`] alone.
    pub fn toolbox(&self) -> Toolbox {
        let live = self.live();
        let wanted = Wanted::at(self.served().prometheus.clone());
        let metrics = Metrics::new(wanted, Some(live.clone()), std::time::Duration::from_secs(5));
        let terms = Terms { policy: Policy::default(), context: live.link().context().to_owned(), readonly: false };
        Toolbox::new(live, terms, metrics, None)
    }

    /// All objects, by path, without what a server makes of them: what a fault must leave as it found it. What comes and goes
    /// by itself is left out.
    pub fn state(&self) -> Vec<(String, Value)> {
        const RESTLESS: [&str; 6] = ["Event", "Lease", "Endpoints", "EndpointSlice", "PodMetrics", "NodeMetrics"];
        self.wait(async {
            let live = self.live();
            let found = discovery::discover(live.link()).await.unwrap();
            let mut all = Vec::new();
            for served in found.kinds {
                if RESTLESS.contains(&served.kind.kind.as_str()) || !served.verbs.iter().any(|verb| verb == "list") {
                    continue;
                }
                all.extend(objects(&live, served.kind).await);
            }
            all.sort_by(|(a, _), (b, _)| a.cmp(b));
            all
        })
    }
}

async fn objects(live: &Live, kind: Kind) -> Vec<(String, Value)> {
    let named = kind.kind.clone();
    let answer = live.read(&Read::List { kind, namespace: None, labels: String::new() }).await.unwrap();
    let items = answer.body.0["items"].as_array().cloned().unwrap_or_default();
    let bare = items.into_iter().map(|mut item| {
        let place = item["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        let path = format!("{named} {place}/{}", item["metadata"]["name"].as_str().unwrap());
        item.as_object_mut().unwrap().shift_remove("status");
        let metadata = item["metadata"].as_object_mut().unwrap();
        for field in ["resourceVersion", "uid", "creationTimestamp", "generation", "managedFields"] {
            metadata.shift_remove(field);
        }
        (path, item)
    });
    bare.collect()
}
