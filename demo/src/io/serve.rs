//! Serving a machine: two doors on loopback, one for clients, one for control, and the hand that moves time.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use super::{
    agents,
    alive::Alive,
    clock::Clock,
    connection, control, kubeconfig,
    machine::Machine,
    mcp, metrics,
    model::{self, Speaker},
    pace::Paced,
    tls,
    trouble::Book,
};
use crate::{
    api::User,
    base::{names, trouble::Trouble},
    container::Files,
};

/// How often time moves when nobody asks anything.
const STEP: Duration = Duration::from_millis(50);

/// How a world is served.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where clients come in; port 0 for any free one. Loopback only.
    pub address: SocketAddr,
    /// Virtual seconds per second.
    pub rate: f64,
    /// The virtual time of the start.
    pub begin: Timestamp,
    /// Where the kubeconfig is written.
    pub kubeconfig: PathBuf,
    /// Name of the cluster in it.
    pub name: String,
    /// The seed of the scripted model's draws.
    pub seed: u64,
}

/// Why a world cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Other machines could reach it.
    #[error("the simulated cluster is served on loopback only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The address is taken, or not ours.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// The rules of its model cannot be read.
    #[error(transparent)]
    Rules(#[from] Trouble),
    /// No keys.
    #[error(transparent)]
    Tls(#[from] tls::Failure),
    /// Nothing would tell that it lives.
    #[error("cannot lock {}: {why}", path.display())]
    Alive {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// No kubeconfig.
    #[error("cannot write the kubeconfig {}: {why}", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
}

impl Failure {
    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NotLoopback(_) => "use 127.0.0.1 or [::1]",
            Self::Listen(..) => "is another demo running there? Port 0 takes any free one",
            Self::Kubeconfig { .. } | Self::Alive { .. } => "is the folder writable?",
            Self::Rules(_) | Self::Tls(_) => "this is a mistake of the program: report it",
        }
    }
}

/// A world that is being served; it ends when this is dropped.
pub struct Served {
    /// Where clients come in.
    pub url: String,
    /// Where its Prometheus answers.
    pub prometheus: String,
    /// Where its scripted model answers, the base of both wires.
    pub model: String,
    /// Where its agents answer: kagent's controller, and the agent of the canary analysis.
    pub a2a: String,
    /// Where its MCP server answers.
    pub mcp: String,
    /// Where tests drive it.
    pub control: String,
    /// The word that the control door asks for.
    pub control_token: String,
    /// Where the kubeconfig lies.
    pub kubeconfig: PathBuf,
    tasks: JoinSet<()>,
    connections: Arc<std::sync::atomic::AtomicUsize>,
    /// Beside the kubeconfig.
    alive: PathBuf,
    _held: Alive,
}

impl Served {
    /// How many connections of clients are open.
    pub fn connections(&self) -> usize {
        self.connections.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Ends it and takes its files away.
    pub fn stop(mut self) {
        self.tasks.abort_all();
        for file in [&self.kubeconfig, &self.alive] {
            // It may be gone already; there is nobody left to tell.
            let _ = std::fs::remove_file(file);
        }
    }
}

/// What all doors share.
pub(super) struct Shared<M> {
    machine: Mutex<Paced<M>>,
    pub book: Mutex<Book>,
    pub clock: Clock,
    /// Rises with every step, so that streams look for more.
    pub steps: watch::Sender<u64>,
    /// What was written into containers, by the pod's uid and the container.
    pub files: Mutex<HashMap<(String, String), Files>>,
    /// The token of the user who may do everything.
    pub everybody: String,
    /// Rises when all connections must break.
    pub gate: watch::Sender<u64>,
    pub connections: Arc<std::sync::atomic::AtomicUsize>,
    /// Watches and logs that are being poured out.
    pub streams: Arc<std::sync::atomic::AtomicUsize>,
}

impl<M: Machine> Shared<M> {
    /// Does something with the machine at the present virtual time.
    pub fn with<T>(&self, deed: impl FnOnce(&mut M) -> T) -> T {
        let mut paced = lock(&self.machine);
        paced.catch_up(&self.clock);
        let done = deed(&mut paced.machine);
        drop(paced);
        self.steps.send_modify(|step| *step += 1);
        done
    }

