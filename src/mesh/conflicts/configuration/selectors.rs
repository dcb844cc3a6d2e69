//! Selectors that no known pod fits: of Istio's Gateways (Kiali: KIA0302), of PeerAuthentications and AuthorizationPolicies
//! (KIA0004).
//!
//! Gateways select pods of any namespace, as do policies of the root namespace, except that a PeerAuthentication with a selector
//! counts for nobody there.

use super::{Conflict, ConflictKind, Ground, about, side};
use crate::mesh::{
    conflicts::{ObjectKind, Side},
    gateways::Seen,
    istio::{Labels, selects},
};

pub(super) fn find(ground: &Ground<'_>) -> Vec<Conflict> {
    let istio = &ground.world.istio;
    let mut all = gateways(ground);
    for row in istio.peer_authentications.rows.iter().filter(|row| row.selects()) {
        let loser = side(ObjectKind::PeerAuthentication, (&row.namespace, &row.name));
        if row.namespace == istio.root() {
            let why = "a selector in the root namespace of the mesh counts for nobody".to_owned();
            all.push(about(ConflictKind::Unselected, None, loser, why, Vec::new()));
            continue;
        }
        let selector = row.selector.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        all.extend(policy(ground, loser, &selector));
    }
    for row in istio.authorization_policies.rows.iter().filter(|row| !row.selector.is_empty()) {
        let loser = side(ObjectKind::AuthorizationPolicy, (&row.namespace, &row.name));
        all.extend(policy(ground, loser, &row.selector));
    }
    all
}

fn policy(ground: &Ground<'_>, loser: Side, selector: &Labels) -> Option<Conflict> {
    let namespace = loser.object.namespace.as_str();
    let (known, fits, where_to) = if namespace == ground.world.istio.root() {
        (everywhere(ground), anywhere(ground, selector), "of the mesh".to_owned())
    } else {
        let fits = ground.pods(namespace).iter().any(|pod| selects(selector, pod.labels));
        (ground.knows_pods(namespace), fits, format!("of {namespace}"))
    };
    let why = || format!("no pod {where_to} has its labels: {}", words(selector));
    (known && !fits).then(|| about(ConflictKind::Unselected, Some("KIA0004"), loser, why(), Vec::new()))
}

fn gateways(ground: &Ground<'_>) -> Vec<Conflict> {
    let rows = ground.world.istio.gateways.rows.iter();
    let unfit = rows.filter(|row| {
        let known = match ground.world.istio.pods {
            Some(_) => everywhere(ground),
            // Files seldom have the gateways that come with Istio.
            None => everywhere(ground) && !bundled(&row.selector),
        };
        known && !row.selector.is_empty() && !anywhere(ground, &row.selector)
    });
    let told = unfit.map(|row| {
        let loser = side(ObjectKind::Gateway, (&row.namespace, &row.name));
        let why = format!("no pod has its labels, so nobody serves it: {}", words(&row.selector));
        about(ConflictKind::Unselected, Some("KIA0302"), loser, why, ground.bound(&[(&row.namespace, &row.name)]))
    });
    told.collect()
}

/// Whether pods of all namespaces would be known.
fn everywhere(ground: &Ground<'_>) -> bool {
    match &ground.world.istio.pods {
        Some(seen) => *seen == Seen::Everywhere,
        None => !ground.all_pods().is_empty(),
    }
}

fn anywhere(ground: &Ground<'_>, selector: &Labels) -> bool {
    ground.fitting().any(selector)
}

fn bundled(selector: &Labels) -> bool {
    selector.get("istio").is_some_and(|name| matches!(name.as_str(), "ingressgateway" | "egressgateway"))
}

fn words(selector: &Labels) -> String {
    selector.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
}
