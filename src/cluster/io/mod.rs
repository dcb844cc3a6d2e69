//! Talks to a real API server: connects as kubectl would, watches, reads, writes under a warrant.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]
