//! Asks the server which kinds it serves: two requests where it answers in one document, else one per group and version.

use std::collections::HashMap;

use serde::Deserialize;

use super::{
    connect::Link,
    wire::{JSON, Whole},
};
use crate::{
    base::sanitize,
    cluster::{
        Kind,
        api::Trouble,
        discovery::{Discovery, Served},
        lite::{nullable, owned},
    },
};

/// The aggregated form (apidiscovery.k8s.io), newest first; plain JSON where it is unknown.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

#[derive(Deserialize, Default)]
#[serde(default)]
struct Groups {
    kind: String,
    /// Of `APIGroupDiscoveryList`.
    #[serde(deserialize_with = "nullable")]
    items: Vec<Group>,
    /// Of `APIGroupList`.
    #[serde(rename = "groups", deserialize_with = "nullable")]
    named: Vec<OldGroup>,
    /// Of `APIVersions`.
    #[serde(deserialize_with = "nullable")]
    versions: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Group {
    metadata: Named,
    #[serde(deserialize_with = "nullable")]
    versions: Vec<Version>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named {
    #[serde(deserialize_with = "nullable")]
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Version {
    #[serde(rename = "version")]
    name: String,
    freshness: String,
    #[serde(deserialize_with = "nullable")]
    resources: Vec<Resource>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Resource {
    #[serde(rename = "resource")]
    plural: String,
    #[serde(deserialize_with = "nullable")]
    response_kind: ResponseKind,
    scope: String,
    #[serde(rename = "singularResource")]
    singular: String,
    #[serde(deserialize_with = "nullable")]
    verbs: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    short_names: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    subresources: Vec<Subresource>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResponseKind {
    kind: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Subresource {
    subresource: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OldGroup {
    name: String,
    #[serde(deserialize_with = "nullable")]
    versions: Vec<OldVersion>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OldVersion {
    version: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OldList {
    #[serde(deserialize_with = "nullable")]
    resources: Vec<OldResource>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct OldResource {
    name: String,
    singular_name: String,
    namespaced: bool,
    kind: String,
    #[serde(deserialize_with = "nullable")]
    verbs: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    short_names: Vec<String>,
}

/// Everything the server serves. Never wait for it before the first paint: the kinds on screen are known without it.
pub async fn discover(link: &Link) -> Result<Discovery, Trouble> {
    let (core, groups) = futures::future::try_join(link.get("/api", AGGREGATED), link.get("/apis", AGGREGATED)).await?;
    let mut gathered = Gathered::default();
    for (whole, core) in [(core, true), (groups, false)] {
        let groups: Groups = read(link, &whole)?;
        if groups.kind == "APIGroupDiscoveryList" {
            for group in groups.items {
                gathered.group(&group);
            }
        } else if core {
            let versions = groups.versions;
            gathered.one_by_one(link, "", &versions).await?;
        } else {
            for group in groups.named {
                let versions: Vec<String> = group.versions.into_iter().map(|one| one.version).collect();
                gathered.one_by_one(link, &group.name, &versions).await?;
            }
        }
    }
    Ok(gathered.discovery)
}

fn read<T: serde::de::DeserializeOwned>(link: &Link, whole: &Whole) -> Result<T, Trouble> {
    owned(&whole.body).map_err(|error| Trouble::Unknown {
        server: link.server().to_owned(),
        why: super::failure::why(crate::cluster::cause::Cause::Protocol, &format!("discovery cannot be read: {error}")),
    })
}

#[derive(Default)]
struct Gathered {
    discovery: Discovery,
    /// Where each kind stands in the list, by group and kind.
    at: HashMap<(String, String), usize>,
}

impl Gathered {
    fn group(&mut self, group: &Group) {
        let name = sanitize::line(&group.metadata.name).into_owned();
        for version in &group.versions {
            if version.freshness == "Stale" {
                self.discovery
                    .gaps
                    .push(format!("{name}/{}: its API server does not answer", sanitize::line(&version.name)));
            }
            for resource in &version.resources {
                self.add(
                    Kind {
                        group: name.clone(),
                        version: sanitize::line(&version.name).into_owned(),
                        kind: sanitize::line(&resource.response_kind.kind).into_owned(),
                        plural: sanitize::line(&resource.plural).into_owned(),
                        namespaced: resource.scope == "Namespaced",
                    },
                    &resource.singular,
                    &resource.short_names,
                    &resource.verbs,
                    resource.subresources.iter().map(|one| one.subresource.as_str()),
                );
            }
        }
    }

    /// Versions come preferred first: the first to bring a kind decides, later ones only add their version.
    fn add<'a>(
        &mut self,
        kind: Kind,
        singular: &str,
        short_names: &[String],
        verbs: &[String],
        subresources: impl Iterator<Item = &'a str>,
    ) {
        let plain = |texts: &[String]| texts.iter().map(|text| sanitize::line(text).into_owned()).collect();
        let key = (kind.group.clone(), kind.plural.clone());
        if let Some(served) = self.at.get(&key).and_then(|at| self.discovery.kinds.get_mut(*at)) {
            served.versions.push(kind.version);
            return;
        }
        self.at.insert(key, self.discovery.kinds.len());
        self.discovery.kinds.push(Served {
            versions: vec![kind.version.clone()],
            kind,
            singular: sanitize::line(singular).to_lowercase(),
            short_names: plain(short_names),
            verbs: plain(verbs),
            subresources: subresources.map(|name| sanitize::line(name).into_owned()).collect(),
        });
    }

    async fn one_by_one(&mut self, link: &Link, group: &str, versions: &[String]) -> Result<(), Trouble> {
        for version in versions {
            let path = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
            let list: OldList = match link.get(&path, JSON).await {
                Ok(whole) => read(link, &whole)?,
                // An extension API server that is down must not hide all the others.
                Err(trouble @ (Trouble::Refused(_) | Trouble::Unknown { .. })) => {
                    self.discovery.gaps.push(format!(
                        "{}/{}: {trouble}",
                        sanitize::line(group),
                        sanitize::line(version)
                    ));
                    continue;
                }
                Err(trouble) => return Err(trouble),
            };
            let (whole, parts): (Vec<&OldResource>, Vec<&OldResource>) =
                list.resources.iter().partition(|resource| !resource.name.contains('/'));
            for resource in whole {
                let front = format!("{}/", resource.name);
                let subresources = parts.iter().filter_map(|part| part.name.strip_prefix(&front));
                let kind = Kind {
                    group: sanitize::line(group).into_owned(),
                    version: sanitize::line(version).into_owned(),
                    kind: sanitize::line(&resource.kind).into_owned(),
                    plural: sanitize::line(&resource.name).into_owned(),
                    namespaced: resource.namespaced,
                };
                self.add(kind, &resource.singular_name, &resource.short_names, &resource.verbs, subresources);
            }
        }
        Ok(())
    }
}
