//! brink: a terminal cockpit for AI-assisted chaos engineering on Kubernetes service meshes.
//!
//! The house in one sentence: pure domain rooms, thin I/O doors, one loop. Only files under an `io/` folder, in
//! [`runtime`] or in [`cli`] touch the world; everything else is plain data and plain functions.
//!
//! | room | what it is for |
//! |---|---|
//! | [`base`] | ids, time as a value, bounded buffers, the row index, display width, sanitising |
//! | [`cluster`] | what the API server holds: objects as compact rows, references, states of a source; `io/` connects |
//! | [`mesh`] | routes and their precedence, golden signals; `io/` asks Prometheus |
//! | [`journal`] | the append-only facts of an injection; `io/` makes them durable |
//! | [`fault`] | intent, plan, preview, guardrails, undo; `io/` executes and guards |
//! | [`agent`] | the conversation with a language model, its tools and proposals; `io/` speaks to providers |
//! | [`msg`] | events, commands and effects: what the rooms say to each other |
//! | [`config`] | settings, themes, keymaps, policy files |
//! | [`widgets`] | stateless drawings |
//! | [`panes`] | one file per pane: state, update and view side by side |
//! | [`app`] | the cockpit: focus, routing, layout |
//! | [`script`] | presenter scripts: what they may say, do and wait for, and the player |
//! | [`runtime`] | the loop, the terminal, the pacer, the effects |
//! | [`cli`] | the same functions, headless |
//!
//! A room imports only rooms above it in this table (`docs/architecture.md` has the arrows; a test keeps them).

pub mod agent;
pub mod app;
pub mod base;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod fault;
pub mod journal;
pub mod mesh;
pub mod msg;
pub mod panes;
pub mod runtime;
pub mod script;
pub mod widgets;
