//! Which others an object names or selects, by its kind.

use compact_str::CompactString;
use serde_json::Value;

use super::{
    Link, Relation, Selects, Target, To, Way,
    route_links::{self, destination_rule},
};
use crate::{
    base::sanitize,
    cluster::{Kind, Manifest},
    mesh::routes::RouteKind,
};

/// The links of an object. Total: what is odd is left out.
pub(super) fn of(kind: &Kind, object: &Manifest) -> Vec<Link> {
    let own = object.namespace().unwrap_or_default();
    let mut links = match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => pod(object, own),
        ("", "Service") => pods(Relation::Selects, Selects::map(object.at(&["spec", "selector"]))),
        ("", "ServiceAccount") => named(object, "secrets", Relation::Refers, own)
            .chain(named(object, "imagePullSecrets", Relation::Pulls, own))
            .collect(),
        ("", "PersistentVolumeClaim") => {
            let volume = object.text(&["spec", "volumeName"]).filter(|name| !name.is_empty());
            volume.map(|name| Link::down(Relation::Binds, core("PersistentVolume", "", name))).into_iter().collect()
        }
        ("discovery.k8s.io", "EndpointSlice") => endpoints(object, own),
        ("autoscaling", "HorizontalPodAutoscaler") => {
            let target = object.at(&["spec", "scaleTargetRef"]).and_then(|to| reference(to, own));
            target.map(|to| Link::down(Relation::Scales, to)).into_iter().collect()
        }
        ("policy", "PodDisruptionBudget") => {
            pods(Relation::Guards, Selects::label_selector(object.at(&["spec", "selector"])))
        }
        ("networking.k8s.io", "NetworkPolicy") => {
            pods(Relation::Restricts, Selects::label_selector(object.at(&["spec", "podSelector"])))
        }
        ("gateway.networking.k8s.io", "Gateway") => gateway(object, own),
        ("networking.istio.io", "Gateway") => pods(Relation::ServedBy, Selects::map(object.at(&["spec", "selector"]))),
        ("networking.istio.io", "DestinationRule") => destination_rule(object),
        (group, name) => match RouteKind::ALL.into_iter().find(|one| one.group() == group && one.name() == name) {
            Some(route) => route_links::of(route, object),
            None => custom(object, own),
        },
    };
    // A reference without a name leads nowhere.
    links.retain(|link| !matches!(&link.to, To::Named(target) if target.name.is_empty()));
    dedup(&mut links);
    links
}

/// The same target is named once for each way; what comes first tells most.
fn dedup(links: &mut Vec<Link>) {
    let mut kept: Vec<Link> = Vec::with_capacity(links.len());
    for link in links.drain(..) {
        if !kept.iter().any(|known| known.to == link.to && known.way == link.way) {
            kept.push(link);
        }
    }
    *links = kept;
}

fn core(kind: &str, namespace: &str, name: &str) -> Target {
    Target::new("", kind, namespace, &sanitize::line(name))
}

fn pods(relation: Relation, selects: Option<Selects>) -> Vec<Link> {
    let link = |selects| Link {
        relation,
        way: Way::Down,
        to: To::Pods(selects),
        detail: CompactString::default(),
        optional: true,
    };
    selects.map(link).into_iter().collect()
}

fn array(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// Secrets named in a list of the object itself.
fn named<'a>(
    object: &'a Manifest,
    field: &'a str,
    relation: Relation,
    own: &'a str,
) -> impl Iterator<Item = Link> + use<'a> {
    array(object.at(&[field]))
        .filter_map(|one| one.get("name")?.as_str())
        .map(move |name| Link { optional: true, ..Link::down(relation, core("Secret", own, name)) })
}

