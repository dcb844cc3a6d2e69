//! One entry as one line of text, with a checksum, and a file's text as entries again.

use serde_json::Value;

use super::entry::Entry;

/// Where the checksum begins: it is the last field and covers everything before it.
const CHECK: &str = ",\"crc32\":";

/// An entry that cannot be written as JSON (a map key that is no text; our types have none).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the entry cannot be written as JSON: {0}")]
pub struct Unwritable(String);

/// The line, newline included.
pub fn encode(entry: &Entry) -> Result<String, Unwritable> {
    let text = serde_json::to_string(entry).map_err(|error| Unwritable(error.to_string()))?;
    let body = text.strip_suffix('}').unwrap_or(&text);
    Ok(format!("{body}{CHECK}{}}}\n", crc32fast::hash(body.as_bytes())))
}

/// Reads a line (without its newline). `None` when it is torn, changed or of no known form.
pub fn decode(line: &str) -> Option<Entry> {
    let at = line.rfind(CHECK)?;
    let (body, check) = line.split_at(at);
    let check: u32 = check.strip_prefix(CHECK)?.strip_suffix('}')?.parse().ok()?;
    if crc32fast::hash(body.as_bytes()) != check {
        return None;
    }
    serde_json::from_str::<Value>(line).ok().and_then(|value| serde_json::from_value(value).ok())
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// Every readable entry, in file order.
    pub entries: Vec<Entry>,
    /// A line that is not the last one is unreadable: the file cannot be trusted alone, the cluster record is asked.
    pub damaged: bool,
    /// Bytes up to the end of the last whole line; what follows is a torn tail.
    pub whole: usize,
}

/// Reads a whole file. Never fails: an unreadable last line is what a crash leaves and is dropped; any other one is damage.
pub fn read(text: &[u8]) -> Reading {
    let mut reading = Reading::default();
    let mut start = 0;
    while start < text.len() {
        let end = text.iter().skip(start).position(|byte| *byte == b'\n').map(|length| start + length);
        let line = text.get(start..end.unwrap_or(text.len())).unwrap_or_default();
        let next = end.map_or(text.len(), |end| end + 1);
        match std::str::from_utf8(line).ok().and_then(decode) {
            Some(entry) if end.is_some() => {
                reading.entries.push(entry);
                reading.whole = next;
            }
            _ if next >= text.len() => return reading,
            _ => {
                reading.damaged = true;
                reading.whole = next;
            }
        }
        start = next;
    }
    reading
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::{decode, encode, read};
    use crate::journal::entry::{Cause, Did, Entry, Fact, Outcome};

    fn entry(seq: u64, fact: Fact) -> Entry {
        Entry { v: 1, seq, at: Timestamp::UNIX_EPOCH, by: "7@here".to_owned(), fact }
    }

    fn facts() -> impl Strategy<Value = Fact> {
        prop_oneof![
            Just(Fact::Active),
            any::<u32>().prop_map(|step| Fact::Will { step }),
            (any::<u32>(), ".*").prop_map(|(step, why)| Fact::Did { step, outcome: Did::Refused(why) }),
            Just(Fact::Undo { cause: Cause::LostLink }),
            (any::<u32>(), ".*").prop_map(|(step, note)| Fact::Undid { step, outcome: Outcome::ReCreated, note }),
            proptest::collection::vec(".*", 0..3).prop_map(|residue| Fact::Done { residue }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read_back(facts in proptest::collection::vec(facts(), 0..6)) {
            let entries: Vec<_> = facts.into_iter().zip(0..).map(|(fact, seq)| entry(seq, fact)).collect();
            let text: String = entries.iter().map(|entry| encode(entry).unwrap()).collect();
            let reading = read(text.as_bytes());
            prop_assert_eq!(reading.entries, entries);
            prop_assert!(!reading.damaged);
            prop_assert_eq!(reading.whole, text.len());
        }

        #[test]
        fn a_torn_tail_loses_at_most_the_last_line(facts in proptest::collection::vec(facts(), 1..5), cut in 0usize..4000) {
            let lines: Vec<_> = facts.into_iter().zip(0..).map(|(fact, seq)| encode(&entry(seq, fact)).unwrap()).collect();
            let text = lines.concat();
            let cut = cut % (text.len() + 1);
            let whole = lines.iter().scan(0, |sum, line| { *sum += line.len(); Some(*sum) }).filter(|end| *end <= cut).count();
            let reading = read(&text.as_bytes()[..cut]);
            prop_assert_eq!(reading.entries.len(), whole);
            prop_assert!(!reading.damaged);
        }

        #[test]
        fn one_changed_byte_is_noticed(fact in facts(), at in 0usize..4000, with in 0x20u8..0x7f) {
            let line = encode(&entry(3, fact)).unwrap();
            let mut bytes = line.trim_end().as_bytes().to_vec();
            let at = at % bytes.len();
            prop_assume!(bytes[at] != with);
            bytes[at] = with;
            if let Ok(changed) = std::str::from_utf8(&bytes) {
                prop_assert_eq!(decode(changed), None);
            }
        }
    }

    #[test]
    fn a_bad_line_in_the_middle_is_damage() {
        let first = encode(&entry(0, Fact::Active)).unwrap();
        let last = encode(&entry(2, Fact::Active)).unwrap();
        let reading = read(format!("{first}rubbish\n{last}").as_bytes());
        assert!(reading.damaged);
        assert_eq!(reading.entries.len(), 2);
    }
}
