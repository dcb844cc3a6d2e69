//! The real binary on a real pseudo-terminal. Waits for what is on screen, with a deadline; never for time.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

use super::stage::{cells, terminal};
use crate::suite::support::guardians::State;

const DEADLINE: Duration = Duration::from_mins(2);

pub struct Session {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    bytes: Receiver<Vec<u8>>,
    raw: Vec<u8>,
    screen: vt100::Parser,
    /// Dropped last of all: a guardian may be at work in it.
    home: State,
}

impl Session {
    pub fn start(width: u16, height: u16, arguments: &[&str]) -> Self {
        Self::of(width, height, env!("CARGO_BIN_EXE_brink"), arguments)
    }

    /// Any program on a terminal of its own.
    pub fn of(width: u16, height: u16, program: &str, arguments: &[&str]) -> Self {
        let home = State::new();
        let place = home.path().to_owned();
        Self::at(&place, home, width, height, program, arguments)
    }

    /// A second terminal of the same person: same home, same place for temporary things.
    pub fn beside(&self, width: u16, height: u16, arguments: &[&str]) -> Self {
        Self::at(self.home.path(), State::new(), width, height, env!("CARGO_BIN_EXE_brink"), arguments)
    }

    fn at(place: &Path, home: State, width: u16, height: u16, program: &str, arguments: &[&str]) -> Self {
        let pty = native_pty_system()
            .openpty(PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 })
            .unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        for name in ["PATH", "LLVM_PROFILE_FILE"] {
            if let Ok(value) = std::env::var(name) {
                command.env(name, value);
            }
        }
        command.env("HOME", place);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("KUBECONFIG", place.join("none"));
        command.env("TMPDIR", place);
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().unwrap();
        let keys = pty.master.take_writer().unwrap();
        let (to, bytes) = channel();
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count) = reader.read(&mut chunk) {
                if count == 0 || to.send(chunk[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let screen = terminal(width.max(1), height.max(1));
        Self { child, master: pty.master, keys, bytes, raw: Vec::new(), screen, home }
    }

    /// The home of the program, and its place for temporary things.
    pub fn home(&self) -> PathBuf {
        self.home.path().to_owned()
    }

    /// The ground that the upper left cell stands on.
    pub fn ground(&self) -> vt100::Color {
        self.screen.screen().cell(0, 0).unwrap().bgcolor()
    }

    /// All that the program has sent.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    pub fn has_sent(&self, part: &str) -> bool {
        self.raw.windows(part.len()).any(|bytes| bytes == part.as_bytes())
    }

    /// Reads until the program has sent this.
    pub fn sent(&mut self, what: &str, part: &str) {
        while !self.has_sent(part) {
            let bytes = self.bytes.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("{what} was not sent"));
            self.screen.process(&bytes);
            self.raw.extend(bytes);
        }
    }

    /// Reads until the upper left cell stands on this ground.
    pub fn until_ground(&mut self, ground: vt100::Color) {
        while self.ground() != ground {
            let bytes = self.bytes.recv_timeout(DEADLINE).expect("the ground");
            self.screen.process(&bytes);
            self.raw.extend(bytes);
        }
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    pub fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    /// Reads until the screen satisfies `holds`.
    pub fn until(&mut self, what: &str, holds: impl Fn(&str) -> bool) {
        let end = Instant::now() + DEADLINE;
        while !holds(&self.contents()) {
            match self.bytes.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => {
                    // A program that asks where the cursor is waits for the answer.
                    if bytes.windows(4).any(|asked| asked == b"\x1b[6n") {
                        self.press("\x1b[1;1R");
                    }
                    self.screen.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(RecvTimeoutError::Timeout) => panic!("{what} did not come:\n{}", self.contents()),
                Err(RecvTimeoutError::Disconnected) => panic!("ended before {what}:\n{}", self.contents()),
            }
        }
    }

    /// Reads until the frame that is being drawn is whole: it ends with the end of a synchronized update.
    pub fn whole(&mut self) {
        while !self.raw.ends_with(b"\x1b[?2026l") {
            let bytes = self.bytes.recv_timeout(DEADLINE).expect("the rest of the frame");
            self.screen.process(&bytes);
            self.raw.extend(bytes);
        }
    }

    /// Reads for so long, or until the screen satisfies `holds`; whether it does.
    pub fn within(&mut self, span: Duration, holds: impl Fn(&str) -> bool) -> bool {
        let end = Instant::now() + span;
        while !holds(&self.contents()) {
            match self.bytes.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => {
                    self.screen.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
            }
        }
        true
    }

    /// Presses a key again and again while `wanted` is on the screen and `holds` is not: the key that approves is deaf until
    /// the preview was read, and nothing here may wait for time.
    pub fn insist(&mut self, key: &str, wanted: &str, what: &str, holds: impl Fn(&str) -> bool) {
        for _ in 0..100 {
            if self.within(Duration::from_millis(300), &holds) {
                return;
            }
            if self.contents().contains(wanted) {
                self.press(key);
            }
        }
        panic!("{what} did not come:\n{}", self.contents());
    }

    /// From an object under the cursor to the preview of a delay; `known` is waited for beside the kinds.
    pub fn preview_delay(&mut self, known: &str, delay: &str) {
        self.press("f");
        self.until("the kinds", |screen| screen.contains("Requests wait before") && screen.contains(known));
        self.press("\r");
        self.until("the fields", |screen| screen.contains("how long each request waits"));
        self.press(delay);
        self.until("the delay", |screen| screen.contains(delay));
        self.press("\r");
        self.until("the preview", |screen| screen.contains("GUARDS") && screen.contains("EnvoyFilter"));
    }

    /// From a preview to the live fault; whether the guardrails asked for a name on the way.
    pub fn approve(&mut self) -> bool {
        let live = |screen: &str| screen.contains(" left ");
        let asks = |line: &str| line.contains("and press enter to apply");
        self.insist("a", "discard", "the fault", |screen| asks(screen) || live(screen));
        let screen = self.contents();
        let Some(line) = screen.lines().find(|line| asks(line)) else { return false };
        let name = line.split("type ").nth(1).unwrap().split(' ').next().unwrap();
        self.press(name);
        self.until("the name", |screen| screen.contains(&format!("> {name}")));
        self.insist("\r", "and press enter to apply", "the live fault", live);
        true
    }

    /// Reads until the program has ended; gives its exit code.
    pub fn ended(&mut self) -> u32 {
        let end = Instant::now() + DEADLINE;
        loop {
            match self.bytes.recv_timeout(Duration::from_millis(20)) {
                Ok(bytes) => {
                    self.screen.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    if let Some(status) = self.child.try_wait().unwrap() {
                        while let Ok(bytes) = self.bytes.recv_timeout(Duration::from_millis(100)) {
                            self.raw.extend(bytes);
                        }
                        return status.exit_code();
                    }
                }
            }
            assert!(Instant::now() < end, "did not end:\n{}", self.contents());
        }
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// The alternate screen was left, the cursor is shown, pastes are plain again: after the last time they were taken.
    pub fn restored(&self) {
        for (taken, given) in
            [("\x1b[?1049h", "\x1b[?1049l"), ("\x1b[?25l", "\x1b[?25h"), ("\x1b[?2004h", "\x1b[?2004l")]
        {
            assert!(self.last(given) > self.last(taken), "{given:?} was not sent last");
        }
        for (taken, given) in [("\x1b[?1002h", "\x1b[?1002l"), ("\x1b[>1u", "\x1b[<1u")] {
            assert!(self.last(taken).is_none() || self.last(given) > self.last(taken), "{given:?} was not sent last");
        }
    }

    fn last(&self, part: &str) -> Option<usize> {
        self.raw.windows(part.len()).rposition(|bytes| bytes == part.as_bytes())
    }

    pub fn emulator(&mut self) -> &mut vt100::Parser {
        &mut self.screen
    }

    pub fn master(&self) -> &dyn MasterPty {
        &*self.master
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn without_a_kubeconfig_the_cockpit_says_so_and_stays() {
    let mut session = Session::start(80, 24, &[]);
    session.until("the reason", |screen| screen.contains("kubeconfig") && screen.contains("no link"));
    session.press("?");
    session.until("the help", |screen| screen.contains("Help"));
    session.press("q");
    session.until("the panes", |screen| screen.contains("Pods") && !screen.contains("Help"));
    session.press("q");
    assert_eq!(session.ended(), 0);
    session.restored();
}

#[test]
fn without_a_kubeconfig_the_world_inside_brink_is_one_command_away() {
    let mut session = Session::start(120, 40, &[]);
    session.until("the offer", |screen| screen.contains(":demo opens the cluster that lives inside brink"));
    session.press(":demo\r");
    session.until("the world's pods", |screen| screen.contains("demo / all") && screen.contains("chaos-controller-"));
    session.press(":demo\r");
    session.until("once is enough", |screen| screen.contains("there is a cluster here"));
    session.press("\x1b:q\r");
    assert_eq!(session.ended(), 0);
    session.restored();
}

#[test]
fn a_resize_is_followed_down_to_nothing() {
    let mut session = Session::start(80, 24, &[]);
    session.until("the panes", |screen| screen.contains("faults unknown"));
    session.screen.screen_mut().set_size(cells(5), cells(20));
    session.master.resize(PtySize { rows: 5, cols: 20, pixel_width: 0, pixel_height: 0 }).unwrap();
    session.until("the words", |screen| screen.contains("too small"));
    session.screen.screen_mut().set_size(cells(24), cells(80));
    session.master.resize(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
    session.until("the panes again", |screen| screen.contains("faults unknown"));
    session.press("\x03");
    assert_eq!(session.ended(), 0);
}

#[test]
fn a_terminal_of_nothing_is_waited_out() {
    let mut session = Session::start(0, 0, &[]);
    // Nothing can be shown; what can be seen is that it lives and takes the terminal as it grows.
    session.screen.screen_mut().set_size(cells(24), cells(80));
    session.master.resize(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
    session.until("the panes", |screen| screen.contains("faults unknown"));
    session.press("\x03");
    assert_eq!(session.ended(), 0);
    session.restored();
}

#[test]
fn a_signal_to_end_gives_the_terminal_back() {
    for signal in ["TERM", "HUP"] {
        let mut session = Session::start(80, 24, &[]);
        session.until("the panes", |screen| screen.contains("faults unknown"));
        session.signal(signal);
        session.ended();
        session.restored();
    }
}

#[test]
fn a_stopped_cockpit_gives_the_terminal_back_and_comes_again() {
    let mut session = Session::start(80, 24, &[]);
    session.until("the panes", |screen| screen.contains("faults unknown"));
    session.signal("TSTP");
    session.until("the shell's screen", |screen| !screen.contains("faults unknown"));
    session.restored();
    session.signal("CONT");
    session.until("the panes again", |screen| screen.contains("faults unknown"));
    session.press("q");
    assert_eq!(session.ended(), 0);
    session.restored();
}

/// Nothing in the product can be made to panic, so this very test is its own child: it takes the terminal as the cockpit does,
/// and dies.
#[test]
fn a_panic_gives_the_terminal_back_before_it_is_told() {
    const CHILD: &str = "BRINK_TEST_PANICS";
    if std::env::var_os(CHILD).is_some() {
        let mut terminal = brink::runtime::Terminal::enter().unwrap();
        terminal.hear_mouse().unwrap();
        terminal.tell_keys().unwrap();
        terminal.write(b"the screen is taken").unwrap();
        panic!("the sky falls");
    }
    let this = std::env::current_exe().unwrap();
    let name = "suite::cockpit::pty::a_panic_gives_the_terminal_back_before_it_is_told";
    // The shell says before and after what it finds: a terminal that echoes and waits for whole lines.
    let script =
        format!("stty -a; {CHILD}=1 '{}' --exact {name} --nocapture; stty -a; echo; echo over", this.display());
    let mut session = Session::of(200, 60, "/bin/sh", &["-c", &script]);
    session.until("the shell", |screen| screen.lines().any(|line| line.trim() == "over"));
    session.restored();
    let screen = session.contents();
    assert!(screen.contains("the sky falls"), "the panic is told on the shell's screen:\n{screen}");
    assert!(!screen.contains("the screen is taken"), "what was drawn is gone with its screen:\n{screen}");
    let found = |mode: &str| {
        let words = screen.split_whitespace().filter(|word| word.trim_start_matches('-') == mode);
        words.map(|word| word == mode).collect::<Vec<_>>()
    };
    for mode in ["icanon", "echo", "isig", "opost"] {
        assert_eq!(found(mode), [true, true], "{mode}:\n{screen}");
    }
    let raw = String::from_utf8_lossy(&session.raw);
    let place = |part: &str| raw.find(part).unwrap_or_else(|| panic!("{part:?} was never sent"));
    assert!(place("the screen is taken") < place("\x1b[?1049l"));
    for given in ["\x1b[?1006l\x1b[?1002l", "\x1b[<1u"] {
        assert!(place("the screen is taken") < place(given) && place(given) < place("\x1b[?1049l"), "{given:?}");
    }
    assert!(place("\x1b[?1049l") < place("the sky falls"), "given back first, told then");
}

#[test]
fn what_is_no_terminal_is_told_with_what_to_do() {
    let home = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_brink"))
        .env("HOME", home.path())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("is not a terminal") && told.contains("brink get"), "{told}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_recording_holds_what_was_shown() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("session.cast");
    let mut session = Session::start(80, 24, &["--record", file.to_str().unwrap()]);
    session.until("the panes", |screen| screen.contains("faults unknown"));
    session.press("q");
    assert_eq!(session.ended(), 0);
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    assert_eq!(lines.next().unwrap()["width"], 80);
    let mut screen = terminal(80, 24);
    for line in lines.filter(|line| line[1] == "o") {
        screen.process(line[2].as_str().unwrap().as_bytes());
    }
    assert!(screen.screen().contents().contains("faults unknown"));
}

#[test]
fn a_terminal_without_a_cursor_is_told_in_lines() {
    // The shell gives the terminal's keys and takes what is said through a pipe.
    let brink = env!("CARGO_BIN_EXE_brink");
    let piped = format!("TERM=dumb '{brink}' | cat");
    for (what, arguments) in [("a pipe", ["-c", &piped]), ("a dumb terminal", ["-c", &format!("TERM=dumb '{brink}'")])]
    {
        let mut session = Session::of(80, 24, "/bin/sh", &arguments);
        session.sent(what, "no link");
        session.press("?");
        session.sent("the help", "Help");
        session.press("\x03");
        assert_eq!(session.ended(), 0, "{what}");
        assert!(!session.has_sent("\x1b"), "{what}: {:?}", String::from_utf8_lossy(session.raw()));
    }
}

#[test]
fn a_recording_of_what_is_said_plays_too() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("said.cast");
    let mut session = Session::start(80, 24, &["--plain", "--record", file.to_str().unwrap()]);
    session.sent("the reason", "no link");
    session.press("\x03");
    assert_eq!(session.ended(), 0);
    let text = std::fs::read_to_string(&file).unwrap();
    let said: String = text
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()[2].as_str().unwrap().to_owned())
        .collect();
    assert!(said.contains("no link") && said.lines().count() > 2, "{said}");
}