fn pod(object: &Manifest, own: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let spec = object.at(&["spec"]);
    let get = |field: &str| spec.and_then(|spec| spec.get(field));
    let mut refer = |relation, kind: &str, from: Option<&Value>, field: &str| {
        let Some(from) = from else { return };
        if let Some(name) = from.get(field).and_then(Value::as_str) {
            let optional = from.get("optional").and_then(Value::as_bool).unwrap_or(false);
            links.push(Link { optional, ..Link::down(relation, core(kind, own, name)) });
        }
    };
    for volume in array(get("volumes")) {
        refer(Relation::Mounts, "PersistentVolumeClaim", volume.get("persistentVolumeClaim"), "claimName");
        refer(Relation::Mounts, "ConfigMap", volume.get("configMap"), "name");
        refer(Relation::Mounts, "Secret", volume.get("secret"), "secretName");
        // The one every pod gets for its token tells nothing.
        let token = volume.get("name").and_then(Value::as_str).is_some_and(|name| name.starts_with("kube-api-access-"));
        for source in array(volume.get("projected").filter(|_| !token).and_then(|of| of.get("sources"))) {
            refer(Relation::Mounts, "ConfigMap", source.get("configMap"), "name");
            refer(Relation::Mounts, "Secret", source.get("secret"), "name");
        }
    }
    for container in array(get("containers")).chain(array(get("initContainers"))) {
        for source in array(container.get("envFrom")) {
            refer(Relation::Env, "ConfigMap", source.get("configMapRef"), "name");
            refer(Relation::Env, "Secret", source.get("secretRef"), "name");
        }
        for one in array(container.get("env")).filter_map(|one| one.get("valueFrom")) {
            refer(Relation::Env, "ConfigMap", one.get("configMapKeyRef"), "name");
            refer(Relation::Env, "Secret", one.get("secretKeyRef"), "name");
        }
    }
    for secret in array(get("imagePullSecrets")) {
        refer(Relation::Pulls, "Secret", Some(secret), "name");
    }
    refer(Relation::RunsAs, "ServiceAccount", spec, "serviceAccountName");
    if let Some(node) = get("nodeName").and_then(Value::as_str) {
        links.push(Link { optional: true, ..Link::up(Relation::Runs, core("Node", "", node)) });
    }
    links
}

fn endpoints(object: &Manifest, own: &str) -> Vec<Link> {
    let service = object.label("kubernetes.io/service-name");
    let service = service.map(|name| Link::up(Relation::Endpoint, core("Service", own, name)));
    let pods = array(object.at(&["endpoints"])).filter_map(|one| one.get("targetRef")).filter_map(|to| {
        let pod = to.get("kind").and_then(Value::as_str) == Some("Pod");
        Some(Link::down(Relation::Endpoint, core("Pod", own, to.get("name")?.as_str()?))).filter(|_| pod)
    });
    service.into_iter().chain(pods).collect()
}

fn gateway(object: &Manifest, own: &str) -> Vec<Link> {
    let class = object.text(&["spec", "gatewayClassName"]);
    let class = class.map(|name| Link {
        optional: true,
        ..Link::up(
            Relation::Refers,
            Target::new("gateway.networking.k8s.io", "GatewayClass", "", &sanitize::line(name)),
        )
    });
    // Whoever runs a Gateway puts this on the pods of it (GEP-1762).
    let label = Selects::label("gateway.networking.k8s.io/gateway-name", object.name());
    let certificates = array(object.at(&["spec", "listeners"]))
        .flat_map(|listener| array(listener.get("tls").and_then(|tls| tls.get("certificateRefs"))))
        .filter_map(|to| {
            let text = |field: &str| to.get(field).and_then(Value::as_str);
            let namespace = text("namespace").unwrap_or(own);
            let (group, kind) = (text("group").unwrap_or(""), text("kind").unwrap_or("Secret"));
            Some(Link::down(Relation::Certificate, Target::new(group, kind, namespace, &sanitize::line(text("name")?))))
        });
    class.into_iter().chain(pods(Relation::ServedBy, Some(label))).chain(certificates).collect()
}

/// What policies (`targetRef`, GEP-713) and composed objects (`resourceRef` of Crossplane) say in fields of known names.
fn custom(object: &Manifest, own: &str) -> Vec<Link> {
    let one = |field: &str| object.at(&["spec", field]).into_iter();
    let many = |field: &str| array(object.at(&["spec", field]));
    let policies = one("targetRef").chain(many("targetRefs")).filter_map(|to| reference(to, own));
    let parts = one("resourceRef").chain(many("resourceRefs")).filter_map(|to| reference(to, own));
    policies
        .map(|to| Link::up(Relation::Policy, to))
        .chain(parts.map(|to| Link { optional: true, ..Link::down(Relation::Refers, to) }))
        .collect()
}

/// `{apiVersion or group, kind, name, namespace?}`.
fn reference(to: &Value, own: &str) -> Option<Target> {
    let text = |field: &str| to.get(field).and_then(Value::as_str).map(sanitize::line);
    let version = text("apiVersion");
    let group = match &version {
        Some(version) => version.split_once('/').map_or("", |(group, _)| group).to_owned(),
        None => text("group").unwrap_or_default().into_owned(),
    };
    let namespace = text("namespace");
    Some(Target::new(&group, &text("kind")?, namespace.as_deref().unwrap_or(own), &text("name")?))
}
