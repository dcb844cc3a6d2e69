//! A record has a limit, and a plan that would go beyond it is refused before anybody says yes.

use std::time::Duration;

use brink::{
    cluster::{Manifest, warrant::Purpose},
    fault::{
        checked::Checked,
        class::Class,
        guard::NoWarrant,
        intent::Driver,
        io::check::check,
        plan::{Change, Edit, Plan, Reach, Step},
        policy::Policy,
        preview::{Ruling, Verdict},
        record,
        refusal::ApplyError,
        rules::Terms,
        sight::Sight,
        traffic::Traffic,
    },
    journal::path::Seg,
};
use serde_json::json;

use super::support::{
    families::{Family, deployment, fault},
    rig::{ID, Rig},
};

/// A variable of the Deployment gets a value of so many bytes.
async fn checked(rig: &Rig, bytes: usize, policy: Policy) -> Checked {
    let path = ["spec", "template", "metadata", "annotations", "note"];
    let edit = Edit {
        path: path.map(|field| Seg::Field(field.to_owned())).to_vec(),
        value: Some(json!("a".repeat(bytes))),
        at: None,
    };
    let step = Step {
        n: 1,
        object: deployment(),
        change: Change::Patch { edits: vec![edit] },
        before: rig.world.get(&deployment()).map(Manifest),
        residue: Vec::new(),
        assumed: false,
    };
    let fault = fault(ID);
    let plan = Plan {
        id: ID.to_owned(),
        purpose: Purpose::Fault,
        driver: Driver::Native,
        driver_why: String::new(),
        alternatives: Vec::new(),
        class: Class::Guarded,
        duration: Duration::from_secs(30),
        lease: fault.lease,
        fault,
        title: "a long note".to_owned(),
        steps: vec![step],
        fuses: Vec::new(),
        reach: Reach::default(),
        predicts: Vec::new(),
        doubts: Vec::new(),
        undo: Vec::new(),
    };
    let terms = Terms { policy, context: "kind-demo".to_owned(), readonly: false };
    let traffic = Traffic { total: Some(100.0), ..Traffic::default() };
    check(&rig.world.client("preview"), plan, &Sight::default(), &terms, &traffic).await.unwrap()
}

fn record_rule(checked: &Checked) -> &Verdict {
    checked.preview.guard.iter().find(|one| one.rule == "record").unwrap()
}

/// A shop whose Deployment has annotations to add to.
fn rig() -> Rig {
    let mut rig = Rig::new(Family::Image);
    rig.world.with(|store| {
        store.edit(&deployment(), "ben", |object| {
            object["spec"]["template"]["metadata"] = json!({"annotations": {"team": "shop"}});
        });
    });
    rig.before = rig.world.picture();
    rig
}

#[tokio::test(start_paused = true)]
async fn a_plan_whose_record_would_be_too_big_is_refused_in_the_preview() {
    let rig = rig();
    let big = checked(&rig, record::LIMIT, Policy::default()).await;
    let verdict = record_rule(&big);
    assert_eq!((verdict.verdict, verdict.change.as_str()), (Ruling::Refuse, "split the plan"), "{verdict:?}");
    assert!(verdict.value.contains("bytes") && verdict.limit.contains("262144"), "{verdict:?}");
    let cockpit = rig.cockpit();
    let refused = cockpit.apply(big).await.unwrap_err();
    assert!(matches!(&refused, ApplyError::Guard(NoWarrant::Rule(verdict)) if verdict.rule == "record"), "{refused}");
    rig.assert_clean("a record too big");
}

#[tokio::test(start_paused = true)]
async fn what_the_preview_lets_through_is_recorded() {
    // From well below the limit to nearly the last size that is let through.
    let rig = rig();
    let (mut fits, mut not) = (record::LIMIT / 2, record::LIMIT);
    while not - fits > 8_192 {
        let middle = usize::midpoint(fits, not);
        match record_rule(&checked(&rig, middle, Policy::default()).await).verdict {
            Ruling::Ok => fits = middle,
            _ => not = middle,
        }
    }
    let cockpit = rig.cockpit();
    cockpit.apply(checked(&rig, fits, Policy::default()).await).await.unwrap();
    let stands = rig.world.get(&record::place("shop", &record::name(ID))).expect("the record stands");
    assert!(stands["data"]["steps"].as_str().unwrap().len() > record::LIMIT / 2);
    assert!(cockpit.engine.abort(ID).await.unwrap().ended());
    rig.assert_clean("a record that just fits");
}
