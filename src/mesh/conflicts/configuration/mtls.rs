//! DestinationRules whose TLS mode goes against PeerAuthentications (Kiali: KIA0207, KIA0208, KIA0505, KIA0506).
//!
//! With automatic mutual TLS (on by default) a rule that says nothing of TLS never goes wrong: the client's proxy speaks mutual
//! TLS where the called side has a proxy, and plain text elsewhere. So a STRICT mesh or namespace needs no rule, and a rule with
//! `ISTIO_MUTUAL` needs no PeerAuthentication (KIA0205, KIA0206, KIA0401 and KIA0501 are not told). What a rule says stands,
//! though: `DISABLE` and `SIMPLE` are refused under STRICT, `ISTIO_MUTUAL` under DISABLE and by pods without a proxy. Pods
//! without a proxy take plain text whatever a PeerAuthentication says.

use std::collections::BTreeSet;

use compact_str::CompactString;

use super::{Conflict, ConflictKind, Ground, about, side};
use crate::mesh::{
    conflicts::ObjectKind,
    host,
    istio::{DestinationRuleRow, Labels, Policy, Subset, selects},
    mtls::{
        Effective, effective,
        peer_authentication::{Mode, PolicyRef},
    },
    service::ServiceRow,
};

pub(super) fn find(ground: &Ground<'_>) -> Vec<Conflict> {
    let mut all = Vec::new();
    for row in ground.world.istio.destination_rules.rows {
        let Some(called) = Called::of(ground, &row.meant()) else { continue };
        let told = |policy: &Policy| policy.tls.is_some() || !policy.port_tls.is_empty();
        if told(&row.policy) {
            all.extend(against(ground, row, &called, None, &row.policy));
        }
        for subset in row.subsets.iter().filter(|subset| told(&subset.policy)) {
            let policy = subset.policy.over(&row.policy);
            all.extend(against(ground, row, &called, Some(subset), &policy));
        }
    }
    all
}

/// Whom a rule is about.
enum Called<'w> {
    Mesh,
    Namespace(String),
    Service(&'w ServiceRow),
}

impl<'w> Called<'w> {
    /// `None`: nobody of the mesh, or nobody that is known.
    fn of(ground: &Ground<'w>, whole: &str) -> Option<Self> {
        if matches!(whole, "*" | "*.local" | "*.cluster.local" | "*.svc.cluster.local") {
            return Some(Self::Mesh);
        }
        if let Some(rest) = whole.strip_prefix("*.") {
            let (namespace, rest) = rest.split_once('.')?;
            return (rest == "svc" || rest.starts_with("svc.")).then(|| Self::Namespace(namespace.to_owned()));
        }
        if host::is_wildcard(whole) { None } else { ground.service(whole).map(Self::Service) }
    }

    fn namespace(&self) -> Option<&str> {
        match self {
            Self::Mesh => None,
            Self::Namespace(name) => Some(name),
            Self::Service(service) => Some(&service.namespace),
        }
    }
}

/// What the called side takes.
enum Takes {
    /// What PeerAuthentications say, of each kind of pod.
    Told(Vec<Effective>),
    /// No pod has a proxy: plain text.
    Plain,
}

/// What the called side takes; `None`: that is not known.
fn takes(ground: &Ground<'_>, called: &Called<'_>, subset: Option<&Subset>) -> Option<Takes> {
    let istio = &ground.world.istio;
    let heard = &istio.peer_authentications;
    let root = istio.root();
    let seen = heard.looked.covers(root) && called.namespace().is_none_or(|namespace| heard.looked.covers(namespace));
    let of = |namespace: &str, labels: &Labels| {
        effective(heard.rows, root, namespace, |key| labels.get(key).map(String::as_str))
    };
    let none = Labels::new();
    match called {
        Called::Mesh => seen.then(|| Takes::Told(vec![of("", &none)])),
        Called::Namespace(namespace) => {
            let pods = ground.pods(namespace);
            if !pods.is_empty() && pods.iter().all(|pod| pod.proxyless) {
                return Some(Takes::Plain);
            }
            seen.then(|| Takes::Told(vec![of(namespace, &none)]))
        }
        Called::Service(service) => {
            let mut wanted = service.selector.clone();
            wanted.extend(subset.into_iter().flat_map(|subset| subset.labels.clone()));
            let pods = ground.behind(service);
            let pods: Vec<_> = pods.iter().filter(|pod| selects(&wanted, pod.labels)).collect();
            if !pods.is_empty() && pods.iter().all(|pod| pod.proxyless) {
                return Some(Takes::Plain);
            }
            let labels: BTreeSet<&Labels> = pods.iter().filter(|pod| !pod.proxyless).map(|pod| pod.labels).collect();
            if !seen {
                return None;
            }
            if !labels.is_empty() {
                return Some(Takes::Told(labels.into_iter().map(|labels| of(&service.namespace, labels)).collect()));
            }
            // Without pods a policy for some workloads may be for these; by the selector alone it certainly is, or it is not known.
            let own = heard.rows.iter().filter(|row| row.namespace == service.namespace);
            let open = |key: &str, value: &str| wanted.get(key).is_none_or(|known| known != value);
            let unsure = own.clone().any(|row| row.selector.iter().any(|(key, value)| open(key, value)));
            (!unsure).then(|| Takes::Told(vec![of(&service.namespace, &wanted)]))
        }
    }
}

