//! The worlds that come with the program, and how one is found by its name.

use super::{Trouble, trouble::suggest};

/// The texts of one world: its file and its manifests, by path beside that file.
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
}

/// Name, world file, manifests.
type Texts = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

macro_rules! world {
    ($name:literal: $($file:literal),*) => {
        (
            $name,
            include_str!(concat!("../../worlds/", $name, ".yaml")),
            &[$(($file, include_str!(concat!("../../worlds/", $name, "/", $file)))),*],
        )
    };
}

const WORLDS: &[Texts] = &[
    world!("shop":
        "system/istio-system.yaml", "system/kube-system.yaml", "system/monitoring.yaml",
        "infra/gateway.yaml", "infra/backends.yaml",
        "shop/catalogue.yaml", "shop/orders.yaml", "shop/discovery.yaml", "shop/routes.yaml", "shop/mesh.yaml",
        "default/ngi14.yaml"),
    world!("tutorial": "cluster.yaml", "httpbin.yaml", "ngi14.yaml"),
];

/// The names of the worlds there are.
pub fn names() -> impl Iterator<Item = &'static str> {
    WORLDS.iter().map(|(name, ..)| *name)
}

/// A world by its name.
pub fn named(name: &str) -> Result<Bundle, Trouble> {
    let found = WORLDS.iter().find(|(known, ..)| *known == name);
    let Some((name, text, manifests)) = found else {
        return Err(Trouble::said(format!("there is no world `{name}`"), suggest(name, names())));
    };
    Ok(Bundle {
        name: (*name).to_owned(),
        path: format!("{name}.yaml"),
        text: (*text).to_owned(),
        manifests: manifests.iter().map(|(path, text)| (format!("{name}/{path}"), (*text).to_owned())).collect(),
    })
}
