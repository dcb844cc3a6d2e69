//! The guardrail file: every field of [`Policy`] as a key. Reading it loosens or tightens nothing by itself; `fault` judges.

use std::collections::BTreeMap;

use super::{blackouts, complaint::Complaints, toml_file::TomlFile};
use crate::{
    base::{span, suggest},
    fault::policy::Policy,
};

/// A key of the guardrail file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKey {
    /// Contexts in which faults are allowed.
    Contexts,
    /// Contexts that count as production.
    Production,
    /// Namespaces that are never touched.
    Protected,
    /// Namespace of brink's own marks.
    Home,
    /// Longest lease.
    MaxLease,
    /// Longest lease in production.
    MaxLeaseProduction,
    /// Open faults at once.
    MaxConcurrent,
    /// Share of a workload that may be lost.
    MaxLostShare,
    /// Pods that may be lost.
    MaxLostPods,
    /// Traffic that asks for confirmation.
    ConfirmTraffic,
    /// Traffic that production refuses.
    MaxTrafficProduction,
    /// Changes without a dry run.
    AllowUnchecked,
    /// Guarded faults in production.
    GuardedInProduction,
    /// Kinds that are never written.
    ForbiddenKinds,
    /// Privileged new pods.
    AllowPrivilegedPods,
    /// `--yes` in production.
    YesInProduction,
    /// Most steps.
    MaxSteps,
    /// Most namespaces.
    MaxNamespaces,
    /// Journal without cluster record.
    RecordLocal,
    /// More lifelines.
    Lifelines,
    /// Windows without faults.
    Blackouts,
    /// Alerts that must not fire.
    Alerts,
}

impl PolicyKey {
    /// All keys, in the order of the reference.
    pub const ALL: [Self; 22] = [
        Self::Contexts,
        Self::Production,
        Self::Protected,
        Self::Home,
        Self::MaxLease,
        Self::MaxLeaseProduction,
        Self::MaxConcurrent,
        Self::MaxLostShare,
        Self::MaxLostPods,
        Self::ConfirmTraffic,
        Self::MaxTrafficProduction,
        Self::AllowUnchecked,
        Self::GuardedInProduction,
        Self::ForbiddenKinds,
        Self::AllowPrivilegedPods,
        Self::YesInProduction,
        Self::MaxSteps,
        Self::MaxNamespaces,
        Self::RecordLocal,
        Self::Lifelines,
        Self::Blackouts,
        Self::Alerts,
    ];

