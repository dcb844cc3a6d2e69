//! Discovery, in the aggregated form and in the older one.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    cluster::Cluster,
    pack,
    refusal::Refusal,
    usage,
    wire::{Request, Response},
};
use crate::{base::value, store::KindRow};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const AGGREGATED_BETA: &str = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

/// Groups with versions and resources, in the aggregated form, in the server's order. `metered`: with what is measured.
fn groups(cluster: &Cluster, core: bool, metered: bool) -> Vec<Value> {
    let mut all = Vec::new();
    for group in pack::discovery().as_array().into_iter().flatten() {
        let name = value::text(group, &["group"]);
        if name.is_empty() == core {
            let metadata = if core { json!({}) } else { json!({"name": name}) };
            let mut versions = value::at(group, &["versions"]).clone();
            for version in versions.as_array_mut().into_iter().flatten() {
                version["freshness"] = json!("Current");
            }
            all.push(json!({"metadata": metadata, "versions": versions}));
        }
    }
    if !core {
        all.extend(custom(cluster));
        all.extend(metered.then(usage::group));
    }
    all
}

fn custom(cluster: &Cluster) -> Vec<Value> {
    let mut groups: BTreeMap<&str, Vec<&KindRow>> = BTreeMap::new();
    for (_, row) in cluster.store().kinds().filter(|(_, row)| row.custom) {
        groups.entry(&row.group).or_default().push(row);
    }
    let mut all = Vec::new();
    for (group, rows) in groups {
        let mut versions: Vec<&String> = Vec::new();
        for version in rows.iter().flat_map(|row| &row.versions) {
            if !versions.contains(&version) {
                versions.push(version);
            }
        }
        versions.sort_by_key(|version| (version.contains("alpha"), version.contains("beta"), (*version).clone()));
        let versions: Vec<Value> = versions
            .into_iter()
            .map(|version| {
                let resources: Vec<Value> = rows
                    .iter()
                    .filter(|row| row.versions.contains(version))
                    .map(|row| resource(row, version))
                    .collect();
                json!({"version": version, "resources": resources, "freshness": "Current"})
            })
            .collect();
        all.push(json!({"metadata": {"name": group}, "versions": versions}));
    }
    all
}

fn resource(row: &KindRow, version: &str) -> Value {
    let kind = json!({"group": row.group, "version": version, "kind": row.kind});
    let mut resource = json!({
        "resource": row.plural,
        "responseKind": kind,
        "scope": if row.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": row.singular,
        "verbs": row.verbs,
    });
    if !row.short.is_empty() {
        resource["shortNames"] = json!(row.short);
    }
    if !row.categories.is_empty() {
        resource["categories"] = json!(row.categories);
    }
    let subresources: Vec<Value> = row
        .subresources
        .iter()
        .filter(|name| row.has_in(version, name))
        .map(|name| {
            let kind = if name == "scale" {
                json!({"group": "autoscaling", "version": "v1", "kind": "Scale"})
            } else {
                kind.clone()
            };
            json!({"subresource": name, "responseKind": kind, "verbs": ["get", "patch", "update"]})
        })
        .collect();
    if !subresources.is_empty() {
        resource["subresources"] = json!(subresources);
    }
    resource
}

/// `GET /api` and `GET /apis`.
pub fn root(cluster: &Cluster, request: &Request, core: bool, metered: bool) -> Response {
    for (media, version) in [(AGGREGATED, "v2"), (AGGREGATED_BETA, "v2beta1")] {
        let asked = format!("v={version};");
        if request
            .accept
            .split(',')
            .any(|one| one.contains("as=APIGroupDiscoveryList") && format!("{one};").contains(&asked))
        {
            let body = json!({
                "kind": "APIGroupDiscoveryList",
                "apiVersion": format!("apidiscovery.k8s.io/{version}"),
                "metadata": {},
                "items": groups(cluster, core, metered),
            });
            return Response::bytes(200, media, Bytes::from(body.to_string()));
        }
    }
    if core {
        let body = json!({
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}],
        });
        return Response::json(200, &body);
    }
    let groups: Vec<Value> = groups(cluster, false, metered).iter().map(older_group).collect();
    Response::json(200, &json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
}

fn older_group(group: &Value) -> Value {
    let name = value::text(group, &["metadata", "name"]);
    let one = |version: &Value| {
        let version = value::text(version, &["version"]);
        json!({"groupVersion": format!("{name}/{version}"), "version": version})
    };
    let versions: Vec<Value> = value::list(group, &["versions"]).iter().map(one).collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions.first()})
}

/// `GET /apis/apps`.
pub fn group(cluster: &Cluster, name: &str, metered: bool) -> Result<Response, Refusal> {
    let groups = groups(cluster, false, metered);
    let found =
        groups.iter().find(|group| value::text(group, &["metadata", "name"]) == name).ok_or_else(Refusal::nowhere)?;
    let mut body = older_group(found);
    body["kind"] = json!("APIGroup");
    body["apiVersion"] = json!("v1");
    Ok(Response::json(200, &body))
}

/// `GET /apis/apps/v1`.
pub fn group_version(cluster: &Cluster, group: &str, version: &str, metered: bool) -> Result<Response, Refusal> {
    let groups = groups(cluster, group.is_empty(), metered);
    let found = groups
        .iter()
        .filter(|has| value::text(has, &["metadata", "name"]) == group)
        .flat_map(|has| value::list(has, &["versions"]))
        .find(|has| value::text(has, &["version"]) == version)
        .ok_or_else(|| cluster.nothing_at(group))?;
    let mut resources = Vec::new();
    for resource in value::list(found, &["resources"]) {
        let name = value::text(resource, &["resource"]);
        let mut row = json!({
            "name": name,
            "singularName": resource["singularResource"],
            "namespaced": resource["scope"] == "Namespaced",
            "kind": resource["responseKind"]["kind"],
            "verbs": resource["verbs"],
        });
        for field in ["shortNames", "categories"] {
            if !resource[field].is_null() {
                row[field] = resource[field].clone();
            }
        }
        resources.push(row);
        for sub in value::list(resource, &["subresources"]) {
            let of = &sub["responseKind"];
            let mut row = json!({
                "name": format!("{name}/{}", value::text(sub, &["subresource"])),
                "singularName": "",
                "namespaced": resource["scope"] == "Namespaced",
                "kind": of["kind"],
                "verbs": sub["verbs"],
            });
            if !value::text(of, &["version"]).is_empty() && value::text(of, &["group"]) != group {
                row["group"] = of["group"].clone();
                row["version"] = of["version"].clone();
            }
            resources.push(row);
        }
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let mut body = json!({"kind": "APIResourceList"});
    // The oldest list of all does not say its own version.
    if !group.is_empty() {
        body["apiVersion"] = json!("v1");
    }
    body["groupVersion"] = json!(group_version);
    body["resources"] = json!(resources);
    Ok(Response::json(200, &body))
}
