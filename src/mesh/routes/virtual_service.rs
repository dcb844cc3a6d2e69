//! Reads VirtualService (networking.istio.io/v1; v1beta1 and v1alpha3 have the same fields). Rules of `spec.http` are the row's
//! rules; those of `spec.tls` and `spec.tcp` are about connections and kept apart.

use compact_str::CompactString;
use serde_json::Value;

use super::{
    Parent, ParentKind, RouteKind, RouteRow, blank,
    rule::{
        Backend, Filter, HeaderEdits, How, Match, MeshMatch, Mirror, PathEdit, PathMatch, Redirect, Rule, Timeouts,
        ValueMatch,
    },
    stream::{StreamMatch, StreamRule},
};
use crate::{
    base::span,
    cluster::Manifest,
    mesh::json::{Node, Notes},
};

pub(super) fn decode(manifest: &Manifest) -> RouteRow {
    let mut row = blank(RouteKind::VirtualService, manifest);
    let mut notes = Notes::default();
    let null = Value::Null;
    let spec = Node::root(manifest.at(&["spec"]).unwrap_or(&null));
    row.hosts = spec.words("hosts", &mut notes);
    for host in &mut row.hosts {
        host.make_ascii_lowercase();
    }
    let gateways = spec.words("gateways", &mut notes);
    row.parents = if gateways.is_empty() {
        vec![Parent::new(ParentKind::Mesh, "", "mesh")]
    } else {
        gateways.iter().map(|name| gateway(name, &row.namespace)).collect()
    };
    let rules: Vec<_> = spec.list("http", &mut notes).collect();
    row.export_to = spec.words("exportTo", &mut notes);
    row.rules = rules.into_iter().map(|node| rule(node, &row.namespace, &mut notes)).collect();
    for kind in ["tls", "tcp"] {
        let rules: Vec<_> = spec.list(kind, &mut notes).collect();
        let streams = rules.into_iter().enumerate();
        row.streams.extend(streams.map(|(index, node)| stream(kind == "tls", index, node, &row.namespace, &mut notes)));
    }
    row.notes = notes.into_inner();
    row
}

/// `mesh`, `name` or `namespace/name`.
fn gateway(name: &str, namespace: &str) -> Parent {
    match name.split_once('/') {
        None if name == "mesh" => Parent::new(ParentKind::Mesh, "", "mesh"),
        None => Parent::new(ParentKind::IstioGateway, namespace, name),
        Some(("." | "", name)) => Parent::new(ParentKind::IstioGateway, namespace, name),
        Some((namespace, name)) => Parent::new(ParentKind::IstioGateway, namespace, name),
    }
}

fn rule(node: Node<'_>, namespace: &str, notes: &mut Notes) -> Rule {
    let list: Vec<_> = node.list("match", notes).collect();
    let mut matches: Vec<Match> = list.into_iter().map(|node| one_match(node, namespace, notes)).collect();
    if matches.is_empty() {
        matches.push(Match::default());
    }
    let backends = backends(node, namespace, notes);
    let request_ms = node.text("timeout", notes).and_then(|text| millis("timeout", text, notes));
    Rule {
        name: node.word("name", notes),
        matches,
        filters: filters(node, namespace, notes),
        backends,
        timeouts: Timeouts {
            request_ms,
            backend_ms: node
                .get("retries")
                .and_then(|node| node.text("perTryTimeout", notes))
                .and_then(|text| millis("perTryTimeout", text, notes)),
        },
        retries: node.get("retries").and_then(|node| node.number("attempts", notes)),
        retry_on: node
            .get("retries")
            .and_then(|node| node.text("retryOn", notes))
            .map(|words| words.split(',').map(|word| word.trim().into()).collect())
            .unwrap_or_default(),
        backoff_ms: node
            .get("retries")
            .and_then(|node| node.text("backoff", notes))
            .and_then(|text| millis("backoff", text, notes)),
        delegate: node.get("delegate").map(|to| {
            let other = to.word("namespace", notes).filter(|name| !name.is_empty());
            (other.unwrap_or_else(|| namespace.into()), to.word("name", notes).unwrap_or_default())
        }),
    }
}

