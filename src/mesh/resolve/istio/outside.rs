//! Requests from outside: the servers of Istio's Gateways that hear them, and the VirtualServices bound there.

use compact_str::CompactString;

use super::{
    super::{Outcome, Request, Resolution, Scheme, World, rewrite},
    Place, answer, forms,
    line::{Line, gateways},
    proxies, stream, virtual_services,
};
use crate::mesh::{
    host,
    istio::{IstioGatewayRow, Server},
};

/// The answers of all Gateways of Istio's that hear the request, by `ns/name`.
pub(in super::super) fn at_gateways(world: &World<'_>, request: &Request, host: &str, path: &str) -> Vec<Resolution> {
    if request.from.is_some() {
        return Vec::new();
    }
    let wanted = |namespace: &str, name: &str| {
        request.gateway.as_ref().is_none_or(|(ns, gateway)| ns == namespace && gateway == name)
    };
    let heard = &world.istio.gateways;
    let mut all: Vec<(String, Resolution)> = Vec::new();
    for gateway in heard.rows.iter().filter(|row| wanted(&row.namespace, &row.name)) {
        if let Some(answer) = at(world, gateway, request, host, path) {
            all.push((format!("{}/{}", gateway.namespace, gateway.name), answer));
        }
    }
    let mut named: Vec<(CompactString, CompactString)> = virtual_services(world)
        .flat_map(gateways)
        .filter(|(namespace, name)| !heard.seen.covers(namespace) && wanted(namespace, name))
        .filter(|(namespace, name)| !heard.rows.iter().any(|row| row.namespace == *namespace && row.name == *name))
        .collect();
    named.sort();
    named.dedup();
    for (namespace, name) in named {
        let place = Place {
            viewer: namespace.clone(),
            port: request.port,
            labels: None,
            label: format!("{namespace}/{name}/*"),
            gateway: Some((namespace.clone(), name.clone())),
        };
        let note = format!("Istio's Gateway {namespace}/{name} is not known: taken as one server for all hosts");
        let forms = forms(host, None);
        let rules = match request.scheme {
            Scheme::Http | Scheme::Https => None,
            Scheme::Tls => Some(stream::Rules::Both),
            Scheme::Tcp => Some(stream::Rules::Tcp),
            Scheme::Udp => continue,
        };
        if let Some(rules) = rules {
            let asked = connection(&place, request, host, rules);
            if let Ok(answer) = stream::taken(world, request, &asked, |_| true, vec![note]) {
                all.push((format!("{namespace}/{name}"), answer));
            }
        } else if let Some(line) = Line::at(world, &place, &forms, |_| true) {
            all.push((format!("{namespace}/{name}"), answer::of(world, request, &place, path, &line, vec![note])));
        }
    }
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all.into_iter().map(|(_, answer)| answer).collect()
}

/// The connection as it is asked at a Gateway; where it is sent on to is not known there.
fn connection<'a>(place: &'a Place<'a>, request: &Request, host: &str, rules: stream::Rules) -> stream::Asked<'a> {
    let sni = request.sni.as_deref().map_or_else(|| host.to_owned(), host::normal);
    let named = request.scheme.has_name() || !host.is_empty();
    // Of TLS only the name in the handshake is seen.
    let name = if request.scheme.has_name() { &sni } else { host };
    stream::Asked {
        place,
        forms: if named { forms(name, None) } else { Vec::new() },
        addresses: Vec::new(),
        rules,
        sni: sni.clone(),
    }
}

