//! Puts what is said on a terminal as lines: no cursor is moved, nothing is drawn over, and no sequence is sent.
//!
//! A line that is typed grows where it stands; what comes meanwhile ends it, and it is said again below.

use crate::app::spoken::{Narrator, Said, words};

/// See the module docs.
#[derive(Debug)]
pub struct Printer {
    /// Who knows what is new.
    pub narrator: Narrator,
    ascii: bool,
    /// What ends a line: raw terminals want more than pipes.
    end: &'static str,
    /// The typed line that stands open.
    open: Option<String>,
}

/// What goes out, and the lines that are through with it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// For the terminal.
    pub text: String,
    /// Whole lines, for a recording.
    pub lines: Vec<String>,
}

impl Printer {
    /// For a terminal, or for a pipe that a terminal's keys go with.
    pub fn new(ascii: bool, terminal: bool) -> Self {
        Self { narrator: Narrator::default(), ascii, end: if terminal { "\r\n" } else { "\n" }, open: None }
    }

    /// What is to be sent so that this is heard.
    pub fn print(&mut self, said: Vec<Said>) -> Printed {
        let mut printed = Printed::default();
        let mut typed = None;
        for one in said {
            match one {
                Said::Line(line) => {
                    self.close(&mut printed);
                    let line = self.letters(&line);
                    printed.text.push_str(&line);
                    printed.text.push_str(self.end);
                    printed.lines.push(line);
                }
                Said::Typed(line) => typed = Some(self.letters(&line)),
            }
        }
        match (typed, &self.open) {
            (Some(now), Some(open)) => match now.strip_prefix(open.as_str()) {
                Some(more) => {
                    printed.text.push_str(more);
                    self.open = Some(now);
                }
                None => {
                    self.close(&mut printed);
                    printed.text.push_str(&now);
                    self.open = Some(now);
                }
            },
            (Some(now), None) => {
                printed.text.push_str(&now);
                self.open = Some(now);
            }
            (None, _) => self.close(&mut printed),
        }
        printed
    }

    fn close(&mut self, printed: &mut Printed) {
        if let Some(line) = self.open.take() {
            printed.text.push_str(self.end);
            printed.lines.push(line);
        }
    }

    /// What a terminal may be sent: no control characters, and ASCII alone where it has no other letters.
    fn letters(&self, text: &str) -> String {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        if self.ascii { words::ascii(&text) } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::{Printer, Said};

    fn line(text: &str) -> Said {
        Said::Line(text.to_owned())
    }

    fn typed(text: &str) -> Said {
        Said::Typed(text.to_owned())
    }

    #[test]
    fn a_typed_line_grows_and_is_said_again_after_news() {
        let mut printer = Printer::new(true, false);
        assert_eq!(printer.print(vec![typed("command: ")]).text, "command: ");
        assert_eq!(printer.print(vec![typed("command: po")]).text, "po");
        let news = printer.print(vec![line("web-1: Error…"), typed("command: po")]);
        assert_eq!(news.text, "\nweb-1: Error...\ncommand: po");
        assert_eq!(news.lines, ["command: po", "web-1: Error..."]);
        assert_eq!(printer.print(vec![typed("command: p")]).text, "\ncommand: p");
        assert_eq!(printer.print(vec![]).text, "\n");
        assert_eq!(printer.print(vec![]).text, "");
    }

    #[test]
    fn nothing_that_drives_a_terminal_is_sent() {
        let mut printer = Printer::new(false, true);
        assert_eq!(printer.print(vec![line("a\u{1b}[2Jb\u{9b}c")]).text, "a[2Jbc\r\n");
    }
}
