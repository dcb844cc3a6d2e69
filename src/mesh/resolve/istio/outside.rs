//! Requests from outside: the servers of Istio's Gateways that hear them, and the VirtualServices bound there.

use compact_str::CompactString;

use super::{
    super::{Outcome, RedirectTo, Request, Resolution, Scheme, World},
    Place, answer, forms,
    line::{Line, gateways},
    virtual_services,
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
        if let Some(line) = Line::at(world, &place, &forms, |_| true) {
            all.push((format!("{namespace}/{name}"), answer::of(world, request, &place, path, &line, vec![note])));
        }
    }
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all.into_iter().map(|(_, answer)| answer).collect()
}

fn at(world: &World<'_>, gateway: &IstioGatewayRow, request: &Request, host: &str, path: &str) -> Option<Resolution> {
    let name = request.sni.as_deref().map_or_else(|| host.to_owned(), host::normal);
    let hears = |server: &&Server| {
        speaks(server, request.scheme) && server.hosts.iter().any(|scoped| host::matches(&scoped.host, &name))
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
    if server.tls.as_deref() == Some("PASSTHROUGH") {
        let why = format!("server {own} hands the connection on by the name in the handshake: its TLS rules decide");
        return Some(Resolution::nothing(Some(label), None, vec![why]));
    }
    if server.https_redirect && request.scheme == Scheme::Http {
        let note = format!("server {own} sends every plain request to https (httpsRedirect)");
        let mut answer = Resolution::nothing(Some(label), Some(301), vec![note]);
        answer.outcome = Outcome::Redirect;
        answer.redirect =
            Some(RedirectTo { scheme: "https".to_owned(), host: host.to_owned(), port: 443, path: path.to_owned() });
        return Some(answer);
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
                && host::matches(&scoped.host, &name)
                && route.hosts.iter().any(|own| host::intersect(&route.meant(own), &scoped.host))
        })
    };
    let forms = forms(host, None);
    Some(match Line::at(world, &place, &forms, admitted) {
        Some(line) => answer::of(world, request, &place, path, &line, notes),
        None => {
            notes.push(format!("no VirtualService that is bound to {label} names {host}"));
            Resolution::nothing(Some(label), Some(404), notes)
        }
    })
}

fn speaks(server: &Server, scheme: Scheme) -> bool {
    let protocol = server.protocol.as_str();
    match scheme {
        Scheme::Http => matches!(protocol, "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB"),
        Scheme::Https => matches!(protocol, "HTTPS" | "TLS"),
        // Rules of `tls` and `tcp` are not asked.
        Scheme::Tls | Scheme::Tcp => false,
    }
}
