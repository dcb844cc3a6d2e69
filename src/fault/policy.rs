//! The guardrails as values: what a policy file may change, and its defaults. `config` reads the file; the guard judges.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::blackout::{Blackout, Occurrence, meets};
pub use crate::base::glob::matches;

/// The limits. Every field is a key of the policy file, and every verdict names the key that changes it.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the policy file of its own")]
pub struct Policy {
    /// Contexts in which faults are allowed, with `*`.
    pub contexts: Vec<String>,
    /// Contexts that count as production, with `*`.
    pub production: Vec<String>,
    /// Namespaces in which nothing is written and no pod is hit, with `*`.
    pub protected: Vec<String>,
    /// Namespace of brink's own marks (the latch, records of cluster-scoped steps).
    pub home: Option<String>,
    /// Longest lease.
    pub max_lease: Duration,
    /// Longest lease in production.
    pub max_lease_production: Duration,
    /// Open injections in the whole cluster.
    pub max_concurrent: u32,
    /// Share of a workload's pods that may be lost, 0..=1; more is refused.
    pub max_lost_share: f64,
    /// Pods that may be lost in all; more is refused.
    pub max_lost_pods: u32,
    /// Share of the traffic above which a person must confirm, 0..=1.
    pub confirm_traffic: f64,
    /// Share of the traffic above which production refuses, 0..=1.
    pub max_traffic_production: f64,
    /// Changes the server cannot dry-run may be applied after confirmation.
    pub allow_unchecked: bool,
    /// Guarded faults may be applied in production.
    pub guarded_in_production: bool,
    /// Kinds that are never written.
    pub forbidden_kinds: Vec<String>,
    /// New pods may be privileged, use the host's namespaces and paths, or another service account.
    pub allow_privileged_pods: bool,
    /// `--yes` counts in production.
    pub yes_in_production: bool,
    /// Most steps of a plan.
    pub max_steps: u32,
    /// Most namespaces of a plan.
    pub max_namespaces: u32,
    /// Where rights for cluster records are missing, the local journal may stand alone.
    pub record_local: bool,
    /// Additional labels by which pods count as lifelines, `key=value`.
    pub lifelines: BTreeMap<String, String>,
    /// Windows in which no fault may be open.
    pub blackouts: Vec<Blackout>,
    /// The question whose series are the alerts that must not fire (PromQL); empty asks nothing.
    pub alerts: String,
    /// Set when the policy file could not be read: no faults, aborting works.
    pub broken: Option<String>,
    /// What the cluster holds everybody to, where it is stricter.
    pub pinned: Option<Pinned>,
}

/// Keys that stand as they do because the cluster says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Where: `ConfigMap NS/NAME`.
    pub place: String,
    /// Their names.
    pub keys: Vec<&'static str>,
}

impl Default for Policy {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            contexts: words(&["*"]),
            production: words(&["*prod*", "*live*"]),
            protected: words(&[
                "kube-*",
                "istio-*",
                "argocd",
                "flux-system",
                "kagent",
                "monitoring",
                "*-gateway",
                "*-gateways",
                "gateway-system",
                "kgateway-system",
                "agentgateway-system",
            ]),
            home: None,
            max_lease: Duration::from_mins(15),
            max_lease_production: Duration::from_mins(5),
            max_concurrent: 1,
            max_lost_share: 0.5,
            max_lost_pods: 20,
            confirm_traffic: 0.25,
            max_traffic_production: 0.5,
            allow_unchecked: false,
            guarded_in_production: false,
            forbidden_kinds: words(&[
                "Secret",
                "Role",
                "RoleBinding",
                "ClusterRole",
                "ClusterRoleBinding",
                "ServiceAccount",
                "MutatingWebhookConfiguration",
                "ValidatingWebhookConfiguration",
                "ValidatingAdmissionPolicy",
                "ValidatingAdmissionPolicyBinding",
                "MutatingAdmissionPolicy",
                "MutatingAdmissionPolicyBinding",
                "APIService",
                "CustomResourceDefinition",
                "Namespace",
                "PersistentVolume",
                "PersistentVolumeClaim",
                "StorageClass",
            ]),
            allow_privileged_pods: false,
            yes_in_production: false,
            max_steps: 20,
            max_namespaces: 3,
            record_local: false,
            lifelines: BTreeMap::new(),
            blackouts: Vec::new(),
            alerts: r#"ALERTS{alertstate="firing",severity="critical"}"#.to_owned(),
            broken: None,
            pinned: None,
        }
    }
}

impl Policy {
    /// Whether a context counts as production.
    pub fn is_production(&self, context: &str) -> bool {
        let context = context.to_lowercase();
        self.production.iter().any(|pattern| matches(&pattern.to_lowercase(), &context))
    }

    /// The longest lease in a context, also after extensions.
    pub fn longest_lease(&self, context: &str) -> Duration {
        if self.is_production(context) { self.max_lease_production } else { self.max_lease }
    }

