//! Istio PeerAuthentications: whether pods take mutual TLS, plain text, or both.
//!
//! A policy that selects pods comes before the one of their namespace, and that before the mesh's; of several that select a
//! pod the oldest counts (security.istio.io/v1 PeerAuthentication). So one of our own is made where none selects the pods,
//! and the oldest that does is changed otherwise.

use serde_json::{Value, json};

use super::{
    CompileError,
    istio::need_labels,
    manifest,
    reach::{hit, mesh_doubts},
    readable,
};
use crate::{
    cluster::{Manifest, ObjectRef},
    fault::{
        aim::{self, Aim},
        catalogue::{Compile, DriverRow, ScopeType, TargetType, Wanted},
        class::Class,
        intent::Driver,
        known,
        plan::{Plan, Step},
        routes, select,
        sight::Given,
    },
};

const KIND: (&str, &str) = ("security.istio.io", "PeerAuthentication");

/// Whose pods.
pub const TARGETS: &[TargetType] =
    &[TargetType::Service, TargetType::Workload(&["Deployment", "StatefulSet", "DaemonSet"]), TargetType::Selector];

/// It holds for connections, whatever their requests.
pub const SCOPES: &[ScopeType] = &[];

/// By a PeerAuthentication.
pub const fn by(how: &'static str, silent: &'static [&'static str], compile: Compile) -> DriverRow {
    DriverRow::new(Driver::Istio, Class::SelfExpiring, KIND, how, silent, compile)
}

/// What the pods shall take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Mutual TLS alone.
    Strict,
    /// Plain text alone.
    Disable,
}

impl Mode {
    fn word(self) -> &'static str {
        match self {
            Self::Strict => "STRICT",
            Self::Disable => "DISABLE",
        }
    }
}

/// A plan, and whom it hits.
pub struct Made<'a> {
    /// The plan.
    pub plan: Plan,
    /// Whom.
    pub aim: Aim<'a>,
}

/// The plan: a policy of our own, or a change of the one that counts.
pub fn compile<'a>(wanted: &Wanted<'a>, mode: Mode, title: &dyn Fn(&str) -> String) -> Result<Made<'a>, CompileError> {
    let (fault, sight) = (wanted.fault, wanted.sight);
    let aim = aim::aim(fault, sight)?;
    need_labels(&aim)?;
    let kind = sight.kind(known::peer_authentication());
    readable::need(sight, &kind.plural, &fault.namespace, "which one counts for the pods")?;
    let own = selecting(wanted, &aim);
    let now = in_force(wanted, own);
    if now == mode.word() {
        return Err(CompileError::CannotExpress {
            what: format!("{} is in mode {now} already", aim.called),
            fix: "choose another target".to_owned(),
        });
    }
    let title = title(&aim.called);
    let mut plan = if let Some(held) = own {
        let given = Given {
            object: ObjectRef::new(kind, &fault.namespace, held.name()),
            wanted: Manifest(json!({"spec": {"mtls": {"mode": mode.word()}}})),
            live: Some(held.clone()),
        };
        manifest::changed(wanted, Driver::Istio, &given, title)?
    } else {
        let name = format!("brink-{}", wanted.id);
        let object = json!({
            "apiVersion": kind.api_version(),
            "kind": KIND.1,
            "metadata": {"name": name, "namespace": fault.namespace},
            "spec": {"selector": {"matchLabels": aim.labels}, "mtls": {"mode": mode.word()}},
        });
        let step = Step::made(kind, Manifest(object));
        super::plan(fault, Driver::Istio, wanted.id, title, vec![step], hit(&aim, sight, 1.0))
    };
    plan.doubts.clear();
    plan.predicts.clear();
    let ports = own.and_then(|held| held.at(&["spec", "portLevelMtls"])).and_then(Value::as_object);
    for port in ports.into_iter().flat_map(|ports| ports.keys()) {
        plan.doubts.push(format!("port {port} has a mode of its own: connections to it do not meet this"));
    }
    mesh_doubts(&mut plan, &aim, sight);
    plan.predicts.push(format!("until then the mode of {} is {now}", aim.called));
    Ok(Made { plan, aim })
}

/// What DestinationRules that tell callers to speak so to the Service aimed at will come to.
pub fn contrary(wanted: &Wanted<'_>, called: &str, mode: &str, what: &str) -> Vec<String> {
    let service = format!("{}/{called}", wanted.fault.namespace);
    let rules = wanted.sight.destination_rules.iter().filter(|rule| {
        let own = rule.namespace().unwrap_or_default();
        let host = rule.text(&["spec", "host"]).unwrap_or_default();
        rule.text(&["spec", "trafficPolicy", "tls", "mode"]) == Some(mode)
            && routes::service_of(host, own).as_ref() == Some(&service)
    });
    let place = |rule: &Manifest| format!("{}/{}", rule.namespace().unwrap_or_default(), rule.name());
    rules
        .map(|rule| {
            format!("DestinationRule {} insists on {what}: requests by it fail with 503 (Envoy flag UC)", place(rule))
        })
        .collect()
}

fn mode_of(policy: &Manifest) -> Option<&str> {
    policy.text(&["spec", "mtls", "mode"]).filter(|mode| *mode != "UNSET")
}

fn oldest<'a>(found: impl Iterator<Item = &'a Manifest>) -> Option<&'a Manifest> {
    found.min_by_key(|one| (one.created(), one.name().to_owned()))
}

fn labels(policy: &Manifest) -> std::collections::BTreeMap<String, String> {
    select::labels_at(policy, &["spec", "selector", "matchLabels"]).unwrap_or_default()
}

/// The policy that counts for any of these pods because it selects them.
fn selecting<'a>(wanted: &Wanted<'a>, aim: &Aim<'_>) -> Option<&'a Manifest> {
    oldest(wanted.sight.peer_authentications.iter().filter(|one| {
        let labels = labels(one);
        one.namespace() == Some(wanted.fault.namespace.as_str())
            && !labels.is_empty()
            && aim.pods.iter().any(|pod| select::carries(pod, &labels))
    }))
}

/// The mode as it is: of the pods, else of their namespace, else of the mesh, else both.
fn in_force<'a>(wanted: &Wanted<'a>, own: Option<&'a Manifest>) -> &'a str {
    let sight = wanted.sight;
    let whole = |space: &str| {
        oldest(sight.peer_authentications.iter().filter(|one| one.namespace() == Some(space) && labels(one).is_empty()))
    };
    own.and_then(mode_of)
        .or_else(|| mode_of(whole(&wanted.fault.namespace)?))
        .or_else(|| mode_of(whole(&sight.root_namespace)?))
        .unwrap_or("PERMISSIVE")
}
