//! The two forms a stream comes in: lines of JSON, and frames of protobuf.

use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_TYPE};
use prost::Message;

use super::{
    event::{self, Unread, What, WireStatus},
    lines::Lines,
};
use crate::cluster::io::wire::Status;

/// How the server wrote a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Protobuf,
}

impl Form {
    /// As the answer says.
    pub fn of(headers: &HeaderMap) -> Self {
        let told = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if told.starts_with("application/vnd.kubernetes.protobuf") { Self::Protobuf } else { Self::Json }
    }

    /// The next event already here.
    pub fn next(self, lines: &mut Lines) -> Option<Bytes> {
        match self {
            Self::Protobuf => lines.take_frame(),
            Self::Json => loop {
                let line = lines.take()?;
                if !line.iter().all(u8::is_ascii_whitespace) {
                    return Some(line);
                }
            },
        }
    }

    /// Opens an event: what happened, and the object in this form.
    pub fn open(self, event: Bytes) -> Result<(What, Bytes), Unread> {
        match self {
            Self::Protobuf => event::open_protobuf(event),
            Self::Json => {
                let (what, object) = event::open(&event)?;
                Ok((what, event.slice_ref(object)))
            }
        }
    }

    /// The object of an event of type ERROR; what cannot be read says nothing.
    pub fn status(self, object: &[u8]) -> Status {
        match self {
            Self::Json => serde_json::from_slice(object).unwrap_or_default(),
            Self::Protobuf => {
                let told = WireStatus::decode(object).unwrap_or_default();
                Status::told(told.code, told.reason, told.message)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::{Bytes, BytesMut};

    use super::{Form, What};
    use crate::cluster::{io::watch::lines, pod_read::protobuf::Pod};

    /// A field of protobuf that holds bytes, shorter than 128.
    fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![tag << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        out.extend_from_slice(bytes);
        out
    }

    /// An event as the server frames it: length, `WatchEvent`, `RawExtension`, the magic number, `Unknown`, the object.
    fn frame(what: &str, object: &[u8]) -> Vec<u8> {
        let unknown = [b"k8s\0".as_slice(), &field(1, b""), &field(2, object)].concat();
        let event = [field(1, what.as_bytes()), field(2, &field(1, &unknown))].concat();
        [u32::try_from(event.len()).unwrap().to_be_bytes().as_slice(), &event].concat()
    }

    /// `metadata` with a name, a version and one annotation.
    fn pod(name: &str, version: &str, note: (&str, &str)) -> Vec<u8> {
        let note = [field(1, note.0.as_bytes()), field(2, note.1.as_bytes())].concat();
        field(1, &[field(1, name.as_bytes()), field(6, version.as_bytes()), field(12, &note)].concat())
    }

    #[test]
    fn frames_are_whole_however_they_arrive() {
        let first = frame("ADDED", &pod("a", "7", ("x", "y")));
        let second = frame("BOOKMARK", &pod("", "9", ("k8s.io/initial-events-end", "true")));
        let all = [first, second].concat();
        for piece in [1, 3, 4, 5, all.len()] {
            let (mut buffer, mut seen) = (BytesMut::new(), Vec::new());
            for chunk in all.chunks(piece) {
                buffer.extend_from_slice(chunk);
                while let Some(event) = lines::frame(&mut buffer) {
                    let (what, object) = Form::Protobuf.open(event).unwrap();
                    let pod = Pod::read(&object).unwrap();
                    seen.push((what, pod.resource_version().to_owned(), pod.ends_initial_events()));
                }
            }
            assert_eq!(
                seen,
                [(What::Upsert, "7".to_owned(), false), (What::Bookmark, "9".to_owned(), true)],
                "{piece}"
            );
        }
    }

    #[test]
    fn an_error_tells_its_code_and_nonsense_tells_nothing() {
        let status = [field(3, b"too old"), field(4, b"Expired"), vec![6 << 3, 0x9a, 0x03]].concat();
        let told = Form::Protobuf.status(&status);
        assert_eq!(
            (told.code, told.reason.as_deref(), told.message.as_deref()),
            (Some(410), Some("Expired"), Some("too old"))
        );
        assert_eq!(Form::Protobuf.status(b"<html>").code, None);
        for nonsense in [b"".as_slice(), b"<html>", &frame("ADDED", b"")[8..], &[0xff; 40]] {
            assert!(Form::Protobuf.open(Bytes::copy_from_slice(nonsense)).is_err(), "{nonsense:?}");
        }
    }
}
