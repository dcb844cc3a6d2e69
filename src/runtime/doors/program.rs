//! Starts programs of a person's own: with the terminal, or behind the cockpit.

use std::{
    io::{self, BufRead as _},
    process::{Child, Command, ExitStatus, Stdio},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process,
};

use super::Keeper;
use crate::{
    base::Ticket,
    msg::{Event, Failure, Program, program::Ran},
};

/// Most that is kept of what a program writes in the background.
const KEPT: u64 = 4096;

/// Runs a program that has the terminal, to its end. What went wrong stays on the screen until a key is pressed.
pub fn foreground(program: &Program) -> Result<Ran, Failure> {
    let mut children: Vec<Child> = Vec::new();
    let mut next = Stdio::inherit();
    for (at, words) in program.stages.iter().enumerate() {
        let last = at + 1 == program.stages.len();
        let mut command = Command::new(words.first().map_or("", String::as_str));
        command.args(words.get(1..).unwrap_or_default()).stdin(next);
        command.stdout(if last { Stdio::inherit() } else { Stdio::piped() });
        let started = command.spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) => {
                for child in &mut children {
                    let _ = child.kill();
                    let _ = child.wait();
                }
                return Err(unstarted(program, words, &error));
            }
        };
        next = child.stdout.take().map_or_else(Stdio::null, Stdio::from);
        children.push(child);
    }
    let mut trouble = None;
    for mut child in children {
        let status =
            child.wait().map_err(|error| Failure::new(format!("{}: {error}", program.name), "start it again"))?;
        trouble = told(status).or(trouble);
    }
    if let Some(trouble) = &trouble {
        wait_for_enter(&format!("\n{} ended with {trouble}: press enter", program.name));
    }
    Ok(Ran { name: program.name.clone(), trouble, output: String::new() })
}

#[expect(clippy::print_stderr, reason = "the terminal is not ours while this is said")]
fn wait_for_enter(words: &str) {
    eprintln!("{words}");
    let _ = io::stdin().lock().read_line(&mut String::new());
}

fn unstarted(program: &Program, words: &[String], error: &io::Error) -> Failure {
    let command = words.first().map_or("", String::as_str);
    Failure::new(
        format!("{}: `{command}` cannot be started: {error}", program.name),
        "install it, or correct the plugin's command",
    )
}

/// Why it is no success.
fn told(status: ExitStatus) -> Option<String> {
    if status.success() {
        return None;
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        if let Some(signal) = status.signal() {
            return Some(format!("signal {signal}"));
        }
    }
    Some(format!("exit {}", status.code().unwrap_or_default()))
}

impl Keeper {
    /// Runs a program behind the cockpit.
    pub(super) fn start(&mut self, ticket: Ticket, program: Program) {
        let events = self.events.clone();
        self.spawn(ticket, async move {
            let answer = background(&program).await;
            let _ = events.send(Event::Ran(ticket, answer)).await;
        });
    }
}

async fn background(program: &Program) -> Result<Ran, Failure> {
    let mut children: Vec<process::Child> = Vec::new();
    let mut next = Stdio::null();
    for words in &program.stages {
        let mut command = process::Command::new(words.first().map_or("", String::as_str));
        command.args(words.get(1..).unwrap_or_default()).stdin(next);
        // Nothing may write over the cockpit; who leaves takes it along.
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| unstarted(program, words, &error))?;
        next = Stdio::null();
        if children.len() + 1 < program.stages.len()
            && let Some(Ok(out)) = child.stdout.take().map(TryInto::<Stdio>::try_into)
        {
            next = out;
        }
        children.push(child);
    }
    let broken = |error: io::Error| Failure::new(format!("{}: {error}", program.name), "start it again");
    let out = children.last_mut().and_then(|child| child.stdout.take());
    let says: Vec<_> = children.iter_mut().map(|child| child.stderr.take()).collect();
    let (out, says) = tokio::join!(first(out), futures::future::join_all(says.into_iter().map(first)));
    let mut trouble = None;
    for mut child in children {
        trouble = told(child.wait().await.map_err(broken)?).or(trouble);
    }
    let output = match &trouble {
        None if program.tells_output => out,
        None => String::new(),
        Some(_) => says.into_iter().find(|text| !text.is_empty()).unwrap_or(out),
    };
    Ok(Ran { name: program.name.clone(), trouble, output })
}

/// The first line of what is written; the rest is read and let go, so that nobody waits for a reader.
async fn first(from: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut from) = from else { return String::new() };
    let mut kept = Vec::new();
    let _ = (&mut from).take(KEPT).read_to_end(&mut kept).await;
    let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    let text = String::from_utf8_lossy(&kept);
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}
