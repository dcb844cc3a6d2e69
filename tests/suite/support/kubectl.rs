//! kubectl as a person runs it, on a world: commands that answer, and commands that go on. Everything is printed as it would
//! stand in a terminal, so that `--nocapture` shows a transcript.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Read, Write as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::world::program;

/// How long anything may take that ends or says something by itself, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// kubectl with a kubeconfig of its own and nothing of the user's.
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: String,
    home: Arc<TempDir>,
    context: Option<&'static str>,
}

/// What a command came to.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Kubectl {
    /// The one of the test cluster; `None` where it is not built, which in CI is an error.
    pub fn on(kubeconfig: &str) -> Option<Self> {
        let program = program("kubectl")?;
        let home = Arc::new(tempfile::tempdir().unwrap());
        Some(Self { program, kubeconfig: kubeconfig.to_owned(), home, context: None })
    }

    /// The same as another user.
    pub fn as_user(&self, context: &'static str) -> Self {
        let (program, kubeconfig, home) = (self.program.clone(), self.kubeconfig.clone(), Arc::clone(&self.home));
        Self { program, kubeconfig, home, context: Some(context) }
    }

    /// A script that kubectl takes for the editor.
    pub fn editor(&self, script: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.home.path().join("editor");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    /// A file in its home.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command<S: AsRef<OsStr>>(&self, words: &[S]) -> Command {
        let shown: Vec<_> = words.iter().map(|word| word.as_ref().to_string_lossy()).collect();
        let user = self.context.map_or_else(String::new, |context| format!(" --context {context}"));
        println!("$ kubectl{user} {}", shown.join(" "));
        let mut command = Command::new(&self.program);
        command.args(["--kubeconfig", &self.kubeconfig]);
        command.args(self.context.iter().flat_map(|context| ["--context", context]));
        command.args(words).env_clear();
        command.envs([("HOME", self.home.path()), ("KUBECACHEDIR", &self.home.path().join("cache"))]);
        command.envs([("PATH", "/usr/bin:/bin"), ("KUBE_EDITOR", self.home.path().join("editor").to_str().unwrap())]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end with something on its standard input.
    #[track_caller]
    pub fn run<S: AsRef<OsStr>>(&self, words: &[S], input: &str) -> Said {
        let mut child = self.command(words).spawn().unwrap();
        // One that never reads may be gone before it is written.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (out, err) = (thread::spawn(|| whole(out)), thread::spawn(|| whole(err)));
        let code = ended(&mut child);
        let said = Said { code, out: out.join().unwrap(), err: err.join().unwrap() };
        print!("{}{}", said.out, said.err);
        said
    }

    /// What a command says that works. The words stand between blanks.
    #[track_caller]
    pub fn says(&self, words: &str) -> String {
        self.says_all(&words.split(' ').collect::<Vec<_>>(), "")
    }

    /// The same with words as they are and something on its standard input.
    #[track_caller]
    pub fn says_all(&self, words: &[&str], input: &str) -> String {
        let said = self.run(words, input);
        assert_eq!(said.code, 0, "kubectl {words:?}: {said:?}");
        said.out
    }

    /// What a command complains of that must not work.
    #[track_caller]
    pub fn refused(&self, words: &[&str], input: &str) -> String {
        let said = self.run(words, input);
        assert_ne!(said.code, 0, "kubectl {words:?}: {said:?}");
        said.out + &said.err
    }

    /// Begins a command that goes on.
    pub fn stream(&self, words: &str) -> Stream {
        let mut child = self.command(&words.split(' ').collect::<Vec<_>>()).spawn().unwrap();
        let (tell, lines) = channel();
        let also = tell.clone();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        thread::spawn(move || {
            for line in BufReader::new(err).lines().map_while(Result::ok) {
                if also.send(line).is_err() {
                    return;
                }
            }
        });
        Stream { what: words.to_owned(), child, lines, seen: Vec::new() }
    }
}

/// A command that goes on until it ends by itself or is dropped.
pub struct Stream {
    what: String,
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Stream {
    /// Reads until a line is so, and answers it.
    #[track_caller]
    pub fn until(&mut self, wanted: &str, is: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    println!("{line}");
                    self.seen.push(line.clone());
                    if is(&line) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("`{}` never said {wanted}: {:#?}", self.what, self.seen),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("`{}` ended before {wanted}: {:#?}", self.what, self.seen)
                }
            }
        }
    }

    /// It is still there.
    pub fn goes_on(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its own end; its code and all it said.
    #[track_caller]
    pub fn ends(mut self) -> (i32, Vec<String>) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    println!("{line}");
                    self.seen.push(line);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("`{}` does not end: {:#?}", self.what, self.seen),
            }
        }
        (ended(&mut self.child), std::mem::take(&mut self.seen))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn whole(mut from: impl Read) -> String {
    let mut text = Vec::new();
    let _ = from.read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn ended(child: &mut Child) -> i32 {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().unwrap_or(-1);
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("kubectl did not end within {} s", PATIENCE.as_secs());
        }
        thread::sleep(Duration::from_millis(10));
    }
}