fn backends(node: Node<'_>, namespace: &str, notes: &mut Notes) -> Vec<Backend> {
    let routes: Vec<_> = node.list("route", notes).collect();
    let backends = routes.into_iter().map(|node| backend(node, namespace, notes)).collect::<Vec<_>>();
    let only = backends.len() == 1;
    backends
        .into_iter()
        // Istio: a single destination without weight gets everything; among several, no weight means none.
        .map(|(backend, weighted)| Backend { weight: if only && !weighted { 100 } else { backend.weight }, ..backend })
        .collect()
}

fn stream(tls: bool, index: usize, node: Node<'_>, namespace: &str, notes: &mut Notes) -> StreamRule {
    let matches: Vec<_> = node.list("match", notes).collect();
    let matches = matches.into_iter().map(|node| {
        let mut sni = node.words("sniHosts", notes);
        for host in &mut sni {
            host.make_ascii_lowercase();
        }
        let gateways = node.words("gateways", notes);
        StreamMatch {
            sni,
            subnets: node.words("destinationSubnets", notes),
            port: node.number("port", notes),
            labels: labels(node, notes),
            namespace: node.word("sourceNamespace", notes),
            gateways: gateways.iter().map(|name| gateway(name, namespace)).collect(),
        }
    });
    let matches = matches.collect();
    StreamRule { tls, index, matches, backends: backends(node, namespace, notes) }
}

fn labels(node: Node<'_>, notes: &mut Notes) -> std::collections::BTreeMap<String, String> {
    let entries = node.entries("sourceLabels", notes);
    entries.map(|(key, value)| (key.to_owned(), value.value().as_str().unwrap_or_default().to_owned())).collect()
}

fn millis(field: &str, text: &str, notes: &mut Notes) -> Option<u64> {
    let Ok(span) = span::parse(text) else {
        notes.add(format!("{field}: `{text}` is not a duration"));
        return None;
    };
    u64::try_from(span.as_millis()).ok()
}

/// A StringMatch: `exact`, `prefix` or `regex`; an empty one asks for presence.
fn string_match(node: Node<'_>, notes: &mut Notes) -> (How, CompactString) {
    for (field, how) in [("exact", How::Exact), ("prefix", How::Prefix), ("regex", How::Regex)] {
        if let Some(value) = node.word(field, notes) {
            return (how, value);
        }
    }
    (How::Present, CompactString::default())
}

fn named<'a>(node: Node<'a>, field: &'a str, fold_case: bool, notes: &mut Notes) -> Vec<ValueMatch> {
    let entries: Vec<_> = node.entries(field, notes).collect();
    let mut all: Vec<ValueMatch> = entries
        .into_iter()
        .map(|(name, node)| {
            let (how, value) = string_match(node, notes);
            let name = if fold_case { name.to_ascii_lowercase().into() } else { name.into() };
            ValueMatch { name, how, value }
        })
        .collect();
    all.sort();
    all
}

