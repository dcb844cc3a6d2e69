//! `mtls-strict`: pods take mutual TLS alone; callers without a proxy are shut out.

use super::FaultKind;
use crate::{
    fault::{
        catalogue::{Deed, Judged, Row, Sees, Wanted},
        drivers::{
            CompileError,
            peer_authentication::{self, Mode},
            words::{counted, spoken},
        },
        evidence::{self, Expected},
        plan::Plan,
        select,
    },
    mesh::dataplane::{self, Dataplane},
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::MtlsStrict,
    doc: "Pods take mutual TLS alone: callers outside the mesh are shut out.",
    example: "mtls-strict service/reviews",
    params: &[],
    targets: peer_authentication::TARGETS,
    scopes: peer_authentication::SCOPES,
    sees: &[Sees::PeerAuthentications, Sees::DestinationRules],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[peer_authentication::by(
        "a PeerAuthentication of our own in mode STRICT under a fuse, or the one that counts for the pods",
        &[
            "all callers speak mutual TLS: nobody is shut out, which is good",
            "no sidecar or ztunnel enforces it on the hit pods",
        ],
        compile,
    )],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let during = spoken(wanted.fault.duration);
    let title = |called: &str| format!("Let {called} take mutual TLS alone for {during}");
    let made = peer_authentication::compile(wanted, Mode::Strict, &title)?;
    let (mut plan, called) = (made.plan, made.aim.called);
    plan.predicts.push(format!("connections to {called} in plain text are closed: such callers get no answer"));
    plan.predicts.extend(peer_authentication::contrary(wanted, &called, "DISABLE", "plain text"));
    let sight = wanted.sight;
    let plain = sight.pods.iter().filter(|pod| {
        let namespace = pod.namespace().unwrap_or_default();
        !select::over(pod) && dataplane::of(pod, sight.namespaces.get(namespace)) == Dataplane::Absent
    });
    let plain = plain.count();
    plan.predicts.push(if plain == 0 {
        format!(
            "every pod of {} is in the mesh; callers of other namespaces were not looked at",
            wanted.fault.namespace
        )
    } else {
        format!("{} of {} without a proxy cannot call it", counted(plain, "pod"), wanted.fault.namespace)
    });
    Ok(plan)
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::no_longer(plan, "requests in plain text", "connection_security_policy=\"none\"")
}
