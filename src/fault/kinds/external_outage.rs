//! `external-outage`: a host outside the mesh is not reached any more.
//!
//! A ServiceEntry tells the proxies where a host is; one that names an address nobody has makes every connection to it hang
//! until it times out, whatever protocol is spoken over it. Of two entries for one host the older one counts (Istio keeps
//! the first it knows, so that nobody takes a host over), so ours is made only where none names the host, and what stands
//! there is changed otherwise.

use serde_json::{Value, json};

use super::FaultKind;
use crate::{
    cluster::{Manifest, ObjectRef},
    fault::{
        aim::Aim,
        catalogue::{Deed, DriverRow, Judged, Row, Sees, TargetType, Wanted},
        class::Class,
        drivers::{
            self, CompileError, manifest,
            reach::{control_plane_doubt, hit},
            readable,
            words::{counted, spoken},
        },
        evidence::{self, Expected},
        intent::{Driver, Target},
        known,
        plan::{Plan, Reach, Step},
        select,
        sight::Given,
    },
    mesh::dataplane::{self, Dataplane},
};

const KIND: (&str, &str) = ("networking.istio.io", "ServiceEntry");

/// An address of TEST-NET-1, which nobody has (RFC 5737).
const NOBODY: &str = "192.0.2.1";

pub(super) const ROW: Row = Row {
    kind: FaultKind::ExternalOutage,
    doc: "A host outside the mesh is not reached any more by the pods of a namespace.",
    example: "external-outage host/api.payments.example.com",
    params: &[],
    targets: &[TargetType::Host],
    scopes: &[],
    sees: &[Sees::ServiceEntries],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[DriverRow::new(
        Driver::Istio,
        Class::SelfExpiring,
        KIND,
        "a ServiceEntry of our own that leads nowhere, under a fuse, or other endpoints in the one that names the host",
        &[
            "the calls are encrypted by the program itself: the mesh counts connections then, not requests",
            "connections that stand go on until they are closed",
            "the callers have no sidecar, or call a port other than 80 and 443",
        ],
        compile,
    )],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let (fault, sight) = (wanted.fault, wanted.sight);
    let Target::Host(host) = &fault.target else {
        return Err(CompileError::cannot(format!("{} is not a host", fault.target), "aim at host/NAME"));
    };
    if let Some(service) = in_cluster(host) {
        return Err(CompileError::cannot(
            format!("{host} is a Service of the cluster"),
            format!("aim http-abort at service/{service}"),
        ));
    }
    let callers = callers(wanted)?;
    let title = format!("Cut {} off from {host} for {}", fault.namespace, spoken(fault.duration));
    let mut plan = match naming(wanted, host)? {
        Some(entry) => changed(wanted, entry, title)?,
        None => ours(wanted, host, title),
    };
    let everything = plan.reach.everything.take();
    plan.reach =
        Reach { services: vec![format!("{}/{host}", fault.namespace)], routes: Vec::new(), everything, ..callers };
    plan.doubts.clear();
    control_plane_doubt(&mut plan, sight);
    plan.predicts.clone_from(&plan.doubts);
    plan.predicts.push(format!("connections to {host} hang for 10 s (connectTimeout), then fail: 503 (Envoy flag UF)"));
    plan.predicts.push(format!(
        "which of the {} call it is not known here; calls without a timeout of their own wait for all tries",
        counted(plan.reach.pods.values().map(Vec::len).sum(), "pod")
    ));
    Ok(plan)
}

/// The Service a host means, where it is one of the cluster.
fn in_cluster(host: &str) -> Option<String> {
    let name = host.strip_suffix(".cluster.local").unwrap_or(host);
    let name = name.strip_suffix(".svc").or_else(|| (!name.contains('.')).then_some(name))?;
    name.split('.').next().map(str::to_owned)
}

/// Every pod of the namespace whose connections a proxy makes: any of them may call the host.
fn callers(wanted: &Wanted<'_>) -> Result<Reach, CompileError> {
    let (fault, sight) = (wanted.fault, wanted.sight);
    let namespace = sight.namespaces.get(&fault.namespace);
    let living =
        sight.pods.iter().filter(|pod| pod.namespace() == Some(fault.namespace.as_str()) && !select::over(pod));
    let pods: Vec<&Manifest> = living.filter(|pod| dataplane::of(pod, namespace) == Dataplane::Sidecar).collect();
    if pods.is_empty() {
        // A ztunnel passes on what it does not know as it came, unless a waypoint is told to take it.
        return Err(CompileError::cannot(
            format!("no pod of {} has a sidecar: nobody there goes by a ServiceEntry", fault.namespace),
            "take network-partition, or dns-error by Chaos Mesh",
        ));
    }
    let aim = Aim { called: fault.namespace.clone(), labels: [].into(), pods, service: None, workload: None };
    Ok(hit(&aim, sight, 1.0))
}

