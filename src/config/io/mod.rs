//! Reads configuration files.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]
