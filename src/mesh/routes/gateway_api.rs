//! Reads HTTPRoute and GRPCRoute (gateway.networking.k8s.io/v1, fields of bundle v1.4; experimental `retry` too), and TLSRoute,
//! TCPRoute and UDPRoute (v1 of bundle v1.6; the alpha versions have the same fields).

use compact_str::{CompactString, ToCompactString, format_compact};
use serde_json::Value;

use super::{
    Condition, Parent, ParentKind, RouteKind, RouteRow, Verdict, blank,
    rule::{
        Backend, Filter, GrpcMatch, HeaderEdits, How, Match, Mirror, PathEdit, PathMatch, Redirect, Rule, Timeouts,
        ValueMatch,
    },
};
use crate::{
    base::span,
    cluster::Manifest,
    mesh::json::{Node, Notes},
};

const GROUP: &str = "gateway.networking.k8s.io";

pub(super) fn decode(kind: RouteKind, manifest: &Manifest) -> RouteRow {
    let mut row = blank(kind, manifest);
    let mut notes = Notes::default();
    let null = Value::Null;
    let spec = Node::root(manifest.at(&["spec"]).unwrap_or(&null));
    row.hosts = spec.words("hostnames", &mut notes);
    for host in &mut row.hosts {
        host.make_ascii_lowercase();
    }
    let parents: Vec<_> = spec.list("parentRefs", &mut notes).collect();
    row.parents = parents.into_iter().map(|node| parent(node, &row.namespace, &mut notes)).collect();
    if let Some(status) = manifest.at(&["status"]) {
        let statuses: Vec<_> = Node::root(status).list("parents", &mut notes).collect();
        for status in statuses {
            heard(status, &mut row, &mut notes);
        }
    }
    let rules: Vec<_> = spec.list("rules", &mut notes).collect();
    row.rules = rules.into_iter().map(|node| rule(kind, node, &row.namespace, &mut notes)).collect();
    if spec.get("rules").is_none() && kind == RouteKind::Http {
        // The CRD of HTTPRoute fills in one rule that matches everything and forwards nowhere; no other kind's does.
        row.rules.push(Rule { matches: vec![Match::default()], ..Rule::default() });
    }
    row.notes = notes.into_inner();
    row
}

fn parent(node: Node<'_>, namespace: &str, notes: &mut Notes) -> Parent {
    let group = node.text("group", notes).unwrap_or(GROUP);
    let kind = match (group, node.text("kind", notes).unwrap_or("Gateway")) {
        (GROUP, "Gateway") => ParentKind::Gateway,
        (GROUP, "ListenerSet" | "XListenerSet") | ("gateway.networking.x-k8s.io", "XListenerSet") => {
            ParentKind::ListenerSet
        }
        // The documentation of the mesh writes `core` as well.
        ("" | "core", "Service") => ParentKind::Service,
        (_, other) => {
            notes.add(format!("parent of kind {other} is not known to brink"));
            ParentKind::Other
        }
    };
    let namespace = node.text("namespace", notes).unwrap_or(namespace);
    let mut parent = Parent::new(kind, namespace, node.text("name", notes).unwrap_or_default());
    parent.section = node.word("sectionName", notes);
    parent.port = node.number("port", notes);
    parent
}

/// Puts what one controller said on the parent it speaks of. With several controllers for one parent an acceptance counts
/// more than a refusal: one data plane serves it.
fn heard(status: Node<'_>, row: &mut RouteRow, notes: &mut Notes) {
    let Some(reference) = status.get("parentRef") else { return };
    let of = parent(reference, &row.namespace, notes);
    let controller = status.word("controllerName", notes);
    let conditions: Vec<_> = status.list("conditions", notes).collect();
    let Some(parent) = row.parents.iter_mut().find(|parent| parent.same(&of)) else { return };
    for node in conditions {
        let condition = Condition {
            verdict: match node.text("status", notes) {
                Some("True") => Verdict::True,
                Some("False") => Verdict::False,
                _ => Verdict::Unknown,
            },
            reason: node.word("reason", notes).unwrap_or_default(),
            message: node.text("message", notes).unwrap_or_default().to_owned(),
            observed: node.number("observedGeneration", notes).unwrap_or(0),
        };
        let slot = match node.text("type", notes) {
            Some("Accepted") => &mut parent.accepted,
            Some("ResolvedRefs") => &mut parent.resolved_refs,
            Some("PartiallyInvalid") => &mut parent.partially_invalid,
            _ => continue,
        };
        if slot.as_ref().is_none_or(|old| old.verdict != Verdict::True) {
            *slot = Some(condition);
            parent.controller.clone_from(&controller);
        }
    }
}

