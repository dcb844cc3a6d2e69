//! An answer in pieces: deltas of text and arguments, and the borders of the bytes that carry them.

use crate::base::keyed;

/// What goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers beside the content type.
    pub headers: Vec<(&'static str, String)>,
    /// Content type.
    pub content: &'static str,
    /// The body in the pieces in which it is sent.
    pub chunks: Vec<Vec<u8>>,
    /// Whether the connection breaks after the last piece, without the end of the body.
    pub cut: bool,
}

impl Answer {
    /// A whole body.
    pub fn whole(status: u16, body: &serde_json::Value) -> Self {
        let chunks = vec![body.to_string().into_bytes()];
        Self { status, headers: Vec::new(), content: "application/json", chunks, cut: false }
    }

    /// A stream of these events.
    pub fn stream(events: &[String], seed: u64) -> Self {
        let chunks = bytes(&events.concat(), seed);
        Self { status: 200, headers: Vec::new(), content: "text/event-stream", chunks, cut: false }
    }

    /// The same, broken off after about half of it.
    #[must_use]
    pub fn broken(mut self) -> Self {
        self.chunks.truncate(self.chunks.len() / 2 + 1);
        self.cut = true;
        self
    }
}

/// Cuts of a text between characters, of one to `most` characters each.
pub fn deltas(text: &str, seed: u64, most: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let (mut piece, mut room) = (String::new(), 0);
    for (at, c) in (0u64..).zip(text.chars()) {
        if room == 0 {
            if !piece.is_empty() {
                pieces.push(std::mem::take(&mut piece));
            }
            room = length(seed, "delta", at, most);
        }
        piece.push(c);
        room -= 1;
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// Cuts of bytes anywhere, also within a character.
fn bytes(text: &str, seed: u64) -> Vec<Vec<u8>> {
    let (mut rest, mut pieces, mut n) = (text.as_bytes(), Vec::new(), 0);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(length(seed, "chunk", n, 220).min(rest.len()));
        pieces.push(piece.to_vec());
        (rest, n) = (after, n + 1);
    }
    pieces
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a draw times a small number"
)]
fn length(seed: u64, subject: &str, at: u64, most: usize) -> usize {
    1 + (keyed::unit(seed, subject, at) * most as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::{Answer, deltas};

    #[test]
    fn pieces_join_to_the_whole_whatever_the_seed() {
        let text = "Überblick — 3 routes: 日本語 ✓ ".repeat(20);
        for seed in 0..50 {
            assert_eq!(deltas(&text, seed, 12).concat(), text);
            let answer = Answer::stream(&[text.clone(), text.clone()], seed);
            assert_eq!(answer.chunks.concat(), text.repeat(2).as_bytes());
        }
        let split = (0..50).any(|seed| {
            Answer::stream(std::slice::from_ref(&text), seed)
                .chunks
                .iter()
                .any(|piece| std::str::from_utf8(piece).is_err())
        });
        assert!(split, "some border lies within a character");
    }
}