    /// Its name in the file, and in every verdict that it changes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Contexts => "contexts",
            Self::Production => "production",
            Self::Protected => "protected",
            Self::Home => "home",
            Self::MaxLease => "max-lease",
            Self::MaxLeaseProduction => "max-lease-production",
            Self::MaxConcurrent => "max-concurrent",
            Self::MaxLostShare => "max-lost-share",
            Self::MaxLostPods => "max-lost-pods",
            Self::ConfirmTraffic => "confirm-traffic",
            Self::MaxTrafficProduction => "max-traffic-production",
            Self::AllowUnchecked => "allow-unchecked",
            Self::GuardedInProduction => "guarded-in-production",
            Self::ForbiddenKinds => "forbidden-kinds",
            Self::AllowPrivilegedPods => "allow-privileged-pods",
            Self::YesInProduction => "yes-in-production",
            Self::MaxSteps => "max-steps",
            Self::MaxNamespaces => "max-namespaces",
            Self::RecordLocal => "record-local",
            Self::Lifelines => "lifelines",
            Self::Blackouts => "blackouts",
            Self::Alerts => "alerts",
        }
    }

    /// The key of that name.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.word() == word)
    }

    /// What it does.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Contexts => "Contexts in which faults are allowed; names may hold *.",
            Self::Production => "Contexts that count as production; names may hold *. The stricter limits hold there.",
            Self::Protected => "Namespaces in which nothing is written and no pod is hit; names may hold *.",
            Self::Home => {
                "Namespace of the emergency stop's latch and of the records of cluster-scoped changes. Without it the stop \
                 does not reach other operators."
            }
            Self::MaxLease => "Longest lease of a fault.",
            Self::MaxLeaseProduction => "Longest lease of a fault in production.",
            Self::MaxConcurrent => "Faults that may be open at once, in the whole cluster.",
            Self::MaxLostShare => {
                "Share of a workload's pods that may be killed, evicted or scaled away; more is refused."
            }
            Self::MaxLostPods => "Pods that may be lost in all; more is refused.",
            Self::ConfirmTraffic => "Share of the live traffic above which the target's name must be typed.",
            Self::MaxTrafficProduction => {
                "Share of the live traffic above which production refuses. Unknown counts as all."
            }
            Self::AllowUnchecked => "Changes that the server cannot dry-run may be applied after a typed confirmation.",
            Self::GuardedInProduction => {
                "Production accepts faults that only a living brink undoes, not just those that end by themselves."
            }
            Self::ForbiddenKinds => "Kinds that are never written.",
            Self::AllowPrivilegedPods => {
                "New pods may be privileged, use the host's namespaces and paths, or a foreign service account."
            }
            Self::YesInProduction => "`--yes` counts in production.",
            Self::MaxSteps => "Most steps of one plan.",
            Self::MaxNamespaces => "Most namespaces of one plan.",
            Self::RecordLocal => {
                "Where the rights for cluster records are missing, the local journal may stand alone. Nobody else can then \
                 finish the undo."
            }
            Self::Lifelines => "Labels of further pods that no fault may hit, as KEY = \"VALUE\".",
            Self::Blackouts => {
                "Windows that no fault may be open in, until the end of its lease, such as {days = [\"fri\"], from = \
                 \"16:00\", to = \"18:00\", zone = \"Europe/Berlin\"}. Without `days`: every day. A window that ends before it \
                 begins ends on the next day. `name` is optional and shown."
            }
            Self::Alerts => {
                "PromQL whose series are alerts: while there is one, a fault asks for confirmation. Empty: not asked."
            }
        }
    }

    /// What a policy says for it, as the file writes it.
    pub fn show(self, policy: &Policy) -> String {
        let texts = |texts: &[String]| format!("{texts:?}");
        match self {
            Self::Contexts => texts(&policy.contexts),
            Self::Production => texts(&policy.production),
            Self::Protected => texts(&policy.protected),
            Self::Home => policy.home.as_ref().map_or_else(|| "none".to_owned(), |home| format!("{home:?}")),
            Self::MaxLease => format!("{:?}", span::format(policy.max_lease)),
            Self::MaxLeaseProduction => format!("{:?}", span::format(policy.max_lease_production)),
            Self::MaxConcurrent => policy.max_concurrent.to_string(),
            Self::MaxLostShare => policy.max_lost_share.to_string(),
            Self::MaxLostPods => policy.max_lost_pods.to_string(),
            Self::ConfirmTraffic => policy.confirm_traffic.to_string(),
            Self::MaxTrafficProduction => policy.max_traffic_production.to_string(),
            Self::AllowUnchecked => policy.allow_unchecked.to_string(),
            Self::GuardedInProduction => policy.guarded_in_production.to_string(),
            Self::ForbiddenKinds => texts(&policy.forbidden_kinds),
            Self::AllowPrivilegedPods => policy.allow_privileged_pods.to_string(),
            Self::YesInProduction => policy.yes_in_production.to_string(),
            Self::MaxSteps => policy.max_steps.to_string(),
            Self::MaxNamespaces => policy.max_namespaces.to_string(),
            Self::RecordLocal => policy.record_local.to_string(),
            Self::Lifelines => format!("{:?}", policy.lifelines).replace(": ", " = "),
            Self::Blackouts => texts(&policy.blackouts.iter().map(ToString::to_string).collect::<Vec<_>>()),
            Self::Alerts => format!("{:?}", policy.alerts),
        }
    }
}

