//! Generated names, hashes and uids: functions of seed, owner and ordinal, so that a run makes the same ones every time.

use serde_json::Value;

use super::keyed;

/// The letters of generated names: no vowels, so no words come out.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Five letters behind a `generateName`.
pub fn suffix(seed: u64, owner: &str, ordinal: u64) -> String {
    let mut bits = keyed::bits(seed, owner, ordinal);
    let mut name = String::with_capacity(5);
    for _ in 0..5 {
        let at = usize::try_from(bits % LETTERS.len() as u64).unwrap_or_default();
        name.push(char::from(LETTERS[at]));
        bits /= LETTERS.len() as u64;
    }
    name
}

/// A uid in the form of a random one.
pub fn uid(seed: u64, subject: &str, ordinal: u64) -> String {
    let (a, b) = (keyed::bits(seed, subject, ordinal), keyed::bits(seed ^ 0x5bd1_e995, subject, ordinal));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | ((b >> 48) & 0x3fff),
        b & 0xffff_ffff_ffff
    )
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

/// A keyed draw in `0..below`.
pub fn draw(seed: u64, subject: &str, ordinal: u64, below: u32) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a draw times a u32 is a u32")]
    let drawn = (keyed::unit(seed, subject, ordinal) * f64::from(below)) as u32;
    drawn.min(below.saturating_sub(1))
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
    fn names_depend_on_owner_and_ordinal_alone() {
        assert_eq!(suffix(1, "a", 0), suffix(1, "a", 0));
        assert_ne!(suffix(1, "a", 0), suffix(1, "a", 1));
        assert_ne!(suffix(1, "shop/reviews", 0), suffix(2, "shop/reviews", 0));
        assert_eq!(suffix(1, "a", 0).len(), 5);
    }

    #[test]
    fn uids_look_random_and_differ() {
        let made = uid(1, "pods/a/b", 7);
        assert_eq!(made.len(), 36);
        assert_eq!(made.as_bytes()[14], b'4');
        assert_ne!(uid(1, "Pod/shop/a", 0), uid(1, "Pod/shop/a", 1));
    }

    #[test]
    fn a_hash_does_not_depend_on_the_order_of_keys() {
        assert_eq!(hash(&json!({"a": 1, "b": [2, "c"]})), hash(&json!({"b": [2, "c"], "a": 1})));
        assert_ne!(hash(&json!({"a": "1"})), hash(&json!({"a": 1})));
        assert_ne!(hash(&json!(["ab", "c"])), hash(&json!(["a", "bc"])));
    }
}
