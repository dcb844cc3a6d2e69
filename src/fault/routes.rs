//! What routes say about Services, read from their objects.

use serde_json::Value;

use crate::cluster::Manifest;

fn each(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str)
}

/// The `backendRefs` of all rules of an HTTPRoute.
fn references(route: &Manifest) -> impl Iterator<Item = &Value> {
    each(route.at(&["spec", "rules"])).flat_map(|rule| each(rule.get("backendRefs")))
}

/// Whether an HTTPRoute leads to an object that is no Service, by its group, kind, namespace and name.
pub fn leads_to(route: &Manifest, object: &Manifest) -> bool {
    let own = route.namespace().unwrap_or_default();
    let group = object.api_version().split_once('/').map_or("", |(group, _)| group);
    references(route).any(|one| {
        let of = |field: &str| text(one, field).filter(|text| !text.is_empty());
        of("group").unwrap_or_default() == group
            && of("kind") == Some(object.kind())
            && of("name") == Some(object.name())
            && Some(of("namespace").unwrap_or(own)) == object.namespace()
    })
}

/// The Services (`NS/NAME`) an HTTPRoute sends requests to.
pub fn backends(route: &Manifest) -> Vec<String> {
    let own = route.namespace().unwrap_or_default();
    references(route)
        .filter(|backend| text(backend, "kind").is_none_or(|kind| kind == "Service"))
        .filter_map(|backend| Some(format!("{}/{}", text(backend, "namespace").unwrap_or(own), text(backend, "name")?)))
        .collect()
}

/// The Services (`NS/NAME`) that are an HTTPRoute's parents: mesh routes of these Services.
pub fn mesh_parents(route: &Manifest) -> Vec<String> {
    let own = route.namespace().unwrap_or_default();
    each(route.at(&["spec", "parentRefs"]))
        .filter(|parent| text(parent, "kind") == Some("Service"))
        .filter_map(|parent| Some(format!("{}/{}", text(parent, "namespace").unwrap_or(own), text(parent, "name")?)))
        .collect()
}

/// The Service (`NS/NAME`) a host of Istio means: a short name is of the object's own namespace. `None` for other hosts.
pub fn service_of(host: &str, namespace: &str) -> Option<String> {
    let host = host.strip_suffix(".cluster.local").unwrap_or(host);
    let host = host.strip_suffix(".svc").unwrap_or(host);
    let mut parts = host.split('.');
    let name = parts.next().filter(|name| !name.is_empty() && !name.contains('*'))?;
    match (parts.next(), parts.next()) {
        (None, _) => Some(format!("{namespace}/{name}")),
        (Some(namespace), None) => Some(format!("{namespace}/{name}")),
        _ => None,
    }
}

/// The Services (`NS/NAME`) a VirtualService sends HTTP requests to.
pub fn destinations(route: &Manifest) -> Vec<String> {
    let own = route.namespace().unwrap_or_default();
    each(route.at(&["spec", "http"]))
        .flat_map(|rule| each(rule.get("route")))
        .filter_map(|one| service_of(text(one.get("destination")?, "host")?, own))
        .collect()
}

/// The hosts of a VirtualService.
pub fn hosts(route: &Manifest) -> Vec<&str> {
    each(route.at(&["spec", "hosts"])).filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::service_of;

    #[rstest]
    #[case("reviews", Some("shop/reviews"))]
    #[case("reviews.books", Some("books/reviews"))]
    #[case("reviews.books.svc.cluster.local", Some("books/reviews"))]
    #[case("reviews.books.svc", Some("books/reviews"))]
    #[case("shop.example.com", None)]
    #[case("*", None)]
    fn a_host_means_a_service(#[case] host: &str, #[case] expected: Option<&str>) {
        assert_eq!(service_of(host, "shop").as_deref(), expected);
    }
}
