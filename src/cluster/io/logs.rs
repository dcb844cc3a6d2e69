//! Logs of a container, followed across cut connections. Reading never waits for whoever takes the lines: what comes faster
//! than it is taken is kept up to [`KEPT`] lines, then the oldest are dropped and counted.

use std::time::Duration;

use jiff::Timestamp;
use kube::client::Body;
use tokio::sync::mpsc::{Sender, error::TrySendError};

use super::{
    connect::Link,
    watch::{backoff::Backoff, lines::Lines},
};
use crate::{
    base::{Ring, sanitize},
    cluster::{
        Kind, ObjectRef, Source,
        api::Trouble,
        cause::remedy,
        logs::{KEPT, LogBatch, LogRequest},
        request::{object_path, query},
    },
};

/// Lines of one batch.
const FULL: usize = 256;

/// The longest line shown; what is longer is split, so that a program without line breaks cannot fill the memory.
const LONGEST: usize = 16 << 10;

/// Reads a log until its end, or, when following, until the receiver is dropped or the container ends.
pub async fn read(link: Link, request: LogRequest, to: Sender<LogBatch>) {
    let mut backoff = Backoff::default();
    let mut last: Option<Timestamp> = None;
    let mut to = Outlet { to, waiting: Ring::new(KEPT) };
    loop {
        let outcome = stretch(&link, &request, &mut to, &mut last, &mut backoff).await;
        let source = match outcome {
            Err(Gone) => return,
            Ok(None) => Source::Idle,
            Ok(Some(trouble)) => {
                // What the server refuses on purpose (400: not started yet, 404: gone, 403) is tried again only while
                // following, and slowly.
                let wait = backoff.next();
                let retry = if request.follow && !trouble.not_found() { wait } else { Duration::ZERO };
                // The server passes the question on to the node.
                let fix = match trouble.code() {
                    Some(500..=599) => format!(
                        "the API server cannot reach the node of the pod: `kubectl --context {} get nodes` says whether it is ready",
                        link.context()
                    ),
                    _ => remedy(&trouble, link.context()),
                };
                let cause = format!("cannot read the log: {trouble}\n{fix}");
                if trouble.code() == Some(403) {
                    Source::Forbidden { what: cause }
                } else {
                    Source::Broken { cause, retry }
                }
            }
        };
        let wait = match &source {
            Source::Broken { retry, .. } if !retry.is_zero() => Some(*retry),
            _ => None,
        };
        if to.tell(source).await.is_err() {
            return;
        }
        let Some(wait) = wait else { return };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = to.to.closed() => return,
        }
    }
}

/// Nobody reads any more.
struct Gone;

/// Lines on their way out.
struct Outlet {
    to: Sender<LogBatch>,
    waiting: Ring<String>,
}

impl Outlet {
    /// Takes lines in, and sends what there is room for.
    fn offer(&mut self, lines: Vec<String>) -> Result<(), Gone> {
        for line in lines {
            self.waiting.push(line);
        }
        while !self.waiting.is_empty() {
            match self.to.try_reserve() {
                Ok(permit) => permit.send(batch(&mut self.waiting)),
                Err(TrySendError::Full(())) => return Ok(()),
                Err(TrySendError::Closed(())) => return Err(Gone),
            }
        }
        Ok(())
    }

    /// Sends a batch as soon as there is room; never ends while nothing waits.
    async fn room(&mut self) -> Result<(), Gone> {
        if self.waiting.is_empty() {
            self.to.closed().await;
            return Err(Gone);
        }
        self.to.reserve().await.map_err(|_| Gone)?.send(batch(&mut self.waiting));
        Ok(())
    }

    /// Sends everything, then how the log stands.
    async fn tell(&mut self, source: Source) -> Result<(), Gone> {
        while !self.waiting.is_empty() {
            self.room().await?;
        }
        self.to.send(LogBatch { dropped: 0, lines: Vec::new(), source }).await.map_err(|_| Gone)
    }
}

