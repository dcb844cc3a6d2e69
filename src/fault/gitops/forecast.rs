//! What the owner of an object will do about a change, and when; and what it did.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{Owner, Reconciler};
use crate::{
    base::span,
    cluster::{Manifest, ObjectRef},
    journal::path::{Path, Seg},
};

/// Self-heal comes so long after Argo CD saw the change (its default).
const SELF_HEAL: Duration = Duration::from_secs(5);
/// A prediction that is missed by less than this was right: looks are seconds apart.
const CLOSE: Duration = Duration::from_secs(10);

/// What was learnt of the owner's own object.
#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    /// It is this.
    There(Box<Manifest>),
    /// There is none.
    Absent,
    /// It could not be read, and why.
    Unread(String),
}

/// A change to an object that somebody owns.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The object before.
    pub object: &'a Manifest,
    /// Its place.
    pub place: &'a ObjectRef,
    /// What is changed of it; empty: it is deleted.
    pub paths: &'a [Path],
}

/// What it will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// It puts it back after about so long.
    Reverts(Duration),
    /// It puts it back within so long.
    RevertsWithin(Duration),
    /// It leaves it, and why.
    Leaves(String),
    /// Nobody can say, and why.
    Unknown(String),
}

/// What an owner will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// Who.
    pub owner: Owner,
    /// What.
    pub does: Does,
}

/// What is foretold of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foretold {
    /// The step's number, from 1.
    pub step: u32,
    /// Its object.
    pub object: ObjectRef,
    /// What its owner will do.
    pub forecast: Forecast,
}

/// What the owner will do about a change that is made now.
pub fn forecast(owner: Owner, read: &Read, change: Change<'_>, now: Timestamp) -> Forecast {
    let does = match (read, owner.by) {
        (Read::Unread(why), _) => Does::Unknown(format!("it could not be read: {why}")),
        (Read::Absent, _) => Does::Leaves("it is not there any more".to_owned()),
        (Read::There(own), Reconciler::ArgoCd) => argo_cd(own, change),
        (Read::There(own), Reconciler::Kustomization) => kustomization(own, change, now),
        (Read::There(own), Reconciler::HelmRelease) => helm_release(own, change),
    };
    Forecast { owner, does }
}

fn leaves(why: &str) -> Does {
    Does::Leaves(why.to_owned())
}

fn argo_cd(own: &Manifest, change: Change<'_>) -> Does {
    if own.annotation("argocd.argoproj.io/skip-reconcile") == Some("true") {
        return leaves("it is told to skip reconciliation");
    }
    let automated = own.at(&["spec", "syncPolicy", "automated"]).filter(|one| one.is_object());
    let on = |field: &str, default: bool| {
        automated.is_some_and(|one| one.get(field).and_then(Value::as_bool).unwrap_or(default))
    };
    if !on("enabled", true) {
        return leaves("without automated sync it only shows as OutOfSync, until somebody syncs");
    }
    if !on("selfHeal", false) {
        return leaves("without self-heal it stays until the next sync");
    }
    let ignored = own.at(&["spec", "ignoreDifferences"]).and_then(Value::as_array);
    let ignored: Vec<&Value> = ignored.into_iter().flatten().filter(|one| means(one, change.place)).collect();
    let hidden = |path: &Path| {
        let touched = pointer(path);
        ignored.iter().filter_map(|one| one.get("jsonPointers").and_then(Value::as_array)).flatten().any(|pointer| {
            pointer.as_str().is_some_and(|ignored| {
                touched.strip_prefix(ignored).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        })
    };
    if !change.paths.is_empty() && change.paths.iter().all(hidden) {
        return leaves("its ignoreDifferences hide the change");
    }
    if ignored.iter().any(|one| one.get("jqPathExpressions").is_some() || one.get("managedFieldsManagers").is_some()) {
        return Does::Unknown("its ignoreDifferences may hide the change".to_owned());
    }
    Does::Reverts(SELF_HEAL)
}

/// Whether an entry of `ignoreDifferences` means this object.
fn means(entry: &Value, place: &ObjectRef) -> bool {
    let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
    let fits = |pattern: &str, value: &str| pattern == "*" || pattern == value;
    fits(text("group"), &place.kind.group)
        && fits(text("kind"), &place.kind.kind)
        && (text("name").is_empty() || text("name") == place.name)
        && (text("namespace").is_empty() || Some(text("namespace")) == place.namespace.as_deref())
}

/// The JSON pointer of a path, as far as it goes by fields: the place of a named element is not known to it.
fn pointer(path: &[Seg]) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Seg::Field(name) => pointer.push_str(&format!("/{}", name.replace('~', "~0").replace('/', "~1"))),
            Seg::Index(at) => pointer.push_str(&format!("/{at}")),
            Seg::Named { .. } => break,
        }
    }
    pointer
}

