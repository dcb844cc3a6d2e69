//! Where the request comes in, and which routes are attached there.

use compact_str::CompactString;

use super::{LostAt, Request, World};
use crate::mesh::{
    gateways::{GatewayRow, Gateways, Listener},
    host,
    routes::{Parent, ParentKind, RouteKind, RouteRow, Verdict},
};

/// One place that takes the request.
#[derive(Debug, Clone)]
pub(super) enum Frontend<'a> {
    /// A listener of a known Gateway.
    Listener {
        gateway: &'a GatewayRow,
        listener: &'a Listener,
        /// Its port was not asked for but taken.
        assumed_port: bool,
    },
    /// A Gateway named by routes and not known itself.
    Implied { namespace: CompactString, name: CompactString },
    /// A Service inside the mesh.
    Service { namespace: CompactString, name: CompactString },
}

impl Frontend<'_> {
    /// `NS/GATEWAY/LISTENER`, or `Service NS/NAME`.
    pub fn label(&self) -> String {
        match self {
            Self::Listener { gateway, listener, .. } => {
                format!("{}/{}/{}", gateway.namespace, gateway.name, listener.name)
            }
            Self::Implied { namespace, name } => format!("{namespace}/{name}/*"),
            Self::Service { namespace, name } => format!("Service {namespace}/{name}"),
        }
    }

    /// Its port, for redirects; of what is not known, the scheme's own.
    pub fn port(&self, request: &Request) -> u16 {
        match self {
            Self::Listener { listener, .. } => listener.port,
            Self::Implied { .. } | Self::Service { .. } => request.port.unwrap_or(request.scheme.default_port()),
        }
    }

    fn is_parent(&self, parent: &Parent) -> bool {
        match self {
            Self::Listener { gateway, .. } => {
                parent.kind == ParentKind::Gateway
                    && parent.name == gateway.name
                    && parent.namespace == gateway.namespace
            }
            Self::Implied { namespace, name } => {
                parent.kind == ParentKind::Gateway && parent.name == *name && parent.namespace == *namespace
            }
            Self::Service { namespace, name } => {
                parent.kind == ParentKind::Service && parent.name == *name && parent.namespace == *namespace
            }
        }
    }

    /// Whether this reference reaches exactly here.
    fn reached_by(&self, parent: &Parent, port: Option<u16>) -> bool {
        self.is_parent(parent)
            && match self {
                Self::Listener { listener, .. } => {
                    parent.section.as_ref().is_none_or(|section| *section == listener.name)
                        && parent.port.is_none_or(|port| port == listener.port)
                }
                Self::Implied { .. } => true,
                Self::Service { .. } => parent.port.is_none_or(|wanted| port.is_none_or(|port| port == wanted)),
            }
    }
}

/// How a route stands to a frontend.
pub(super) enum Standing<'a> {
    /// Attached; these of its hostnames count (empty: whatever the frontend serves).
    Attached { parent: &'a Parent, hosts: Vec<&'a str> },
    /// Names this frontend's Gateway, or claims the request's host, and is not attached here.
    Out(LostAt),
    /// Nothing to do with the request.
    Stranger,
}

/// How `route` stands to `frontend` for a request to `host`.
pub(super) fn standing<'a>(
    frontend: &Frontend<'_>,
    route: &'a RouteRow,
    host: &str,
    port: Option<u16>,
    world: &World<'_>,
) -> Standing<'a> {
    if route.kind != RouteKind::Http {
        return Standing::Stranger;
    }
    let related = route.parents.iter().any(|parent| frontend.is_parent(parent))
        || route.hosts.iter().any(|pattern| host::matches(pattern, host));
    if !related {
        return Standing::Stranger;
    }
    let mut out = LostAt::Listener;
    for parent in route.parents.iter().filter(|parent| frontend.reached_by(parent, port)) {
        let mut hosts: Vec<&str> = route.hosts.iter().map(CompactString::as_str).collect();
        match frontend {
            Frontend::Listener { gateway, listener, .. } => {
                let labels = world.namespaces.as_ref().and_then(|all| all.get(route.namespace.as_str()));
                if !listener.takes_kind(route.kind)
                    || !listener.takes_namespace(&gateway.namespace, &route.namespace, labels)
                {
                    continue;
                }
                if let Some(served) = &listener.hostname {
                    hosts.retain(|pattern| host::intersect(pattern, served));
                    if hosts.is_empty() && !route.hosts.is_empty() {
                        out = LostAt::Hostname;
                        continue;
                    }
                }
            }
            Frontend::Implied { .. } => {}
            // A Service is reached by its own name: the specification of mesh routes gives `hostnames` no meaning there.
            Frontend::Service { .. } => hosts.clear(),
        }
        if parent.accepted.as_ref().is_some_and(|condition| condition.verdict == Verdict::False) {
            out = LostAt::NotAccepted;
            continue;
        }
        return Standing::Attached { parent, hosts };
    }
    Standing::Out(out)
}

