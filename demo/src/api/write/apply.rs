//! Server-side apply: a configuration is merged into what is there, and its manager owns what it says.

use serde_json::{Value, json};

use super::{
    By, Call, Write, create,
    owners::{self, Owners},
    update,
};
use crate::{
    api::{
        cluster::{Cluster, Schema},
        refusal::Refusal,
    },
    base::{
        value::{self, put, text},
        when,
    },
    schema::{
        apply::{self, Applied, Refused, Way},
        managers::{Managers, Writer},
    },
    store::KindRow,
};

/// The manager whose client wrote by plain updates before it came to apply.
const KUBECTL: &str = "kubectl";
/// Where that client kept what it had applied last.
const LAST: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Who owns what was there before anybody kept track.
const BEFORE: &str = "before-first-apply";

/// Plans an apply.
pub(super) fn apply(
    cluster: &Cluster,
    call: &Call<'_>,
    row: &KindRow,
    schema: Option<&Schema>,
    config: &Value,
    force: bool,
) -> Result<Write, Refusal> {
    check(call, row, config)?;
    let now = when::seconds(cluster.now());
    let way = owners::way(call, row, schema, true, &now);
    let found = super::existing(cluster, call, row, call.name).ok();
    let Some(old) = found else {
        if call.part != super::Part::Whole {
            return Err(Refusal::not_found(row, call.name));
        }
        let blank = owners::blank(row, schema, call.version);
        let applied = claim(&Managers::default(), &blank, config, &way, force)
            .map_err(|refused| told(row, call, config, refused))?;
        let uid = text(config, &["metadata", "uid"]);
        if !uid.is_empty() {
            let why =
                format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
            return Err(Refusal::conflict(row, call.name, &why));
        }
        let object = named(applied.object.unwrap_or(blank), call)?;
        return create::create(cluster, call, row, schema, object, Owners::Known(applied.managers));
    };
    let (live, mut managers) = owners::live(row, old.value(), call.version);
    if managers.0.is_empty() {
        let blank = owners::blank(row, schema, call.version);
        let writer = Writer { manager: BEFORE.to_owned(), applies: false, ..way.writer.clone() };
        let before = Way { writer, ..way.clone() };
        let found = apply::found(&blank, &live, &before);
        apply::note(&mut managers, found, &before);
    }
    let applied = claim(&managers, &live, config, &way, force).map_err(|refused| told(row, call, config, refused))?;
    let mut object = named(applied.object.unwrap_or(live), call)?;
    if call.manager == KUBECTL && !text(&object, &["metadata", "annotations", LAST]).is_empty() {
        put(&mut object, &["metadata", "annotations", LAST], json!(written(config)));
    }
    update::update(cluster, call, schema, &old, object, By::Patch, Owners::Known(applied.managers))
}

/// Applies; what stands in the way of kubectl only because it wrote the same by plain updates before stands in its way no more.
fn claim(managers: &Managers, live: &Value, config: &Value, way: &Way<'_>, force: bool) -> Result<Applied, Refused> {
    match apply::apply(managers, live, config, way, force) {
        Err(Refused::Conflicts(conflicts)) if way.writer.manager == KUBECTL => {
            let last = text(live, &["metadata", "annotations", LAST]);
            let last: Value = serde_json::from_str(last).unwrap_or_default();
            if text(&last, &["apiVersion"]) != way.writer.version {
                return Err(Refused::Conflicts(conflicts));
            }
            let left = apply::beyond(conflicts, &last, live, way.shape);
            if left.is_empty() {
                apply::apply(managers, live, config, way, true)
            } else {
                Err(Refused::Conflicts(left))
            }
        }
        other => other,
    }
}

/// What a configuration must not be.
fn check(call: &Call<'_>, row: &KindRow, config: &Value) -> Result<(), Refusal> {
    let (group, version) = crate::api::cluster::split(text(config, &["apiVersion"]));
    if text(config, &["kind"]) != row.kind || group != row.group || version != call.version {
        let kind = text(config, &["kind"]);
        return Err(Refusal::bad(format!("invalid object type: {group}/{version}, Kind={kind}")));
    }
    if !value::at(config, &["metadata", "managedFields"]).is_null() {
        return Err(Refusal::bad("metadata.managedFields must be nil"));
    }
    Ok(())
}

