//! Weights of a VirtualService that are not taken as they stand.
//!
//! Of several destinations Istio takes each weight as a share of their sum (since 1.14; before, it refused what did not add up
//! to 100), so percentages that do not add up are not what they look like. A single destination gets everything whatever its
//! weight says (Kiali: KIA1104). Only a sum of zero is refused, and told as such elsewhere.

use super::{Conflict, ConflictKind, Ground};
use crate::mesh::{conflicts::checks::conflict, routes::Rule};

pub(super) fn find(ground: &Ground<'_>) -> Vec<Conflict> {
    let mut all = Vec::new();
    for route in &ground.virtual_services {
        for (at, rule) in route.rules.iter().enumerate() {
            let Some((why, kiali)) = odd(rule) else { continue };
            all.push(Conflict { kiali, ..conflict(ConflictKind::Weights, route, Some(at), why) });
        }
    }
    all
}

fn odd(rule: &Rule) -> Option<(String, Option<&'static str>)> {
    if let [only] = rule.backends.as_slice() {
        let why = || format!("weight {} of a single destination means nothing: it gets everything", only.weight);
        return (only.weight != 100).then(|| (why(), Some("KIA1104")));
    }
    let sum: u64 = rule.backends.iter().map(|backend| u64::from(backend.weight)).sum();
    let why = || format!("its weights add up to {sum}, not to 100: Istio takes each as a share of {sum}");
    (sum != 0 && sum != 100).then(|| (why(), None))
}
