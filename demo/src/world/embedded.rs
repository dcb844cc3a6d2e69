//! The worlds that come with the program, and how one is found by its name.

use super::Trouble;
use crate::base::trouble::suggest;

/// The texts of one world: its file, its manifests and its model's rules, by path beside that file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Name of the world.
    pub name: String,
    /// Path of the world file, as complaints name it.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Manifests: path below the world's folder, text.
    pub manifests: Vec<(String, String)>,
    /// Rules of its scripted model, where it has some of its own: path, text.
    pub rules: Option<(String, String)>,
}

/// Texts by path.
type Files = &'static [(&'static str, &'static str)];
/// Name, world file, manifests, rules.
type Texts = (&'static str, &'static str, Files, Option<&'static str>);

macro_rules! world {
    (text $name:literal $file:literal) => { include_str!(concat!("../../worlds/", $name, "/", $file)) };
    (text $name:literal $file:literal $of:literal) => { include_str!(concat!("../../worlds/", $of, "/", $file)) };
    // A manifest is the world's own, or that of another world.
    ($name:literal: $($file:literal $(of $of:literal)?),*; $rules:expr) => {
        (
            $name,
            include_str!(concat!("../../worlds/", $name, ".yaml")),
            &[$(($file, world!(text $name $file $($of)?))),*],
            $rules,
        )
    };
}

const WORLDS: &[Texts] = &[
    world!("shop":
        "system/istio-system.yaml", "system/kube-system.yaml", "system/monitoring.yaml", "system/chaos-mesh.yaml", "system/litmus.yaml",
        "infra/gateway.yaml", "infra/backends.yaml",
        "shop/catalogue.yaml", "shop/orders.yaml", "shop/discovery.yaml", "shop/routes.yaml", "shop/mesh.yaml", "shop/litmus.yaml",
        "default/ngi14.yaml"; None),
    world!("agents":
        "system/istio-system.yaml" of "shop", "system/monitoring.yaml" of "shop", "agents.yaml", "reports.yaml"; None),
    world!("ambient":
        "system/istio-system.yaml" of "shop", "system/monitoring.yaml" of "shop",
        "ztunnel.yaml", "books.yaml", "orders.yaml", "reports.yaml"; None),
    world!("dapr":
        "system/istio-system.yaml" of "shop", "system/monitoring.yaml" of "shop", "dapr.yaml", "apps.yaml"; None),
    world!("gateways":
        "system/istio-system.yaml" of "shop", "system/monitoring.yaml" of "shop",
        "systems.yaml", "store.yaml", "model.yaml"; None),
    world!("gitops":
        "system/istio-system.yaml" of "shop", "system/monitoring.yaml" of "shop",
        "controllers.yaml", "store.yaml", "billing.yaml", "clients.yaml"; None),
    world!("kagent":
        "cluster.yaml" of "tutorial", "httpbin.yaml" of "tutorial", "ngi14.yaml" of "tutorial",
        "system.yaml", "agents.yaml", "canary.yaml"; None),
    world!("services":
        "system/istio-system.yaml" of "shop", "system/monitoring.yaml" of "shop", "system/chaos-mesh.yaml" of "shop",
        "system/litmus.yaml" of "shop", "services.yaml", "litmus.yaml"; None),
    world!("talk-2024": "system.yaml", "gateway.yaml", "backends.yaml";
        Some(include_str!("../../worlds/talk-2024.model.yaml"))),
    world!("tutorial": "cluster.yaml", "httpbin.yaml", "ngi14.yaml"; None),
];

/// The names of the worlds there are.
pub fn names() -> impl Iterator<Item = &'static str> {
    WORLDS.iter().map(|(name, ..)| *name)
}

/// A world by its name.
pub fn named(name: &str) -> Result<Bundle, Trouble> {
    let found = WORLDS.iter().find(|(known, ..)| *known == name);
    let Some((name, text, manifests, rules)) = found else {
        return Err(Trouble::said(format!("there is no world `{name}`"), suggest(name, names())));
    };
    Ok(Bundle {
        name: (*name).to_owned(),
        path: format!("{name}.yaml"),
        text: (*text).to_owned(),
        manifests: manifests.iter().map(|(path, text)| (format!("{name}/{path}"), (*text).to_owned())).collect(),
        rules: rules.map(|text| (format!("{name}.model.yaml"), text.to_owned())),
    })
}
