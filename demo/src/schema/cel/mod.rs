//! Rules of custom kinds in CEL: compiled on first use, asked on every write, and looked at when a definition arrives.
//!
//! Expressions are parsed and evaluated by the crate `cel`, with Kubernetes' functions of `kube-cel`. Which rule is asked where, what
//! an old value corresponds to, the types of a schema and the words of errors are ours. What this room does not do: count the cost of
//! an expression.

mod check;
mod definition;
mod evaluate;
mod loops;
mod parse;
mod rewrite;
mod signatures;
mod tree;
mod types;
mod value;

pub use definition::definition;
pub use tree::{Rules, default};

#[cfg(test)]
mod tests;
