//! A world served by the real binary; it ends with the test.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use super::control::Door;

/// The binary under test. `BRINK_E2E_BRINK` names another build of it: a world at speed 20 asks much of one without
/// optimisation on a small machine.
pub fn brink() -> PathBuf {
    std::env::var_os("BRINK_E2E_BRINK").map_or_else(|| env!("CARGO_BIN_EXE_brink").into(), PathBuf::from)
}

pub struct Demo {
    process: Child,
    pub doors: Value,
}

impl Demo {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// The same with more words: a speed, a world.
    pub fn with(words: &[&str]) -> Self {
        let mut process = Command::new(brink())
            .args(["demo", "--serve", "127.0.0.1:0", "-o", "json"])
            .args(words)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { doors: serde_json::from_str(&line).unwrap(), process }
    }

    /// Ends it as nothing can be prepared for.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub fn door(&self, name: &str) -> &str {
        self.doors[name].as_str().unwrap()
    }

    /// Where trouble is ordered.
    pub fn control(&self) -> Door {
        Door::at(self.door("control"), self.door("controlToken"))
    }

    /// The words of a command, on this world.
    pub fn words(&self, words: &str) -> Vec<String> {
        let model = format!("openai:scripted@{}", self.door("model"));
        let place =
            ["--kubeconfig", self.door("kubeconfig"), "--prometheus", self.door("prometheus"), "--agent", &model];
        place.into_iter().chain(words.split(' ')).map(str::to_owned).collect()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}
