//! One binary for the whole suite: one link, one target to run.

#![allow(missing_docs, reason = "test names say it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests drive the world")]

mod suite;
