//! A session's file as entries, and an entry as a line.

use super::entry::{Begin, Entry, FORM};

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// Every readable entry up to the first damage, each with the number of its line, from 1.
    pub entries: Vec<(usize, Entry)>,
    /// Bytes up to the end of the last whole line; what follows was torn by a crash or a full disk.
    pub whole: usize,
    /// Bytes of the torn end.
    pub torn: usize,
    /// What cannot be read.
    pub damage: Option<Damage>,
}

/// A line that is not the last cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Damage {
    /// From 1.
    pub line: usize,
    /// Why.
    pub why: String,
}

/// The line of an entry, newline included.
pub fn line(entry: &Entry) -> Result<String, String> {
    serde_json::to_string(entry).map(|text| text + "\n").map_err(|error| error.to_string())
}

/// Reads a file. Never fails: what a crash tore off the end is left out and told, and so is whatever follows damage.
pub fn read(bytes: &[u8]) -> Reading {
    let mut reading = Reading::default();
    let mut rest = bytes;
    let mut number = 0;
    while !rest.is_empty() {
        number += 1;
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            reading.torn = rest.len();
            break;
        };
        let (whole, after) = rest.split_at(end + 1);
        match entry(number, whole.trim_ascii_end()) {
            Ok(entry) => {
                reading.entries.push((number, entry));
                reading.whole += whole.len();
            }
            // A disk that was full may have taken half a line and then another.
            Err(why) => {
                reading.damage = Some(Damage { line: number, why });
                break;
            }
        }
        rest = after;
    }
    if reading.entries.is_empty() && reading.damage.is_none() {
        reading.damage = Some(Damage { line: 1, why: "nothing was written".to_owned() });
    }
    reading
}

fn entry(number: usize, line: &[u8]) -> Result<Entry, String> {
    let entry: Entry = serde_json::from_slice(line).map_err(|error| format!("no line of a session: {error}"))?;
    match &entry {
        Entry::Begin(begin) if number == 1 && begin.form != FORM => {
            Err(format!("it is of form {}, this brink reads {FORM}: use the brink that wrote it", begin.form))
        }
        Entry::Begin(_) if number > 1 => Err("a session begins in the middle of another".to_owned()),
        Entry::Begin(_) => Ok(entry),
        _ if number == 1 => Err("it does not begin as a session does".to_owned()),
        _ => Ok(entry),
    }
}

impl Reading {
    /// The first line.
    pub fn begin(&self) -> Option<&Begin> {
        match self.entries.first() {
            Some((_, Entry::Begin(begin))) => Some(begin),
            _ => None,
        }
    }

    /// The first question.
    pub fn question(&self) -> Option<&str> {
        self.entries.iter().find_map(|(_, entry)| match entry {
            Entry::Ask { text, .. } => Some(text.as_str()),
            _ => None,
        })
    }

    /// How many questions were asked.
    pub fn turns(&self) -> usize {
        self.entries.iter().filter(|(_, entry)| matches!(entry, Entry::Ask { .. })).count()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Entry, line, read};
    use crate::agent::{
        end::End,
        limits::{Limit, Reached},
        session::{Answer, Begin, FORM, Piece},
        wire::Delta,
    };

    fn begin() -> Entry {
        Entry::Begin(Begin {
            form: FORM,
            at: jiff::Timestamp::UNIX_EPOCH,
            brink: "0.1.0".to_owned(),
            model: "openai:m".to_owned(),
            base_url: "http://127.0.0.1:9/v1".to_owned(),
            temperature: None,
            seed: Some(7),
            max_tokens: 10,
            context_tokens: 1000,
            context: "kind".to_owned(),
            namespace: None,
            cluster: "uid".to_owned(),
        })
    }

    fn text(entries: &[Entry]) -> String {
        entries.iter().map(|entry| line(entry).unwrap()).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let answer = Answer { around: 9, ..Answer::called("a", "list", "{\"kind\":\"pods\"}") };
        let all = [
            begin(),
            Entry::Ask { at: jiff::Timestamp::UNIX_EPOCH, text: "why?".to_owned() },
            Entry::Answer(answer),
            Entry::Answer(Answer::said("all is well")),
            Entry::End { end: End::Spent(Reached { limit: Limit::Tools, used: 12, of: 12 }), around: 3 },
            Entry::Undone,
        ];
        let reading = read(text(&all).as_bytes());
        assert_eq!(reading.entries.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>(), all);
        assert_eq!((reading.torn, reading.damage), (0, None));
    }

    #[test]
    fn a_torn_end_is_left_out_and_damage_is_told_with_its_line() {
        let good = text(&[begin(), Entry::Undone]);
        let reading = read(format!("{good}{{\"line\":\"ask\",\"at").as_bytes());
        assert_eq!((reading.entries.len(), reading.whole, reading.damage), (2, good.len(), None));
        assert!(reading.torn > 0);
        let reading = read(format!("{good}half a li\n{}", text(&[Entry::Undone])).as_bytes());
        assert_eq!((reading.entries.len(), reading.damage.unwrap().line), (2, 3));
        for (wrong, told) in [
            ("", "nothing was written"),
            ("hello\n", "no line of a session"),
            ("{\"line\":\"undone\"}\n", "does not begin"),
            (&text(&[begin()]).replace("\"form\":1", "\"form\":9"), "of form 9"),
        ] {
            let reading = read(wrong.as_bytes());
            assert!(reading.damage.as_ref().unwrap().why.contains(told), "{wrong}: {reading:?}");
        }
    }

    #[test]
    fn secrets_cut_in_two_by_pieces_are_not_kept() {
        let pieces = ["the key is ghp_abcdefghij", "klmnopqrstuvwxyz0123456789", " as told"];
        let mut answer =
            Answer { pieces: pieces.map(|text| Piece::Text(text.to_owned())).to_vec(), ..Answer::default() };
        for json in ["{\"q\":\"password=hun", "ter2-hunter2\"}"] {
            answer.pieces.push(Piece::Delta(Delta::Piece { at: 0, json: json.to_owned() }));
        }
        let kept = line(&Entry::Answer(answer.redacted())).unwrap();
        assert!(!kept.contains("ghp_") && !kept.contains("hun") && kept.contains("as told"), "{kept}");
        let plain = Answer::said("nothing to hide here");
        assert_eq!(plain.clone().redacted(), plain, "what holds no secret keeps its pieces");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_crash(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..400) {
            read(&bytes);
            let good = text(&[begin(), Entry::Undone]);
            let mut torn = good.as_bytes().to_vec();
            torn.truncate(cut.min(good.len()));
            torn.extend(&bytes);
            let reading = read(&torn);
            prop_assert!(reading.whole + reading.torn <= torn.len());
        }
    }
}