/// A label or annotation of the object.
fn noted<'a>(object: &'a Manifest, key: &str) -> Option<&'a str> {
    object.annotation(key).or_else(|| object.label(key))
}

fn kustomization(own: &Manifest, change: Change<'_>, now: Timestamp) -> Does {
    if noted(change.object, "kustomize.toolkit.fluxcd.io/reconcile") == Some("disabled") {
        return leaves("its reconciliation is disabled on this object");
    }
    if let Some(mode) = noted(change.object, "kustomize.toolkit.fluxcd.io/ssa")
        .filter(|mode| matches!(*mode, "IfNotPresent" | "Ignore"))
        && !change.paths.is_empty()
    {
        return Does::Leaves(format!("the object is applied by {mode}"));
    }
    if suspended(own) {
        return leaves("it is suspended");
    }
    let Some(interval) = interval(own) else { return Does::Unknown("its interval cannot be read".to_owned()) };
    // Its history tells when it reconciled last; before 1.7 there is none.
    let history = own.at(&["status", "history"]).and_then(Value::as_array);
    let last =
        history.into_iter().flatten().filter_map(|one| one.get("lastReconciled")?.as_str()?.parse::<Timestamp>().ok());
    match last.max() {
        Some(last) => {
            let since = Duration::try_from(now.duration_since(last)).unwrap_or_default();
            // Late already: it may come at any moment.
            Does::Reverts(interval.saturating_sub(since))
        }
        None => Does::RevertsWithin(interval),
    }
}

fn helm_release(own: &Manifest, change: Change<'_>) -> Does {
    if noted(change.object, "helm.toolkit.fluxcd.io/driftDetection") == Some("disabled") {
        return leaves("its drift detection is disabled on this object");
    }
    if suspended(own) {
        return leaves("it is suspended");
    }
    if own.text(&["spec", "driftDetection", "mode"]) != Some("enabled") {
        return leaves("without drift detection it stays until the next upgrade");
    }
    interval(own).map_or_else(|| Does::Unknown("its interval cannot be read".to_owned()), Does::RevertsWithin)
}

fn suspended(own: &Manifest) -> bool {
    own.at(&["spec", "suspend"]).and_then(Value::as_bool) == Some(true)
}

fn interval(own: &Manifest) -> Option<Duration> {
    span::parse(own.text(&["spec", "interval"])?).ok()
}

impl Does {
    /// Within which time it is put back, if it is.
    fn time(&self) -> Option<Duration> {
        match self {
            Self::Reverts(time) | Self::RevertsWithin(time) => Some(*time),
            Self::Leaves(_) | Self::Unknown(_) => None,
        }
    }

    /// `about 5s`, `within 10m`.
    fn when(&self) -> String {
        let short = |time: &Duration| span::format(Duration::from_secs(time.as_secs()));
        match self {
            Self::Reverts(time) if time.is_zero() => "at any moment".to_owned(),
            Self::Reverts(time) => format!("about {}", short(time)),
            Self::RevertsWithin(time) => format!("within {}", short(time)),
            Self::Leaves(_) | Self::Unknown(_) => String::new(),
        }
    }
}