/// Where the called side refuses what the rule says.
struct Refusal {
    mode: String,
    by: Option<(PolicyRef, Mode)>,
    ports: Vec<u16>,
    all: bool,
}

fn against(
    ground: &Ground<'_>,
    row: &DestinationRuleRow,
    called: &Called<'_>,
    subset: Option<&Subset>,
    policy: &Policy,
) -> Option<Conflict> {
    let refusal = match takes(ground, called, subset)? {
        Takes::Plain => plain(called, policy)?,
        Takes::Told(all) => all.iter().find_map(|taken| refused(called, policy, taken))?,
    };
    let at = if refusal.all {
        String::new()
    } else {
        let ports: Vec<String> = refusal.ports.iter().map(ToString::to_string).collect();
        format!(" on port {}", ports.join(", "))
    };
    let whom = subset.map_or_else(|| row.host.to_string(), |subset| format!("subset {} of {}", subset.name, row.host));
    let root = ground.world.istio.root();
    let (fate, kiali) = match &refusal.by {
        None => ("no pod there has a proxy".to_owned(), None),
        Some((by, mode)) => {
            let whole = by.namespace == root;
            let code = match (mode, whole) {
                (Mode::Strict, false) => "KIA0207",
                (Mode::Strict, true) => "KIA0208",
                (Mode::Disable | Mode::Permissive, false) => "KIA0505",
                (Mode::Disable | Mode::Permissive, true) => "KIA0506",
            };
            let alone = if *mode == Mode::Strict { "mutual TLS of the mesh" } else { "plain text" };
            (format!("who is called takes {alone} alone ({})", mode.word()), Some(code))
        }
    };
    let why = format!("it calls {whom}{at} with TLS mode {}, and {fate}: connections are refused", refusal.mode);
    let loser = side(ObjectKind::DestinationRule, (&row.namespace, &row.name));
    let routes = ground.senders(&row.meant(), subset.map(|subset| subset.name.as_str()));
    let winner = refusal.by.map(|(by, _)| side(ObjectKind::PeerAuthentication, (&by.namespace, &by.name)));
    Some(Conflict { winner, ..about(ConflictKind::MtlsMismatch, kiali, loser, why, routes) })
}

/// The mode that a policy sets for a port.
fn mode(policy: &Policy, port: Option<u16>) -> Option<&str> {
    let own = policy.port_tls.iter().find(|(number, _)| Some(*number) == port).map(|(_, mode)| mode);
    own.or(policy.tls.as_ref()).map(CompactString::as_str)
}

/// The ports that are called: each with the number at the pods.
fn ports(called: &Called<'_>) -> Vec<(Option<u16>, Option<u16>)> {
    match called {
        Called::Service(service) if !service.ports.is_empty() => {
            service.ports.iter().map(|one| (Some(one.port), one.target)).collect()
        }
        Called::Service(_) | Called::Namespace(_) | Called::Mesh => vec![(None, None)],
    }
}

fn refused(called: &Called<'_>, policy: &Policy, taken: &Effective) -> Option<Refusal> {
    let ports = ports(called);
    let count = ports.len();
    let mut found: Option<Refusal> = None;
    for (port, target) in ports {
        let own = target.and_then(|target| taken.ports.get(&target));
        // A port that its pods name could be one with a mode of its own.
        if target.is_none() && !taken.ports.is_empty() {
            continue;
        }
        let (mode_there, by) = match own {
            Some(mode) => (*mode, &taken.ports_from),
            None => (taken.mode, &taken.from),
        };
        let Some(asked) = mode(policy, port) else { continue };
        let wrong = match mode_there {
            Mode::Strict => matches!(asked, "DISABLE" | "SIMPLE"),
            Mode::Disable => asked == "ISTIO_MUTUAL",
            Mode::Permissive => false,
        };
        let Some(by) = by.as_ref().filter(|_| wrong) else { continue };
        match &mut found {
            Some(known) if known.mode == asked => known.ports.extend(port),
            Some(_) => {}
            None => {
                let by = Some((by.clone(), mode_there));
                found = Some(Refusal { mode: asked.to_owned(), by, ports: port.into_iter().collect(), all: false });
            }
        }
    }
    found.map(|found| Refusal { all: found.ports.is_empty() || found.ports.len() == count, ..found })
}

/// Mutual TLS of the mesh towards pods without a proxy.
fn plain(called: &Called<'_>, policy: &Policy) -> Option<Refusal> {
    let ports = ports(called);
    let wrong = ports.iter().filter(|(port, _)| mode(policy, *port) == Some("ISTIO_MUTUAL"));
    let wrong: Vec<Option<u16>> = wrong.map(|(port, _)| *port).collect();
    (!wrong.is_empty()).then(|| Refusal {
        mode: "ISTIO_MUTUAL".to_owned(),
        by: None,
        all: wrong.len() == ports.len(),
        ports: wrong.into_iter().flatten().collect(),
    })
}
