//! An MCP server of others, as the settings name it.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

/// Most servers one person names: each is a process or a connection, and its tools cost tokens in every request.
pub const MOST_SERVERS: usize = 16;
/// How long a call may take when nothing else is said.
pub const USUAL_PATIENCE: Duration = Duration::from_secs(30);
/// What a server's process is given of the environment beside the names in its settings: enough to be found and to run,
/// and none of the keys that brink itself reads.
pub const USUAL_ENV: [&str; 8] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "TERM"];

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name in the settings, which stands before its tools' names.
    pub name: String,
    /// The way to it.
    pub reach: Reach,
    /// How long one call may take.
    pub patience: Duration,
}

/// The way to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// A process that speaks on its standard input and output.
    Command {
        /// The program and its arguments; no shell reads them.
        words: Vec<String>,
        /// Names of environment variables passed on to it.
        env: Vec<String>,
    },
    /// An address of the streamable HTTP transport.
    Http {
        /// The address.
        url: String,
        /// Sent with every request; values are marked as secret.
        headers: Vec<(HeaderName, HeaderValue)>,
        /// The environment variable with a bearer token.
        token_env: Option<String>,
    },
}

impl Server {
    /// Where it is, for people; without values of headers.
    pub fn place(&self) -> String {
        match &self.reach {
            Reach::Command { words, .. } => words.join(" "),
            Reach::Http { url, .. } => url.clone(),
        }
    }

    /// What an approval is about besides its tools: the same name with another program is another server.
    pub fn identity(&self) -> Value {
        match &self.reach {
            Reach::Command { words, env } => json!({"command": words, "env": env}),
            Reach::Http { url, .. } => json!({"url": url}),
        }
    }
}

/// Names of servers are short, in small letters, digits and dashes: they stand before `__` in the names of tools.
pub fn plain_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !name.is_empty() && name.len() <= 24 && name.bytes().all(fits) && !name.starts_with('-')
}
