//! Carries plans out against an API server, and guards what was carried out.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]
