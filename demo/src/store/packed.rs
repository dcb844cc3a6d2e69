//! A text in little memory: what it shares with a text like it is not kept twice.

use std::sync::Arc;

use lz4_flex::block::{compress_with_dict, decompress_with_dict};

/// A packed text.
#[derive(Debug)]
pub(super) struct Packed {
    like: Arc<[u8]>,
    size: usize,
    bytes: Box<[u8]>,
}

impl Packed {
    /// Packs a text. Objects of one kind are told alike, so the one before serves as the pattern until it serves badly.
    pub(super) fn of(text: &[u8], like: &mut Arc<[u8]>) -> Self {
        let mut bytes = compress_with_dict(text, like);
        if like.is_empty() || bytes.len() > text.len() / 2 {
            *like = text.into();
            bytes = compress_with_dict(text, like);
        }
        Self { like: Arc::clone(like), size: text.len(), bytes: bytes.into_boxed_slice() }
    }

    /// The text.
    pub(super) fn text(&self) -> Vec<u8> {
        // What was packed here opens; a broken one would be an object without fields, which nobody takes for another.
        decompress_with_dict(&self.bytes, self.size, &self.like).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Packed;

    fn told(at: usize) -> String {
        let words: Vec<String> = (0..60).map(|n| format!("\"field-{n}\":\"value {}\"", n * 7)).collect();
        format!("{{\"name\":\"pod-{at}\",{}}}", words.join(","))
    }

    #[test]
    fn what_is_packed_opens_the_same_whatever_came_before() {
        let mut like = Arc::default();
        let texts = [String::new(), "x".to_owned(), told(1), told(2), "other words".repeat(40), told(3)];
        for text in &texts {
            let packed = Packed::of(text.as_bytes(), &mut like);
            assert_eq!(packed.text(), text.as_bytes());
        }
    }

    #[test]
    fn neighbours_take_a_part() {
        let mut like = Arc::default();
        let (first, second) = (told(1), told(2));
        Packed::of(first.as_bytes(), &mut like);
        let packed = Packed::of(second.as_bytes(), &mut like);
        assert!(packed.bytes.len() * 4 < second.len(), "{} of {}", packed.bytes.len(), second.len());
        assert!(*packed.like == *first.as_bytes(), "the pattern is shared");
    }
}
