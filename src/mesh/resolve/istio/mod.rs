//! VirtualServices: who takes a request by Istio's rules (networking.istio.io/v1).
//!
//! Mental model: the request stands at a [`Place`], the mesh's sidecars or one Gateway of Istio's. The VirtualServices that
//! count there and name the host most exactly put their rules in a row (`line`); the first that holds (`tests`) takes the
//! request, and one whose host is named and whose rules do not hold leaves it with 404. What the destination means is said by
//! DestinationRules ([`destination`]), what a workload may reach at all by its Sidecar ([`reach`]).
//!
//! A VirtualService and an HTTPRoute on one Service: Istio takes the VirtualService.

mod answer;
mod beyond;
mod destination;
mod line;
mod outside;
mod proxies;
mod reach;
mod stream;
mod tests;

use compact_str::CompactString;

pub(super) use beyond::beyond;
pub(super) use outside::at_gateways;

use super::{Request, Resolution, Scheme, World, inside as services};
use crate::mesh::{
    istio,
    routes::{Parent, ParentKind, RouteKind, RouteRow},
};

/// Where VirtualServices are asked.
#[derive(Debug, Clone)]
struct Place<'a> {
    /// `None`: the sidecars of the mesh; else a Gateway of Istio's as `(namespace, name)`.
    gateway: Option<(CompactString, CompactString)>,
    /// The namespace that must see an object for it to count: the client's, or the Gateway's.
    viewer: CompactString,
    /// The port the request came in on, where it is known.
    port: Option<u16>,
    /// The client's labels, where they are known.
    labels: Option<&'a std::collections::BTreeMap<String, String>>,
    /// Written as the listener of the answer.
    label: String,
}

impl Place<'_> {
    fn is(&self, parent: &Parent) -> bool {
        match &self.gateway {
            None => parent.kind == ParentKind::Mesh,
            Some((namespace, name)) => {
                parent.kind == ParentKind::IstioGateway && parent.namespace == *namespace && parent.name == *name
            }
        }
    }
}

/// What a workload of the mesh is answered; `None`: no VirtualService and no Sidecar has a say.
pub(super) fn inside(world: &World<'_>, request: &Request, host: &str, path: &str) -> Option<Resolution> {
    let (namespace, name) = request.from.as_ref()?;
    let labels = world.istio.workloads.and_then(|all| all.get(&format!("{namespace}/{name}")));
    let forms = forms(host, Some(namespace));
    let service = service(world, &forms);
    let port = request.port.or_else(|| {
        let ports = world.services.as_ref()?.get(service?)?;
        if let [only] = ports.as_slice() { Some(*only) } else { None }
    });
    let place = Place {
        gateway: None,
        viewer: namespace.clone(),
        port,
        labels,
        label: service.map_or_else(|| "mesh".to_owned(), |service| format!("Service {service}")),
    };
    let mut notes = Vec::new();
    let reach = reach::Reach::of(world, &place, name, &mut notes);
    if let Some(service) = service
        && !reach.allows_host(&forms, service.split('/').next(), port)
    {
        return Some(reach.refused(&place, service, port, notes));
    }
    let visible = |route: &RouteRow| reach.allows_route(route, &forms, port);
    if request.scheme != Scheme::Http {
        return connection(world, request, host, &place, &forms, visible, notes);
    }
    let line = line::Line::at(world, &place, &forms, visible)?;
    Some(answer::of(world, request, &place, path, &line, notes))
}

/// What a workload is answered that does not speak HTTP in the clear: its sidecar sees a connection.
fn connection(
    world: &World<'_>,
    request: &Request,
    host: &str,
    place: &Place<'_>,
    forms: &[String],
    visible: impl Fn(&RouteRow) -> bool,
    mut notes: Vec<String>,
) -> Option<Resolution> {
    let rules = match request.scheme {
        Scheme::Http | Scheme::Udp => return None,
        Scheme::Https | Scheme::Tls => stream::Rules::Both,
        Scheme::Tcp => stream::Rules::Tcp,
    };
    if request.scheme == Scheme::Https {
        notes.push(
            "the client speaks TLS itself: its sidecar sees a connection, and rules for HTTP are not asked".to_owned(),
        );
    }
    let asked = stream::Asked {
        place,
        forms: forms.to_vec(),
        sni: request.sni.as_deref().map_or_else(|| host.to_owned(), crate::mesh::host::normal),
        addresses: stream::addresses(world, host, service(world, forms)),
        rules,
    };
    match stream::taken(world, request, &asked, visible, notes) {
        Ok(answer) => Some(answer),
        Err((losers, _)) if losers.is_empty() => None,
        Err((losers, notes)) => {
            // Not a rule's, it goes where it was sent.
            let answer = services::unsteered(world, request, host).or_else(|| beyond(world, request, host));
            let answer = answer.unwrap_or_else(|| {
                let why = format!("no rule takes it, and no Service or ServiceEntry named {host} is known");
                Resolution::nothing(None, None, vec![why])
            });
            Some(Resolution { losers, notes: notes.into_iter().chain(answer.notes).collect(), ..answer })
        }
    }
}

/// The names a host has: as asked, and whole, where a short name is a Service of the client's namespace.
fn forms(host: &str, client: Option<&CompactString>) -> Vec<String> {
    let mut all = vec![host.to_owned()];
    let labels = host.split('.').count();
    match (labels, client) {
        (1, Some(client)) => all.push(format!("{host}.{client}.svc.cluster.local")),
        (2, _) => all.push(format!("{host}.svc.cluster.local")),
        (3, _) if host.split('.').next_back() == Some("svc") => all.push(format!("{host}.cluster.local")),
        _ => {}
    }
    all
}

/// The known Service, as `NS/NAME`, that one of these names means.
fn service<'w>(world: &'w World<'_>, forms: &[String]) -> Option<&'w str> {
    let services = world.services.as_ref()?;
    services.keys().map(String::as_str).find(|key| {
        let (namespace, name) = key.split_once('/').unwrap_or(("", key));
        forms.iter().any(|form| *form == format!("{name}.{namespace}.svc.cluster.local"))
    })
}

/// VirtualServices, those of other kinds left out.
fn virtual_services<'w, 'a: 'w>(world: &'w World<'a>) -> impl Iterator<Item = &'a RouteRow> + 'w {
    world.routes.iter().copied().filter(|route| route.kind == RouteKind::VirtualService)
}

/// Whether the VirtualService is seen from this place.
fn seen(route: &RouteRow, place: &Place<'_>) -> bool {
    istio::exported(&route.export_to, &route.namespace, &place.viewer)
}
