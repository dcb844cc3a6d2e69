//! Columns of a person's own: an expression over an object, and the text of its cell.
//!
//! The notation is k9s': `NAME[:EXPRESSION][|FLAGS]`. An expression is kubectl's relaxed JSONPath ([`Path`]), or jq
//! ([`Query`]) where it holds two or more `|`. All of it is read once, with errors of its own, and evaluated without the
//! world: neither the environment nor a clock is in reach of an expression. Which columns a table shows, and how, is the
//! table's business.

mod column;
mod path;
mod query;
mod template;
mod text;
mod view;

pub use column::{Align, Column, ColumnError, Flags, Source};
pub use path::Path;
pub use query::Query;
pub use template::Template;
pub use text::NONE;
pub use view::{Direction, Sort, View};

#[cfg(test)]
mod tests;
