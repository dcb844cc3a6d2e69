//! Conflicts in words, for people.

use std::collections::BTreeMap;

use super::{Conflict, Example, Side};
use crate::mesh::resolve::Request;

impl Conflict {
    /// A few lines: what it is, who gets the requests, why, and such a request.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{}: {}", self.kind.word(), self.loser.words())];
        lines.extend(self.winner.as_ref().map(|winner| format!("  loses to {}", winner.words())));
        lines.push(format!("  {}", self.why));
        lines.extend(self.example.as_ref().map(|example| format!("  such as {}", example.words())));
        lines
    }
}

impl Side {
    /// `HTTPRoute shop/reviews rule 0`.
    fn words(&self) -> String {
        let rule = self.rule.map(|rule| format!(" rule {rule}")).unwrap_or_default();
        format!("{}{rule}", self.route)
    }
}

impl Example {
    /// The request as such.
    pub fn request(&self) -> Request {
        let pairs = |pairs: &BTreeMap<String, String>| {
            pairs.iter().map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>()
        };
        let request = Request::get(&self.host, &self.path);
        Request {
            method: self.method.clone().unwrap_or(request.method),
            headers: pairs(&self.headers),
            query: pairs(&self.query),
            ..request
        }
    }

    /// `GET shop.example.com/cart x-user:me a==1`.
    pub fn words(&self) -> String {
        self.request().words()
    }
}
