//! From HTTP to requests of the API and back.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, UPGRADE, USER_AGENT},
    request::Parts,
};
use percent_encoding::percent_decode_str;

use crate::api::{Request, Response};

/// Answers above this size are sent gzipped to those who take it, as a real API server does.
const WORTH_PACKING: usize = 128 * 1024;

/// The request of the API.
pub fn request(parts: &Parts, body: Bytes) -> Request {
    let header = |name: HeaderName| {
        let all: Vec<&str> = parts.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        all.join(",")
    };
    let authorization = header(AUTHORIZATION);
    let token =
        authorization.strip_prefix("Bearer ").or_else(|| authorization.strip_prefix("bearer ")).unwrap_or_default();
    Request {
        method: parts.method.as_str().to_owned(),
        path: decode(parts.uri.path()),
        query: query(parts.uri.query().unwrap_or_default()),
        accept: header(ACCEPT),
        content_type: header(CONTENT_TYPE),
        agent: header(USER_AGENT),
        gzip: takes_gzip(&parts.headers),
        token: token.trim().to_owned(),
        instead_of: header(HeaderName::from_static("impersonate-user")),
        groups: parts
            .headers
            .get_all("impersonate-group")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .map(str::to_owned)
            .collect(),
        headers: passed(parts),
        upgrade: parts.headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket")),
        body,
        webhook: None,
    }
}

/// The headers that a proxy passes on; only a request to one is asked for them.
fn passed(parts: &Parts) -> Vec<(String, String)> {
    if !parts.uri.path().contains("/proxy/") {
        return Vec::new();
    }
    let kept = |name: &HeaderName| *name != AUTHORIZATION && !name.as_str().starts_with("impersonate-");
    let all = parts.headers.iter().filter(|(name, _)| kept(name));
    all.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))).collect()
}

pub(super) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Parameters of an address or a form, decoded, in their order.
pub fn query(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("gzip"))
}

/// Status and headers of an answer, and its bytes packed where that is worth it.
pub fn head(response: &Response, date: Option<&str>) -> http::response::Builder {
    let mut builder = http::Response::builder().status(response.code).header(CONTENT_TYPE, response.content_type);
    for (name, value) in &response.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            builder = builder.header(*name, value);
        }
    }
    if let Some(date) = date {
        builder = builder.header("Date", date);
    }
    builder
}

/// Packs a large body for a client that takes it.
pub fn pack(response: &mut Response, bytes: Bytes, gzip: bool) -> Bytes {
    let packed =
        response.headers.iter().any(|(name, _)| *name == CONTENT_ENCODING.as_str() || *name == "Content-Encoding");
    if !gzip || packed || bytes.len() < WORTH_PACKING {
        return bytes;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let Ok(()) = encoder.write_all(&bytes) else { return bytes };
    let Ok(small) = encoder.finish() else { return bytes };
    response.headers.push(("Content-Encoding", "gzip".to_owned()));
    Bytes::from(small)
}

#[cfg(test)]
mod tests {
    use super::query;

    #[test]
    fn parameters_are_decoded_in_their_order() {
        assert_eq!(
            query("labelSelector=a%3Db%2Cc&watch&x=1+2"),
            [("labelSelector", "a=b,c"), ("watch", ""), ("x", "1 2")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}
