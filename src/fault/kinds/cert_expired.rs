//! `cert-expired`: a Gateway shows a certificate that clients do not take.
//!
//! The certificate is in a Secret that the person made and names. Brink writes no Secrets and reads none: what a Secret holds
//! is nobody's business but the Gateway's, so whether it is expired is seen by what clients do.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::FaultKind;
use crate::{
    cluster::{Manifest, ObjectRef},
    fault::{
        aim,
        catalogue::{Deed, DriverRow, Judged, Param, ParamType, Row, TargetType, Wanted, did_you_mean},
        class::Class,
        drivers::{CompileError, manifest, reach::behind, words::spoken},
        evidence::{self, Expected},
        intent::{Driver, Target},
        known,
        plan::{Plan, Reach},
        routes,
        sight::Given,
    },
};

const KIND: (&str, &str) = ("gateway.networking.k8s.io", "Gateway");

pub(super) const ROW: Row = Row {
    kind: FaultKind::CertExpired,
    doc: "A Gateway shows the certificate of a Secret that you name, an expired one: clients that check break off.",
    example: "cert-expired gateway/edge --set secret=expired-cert",
    params: &[
        Param::needed(
            "secret",
            ParamType::Name,
            "a TLS Secret of the Gateway's namespace with the certificate to show",
        ),
        Param::optional("listener", ParamType::Name, "which listener; the only one with a certificate when absent"),
    ],
    targets: &[TargetType::Workload(&["Gateway"])],
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[DriverRow::new(
        Driver::GatewayApi,
        Class::Guarded,
        KIND,
        "another Secret in the certificateRefs of a listener of the Gateway",
        &[
            "the certificate in the Secret is not expired: brink reads no Secrets and cannot tell",
            "the clients do not check certificates, or keep the connections they have",
            "no controller of the Gateway takes the change in",
        ],
        compile,
    )],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let (fault, sight) = (wanted.fault, wanted.sight);
    let Target::Workload { name, .. } = &fault.target else {
        return Err(CompileError::cannot(
            format!("{} is not a Gateway", fault.target),
            "aim at gateway/NAME".to_owned(),
        ));
    };
    let Some(gateways) = &sight.gateways else {
        let why = "you may not list them".to_owned();
        return Err(CompileError::Unreadable { what: "gateways".to_owned(), why });
    };
    let gateway = aim::find(gateways, KIND.1, name, &fault.namespace)?;
    let listener = listener(gateway, wanted.deed.given_text("listener"))?;
    let secret = wanted.deed.text("secret")?;
    let given = Given {
        object: ObjectRef::new(sight.kind(known::gateway()), &fault.namespace, name),
        wanted: Manifest(json!({"spec": {"listeners": [
            {"name": listener, "tls": {"certificateRefs": [{"group": "", "kind": "Secret", "name": secret}]}},
        ]}})),
        live: Some(gateway.clone()),
    };
    let title =
        format!("Show the certificate of {secret} at {listener} of Gateway {name} for {}", spoken(fault.duration));
    let mut plan = manifest::changed(wanted, Driver::GatewayApi, &given, title)?;
    plan.reach = reach(wanted, gateway);
    let accepted = gateway.at(&["status", "conditions"]).and_then(Value::as_array).into_iter().flatten().any(|one| {
        one.get("type").and_then(Value::as_str) == Some("Accepted")
            && one.get("status").and_then(Value::as_str) == Some("True")
    });
    if !accepted {
        plan.doubts.push(format!("no controller accepts Gateway {name}: nothing may act on this"));
        plan.predicts.splice(0..0, plan.doubts.clone());
    }
    plan.predicts.push(format!("new connections to {listener} are shown the certificate of Secret {secret}"));
    plan.predicts.push(
        "clients that check it break off (certificate has expired): no request arrives, none is counted".to_owned(),
    );
    plan.predicts.push(format!(
        "where Secret {secret} is not there, {listener} takes no connections at all (InvalidCertificateRef)"
    ));
    Ok(plan)
}

fn named(listener: &Value) -> &str {
    listener.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// The listener that is meant, which must show a certificate now.
fn listener<'a>(gateway: &'a Manifest, asked: Option<&str>) -> Result<&'a str, CompileError> {
    let all = gateway.at(&["spec", "listeners"]).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let shows = |one: &&Value| {
        one.pointer("/tls/certificateRefs").and_then(Value::as_array).is_some_and(|refs| !refs.is_empty())
    };
    let showing: Vec<&Value> = all.iter().filter(shows).collect();
    let names = || showing.iter().map(|one| named(one));
    match (asked, showing.as_slice()) {
        (Some(asked), _) => names().find(|name| *name == asked).ok_or_else(|| {
            let what = format!("Gateway {} has no listener `{asked}` with a certificate", gateway.name());
            CompileError::cannot(what, did_you_mean(asked, names()))
        }),
        (None, [only]) => Ok(named(only)),
        (None, []) => Err(CompileError::cannot(
            format!("no listener of Gateway {} shows a certificate", gateway.name()),
            "choose a Gateway with a listener of protocol HTTPS or TLS".to_owned(),
        )),
        (None, _) => Err(CompileError::cannot(
            format!("Gateway {} shows a certificate at {} listeners", gateway.name(), showing.len()),
            format!("give `listener`: {}", names().collect::<Vec<_>>().join(", ")),
        )),
    }
}

/// The routes of the Gateway and what is behind them. Which of them go by the listener is the controller's to say.
fn reach(wanted: &Wanted<'_>, gateway: &Manifest) -> Reach {
    let (own, name) = (gateway.namespace().unwrap_or_default(), gateway.name());
    let attached: Vec<&Manifest> = wanted
        .sight
        .http_routes
        .iter()
        .filter(|route| {
            let parents = route.at(&["spec", "parentRefs"]).and_then(Value::as_array);
            parents.into_iter().flatten().any(|parent| {
                let text = |field: &str| parent.get(field).and_then(Value::as_str);
                text("kind").is_none_or(|kind| kind == KIND.1)
                    && text("name") == Some(name)
                    && text("namespace").or(route.namespace()) == Some(own)
            })
        })
        .collect();
    let services: BTreeSet<String> = attached.iter().flat_map(|route| routes::backends(route)).collect();
    let mut reach = behind(services.into_iter().collect(), wanted.fault, wanted.sight, "leads to");
    reach.portion = 1.0;
    reach.routes = attached
        .iter()
        .map(|route| format!("HTTPRoute {}/{}", route.namespace().unwrap_or_default(), route.name()))
        .collect();
    reach
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    // Calls from within the mesh go on. Istio names the proxies of a Gateway after it and its class, unless somebody else
    // runs them, who names their address.
    let gateway = plan.steps.first().and_then(|step| step.before.as_ref());
    let class = gateway.and_then(|one| one.text(&["spec", "gatewayClassName"]));
    let by_hand = gateway.is_some_and(|one| one.at(&["spec", "addresses"]).is_some());
    let whose = match (gateway, class, by_hand) {
        (Some(gateway), Some(class), false) => format!(", source_workload=\"{}-{class}\"", gateway.name()),
        _ => String::new(),
    };
    evidence::fewer(plan, &format!("reporter=\"source\"{whose}"))
}
