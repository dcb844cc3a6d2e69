//! What an ask tells, on paper: words to stdout as they come, tools and troubles to stderr, proposals at the end.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};

use super::saved;

use crate::{
    agent::{Told, session::Offer},
    base::sanitize,
    cli::{
        args::Shape,
        failure::Failure,
        fault::{kept as plans, print},
        out::{self, Out},
    },
    fault::checked::Checked,
};

/// A tool that was called.
struct Ran {
    id: String,
    name: String,
    ok: bool,
    took: Duration,
}

/// A proposal as it was shown; without the answers of the API server where it is one of before.
struct Shown {
    offer: Offer,
    checked: Option<Box<Checked>>,
}

/// What an ask came to, written as it comes.
pub(super) struct Sheet<'a> {
    shape: Shape,
    out: &'a mut Out,
    text: String,
    /// Of the text, what was not written yet: it may end within a sequence that must not reach a terminal.
    held: String,
    tools: Vec<Ran>,
    proposals: Vec<Shown>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(shape: Shape, out: &'a mut Out) -> Self {
        Self { shape, out, text: String::new(), held: String::new(), tools: Vec::new(), proposals: Vec::new() }
    }

    pub(super) fn hear(&mut self, told: Told) {
        match told {
            Told::Text(text) => {
                self.text.push_str(&text);
                self.held.push_str(&text);
                self.write(false);
            }
            Told::Waiting { why, wait } => {
                self.aside(&format!("{why}; trying again in {:.1} s", wait.as_secs_f64()));
            }
            Told::Began { id, name, about } => {
                self.aside(&format!("● {name} {about}"));
                self.tools.push(Ran { id, name, ok: false, took: Duration::ZERO });
            }
            Told::Ran { id, ok, took, size, why } => {
                let Some(tool) = self.tools.iter_mut().rev().find(|tool| tool.id == id) else { return };
                (tool.ok, tool.took) = (ok, took);
                let line = if ok {
                    format!("  ✓ {} {} ms, {size} bytes", tool.name, took.as_millis())
                } else {
                    format!("  ✗ {} {} ms: {why}", tool.name, took.as_millis())
                };
                self.aside(&line);
            }
            Told::Proposed(proposal) => {
                let offer = Offer::of(&proposal, proposal.rounds);
                self.proposals.push(Shown { offer, checked: Some(proposal.checked) });
            }
            Told::Offered(offer) => self.proposals.push(Shown { offer: *offer, checked: None }),
            Told::GaveUp { given, why, .. } => {
                for line in format!("could not be made to apply:\n{why}\n{given}").lines() {
                    self.aside(line);
                }
            }
            Told::Aside(text) => self.aside(&text),
            Told::Kept(_) | Told::Fitted(_) | Told::Budget(_) | Told::Remote(_) => {}
            Told::Ended(_) => self.write(true),
        }
    }

    /// Beside the answer, in a line of its own.
    pub(super) fn aside(&mut self, line: &str) {
        self.write(true);
        if self.shape == Shape::Table {
            out::complain(&format!("{}\n", sanitize::line(line)));
        }
    }

    /// Writes whole words as they come; words with an escape in them wait for their line.
    fn write(&mut self, all: bool) {
        let at = if self.held.contains('\u{1b}') { self.held.rfind('\n') } else { self.held.rfind([' ', '\n']) };
        let end = if all { self.held.len() } else { at.map_or(0, |at| at + 1) };
        let rest = self.held.split_off(end);
        let ready = std::mem::replace(&mut self.held, rest);
        if self.shape == Shape::Table && !ready.is_empty() {
            self.out.text(sanitize::lines(&ready));
            // What came before a tool call and what comes after it are two paragraphs.
            if all && !ready.ends_with('\n') {
                self.out.text("\n");
            }
            self.out.flush();
        }
    }

    pub(super) fn close(
        mut self,
        state_dir: Option<&Path>,
        save: Option<&Path>,
        namespace: &str,
    ) -> Result<(), Failure> {
        self.write(true);
        let (files, trouble) = self.save(save);
        if self.shape == Shape::Json {
            let tools: Vec<Value> = self
                .tools
                .iter()
                .map(|tool| {
                    let ms = u64::try_from(tool.took.as_millis()).unwrap_or(u64::MAX);
                    json!({"name": tool.name, "ok": tool.ok, "ms": ms})
                })
                .collect();
            let proposals: Vec<Value> = self
                .proposals
                .iter()
                .zip(&files)
                .map(|(Shown { offer: one, .. }, file)| {
                    json!({
                        "title": one.title(),
                        "plan": one.preview,
                        "file": file,
                        "rounds": one.rounds,
                        "hypothesis": one.hypothesis,
                        "expects": one.expects,
                        "aborts": one.aborts,
                        "lesson": {"score": one.lesson.score, "word": one.lesson.word(), "facts": one.lesson.facts},
                        "step": one.step,
                    })
                })
                .collect();
            let text = sanitize::lines(&self.text).into_owned();
            self.out.json(&json!({"text": text, "tools": tools, "proposals": proposals}));
        }
        for (at, proposal) in self.proposals.iter().enumerate() {
            let preview = &proposal.offer.preview;
            let kept = match &proposal.checked {
                Some(checked) => state_dir.map(|folder| plans::keep(folder, checked, namespace)),
                // It was kept then, and cannot be applied any more.
                None => Some(Ok(())),
            };
            if self.shape == Shape::Table {
                self.out.line(format_args!("\nproposal {}: {}", at + 1, sanitize::line(&preview.title)));
                self.out.text(print::preview(preview));
                // Its abort conditions are watched by the command that applies it.
                let wait = if proposal.offer.aborts.is_empty() { "" } else { " --wait" };
                match kept {
                    Some(Ok(())) => {
                        self.out.line(format_args!(
                            "\napply it within 2 minutes: brink fault apply --plan {}{wait}",
                            preview.plan
                        ));
                    }
                    Some(Err(error)) => out::complain(&format!("note: `--plan` will not know it: {error}\n")),
                    None => out::complain("note: `--plan` will not know it: there is no place for plans\n"),
                }
                if let Some(Some(file)) = files.get(at) {
                    self.out.line(format_args!("or later, as a file: brink fault apply -f {}{wait}", file.display()));
                }
            }
        }
        self.out.flush();
        trouble.map_or(Ok(()), Err)
    }

    /// Writes the files of all proposals, until one cannot be written.
    fn save(&self, folder: Option<&Path>) -> (Vec<Option<PathBuf>>, Option<Failure>) {
        let mut files = vec![None; self.proposals.len()];
        let Some(folder) = folder else { return (files, None) };
        for ((at, shown), file) in self.proposals.iter().enumerate().zip(&mut files) {
            match saved::save(folder, at + 1, &shown.offer) {
                Ok(path) => *file = path,
                Err(failure) => return (files, Some(failure)),
            }
        }
        (files, None)
    }
}