fn named(object: Value, call: &Call<'_>) -> Result<Value, Refusal> {
    let given = text(&object, &["metadata", "name"]);
    if given.is_empty() {
        let why =
            format!("the name of the object ({} based on URL) was undeterminable: name must be provided", call.name);
        return Err(Refusal::bad(why));
    }
    if given != call.name {
        let why = format!("the name of the object ({given}) does not match the name on the URL ({})", call.name);
        return Err(Refusal::bad(why));
    }
    Ok(object)
}

fn told(row: &KindRow, call: &Call<'_>, config: &Value, refused: Refused) -> Refusal {
    match refused {
        Refused::Conflicts(conflicts) => Refusal::owned(&conflicts),
        Refused::Untyped(why) => {
            let metadata = value::at(config, &["metadata"]);
            Refusal::new(
                500,
                "",
                format!(
                    "failed to create typed patch object ({}/{}; {}, Kind={}): {why}",
                    text(metadata, &["namespace"]),
                    text(metadata, &["name"]),
                    if row.group.is_empty() { format!("/{}", call.version) } else { row.api_version(call.version) },
                    row.kind
                ),
            )
        }
    }
}

/// The configuration as kubectl keeps it: sorted, without the annotation itself, a line.
fn written(config: &Value) -> String {
    let mut config = config.clone();
    value::remove(&mut config, &["metadata", "annotations", LAST]);
    config.sort_all_objects();
    format!("{config}\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::{Cluster, NoReadings, Request, User, wire::Body};

    const ROUTES: &str = "/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes";

    fn cluster() -> Cluster {
        let mut cluster = Cluster::new(1, jiff::Timestamp::UNIX_EPOCH);
        let user = |name: &str, groups: &[&str]| User {
            name: name.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            token: name.to_owned(),
        };
        cluster.set_users(vec![user("admin", &["system:masters"]), user("patcher", &[])]);
        cluster
    }

    fn ask(cluster: &mut Cluster, user: &str, method: &str, path: &str, media: &str, body: &Value) -> (u16, Value) {
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: vec![("fieldManager".to_owned(), "one".to_owned())],
            content_type: media.to_owned(),
            token: user.to_owned(),
            body: body.to_string().into(),
            ..Request::default()
        };
        let answer = cluster.answer(&request, &NoReadings);
        let Body::Whole(bytes) = answer.body else { panic!("a stream") };
        (answer.code, serde_json::from_slice(&bytes).unwrap())
    }

    fn route() -> Value {
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "r"},
            "spec": {"parentRefs": [{"name": "gw"}], "rules": [{"backendRefs": [{"name": "web", "port": 80}]}]}})
    }

    #[test]
    fn a_later_apply_of_the_same_is_no_write() {
        let mut cluster = cluster();
        let path = format!("{ROUTES}/r");
        let apply = |cluster: &mut Cluster| ask(cluster, "admin", "PATCH", &path, crate::api::patch::APPLY, &route());
        let (code, made) = apply(&mut cluster);
        assert_eq!(code, 201, "{made}");
        cluster.advance(jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_mins(1));
        // Defaults that the configuration does not say stand in a list that it owns as a whole.
        let (code, again) = apply(&mut cluster);
        assert_eq!((code, &again), (200, &made));
    }

    #[test]
    fn who_may_only_patch_makes_nothing_by_an_apply() {
        let mut cluster = cluster();
        let rbac = "/apis/rbac.authorization.k8s.io/v1";
        let role = json!({"metadata": {"name": "patch"},
            "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "patch"]}]});
        let bind = json!({"metadata": {"name": "patch"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "patch"},
            "subjects": [{"kind": "User", "name": "patcher"}]});
        for (plural, body) in [("clusterroles", role), ("clusterrolebindings", bind)] {
            assert_eq!(ask(&mut cluster, "admin", "POST", &format!("{rbac}/{plural}"), "", &body).0, 201);
        }
        let path = format!("{ROUTES}/r");
        let (code, refused) = ask(&mut cluster, "patcher", "PATCH", &path, crate::api::patch::APPLY, &route());
        assert!(code == 403 && refused["message"].as_str().unwrap().contains("cannot create"), "{refused}");
        assert_eq!(ask(&mut cluster, "admin", "PATCH", &path, crate::api::patch::APPLY, &route()).0, 201);
        let (code, refused) = ask(&mut cluster, "patcher", "PATCH", &path, crate::api::patch::APPLY, &route());
        assert_eq!(code, 200, "{refused}");
    }
}
