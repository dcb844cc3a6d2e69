//! Conflicts in words, for people.

use std::collections::BTreeMap;

use super::{Conflict, ConflictKind, Example, Side};
use crate::mesh::resolve::Request;

impl Conflict {
    /// The most routes that are named.
    const MOST: usize = 5;

    /// A few lines: what it is, who gets the requests, why, whom it concerns, and such a request.
    pub fn lines(&self) -> Vec<String> {
        let code = self.kiali.map(|code| format!(" ({code})")).unwrap_or_default();
        let mut lines = vec![format!("{}: {}{code}", self.kind.word(), self.loser.words())];
        let beside = if self.kind == ConflictKind::MtlsMismatch { "against" } else { "loses to" };
        lines.extend(self.winner.as_ref().map(|winner| format!("  {beside} {}", winner.words())));
        lines.push(format!("  {}", self.why));
        lines.extend(self.concerned());
        lines.extend(self.example.as_ref().map(|example| format!("  such as {}", example.words())));
        lines
    }

    fn concerned(&self) -> Option<String> {
        let mut names: Vec<String> = self.routes.iter().take(Self::MOST).map(ToString::to_string).collect();
        match self.routes.len().saturating_sub(Self::MOST) {
            _ if names.is_empty() => return None,
            0 => {}
            more => names.push(format!("{more} more")),
        }
        Some(format!("  concerns {}", names.join(", ")))
    }
}

impl Side {
    /// `HTTPRoute shop/reviews rule 0`.
    fn words(&self) -> String {
        let rule = self.rule.map(|rule| format!(" rule {rule}")).unwrap_or_default();
        format!("{}{rule}", self.object)
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
