//! The log of one container, followed across cut connections.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::client::Body;
use tokio::sync::mpsc::Sender;

use super::{
    super::{
        connect::Link,
        watch::{backoff::Backoff, lines::Lines},
    },
    outlet::{FULL, Gone, Outlet},
};
use crate::{
    base::sanitize,
    cluster::{
        Kind, ObjectRef, Source,
        api::Trouble,
        cause::remedy,
        logs::{LogBatch, LogLine, LogRequest, Writer},
        request::{object_path, query},
    },
};

/// The longest line shown; what is longer is split, so that a program without line breaks cannot fill the memory.
const LONGEST: usize = 16 << 10;

/// Reads a log until its end, or, when following, until the receiver is dropped or the container ends.
pub async fn read(link: Link, request: LogRequest, to: Sender<LogBatch>) {
    let mut backoff = Backoff::default();
    let mut to = Outlet::new(to);
    let writer = Writer { pod: request.pod.clone(), container: request.container.clone().unwrap_or_default() };
    let mut place = Place { last: None, writer: Arc::new(writer) };
    loop {
        let outcome = stretch(&link, &request, &mut to, &mut place, &mut backoff).await;
        let source = match outcome {
            Err(Gone) => return,
            Ok(None) => Source::Idle,
            Ok(Some(trouble)) => {
                // What the server refuses on purpose (400: not started yet, 404: gone, 403) is tried again only while
                // following, and slowly.
                let wait = backoff.next();
                let retry = if request.follow && !trouble.not_found() { wait } else { Duration::ZERO };
                told(&link, &trouble, retry)
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
            () = to.closed() => return,
        }
    }
}

/// A trouble as a state of the log.
pub(super) fn told(link: &Link, trouble: &Trouble, retry: Duration) -> Source {
    // The server passes the question on to the node.
    let fix = match trouble.code() {
        Some(500..=599) => format!(
            "the API server cannot reach the node of the pod: `kubectl --context {} get nodes` says whether it is ready",
            link.context()
        ),
        _ => remedy(trouble, link.context()),
    };
    let cause = format!("cannot read the log: {trouble}\n{fix}");
    if trouble.code() == Some(403) { Source::Forbidden { what: cause } } else { Source::Broken { cause, retry } }
}

/// How far a log was read, and whose it is.
struct Place {
    last: Option<Timestamp>,
    writer: Arc<Writer>,
}

/// One connection. `Ok(None)`: the log ended.
async fn stretch(
    link: &Link,
    wanted: &LogRequest,
    to: &mut Outlet,
    place: &mut Place,
    backoff: &mut Backoff,
) -> Result<Option<Trouble>, Gone> {
    let request = match link.request("GET", &path(wanted, place.last), "*/*", Body::empty()) {
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
    let resumed = place.last;
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
                place.take(&line, resumed, &mut batch);
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
            place.take(&line, resumed, &mut batch);
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

impl Place {
    /// One line. The server puts the time before each, since a cut log is resumed by it.
    fn take(&mut self, line: &[u8], resumed: Option<Timestamp>, batch: &mut Vec<LogLine>) {
        let line = String::from_utf8_lossy(line);
        let line = line.strip_suffix('\r').unwrap_or(&line);
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (time, text) = match first.parse::<Timestamp>() {
            Ok(time) => (Some(time), rest),
            Err(_) => (None, line),
        };
        // `sinceTime` has whole seconds: lines already shown come again.
        if let (Some(time), Some(resumed)) = (time, resumed)
            && time <= resumed
        {
            return;
        }
        if time.is_some() {
            self.last = time;
        }
        let text = sanitize::line(text).into_owned().into();
        // A piece of a line that was split, and one without a time, stays behind the line before it.
        batch.push(LogLine { time: time.or(self.last), writer: Arc::clone(&self.writer), text, note: false });
    }
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
