//! One file per pane: state, update and view side by side.
//!
//! Every pane keeps the same shape, so that the app can route to any of them:
//!
//! ```text
//! context(&self) -> Context                          whose keys count; Input while a text field has the focus
//! update(&mut self, Command, &mut Cx) -> Reply       a key that meant something here
//! insert(&mut self, &str, &mut Cx) -> Reply          text typed or pasted, while context() is Input
//! hear(&mut self, …)                                 rows and answers; tickets are checked here
//! settle(&mut self, Rect, &World)                    after updates, before a draw: what depends on the size
//! view(&self, Rect, &mut Buffer, &Look)              draws the inside; changes nothing
//! ```
//!
//! Panes know the [`World`] they share (metrics, live injections) and nothing of each other. Frames, titles and the place on
//! the screen are the app's.

pub mod act;
pub mod agent;
pub mod change;
pub mod charts;
pub mod enter;
pub mod faults;
pub mod filter;
pub mod form;
pub mod forward;
pub mod forwards;
pub mod grid;
pub mod input;
pub mod launch;
pub mod live;
pub mod logs;
pub mod marked;
pub mod mesh;
pub mod objects;
pub mod picker;
pub mod pods;
pub mod preview;
pub mod pulses;
pub mod routes;
mod scrolled;
mod shown;
pub mod state;
pub mod stop;
pub mod subject;
pub mod title;
pub mod undo;
pub mod usage_cells;
pub mod viewer;
pub mod who_takes;
pub mod world;
pub mod xray;

pub use act::Act;
pub use agent::Agent;
pub use change::Change;
pub use charts::Charts;
pub use enter::Enter;
pub use faults::Faults;
pub use filter::Filter;
pub use form::Form;
pub use forward::Forward;
pub use forwards::{Forwarded, Forwards};
pub use grid::Grid;
pub use input::LineInput;
pub use launch::Launch;
pub use logs::Logs;
pub use marked::Marked;
pub use mesh::Mesh;
pub use objects::Objects;
pub use picker::Picker;
pub use pods::Pods;
pub use preview::Preview;
pub use pulses::Pulses;
pub use routes::Routes;
pub use stop::Stop;
pub use subject::Subject;
pub use title::Title;
pub use undo::Undo;
pub use viewer::Viewer;
pub use who_takes::WhoTakes;
pub use world::World;
pub use xray::Xray;

use crate::{
    agent::{Draft, mention::Object},
    base::{Now, Ticket, Tickets},
    config::{Keymap, Theme},
    fault::{checked::Checked, intent::Fault, undo::Decision},
    mesh::routes::RouteRef,
    msg::{Effect, Failure},
};

/// The panes of the cockpit, in the order of `tab`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PaneKind {
    /// Pods.
    Pods,
    /// Routes.
    Routes,
    /// Golden signals.
    Mesh,
    /// Injections, live and past.
    Faults,
    /// The conversation with the agent.
    Agent,
}

impl PaneKind {
    /// In the order of `tab`.
    pub const ALL: [Self; 5] = [Self::Pods, Self::Routes, Self::Mesh, Self::Faults, Self::Agent];

    /// Its name on screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pods => "Pods",
            Self::Routes => "Routes",
            Self::Mesh => "Mesh",
            Self::Faults => "Faults",
            Self::Agent => "Agent",
        }
    }
}

/// What a pane may use while it updates.
#[derive(Debug)]
pub struct Cx<'a> {
    /// The moment of the event.
    pub now: Now,
    /// Tickets for questions.
    pub tickets: &'a mut Tickets,
    /// What all panes share.
    pub world: &'a World,
    /// The key came alone: not pasted, not in one read with others. Only then may it approve anything.
    pub alone: bool,
}

/// What a pane may use while it draws.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The moment of the frame.
    pub now: Now,
    /// Colours by meaning.
    pub theme: &'a Theme,
    /// Keys, for hints inside a pane.
    pub keymap: &'a Keymap,
    /// What all panes share.
    pub world: &'a World,
    /// Whether keys go to this pane.
    pub focused: bool,
}

/// What came of a command.
#[derive(Debug, Default)]
pub struct Reply {
    /// What is to be done.
    pub effects: Vec<Effect>,
    /// Where to go.
    pub turn: Turn,
}

/// Where to go after a command.
#[derive(Debug, Default)]
pub enum Turn {
    /// Here.
    #[default]
    Stay,
    /// Close this screen.
    Close,
    /// Show a checked plan.
    Preview(Box<Checked>),
    /// Say why not.
    Refused(String),
    /// Show what the undo of an injection would write.
    Undo(String, Option<Decision>),
    /// Go back to the form of this intent, or open it.
    Form(Box<Fault>),
    /// Close this screen and put the cursor on a route.
    Route(RouteRef),
    /// Close every screen above the panes, but for tables of objects.
    Home,
    /// Close everything and look at the faults.
    Faults,
    /// Show a text under a title.
    Text(String, String),
    /// Put the cursor on an object, or show the text that was found of it.
    Found(Object, String, String),
    /// Correct what an agent proposed by hand.
    Draft(Box<Draft>),
    /// Choose one of the conversations that are asked for.
    Conversations(Ticket),
}

impl Reply {
    /// Nothing to do.
    pub fn none() -> Self {
        Self::default()
    }

    /// To the preview of what the API server checked; where it could not, here, with the reason in `failure`.
    pub fn checked(answer: Result<Box<Checked>, Failure>, failure: &mut Option<Failure>) -> Self {
        match answer {
            Ok(checked) => Self { turn: Turn::Preview(checked), ..Self::none() },
            Err(why) => {
                *failure = Some(why);
                Self::none()
            }
        }
    }

    /// Close this screen.
    pub fn close() -> Self {
        Self { turn: Turn::Close, ..Self::default() }
    }
}

impl From<Effect> for Reply {
    fn from(effect: Effect) -> Self {
        Self { effects: vec![effect], turn: Turn::Stay }
    }
}

impl From<Vec<Effect>> for Reply {
    fn from(effects: Vec<Effect>) -> Self {
        Self { effects, turn: Turn::Stay }
    }
}
