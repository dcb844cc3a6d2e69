//! The process of an MCP server: started without a shell, in a process group of its own that ends with the connection.

use std::{
    env, io,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::AsyncReadExt as _,
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::watch,
    time::timeout,
};

use crate::agent::mcp::server::USUAL_ENV;

/// How long the last words of a process are waited for.
const HEARD_OUT: Duration = Duration::from_millis(500);
/// Most bytes of what it complains that are kept.
const TAIL: usize = 2 << 10;

/// A process on its leash: when this goes, its whole group does.
#[derive(Debug)]
pub struct Leashed {
    child: Child,
    said: Arc<Mutex<Vec<u8>>>,
    /// True once it will not complain any more.
    silent: watch::Receiver<bool>,
}

impl Leashed {
    /// Starts it.
    pub fn start(words: &[String], names: &[String]) -> io::Result<(Self, ChildStdout, ChildStdin)> {
        let (program, arguments) =
            words.split_first().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
        let usual = USUAL_ENV.iter().copied().chain(names.iter().map(String::as_str));
        let given = usual.filter_map(|name| Some((name, env::var_os(name)?)));
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(given)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let closed = || io::Error::other("its pipes are closed");
        let (stdin, stdout) = (child.stdin.take().ok_or_else(closed)?, child.stdout.take().ok_or_else(closed)?);
        let said = Arc::new(Mutex::new(Vec::new()));
        let (hush, silent) = watch::channel(child.stderr.is_none());
        if let Some(mut stderr) = child.stderr.take() {
            let said = Arc::clone(&said);
            tokio::spawn(async move {
                let mut piece = [0; 1024];
                while let Ok(read @ 1..) = stderr.read(&mut piece).await {
                    let mut kept = said.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.extend_from_slice(&piece[..read]);
                    let over = kept.len().saturating_sub(TAIL);
                    kept.drain(..over);
                }
                hush.send_replace(true);
            });
        }
        Ok((Self { child, said, silent }, stdout, stdin))
    }

    /// The last line of what it complained; empty when it did not. One that has just ended may not have been heard out.
    pub async fn last_words(&self) -> String {
        let _ = timeout(HEARD_OUT, self.silent.clone().wait_for(|silent| *silent)).await;
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&said);
        text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        // Without an id it was waited for already, and the number may be somebody else's by now.
        let group = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
