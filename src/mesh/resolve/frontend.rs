//! Where the request comes in, and which routes are attached there.

use compact_str::CompactString;

use super::{LostAt, Request, Scheme, World, inside, kinds::Layer};
use crate::mesh::{
    gateways::{GatewayRow, Gateways, Listener},
    host, ingress_class,
    listener_sets::{Declared, declared, merged, rival},
    routes::{Parent, ParentKind, RouteKind, RouteRow, Verdict},
};

/// One place that takes the request.
#[derive(Debug, Clone)]
pub(super) enum Frontend<'a> {
    /// A listener of a known Gateway.
    Listener {
        gateway: &'a GatewayRow,
        /// Who declares it: the Gateway or one of its ListenerSets.
        owner: &'a GatewayRow,
        listener: &'a Listener,
        /// All listeners of the Gateway.
        all: Vec<Declared<'a>>,
        /// Its port was not asked for but taken.
        assumed_port: bool,
    },
    /// A Gateway named by routes and not known itself.
    Implied { namespace: CompactString, name: CompactString },
    /// A Service inside the mesh, and the namespace whose routes count for the client.
    Service { namespace: CompactString, name: CompactString, steered_by: CompactString },
    /// All Ingresses of a class, served as one; an empty name: those that name none.
    Ingress { class: CompactString },
}

