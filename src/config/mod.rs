//! Settings, themes, keymaps and the guardrail file, as read from disk into the types of their rooms.
//!
//! One file, one idea; every key is optional; an unknown key is a [`complaint::Complaint`] that names line and nearest known
//! name. The readers here are pure: text in, values or complaints out; `io/` finds the files and opens them. What only
//! decorates (themes, keymaps) never fails as a whole: what is right holds, what is missing is inherited. What protects
//! (settings, guardrails) is used whole or not at all. This room enforces nothing: guardrails are enforced in `fault`, keys in
//! `app`.

mod blackouts;
mod bounds;
pub mod color;
pub mod color_names;
pub mod complaint;
pub mod custom;
pub mod io;
pub mod k9s;
pub mod key;
pub mod keymap;
pub mod mcp_servers;
pub mod overlay;
pub mod place;
pub mod policy_file;
pub mod role;
pub mod settings;
pub mod theme;
pub mod toml_file;

pub use color::Depth;
pub use complaint::{Complaint, Complaints};
pub use custom::Custom;
pub use keymap::Keymap;
pub use role::Role;
pub use settings::Settings;
pub use theme::Theme;
