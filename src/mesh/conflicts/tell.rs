//! Conflicts in words, for people.

use super::{Conflict, Example, Side};

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
    /// `GET shop.example.com/cart?a=1 with x-user: me`.
    fn words(&self) -> String {
        let mut text = format!("{} {}{}", self.method.as_deref().unwrap_or("GET"), self.host, self.path);
        let pairs = |pairs: &mut dyn Iterator<Item = String>, by: &str| pairs.collect::<Vec<_>>().join(by);
        if !self.query.is_empty() {
            let all = pairs(&mut self.query.iter().map(|(name, value)| format!("{name}={value}")), "&");
            text.push_str(&format!("?{all}"));
        }
        if !self.headers.is_empty() {
            let all = pairs(&mut self.headers.iter().map(|(name, value)| format!("{name}: {value}")), ", ");
            text.push_str(&format!(" with {all}"));
        }
        text
    }
}