impl Frontend<'_> {
    /// `NS/GATEWAY/LISTENER`, with the ListenerSet it is of, `Service NS/NAME`, or `IngressClass NAME`.
    pub fn label(&self) -> String {
        match self {
            Self::Listener { gateway, owner, listener, .. } => {
                let place = format!("{}/{}/{}", gateway.namespace, gateway.name, listener.name);
                match &owner.hangs_on {
                    Some(_) => format!("{place} of ListenerSet {}/{}", owner.namespace, owner.name),
                    None => place,
                }
            }
            Self::Implied { namespace, name } => format!("{namespace}/{name}/*"),
            Self::Service { namespace, name, .. } => format!("Service {namespace}/{name}"),
            Self::Ingress { class } if class.is_empty() => "IngressClass –".to_owned(),
            Self::Ingress { class } => format!("IngressClass {class}"),
        }
    }

    /// Its port, for redirects; of what is not known, the scheme's own.
    pub fn port(&self, request: &Request) -> u16 {
        match self {
            Self::Listener { listener, .. } => listener.port,
            Self::Implied { .. } | Self::Service { .. } | Self::Ingress { .. } => {
                request.port.unwrap_or(request.scheme.default_port())
            }
        }
    }

    fn is_parent(&self, route: &RouteRow, parent: &Parent, world: &World<'_>) -> bool {
        match self {
            Self::Listener { owner, .. } => {
                let kind = if owner.hangs_on.is_some() { ParentKind::ListenerSet } else { ParentKind::Gateway };
                parent.kind == kind && parent.name == owner.name && parent.namespace == owner.namespace
            }
            Self::Implied { namespace, name } => {
                parent.kind == ParentKind::Gateway && parent.name == *name && parent.namespace == *namespace
            }
            Self::Service { namespace, name, .. } => {
                parent.kind == ParentKind::Service && parent.name == *name && parent.namespace == *namespace
            }
            Self::Ingress { class } => {
                parent.kind == ParentKind::IngressClass && ingress_class::of(world, route, parent) == class
            }
        }
    }

    /// Whether this reference reaches exactly here.
    fn reached_by(&self, route: &RouteRow, parent: &Parent, port: Option<u16>, world: &World<'_>) -> bool {
        self.is_parent(route, parent, world)
            && match self {
                Self::Listener { listener, .. } => listener.is_named_by(parent),
                Self::Implied { .. } | Self::Ingress { .. } => true,
                Self::Service { .. } => inside::reaches(parent, port, world),
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
    request: &Request,
    host: &str,
    world: &World<'_>,
) -> Standing<'a> {
    if route.kind == RouteKind::VirtualService {
        return Standing::Stranger;
    }
    if let Frontend::Service { namespace, steered_by, .. } = frontend
        && route.namespace != *steered_by
    {
        // Clients with routes of their own do not go by the Service's.
        let own = route.namespace == *namespace
            && route.parents.iter().any(|parent| frontend.is_parent(route, parent, world));
        return if own { Standing::Out(LostAt::Source) } else { Standing::Stranger };
    }
    let port = request.port;
    let related = route.parents.iter().any(|parent| frontend.is_parent(route, parent, world))
        || route.hosts.iter().any(|pattern| host::matches(pattern, host));
    if !related {
        return Standing::Stranger;
    }
    let mut out = LostAt::Listener;
    for parent in route.parents.iter().filter(|parent| frontend.reached_by(route, parent, port, world)) {
        let mut hosts: Vec<&str> = route.hosts.iter().map(CompactString::as_str).collect();
        match frontend {
            Frontend::Listener { owner, listener, .. } => {
                let labels = world.namespaces.as_ref().and_then(|all| all.get(route.namespace.as_str()));
                if !listener.takes_kind(route.kind)
                    || !listener.takes_namespace(&owner.namespace, &route.namespace, labels)
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
            // The hosts of an Ingress are those of its rules, and come with them.
            Frontend::Service { .. } | Frontend::Ingress { .. } => hosts.clear(),
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
    if request.gateway.is_none() {
        let mut services: Vec<_> = parents(world, ParentKind::Service)
            .filter(|(namespace, name)| is_service_host(host, namespace, name, request))
            .collect();
        services.sort();
        services.dedup();
        found.extend(services.into_iter().filter_map(|(namespace, name)| {
            let steered_by = inside::steered_by(world, request, &namespace, &name)?;
            Some(Frontend::Service { namespace, name, steered_by })
        }));
    }
    // Who is inside the mesh reaches Services, not listeners.
    if request.from.is_some() {
        return found;
    }
    let services = std::mem::take(&mut found);
    if request.class.is_some() {
        return ingresses(world, request);
    }
    let Gateways { rows, seen } = &world.gateways;
    let mut gateways: Vec<_> =
        rows.iter().copied().filter(|row| row.hangs_on.is_none() && wanted(&row.namespace, &row.name)).collect();
    gateways.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    found.extend(gateways.into_iter().filter_map(|gateway| listener(gateway, merged(gateway, world), request, host)));
    let mut named: Vec<_> = parents(world, ParentKind::Gateway)
        .filter(|(namespace, name)| !seen.covers(namespace) && wanted(namespace, name))
        .collect();
    named.sort();
    named.dedup();
    found.extend(named.into_iter().map(|(namespace, name)| Frontend::Implied { namespace, name }));
    found.extend(services);
    found.extend(ingresses(world, request));
    found
}

/// The classes of Ingresses, by name. Controllers listen on 80 and 443 and nowhere else (networking.k8s.io/v1, comment on
/// `rules[].host`).
fn ingresses<'a>(world: &World<'_>, request: &Request) -> Vec<Frontend<'a>> {
    let usual = request.port.is_none_or(|port| port == request.scheme.default_port());
    if request.scheme.is_stream() || request.gateway.is_some() || !usual {
        return Vec::new();
    }
    let wanted = |class: &CompactString| request.class.as_ref().is_none_or(|wanted| wanted == class);
    let named = world.routes.iter().flat_map(|route| route.parents.iter().map(move |parent| (route, parent)));
    let named = named.filter(|(_, parent)| parent.kind == ParentKind::IngressClass);
    let named = named.map(|(route, parent)| CompactString::from(ingress_class::of(world, route, parent)));
    let mut classes: Vec<_> = named.filter(wanted).collect();
    classes.sort();
    classes.dedup();
    classes.into_iter().map(|class| Frontend::Ingress { class }).collect()
}

pub(super) fn parents<'w>(
    world: &'w World<'_>,
    kind: ParentKind,
) -> impl Iterator<Item = (CompactString, CompactString)> + 'w {
    let routes = world.routes.iter().filter(|route| route.kind != RouteKind::VirtualService);
    routes
        .flat_map(|route| &route.parents)
        .filter(move |parent| parent.kind == kind)
        .map(|parent| (parent.namespace.clone(), parent.name.clone()))
}

/// `name` (of the client's own namespace, where the client is known), `name.ns`, `name.ns.svc`, `name.ns.svc.DOMAIN`.
pub(super) fn is_service_host(host: &str, namespace: &str, name: &str, request: &Request) -> bool {
    if host == name {
        return request.from.as_ref().is_none_or(|(client, _)| client == namespace);
    }
    host::is_service(host, namespace, name)
}

