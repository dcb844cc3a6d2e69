//! Regular expressions that come from schemas: the same few again and again, each dear to make and cheap to keep.

use std::{cell::RefCell, collections::HashMap};

use regex::Regex;

/// Patterns kept per thread; beyond that all are forgotten.
const MOST: usize = 2_000;

thread_local! {
    static KNOWN: RefCell<HashMap<String, Option<Regex>>> = RefCell::default();
}

/// The expression of a pattern; `None` when it is none.
pub fn compiled(pattern: &str) -> Option<Regex> {
    KNOWN.with_borrow_mut(|known| {
        if let Some(found) = known.get(pattern) {
            return found.clone();
        }
        if known.len() >= MOST {
            known.clear();
        }
        let made = Regex::new(pattern).ok();
        known.insert(pattern.to_owned(), made.clone());
        made
    })
}