    /// The stricter of two, key by key, for a context. `home` stays: it is where the other came from.
    #[must_use]
    pub fn stricter(self, other: Self, context: &str) -> Self {
        fn both<T: PartialEq>(mut one: Vec<T>, other: Vec<T>) -> Vec<T> {
            for item in other {
                if !one.contains(&item) {
                    one.push(item);
                }
            }
            one
        }
        let allowed = other.contexts.iter().any(|pattern| matches(pattern, context));
        Self {
            // What only one of them allows is not allowed: of two lists the one that leaves this context out holds.
            contexts: if allowed { self.contexts } else { other.contexts },
            production: both(self.production, other.production),
            protected: both(self.protected, other.protected),
            home: self.home,
            max_lease: self.max_lease.min(other.max_lease),
            max_lease_production: self.max_lease_production.min(other.max_lease_production),
            max_concurrent: self.max_concurrent.min(other.max_concurrent),
            max_lost_share: self.max_lost_share.min(other.max_lost_share),
            max_lost_pods: self.max_lost_pods.min(other.max_lost_pods),
            confirm_traffic: self.confirm_traffic.min(other.confirm_traffic),
            max_traffic_production: self.max_traffic_production.min(other.max_traffic_production),
            allow_unchecked: self.allow_unchecked && other.allow_unchecked,
            guarded_in_production: self.guarded_in_production && other.guarded_in_production,
            forbidden_kinds: both(self.forbidden_kinds, other.forbidden_kinds),
            allow_privileged_pods: self.allow_privileged_pods && other.allow_privileged_pods,
            yes_in_production: self.yes_in_production && other.yes_in_production,
            max_steps: self.max_steps.min(other.max_steps),
            max_namespaces: self.max_namespaces.min(other.max_namespaces),
            record_local: self.record_local && other.record_local,
            lifelines: self.lifelines.into_iter().chain(other.lifelines).collect(),
            blackouts: both(self.blackouts, other.blackouts),
            alerts: match (self.alerts, other.alerts) {
                (one, other) if one.is_empty() || one == other => other,
                (one, other) if other.is_empty() => one,
                (one, other) => format!("({one}) or ({other})"),
            },
            broken: self.broken.or(other.broken),
            pinned: self.pinned.or(other.pinned),
        }
    }

    /// The first window that a fault open from one moment to another would be open in.
    pub fn blackout(&self, from: Timestamp, to: Timestamp) -> Option<(&Blackout, Occurrence)> {
        meets(&self.blackouts, from, to)
    }

    /// The pattern that protects a namespace.
    pub fn protects(&self, namespace: &str) -> Option<&str> {
        if self.home.as_deref() == Some(namespace) {
            return self.home.as_deref();
        }
        self.protected.iter().map(String::as_str).find(|pattern| matches(pattern, namespace))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Policy, matches};

    #[rstest]
    #[case("*", "", true)]
    #[case("*prod*", "eu-prod-1", true)]
    #[case("*prod*", "preview", false)]
    #[case("kube-*", "kube-system", true)]
    #[case("kube-*", "my-kube-system", false)]
    #[case("a*b*c", "a-b-b-c", true)]
    #[case("a*bc", "abcbc", true)]
    #[case("ab*b", "ab", false)]
    #[case("exact", "exact", true)]
    #[case("exact", "exactly", false)]
    fn a_star_stands_for_any_text(#[case] pattern: &str, #[case] name: &str, #[case] expected: bool) {
        assert_eq!(matches(pattern, name), expected);
    }

    #[test]
    fn of_two_the_stricter_holds_key_by_key() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let own = Policy {
            max_concurrent: 50,
            max_lost_share: 0.2,
            allow_unchecked: true,
            yes_in_production: true,
            alerts: "a".to_owned(),
            ..Policy::default()
        };
        let pinned = Policy {
            contexts: words(&["stage-*"]),
            protected: words(&["bank"]),
            max_concurrent: 3,
            max_lost_share: 0.9,
            alerts: "b".to_owned(),
            allow_unchecked: true,
            ..Policy::default()
        };
        let both = own.clone().stricter(pinned.clone(), "kind");
        assert_eq!((both.max_concurrent, both.max_lost_share), (3, 0.2));
        assert_eq!((both.allow_unchecked, both.yes_in_production), (true, false));
        assert_eq!((both.protects("bank"), both.protects("kube-system")), (Some("bank"), Some("kube-*")));
        assert_eq!((both.contexts.as_slice(), both.alerts.as_str()), (words(&["stage-*"]).as_slice(), "(a) or (b)"));
        assert_eq!(own.clone().stricter(pinned, "stage-1").contexts, own.contexts);
        assert_eq!(own.clone().stricter(own.clone(), "kind"), own, "with itself nothing changes");
    }

    #[test]
    fn production_is_told_without_regard_to_case() {
        let policy = Policy::default();
        assert!(policy.is_production("EU-Prod"));
        assert!(policy.is_production("live-1"));
        assert!(!policy.is_production("kind-demo"));
    }

    #[test]
    fn production_allows_shorter_leases() {
        let policy = Policy::default();
        assert_eq!(policy.longest_lease("kind-demo"), policy.max_lease);
        assert_eq!(policy.longest_lease("eu-prod"), policy.max_lease_production);
    }

    #[test]
    fn home_is_protected_like_the_listed_ones() {
        let policy = Policy { home: Some("brink".to_owned()), ..Policy::default() };
        assert_eq!(policy.protects("brink"), Some("brink"));
        assert_eq!(policy.protects("istio-system"), Some("istio-*"));
        assert_eq!(policy.protects("shop"), None);
    }
}