fn at(world: &World<'_>, gateway: &IstioGatewayRow, request: &Request, host: &str, path: &str) -> Option<Resolution> {
    let name = request.sni.as_deref().map_or_else(|| host.to_owned(), host::normal);
    let hears = |server: &&Server| {
        // A connection without a name goes by its port alone.
        let named = request.scheme.has_name();
        speaks(server, request.scheme)
            && (!named || server.hosts.iter().any(|scoped| host::matches(&scoped.host, &name)))
    };
    let usual = request.scheme.default_port();
    let there: Vec<&Server> = gateway.servers.iter().filter(hears).collect();
    let port = request.port.or_else(|| {
        let first = there.first()?.port;
        Some(if there.iter().any(|server| server.port == usual) { usual } else { first })
    })?;
    // Of servers on one port the one that names the host most exactly.
    let exact = |server: &Server| {
        let patterns = server.hosts.iter().filter(|scoped| host::matches(&scoped.host, &name));
        patterns.map(|scoped| (!host::is_wildcard(&scoped.host), scoped.host.len())).max()
    };
    let server = there.into_iter().filter(|server| server.port == port).rev().max_by_key(|server| exact(server))?;
    let own = server.name.as_ref().map_or_else(|| server.port.to_string(), ToString::to_string);
    let label = format!("{}/{}/{own}", gateway.namespace, gateway.name);
    let (served_by, mut told) = proxies::serving(world, gateway, port);
    if server.https_redirect && request.scheme == Scheme::Http {
        let note = format!("server {own} sends every plain request to https (httpsRedirect)");
        told.insert(0, note);
        let mut answer = Resolution::nothing(Some(label), Some(301), told);
        answer.outcome = Outcome::Redirect;
        answer.redirect = Some(rewrite::leads_to("https", host, 443, path.to_owned(), request));
        return Some(Resolution { served_by, ..answer });
    }
    let place = Place {
        gateway: Some((gateway.namespace.clone(), gateway.name.clone())),
        viewer: gateway.namespace.clone(),
        port: Some(port),
        labels: None,
        label: label.clone(),
    };
    let mut notes = Vec::new();
    if request.port.is_none() && port != usual {
        notes.push(format!("no port was given: taken as port {port}"));
    }
    // A server may take VirtualServices of some namespaces only, and only for hosts it serves.
    let admitted = |route: &crate::mesh::routes::RouteRow| {
        server.hosts.iter().any(|scoped| {
            scoped.admits(&gateway.namespace, &route.namespace)
                && (!request.scheme.has_name() || host::matches(&scoped.host, &name))
                && route.hosts.iter().any(|own| host::intersect(&route.meant(own), &scoped.host))
        })
    };
    let mut answer = match inner(server) {
        Inner::Requests if request.scheme == Scheme::Tls => {
            let why = format!("TLS ends at server {own} and requests are read: ask with https");
            Resolution::nothing(Some(label), None, vec![why])
        }
        Inner::Requests => match Line::at(world, &place, &forms(host, None), admitted) {
            Some(line) => answer::of(world, request, &place, path, &line, notes),
            None => {
                notes.push(format!("no VirtualService that is bound to {label} names {host}"));
                Resolution::nothing(Some(label), Some(404), notes)
            }
        },
        Inner::Connections(rules) => {
            match rules {
                stream::Rules::Tls => notes.push(format!("server {own} hands TLS on by the name in the handshake")),
                stream::Rules::Tcp if server.tls.is_some() => notes.push(format!("TLS ends at server {own}")),
                stream::Rules::Tcp | stream::Rules::Both => {}
            }
            let asked = connection(&place, request, host, rules);
            stream::taken(world, request, &asked, admitted, notes).unwrap_or_else(|(losers, mut notes)| {
                notes.push(format!(
                    "no rule of a VirtualService that is bound to {label} takes the connection: it is closed"
                ));
                Resolution { losers, ..Resolution::nothing(Some(label), None, notes) }
            })
        }
        Inner::Itself => {
            notes.push(format!(
                "server {own} goes by the name in the handshake alone (AUTO_PASSTHROUGH): no rule is asked"
            ));
            Resolution::nothing(Some(label), None, notes)
        }
    };
    answer.notes.append(&mut told);
    Some(Resolution { served_by, ..answer })
}

/// What a server sees of what comes in.
enum Inner {
    /// Requests.
    Requests,
    /// Connections, which these rules steer.
    Connections(stream::Rules),
    /// The name in the handshake says the Service, and nobody is asked.
    Itself,
}

/// `tls.mode` decides whether TLS ends here.
fn inner(server: &Server) -> Inner {
    let protocol = server.protocol.as_str();
    match server.tls.as_deref() {
        Some("AUTO_PASSTHROUGH") => Inner::Itself,
        Some("PASSTHROUGH") => Inner::Connections(stream::Rules::Tls),
        Some(_) | None if matches!(protocol, "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB" | "HTTPS") => Inner::Requests,
        Some(_) | None => Inner::Connections(stream::Rules::Tcp),
    }
}

fn speaks(server: &Server, scheme: Scheme) -> bool {
    let protocol = server.protocol.as_str();
    match scheme {
        Scheme::Http => matches!(protocol, "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB"),
        Scheme::Https => matches!(protocol, "HTTPS" | "TLS"),
        Scheme::Tls => matches!(protocol, "HTTPS" | "TLS"),
        Scheme::Tcp => matches!(protocol, "TCP" | "MONGO" | "MYSQL" | "REDIS"),
        Scheme::Udp => false,
    }
}