/// Everything that would take the request, Gateways by `ns/name`, then Services.
pub(super) fn all<'a>(world: &World<'a>, request: &Request, host: &str) -> Vec<Frontend<'a>> {
    let wanted = |namespace: &CompactString, name: &CompactString| {
        request.gateway.as_ref().is_none_or(|(ns, gateway)| ns == namespace && gateway == name)
    };
    let mut found = Vec::new();
    let Gateways { rows, seen } = &world.gateways;
    let mut gateways: Vec<_> = rows.iter().copied().filter(|row| wanted(&row.namespace, &row.name)).collect();
    gateways.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    found.extend(gateways.into_iter().filter_map(|gateway| listener(gateway, request, host)));
    let mut named: Vec<_> = parents(world, ParentKind::Gateway)
        .filter(|(namespace, name)| !seen.covers(namespace) && wanted(namespace, name))
        .collect();
    named.sort();
    named.dedup();
    found.extend(named.into_iter().map(|(namespace, name)| Frontend::Implied { namespace, name }));
    if request.gateway.is_none() {
        let mut services: Vec<_> = parents(world, ParentKind::Service)
            .filter(|(namespace, name)| is_service_host(host, namespace, name))
            .collect();
        services.sort();
        services.dedup();
        found.extend(services.into_iter().map(|(namespace, name)| Frontend::Service { namespace, name }));
    }
    found
}

fn parents<'w>(world: &'w World<'_>, kind: ParentKind) -> impl Iterator<Item = (CompactString, CompactString)> + 'w {
    let routes = world.routes.iter().filter(|route| route.kind == RouteKind::Http);
    routes
        .flat_map(|route| &route.parents)
        .filter(move |parent| parent.kind == kind)
        .map(|parent| (parent.namespace.clone(), parent.name.clone()))
}

/// `name`, `name.ns`, `name.ns.svc`, `name.ns.svc.DOMAIN`.
fn is_service_host(host: &str, namespace: &str, name: &str) -> bool {
    let Some(rest) = host.strip_prefix(name) else { return false };
    if rest.is_empty() {
        return true;
    }
    let Some(rest) = rest.strip_prefix('.').and_then(|rest| rest.strip_prefix(namespace)) else { return false };
    rest.is_empty() || rest == ".svc" || rest.starts_with(".svc.")
}

/// The listener of one Gateway that takes the request: on its port, the most specific hostname that matches (the whole name,
/// then the longest wildcard, then none).
fn listener<'a>(gateway: &'a GatewayRow, request: &Request, host: &str) -> Option<Frontend<'a>> {
    let speaks = |listener: &&Listener| listener.protocol == request.scheme.protocol();
    let takes = |listener: &&Listener| listener.hostname.as_ref().is_none_or(|pattern| host::matches(pattern, host));
    let port = request.port.or_else(|| {
        let usual = request.scheme.default_port();
        let mut ports = gateway.listeners.iter().filter(speaks).filter(takes).map(|listener| listener.port);
        let first = ports.clone().next();
        if ports.any(|port| port == usual) { Some(usual) } else { first }
    })?;
    gateway
        .listeners
        .iter()
        .filter(speaks)
        .filter(|listener| listener.port == port)
        .filter(takes)
        .max_by_key(|listener| {
            let pattern = listener.hostname.as_deref();
            // Of equal listeners the first: `max_by_key` takes the last, but two equal ones on one port cannot be.
            pattern.map_or((false, 0), |pattern| (!host::is_wildcard(pattern), pattern.len()))
        })
        .map(|listener| Frontend::Listener {
            gateway,
            listener,
            assumed_port: request.port.is_none() && port != request.scheme.default_port(),
        })
}
