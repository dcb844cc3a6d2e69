//! Names, hashes and uids that are the same in every run: functions of (seed, subject, ordinal).

use std::fmt::Write as _;

use serde_json::Value;

use crate::base::keyed;

/// The letters of generated names: no vowels, so that no words come out (as Kubernetes has it).
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Five letters for the `ordinal`-th name given out for a subject.
pub fn suffix(seed: u64, subject: &str, ordinal: u64) -> String {
    (0..5).map(|place| letter(keyed::unit(seed, &format!("{subject}#{place}"), ordinal))).collect()
}

/// A hash of a value that does not depend on the order of its keys, in the letters of names.
pub fn hash(value: &Value) -> String {
    let mut sum = Sum(0xcbf2_9ce4_8422_2325);
    sum.value(value);
    let mut rest = sum.0;
    let letters = LETTERS.len() as u64;
    (0..10)
        .map(|_| {
            let at = usize::try_from(rest % letters).unwrap_or_default();
            rest /= letters;
            char::from(LETTERS[at])
        })
        .collect()
}

/// A uid in the form of a random (version 4) UUID.
pub fn uid(seed: u64, subject: &str, ordinal: u64) -> String {
    let mut hex = String::with_capacity(32);
    for place in 0..8u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a draw times 65536 is a u16")]
        let word = (keyed::unit(seed, subject, ordinal.wrapping_mul(8) + place) * 65_536.0) as u16;
        let word = match place {
            3 => word & 0x0fff | 0x4000,
            4 => word & 0x3fff | 0x8000,
            _ => word,
        };
        let _ = write!(hex, "{word:04x}");
    }
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// A keyed draw in `0..below`.
pub fn draw(seed: u64, subject: &str, ordinal: u64, below: u32) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a draw times a u32 is a u32")]
    let drawn = (keyed::unit(seed, subject, ordinal) * f64::from(below)) as u32;
    drawn.min(below.saturating_sub(1))
}

fn letter(draw: f64) -> char {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a draw times 27 is 0..27")]
    let at = (draw * 27.0) as usize;
    char::from(LETTERS[at.min(LETTERS.len() - 1)])
}

/// FNV-1a over a canonical walk.
struct Sum(u64);

impl Sum {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                let mut keys: Vec<&String> = map.keys().collect();
                keys.sort_unstable();
                self.bytes(b"{");
                for key in keys {
                    self.bytes(key.as_bytes());
                    self.bytes(b":");
                    self.value(&map[key]);
                }
                self.bytes(b"}");
            }
            Value::Array(list) => {
                self.bytes(b"[");
                for one in list {
                    self.value(one);
                    self.bytes(b",");
                }
                self.bytes(b"]");
            }
            Value::String(text) => {
                self.bytes(b"\"");
                self.bytes(text.as_bytes());
                self.bytes(b"\"");
            }
            scalar => self.bytes(scalar.to_string().as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{hash, suffix, uid};

    #[test]
    fn names_are_functions_of_their_key() {
        assert_eq!(suffix(1, "shop/reviews", 0), suffix(1, "shop/reviews", 0));
        assert_ne!(suffix(1, "shop/reviews", 0), suffix(1, "shop/reviews", 1));
        assert_ne!(suffix(1, "shop/reviews", 0), suffix(2, "shop/reviews", 0));
    }

    #[test]
    fn a_hash_does_not_depend_on_the_order_of_keys() {
        assert_eq!(hash(&json!({"a": 1, "b": [2, "c"]})), hash(&json!({"b": [2, "c"], "a": 1})));
        assert_ne!(hash(&json!({"a": "1"})), hash(&json!({"a": 1})));
        assert_ne!(hash(&json!(["ab", "c"])), hash(&json!(["a", "bc"])));
    }

    #[test]
    fn uids_look_random_and_differ() {
        let one = uid(1, "Pod/shop/a", 0);
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes()[14], b'4');
        assert_ne!(one, uid(1, "Pod/shop/a", 1));
    }
}
