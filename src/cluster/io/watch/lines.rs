//! The lines or frames of a stream, whole, as they arrive.

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use http_body_util::BodyExt;
use kube::client::Body;

/// The longest line accepted. Objects are limited to about 1.5 MiB by etcd; a server that sends more is none.
const LONGEST: usize = 64 << 20;

/// A body, read line by line.
pub(in crate::cluster::io) struct Lines {
    body: Body,
    buffer: BytesMut,
    scanned: usize,
    /// How the stream ended, when that was noticed in passing.
    end: Option<Result<bool, String>>,
}

/// Takes a whole frame off the front: four bytes of length, most significant first, then as many bytes.
pub(super) fn frame(buffer: &mut BytesMut) -> Option<Bytes> {
    let (head, rest) = buffer.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*head)).ok()?;
    if rest.len() < length {
        return None;
    }
    let mut whole = buffer.split_to(head.len() + length).freeze();
    Some(whole.split_off(4))
}

impl Lines {
    pub fn new(body: Body) -> Self {
        Self { body, buffer: BytesMut::new(), scanned: 0, end: None }
    }

    /// The next whole line already here.
    pub fn take(&mut self) -> Option<Bytes> {
        let found = self.buffer.get(self.scanned..)?.iter().position(|byte| *byte == b'\n');
        let Some(at) = found else {
            self.scanned = self.buffer.len();
            return None;
        };
        let mut line = self.buffer.split_to(self.scanned + at + 1);
        self.scanned = 0;
        line.truncate(line.len() - 1);
        Some(line.freeze())
    }

    /// The next whole frame already here.
    pub fn take_frame(&mut self) -> Option<Bytes> {
        frame(&mut self.buffer)
    }

    /// Waits for more bytes. `Ok(false)`: the stream ended. Safe to drop half-way.
    pub async fn more(&mut self) -> Result<bool, String> {
        if let Some(end) = self.end.take() {
            return end;
        }
        loop {
            match self.body.frame().await {
                None => return Ok(false),
                Some(Err(error)) => return Err(error.to_string()),
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    if self.buffer.len() + data.len() > LONGEST {
                        return Err("a line or frame of the stream does not end".to_owned());
                    }
                    self.buffer.extend_from_slice(&data);
                    return Ok(true);
                }
            }
        }
    }
}

impl Lines {
    /// Takes bytes that have arrived already, without waiting for the network. The connection hands over one piece at a time
    /// and needs a turn to fetch the next, hence the second look.
    pub async fn more_at_hand(&mut self) -> bool {
        let mut found = self.more().now_or_never();
        if found.is_none() {
            tokio::task::yield_now().await;
            found = self.more().now_or_never();
        }
        match found {
            Some(Ok(true)) => true,
            Some(end) => {
                self.end = Some(end);
                false
            }
            None => false,
        }
    }

    /// The next line already here, or as much of a longer one.
    pub fn take_up_to(&mut self, longest: usize) -> Option<Bytes> {
        match self.take() {
            Some(line) if line.len() <= longest => Some(line),
            Some(line) => {
                // Put the tail back with its line break, for the next call.
                let mut rest = BytesMut::from(line.get(longest..).unwrap_or_default());
                rest.extend_from_slice(b"\n");
                rest.extend_from_slice(&self.buffer);
                self.buffer = rest;
                self.scanned = 0;
                Some(line.slice(..longest))
            }
            None if self.buffer.len() > longest => {
                self.scanned = 0;
                Some(self.buffer.split_to(longest).freeze())
            }
            None => None,
        }
    }

    /// What stands after the last line break when the stream has ended.
    pub fn rest(&mut self) -> Option<Bytes> {
        self.scanned = 0;
        (!self.buffer.is_empty()).then(|| self.buffer.split().freeze())
    }
}
