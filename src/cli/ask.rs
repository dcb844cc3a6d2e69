//! `ask`: one question to the agent. Its words go to stdout as they come, tools and troubles to stderr, proposals after them
//! with the command that applies each. Nothing is applied here.

use std::{io::Read as _, path::Path, sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{
    Ended, Ending,
    args::{AskArgs, Globals, Shape},
    failure::{Code, Failure},
    fault::{desk, kept, print},
    mcp,
    out::{self, Out},
    session::Session,
    settings,
};
use crate::{
    agent::{
        Conversation, End, Model, Proposal, Told,
        io::{
            key,
            mcp::Gate,
            provider::{Patience, Provider, ProviderError},
            toolbox::Toolbox,
            turn,
        },
        mcp::offered,
        prompt,
    },
    base::sanitize,
};

/// Runs the command.
pub fn run(args: &AskArgs, globals: &Globals, out: &mut Out) -> Ended {
    let question = question(&args.prompt)?;
    let model = model(globals)?;
    // Before any cluster is asked: a missing key is the likelier mistake.
    key::present(&model).map_err(|error| unasked(&error))?;
    let provider = Provider::new(model, Patience::default()).map_err(|error| unasked(&error))?;
    let policy = desk::rails(globals)?;
    let session = Session::open(globals)?;
    let hub = mcp::hub(&session.settings).map(Arc::new);
    let mut toolbox = Toolbox::new(
        session.live.clone(),
        session.wait(desk::terms(&session, policy)),
        session.metrics.clone(),
        session.namespace().map(str::to_owned),
    );
    if let Some(hub) = &hub {
        // Nobody can be asked here: only what was allowed before runs.
        toolbox = toolbox.beside(Arc::clone(hub), Gate::Closed);
    }
    let mut sheet = Sheet::new(args.output.shape, out);
    let provider = provider.through(session.live.link()).map_err(|error| unasked(&error))?;
    let end = session.wait(async {
        desk::reach(&session).await?;
        let mut system = prompt::system(&toolbox.facts().await);
        let mut provider = provider;
        if let Some(hub) = &hub {
            let (tools, troubles) = hub.offers().await;
            for one in troubles {
                sheet.aside(&format!("{}; {}", one.what, one.fix));
            }
            system.push_str(&offered::told(&tools));
            provider = provider.offering(tools);
        }
        let mut talk = Conversation::new(provider.model().context_tokens);
        talk.ask(question);
        let mut tell = |told| sheet.hear(told);
        let end = tokio::select! {
            end = turn::run(&provider, &toolbox, &system, &mut talk, &mut tell) => end,
            _ = tokio::signal::ctrl_c() => End::Cancelled,
        };
        provider.part().await;
        Ok::<_, Failure>(end)
    })?;
    sheet.close(desk::state_dir(&session).ok().as_deref(), session.link.namespace());
    ended(&end)
}

fn question(given: &str) -> Result<String, Failure> {
    let empty = || Failure::usage("nothing is asked", "the question is empty", "write brink ask \"…\"");
    let text = if given == "-" {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| Failure::usage("cannot read standard input", error.to_string(), "give text in UTF-8"))?;
        text
    } else {
        given.to_owned()
    };
    if text.trim().is_empty() { Err(empty()) } else { Ok(text) }
}

fn model(globals: &Globals) -> Result<Model, Failure> {
    let model = settings::resolve(globals)?.agent();
    let wrong = |failure: crate::msg::Failure| Failure::usage("cannot ask", failure.what, failure.fix);
    model.map_err(wrong)?.ok_or_else(|| {
        Failure::usage(
            "cannot ask",
            "no model is configured",
            "give --agent PROVIDER:MODEL[@URL], or set agent.provider and agent.model (`brink config explain agent.provider`)",
        )
    })
}

fn unasked(error: &ProviderError) -> Failure {
    let code = match error {
        ProviderError::Address { .. } => Code::Usage,
        error if error.unreachable() => Code::Unreachable,
        _ => Code::Unmet,
    };
    Failure::new(code, "cannot ask", error.to_string(), error.fix())
}

/// How the command ends: the answer is printed by then, as far as it came.
fn ended(end: &End) -> Ended {
    let code = match end {
        End::Done => return Ok(Ending::Done),
        End::Failed { unreachable: true, .. } | End::Cut => Code::Unreachable,
        End::Failed { .. }
        | End::Cancelled
        | End::Refused(_)
        | End::Truncated
        | End::Empty
        | End::Asks(_)
        | End::Endless(_)
        | End::Unreadable(..)
        | End::Full => Code::Unmet,
    };
    let fix = if *end == End::Cancelled { "ask again".to_owned() } else { end.fix() };
    Err(Failure::new(code, "no whole answer", end.what(), fix))
}

/// A tool that was called.
struct Ran {
    id: String,
    name: String,
    ok: bool,
    took: Duration,
}

/// What an ask came to, written as it comes.
struct Sheet<'a> {
    shape: Shape,
    out: &'a mut Out,
    text: String,
    /// Of the text, what was not written yet: it may end within a sequence that must not reach a terminal.
    held: String,
    tools: Vec<Ran>,
    proposals: Vec<Proposal>,
}

impl<'a> Sheet<'a> {
    fn new(shape: Shape, out: &'a mut Out) -> Self {
        Self { shape, out, text: String::new(), held: String::new(), tools: Vec::new(), proposals: Vec::new() }
    }

    fn hear(&mut self, told: Told) {
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
            Told::Proposed(proposal) => self.proposals.push(*proposal),
            Told::GaveUp { given, why } => {
                for line in format!("could not be made to apply:\n{why}\n{given}").lines() {
                    self.aside(line);
                }
            }
            Told::Kept(_) | Told::Budget(_) | Told::Remote(_) => {}
            Told::Ended(_) => self.write(true),
        }
    }

    /// Beside the answer, in a line of its own.
    fn aside(&mut self, line: &str) {
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

    fn close(mut self, state_dir: Option<&Path>, namespace: &str) {
        self.write(true);
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
                .map(|one| {
                    json!({
                        "title": one.title(),
                        "plan": one.checked.preview,
                        "rounds": one.rounds,
                        "hypothesis": one.hypothesis,
                        "expects": one.expects,
                        "aborts": one.aborts(),
                        "lesson": {"score": one.lesson.score, "word": one.lesson.word(), "facts": one.lesson.facts},
                        "step": one.step.as_ref().map(|step| json!({"plan": step.plan, "at": step.at, "of": step.of})),
                    })
                })
                .collect();
            let text = sanitize::lines(&self.text).into_owned();
            self.out.json(&json!({"text": text, "tools": tools, "proposals": proposals}));
        }
        for (at, proposal) in self.proposals.iter().enumerate() {
            let preview = &proposal.checked.preview;
            let kept = state_dir.map(|folder| kept::keep(folder, &proposal.checked, namespace));
            if self.shape == Shape::Table {
                self.out.line(format_args!("\nproposal {}: {}", at + 1, sanitize::line(proposal.title())));
                self.out.text(print::preview(preview));
                match kept {
                    Some(Ok(())) => {
                        self.out.line(format_args!(
                            "\napply it within 2 minutes: brink fault apply --plan {}",
                            preview.plan
                        ));
                    }
                    Some(Err(error)) => out::complain(&format!("note: `--plan` will not know it: {error}\n")),
                    None => out::complain("note: `--plan` will not know it: there is no place for plans\n"),
                }
            }
        }
        self.out.flush();
    }
}
