//! What the terminal answers to our own questions, picked out of what is typed: an answer that comes late must not reach the
//! panes as keys.

use std::time::{Duration, Instant};

use crate::{
    base::Ground,
    msg::{Key, key::Code},
};

/// After this long nobody waits for an answer, and every key is a key.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer: `11;rgba:` and four parts.
const LONGEST: usize = 32;

/// The place in an answer.
#[derive(Debug, Default, PartialEq, Eq)]
enum At {
    /// Keys.
    #[default]
    Out,
    /// Within an OSC, with its text so far.
    Osc(String),
}

/// Takes answers out of keys.
#[derive(Debug, Default)]
pub struct Replies {
    at: At,
    /// Keys that are an answer as far as is known.
    held: Vec<Key>,
    until: Option<Instant>,
    found: Option<Ground>,
}

impl Replies {
    /// A question was sent.
    pub fn expect(&mut self, now: Instant) {
        self.until = Some(now + PATIENCE);
    }

    /// The ground that was answered since this was asked last.
    pub fn found(&mut self) -> Option<Ground> {
        self.found.take()
    }

    /// A key, or what looks like one; gives the keys that are a person's.
    pub fn take(&mut self, key: Key, now: Instant) -> Vec<Key> {
        if self.until.is_none_or(|until| now > until) {
            self.until = None;
            return self.give_up(key);
        }
        let ends = key.code == Code::Char('\\') && key.alt || key.code == Code::Char('g') && key.ctrl;
        match &mut self.at {
            At::Out if key.code == Code::Char(']') && key.alt => {
                self.at = At::Osc(String::new());
                self.held.push(key);
            }
            At::Out => return vec![key],
            At::Osc(body) => {
                if ends {
                    self.found = Ground::of_answer(body);
                    // Answered: from here on every key is a key.
                    self.until = None;
                    self.at = At::Out;
                    self.held.clear();
                    return Vec::new();
                }
                let part = key.typed().filter(|c| c.is_ascii_hexdigit() || ";:/rg".contains(*c));
                let Some(c) = part.filter(|_| body.len() < LONGEST) else { return self.give_up(key) };
                body.push(c);
                if !body.starts_with("11;") && !"11;".starts_with(body.as_str()) {
                    return self.give_up(key);
                }
                self.held.push(key);
            }
        }
        Vec::new()
    }

    /// It was no answer: what was held back is a person's after all.
    fn give_up(&mut self, key: Key) -> Vec<Key> {
        self.at = At::Out;
        let mut keys = std::mem::take(&mut self.held);
        keys.push(key);
        keys
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Replies;
    use crate::{
        base::Ground,
        msg::{Key, key::Code},
    };

    fn alt(c: char) -> Key {
        Key { code: Code::Char(c), ctrl: false, alt: true, shift: false }
    }

    fn bell() -> Key {
        Key { code: Code::Char('g'), ctrl: true, alt: false, shift: false }
    }

    fn fed(replies: &mut Replies, keys: impl IntoIterator<Item = Key>) -> Vec<Key> {
        let now = Instant::now();
        keys.into_iter().flat_map(|key| replies.take(key, now)).collect()
    }

    fn asked() -> Replies {
        let mut replies = Replies::default();
        replies.expect(Instant::now());
        replies
    }

    fn text(text: &str) -> Vec<Key> {
        text.chars().map(Key::char).collect()
    }

    #[test]
    fn an_answer_among_keys_is_taken_out() {
        for end in [alt('\\'), bell()] {
            let mut replies = asked();
            let mut keys = text("j");
            keys.push(alt(']'));
            keys.extend(text("11;rgb:ffff/ffff/ffff"));
            keys.push(end);
            keys.extend(text("k"));
            assert_eq!(fed(&mut replies, keys), text("jk"));
            assert_eq!(replies.found(), Some(Ground::Light));
            assert_eq!(replies.found(), None);
        }
    }

    #[test]
    fn what_only_looks_like_an_answer_is_given_back() {
        let mut replies = asked();
        let keys = [vec![alt(']')], text("1:q")].concat();
        assert_eq!(fed(&mut replies, keys.clone()), keys);
        let mut nobody = Replies::default();
        assert_eq!(fed(&mut nobody, keys.clone()), keys);
    }

    #[test]
    fn after_a_while_every_key_is_a_key() {
        let mut replies = asked();
        assert_eq!(replies.take(alt(']'), Instant::now()), []);
        let late = Instant::now() + Duration::from_mins(1);
        assert_eq!(replies.take(Key::char('1'), late), [alt(']'), Key::char('1')]);
    }
}
