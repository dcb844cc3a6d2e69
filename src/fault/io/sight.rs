//! Reads what a driver needs to see. Missing kinds and missing rights are facts of the sight, not errors; only a server that
//! cannot be asked at all is one.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::Value;

use super::engines;

use crate::{
    cluster::{
        Kind, Manifest, ObjectRef,
        api::{Api, Read, Trouble},
    },
    fault::{
        catalogue::{Sees, row},
        drivers::CompileError,
        intent::{Fault, FaultKind},
        known, mesh_root,
        observe::Observe,
        sight::{Controller, Given, Sight},
    },
};

/// Groups whose kinds drivers ask for, with the versions to use, best first.
const GROUPS: [(&str, &[&str]); 8] = [
    ("networking.istio.io", &["v1", "v1beta1", "v1alpha3"]),
    ("security.istio.io", &["v1", "v1beta1"]),
    ("gateway.networking.k8s.io", &["v1", "v1beta1"]),
    ("chaos-mesh.org", &["v1alpha1"]),
    ("litmuschaos.io", &["v1alpha1"]),
    ("gateway.kgateway.dev", &["v1alpha1"]),
    ("agentgateway.dev", &["v1alpha1"]),
    ("dapr.io", &["v1alpha1"]),
];

/// More namespaces than this are not looked into; what they hold counts as everything.
const NAMESPACES: usize = 4;

/// Looks at what this intent is about. What does not hang on other answers is asked at the same time: a link may be slow.
pub async fn look<A: Api>(api: &A, fault: &Fault) -> Result<Sight, CompileError> {
    let given = if fault.kind == FaultKind::Manifest { given(api, fault).await? } else { Vec::new() };
    let mut namespaces: Vec<String> = given.iter().filter_map(|given| given.object.namespace.clone()).collect();
    if fault.kind != FaultKind::Manifest {
        namespaces.push(fault.namespace.clone());
    }
    namespaces.sort();
    namespaces.dedup();
    namespaces.truncate(NAMESPACES);
    let inside = join_all(namespaces.iter().map(|namespace| inside(api, namespace)));
    let sees = row(fault.kind).sees;
    let more =
        join_all(sees.iter().filter(|sees| of_mesh(**sees).is_none()).map(|sees| more(api, *sees, &fault.namespace)));
    let acting = Observe::ALL.into_iter().filter(|engine| may_act(*engine, fault, &given));
    let engines = Box::pin(engines_of(api, acting.collect()));
    let (routes, inside, istiod, more, engines) =
        futures::join!(served_routes(api, &namespaces, sees), inside, mesh(api), more, engines);
    let ((istiod, root_namespace), engines) = (istiod?, engines?);
    let mut sight = Sight { given, istiod, engines, root_namespace, ..routes? };
    for part in more {
        let part = part?;
        sight.config_maps.extend(part.config_maps);
        sight.nodes.extend(part.nodes);
        sight.network_policies.extend(part.network_policies);
        sight.unreadable.extend(part.unreadable);
    }
    for part in inside {
        let part = part?;
        sight.namespaces.extend(part.namespaces);
        sight.services.extend(part.services);
        sight.pods.extend(part.pods);
        sight.workloads.extend(part.workloads);
        sight.autoscalers.extend(part.autoscalers);
        sight.budgets.extend(part.budgets);
        sight.unreadable.extend(part.unreadable);
    }
    Ok(sight)
}

/// Whether an engine may come to act: by the kind's drivers, or by what is given.
fn may_act(engine: Observe, fault: &Fault, given: &[Given]) -> bool {
    let of = |one: &Given| Observe::of(&one.object.kind.group, &one.object.kind.kind);
    row(fault.kind).drivers.iter().any(|row| row.driver == engine.facts().driver)
        || given.iter().any(|one| of(one) == Some(engine))
}

/// Whether those are there who act on the objects of these engines.
async fn engines_of<A: Api>(api: &A, engines: Vec<Observe>) -> Result<BTreeMap<Observe, Controller>, CompileError> {
    let asked = engines.iter().map(|engine| async { Ok((*engine, engines::controller(api, *engine).await?)) });
    join_all(asked).await.into_iter().collect()
}

/// What this kind must see beside the rest.
async fn more<A: Api>(api: &A, sees: Sees, namespace: &str) -> Result<Sight, CompileError> {
    let mut sight = Sight::default();
    let (kind, inside) = match sees {
        Sees::ConfigMaps => (known::config_map(), Some(namespace)),
        Sees::NetworkPolicies => (known::network_policy(), Some(namespace)),
        Sees::Nodes => (known::node(), None),
        // These are read once it is known what is served.
        _ => return Ok(sight),
    };
    let Some(all) = list(api, &kind, inside, "").await? else {
        let place = inside.map(|namespace| format!(" in {namespace}")).unwrap_or_default();
        sight.unreadable.push(format!("{}{place}", kind.plural));
        return Ok(sight);
    };
    match sees {
        Sees::ConfigMaps => sight.config_maps = all,
        Sees::NetworkPolicies => sight.network_policies = all,
        Sees::Nodes => sight.nodes = all,
        _ => {}
    }
    Ok(sight)
}