/// The listener of one Gateway that takes the request, by the name in the handshake where there is one, else by the host.
fn listener<'a>(
    gateway: &'a GatewayRow,
    all: Vec<Declared<'a>>,
    request: &Request,
    host: &str,
) -> Option<Frontend<'a>> {
    let sni = request.sni.as_deref().map(host::normal);
    let name = sni.as_deref().unwrap_or(host);
    let port = request.port.or_else(|| {
        let usual = request.scheme.default_port();
        let mut ports =
            all.iter().map(|(_, one)| one).filter(|one| takes(one, request.scheme, name)).map(|one| one.port);
        let first = ports.clone().next();
        if ports.any(|port| port == usual) { Some(usual) } else { first }
    })?;
    let (owner, listener) = best(&all, request.scheme, port, name)?;
    Some(Frontend::Listener {
        gateway,
        owner,
        listener,
        all,
        assumed_port: request.port.is_none() && port != request.scheme.default_port(),
    })
}

fn takes(listener: &Listener, scheme: Scheme, name: &str) -> bool {
    // Where no name is seen none is asked for (`listeners[].hostname`).
    let pattern = listener.hostname.as_ref().filter(|_| scheme.has_name());
    scheme.reaches(&listener.protocol) && pattern.is_none_or(|pattern| host::matches(pattern, name))
}

/// Of the listeners on a port the one with the most specific hostname that matches (the whole name, then the longest wildcard,
/// then none).
fn best<'a>(all: &[Declared<'a>], scheme: Scheme, port: u16, name: &str) -> Option<Declared<'a>> {
    let there = all.iter().copied().filter(|(_, one)| one.port == port && takes(one, scheme, name));
    there.max_by_key(|(_, listener)| {
        let pattern = listener.hostname.as_deref();
        // Of equal listeners the first: `max_by_key` takes the last, but two equal ones on one port cannot be.
        pattern.map_or((false, 0), |pattern| (!host::is_wildcard(pattern), pattern.len()))
    })
}

/// Listeners that would hear the request and do not count, since they cannot be told apart from others.
pub(super) fn conflicted(world: &World<'_>, request: &Request, host: &str) -> Vec<String> {
    if request.from.is_some() || request.class.is_some() {
        return Vec::new();
    }
    let wanted = |row: &&GatewayRow| {
        let named = request.gateway.as_ref();
        row.hangs_on.is_none() && named.is_none_or(|(ns, name)| *ns == row.namespace && *name == row.name)
    };
    let sni = request.sni.as_deref().map(host::normal);
    let name = sni.as_deref().unwrap_or(host);
    let mut notes = Vec::new();
    for gateway in world.gateways.rows.iter().copied().filter(wanted) {
        let counted = merged(gateway, world);
        let heard = |one: &Declared<'_>| {
            takes(one.1, request.scheme, name) && request.port.is_none_or(|port| port == one.1.port)
        };
        let left_out = declared(gateway, world).into_iter().filter(heard);
        for one in left_out.filter(|(_, listener)| !counted.iter().any(|(_, known)| std::ptr::eq(*known, *listener))) {
            let Some((other, listener)) = rival(one, gateway, world) else { continue };
            notes.push(format!(
                "listener {} of {} does not count: it cannot be told apart from {} of {} on port {}",
                one.1.name,
                object(one.0),
                listener.name,
                object(other),
                listener.port
            ));
        }
    }
    notes.sort();
    notes
}

fn object(row: &GatewayRow) -> String {
    let kind = if row.hangs_on.is_some() { "ListenerSet" } else { "Gateway" };
    format!("{kind} {}/{}", row.namespace, row.name)
}

/// Why a listener that got the connection does not look at routes: what it answers, and the reason.
pub(super) fn turned_away(frontend: &Frontend<'_>, request: &Request, host: &str) -> Option<(Option<u16>, String)> {
    let Frontend::Listener { all, listener, .. } = frontend else { return None };
    // Inside a connection nobody looks for a host.
    if Layer::of(frontend, request) != Layer::Http {
        return None;
    }
    request.sni.as_ref()?;
    // The specification (gateway.networking.k8s.io/v1, `listeners[].hostname`): 421 where the host belongs to another listener,
    // 404 where it belongs to none.
    match best(all, request.scheme, listener.port, host) {
        Some((_, other)) if std::ptr::eq(other, *listener) => None,
        Some((_, other)) => Some((
            Some(421),
            format!("the handshake chose listener {}, but {host} belongs to listener {}", listener.name, other.name),
        )),
        None => {
            Some((Some(404), format!("the handshake chose listener {}, which does not serve {host}", listener.name)))
        }
    }
}
