//! The world seen from outside, by the clients it is made for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    missing_docs,
    reason = "a test may fail, speak, start programs and touch files"
)]

mod suite {
    mod agents;
    mod e2e_apply;
    mod e2e_client;
    mod e2e_custom;
    mod e2e_kubectl;
    mod e2e_manifests;
    mod e2e_parity;
    mod e2e_promql;
    mod e2e_watcher;
    mod real;
    mod support;
    mod trouble;
    mod watching;
}