/// The mesh objects that are read in the version that is served.
fn of_mesh(sees: Sees) -> Option<(&'static str, &'static str)> {
    match sees {
        Sees::DestinationRules => Some(("networking.istio.io", "DestinationRule")),
        Sees::ServiceEntries => Some(("networking.istio.io", "ServiceEntry")),
        Sees::PeerAuthentications => Some(("security.istio.io", "PeerAuthentication")),
        _ => None,
    }
}

/// The kinds of the fault's namespace that are read where they are served.
fn of_namespace(sees: Sees) -> &'static [(&'static str, &'static str)] {
    match sees {
        Sees::Litmus => &[("litmuschaos.io", "ChaosExperiment"), ("", "ServiceAccount")],
        Sees::RoutePolicies => &[("gateway.kgateway.dev", "TrafficPolicy"), ("agentgateway.dev", "AgentgatewayPolicy")],
        Sees::Dapr => &[("dapr.io", "Component"), ("dapr.io", "Resiliency"), ("dapr.io", "Configuration")],
        Sees::Models => &[("gateway.kgateway.dev", "Backend"), ("agentgateway.dev", "AgentgatewayBackend")],
        _ => &[],
    }
}

async fn served_routes<A: Api>(api: &A, namespaces: &[String], sees: &[Sees]) -> Result<Sight, CompileError> {
    let mut sight = Sight::default();
    served(api, &mut sight).await?;
    routes(api, namespaces, sees, &mut sight).await?;
    if let Some(namespace) = namespaces.first() {
        others(api, namespace, sees, &mut sight).await?;
    }
    Ok(sight)
}

/// What only some kinds must see of a namespace. Of a system that is not served nothing is read, not even what is of others.
async fn others<A: Api>(api: &A, namespace: &str, sees: &[Sees], sight: &mut Sight) -> Result<(), CompileError> {
    let kinds: Vec<Kind> = sees
        .iter()
        .flat_map(|sees| {
            let all = of_namespace(*sees);
            let served = all.iter().any(|(group, kind)| sight.serves(group, kind).is_some());
            let of = |(group, kind): &(&str, &str)| match *kind {
                "ServiceAccount" => Some(known::service_account()).filter(|_| served),
                _ => sight.serves(group, kind).cloned(),
            };
            all.iter().filter_map(of).collect::<Vec<_>>()
        })
        .collect();
    let read = join_all(kinds.iter().map(|kind| list(api, kind, Some(namespace), ""))).await;
    for (kind, read) in kinds.iter().zip(read) {
        match read? {
            None => sight.unreadable.push(format!("{} in {namespace}", kind.plural)),
            Some(all) => sight.others.extend(all),
        }
    }
    Ok(())
}

/// What the catalogue needs to say which driver works here.
pub async fn survey<A: Api>(api: &A) -> Result<Sight, CompileError> {
    let mut sight = Sight::default();
    let engines = engines_of(api, Observe::ALL.to_vec());
    let (served, istiod, engines) = futures::join!(served(api, &mut sight), istiod(api), engines);
    served?;
    sight.istiod = alive(istiod?.as_deref());
    sight.engines = engines?;
    Ok(sight)
}

pub(super) fn unreadable(what: &str, trouble: &Trouble) -> CompileError {
    CompileError::Unreadable { what: what.to_owned(), why: trouble.to_string() }
}

/// Whether the server itself said no, as opposed to not being reached.
pub(super) fn answered(trouble: &Trouble) -> bool {
    trouble.code().is_some_and(|code| (400..500).contains(&code) && code != 401 && code != 429)
}

/// The items of a collection, each with the apiVersion and kind that lists leave out. `None` when they may not be read.
pub(super) async fn list<A: Api>(
    api: &A,
    kind: &Kind,
    namespace: Option<&str>,
    labels: &str,
) -> Result<Option<Vec<Manifest>>, CompileError> {
    let read = Read::List { kind: kind.clone(), namespace: namespace.map(str::to_owned), labels: labels.to_owned() };
    match api.read(&read).await {
        Ok(answer) => Ok(Some(answer.body.items(kind))),
        Err(trouble) if answered(&trouble) => Ok(None),
        Err(trouble) => Err(unreadable(&kind.plural, &trouble)),
    }
}

