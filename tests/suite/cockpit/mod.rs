//! The cockpit without a terminal: events in, effects and frames out.

mod abort;
mod acts;
mod agent;
mod bounds;
mod bytes;
mod charts;
mod form;
mod gallery;
mod graph;
mod keys;
mod objects;
mod own;
pub mod pty;
mod pty_ground;
mod pty_plugin;
mod pty_script;
mod raise;
mod routes;
pub mod screens;
mod script;
pub mod stage;
mod states;
mod talk;
mod themes;
mod who_takes;
