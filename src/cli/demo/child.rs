//! The world as a child process of the cockpit.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{self, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{ANYWHERE, Doors, args::DemoArgs, told::Told};
use crate::cli::failure::{Code, Failure};

/// How long a world may take to be there. The largest takes a few seconds.
const READY: Duration = Duration::from_mins(1);
/// How long it may take to go: longer than its own patience with a guardian at work.
const GONE: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// The most of its complaint that is read.
const COMPLAINT: u64 = 1 << 14;

/// A running world. It ends by [`Child::stop`]; when this process is killed, it ends by itself once nobody needs it.
pub struct Child {
    process: process::Child,
    doors: Doors,
}

impl Child {
    /// Starts a world and waits until it is served.
    pub fn start(world: &str, args: &DemoArgs, told: &Told) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(|error| cannot(error.to_string()))?;
        let mut command = Command::new(program);
        command.args(["demo", "--attached", "-o", "json", "--serve", &ANYWHERE.to_string(), "--world", world]);
        command.args(["--speed", &args.speed.to_string(), "--seed", &args.seed.to_string()]);
        if let Some(pods) = args.pods {
            command.args(["--pods", &pods.to_string()]);
        }
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut process = started.map_err(|error| cannot(error.to_string()))?;
        match process.stdout.take().map(|stdout| first_line(stdout, told)) {
            Some(Ok(doors)) => Ok(Self { process, doors }),
            Some(Err(failed)) => Err(end(process, failed)),
            None => Err(end(process, Failed::Said("it has no voice".to_owned()))),
        }
    }

    /// Where it is.
    pub fn doors(&self) -> &Doors {
        &self.doors
    }

    /// Ends it and waits until it and its files are gone. Whoever asks once more to end does not wait: it goes by itself.
    pub fn stop(mut self, told: &Told) {
        told.heard();
        if let Some(mut stdin) = self.process.stdin.take() {
            // If it cannot hear, it is gone or sees the end of its input, which says nearly the same.
            let _ = stdin.write_all(b"stop\n");
        }
        let until = Instant::now() + GONE;
        while Instant::now() < until {
            match self.process.try_wait() {
                Ok(None) if told.to_end() => return,
                Ok(None) => std::thread::sleep(LOOK),
                Ok(Some(_)) | Err(_) => return,
            }
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn cannot(why: String) -> Failure {
    let fix = "try `brink demo --serve 127.0.0.1:0` to see what it says";
    Failure::new(Code::Unmet, "cannot start the demo", why, fix)
}

/// Why there is no world.
enum Failed {
    /// This process was told to end.
    Told,
    /// It ended; its complaint may tell why.
    Ended,
    /// Something else.
    Said(String),
}

/// The line by which a world says that it is there, or why there is none.
fn first_line(stdout: process::ChildStdout, told: &Told) -> Result<Doors, Failed> {
    let (tell, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        // Nobody waits any more: then nobody needs it.
        let _ = tell.send(read.map(|_| line));
    });
    let until = Instant::now() + READY;
    let line = loop {
        match heard.recv_timeout(LOOK) {
            Ok(Ok(line)) => break line,
            Ok(Err(error)) => return Err(Failed::Said(error.to_string())),
            Err(mpsc::RecvTimeoutError::Disconnected) => return Err(Failed::Ended),
            Err(mpsc::RecvTimeoutError::Timeout) if told.to_end() => return Err(Failed::Told),
            Err(mpsc::RecvTimeoutError::Timeout) if Instant::now() > until => {
                return Err(Failed::Said(format!("the world was not there within {} s", READY.as_secs())));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    };
    serde_json::from_str(&line).map_err(|_| match line.trim() {
        "" => Failed::Ended,
        said => Failed::Said(said.to_owned()),
    })
}

/// Ends a world that nobody can use, and says why there is none.
fn end(mut process: process::Child, failed: Failed) -> Failure {
    match failed {
        Failed::Said(why) => {
            // A child that is gone already cannot be ended twice.
            let _ = process.kill();
            let _ = process.wait();
            cannot(why)
        }
        Failed::Told => {
            // Told as well, so that it takes its files along.
            if let Some(pid) = rustix::process::Pid::from_raw(i32::try_from(process.id()).unwrap_or_default()) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            }
            let _ = process.wait();
            let why = "it was told to end before its world was there";
            Failure::new(Code::Unmet, "the demo was not started", why, "start it again with `brink demo`")
        }
        Failed::Ended => {
            let mut said = String::new();
            if let Some(stderr) = process.stderr.take() {
                // What cannot be read says nothing.
                let _ = stderr.take(COMPLAINT).read_to_string(&mut said);
            }
            let code = process.wait().ok().and_then(|status| status.code());
            complaint(&said, code).unwrap_or_else(|| cannot("the world ended before it was there".to_owned()))
        }
    }
}

/// The failure of a world in its own words.
fn complaint(said: &str, code: Option<i32>) -> Option<Failure> {
    let line = said.lines().find(|line| line.starts_with('{'))?;
    let told: Value = serde_json::from_str(line).ok()?;
    let text = |field: &str| told["error"][field].as_str().map(str::to_owned);
    let code = if code == Some(2) { Code::Usage } else { Code::Unmet };
    Some(Failure::new(code, text("what")?, text("why")?, text("fix")?))
}

#[cfg(test)]
mod tests {
    use super::complaint;
    use crate::cli::failure::{Code, Failure};

    #[test]
    fn a_world_that_cannot_be_says_so_itself() {
        let why = Failure::usage("cannot serve the world", "no room", "make room");
        assert_eq!(complaint(&why.json(), Some(2)), Some(why));
        let why = Failure::new(Code::Unmet, "cannot serve the world", "no room", "make room");
        assert_eq!(complaint(&format!("a warning\n{}", why.json()), Some(1)), Some(why));
        assert_eq!(complaint("killed", None), None);
    }
}