/// One namespace: itself, its pods, and what selects, owns, scales or protects them.
async fn inside<A: Api>(api: &A, namespace: &str) -> Result<Sight, CompileError> {
    let kinds = [
        known::pod(),
        known::service(),
        known::deployment(),
        known::stateful_set(),
        known::daemon_set(),
        known::replica_set(),
        known::autoscaler(),
        known::disruption_budget(),
    ];
    let lists = join_all(kinds.iter().map(|kind| list(api, kind, Some(namespace), "")));
    let (itself, lists) = futures::join!(namespace_of(api, namespace), lists);
    let mut sight = Sight::default();
    // Where it may not be read, its labels are unknown, but the namespace may well be there.
    sight.namespaces.insert(namespace.to_owned(), itself?.unwrap_or_default());
    for (kind, answer) in kinds.iter().zip(lists) {
        let Some(items) = answer? else {
            sight.unreadable.push(format!("{} in {namespace}", kind.plural));
            continue;
        };
        match kind.kind.as_str() {
            "Pod" => sight.pods.extend(items),
            "Service" => sight.services.extend(items),
            "HorizontalPodAutoscaler" => sight.autoscalers.extend(items),
            "PodDisruptionBudget" => sight.budgets.extend(items),
            _ => sight.workloads.extend(items),
        }
    }
    Ok(sight)
}

/// `None` when it may not be read.
async fn namespace_of<A: Api>(api: &A, name: &str) -> Result<Option<Manifest>, CompileError> {
    let object = ObjectRef { kind: known::namespace(), namespace: None, name: name.to_owned() };
    match api.read(&Read::Get(object)).await {
        Ok(answer) => Ok(Some(answer.body)),
        Err(trouble) if trouble.not_found() => Err(CompileError::NothingMatches {
            target: "the target".to_owned(),
            namespace: name.to_owned(),
            why: "there is no such namespace; give another with -n".to_owned(),
        }),
        Err(trouble) if answered(&trouble) => Ok(None),
        Err(trouble) => Err(unreadable(&format!("namespace {name}"), &trouble)),
    }
}

/// Routes lead into namespaces from anywhere, so all are read; where that is not allowed, those of the touched namespaces.
async fn routes<A: Api>(api: &A, namespaces: &[String], sees: &[Sees], sight: &mut Sight) -> Result<(), CompileError> {
    let always = [("gateway.networking.k8s.io", "HTTPRoute"), ("networking.istio.io", "VirtualService")];
    for (group, name) in always.into_iter().chain(sees.iter().filter_map(|sees| of_mesh(*sees))) {
        let Some(kind) = sight.serves(group, name).cloned() else { continue };
        let found = if let Some(all) = list(api, &kind, None, "").await? {
            all
        } else {
            sight.unreadable.push(format!("{} of other namespaces", kind.plural));
            let mut found = Vec::new();
            for namespace in namespaces {
                match list(api, &kind, Some(namespace), "").await? {
                    Some(own) => found.extend(own),
                    None => sight.unreadable.push(format!("{} in {namespace}", kind.plural)),
                }
            }
            found
        };
        if let Some(list) = sight.mesh_list(name) {
            *list = found;
        }
    }
    if let Some(kind) = sight.serves("gateway.networking.k8s.io", "Gateway").cloned() {
        sight.gateways = list(api, &kind, None, "").await?;
    }
    Ok(())
}

async fn served<A: Api>(api: &A, sight: &mut Sight) -> Result<(), CompileError> {
    let asked = join_all(GROUPS.iter().map(|(group, versions)| group_kinds(api, group, versions))).await;
    for ((group, _), answer) in GROUPS.iter().zip(asked) {
        match answer? {
            Some(kinds) => sight.served.extend(kinds),
            None => sight.unasked.push((*group).to_owned()),
        }
    }
    Ok(())
}

/// The kinds of a group, each in the best version that serves it. `None` when it may not be asked.
async fn group_kinds<A: Api>(api: &A, group: &str, best: &[&str]) -> Result<Option<Vec<Kind>>, CompileError> {
    let path = format!("/apis/{group}");
    let body = match api.read(&Read::Path(path.clone())).await {
        Ok(answer) => answer.body,
        Err(trouble) if trouble.not_found() => return Ok(Some(Vec::new())),
        Err(trouble) if answered(&trouble) => return Ok(None),
        Err(trouble) => return Err(unreadable(&path, &trouble)),
    };
    let versions: Vec<&str> = body
        .at(&["versions"])
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|version| version.get("version")?.as_str())
        .collect();
    let mut kinds: Vec<Kind> = Vec::new();
    for version in best.iter().filter(|version| versions.contains(*version)) {
        for kind in resources(api, group, version).await? {
            if !kinds.iter().any(|one| one.kind == kind.kind) {
                kinds.push(kind);
            }
        }
    }
    Ok(Some(kinds))
}

