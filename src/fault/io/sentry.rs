//! The cockpit's end of the socket to its guardian: arms, beats, closes, and raises the guardian again when it dies.

use std::{
    collections::BTreeMap,
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, Lines},
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

/// How often the guardian hears that the cockpit lives.
pub(crate) const BEAT: Duration = Duration::from_secs(2);
/// How long arming may take, and how long the cockpit tries to replace a dead guardian before it undoes.
const ANSWER: Duration = Duration::from_secs(5);

/// The two directions of a guardian's socket.
pub struct Wire {
    /// What the other side says.
    pub reader: Box<dyn AsyncRead + Send + Unpin>,
    /// What is said to it.
    pub writer: Box<dyn AsyncWrite + Send + Unpin>,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

/// Starts a guardian.
pub type Raise = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = io::Result<Wire>> + Send>> + Send + Sync>;

/// Whether the cockpit is well: the guardian's beat depends on it (a screen that hangs must not keep a fault alive).
pub type Pulse = Arc<dyn Fn() -> bool + Send + Sync>;

enum Ask {
    Arm { id: String, path: PathBuf, answer: oneshot::Sender<Result<String, String>> },
    Close { id: String },
    Detach { answer: oneshot::Sender<Result<(), String>> },
}

/// A handle on the guardian; the task behind it ends with the last handle.
#[derive(Clone)]
pub(crate) struct Sentry {
    asks: mpsc::Sender<Ask>,
    lost: watch::Receiver<Option<String>>,
}

impl Sentry {
    /// The handle and the task to run; the guardian is started with the first arming.
    pub(crate) fn new(raise: Raise, pulse: Pulse) -> (Self, impl Future<Output = ()> + Send) {
        let (asks, taken) = mpsc::channel(32);
        let (tell, lost) = watch::channel(None);
        let post = Post { raise, pulse, asks: taken, tell, armed: BTreeMap::new(), line: None };
        (Self { asks, lost }, post.keep())
    }

    /// Has the guardian watch a journal. Answers who it is to the cluster.
    pub(crate) async fn arm(&self, id: &str, path: &Path) -> Result<String, String> {
        let (answer, answered) = oneshot::channel();
        let ask = Ask::Arm { id: id.to_owned(), path: path.to_path_buf(), answer };
        self.asks.send(ask).await.map_err(|_| "its keeper is gone".to_owned())?;
        match timeout(ANSWER * 2, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err("its keeper is gone".to_owned()),
            Err(_) => Err("it did not answer".to_owned()),
        }
    }

    /// The injection has ended.
    pub(crate) async fn close(&self, id: &str) {
        let _ = self.asks.send(Ask::Close { id: id.to_owned() }).await;
    }

    /// From here on the guardian goes by duration and lease alone; this process may end.
    pub(crate) async fn detach(&self) -> Result<(), String> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(Ask::Detach { answer }).await.map_err(|_| "no guardian runs".to_owned())?;
        answered.await.unwrap_or_else(|_| Err("the guardian is gone".to_owned()))
    }

    /// Returns when the guardian died and could not be replaced.
    pub(crate) async fn lost(&mut self) -> String {
        match self.lost.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            Err(_) => "its keeper is gone".to_owned(),
        }
    }
}

struct Line {
    lines: Lines<BufReader<Box<dyn AsyncRead + Send + Unpin>>>,
    writer: Box<dyn AsyncWrite + Send + Unpin>,
}

impl Line {
    async fn say(&mut self, text: &str) -> io::Result<()> {
        self.writer.write_all(format!("{text}\n").as_bytes()).await?;
        self.writer.flush().await
    }
}

struct Post {
    raise: Raise,
    pulse: Pulse,
    asks: mpsc::Receiver<Ask>,
    tell: watch::Sender<Option<String>>,
    armed: BTreeMap<String, PathBuf>,
    line: Option<Line>,
}

impl Post {
    async fn keep(mut self) {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let up = self.line.is_some();
            let heard = async {
                match &mut self.line {
                    Some(line) => line.lines.next_line().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                ask = self.asks.recv() => match ask {
                    Some(ask) => self.asked(ask).await,
                    None => return,
                },
                heard = heard => if !matches!(heard, Ok(Some(_))) {
                    self.line = None;
                    self.replace("it ended").await;
                },
                _ = beat.tick(), if up => if (self.pulse)() {
                    self.beat().await;
                },
            }
        }
    }

    async fn beat(&mut self) {
        if let Some(line) = &mut self.line
            && line.say("beat").await.is_err()
        {
            self.line = None;
            self.replace("its socket closed").await;
        }
    }

    async fn asked(&mut self, ask: Ask) {
        match ask {
            Ask::Arm { id, path, answer } => {
                let armed = self.arm(&id, &path).await;
                if armed.is_ok() {
                    self.armed.insert(id, path);
                }
                let _ = answer.send(armed);
            }
            Ask::Close { id } => {
                self.armed.remove(&id);
                if let Some(line) = &mut self.line {
                    let _ = line.say(&format!("close {id}")).await;
                }
            }
            Ask::Detach { answer } => {
                let said = match &mut self.line {
                    Some(line) => line.say("detach").await.map_err(|error| error.to_string()),
                    None => Err("no guardian runs".to_owned()),
                };
                let _ = answer.send(said);
            }
        }
    }

    async fn arm(&mut self, id: &str, path: &Path) -> Result<String, String> {
        if self.line.is_none() {
            let wire = (self.raise)().await.map_err(|error| format!("it cannot be started: {error}"))?;
            self.line = Some(Line { lines: BufReader::new(wire.reader).lines(), writer: wire.writer });
            self.tell.send_replace(None);
        }
        let Some(line) = &mut self.line else { return Err("it is gone".to_owned()) };
        let talk = async {
            line.say(&format!("arm {}", path.display())).await?;
            loop {
                let Some(said) = line.lines.next_line().await? else {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended"));
                };
                let mut words = said.splitn(3, ' ');
                match (words.next(), words.next(), words.next()) {
                    (Some("armed"), Some(which), rest) if which == id => {
                        return Ok(Ok(rest.unwrap_or_default().to_owned()));
                    }
                    (Some("refused"), Some(which), rest) if which == id || which == "?" => {
                        return Ok(Err(rest.unwrap_or_default().to_owned()));
                    }
                    _ => {}
                }
            }
        };
        match timeout(ANSWER + BEAT, talk).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                self.line = None;
                Err(error.to_string())
            }
            Err(_) => {
                // A guardian that does not answer guards nothing; the next arming starts another.
                self.line = None;
                Err("it does not answer".to_owned())
            }
        }
    }

    /// Another guardian for everything that is armed, within five seconds, or everybody is told.
    async fn replace(&mut self, why: &str) {
        if self.armed.is_empty() {
            return;
        }
        let armed = self.armed.clone();
        let again = async {
            for (id, path) in &armed {
                self.arm(id, path).await?;
            }
            Ok::<(), String>(())
        };
        let failed = match timeout(ANSWER, again).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(_) => "no other answered in time".to_owned(),
        };
        self.line = None;
        self.tell.send_replace(Some(format!("the guardian is gone ({why}) and could not be replaced: {failed}")));
    }
}
