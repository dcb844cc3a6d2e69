//! The URL after a filter: where a redirect leads, and what a backend is asked.

use std::collections::BTreeMap;

use super::{RedirectTo, Request, Sent};
use crate::mesh::{
    resolve::matching,
    routes::{
        Filter, PathMatch, Rule,
        rule::{PathEdit, Redirect},
    },
};

/// Where a redirect sends the client. What it does not change stays as it was asked, the query too.
pub(super) fn redirect(
    redirect: &Redirect,
    request: &Request,
    host: &str,
    path: &str,
    found: &PathMatch,
    port: u16,
) -> RedirectTo {
    let scheme = redirect.scheme.as_deref().unwrap_or(request.scheme.word());
    // The specification: no port said and a scheme said, its well-known one; no scheme either, the listener's.
    let port = redirect.port.unwrap_or(match redirect.scheme.as_deref() {
        Some("https") => 443,
        Some("http") => 80,
        _ => port,
    });
    let host = redirect.host.as_deref().unwrap_or(host);
    let path = redirect.path.as_ref().map_or_else(|| path.to_owned(), |edit| edited(edit, path, found));
    leads_to(scheme, host, port, path, request)
}

/// The same from its parts.
pub(super) fn leads_to(scheme: &str, host: &str, port: u16, path: String, request: &Request) -> RedirectTo {
    let shown = match (scheme, port) {
        ("http", 80) | ("https", 443) => String::new(),
        (_, port) => format!(":{port}"),
    };
    let location = format!("{scheme}://{host}{shown}{path}{}", query(request));
    RedirectTo { scheme: scheme.to_owned(), host: host.to_owned(), port, path, location }
}

/// What a backend of the rule is asked.
pub(super) fn sent(rule: &Rule, request: &Request, path: &str, found: &PathMatch) -> Sent {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &request.headers {
        headers
            .entry(name.to_ascii_lowercase())
            .and_modify(|held| held.push_str(&format!(", {value}")))
            .or_insert_with(|| value.clone());
    }
    let (mut host, mut path) = (request.host.clone(), path.to_owned());
    for filter in &rule.filters {
        match filter {
            Filter::RequestHeaders(edits) => edits.apply(&mut headers),
            Filter::Rewrite { host: new, path: edit } => {
                if let Some(new) = new {
                    host = new.to_string();
                }
                if let Some(edit) = edit {
                    path = edited(edit, &path, found);
                }
            }
            Filter::ResponseHeaders(_)
            | Filter::Mirror(_)
            | Filter::Redirect(_)
            | Filter::Extension { .. }
            | Filter::DirectResponse { .. }
            | Filter::Fault(_)
            | Filter::Other(_)
            | Filter::Unknown(_) => {}
        }
    }
    Sent { host, path: path + &query(request), headers }
}

/// The query with its `?`, as it was asked.
fn query(request: &Request) -> String {
    let mut text = String::new();
    for (name, value) in &request.query {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(&escaped(name));
        if !value.is_empty() {
            text.push('=');
            text.push_str(&escaped(value));
        }
    }
    text
}

/// What would end the parameter is written as RFC 3986 has it; what is written so already stays.
fn escaped(text: &str) -> String {
    text.replace('&', "%26").replace('#', "%23").replace(' ', "%20")
}

/// A path after its change.
fn edited(edit: &PathEdit, path: &str, found: &PathMatch) -> String {
    let joined = match (edit, found) {
        (PathEdit::Full(full), _) => full.to_string(),
        // Element by element: between prefix and rest stands one slash, whoever wrote it.
        (PathEdit::Prefix(new), PathMatch::Prefix(prefix)) => {
            let rest = path.strip_prefix(prefix.as_str()).unwrap_or(path);
            format!("{}{rest}", new.trim_end_matches('/'))
        }
        // Letter by letter.
        (PathEdit::Prefix(new), PathMatch::TextPrefix(prefix)) => {
            format!("{new}{}", path.strip_prefix(prefix.as_str()).unwrap_or(path))
        }
        // Where no prefix was found the whole path is what was found.
        (PathEdit::Prefix(new), PathMatch::Exact(_) | PathMatch::Regex(_) | PathMatch::Other(_)) => new.to_string(),
        (PathEdit::Regex { find, with }, _) => matching::replaced(find, with, path),
    };
    if joined.is_empty() { "/".to_owned() } else { joined }
}