/// The kinds of one group version (meta/v1 APIResourceList), subresources left out.
async fn resources<A: Api>(api: &A, group: &str, version: &str) -> Result<Vec<Kind>, CompileError> {
    let path = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
    let body = match api.read(&Read::Path(path.clone())).await {
        Ok(answer) => answer.body,
        Err(trouble) if answered(&trouble) => return Ok(Vec::new()),
        Err(trouble) => return Err(unreadable(&path, &trouble)),
    };
    let all = body.at(&["resources"]).and_then(Value::as_array);
    Ok(all
        .into_iter()
        .flatten()
        .filter_map(|one| {
            let plural = one.get("name")?.as_str().filter(|name| !name.contains('/'))?;
            Some(Kind {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: one.get("kind")?.as_str()?.to_owned(),
                plural: plural.to_owned(),
                namespaced: one.get("namespaced")?.as_bool()?,
            })
        })
        .collect())
}

/// The given objects, met with what is there.
async fn given<A: Api>(api: &A, fault: &Fault) -> Result<Vec<Given>, CompileError> {
    let mut all = Vec::new();
    let mut known: Vec<Kind> = Vec::new();
    for wanted in &fault.manifests {
        let kind = kind_of(api, wanted, &mut known).await?;
        let namespace = wanted.namespace().unwrap_or(&fault.namespace);
        let object = ObjectRef::new(kind, namespace, wanted.name());
        let live = match api.read(&Read::Get(object.clone())).await {
            Ok(answer) => Some(answer.body),
            Err(trouble) if trouble.not_found() => None,
            Err(trouble) => return Err(unreadable(&object.short(), &trouble)),
        };
        all.push(Given { object, wanted: wanted.clone(), live });
    }
    Ok(all)
}

async fn kind_of<A: Api>(api: &A, wanted: &Manifest, known: &mut Vec<Kind>) -> Result<Kind, CompileError> {
    let fits = |kind: &&Kind| kind.kind == wanted.kind() && kind.api_version() == wanted.api_version();
    if let Some(kind) = known.iter().find(fits) {
        return Ok(kind.clone());
    }
    let (group, version) = wanted.api_version().split_once('/').unwrap_or(("", wanted.api_version()));
    known.extend(resources(api, group, version).await?);
    known.iter().find(fits).cloned().ok_or_else(|| CompileError::CannotExpress {
        what: format!("the API server serves no {} in {}", wanted.kind(), wanted.api_version()),
        fix: match crate::base::suggest::nearest(wanted.kind(), known.iter().map(|kind| kind.kind.as_str())) {
            Some(near) if near != wanted.kind() => format!("did you mean {near}?"),
            _ => "correct apiVersion and kind, or install what defines them".to_owned(),
        },
    })
}

/// Istio's control plane: Deployments labelled `app=istiod`, wherever they are.
/// `None` when they may not be listed.
async fn istiod<A: Api>(api: &A) -> Result<Option<Vec<Manifest>>, CompileError> {
    list(api, &known::deployment(), None, "app=istiod").await
}

pub(super) fn available(istiod: &Manifest) -> bool {
    istiod.at(&["status", "availableReplicas"]).and_then(Value::as_u64).unwrap_or(0) > 0
}

fn alive(found: Option<&[Manifest]>) -> Controller {
    match found {
        None => Controller::Unknown,
        Some(found) if found.iter().any(available) => Controller::Alive,
        Some(_) => Controller::Absent,
    }
}

/// The root namespace of the mesh, by the mesh config beside istiod.
pub async fn root_namespace<A: Api>(api: &A) -> Result<String, CompileError> {
    mesh(api).await.map(|(_, root)| root)
}

/// Whether a control plane is there, and the root namespace of its mesh.
async fn mesh<A: Api>(api: &A) -> Result<(Controller, String), CompileError> {
    let found = istiod(api).await?;
    let controller = alive(found.as_deref());
    let found = found.unwrap_or_default();
    let config = found.iter().find(|one| available(one)).or(found.first()).and_then(mesh_root::config_of);
    let told = match config {
        Some(config) => match api.read(&Read::Get(config.clone())).await {
            Ok(answer) => mesh_root::told_by(&answer.body),
            Err(trouble) if answered(&trouble) => None,
            Err(trouble) => return Err(unreadable(&config.short(), &trouble)),
        },
        None => None,
    };
    Ok((controller, told.unwrap_or_else(|| mesh_root::DEFAULT.to_owned())))
}
