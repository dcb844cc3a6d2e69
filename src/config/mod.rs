//! Settings, themes, keymaps and the policy file, as read from disk into the types of their rooms. It enforces nothing.
pub mod io;
