//! `mtls-off`: pods take plain text alone; who calls them is no longer known.

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
    },
    mesh::dataplane::Dataplane,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::MtlsOff,
    doc: "Pods take plain text alone: callers are no longer known, and policies that go by their identity miss it.",
    example: "mtls-off service/reviews",
    params: &[],
    targets: peer_authentication::TARGETS,
    scopes: peer_authentication::SCOPES,
    sees: &[Sees::PeerAuthentications, Sees::DestinationRules],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[peer_authentication::by(
        "a PeerAuthentication of our own in mode DISABLE under a fuse, or the one that counts for the pods",
        &[
            "the callers speak plain text already",
            "no sidecar on the hit pods",
            "requests fail before the pods, by a DestinationRule that insists on mutual TLS: see the 503s of the callers",
        ],
        compile,
    )],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let during = spoken(wanted.fault.duration);
    let title = |called: &str| format!("Let {called} take plain text alone for {during}");
    let made = peer_authentication::compile(wanted, Mode::Disable, &title)?;
    let (mut plan, aim) = (made.plan, made.aim);
    // Of a ztunnel istio.io says: "DISABLE mode is not supported" (ambient mode, "Use layer 4 security policy").
    if let Some(count) = aim.dataplanes(wanted.sight).get(&Dataplane::Ambient) {
        return Err(CompileError::CannotExpress {
            what: format!(
                "{} of {} are in ambient mode, whose ztunnels know no mode DISABLE: they encrypt always",
                counted(*count, "pod"),
                aim.called
            ),
            fix: "aim at pods with sidecars, or use authz-deny".to_owned(),
        });
    }
    let called = &aim.called;
    plan.predicts.push(format!("requests to {called} go in plain text: sidecars and gateways follow by themselves"));
    plan.predicts.push(format!(
        "{called} does not know who calls: policies that allow by principal or namespace refuse (403), those that deny let through"
    ));
    plan.predicts.extend(peer_authentication::contrary(wanted, called, "ISTIO_MUTUAL", "mutual TLS"));
    Ok(plan)
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::answered(plan, "requests in plain text".to_owned(), "connection_security_policy=\"none\"")
}
