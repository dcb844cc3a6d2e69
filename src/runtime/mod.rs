//! The loop, the terminal, the pacer, and the effects it runs through the I/O doors.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]