impl Forecast {
    /// What it will do, in words.
    pub fn words(&self) -> String {
        match &self.does {
            Does::Reverts(time) if time.is_zero() => "it may put the change back at any moment".to_owned(),
            Does::Reverts(_) => format!("it puts the change back {} after it is made", self.does.when()),
            Does::RevertsWithin(_) => format!("it puts the change back {}", self.does.when()),
            Does::Leaves(why) => format!("it leaves the change: {why}"),
            Does::Unknown(why) => format!("whether it puts the change back is not known: {why}"),
        }
    }
}

impl Foretold {
    /// What should be seen; `None`: nothing of it.
    pub fn predicts(&self) -> Option<String> {
        self.forecast.does.time().map(|_| {
            format!(
                "{} puts {} back {}: longer it does not last",
                self.forecast.owner.called(),
                self.object.short(),
                self.forecast.does.when()
            )
        })
    }

    /// It was put back so long after it acted.
    pub fn happened(&self, after: Duration) -> String {
        let (who, object) = (self.forecast.owner.called(), self.object.short());
        let after = span::format(Duration::from_secs((after + Duration::from_millis(500)).as_secs()));
        let told = match &self.forecast.does {
            Does::Leaves(_) => "foretold was that it stays".to_owned(),
            Does::Unknown(_) => "nobody could foretell it".to_owned(),
            does => format!("foretold was {}", does.when()),
        };
        format!("{object} was put back after {after}, {who} owns it; {told}")
    }