fn batch(waiting: &mut Ring<String>) -> LogBatch {
    let dropped = waiting.take_dropped();
    let lines = std::iter::from_fn(|| waiting.pop()).take(FULL).collect();
    LogBatch { dropped, lines, source: Source::Live }
}

/// One connection. `Ok(None)`: the log ended.
async fn stretch(
    link: &Link,
    wanted: &LogRequest,
    to: &mut Outlet,
    last: &mut Option<Timestamp>,
    backoff: &mut Backoff,
) -> Result<Option<Trouble>, Gone> {
    let request = match link.request("GET", &path(wanted, *last), "*/*", Body::empty()) {
        Ok(request) => request,
        Err(trouble) => return Ok(Some(trouble)),
    };
    let opened = tokio::select! {
        opened = link.open(request) => opened,
        () = to.to.closed() => return Err(Gone),
    };
    let answer = match opened {
        Ok(answer) => answer,
        Err(trouble) => return Ok(Some(trouble)),
    };
    let mut lines = Lines::new(answer.into_body());
    let resumed = *last;
    loop {
        let mut batch = Vec::new();
        let more = loop {
            tokio::select! {
                more = lines.more() => break more,
                sent = to.room() => sent?,
            }
        };
        loop {
            while let Some(line) = lines.take_up_to(LONGEST) {
                take(wanted, &line, resumed, last, &mut batch);
                if batch.len() >= FULL {
                    to.offer(std::mem::take(&mut batch))?;
                }
            }
            if !matches!(more, Ok(true)) || !lines.more_at_hand().await {
                break;
            }
        }
        if !matches!(more, Ok(true))
            && let Some(line) = lines.rest()
        {
            take(wanted, &line, resumed, last, &mut batch);
        }
        if !batch.is_empty() {
            backoff.reset();
            to.offer(batch)?;
        }
        match more {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(why) => return Ok(Some(Trouble::Unknown { server: link.server().to_owned(), why })),
        }
    }
}

/// One line. The server puts the time before each, since a cut log is resumed by it; a person may not want it.
fn take(
    wanted: &LogRequest,
    line: &[u8],
    resumed: Option<Timestamp>,
    last: &mut Option<Timestamp>,
    batch: &mut Vec<String>,
) {
    let line = String::from_utf8_lossy(line);
    let line = line.strip_suffix('\r').unwrap_or(&line);
    let (time, text) = match line.split_once(' ') {
        Some((time, text)) => match time.parse::<Timestamp>() {
            Ok(time) => (Some(time), text),
            Err(_) => (None, line),
        },
        None => (line.parse::<Timestamp>().ok(), if line.parse::<Timestamp>().is_ok() { "" } else { line }),
    };
    // `sinceTime` has whole seconds: lines already shown come again.
    if let (Some(time), Some(resumed)) = (time, resumed)
        && time <= resumed
    {
        return;
    }
    if time.is_some() {
        *last = time;
    }
    batch.push(sanitize::line(if wanted.timestamps { line } else { text }).into_owned());
}

fn path(wanted: &LogRequest, resume: Option<Timestamp>) -> String {
    let pod = ObjectRef::new(Kind::namespaced("", "v1", "Pod", "pods"), &wanted.namespace, &wanted.pod);
    let mut path = format!("{}/log?timestamps=true", object_path(&pod));
    if let Some(container) = &wanted.container {
        path.push_str(&format!("&container={}", query(container)));
    }
    if wanted.follow {
        path.push_str("&follow=true");
    }
    if wanted.previous {
        path.push_str("&previous=true");
    }
    if let Some(time) = resume {
        let whole = Timestamp::from_second(time.as_second()).unwrap_or(time);
        path.push_str(&format!("&sinceTime={}", query(&whole.to_string())));
    } else {
        if let Some(tail) = wanted.tail {
            path.push_str(&format!("&tailLines={tail}"));
        }
        if let Some(since) = wanted.since {
            path.push_str(&format!("&sinceSeconds={}", since.as_secs().max(1)));
        }
    }
    path
}
