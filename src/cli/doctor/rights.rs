//! What this user may do: the rights to see, and the rights that faults and their undo need.

use super::{Check, Health};
use crate::{
    cli::session::Session,
    cluster::{
        Kind,
        api::{Api, Read},
    },
};

/// A right faults need.
struct Right {
    group: &'static str,
    plural: &'static str,
    subresource: Option<&'static str>,
    verbs: &'static [&'static str],
    what_for: &'static str,
}

const fn right(
    group: &'static str,
    plural: &'static str,
    verbs: &'static [&'static str],
    what_for: &'static str,
) -> Right {
    Right { group, plural, subresource: None, verbs, what_for }
}

/// What faults and their undo write, in the namespaces they touch.
const BREAKING: &[Right] = &[
    right("", "configmaps", &["get", "list", "create", "patch", "delete"], "the record of every fault"),
    right("batch", "jobs", &["get", "list", "create", "delete"], "the fuse of self-expiring faults"),
    right("", "events", &["create"], "telling colleagues (may be missing)"),
    right(
        "networking.istio.io",
        "envoyfilters",
        &["get", "list", "create", "patch", "delete"],
        "http-delay, http-abort",
    ),
    right(
        "networking.istio.io",
        "virtualservices",
        &["get", "list", "create", "patch", "delete"],
        "timeout, retries; http-delay, http-abort, weights by VirtualService",
    ),
    right(
        "networking.istio.io",
        "destinationrules",
        &["get", "list", "create", "patch", "delete"],
        "outlier-eject, circuit-break",
    ),
    right("networking.istio.io", "serviceentries", &["get", "list", "create", "patch", "delete"], "external-outage"),
    right(
        "security.istio.io",
        "peerauthentications",
        &["get", "list", "create", "patch", "delete"],
        "mtls-strict, mtls-off",
    ),
    right("security.istio.io", "authorizationpolicies", &["get", "list", "create", "patch", "delete"], "authz-deny"),
    right("gateway.networking.k8s.io", "httproutes", &["get", "list", "create", "patch", "delete"], "route-conflict"),
    right("gateway.networking.k8s.io", "gateways", &["get", "list", "patch"], "cert-expired"),
    right("apps", "deployments", &["get", "list", "patch"], "scale"),
    right("apps", "statefulsets", &["get", "list", "patch"], "scale"),
    right("", "pods", &["get", "list"], "naming what is hit"),
    Right { group: "", plural: "pods", subresource: Some("eviction"), verbs: &["create"], what_for: "pod-kill" },
];

/// What the panes show.
const SEEING: [(&str, &str, &str, &str); 5] = [
    ("", "v1", "Pod", "pods"),
    ("", "v1", "Service", "services"),
    ("", "v1", "Event", "events"),
    ("apps", "v1", "Deployment", "deployments"),
    ("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
];

async fn may(session: &Session, verb: &str, kind: Kind, subresource: Option<&str>) -> Result<bool, String> {
    let namespace = session.namespace().filter(|_| kind.namespaced).map(str::to_owned);
    let read = Read::Allowed {
        verb: verb.to_owned(),
        kind,
        namespace,
        name: None,
        subresource: subresource.map(str::to_owned),
    };
    match session.live.read(&read).await {
        Ok(answer) => Ok(answer.body.at(&["status", "allowed"]).and_then(serde_json::Value::as_bool) == Some(true)),
        Err(trouble) => Err(trouble.to_string()),
    }
}

/// The rights the panes need.
pub async fn reading(session: &Session, checks: &mut Vec<Check>) {
    let (mut missing, mut asked) = (Vec::new(), 0);
    for (group, version, kind, plural) in SEEING {
        for verb in ["list", "watch"] {
            asked += 1;
            match may(session, verb, Kind::namespaced(group, version, kind, plural), None).await {
                Ok(true) => {}
                Ok(false) => missing.push(format!("{verb} {plural}")),
                Err(why) => {
                    let fix = "ask for `create` on selfsubjectaccessreviews; Kubernetes grants it by default";
                    checks.push(Check::new("rights to see", Health::Warn, why, fix));
                    return;
                }
            }
        }
    }
    let place =
        session.namespace().map_or_else(|| "all namespaces".to_owned(), |namespace| format!("namespace {namespace}"));
    checks.push(match missing.len() {
        0 => Check::ok("rights to see", format!("pods, services, events, deployments and routes in {place}")),
        count => Check::new(
            "rights to see",
            if count == asked { Health::Fail } else { Health::Warn },
            format!("may not {} in {place}", missing.join(", ")),
            "ask for the cluster role `view`, or choose a namespace you may see with -n",
        ),
    });
}

/// The rights faults need, each kind on its own line.
pub async fn breaking(session: &Session, checks: &mut Vec<Check>) {
    for right in BREAKING {
        let name = match right.subresource {
            Some(below) => format!("right: {}/{below}", right.plural),
            None => format!("right: {}", right.plural),
        };
        let mut missing = Vec::new();
        let mut unknown = None;
        for verb in right.verbs {
            let kind = Kind::namespaced(right.group, "v1", "", right.plural);
            match may(session, verb, kind, right.subresource).await {
                Ok(true) => {}
                Ok(false) => missing.push(*verb),
                Err(why) => unknown = Some(why),
            }
        }
        checks.push(match (unknown, missing.is_empty()) {
            (Some(why), _) => Check::new(&name, Health::Warn, why, "ask for `create` on selfsubjectaccessreviews"),
            (None, true) => Check::ok(&name, format!("{} ({})", right.verbs.join(", "), right.what_for)),
            (None, false) => Check::new(
                &name,
                Health::Warn,
                format!("may not {} ({})", missing.join(", "), right.what_for),
                "have the Role below bound to you",
            ),
        });
    }
}

/// The rights as manifests. The same list the checks ask for.
pub fn role(namespace: &str) -> String {
    let mut text = format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: brink-faults\n  namespace: {namespace}\nrules:\n"
    );
    for right in BREAKING {
        let resource = match right.subresource {
            Some(below) => format!("{}/{below}", right.plural),
            None => right.plural.to_owned(),
        };
        text.push_str(&format!(
            "  - apiGroups: [\"{}\"]\n    resources: [\"{resource}\"]\n    verbs: [{}]\n",
            right.group,
            right.verbs.iter().map(|verb| format!("\"{verb}\"")).collect::<Vec<_>>().join(", ")
        ));
    }
    text.push_str(&format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: brink-faults\n  namespace: \
         {namespace}\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: brink-faults\nsubjects:\n  - kind: \
         User\n    name: USER\n"
    ));
    text
}
