//! What requests were answered with: HTTP status and gRPC status, as rates.

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::Serialize;

/// Requests per second by answer. A request of gRPC counts by its gRPC status, any other by its HTTP status.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Codes {
    http: BTreeMap<CompactString, f64>,
    grpc: BTreeMap<CompactString, f64>,
}

/// A protocol, as far as answers go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// HTTP 1 and 2.
    Http,
    /// gRPC.
    Grpc,
}

/// Shares of all requests, 0..=1, by class of answer; the first four add up to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Classes {
    /// HTTP below 400, gRPC OK.
    pub success: f64,
    /// HTTP 4xx.
    pub client_errors: f64,
    /// HTTP 5xx, and requests without any answer.
    pub server_errors: f64,
    /// gRPC status other than OK.
    pub grpc_errors: f64,
    /// HTTP 429: refused by a rate limit. Part of `client_errors`.
    pub limited: f64,
}

impl Codes {
    /// Adds requests with one answer.
    pub fn add(&mut self, response_code: &str, grpc_status: &str, rate: f64) {
        let (by, code) =
            if grpc_status.is_empty() { (&mut self.http, response_code) } else { (&mut self.grpc, grpc_status) };
        *by.entry(CompactString::from(code)).or_default() += rate;
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in [(&mut self.http, &other.http), (&mut self.grpc, &other.grpc)] {
            for (code, rate) in theirs {
                *mine.entry(code.clone()).or_default() += rate;
            }
        }
    }

    /// Whether nobody told of any request, not even that there were none.
    pub fn is_empty(&self) -> bool {
        self.http.is_empty() && self.grpc.is_empty()
    }

    /// Codes of one protocol with their rates, by code.
    pub fn of(&self, protocol: Protocol) -> impl Iterator<Item = (&str, f64)> {
        let by = match protocol {
            Protocol::Http => &self.http,
            Protocol::Grpc => &self.grpc,
        };
        by.iter().map(|(code, rate)| (code.as_str(), *rate))
    }

    /// Requests per second of one protocol.
    pub fn total(&self, protocol: Protocol) -> f64 {
        self.of(protocol).map(|(_, rate)| rate).sum()
    }

    /// Of a protocol's requests, the share with such an answer; `None` without requests of that protocol.
    pub fn share(&self, protocol: Protocol, such: impl Fn(&str) -> bool) -> Option<f64> {
        let total = self.total(protocol);
        let some: f64 = self.of(protocol).filter(|(code, _)| such(code)).map(|(_, rate)| rate).sum();
        (total > 0.0).then(|| some / total)
    }

    /// Shares by class of answer; `None` without requests.
    pub fn classes(&self) -> Option<Classes> {
        let all = self.total(Protocol::Http) + self.total(Protocol::Grpc);
        if all <= 0.0 {
            return None;
        }
        let mut classes = Classes::default();
        for (code, rate) in self.of(Protocol::Http) {
            let share = rate / all;
            if code == "429" {
                classes.limited += share;
            }
            match class(code) {
                Class::Success => classes.success += share,
                Class::Client => classes.client_errors += share,
                Class::Server => classes.server_errors += share,
            }
        }
        for (status, rate) in self.of(Protocol::Grpc) {
            if status == "0" { classes.success += rate / all } else { classes.grpc_errors += rate / all }
        }
        Some(classes)
    }
}

/// A class of HTTP answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Below 400.
    Success,
    /// 4xx.
    Client,
    /// 5xx, or no answer at all (`0`, `-`).
    Server,
}

/// The class of an HTTP status as proxies write it.
pub fn class(code: &str) -> Class {
    match code.as_bytes().first() {
        Some(b'4') => Class::Client,
        Some(b'5') => Class::Server,
        _ if matches!(code, "0" | "-") => Class::Server,
        _ => Class::Success,
    }
}

#[cfg(test)]
mod tests {
    use super::{Codes, Protocol};

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn classes_are_shares_of_all_requests() {
        let mut codes = Codes::default();
        for (code, grpc, rate) in
            [("200", "", 60.0), ("404", "", 5.0), ("429", "", 10.0), ("503", "", 4.0), ("0", "", 1.0)]
        {
            codes.add(code, grpc, rate);
        }
        codes.add("200", "0", 15.0);
        codes.add("200", "14", 5.0);
        let classes = codes.classes().unwrap();
        near(classes.success, 0.75);
        near(classes.client_errors, 0.15);
        near(classes.limited, 0.10);
        near(classes.server_errors, 0.05);
        near(classes.grpc_errors, 0.05);
        near(codes.share(Protocol::Grpc, |status| status != "0").unwrap(), 0.25);
    }

    #[test]
    fn nothing_asked_is_unknown() {
        assert_eq!(Codes::default().classes(), None);
        let mut silent = Codes::default();
        silent.add("200", "", 0.0);
        assert_eq!((silent.classes(), silent.share(Protocol::Http, |_| true)), (None, None));
    }
}
