//! Logs of a container, followed across cut connections.

use std::time::Duration;

use jiff::Timestamp;
use kube::client::Body;
use tokio::sync::mpsc::Sender;

use super::{
    connect::Link,
    live::{object_path, query},
    watch::{backoff::Backoff, lines::Lines},
};
use crate::{
    base::sanitize,
    cluster::{
        Kind, ObjectRef, Source,
        api::Trouble,
        cause::remedy,
        logs::{LogBatch, LogRequest},
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
    loop {
        let outcome = stretch(&link, &request, &to, &mut last, &mut backoff).await;
        let source = match outcome {
            Err(Gone) => return,
            Ok(None) => Source::Idle,
            Ok(Some(trouble)) => {
                // What the server refuses on purpose (400: not started yet, 404: gone, 403) is tried again only while
                // following, and slowly.
                let wait = backoff.next();
                let retry = if request.follow && !trouble.not_found() { wait } else { Duration::ZERO };
                let cause = format!("{trouble}: {}", remedy(&trouble, link.context()));
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
        if to.send(LogBatch { lines: Vec::new(), source }).await.is_err() {
            return;
        }
        let Some(wait) = wait else { return };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = to.closed() => return,
        }
    }
}

/// Nobody reads any more.
struct Gone;

/// One connection. `Ok(None)`: the log ended.
async fn stretch(
    link: &Link,
    wanted: &LogRequest,
    to: &Sender<LogBatch>,
    last: &mut Option<Timestamp>,
    backoff: &mut Backoff,
) -> Result<Option<Trouble>, Gone> {
    let request = match link.request("GET", &path(wanted, *last), "*/*", Body::empty()) {
        Ok(request) => request,
        Err(trouble) => return Ok(Some(trouble)),
    };
    let opened = tokio::select! {
        opened = link.open(request) => opened,
        () = to.closed() => return Err(Gone),
    };
    let answer = match opened {
        Ok(answer) => answer,
        Err(trouble) => return Ok(Some(trouble)),
    };
    let mut lines = Lines::new(answer.into_body());
    let resumed = *last;
    loop {
        let mut batch = Vec::new();
        let more = tokio::select! {
            more = lines.more() => more,
            () = to.closed() => return Err(Gone),
        };
        loop {
            while let Some(line) = lines.take_up_to(LONGEST) {
                take(wanted, &line, resumed, last, &mut batch);
                if batch.len() >= FULL {
                    send(to, std::mem::take(&mut batch)).await?;
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
            send(to, batch).await?;
        }
        match more {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(why) => return Ok(Some(Trouble::Unknown { server: link.server().to_owned(), why })),
        }
    }
}

async fn send(to: &Sender<LogBatch>, lines: Vec<String>) -> Result<(), Gone> {
    to.send(LogBatch { lines, source: Source::Live }).await.map_err(|_| Gone)
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
