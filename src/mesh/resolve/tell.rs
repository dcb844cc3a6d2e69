//! An answer in words: where the request goes, and why everybody else does not get it.

use super::{Loser, LostAt, Outcome, Request, Resolution, Sent, verdict};
use crate::base::sanitize;

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// The request as asked.
    Asked,
    /// A backend gets it, or the client is sent on.
    Good,
    /// Nobody serves it.
    Bad,
    /// A fact about the winner.
    Fact,
    /// Something of the winner that cannot work.
    Wrong,
    /// A competitor.
    Lost,
    /// What was assumed, or where another has a say.
    Note,
}

impl Resolution {
    /// The answer line by line, safe for a terminal.
    pub fn told(&self, request: &Request) -> Vec<(Tone, String)> {
        let mut lines = vec![(Tone::Asked, asked(request)), self.end()];
        let mut fact = |tone: Tone, name: &str, text: String| lines.push((tone, format!("  {name:<9} {text}")));
        if let Some(listener) = &self.listener {
            fact(Tone::Fact, "listener", listener.clone());
        }
        for one in &self.served_by {
            fact(Tone::Fact, "served by", one.clone());
        }
        if let Some(route) = &self.route {
            let place = |what: &str, index: Option<usize>| index.map(|at| format!(", {what} {at}")).unwrap_or_default();
            let places = place("rule", self.rule) + &place("match", self.r#match);
            fact(Tone::Fact, "route", format!("{route}{places}"));
        }
        for backend in &self.backends {
            let (tone, valid) = if backend.valid { (Tone::Fact, "") } else { (Tone::Wrong, "  not valid") };
            // All of it goes without saying.
            let share = match self.backends.len() {
                1 => String::new(),
                _ => format!(" ({} %)", verdict::shown(backend.share)),
            };
            let tls = backend.tls.as_ref().map(|name| format!(", by TLS as {name}")).unwrap_or_default();
            fact(tone, "backend", format!("{} weight {}{share}{tls}{valid}", backend.r#ref, backend.weight));
            for filter in &backend.filters {
                fact(Tone::Fact, "", format!("{} {}", filter.r#type, filter.detail));
            }
        }
        for filter in &self.filters {
            fact(Tone::Fact, "filter", format!("{} {}", filter.r#type, filter.detail));
        }
        if let Some(to) = &self.redirect {
            fact(Tone::Fact, "redirect", to.location.clone());
        }
        for mirror in &self.mirrors {
            let (tone, valid) = if mirror.valid { (Tone::Fact, "") } else { (Tone::Wrong, "  not valid") };
            fact(tone, "copies", format!("{} % to {}{valid}", verdict::shown(mirror.percent), mirror.r#ref));
        }
        if let Some(sent) = self.sent.as_ref().filter(|sent| sent.differs(request)) {
            fact(Tone::Fact, "sent as", format!("{} {}{}", request.method, sent.host, sent.path));
        }
        for (name, limit) in [("timeout", self.request_timeout_ms), ("one try", self.backend_timeout_ms)] {
            match limit {
                Some(0) => fact(Tone::Fact, name, "no limit".to_owned()),
                Some(limit) => fact(Tone::Fact, name, format!("{limit} ms")),
                None => {}
            }
        }
        if self.retries.is_some() || !self.retry_on.is_empty() || self.backoff_ms.is_some() {
            let mut words = self.retries.map_or_else(|| "as many as it likes".to_owned(), |most| most.to_string());
            if !self.retry_on.is_empty() {
                words.push_str(&format!(" on {}", self.retry_on.join(", ")));
            }
            words.push_str(&self.backoff_ms.map(|pause| format!(", {pause} ms apart at least")).unwrap_or_default());
            fact(Tone::Fact, "retries", words);
        }
        for loser in &self.losers {
            fact(Tone::Lost, "lost", loser.words());
        }
        for note in &self.notes {
            fact(Tone::Note, "note", note.clone());
        }
        lines.into_iter().map(|(tone, text)| (tone, sanitize::line(&text).into_owned())).collect()
    }

    fn end(&self) -> (Tone, String) {
        let code = self.status.map(|code| format!(" ({code})")).unwrap_or_default();
        match self.outcome {
            Outcome::Forward => (Tone::Good, "goes to a backend".to_owned()),
            Outcome::Redirect => (Tone::Good, format!("is redirected{code}")),
            Outcome::DirectResponse => (Tone::Good, format!("is answered by the proxy itself{code}")),
            Outcome::NoRoute => (Tone::Bad, format!("matches no route{code}")),
            Outcome::NoBackend => (Tone::Bad, format!("matches a rule without a valid backend{code}")),
        }
    }
}

impl Sent {
    /// Whether host or path is another than was asked.
    fn differs(&self, request: &Request) -> bool {
        let path = |text: &str| text.split(['?', '#']).next().unwrap_or_default().to_owned();
        self.host != request.host || path(&self.path) != path(&request.path)
    }
}

fn asked(request: &Request) -> String {
    let verb = if request.grpc.is_some() { "gRPC" } else { &request.method };
    let from = request.from.as_ref().map(|(namespace, name)| format!(" from {namespace}/{name}")).unwrap_or_default();
    let scheme = request.scheme.word();
    if request.scheme.is_stream() {
        let port = request.port.map(|port| format!(":{port}")).unwrap_or_default();
        return format!("connection {scheme}://{}{port}{from}", request.host);
    }
    format!("{verb} {scheme}://{}{}{from}", request.host, request.path)
}

impl Loser {
    /// `HTTPRoute NS/NAME, rule 0, match 1: its path does not match (path-prefix)`.
    pub fn words(&self) -> String {
        let step = serde_json::to_value(self.lost_at).ok().and_then(|word| word.as_str().map(str::to_owned));
        format!(
            "{}, rule {}, match {}: {} ({})",
            self.route,
            self.rule,
            self.r#match,
            self.lost_at.why(self.matched),
            step.unwrap_or_default()
        )
    }
}

impl LostAt {
    /// Why a competitor fell out at this step: because it does not take the request, or, where it would (`matched`), because
    /// the winner comes first.
    pub fn why(self, matched: bool) -> &'static str {
        match (self, matched) {
            (Self::Listener, _) => "it is not attached where the request comes in",
            (Self::NotExported, _) => "it is not exported to where the request is sent from",
            (Self::Gateway, _) => "it is not for this gateway, or not for the mesh",
            (Self::Source, _) => "it is for other clients",
            (Self::Address, _) => "it is for other addresses",
            (Self::Scheme, _) => "it is for another scheme",
            (Self::Port, _) => "it is for another port",
            (Self::NotAccepted, _) => "its parent refuses it",
            (Self::Hostname, true) => "the winner names the host more exactly",
            (Self::Hostname, false) => "it is not for this host",
            (Self::PathExact, true) => "the winner names the whole path",
            (Self::PathPrefix, true) => "the winner's path is longer",
            (Self::PathRegex, true) => "an expression comes after every other path",
            (Self::PathExact | Self::PathPrefix | Self::PathRegex, false) => "its path does not match",
            (Self::Service, true) => "the winner names more of the service",
            (Self::Service, false) => "it is for another service",
            (Self::Method, true) => "the winner names the method",
            (Self::Method, false) => "it is for another method",
            (Self::Headers, true) => "the winner asks for more headers",
            (Self::Headers, false) => "its headers do not match",
            (Self::Query, true) => "the winner asks for more query parameters",
            (Self::Query, false) => "its query parameters do not match",
            (Self::Age, _) => "the winner is older",
            (Self::Name, _) => "as old as the winner, and later by namespace and name",
            (Self::Order, _) => "an earlier rule of the same route takes it",
        }
    }
}
