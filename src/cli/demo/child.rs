//! The world as a child process of the cockpit.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{self, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use super::{ANYWHERE, Doors};
use crate::cli::{
    args::DemoArgs,
    failure::{Code, Failure},
};

/// How long a world may take to be there. The largest takes a few seconds.
const READY: Duration = Duration::from_mins(1);
/// How long it may take to go: longer than its own patience with a guardian at work.
const GONE: Duration = Duration::from_secs(30);

/// A running world. It ends by [`Child::stop`]; when this process is killed, it ends by itself once nobody needs it.
pub struct Child {
    process: process::Child,
    doors: Doors,
}

impl Child {
    /// Starts a world and waits until it is served.
    pub fn start(world: &str, args: &DemoArgs) -> Result<Self, Failure> {
        let cannot = |why: String| {
            Failure::new(
                Code::Unmet,
                "cannot start the demo",
                why,
                "try `brink demo --serve 127.0.0.1:0` to see what it says",
            )
        };
        let program = std::env::current_exe().map_err(|error| cannot(error.to_string()))?;
        let mut command = Command::new(program);
        command.args(["demo", "--attached", "--serve", &ANYWHERE.to_string(), "--world", world]);
        command.args(["--speed", &args.speed.to_string(), "--seed", &args.seed.to_string()]);
        if let Some(pods) = args.pods {
            command.args(["--pods", &pods.to_string()]);
        }
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = started.map_err(|error| cannot(error.to_string()))?;
        let Some(stdout) = process.stdout.take() else { return Err(cannot("it has no voice".to_owned())) };
        match first_line(stdout) {
            Ok(doors) => Ok(Self { process, doors }),
            Err(why) => {
                // Without its line nobody can use it; a child that is gone already cannot be ended twice.
                let _ = process.kill();
                let _ = process.wait();
                Err(cannot(why))
            }
        }
    }

    /// Where it is.
    pub fn doors(&self) -> &Doors {
        &self.doors
    }

    /// Ends it and waits until it and its files are gone.
    pub fn stop(mut self) {
        if let Some(mut stdin) = self.process.stdin.take() {
            // If it cannot hear, it is gone or sees the end of its input, which says nearly the same.
            let _ = stdin.write_all(b"stop\n");
        }
        let until = Instant::now() + GONE;
        while Instant::now() < until {
            match self.process.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                Ok(Some(_)) | Err(_) => return,
            }
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The line by which a world says that it is there, or why there is none.
fn first_line(stdout: process::ChildStdout) -> Result<Doors, String> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        // Nobody waits any more: then nobody needs it.
        let _ = tell.send(read.map(|_| line));
    });
    let line = match told.recv_timeout(READY) {
        Ok(Ok(line)) => line,
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => return Err(format!("the world was not there within {} s", READY.as_secs())),
    };
    serde_json::from_str(&line).map_err(|_| match line.trim() {
        "" => "the world ended before it was there".to_owned(),
        said => said.to_owned(),
    })
}
