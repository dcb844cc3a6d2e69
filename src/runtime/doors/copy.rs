//! Hands a text to the clipboard of this machine.

use std::{io, process::Stdio, time::Duration};

use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

use super::Keeper;
use crate::msg::Event;

/// Longer no clipboard takes to take a text.
const PATIENCE: Duration = Duration::from_secs(5);

impl Keeper {
    /// Has the clipboard's program read the text; where that fails the loop hears of it and asks the terminal.
    pub(super) fn copy(&self, text: String) {
        let Some(program) = self.plan.clipboard else { return };
        let events = self.events.clone();
        tokio::spawn(async move {
            let trouble = match timeout(PATIENCE, run(program, &text)).await {
                Ok(Ok(true)) => return,
                Ok(Ok(false)) => "it failed".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it did not end".to_owned(),
            };
            tracing::warn!(program = program.first(), trouble, "not copied, the terminal is asked");
            let _ = events.send(Event::Uncopied(text)).await;
        });
    }
}

async fn run(program: &[&str], text: &str) -> io::Result<bool> {
    let mut command = Command::new(program.first().copied().unwrap_or_default());
    command.args(program.get(1..).unwrap_or_default());
    // What stays behind to serve the clipboard holds no pipe of ours, and no key that ends a program reaches it.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).kill_on_drop(true);
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).await?;
        stdin.shutdown().await?;
    }
    Ok(child.wait().await?.success())
}
