//! Makes the journal durable: files under the state directory, one per injection.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]