fn rule(kind: RouteKind, node: Node<'_>, namespace: &str, notes: &mut Notes) -> Rule {
    let matches: Vec<_> = node.list("matches", notes).collect();
    let mut matches: Vec<Match> = matches.into_iter().map(|node| one_match(kind, node, notes)).collect();
    if matches.is_empty() {
        matches.push(Match::default());
    }
    let filters = filters(node, namespace, notes);
    let backends: Vec<_> = node.list("backendRefs", notes).collect();
    let timeouts = node.get("timeouts");
    Rule {
        name: node.word("name", notes),
        matches,
        filters,
        backends: backends.into_iter().map(|node| backend(node, namespace, notes)).collect(),
        timeouts: Timeouts {
            request_ms: timeouts.and_then(|node| millis(node, "request", notes)),
            backend_ms: timeouts.and_then(|node| millis(node, "backendRequest", notes)),
        },
        retries: node.get("retry").and_then(|node| node.number("attempts", notes)),
        retry_on: node.get("retry").map(|node| codes(node, notes)).unwrap_or_default(),
        backoff_ms: node.get("retry").and_then(|node| millis(node, "backoff", notes)),
        delegate: None,
    }
}

fn codes(retry: Node<'_>, notes: &mut Notes) -> Vec<CompactString> {
    let list: Vec<_> = retry.list("codes", notes).collect();
    list.into_iter().filter_map(|node| node.value().as_u64()).map(|code| code.to_compact_string()).collect()
}

fn millis<'a>(node: Node<'a>, name: &'a str, notes: &mut Notes) -> Option<u64> {
    let text = node.text(name, notes)?;
    let Ok(span) = span::parse(text) else {
        notes.add(format!("{name}: `{text}` is not a duration"));
        return None;
    };
    u64::try_from(span.as_millis()).ok()
}

fn one_match(kind: RouteKind, node: Node<'_>, notes: &mut Notes) -> Match {
    // Of a type that is not known nothing may be taken: the specification has the whole route refused.
    let mut odd = None;
    let headers = values(node, "headers", true, &mut odd, notes);
    let query = if kind == RouteKind::Http { values(node, "queryParams", false, &mut odd, notes) } else { Vec::new() };
    let never = odd.map(PathMatch::Other);
    match kind {
        RouteKind::Http => Match {
            path: never.unwrap_or_else(|| node.get("path").map_or_else(PathMatch::default, |node| path(node, notes))),
            method: node.text("method", notes).map(|method| ValueMatch {
                name: CompactString::default(),
                how: How::Exact,
                value: method.to_ascii_uppercase().into(),
            }),
            headers,
            query,
            grpc: None,
            also: Vec::new(),
            mesh: None,
        },
        RouteKind::Tls | RouteKind::Tcp | RouteKind::Udp => Match::default(),
        RouteKind::Grpc | RouteKind::VirtualService | RouteKind::Ingress => Match {
            path: never.unwrap_or_default(),
            headers,
            grpc: node.get("method").map(|node| GrpcMatch {
                regex: node.text("type", notes) == Some("RegularExpression"),
                service: node.word("service", notes).filter(|name| !name.is_empty()),
                method: node.word("method", notes).filter(|name| !name.is_empty()),
            }),
            ..Match::default()
        },
    }
}

fn path(node: Node<'_>, notes: &mut Notes) -> PathMatch {
    let value = node.text("value", notes).unwrap_or("/");
    match node.text("type", notes).unwrap_or("PathPrefix") {
        "Exact" => PathMatch::Exact(value.into()),
        "PathPrefix" => PathMatch::Prefix(value.trim_end_matches('/').into()),
        "RegularExpression" => PathMatch::Regex(value.into()),
        other => {
            notes.add(format!("path match of type {other} is not known to brink: taken as never true"));
            PathMatch::Other(format!("{other} {value}").into())
        }
    }
}

/// Named values. The specification: of entries with equivalent names, only the first counts.
fn values<'a>(
    node: Node<'a>,
    field: &'a str,
    fold_case: bool,
    odd: &mut Option<CompactString>,
    notes: &mut Notes,
) -> Vec<ValueMatch> {
    let mut all: Vec<ValueMatch> = Vec::new();
    let list: Vec<_> = node.list(field, notes).collect();
    for node in list {
        let name = node.text("name", notes).unwrap_or_default();
        let name = if fold_case { name.to_ascii_lowercase().into() } else { CompactString::from(name) };
        let how = match node.text("type", notes).unwrap_or("Exact") {
            "Exact" => How::Exact,
            "RegularExpression" => How::Regex,
            other => {
                notes.add(format!("match of type {other} is not known to brink: taken as never true"));
                *odd = Some(format_compact!("{other} {name}"));
                How::Exact
            }
        };
        let value = node.word("value", notes).unwrap_or_default();
        if all.iter().any(|known| known.name == name) {
            notes.add(format!("{field} names {name} twice: only the first counts"));
        } else {
            all.push(ValueMatch { name, how, value });
        }
    }
    all
}