fn one_match(node: Node<'_>, own: &str, notes: &mut Notes) -> Match {
    let path = node.get("uri").map_or_else(PathMatch::default, |node| match string_match(node, notes) {
        (How::Exact, value) => PathMatch::Exact(value),
        (How::Prefix, value) => PathMatch::TextPrefix(value),
        (How::Regex, value) => PathMatch::Regex(value),
        (How::Present | How::Not, _) => PathMatch::default(),
    });
    let mut headers = named(node, "headers", true, notes);
    let without = named(node, "withoutHeaders", true, notes);
    for without in &without {
        headers.push(ValueMatch { how: How::Not, ..without.clone() });
    }
    let mut also = Vec::new();
    for field in ["authority", "scheme"] {
        if let Some(node) = node.get(field) {
            let (_, value) = string_match(node, notes);
            also.push(CompactString::from(format!("{field} {value}")));
        }
    }
    for (key, value) in node.entries("sourceLabels", notes) {
        also.push(CompactString::from(format!("from {key}={}", value.value().as_str().unwrap_or_default())));
    }
    if let Some(namespace) = node.text("sourceNamespace", notes) {
        also.push(CompactString::from(format!("from namespace {namespace}")));
    }
    if let Some(port) = node.number::<u16>("port", notes) {
        also.push(CompactString::from(format!("port {port}")));
    }
    let mut mesh = MeshMatch { without, ..MeshMatch::default() };
    let asked = |field: &'static str, notes: &mut Notes| {
        node.get(field).map(|node| {
            let (how, value) = string_match(node, notes);
            ValueMatch { name: CompactString::default(), how, value }
        })
    };
    mesh.scheme = asked("scheme", notes);
    mesh.authority = asked("authority", notes);
    mesh.labels = labels(node, notes);
    mesh.namespace = node.word("sourceNamespace", notes);
    mesh.port = node.number("port", notes);
    let gateways = node.words("gateways", notes);
    mesh.gateways = gateways.iter().map(|name| gateway(name, own)).collect();
    if !gateways.is_empty() {
        also.push(CompactString::from(format!("gateways {}", gateways.join(", "))));
    }
    if node.get("ignoreUriCase").is_some_and(|node| node.value() == &Value::Bool(true)) {
        also.push(CompactString::const_new("any case"));
        mesh.any_case = true;
    }
    Match {
        path,
        method: node.get("method").map(|node| {
            let (how, value) = string_match(node, notes);
            ValueMatch { name: CompactString::default(), how, value }
        }),
        headers,
        query: named(node, "queryParams", false, notes),
        grpc: None,
        also,
        mesh: (mesh != MeshMatch::default()).then(|| Box::new(mesh)),
    }
}

/// A destination and whether it carries a weight. Short names are taken as services of the VirtualService's namespace;
/// `name.ns.svc[.domain]` as what it says; anything else (a ServiceEntry's host) stays whole.
fn backend(node: Node<'_>, namespace: &str, notes: &mut Notes) -> (Backend, bool) {
    let weight = node.number("weight", notes);
    let to = destination(node.get("destination"), namespace, notes);
    let filters = node.get("headers").into_iter().flat_map(|headers| {
        let sides =
            [("request", Filter::RequestHeaders as fn(HeaderEdits) -> Filter), ("response", Filter::ResponseHeaders)];
        sides
            .into_iter()
            .filter_map(move |(side, filter)| Some(filter(edits(headers.get(side)?, &mut Notes::default()))))
    });
    (Backend { weight: weight.unwrap_or(0), filters: filters.collect(), ..to }, weight.is_some())
}

fn destination(node: Option<Node<'_>>, namespace: &str, notes: &mut Notes) -> Backend {
    let host = node.and_then(|node| node.text("host", notes)).unwrap_or_default();
    let (kind, service_namespace, name) = service_of(host, namespace);
    Backend {
        group: CompactString::default(),
        kind: CompactString::const_new(kind),
        namespace: service_namespace.into(),
        name: name.into(),
        port: node.and_then(|node| node.get("port")).and_then(|node| node.number("number", notes)),
        weight: 1,
        subset: node.and_then(|node| node.word("subset", notes)),
        filters: Vec::new(),
    }
}

fn service_of<'a>(host: &'a str, namespace: &'a str) -> (&'static str, &'a str, &'a str) {
    let mut parts = host.splitn(4, '.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), None, _) => ("Service", namespace, name),
        (Some(name), Some(other), Some("svc")) => ("Service", other, name),
        _ => ("Host", namespace, host),
    }
}

