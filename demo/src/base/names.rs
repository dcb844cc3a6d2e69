//! Generated names and uids: hashes of seed, owner and ordinal, so that a run makes the same ones every time.

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

#[cfg(test)]
mod tests {
    use super::{suffix, uid};

    #[test]
    fn names_depend_on_owner_and_ordinal_alone() {
        assert_eq!(suffix(1, "a", 0), suffix(1, "a", 0));
        assert_ne!(suffix(1, "a", 0), suffix(1, "a", 1));
        assert_eq!(suffix(1, "a", 0).len(), 5);
        let made = uid(1, "pods/a/b", 7);
        assert_eq!(made.len(), 36);
        assert_eq!(made.as_bytes()[14], b'4');
    }
}
