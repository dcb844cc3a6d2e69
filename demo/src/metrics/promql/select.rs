//! Which series a selector takes.

use promql_parser::{
    label::{MatchOp, Matcher},
    parser::VectorSelector,
};

use crate::metrics::{
    block::{Block, Column},
    tags::Tags,
};

/// The series of a block that a selector takes.
pub(in crate::metrics) fn taken<'b>(block: &'b Block, selector: &VectorSelector) -> Vec<&'b Column> {
    // Labels in which series of a block can differ.
    let own =
        |name: &str| block.layout.columns().iter().any(|one| one.own.as_ref().is_some_and(|(own, _)| **own == *name));
    let apart = |matcher: &&Matcher| matcher.name == "__name__" || own(&matcher.name);
    let all = &selector.matchers.matchers;
    let shared = all.iter().filter(|one| !apart(one)).all(|one| fits(one, block.label(&one.name)));
    if !shared {
        return Vec::new();
    }
    let one_by_one = all.iter().any(|one| apart(&one)) || !selector.matchers.or_matchers.is_empty();
    let takes = |column: &&Column| {
        selector.name.as_deref().is_none_or(|name| *column.name == *name)
            && (!one_by_one || matches(&block.tags(column), selector))
    };
    block.layout.columns().iter().filter(takes).collect()
}

/// Whether a selector takes these tags.
pub(in crate::metrics) fn matches(tags: &Tags, selector: &VectorSelector) -> bool {
    let name = selector.name.as_deref().is_none_or(|name| tags.name.as_deref() == Some(name));
    let all = |list: &[Matcher]| list.iter().all(|one| fits(one, tags.get(&one.name)));
    let either = &selector.matchers.or_matchers;
    name && all(&selector.matchers.matchers) && (either.is_empty() || either.iter().any(|list| all(list)))
}

/// A dot in Prometheus' expressions also takes a line's end, which the library's does not.
fn fits(matcher: &Matcher, value: &str) -> bool {
    let takes = |pattern: &str| regex::Regex::new(&format!("^(?s:{pattern})$")).ok().map(|regex| regex.is_match(value));
    match &matcher.op {
        MatchOp::Re(_) if value.contains('\n') => takes(&matcher.value).unwrap_or(false),
        MatchOp::NotRe(_) if value.contains('\n') => !takes(&matcher.value).unwrap_or(false),
        _ => matcher.is_match(value),
    }
}
