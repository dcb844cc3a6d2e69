//! Which mode holds for a workload and its ports (istio.io, PeerAuthentication; istiod's `ComposePeerAuthentication`).
//!
//! Three layers, each the oldest policy of its kind: that of the mesh (root namespace, no selector), of the namespace (no
//! selector), of the workload (selector matches). An unset mode leaves what the layer above says; nobody says anything: both
//! are taken. Ports count in the workload's layer alone. A policy with a selector in the root namespace counts for nobody.

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::Serialize;

use super::peer_authentication::{Mode, PeerAuthenticationRow, PolicyRef};

/// What holds for a workload.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Effective {
    /// On every port that has no mode of its own.
    pub mode: Mode,
    /// Whose word that is; `None`: Istio's default.
    pub from: Option<PolicyRef>,
    /// Ports with another mode than that.
    pub ports: BTreeMap<u16, Mode>,
    /// Whose word the ports are.
    pub ports_from: Option<PolicyRef>,
}

impl Effective {
    /// Whether some port takes plain text.
    pub fn takes_plain(&self) -> bool {
        self.mode != Mode::Strict || self.ports.values().any(|mode| *mode != Mode::Strict)
    }
}

/// The mode of a workload of `namespace` with these labels. `root`: the mesh's root namespace.
pub fn effective<'a>(
    policies: impl IntoIterator<Item = &'a PeerAuthenticationRow>,
    root: &str,
    namespace: &str,
    label: impl Fn(&str) -> Option<&'a str>,
) -> Effective {
    let (mut of_mesh, mut of_namespace, mut of_workload) = (None, None, None);
    for policy in policies {
        let slot = if policy.namespace == root && !policy.selects() {
            &mut of_mesh
        } else if policy.namespace != namespace || policy.namespace == root {
            continue;
        } else if !policy.selects() {
            &mut of_namespace
        } else if selected(&policy.selector, &label) {
            &mut of_workload
        } else {
            continue;
        };
        let age = |policy: &PeerAuthenticationRow| (policy.created.is_none(), policy.created, policy.name.clone());
        if slot.is_none_or(|known| age(policy) < age(known)) {
            *slot = Some(policy);
        }
    }
    let mut all = Effective::default();
    for policy in [of_mesh, of_namespace, of_workload].into_iter().flatten() {
        if let Some(mode) = policy.mode {
            all.mode = mode;
            all.from = Some(policy.policy_ref());
        }
    }
    if let Some(policy) = of_workload {
        let own = policy.ports.iter().filter_map(|(port, mode)| Some((*port, (*mode)?)));
        all.ports = own.filter(|(_, mode)| *mode != all.mode).collect();
        all.ports_from = (!all.ports.is_empty()).then(|| policy.policy_ref());
    }
    all
}

fn selected<'a>(selector: &BTreeMap<CompactString, CompactString>, label: &impl Fn(&str) -> Option<&'a str>) -> bool {
    selector.iter().all(|(key, value)| label(key) == Some(value.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Effective, Mode, PeerAuthenticationRow, effective};
    use crate::cluster::Manifest;

    /// `NS/NAME` made in a minute of the hour, with a spec.
    fn policy(name: &str, minute: u32, spec: &Value) -> PeerAuthenticationRow {
        let (namespace, name) = name.split_once('/').unwrap();
        PeerAuthenticationRow::decode(&Manifest(json!({
            "metadata": {
                "name": name, "namespace": namespace, "creationTimestamp": format!("2026-01-01T00:{minute:02}:00Z"),
            },
            "spec": spec,
        })))
    }

    fn of(policies: &[PeerAuthenticationRow]) -> Effective {
        effective(policies, "istio-system", "shop", |key| (key == "app").then_some("db"))
    }

    fn told(policies: &[PeerAuthenticationRow]) -> (Mode, Option<String>) {
        let all = of(policies);
        (all.mode, all.from.map(|from| from.to_string()))
    }

    fn mode(word: &str) -> Value {
        json!({"mtls": {"mode": word}})
    }

    fn selecting(app: &str, word: &str) -> Value {
        json!({"selector": {"matchLabels": {"app": app}}, "mtls": {"mode": word}})
    }

    #[test]
    fn nobody_says_anything() {
        assert_eq!(told(&[]), (Mode::Permissive, None));
        assert_eq!(told(&[policy("other/x", 1, &mode("STRICT"))]), (Mode::Permissive, None));
    }

    #[test]
    fn the_nearest_word_holds() {
        let mesh = policy("istio-system/mesh", 1, &mode("STRICT"));
        let space = policy("shop/space", 2, &mode("DISABLE"));
        let own = policy("shop/own", 3, &selecting("db", "PERMISSIVE"));
        let other = policy("shop/other", 0, &selecting("web", "STRICT"));
        assert_eq!(told(std::slice::from_ref(&mesh)), (Mode::Strict, Some("istio-system/mesh".to_owned())));
        assert_eq!(told(&[mesh.clone(), space.clone()]), (Mode::Disable, Some("shop/space".to_owned())));
        assert_eq!(told(&[own, mesh, space, other]), (Mode::Permissive, Some("shop/own".to_owned())));
    }

    #[test]
    fn unset_leaves_what_is_above() {
        let mesh = policy("istio-system/mesh", 1, &mode("STRICT"));
        let space = policy("shop/space", 2, &mode("UNSET"));
        let own = policy("shop/own", 3, &json!({"selector": {"matchLabels": {"app": "db"}}}));
        assert_eq!(told(&[own, space, mesh]), (Mode::Strict, Some("istio-system/mesh".to_owned())));
    }

    #[test]
    fn the_oldest_of_equals_counts_and_the_name_decides_a_tie() {
        let young = policy("shop/a", 9, &selecting("db", "STRICT"));
        let old = policy("shop/b", 3, &selecting("db", "DISABLE"));
        assert_eq!(told(&[young.clone(), old.clone()]), (Mode::Disable, Some("shop/b".to_owned())));
        assert_eq!(told(&[old.clone(), young]), (Mode::Disable, Some("shop/b".to_owned())));
        let twin = policy("shop/a", 3, &selecting("db", "STRICT"));
        assert_eq!(told(&[old, twin]), (Mode::Strict, Some("shop/a".to_owned())));
    }

    #[test]
    fn selectors_in_the_root_namespace_count_for_nobody() {
        let root = policy("istio-system/db", 1, &selecting("db", "STRICT"));
        assert_eq!(told(std::slice::from_ref(&root)), (Mode::Permissive, None));
        let inside = effective(&[root], "istio-system", "istio-system", |_| Some("db"));
        assert_eq!(inside.mode, Mode::Permissive);
    }

    #[test]
    fn ports_have_modes_of_their_own() {
        let mesh = policy("istio-system/mesh", 1, &mode("STRICT"));
        let ports = json!({"8080": {"mode": "DISABLE"}, "9090": {"mode": "UNSET"}, "9091": {"mode": "STRICT"}});
        let own = json!({"selector": {"matchLabels": {"app": "db"}}, "portLevelMtls": ports});
        let all = of(&[mesh.clone(), policy("shop/own", 2, &own)]);
        assert_eq!((all.mode, all.ports.into_iter().collect::<Vec<_>>()), (Mode::Strict, vec![(8080, Mode::Disable)]));
        // Without a selector ports mean nothing.
        let space = json!({"portLevelMtls": {"8080": {"mode": "DISABLE"}}});
        let all = of(&[mesh, policy("shop/space", 2, &space)]);
        assert!(all.ports.is_empty() && !all.takes_plain());
    }
}
