//! Asks what the GitOps owners of touched objects will do about a change, and looks whether they did it.

use jiff::{SignedDuration, Timestamp};

use super::{finding::get, sight::answered};
use crate::{
    cluster::{
        Manifest, ObjectRef,
        api::{Api, Read as Ask, Trouble},
    },
    fault::{
        arming,
        compare::last_write,
        edit,
        gitops::{self, Change, Foretold, Owner, Read, forecast},
        plan::{self, Plan},
        rivals,
    },
    journal::entry::{StepFact, Touched},
};

/// Where Argo CD lives unless somebody wanted it elsewhere.
const ARGO_CD: &str = "argocd";

/// What is foretold of every step whose object somebody owns.
pub(crate) async fn foretell<A: Api>(api: &A, plan: &Plan) -> Result<Vec<Foretold>, Trouble> {
    let mut known: Vec<(Owner, Read)> = Vec::new();
    let mut all = Vec::new();
    for step in &plan.steps {
        if matches!(step.change, plan::Change::Create { .. } | plan::Change::Evict) {
            continue;
        }
        let Some(object) = &step.before else { continue };
        let Some(owner) = gitops::owner(object, &step.object) else { continue };
        let read = match known.iter().find(|(one, _)| *one == owner) {
            Some((_, read)) => read.clone(),
            None => {
                let read = own_object(api, &owner).await?;
                known.push((owner.clone(), read.clone()));
                read
            }
        };
        let paths = rivals::touched(step);
        let change = Change { object, place: &step.object, paths: &paths };
        let forecast = forecast(owner, &read, change, api.now());
        all.push(Foretold { step: step.n, object: step.object.clone(), forecast });
    }
    Ok(all)
}

async fn own_object<A: Api>(api: &A, owner: &Owner) -> Result<Read, Trouble> {
    let kind = owner.kind();
    let ask = match &owner.namespace {
        Some(namespace) => Ask::Get(ObjectRef::new(kind.clone(), namespace, &owner.name)),
        // Which namespace an application lives in, its objects do not tell.
        None => Ask::List { kind: kind.clone(), namespace: None, labels: String::new() },
    };
    let mut answer = api.read(&ask).await;
    // Who may not look everywhere may look where Argo CD usually lives.
    if owner.namespace.is_none() && answer.as_ref().is_err_and(|trouble| answered(trouble) && !trouble.not_found()) {
        let usual = Ask::List { kind: kind.clone(), namespace: Some(ARGO_CD.to_owned()), labels: String::new() };
        answer = api.read(&usual).await;
    }
    let found = match answer {
        Ok(answer) if owner.namespace.is_some() => Some(answer.body),
        Ok(answer) => answer.body.items(&kind).into_iter().find(|one| one.name() == owner.name),
        Err(trouble) if trouble.not_found() => None,
        Err(trouble) if answered(&trouble) => return Ok(Read::Unread(trouble.to_string())),
        Err(trouble) => return Err(trouble),
    };
    Ok(found.map_or(Read::Absent, |own| Read::There(Box::new(own))))
}

/// When the last of these objects was put back, if all of them are again as they were; what cannot be read is not.
pub(crate) async fn put_back<A: Api>(api: &A, steps: &[StepFact], foretold: &[Foretold]) -> Option<Timestamp> {
    let mut last = None;
    for step in steps.iter().filter(|step| foretold.iter().any(|one| one.step == step.n)) {
        let live = get(api, &arming::object(&step.object)).await.ok()?.filter(|live| as_before(step, live))?;
        // By who wrote it; a look comes some time after.
        let written: Option<Timestamp> =
            step.paths.iter().filter_map(|touched| last_write(&live, &touched.path)?.1.parse().ok()).max();
        // The server tells whole seconds: on average it was half of one later.
        let at = written.and_then(|at| at.checked_add(SignedDuration::from_millis(500)).ok());
        last = last.max(Some(at.unwrap_or_else(|| api.now())));
    }
    last
}

fn as_before(step: &StepFact, live: &Manifest) -> bool {
    let same = |touched: &Touched| edit::find(&live.0, &touched.path) == touched.pre.as_ref();
    step.uid.as_deref() == live.text(&["metadata", "uid"]) && !step.paths.is_empty() && step.paths.iter().all(same)
}