fn filters(node: Node<'_>, namespace: &str, notes: &mut Notes) -> Vec<Filter> {
    let mut all = Vec::new();
    if let Some(fault) = node.get("fault") {
        all.push(Filter::Fault(fault_words(fault, notes)));
    }
    if let Some(redirect) = node.get("redirect") {
        all.push(Filter::Redirect(Redirect {
            scheme: redirect.word("scheme", notes),
            host: redirect.word("authority", notes),
            port: redirect.number("port", notes),
            path: redirect.word("uri", notes).map(PathEdit::Full),
            status: redirect.number("redirectCode", notes).unwrap_or(301),
        }));
    }
    if let Some(answer) = node.get("directResponse") {
        all.push(Filter::DirectResponse { status: answer.number("status", notes).unwrap_or(200) });
    }
    if let Some(rewrite) = node.get("rewrite") {
        let regex = rewrite.get("uriRegexRewrite").map(|regex| PathEdit::Regex {
            find: regex.word("match", notes).unwrap_or_default(),
            with: regex.word("rewrite", notes).unwrap_or_default(),
        });
        all.push(Filter::Rewrite {
            host: rewrite.word("authority", notes),
            path: regex.or(rewrite.word("uri", notes).map(PathEdit::Prefix)),
        });
    }
    // The single `mirror` has its percentage beside it, each of `mirrors` within.
    let one = node.get("mirror").map(|to| (to, percentage(node, "mirrorPercentage")));
    let several: Vec<_> = node.list("mirrors", notes).collect();
    let several = several.into_iter().filter_map(|one| Some((one.get("destination")?, percentage(one, "percentage"))));
    for (to, percent) in one.into_iter().chain(several.collect::<Vec<_>>()) {
        let to = destination(Some(to), namespace, notes);
        all.push(Filter::Mirror(Mirror { to, per_million: percent }));
    }
    if let Some(headers) = node.get("headers") {
        let changed =
            |side| headers.get(side).map(|node| edits(node, notes)).filter(|one| *one != HeaderEdits::default());
        let [request, response] = ["request", "response"].map(changed);
        all.extend(request.map(Filter::RequestHeaders));
        all.extend(response.map(Filter::ResponseHeaders));
    }
    if node.get("delegate").is_some() {
        all.push(Filter::Other(CompactString::const_new("delegate")));
    }
    if node.get("corsPolicy").is_some() {
        all.push(Filter::Other(CompactString::const_new("corsPolicy")));
    }
    all
}

/// Of a million requests; without a percentage all.
fn percentage<'a>(node: Node<'a>, field: &'a str) -> u32 {
    let value = node.get(field).and_then(|node| node.get("value")).and_then(|node| node.value().as_f64());
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range after `clamp`")]
    value.map_or(1_000_000, |percent| (percent.clamp(0.0, 100.0) * 10_000.0).round() as u32)
}

fn edits(node: Node<'_>, notes: &mut Notes) -> HeaderEdits {
    let mut pairs = |field: &'static str| {
        let entries: Vec<_> = node.entries(field, notes).collect();
        let pair = |(name, value): (&str, Node<'_>)| (name.into(), value.value().as_str().unwrap_or_default().into());
        entries.into_iter().map(pair).collect::<Vec<_>>()
    };
    HeaderEdits { set: pairs("set"), add: pairs("add"), remove: node.words("remove", notes) }
}

fn fault_words(fault: Node<'_>, notes: &mut Notes) -> String {
    let share = |node: Node<'_>| {
        let value = node.get("percentage").and_then(|node| node.get("value")).and_then(|node| node.value().as_f64());
        // Istio: without a percentage no request is hit.
        format!("{} %", value.unwrap_or(0.0))
    };
    let mut words = Vec::new();
    if let Some(delay) = fault.get("delay") {
        words.push(format!("delay {} for {}", delay.text("fixedDelay", notes).unwrap_or("?"), share(delay)));
    }
    if let Some(abort) = fault.get("abort") {
        let status = abort.number::<u16>("httpStatus", notes).map(|status| status.to_string());
        let grpc = abort.text("grpcStatus", notes).map(ToOwned::to_owned);
        words.push(format!("abort {} for {}", status.or(grpc).unwrap_or_default(), share(abort)));
    }
    words.join(", ")
}