    /// It was not put back, though it acted for so long; `None` where that is what was foretold.
    pub fn missed(&self, acted: Duration) -> Option<String> {
        let time = self.forecast.does.time()?;
        (acted > time + CLOSE).then(|| {
            let acted = span::format(Duration::from_secs(acted.as_secs()));
            format!(
                "{} was not put back within {acted}; foretold was that {} does it {}",
                self.object.short(),
                self.forecast.owner.called(),
                self.forecast.does.when()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{Change, Foretold, Owner, Read, Reconciler, forecast};
    use crate::{
        cluster::{Manifest, ObjectRef},
        fault::known,
        journal::path::Seg,
    };

    const NOW: &str = "2026-11-27T12:00:00Z";

    fn foretold(by: Reconciler, own: &Read, note: Option<(&str, &str)>) -> Foretold {
        let place = ObjectRef::new(known::deployment(), "shop", "web");
        let mut object = json!({"metadata": {"name": "web"}});
        if let Some((key, value)) = note {
            object["metadata"]["annotations"][key] = json!(value);
        }
        let path = vec![Seg::Field("spec".to_owned()), Seg::Field("replicas".to_owned())];
        let change = Change { object: &Manifest(object), place: &place, paths: &[path] };
        let owner = Owner { by, namespace: None, name: "store".to_owned() };
        let forecast = forecast(owner, own, change, NOW.parse().unwrap());
        Foretold { step: 1, object: place, forecast }
    }

    fn there(object: Value) -> Read {
        Read::There(Box::new(Manifest(object)))
    }

    fn argo(policy: &Value, ignored: &Value) -> Read {
        there(json!({"spec": {"syncPolicy": policy, "ignoreDifferences": ignored}}))
    }

    #[rstest]
    #[case(json!({"automated": {"selfHeal": true}}), json!([]), "it puts the change back about 5s after it is made")]
    #[case(json!({"automated": {"selfHeal": true, "enabled": false}}), json!([]), "it leaves the change: without automated sync")]
    #[case(json!({"automated": {}}), json!([]), "it leaves the change: without self-heal")]
    #[case(json!({}), json!([]), "it leaves the change: without automated sync")]
    #[case(json!({"automated": {"selfHeal": true}}), json!([{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}]), "it leaves the change: its ignoreDifferences")]
    #[case(json!({"automated": {"selfHeal": true}}), json!([{"group": "*", "kind": "*", "jsonPointers": ["/spec"]}]), "it leaves the change: its ignoreDifferences")]
    #[case(json!({"automated": {"selfHeal": true}}), json!([{"group": "apps", "kind": "Deployment", "name": "api", "jsonPointers": ["/spec/replicas"]}]), "it puts the change back")]
    #[case(json!({"automated": {"selfHeal": true}}), json!([{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/rep"]}]), "it puts the change back")]
    #[case(json!({"automated": {"selfHeal": true}}), json!([{"group": "apps", "kind": "Deployment", "jqPathExpressions": [".spec"]}]), "whether it puts the change back is not known")]
    fn argo_cd_heals_what_it_is_told_to(#[case] policy: Value, #[case] ignored: Value, #[case] expected: &str) {
        let said = foretold(Reconciler::ArgoCd, &argo(&policy, &ignored), None).forecast.words();
        assert!(said.starts_with(expected), "{said}");
    }

    #[rstest]
    #[case(json!({"spec": {"interval": "10m0s"}}), None, "it puts the change back within 10m")]
    #[case(json!({"spec": {"interval": "10m"}, "status": {"history": [{"lastReconciled": "2026-11-27T11:53:00Z"}, {"lastReconciled": "2026-11-27T10:00:00Z"}]}}), None, "it puts the change back about 3m after")]
    #[case(json!({"spec": {"interval": "1m"}, "status": {"history": [{"lastReconciled": "2026-11-27T11:53:00Z"}]}}), None, "it may put the change back at any moment")]
    #[case(json!({"spec": {"interval": "10m", "suspend": true}}), None, "it leaves the change: it is suspended")]
    #[case(json!({"spec": {"interval": "10m"}}), Some(("kustomize.toolkit.fluxcd.io/reconcile", "disabled")), "it leaves the change: its reconciliation is disabled")]
    #[case(json!({"spec": {"interval": "10m"}}), Some(("kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent")), "it leaves the change: the object is applied by IfNotPresent")]
    #[case(json!({"spec": {}}), None, "whether it puts the change back is not known")]
    fn a_kustomization_comes_by_its_interval(
        #[case] own: Value,
        #[case] note: Option<(&str, &str)>,
        #[case] expected: &str,
    ) {
        let said = foretold(Reconciler::Kustomization, &there(own), note).forecast.words();
        assert!(said.starts_with(expected), "{said}");
    }

    #[rstest]
    #[case(json!({"spec": {"interval": "5m", "driftDetection": {"mode": "enabled"}}}), "it puts the change back within 5m")]
    #[case(json!({"spec": {"interval": "5m", "driftDetection": {"mode": "warn"}}}), "it leaves the change: without drift detection")]
    #[case(json!({"spec": {"interval": "5m"}}), "it leaves the change: without drift detection")]
    fn a_release_comes_by_drift_detection(#[case] own: Value, #[case] expected: &str) {
        let said = foretold(Reconciler::HelmRelease, &there(own), None).forecast.words();
        assert!(said.starts_with(expected), "{said}");
    }

    #[test]
    fn what_cannot_be_read_is_not_guessed() {
        let said = foretold(Reconciler::ArgoCd, &Read::Unread("forbidden".to_owned()), None).forecast.words();
        assert_eq!(said, "whether it puts the change back is not known: it could not be read: forbidden");
        let said = foretold(Reconciler::ArgoCd, &Read::Absent, None).forecast.words();
        assert!(said.contains("not there any more"), "{said}");
    }

    #[test]
    fn what_happened_is_held_against_what_was_foretold() {
        use std::time::Duration;
        let heals = foretold(Reconciler::ArgoCd, &argo(&json!({"automated": {"selfHeal": true}}), &json!([])), None);
        assert!(heals.predicts().unwrap().contains("back about 5s: longer it does not last"));
        let said = heals.happened(Duration::from_millis(5400));
        assert!(said.contains("was put back after 5s") && said.ends_with("foretold was about 5s"), "{said}");
        assert_eq!(heals.missed(Duration::from_secs(12)), None);
        assert!(heals.missed(Duration::from_mins(1)).unwrap().contains("was not put back within 1m"));
        let stays = foretold(Reconciler::ArgoCd, &argo(&json!({}), &json!([])), None);
        assert_eq!((stays.predicts(), stays.missed(Duration::from_mins(9))), (None, None));
        assert!(stays.happened(Duration::from_secs(7)).ends_with("foretold was that it stays"));
    }
}
