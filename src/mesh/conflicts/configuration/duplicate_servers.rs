//! Servers of two of Istio's Gateways for one host on one port of the same proxies (Kiali: KIA0301), or of two protocols on one
//! port.
//!
//! Plain HTTP servers of one port are one server to the proxy: VirtualServices of either Gateway take its requests. Of TLS
//! servers with the same host the younger Gateway's is left out as a whole, as is one of another protocol. Hosts are compared as
//! they stand: where one is narrower than the other the proxy takes the most exact, so that is no conflict.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Conflict, ConflictKind, Ground, about,
    proxies::{self, Before},
    seniority, side,
};
use crate::mesh::{
    conflicts::ObjectKind,
    istio::{IstioGatewayRow, Scoped, Server},
};

type Served<'a> = (&'a IstioGatewayRow, &'a Server);

pub(super) fn find(ground: &Ground<'_>) -> Vec<Conflict> {
    let mut by_host: BTreeMap<(u16, &str), Vec<Served<'_>>> = BTreeMap::new();
    let mut by_port: BTreeMap<u16, BTreeMap<&str, Vec<Served<'_>>>> = BTreeMap::new();
    for row in ground.world.istio.gateways.rows {
        for server in row.servers.iter().filter(|server| server.port != 0) {
            by_port.entry(server.port).or_default().entry(family(server)).or_default().push((row, server));
            for host in &server.hosts {
                by_host.entry((server.port, &host.host)).or_default().push((row, server));
            }
        }
    }
    let fitting = ground.fitting();
    let common = proxies::common(ground.world.istio.gateways.rows.iter().map(|row| &row.selector));
    let mut all = Vec::new();
    let mut told = BTreeSet::new();
    for (port, families) in by_port.iter().filter(|(_, families)| families.len() > 1) {
        let mut servers: Vec<Served<'_>> = families.values().flatten().copied().collect();
        sort(&mut servers);
        let mut before = Before::new(fitting, &common);
        for (loser, server) in servers {
            let differs =
                |(winner, other): &Served<'_>| family(other) != family(server) && !std::ptr::eq(*winner, loser);
            let found = before.first(&loser.selector, differs);
            before.push(&loser.selector, (loser, server));
            let Some((winner, other)) = found else { continue };
            if told.insert((name(winner), name(loser), *port)) {
                let (one, another) = (family(other), family(server));
                let why =
                    format!("port {port} of the same proxies has {one} and {another}: the younger server is left out");
                all.push(pair(ground, winner, loser, why));
            }
        }
    }
    for ((port, host), mut servers) in by_host.into_iter().filter(|(_, servers)| servers.len() > 1) {
        sort(&mut servers);
        let mut before = Before::new(fitting, &common);
        for (loser, server) in servers {
            let claims = |(winner, other): &Served<'_>| {
                !std::ptr::eq(*winner, loser)
                    && family(other) == family(server)
                    && admit_one((winner, other), (loser, server), host)
            };
            let found = before.first(&loser.selector, claims);
            before.push(&loser.selector, (loser, server));
            let Some((winner, _)) = found else { continue };
            let fate = if family(server) == TLS {
                "the younger server is left out"
            } else {
                "they are one server, and VirtualServices of either take its requests"
            };
            let why = format!("both serve {host} on port {port} of the same proxies: {fate}");
            all.push(pair(ground, winner, loser, why));
        }
    }
    all
}

fn name(row: &IstioGatewayRow) -> (&str, &str) {
    (&row.namespace, &row.name)
}

fn sort(servers: &mut [Served<'_>]) {
    servers.sort_by(|(a, _), (b, _)| {
        seniority(a.created, &a.namespace, &a.name).cmp(&seniority(b.created, &b.namespace, &b.name))
    });
}

const TLS: &str = "TLS";

/// What of its protocol must be the same on one port.
fn family(server: &Server) -> &str {
    match server.protocol.as_str() {
        _ if server.tls.is_some() => TLS,
        "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB" => "plain HTTP",
        "HTTPS" | "TLS" => TLS,
        "" => "no protocol",
        other => other,
    }
}

/// Whether VirtualServices of some namespace may bind to both for the host.
fn admit_one(a: (&IstioGatewayRow, &Server), b: (&IstioGatewayRow, &Server), host: &str) -> bool {
    let from = |(row, server): (&IstioGatewayRow, &Server)| -> Vec<Option<String>> {
        let own = server.hosts.iter().filter(|scoped| scoped.host == host);
        own.map(|Scoped { namespace, .. }| match namespace.as_deref() {
            None | Some("*") => None,
            Some(".") => Some(row.namespace.to_string()),
            Some(name) => Some(name.to_owned()),
        })
        .filter(|namespace| namespace.as_deref() != Some("~"))
        .collect()
    };
    let (a, b) = (from(a), from(b));
    a.iter().any(|a| b.iter().any(|b| a.is_none() || b.is_none() || a == b))
}

fn pair(ground: &Ground<'_>, winner: &IstioGatewayRow, loser: &IstioGatewayRow, why: String) -> Conflict {
    let of = |row: &IstioGatewayRow| side(ObjectKind::Gateway, name(row));
    let routes = ground.bound(&[name(winner), name(loser)]);
    let found = about(ConflictKind::DuplicateServer, Some("KIA0301"), of(loser), why, routes);
    Conflict { winner: Some(of(winner)), ..found }
}
