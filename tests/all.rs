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
#![allow(
    clippy::assigning_clones,
    clippy::cast_possible_truncation,
    clippy::duration_suboptimal_units,
    clippy::float_cmp,
    clippy::format_collect,
    clippy::large_futures,
    clippy::needless_pass_by_value,
    reason = "a test reads best where its numbers stand as its rule states them; nothing here is hot or public"
)]

mod suite;