fn hosts(entry: &Manifest) -> impl Iterator<Item = &str> {
    entry.at(&["spec", "hosts"]).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Namespaces an entry is for; `*` is all.
fn exports(entry: &Manifest) -> Vec<&str> {
    let all = entry.at(&["spec", "exportTo"]).and_then(Value::as_array);
    let named: Vec<&str> = all.into_iter().flatten().filter_map(Value::as_str).collect();
    if named.is_empty() { vec!["*"] } else { named }
}

/// The entry that names exactly this host for this namespace, the oldest first.
fn naming<'a>(wanted: &Wanted<'a>, host: &str) -> Result<Option<&'a Manifest>, CompileError> {
    let (own, sight) = (wanted.fault.namespace.as_str(), wanted.sight);
    readable::need(sight, &known::service_entry().plural, own, "whether one names the host")?;
    let for_us = |entry: &&Manifest| {
        let at_home = entry.namespace() == Some(own);
        exports(entry).iter().any(|space| *space == "*" || *space == own || (*space == "." && at_home))
    };
    let naming = sight.service_entries.iter().filter(|entry| hosts(entry).any(|one| one == host)).filter(for_us);
    let Some(entry) = naming.min_by_key(|entry| (entry.created(), entry.name().to_owned())) else { return Ok(None) };
    if entry.namespace() != Some(own) {
        let space = entry.namespace().unwrap_or_default();
        return Err(CompileError::cannot(
            format!("ServiceEntry {space}/{} names {host}, for callers of all its namespaces", entry.name()),
            format!("aim at it there: -n {space}"),
        ));
    }
    if entry.at(&["spec", "workloadSelector"]).is_some() {
        return Err(CompileError::cannot(
            format!("ServiceEntry {} leads {host} to pods by its selector", entry.name()),
            "aim another kind of fault at those pods",
        ));
    }
    Ok(Some(entry))
}

fn changed(wanted: &Wanted<'_>, entry: &Manifest, title: String) -> Result<Plan, CompileError> {
    let kind = wanted.sight.kind(known::service_entry());
    let given = Given {
        object: ObjectRef::new(kind, &wanted.fault.namespace, entry.name()),
        wanted: Manifest(json!({"spec": {"resolution": "STATIC", "endpoints": [{"address": NOBODY}]}})),
        live: Some(entry.clone()),
    };
    let mut plan = manifest::changed(wanted, Driver::Istio, &given, title)?;
    let beyond = exports(entry).iter().any(|space| *space != "." && *space != wanted.fault.namespace);
    plan.reach.everything =
        beyond.then(|| format!("ServiceEntry {} holds for callers of other namespaces as well", entry.name()));
    Ok(plan)
}

fn ours(wanted: &Wanted<'_>, host: &str, title: String) -> Plan {
    let fault = wanted.fault;
    let kind = wanted.sight.kind(known::service_entry());
    let name = format!("brink-{}", wanted.id);
    let object = json!({
        "apiVersion": kind.api_version(),
        "kind": KIND.1,
        "metadata": {"name": name, "namespace": fault.namespace},
        "spec": {
            "hosts": [host],
            // Other namespaces go on as they do.
            "exportTo": ["."],
            "location": "MESH_EXTERNAL",
            "ports": [
                {"number": 80, "name": "http", "protocol": "HTTP"},
                {"number": 443, "name": "tls", "protocol": "TLS"},
            ],
            "resolution": "STATIC",
            "endpoints": [{"address": NOBODY}],
        },
    });
    let step = Step::made(kind, Manifest(object));
    drivers::plan(fault, Driver::Istio, wanted.id, title, vec![step], Reach::default())
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::answered(plan, "503s".to_owned(), "response_code=\"503\"")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::in_cluster;

    #[rstest]
    #[case("reviews", Some("reviews"))]
    #[case("reviews.shop.svc", Some("reviews"))]
    #[case("reviews.shop.svc.cluster.local", Some("reviews"))]
    #[case("api.example.com", None)]
    fn a_service_is_not_outside(#[case] host: &str, #[case] service: Option<&str>) {
        assert_eq!(in_cluster(host).as_deref(), service);
    }
}
