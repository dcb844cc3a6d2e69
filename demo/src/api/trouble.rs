//! Trouble with the API that a test orders: rights that are taken away, kinds without a dry run, a webhook that changes or
//! refuses what is written. What it does to a request is done where a real server does it, so that reviews, previews and
//! documents say the same as the requests themselves.

use serde_json::Value;

use super::{
    access::Deed,
    cluster::Cluster,
    refusal::Refusal,
    wire::{Request, Webhook},
};
use crate::{base::value, store::KindRow};

/// Rights that nobody has, whatever the roles say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forbidden {
    /// API group.
    pub group: String,
    /// Plural, with the subresource behind a slash.
    pub resource: String,
    /// Verbs; empty for all.
    pub verbs: Vec<String>,
    /// Namespace; empty for all.
    pub namespace: String,
}

impl Forbidden {
    fn covers(&self, deed: &Deed) -> bool {
        deed.path.is_empty()
            && self.group == deed.group
            && self.resource == deed.resource
            && (self.verbs.is_empty() || self.verbs.contains(&deed.verb))
            && (self.namespace.is_empty() || self.namespace == deed.namespace)
    }
}

/// A kind that knows no dry run, as those of some aggregated servers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undry {
    /// API group.
    pub group: String,
    /// Plural.
    pub resource: String,
    /// The parameter is ignored, so that a dry run writes; else it is refused.
    pub ignored: bool,
}

impl Undry {
    /// Whether the document of a group version tells of it.
    fn is_in(&self, path: &str) -> bool {
        let folder = path.rsplit_once('/').map_or(path, |(folder, _)| folder);
        if self.group.is_empty() { folder == "api" } else { folder.strip_prefix("apis/") == Some(&self.group) }
    }
}

/// All trouble that stands until it is taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Rights taken away.
    pub forbidden: Vec<Forbidden>,
    /// Kinds without a dry run.
    pub undry: Vec<Undry>,
}

impl Standing {
    /// Whether a right is taken away.
    pub(super) fn forbids(&self, deed: &Deed) -> bool {
        self.forbidden.iter().any(|one| one.covers(deed))
    }

    fn undry(&self, row: &KindRow) -> Option<&Undry> {
        self.undry.iter().find(|one| one.group == row.group && one.resource == row.plural)
    }

    /// What becomes of the request for a dry run: refused, or, where the kind ignores it, the same without that wish.
    pub(super) fn dry_run(&self, row: &KindRow, request: &Request) -> Result<Option<Request>, Refusal> {
        let Some(undry) = self.undry(row) else { return Ok(None) };
        let mut body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let in_body = [&["dryRun"][..], &["deleteOptions", "dryRun"]];
        if request.ask("dryRun").is_none() && in_body.iter().all(|path| value::list(&body, path).is_empty()) {
            return Ok(None);
        }
        if !undry.ignored {
            return Err(Refusal::bad(format!("{} does not support dry run", row.resource())));
        }
        let mut plain = request.clone();
        plain.query.retain(|(name, _)| name != "dryRun");
        let gone: Vec<_> = in_body.iter().filter_map(|path| value::remove(&mut body, path)).collect();
        if !gone.is_empty() {
            plain.body = body.to_string().into();
        }
        Ok(Some(plain))
    }

    /// Takes the parameter out of the document of a group version.
    pub(super) fn strip(&self, path: &str, document: &mut Value) {
        for undry in self.undry.iter().filter(|undry| undry.is_in(path)) {
            for (place, item) in value::object(document, &["paths"]).into_iter().flatten() {
                if place.split('/').any(|segment| segment == undry.resource) {
                    without_parameter(item);
                }
            }
        }
    }

    /// Whether the document of a group version is another than the recorded one.
    pub(super) fn concerns(&self, path: &str) -> bool {
        self.undry.iter().any(|undry| undry.is_in(path))
    }
}

fn without_parameter(item: &mut Value) {
    let is_it =
        |one: &Value| one["name"] == "dryRun" || one["$ref"].as_str().is_some_and(|name| name.contains("/dryRun"));
    for verb in ["post", "put", "patch", "delete"] {
        if let Some(Value::Array(parameters)) = item.get_mut(verb).and_then(|one| one.get_mut("parameters")) {
            parameters.retain(|one| !is_it(one));
        }
    }
}

/// What the webhook of this request, if it has one, makes of an object that is to be stored.
pub(super) fn admit(cluster: &Cluster, object: &mut Value) -> Result<(), Refusal> {
    let Some(webhook) = &cluster.webhook else { return Ok(()) };
    refuse(webhook)?;
    if !webhook.patch.is_null() {
        json_patch::merge(object, &webhook.patch);
    }
    Ok(())
}

/// The same for an object that is to go: nothing of it can be changed.
pub(super) fn let_go(cluster: &Cluster) -> Result<(), Refusal> {
    cluster.webhook.as_ref().map_or(Ok(()), refuse)
}

fn refuse(webhook: &Webhook) -> Result<(), Refusal> {
    match &webhook.refusal {
        Some(why) => {
            let message = format!("admission webhook {:?} denied the request: {why}", webhook.name);
            Err(Refusal::new(403, "Forbidden", message))
        }
        None => Ok(()),
    }
}
