//! `demo`: the embedded world, and the cockpit on it.
//!
//! The world is a process of its own, this same program with `--serve`: a cockpit that is killed leaves it alive, so that the
//! guardian can still undo. Everything a demo writes lies in one folder, which the world takes away at its end.

pub mod args;
mod child;
mod list;
mod notes;
mod play;
mod scripts;
mod serve;
mod told;

use std::net::SocketAddr;

use brink_demo::world;
use serde::{Deserialize, Serialize};

use self::{args::DemoArgs, told::Told};
use super::{
    Ended,
    args::Globals,
    cockpit::{self, Show},
    failure::Failure,
    out::Out,
};

/// Where the doors of a world are, as its process tells in one line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Doors {
    /// Its kubeconfig, which holds tokens.
    kubeconfig: String,
    /// Its API server.
    server: String,
    /// Its Prometheus.
    prometheus: String,
    /// The base address of its scripted model.
    model: String,
    /// Where its agents answer: kagent's controller, and the agent of the canary analysis.
    a2a: String,
    /// Where its MCP server answers.
    mcp: String,
    /// The door through which tests drive it, and the word it asks for.
    control: String,
    control_token: String,
    /// The folder with all that belongs to it.
    folder: String,
}

impl Doors {
    /// The model, as `--agent` names it. It is called what it is: nobody is told that it is an AI.
    fn agent(&self) -> String {
        format!("openai:scripted@{}", self.model)
    }
}

/// What was asked for, checked.
#[derive(Debug, Clone)]
struct Wanted {
    bundle: world::Bundle,
    pods: Option<usize>,
    speed: f64,
    seed: u64,
}

impl Wanted {
    fn of(args: &DemoArgs) -> Result<Self, Failure> {
        let wrong = |trouble: world::Trouble| Failure::usage("cannot make the world", trouble.what, trouble.fix);
        Ok(Self {
            bundle: world::named(args.world.as_deref().unwrap_or(SHOP)).map_err(wrong)?,
            pods: args.pods.map(world::limits::pods).transpose().map_err(wrong)?,
            speed: world::limits::speed(args.speed).map_err(wrong)?,
            seed: args.seed,
        })
    }
}

/// Opens the cockpit on a world of its own, or only serves the world.
pub fn run(args: &DemoArgs, globals: &Globals, out: &mut Out) -> Ended {
    if args.list {
        return list::run(args.output.shape, out);
    }
    if args.notes {
        return notes::run(out);
    }
    let wanted = Wanted::of(args)?;
    match (args.serve, &args.play) {
        (Some(address), _) => serve::run(&wanted, address, args, out),
        (None, Some(script)) => play::run(script, args, globals),
        (None, None) => look(args, globals),
    }
}

fn look(args: &DemoArgs, globals: &Globals) -> Ended {
    let world = args.world.as_deref().unwrap_or(SHOP);
    inside(world, args, globals, |_| Show { present: args.present, ..Show::default() })
}

/// A cockpit in a world of its own, which goes with it.
fn inside(world: &str, args: &DemoArgs, globals: &Globals, show: impl FnOnce(&Doors) -> Show) -> Ended {
    if !args.headless {
        // A world that nobody could see is not made.
        cockpit::seen(globals).map_err(|failure| Failure {
            fix: format!("{}, or serve the world alone: {SERVE}", failure.fix),
            ..failure
        })?;
    }
    let told = Told::listen()?;
    let child = child::Child::start(world, args, &told)?;
    let doors = child.doors();
    let ended = cockpit::show(&on(doors, globals), Show { told: told.flag(), ..show(doors) });
    child.stop(&told);
    ended
}

/// The flags of a cockpit on a world.
fn on(doors: &Doors, globals: &Globals) -> Globals {
    Globals {
        kubeconfig: Some(doors.kubeconfig.clone()),
        prometheus: Some(doors.prometheus.clone()),
        // Whoever brings a model asks that one.
        agent: Some(globals.agent.clone().unwrap_or_else(|| doors.agent())),
        // A world that is gone tomorrow leaves no journals in a home; and a home that cannot be written keeps nobody out.
        state_dir: Some(globals.state_dir.clone().unwrap_or_else(|| doors.folder.clone())),
        all_namespaces: globals.all_namespaces || globals.namespace.is_none(),
        ..globals.clone()
    }
}

/// The world without a cockpit.
const SERVE: &str = "`brink demo --serve 127.0.0.1:0`";

/// The world when nobody says which.
const SHOP: &str = "shop";

/// Where a world listens when nobody says: any free port of this machine alone.
pub const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);
