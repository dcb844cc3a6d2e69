//! Whether a route may attach to a listener, and whether what it names is there (Gateway API v1).

use serde_json::Value;

use super::{ctx::Ctx, gateway_system::System, json, key::Key, kinds, selector::Selector};
use crate::base::objects::Objects;

/// Why a route is not accepted by a parent.
pub(super) type Refusal = (&'static str, String);

/// The listeners of a Gateway that take a route by one parent reference, or why none does.
pub(super) fn listeners<O: Objects>(
    ctx: &Ctx<'_, O>,
    gateway: &Value,
    route: &Value,
    reference: &Value,
) -> Result<Vec<String>, Refusal> {
    let section = json::text(reference, &["sectionName"]);
    let port = json::int(reference, &["port"]);
    let named: Vec<&Value> = json::list(gateway, &["spec", "listeners"])
        .iter()
        .filter(|one| section.is_empty() || json::text(one, &["name"]) == section)
        .filter(|one| port.is_none() || json::int(one, &["port"]) == port)
        .collect();
    if named.is_empty() {
        let what = if section.is_empty() { "port" } else { "sectionName" };
        return Err(("NoMatchingParent", format!("{what} of the parent reference matches no listener")));
    }
    let allowed: Vec<&&Value> = named.iter().filter(|one| admits(ctx, gateway, one, route)).collect();
    if allowed.is_empty() {
        let space = json::text(route, &["metadata", "namespace"]);
        let said = format!("hostnames matched parent hostname, but namespace \"{space}\" is not allowed by the parent");
        return Err(("NotAllowedByListeners", said));
    }
    let hosts: Vec<&str> = json::list(route, &["spec", "hostnames"]).iter().filter_map(Value::as_str).collect();
    let taken: Vec<String> = allowed
        .iter()
        .filter(|one| {
            let listener = json::text(one, &["hostname"]);
            hosts.is_empty() || hosts.iter().any(|host| meets(host, listener))
        })
        .map(|one| json::text(one, &["name"]).to_owned())
        .collect();
    if taken.is_empty() {
        let wanted: Vec<&str> = allowed.iter().map(|one| json::text(one, &["hostname"])).collect();
        let said = format!("no hostnames matched parent hostname \"{}\"", wanted.join(", "));
        return Err(("NoMatchingListenerHostname", said));
    }
    Ok(taken)
}

/// Whether a listener takes routes of this kind from this namespace.
fn admits<O: Objects>(ctx: &Ctx<'_, O>, gateway: &Value, listener: &Value, route: &Value) -> bool {
    let kinds = json::list(listener, &["allowedRoutes", "kinds"]);
    let kind = json::text(route, &["kind"]);
    if !kinds.is_empty() && !kinds.iter().any(|one| json::text(one, &["kind"]) == kind) {
        return false;
    }
    if kinds.is_empty() && !matches!(json::text(listener, &["protocol"]), "HTTP" | "HTTPS") {
        return false;
    }
    let spaces = json::at(listener, &["allowedRoutes", "namespaces"]);
    let from = json::text(route, &["metadata", "namespace"]);
    match json::text(spaces, &["from"]) {
        "All" => true,
        "Selector" => {
            let selector = Selector::read(json::at(spaces, &["selector"]));
            ctx.state.rows.get(kinds::NAMESPACE, "", from).is_some_and(|row| selector.matches(&row.labels))
        }
        "None" => false,
        _ => from == json::text(gateway, &["metadata", "namespace"]),
    }
}

/// Whether two hostnames have a name in common; an empty one stands for all.
pub(super) fn meets(route: &str, listener: &str) -> bool {
    let under = |wild: &str, host: &str| {
        wild.strip_prefix('*').is_some_and(|tail| host.ends_with(tail) && host.len() > tail.len())
    };
    listener.is_empty() || route == listener || under(listener, route) || under(route, listener)
}

/// Why a reference of a route does not resolve, for the system that asks.
pub(super) fn unresolved<O: Objects>(ctx: &Ctx<'_, O>, route: &Value, system: &System) -> Option<Refusal> {
    let space = json::text(route, &["metadata", "namespace"]);
    let kind = json::text(route, &["kind"]);
    let backends = json::list(route, &["spec", "rules"]).iter().flat_map(|rule| {
        let mirrors =
            json::list(rule, &["filters"]).iter().map(|filter| json::at(filter, &["requestMirror", "backendRef"]));
        json::list(rule, &["backendRefs"]).iter().chain(mirrors.filter(|one| !one.is_null()))
    });
    for backend in backends {
        let name = json::text(backend, &["name"]);
        let there = match json::text(backend, &["namespace"]) {
            "" => space,
            named => named,
        };
        let of = (json::text(backend, &["group"]), json::text(backend, &["kind"]));
        if of == (kinds::BACKEND.group, kinds::BACKEND.kind) && system.reads(kinds::BACKEND) {
            if ctx.get(&Key::new(kinds::BACKEND, there, name)).is_none() {
                return Some(("BackendNotFound", format!("Backend \"{name}\" not found")));
            }
            continue;
        }
        if !matches!(of, ("", "" | "Service") | ("core", "Service")) {
            return Some((
                "InvalidKind",
                format!("referencing unsupported backendRef: group \"{}\" kind \"{}\"", of.0, of.1),
            ));
        }
        if there != space && !granted(ctx, kind, space, there, name) {
            let said = format!(
                "backendRef {name}/{there} not accessible to a {kind} in namespace \"{space}\" (missing a ReferenceGrant?)"
            );
            return Some(("RefNotPermitted", said));
        }
        let Some(service) = ctx.get(&Key::new(kinds::SERVICE, there, name)) else {
            return Some(("BackendNotFound", format!("backend({name}.{there}.svc.cluster.local) not found")));
        };
        let Some(port) = json::int(backend, &["port"]) else {
            return Some(("UnsupportedValue", "port is required in backendRef".to_owned()));
        };
        if !json::list(&service, &["spec", "ports"]).iter().any(|one| json::int(one, &["port"]) == Some(port)) {
            let said = format!("port {port} not found in Service {there}/{name}");
            return Some(("BackendNotFound", said));
        }
    }
    None
}

/// Whether a ReferenceGrant in the backend's namespace lets routes of the other one in.
fn granted<O: Objects>(ctx: &Ctx<'_, O>, kind: &str, from: &str, to: &str, name: &str) -> bool {
    ctx.objects.list(kinds::REFERENCE_GRANT, Some(to)).iter().any(|grant| {
        let comes = json::list(grant, &["spec", "from"])
            .iter()
            .any(|one| json::text(one, &["kind"]) == kind && json::text(one, &["namespace"]) == from);
        let goes = json::list(grant, &["spec", "to"]).iter().any(|one| {
            json::text(one, &["kind"]) == "Service"
                && matches!(json::text(one, &["name"]), named if named.is_empty() || named == name)
        });
        comes && goes
    })
}

#[cfg(test)]
mod tests {
    use super::meets;

    #[test]
    fn hostnames_meet_as_gateway_api_says() {
        assert!(meets("a.example.com", ""));
        assert!(meets("a.example.com", "*.example.com"));
        assert!(meets("*.example.com", "a.example.com"));
        assert!(!meets("example.com", "*.example.com"));
        assert!(!meets("a.example.com", "b.example.com"));
    }
}