/// The nearest key to a mistyped one.
pub fn nearest(word: &str) -> Option<&'static str> {
    suggest::nearest(word, PolicyKey::ALL.map(PolicyKey::word))
}

/// Reads a guardrail file over the defaults. A list replaces the default list.
pub fn parse(name: &str, text: &str) -> Result<Policy, Complaints> {
    parse_over(name, text, Policy::default())
}

/// The same over another policy: keys that the text does not name stay.
pub fn parse_over(name: &str, text: &str, mut policy: Policy) -> Result<Policy, Complaints> {
    let mut toml = TomlFile::new(name, text);
    let table = toml.parse();
    let known = PolicyKey::ALL.map(PolicyKey::word);
    toml.walk("", table.get_ref(), &known, |toml, line| {
        let Some(key) = PolicyKey::of(line.key) else { return };
        let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        match key {
            PolicyKey::Contexts => put(&mut policy.contexts, toml.texts(line)),
            PolicyKey::Production => put(&mut policy.production, toml.texts(line)),
            PolicyKey::Protected => put(&mut policy.protected, toml.texts(line)),
            PolicyKey::Home => policy.home = toml.text(line).filter(|home| !home.is_empty()),
            PolicyKey::MaxLease => put(&mut policy.max_lease, toml.span(line)),
            PolicyKey::MaxLeaseProduction => put(&mut policy.max_lease_production, toml.span(line)),
            PolicyKey::MaxConcurrent => put(&mut policy.max_concurrent, toml.count(line, 1..=100).map(small)),
            PolicyKey::MaxLostShare => put(&mut policy.max_lost_share, toml.share(line)),
            PolicyKey::MaxLostPods => put(&mut policy.max_lost_pods, toml.count(line, 0..=100_000).map(small)),
            PolicyKey::ConfirmTraffic => put(&mut policy.confirm_traffic, toml.share(line)),
            PolicyKey::MaxTrafficProduction => put(&mut policy.max_traffic_production, toml.share(line)),
            PolicyKey::AllowUnchecked => put(&mut policy.allow_unchecked, toml.flag(line)),
            PolicyKey::GuardedInProduction => put(&mut policy.guarded_in_production, toml.flag(line)),
            PolicyKey::ForbiddenKinds => put(&mut policy.forbidden_kinds, toml.texts(line)),
            PolicyKey::AllowPrivilegedPods => put(&mut policy.allow_privileged_pods, toml.flag(line)),
            PolicyKey::YesInProduction => put(&mut policy.yes_in_production, toml.flag(line)),
            PolicyKey::MaxSteps => put(&mut policy.max_steps, toml.count(line, 1..=1000).map(small)),
            PolicyKey::MaxNamespaces => put(&mut policy.max_namespaces, toml.count(line, 1..=1000).map(small)),
            PolicyKey::RecordLocal => put(&mut policy.record_local, toml.flag(line)),
            PolicyKey::Blackouts => put(&mut policy.blackouts, blackouts::read(toml, line)),
            PolicyKey::Alerts => put(&mut policy.alerts, toml.text(line)),
            PolicyKey::Lifelines => {
                let Some(labels) = toml.table(line) else { return };
                let texts: Option<BTreeMap<_, _>> = labels
                    .iter()
                    .map(|(label, value)| Some((label.get_ref().to_string(), value.get_ref().as_str()?.to_owned())))
                    .collect();
                match texts {
                    Some(texts) => policy.lifelines = texts,
                    None => toml.refuse(line, "labels must be texts", "write KEY = \"VALUE\""),
                }
            }
        }
    });
    toml.done(policy)
}

fn put<T>(field: &mut T, read: Option<T>) {
    if let Some(read) = read {
        *field = read;
    }
}
