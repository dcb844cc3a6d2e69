//! The real binary on a command line, as a script meets it.

mod config;
mod doctor;
mod doctor_own;
mod graph;
mod import;
mod input;
mod look;
mod usage;

use std::{
    ffi::OsStr,
    io::{Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::support::guardians::State;

/// A home of its own, so that nothing of the machine's user leaks into a test.
pub struct Home {
    folder: State,
    env: Vec<(String, String)>,
}

/// What a run left behind.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A run that goes on.
pub struct Running(Child);

impl Home {
    pub fn new() -> Self {
        Self { folder: State::new(), env: Vec::new() }
    }

    /// With an environment variable.
    pub fn with(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((key.to_owned(), value.as_ref().to_str().unwrap().to_owned()));
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the home and says its path.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// What a run finds in its environment.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut all = vec![
            ("HOME".to_owned(), self.path().to_str().unwrap().to_owned()),
            ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
        ];
        all.extend(self.env.iter().cloned());
        all
    }

    /// Runs the binary to its end.
    pub fn brink<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Ran {
        self.brink_reading("", words)
    }

    /// Starts the binary, with nothing on its standard input; something else is done meanwhile.
    pub fn start<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brink"));
        command.args(words).env_clear().envs(self.environment()).current_dir(self.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(command.spawn().expect("the binary starts"))
    }

    /// Runs the binary with something on its standard input.
    pub fn brink_reading<S: AsRef<OsStr>>(&self, stdin: &str, words: impl IntoIterator<Item = S>) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brink"));
        command.args(words).env_clear().envs(self.environment()).current_dir(self.path());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        // A command that never reads its input may be gone before it is written.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let reading = thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).unwrap();
            text
        });
        let complaining = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let patience = Instant::now() + Duration::from_mins(2);
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > patience {
                child.kill().unwrap();
                panic!("brink did not end within two minutes");
            }
            thread::sleep(Duration::from_millis(5));
        };
        let code = status.code().unwrap_or_else(|| panic!("brink ended by a signal: {status}"));
        Ran { code, stdout: reading.join().unwrap(), stderr: complaining.join().unwrap() }
    }
}

impl Running {
    /// What came of it.
    pub fn ended(self) -> Ran {
        let output = self.0.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ran {
    /// It worked, and said nothing on stderr.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "stdout: {}", self.stdout);
        self.stdout
    }

    /// Its standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// It failed with this code, nothing on stdout, exactly one line of cause and one of remedy. Answers both.
    #[track_caller]
    pub fn failed(self, code: i32) -> (String, String) {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "stderr: {}", self.stderr);
        let lines: Vec<&str> = self.stderr.lines().collect();
        let [cause, fix] = lines.as_slice() else { panic!("not two lines: {}", self.stderr) };
        let cause = cause.strip_prefix("error: ").unwrap_or_else(|| panic!("no cause: {cause}"));
        let fix = fix.strip_prefix("fix: ").unwrap_or_else(|| panic!("no remedy: {fix}"));
        assert!(!cause.is_empty() && !fix.is_empty(), "{cause} / {fix}");
        (cause.to_owned(), fix.to_owned())
    }

    /// Its code, when it failed without an answer.
    #[track_caller]
    pub fn failed_code(self) -> i32 {
        assert_eq!(self.stdout, "");
        assert!(self.stderr.contains("fix: ") || self.stderr.contains("\"fix\":"), "{}", self.stderr);
        self.code
    }

    /// It failed with this code and one JSON document on stderr. Answers its `error`.
    #[track_caller]
    pub fn failed_json(self, code: i32) -> Value {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "stderr: {}", self.stderr);
        let document: Value =
            serde_json::from_str(&self.stderr).unwrap_or_else(|error| panic!("{error} in {}", self.stderr));
        for field in ["what", "why", "fix", "where"] {
            assert!(document["error"][field].is_string(), "no `{field}` in {document}");
        }
        document["error"].clone()
    }
}