fn backend(node: Node<'_>, namespace: &str, notes: &mut Notes) -> Backend {
    Backend {
        group: node.word("group", notes).unwrap_or_default(),
        kind: node.word("kind", notes).unwrap_or_else(|| CompactString::const_new("Service")),
        namespace: node.word("namespace", notes).unwrap_or_else(|| namespace.into()),
        name: node.word("name", notes).unwrap_or_default(),
        port: node.number("port", notes),
        weight: node.number("weight", notes).unwrap_or(1),
        subset: None,
        filters: filters(node, namespace, notes),
    }
}

fn filters(node: Node<'_>, namespace: &str, notes: &mut Notes) -> Vec<Filter> {
    let list: Vec<_> = node.list("filters", notes).collect();
    list.into_iter().map(|node| filter(node, namespace, notes)).collect()
}

fn filter(node: Node<'_>, namespace: &str, notes: &mut Notes) -> Filter {
    let kind = node.text("type", notes).unwrap_or_default();
    let body = |field| node.get(field);
    match kind {
        "RequestHeaderModifier" => {
            Filter::RequestHeaders(body("requestHeaderModifier").map(|node| edits(node, notes)).unwrap_or_default())
        }
        "ResponseHeaderModifier" => {
            Filter::ResponseHeaders(body("responseHeaderModifier").map(|node| edits(node, notes)).unwrap_or_default())
        }
        "RequestMirror" => match body("requestMirror") {
            Some(node) => Filter::Mirror(mirror(node, namespace, notes)),
            None => Filter::Other(CompactString::const_new("RequestMirror")),
        },
        "RequestRedirect" => {
            let Some(node) = body("requestRedirect") else { return Filter::Redirect(Redirect::with_default_status()) };
            Filter::Redirect(Redirect {
                scheme: node.word("scheme", notes),
                host: node.word("hostname", notes),
                port: node.number("port", notes),
                path: node.get("path").and_then(|node| path_edit(node, notes)),
                status: node.number("statusCode", notes).unwrap_or(302),
            })
        }
        "URLRewrite" => Filter::Rewrite {
            host: body("urlRewrite").and_then(|node| node.word("hostname", notes)),
            path: body("urlRewrite").and_then(|node| node.get("path")).and_then(|node| path_edit(node, notes)),
        },
        "ExtensionRef" => Filter::Extension {
            kind: body("extensionRef").and_then(|node| node.word("kind", notes)).unwrap_or_default(),
            name: body("extensionRef").and_then(|node| node.word("name", notes)).unwrap_or_default(),
        },
        "CORS" | "ExternalAuth" => Filter::Other(kind.into()),
        other => Filter::Unknown(other.into()),
    }
}

fn path_edit(node: Node<'_>, notes: &mut Notes) -> Option<PathEdit> {
    match node.text("type", notes)? {
        "ReplaceFullPath" => node.word("replaceFullPath", notes).map(PathEdit::Full),
        "ReplacePrefixMatch" => Some(PathEdit::Prefix(node.word("replacePrefixMatch", notes).unwrap_or_default())),
        other => {
            notes.add(format!("path change of type {other} is not known to brink"));
            None
        }
    }
}

/// Changes of headers. The specification: of entries with equivalent names only the first counts, and one name has one action.
fn edits(node: Node<'_>, notes: &mut Notes) -> HeaderEdits {
    let mut known: Vec<CompactString> = Vec::new();
    let mut pairs = |verb: &'static str, notes: &mut Notes| {
        let list: Vec<_> = node.list(verb, notes).collect();
        let mut all: Vec<(CompactString, CompactString)> = Vec::new();
        for header in list {
            let name = header.word("name", notes).unwrap_or_default();
            if all.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                notes.add(format!("{verb} names {name} twice: only the first counts"));
                continue;
            }
            if known.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
                notes.add(format!("more than one change of header {name}: the filter is not valid"));
            }
            known.push(name.clone());
            all.push((name, header.word("value", notes).unwrap_or_default()));
        }
        all
    };
    let (set, add) = (pairs("set", notes), pairs("add", notes));
    let remove = node.words("remove", notes);
    for name in remove.iter().filter(|name| known.iter().any(|known| known.eq_ignore_ascii_case(name))) {
        notes.add(format!("more than one change of header {name}: the filter is not valid"));
    }
    HeaderEdits { set, add, remove }
}

fn mirror(node: Node<'_>, namespace: &str, notes: &mut Notes) -> Mirror {
    let to = node.get("backendRef").unwrap_or(node);
    let to = backend(to, namespace, notes);
    let per_million = match (node.number::<u32>("percent", notes), node.get("fraction")) {
        (Some(percent), _) => Mirror::per_million(percent.into(), 100),
        (None, Some(part)) => {
            let over = part.number::<u32>("denominator", notes).unwrap_or(100);
            Mirror::per_million(part.number::<u32>("numerator", notes).unwrap_or(0).into(), over.into())
        }
        (None, None) => Mirror::per_million(1, 1),
    };
    Mirror { to, per_million }
}
