//! Every routing example that the Gateway API specification documents, worked out by hand: a chapter a file. Names are our own.
//!
//! What the chapters are: the comments of `apis/v1` (bundle v1.6), the guides and concepts of the documentation, GEP-1294 (mesh)
//! and GEP-1713 (ListenerSets).

mod attachment;
mod backends;
mod connections;
mod filters;
mod grpc;
mod guides;
mod hostnames;
mod listener_sets;
mod listeners;
mod matches;
mod mesh;

use brink::mesh::resolve::{Request, Resolution, Scheme, resolve};

use super::support::routes::{self, loaded};

/// A Gateway `edge` of namespace `infra` with these listeners (YAML, a flow list).
fn gateway(listeners: &str) -> String {
    gateway_with("", listeners)
}

fn gateway_with(more: &str, listeners: &str) -> String {
    format!(
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: edge, namespace: infra}}\nspec: \
         {{gatewayClassName: any, {more}listeners: [{listeners}]}}\n"
    )
}

/// A listener that takes routes of every namespace; `more` is what else it says.
fn listener(name: &str, port: u16, protocol: &str, more: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!(", {more}") };
    let routes = if more.contains("allowedRoutes") { "" } else { ", allowedRoutes: {namespaces: {from: All}}" };
    format!("{{name: {name}, port: {port}, protocol: {protocol}{more}{routes}}}")
}

/// Port 80, any host, any namespace.
fn open() -> String {
    gateway(&listener("web", 80, "HTTP", ""))
}

/// A route of namespace `team`, created at a minute of the hour, on the Gateway `edge` where its spec names no parents.
fn route(kind: &str, name: &str, minute: u32, spec: &str) -> String {
    route_in("team", kind, name, minute, spec)
}

fn route_in(namespace: &str, kind: &str, name: &str, minute: u32, spec: &str) -> String {
    routes::route(kind, (namespace, name), minute, "{name: edge, namespace: infra}", spec)
}

fn http(name: &str, spec: &str) -> String {
    route("HTTPRoute", name, 1, spec)
}

/// One rule with these matches and filters and one backend.
fn rule(inside: &str, backend: &str) -> String {
    let inside = if inside.is_empty() { String::new() } else { format!("{inside}, ") };
    format!("{{{inside}backendRefs: [{{name: {backend}, port: 80}}]}}")
}

/// Services of a namespace, each on port 80.
fn services(namespace: &str, names: &[&str]) -> String {
    let one = |name: &&str| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{ports: [{{name: \
             http, port: 80}}]}}\n"
        )
    };
    names.iter().map(one).collect()
}

fn namespace(name: &str, labels: &str) -> String {
    format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n")
}

#[track_caller]
fn ask(text: &str, request: &Request) -> Resolution {
    resolve(&loaded(text).world(), request)
}

/// What takes a plain request for a host and a path.
#[track_caller]
fn get(text: &str, host: &str, path: &str) -> Resolution {
    ask(text, &Request::get(host, path))
}

fn secure(host: &str, path: &str) -> Request {
    Request { scheme: Scheme::Https, ..Request::get(host, path) }
}

fn on(port: u16, host: &str) -> Request {
    Request { port: Some(port), ..Request::get(host, "/") }
}

fn name(answer: &Resolution) -> Option<&str> {
    answer.route.as_ref().map(|route| route.name.as_str())
}

/// The first backend's name, without namespace and port; empty: none.
fn backend(answer: &Resolution) -> &str {
    let first = answer.backends.first().map_or("", |backend| backend.r#ref.as_str());
    let name = first.split_once('/').map_or(first, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _)| name)
}
