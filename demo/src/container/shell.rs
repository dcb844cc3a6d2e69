//! The shell: a script, or a terminal with a line that is edited.

use super::{
    files::{Files, resolve},
    line,
    programs::{self, Done, Facts},
};

/// A shell at a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shell {
    folder: String,
    typed: String,
    last: i32,
}

/// What came of bytes that were typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heard {
    /// What the terminal shows.
    pub shown: Vec<u8>,
    /// The exit code, when the shell ended.
    pub ended: Option<i32>,
}

impl Default for Shell {
    fn default() -> Self {
        Self { folder: "/".to_owned(), typed: String::new(), last: 0 }
    }
}

impl Shell {
    /// What stands before a line.
    pub fn prompt(&self) -> String {
        format!("{} # ", self.folder)
    }

    /// Runs a script.
    pub fn script(files: &mut Files, facts: &Facts, folder: &str, script: &str) -> Done {
        let mut shell = Self { folder: folder.to_owned(), ..Self::default() };
        let (mut done, ended) = shell.run(files, facts, script);
        done.code = ended.unwrap_or(shell.last);
        done
    }

    /// Bytes from the terminal.
    pub fn hear(&mut self, files: &mut Files, facts: &Facts, bytes: &[u8]) -> Heard {
        let mut heard = Heard::default();
        for c in String::from_utf8_lossy(bytes).chars() {
            match c {
                '\r' | '\n' => {
                    heard.shown.extend_from_slice(b"\r\n");
                    let line = std::mem::take(&mut self.typed);
                    let (done, ended) = self.run(files, facts, &line);
                    let text = [done.out, done.err].concat();
                    // A terminal turns line ends into both of its bytes.
                    heard.shown.extend(text.iter().flat_map(|byte| match byte {
                        b'\n' => vec![b'\r', b'\n'],
                        byte => vec![*byte],
                    }));
                    if ended.is_some() {
                        heard.ended = ended;
                        return heard;
                    }
                    heard.shown.extend_from_slice(self.prompt().as_bytes());
                }
                '\u{7f}' | '\u{8}' if !self.typed.is_empty() => {
                    self.typed.pop();
                    heard.shown.extend_from_slice(b"\x08 \x08");
                }
                '\u{3}' => {
                    self.typed.clear();
                    heard.shown.extend_from_slice(format!("^C\r\n{}", self.prompt()).as_bytes());
                }
                '\u{4}' if self.typed.is_empty() => {
                    heard.ended = Some(self.last);
                    return heard;
                }
                c if !c.is_control() => {
                    self.typed.push(c);
                    heard.shown.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                _ => {}
            }
        }
        heard
    }

    /// The commands of a line, with what its variables stand for now.
    fn read(&self, facts: &Facts, text: &str) -> Result<Vec<line::Line>, String> {
        line::read(text, |name| match name {
            "?" => self.last.to_string(),
            "PWD" => self.folder.clone(),
            "HOSTNAME" => facts.host.clone(),
            name => {
                let known = facts.env.iter().find(|(known, _)| known == name);
                known.map(|(_, value)| value.clone()).unwrap_or_default()
            }
        })
    }

    /// Runs a line; the code, when it ends the shell.
    fn run(&mut self, files: &mut Files, facts: &Facts, text: &str) -> (Done, Option<i32>) {
        let mut all = Done::default();
        let mut lines = match self.read(facts, text) {
            Ok(lines) => lines,
            Err(why) => {
                self.last = 2;
                return (Done::failed(2, format!("sh: {why}\n")), None);
            }
        };
        let asks = text.contains("$?");
        for at in 0..lines.len() {
            if asks && at > 0 {
                // What the command before ended with is known only now.
                lines = self.read(facts, text).unwrap_or_default();
            }
            let Some(line) = lines.get(at) else { break };
            if line.only_if_well && self.last != 0 {
                continue;
            }
            match line.words.first().map(String::as_str) {
                Some("exit") => {
                    let code = line.words.get(1).and_then(|code| code.parse().ok()).unwrap_or(self.last);
                    return (all, Some(code));
                }
                Some("cd") => {
                    let path = resolve(&self.folder, line.words.get(1).map_or("/", String::as_str));
                    if files.is_folder(&path) {
                        (self.folder, self.last) = (path, 0);
                    } else {
                        all.err.extend_from_slice(format!("sh: cd: can't cd to {path}\n").as_bytes());
                        self.last = 1;
                    }
                    continue;
                }
                _ => {}
            }
            let mut done = programs::run(files, facts, &self.folder, &line.words, b"").unwrap_or_else(|| {
                Done::failed(127, format!("sh: {}: not found\n", line.words.first().map_or("", String::as_str)))
            });
            if let Some((path, add)) = &line.into {
                let path = resolve(&self.folder, path);
                let mut bytes = if *add { files.read(&path).unwrap_or_default().to_vec() } else { Vec::new() };
                bytes.append(&mut done.out);
                if let Err(why) = files.write(&path, bytes) {
                    done.err.extend_from_slice(format!("sh: can't create {path}: {why}\n").as_bytes());
                    done.code = 1;
                }
            }
            self.last = done.code;
            all.out.append(&mut done.out);
            all.err.append(&mut done.err);
        }
        (all, None)
    }
}

#[cfg(test)]
mod tests {
    use super::Shell;
    use crate::container::{Facts, Files};

    #[test]
    fn a_terminal_echoes_edits_and_ends() {
        let (mut files, facts) = (Files::new("web"), Facts::default());
        let mut shell = Shell::default();
        let mut hear = |bytes: &[u8]| {
            let heard = shell.hear(&mut files, &facts, bytes);
            (String::from_utf8(heard.shown).unwrap(), heard.ended)
        };
        assert_eq!(hear(b"echx\x7fo hi\r"), ("echx\u{8} \u{8}o hi\r\nhi\r\n/ # ".to_owned(), None));
        assert_eq!(hear(b"abc\x03").0, "abc^C\r\n/ # ");
        assert_eq!(hear(b"cd /tmp\r").0, "cd /tmp\r\n/tmp # ");
        assert_eq!(hear(b"exit 7\r").1, Some(7));
    }
}
