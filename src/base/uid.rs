//! The uid of an object, 16 bytes instead of a 36-character string.

use std::fmt;

/// `metadata.uid`. Two objects of one name that lived one after the other differ here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(pub u128);

impl Uid {
    /// Reads a uid as the API server writes it (a UUID, or 32 hex digits for mirror pods). Anything else is folded to
    /// 128 bits: uids are opaque by contract.
    pub fn parse(text: &str) -> Self {
        let mut value = 0u128;
        let mut digits = 0;
        for c in text.chars().filter(|c| *c != '-') {
            match c.to_digit(16) {
                Some(digit) if digits < 32 => {
                    value = value << 4 | u128::from(digit);
                    digits += 1;
                }
                _ => return Self::fold(text),
            }
        }
        if digits == 32 { Self(value) } else { Self::fold(text) }
    }

    /// FNV-1a over 128 bits, for uids of no known form.
    fn fold(text: &str) -> Self {
        Self(text.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b)
        }))
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        for (at, c) in hex.chars().enumerate() {
            if matches!(at, 8 | 12 | 16 | 20) {
                f.write_str("-")?;
            }
            fmt::Write::write_char(f, c)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Uid;

    #[test]
    fn a_uuid_is_read_and_written_back() {
        let text = "6f1c0c2e-6b1e-4c0a-9d7e-0123456789ab";
        assert_eq!(Uid::parse(text).to_string(), text);
    }

    #[test]
    fn odd_uids_stay_distinct() {
        assert_ne!(Uid::parse("a"), Uid::parse("b"));
        assert_ne!(Uid::parse(""), Uid::parse("0"));
    }
}