    /// Asks the machine something without letting time pass.
    pub fn ask<T>(&self, deed: impl FnOnce(&mut M) -> T) -> T {
        deed(&mut lock(&self.machine).machine)
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic of one request must not end the world.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to serve.
pub async fn serve<M: Machine>(mut machine: M, settings: Settings) -> Result<Served, Failure> {
    if !settings.address.ip().is_loopback() {
        return Err(Failure::NotLoopback(settings.address));
    }
    let listen = |address: SocketAddr| async move {
        TcpListener::bind(address).await.map_err(|error| Failure::Listen(address, error))
    };
    let clients = listen(settings.address).await?;
    let tests = listen(SocketAddr::new(settings.address.ip(), 0)).await?;
    let measured = listen(SocketAddr::new(settings.address.ip(), 0)).await?;
    let spoken = listen(SocketAddr::new(settings.address.ip(), 0)).await?;
    let visited = listen(SocketAddr::new(settings.address.ip(), 0)).await?;
    let called = listen(SocketAddr::new(settings.address.ip(), 0)).await?;
    let place = |listener: &TcpListener| listener.local_addr().unwrap_or(settings.address);
    let keys = tls::make(&settings.address.ip().to_string())?;
    let users = users();
    let url = format!("https://{}", place(&clients));
    let alive = std::path::absolute(&settings.kubeconfig).unwrap_or_default().with_file_name("alive");
    let held = Alive::hold(&alive).map_err(|why| Failure::Alive { path: alive.clone(), why })?;
    let facts = kubeconfig::Facts { rate: settings.rate, alive: &alive };
    kubeconfig::write(&settings.kubeconfig, &settings.name, &url, &keys.authority, &facts, &users)
        .map_err(|why| Failure::Kubeconfig { path: settings.kubeconfig.clone(), why })?;
    let everybody = users.first().map(|user| user.token.clone()).unwrap_or_default();
    machine.set_users(users);
    let rules = machine.rules()?;
    let shared = Arc::new(Shared {
        machine: Mutex::new(Paced::new(machine, settings.begin)),
        book: Mutex::default(),
        clock: Clock::new(settings.begin, settings.rate),
        files: Mutex::default(),
        everybody,
        steps: watch::Sender::new(0),
        gate: watch::Sender::new(0),
        connections: Arc::default(),
        streams: Arc::default(),
    });
    let control_token = secret();
    let mut tasks = JoinSet::new();
    let control = format!("http://{}", place(&tests));
    tasks.spawn(connection::accept(clients, keys.server, Arc::clone(&shared)));
    tasks.spawn(control::accept(tests, control_token.clone(), Arc::clone(&shared)));
    let prometheus = format!("http://{}", place(&measured));
    tasks.spawn(metrics::accept(measured, Arc::clone(&shared)));
    let model = format!("http://{}/v1", place(&spoken));
    let speaker = Speaker { rules, seed: settings.seed };
    tasks.spawn(model::accept(spoken, Arc::new(speaker)));
    let a2a = format!("http://{}", place(&visited));
    tasks.spawn(agents::accept(visited, Arc::clone(&shared)));
    let mcp = format!("http://{}{}", place(&called), mcp::PATH);
    tasks.spawn(mcp::accept(called, Arc::clone(&shared)));
    let connections = Arc::clone(&shared.connections);
    tasks.spawn(async move {
        let mut steps = tokio::time::interval(STEP);
        steps.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            steps.tick().await;
            shared.with(|_| ());
        }
    });
    Ok(Served {
        url,
        prometheus,
        model,
        a2a,
        mcp,
        control,
        control_token,
        kubeconfig: settings.kubeconfig,
        tasks,
        connections,
        alive,
        _held: held,
    })
}

fn users() -> Vec<User> {
    let made = |name: &str, groups: &[&str]| User {
        name: name.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).chain(["system:authenticated".to_owned()]).collect(),
        token: secret(),
    };
    vec![made("admin", &["system:masters"]), made("viewer", &[]), made("nobody", &[])]
}

/// A token nobody can guess.
fn secret() -> String {
    let mut raw = [0u8; 20];
    if rustls::crypto::ring::default_provider().secure_random.fill(&mut raw).is_err() {
        // No randomness: better a world one can log into from this machine than none. The process id and time still differ.
        return names::uid(u64::from(std::process::id()), &Timestamp::now().to_string(), 0);
    }
    raw.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
