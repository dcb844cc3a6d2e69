//! The loop, the terminal, the pacer, and the effects it runs through the I/O doors.
//!
//! Two threads matter: this one runs the loop and never decodes or waits for the network; the other holds one tokio runtime
//! for all API traffic (`doors`). Two small ones read keys and signals. All channels are bounded. The loop takes one event,
//! drains the rest, updates the cockpit with each, and asks the `pacer` when to draw; nothing changed, nothing is sent.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]

mod begin;
mod clipboard;
mod doors;
pub mod editor;
pub mod engine;
mod enter;
pub mod ground;
pub mod guardian;
mod input;
pub mod leftover;
pub mod links;
pub mod notes;
mod pacer;
pub mod paint;
mod play;
mod printer;
pub mod programs;
mod record;
mod replies;
mod run;
mod signals;
mod terminal;
mod trace;

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
};

use thiserror::Error;

use crate::{
    agent::{Model, mcp::Server},
    base::Ground,
    cluster::Address,
    config::{Keymap, Theme, custom::Customs, overlay::Overlays, theme::Worn},
    fault::policy::Policy,
    mesh::{health::Tolerances, wanted::Wanted},
    msg::Failure,
};

pub use pacer::Pacer;
pub use play::{Play, Stage};
pub use record::Recorder;
pub use terminal::Terminal;

/// What the cockpit is started with: settings already resolved, files already read.
#[expect(clippy::struct_excessive_bools, reason = "each is a setting that holds or does not")]
#[derive(Debug)]
pub struct Options {
    /// Where to connect and as whom.
    pub address: Address,
    /// Start with all namespaces.
    pub all_namespaces: bool,
    /// Where figures come from.
    pub metrics: Wanted,
    /// From which share of bad answers something is unwell.
    pub tolerances: Tolerances,
    /// The model to ask, or why there is none.
    pub agent: Result<Model, Failure>,
    /// MCP servers whose tools the model may use.
    pub servers: Vec<Server>,
    /// Refuse every write.
    pub readonly: bool,
    /// Colours.
    pub theme: Theme,
    /// What the theme is called; where the terminal decides, the one for each ground.
    pub worn: Worn,
    /// The terminal may be asked what it can do.
    pub asks: bool,
    /// Its ground decides the theme.
    pub asks_ground: bool,
    /// The mouse is heard.
    pub mouse: bool,
    /// Addresses are links.
    pub links: bool,
    /// Its ground as far as its environment says.
    pub ground: Ground,
    /// Keys.
    pub keymap: Keymap,
    /// Guardrails.
    pub policy: Policy,
    /// Where journals and the log live.
    pub state_dir: PathBuf,
    /// Say it in lines instead of drawing it.
    pub plain: bool,
    /// Record the screen as an asciicast (v2).
    pub record: Option<PathBuf>,
    /// Most frames a second.
    pub fps: u64,
    /// What is wrong with settings, theme or keymap, told once at the bottom.
    pub notices: Vec<String>,
    /// Somebody asked to end before the loop listened.
    pub told: Arc<AtomicBool>,
    /// Fewer panes, larger words.
    pub present: bool,
    /// A script to play.
    pub play: Option<Play>,
    /// The world that this process started.
    pub stage: Option<Stage>,
    /// What a person adds of their own.
    pub custom: Customs,
    /// What holds in which context.
    pub overlays: Arc<Overlays>,
    /// Why the agent is not asked in the context of the start.
    pub mute: Option<Failure>,
}

/// Why the cockpit ended other than by its user's wish.
#[derive(Debug, Error)]
pub enum CockpitError {
    /// Nobody could see it.
    #[error("{0} is not a terminal")]
    NoTerminal(&'static str),
    /// The terminal cannot be set up or written to.
    #[error("the terminal cannot be used: {0}")]
    Terminal(std::io::Error),
    /// A thread or a runtime cannot be started.
    #[error("cannot start: {0}")]
    Start(std::io::Error),
    /// The recording cannot be written.
    #[error("cannot record to {}: {why}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// The thread that talks to the cluster is gone.
    #[error("the thread that talks to the cluster ended unexpectedly")]
    Doors,
}

impl CockpitError {
    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NoTerminal(_) => {
                "run brink in a terminal, or use its commands: `brink get`, `brink fault`, `brink --help`"
            }
            Self::Terminal(_) => "check the terminal; over ssh ask for one with `ssh -t`",
            Self::Start(_) => "raise the limits of open files and threads (`ulimit -a`)",
            Self::Record { .. } => "name a file in a folder you may write to",
            Self::Doors => {
                "the log in the state directory (`brink.log`) has the cause; live faults are undone by their guardian"
            }
        }
    }
}

/// How the cockpit was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// As its user wished, or its script was over and all went well.
    Well,
    /// Its script was over, and not all went well.
    Unwell,
    /// For the world that lives inside brink.
    ForDemo,
}

/// Runs the cockpit until its user leaves, or until a script without a terminal is over.
pub fn cockpit(options: Options) -> Result<Left, CockpitError> {
    run::run(options)
}
