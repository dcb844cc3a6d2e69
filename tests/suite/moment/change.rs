//! A kept change: edit or correct, then the same preview.

use brink::{
    cluster::{Kind, ObjectRef, warrant::Purpose},
    fault::{approval::How, intent::Fault},
    msg::{Command, Context, Effect, Failure, effect::ManagedFields},
    panes::{Change, Preview, Turn},
};
use ratatui::layout::Rect;

use super::stage::{Ground, Stage, at, draw, told};
use crate::suite::fault::sights;

fn reviews() -> ObjectRef {
    ObjectRef::new(Kind::namespaced("apps", "v1", "Deployment", "deployments"), "shop", "reviews")
}

fn yaml() -> String {
    brink::fault::yaml::text(&sights::deployment("reviews", 4).0)
}

fn asked(effects: &[Effect]) -> &Fault {
    match effects {
        [Effect::CheckChange(_, fault, _)] => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_written_in_the_editor_is_checked_without_a_lease() {
    let mut stage = Stage::new();
    let (mut change, effects) = Change::edit(reviews(), &mut stage.cx(at(0)));
    let [Effect::Yaml(ticket, object, ManagedFields::Hidden)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(*object, reviews());
    let reply = change.text(*ticket, &Ok(yaml()), &mut stage.cx(at(0)));
    let [Effect::EditText(editor, text)] = reply.effects.as_slice() else { panic!() };
    assert_eq!(*text, yaml());
    let edited = text.replace("replicas: 4", "replicas: 6");
    let reply = change.edited(*editor, &Ok(Some(edited)), &mut stage.cx(at(0)));
    let fault = asked(&reply.effects).clone();
    assert_eq!(fault.manifests[0].at(&["spec", "replicas"]), Some(&serde_json::json!(6)));
    let mut ground = Ground::calm();
    ground.sight.given = vec![brink::fault::sight::Given {
        object: reviews(),
        wanted: fault.manifests[0].clone(),
        live: Some(sights::deployment("reviews", 4)),
    }];
    let checked = ground.changed(&fault);
    assert_eq!(checked.plan.purpose, Purpose::Change);
    let [Effect::CheckChange(ticket, ..)] = reply.effects.as_slice() else { panic!() };
    let Turn::Preview(checked) = change.checked(*ticket, Ok(checked)).turn else { panic!() };
    let mut preview = Preview::open(checked);
    let area = Rect::new(0, 0, 118, 36);
    preview.settle(area, &stage.look(at(0)));
    let screen = told(&draw(118, 36, |area, buf| preview.view(area, buf, &stage.look(at(0)))), &stage.theme);
    assert!(screen.contains("stays until somebody changes it back"), "{screen}");
    assert!(!screen.contains("lease"), "{screen}");
    // The same gate stands before it.
    assert!(preview.update(Command::Apply, &mut stage.cx(at(499))).effects.is_empty());
    match preview.update(Command::Apply, &mut stage.cx(at(500))).effects.as_slice() {
        [Effect::Apply(_, _, approval, _)] => assert_eq!(approval.how, How::Key),
        [] => assert_eq!(preview.context(), Context::Input, "a rule asks for the name"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_editor_left_without_a_change_leaves() {
    let mut stage = Stage::new();
    for answer in [Ok(None), Ok(Some(yaml()))] {
        let (mut change, effects) = Change::edit(reviews(), &mut stage.cx(at(0)));
        let [Effect::Yaml(ticket, ..)] = effects.as_slice() else { panic!() };
        let reply = change.text(*ticket, &Ok(yaml()), &mut stage.cx(at(0)));
        let [Effect::EditText(editor, _)] = reply.effects.as_slice() else { panic!() };
        let reply = change.edited(*editor, &answer, &mut stage.cx(at(0)));
        assert!(reply.effects.is_empty() && matches!(reply.turn, Turn::Close));
    }
}

#[test]
fn broken_text_is_told_and_can_be_edited_again_as_it_was_left() {
    let mut stage = Stage::new();
    let (mut change, effects) = Change::edit(reviews(), &mut stage.cx(at(0)));
    let [Effect::Yaml(ticket, ..)] = effects.as_slice() else { panic!() };
    let reply = change.text(*ticket, &Ok(yaml()), &mut stage.cx(at(0)));
    let [Effect::EditText(editor, _)] = reply.effects.as_slice() else { panic!() };
    let reply = change.edited(*editor, &Ok(Some("kind: [".to_owned())), &mut stage.cx(at(0)));
    assert!(reply.effects.is_empty());
    let screen = told(&draw(78, 20, |area, buf| change.view(area, buf, &stage.look(at(0)))), &stage.theme);
    assert!(screen.contains("your text:"), "{screen}");
    let reply = change.update(Command::EditObject, &mut stage.cx(at(0)));
    assert!(matches!(reply.effects.as_slice(), [Effect::EditText(_, text)] if text == "kind: ["));
}

#[test]
fn an_image_is_corrected_in_place() {
    let mut stage = Stage::new();
    let (mut change, effects) = Change::image(reviews(), &mut stage.cx(at(0)));
    let [Effect::Yaml(ticket, ..)] = effects.as_slice() else { panic!() };
    change.text(*ticket, &Ok(yaml()), &mut stage.cx(at(0)));
    assert_eq!(change.context(), Context::Input);
    // Nothing was corrected yet.
    assert!(change.update(Command::Accept, &mut stage.cx(at(0))).effects.is_empty());
    change.update(Command::DeleteAll, &mut stage.cx(at(0)));
    change.insert("reviews:v9");
    let reply = change.update(Command::Accept, &mut stage.cx(at(0)));
    let spec = asked(&reply.effects).manifests[0].at(&["spec", "template", "spec", "containers"]).unwrap().clone();
    assert_eq!(spec[0]["image"], "reviews:v9");
}

#[test]
fn an_object_that_cannot_be_read_is_told() {
    let mut stage = Stage::new();
    let (mut change, effects) = Change::edit(reviews(), &mut stage.cx(at(0)));
    let [Effect::Yaml(ticket, ..)] = effects.as_slice() else { panic!() };
    let failure = Failure::new("cannot read Deployment shop/reviews: forbidden", "ask for get on deployments");
    change.text(*ticket, &Err(failure), &mut stage.cx(at(0)));
    let screen = told(&draw(78, 20, |area, buf| change.view(area, buf, &stage.look(at(0)))), &stage.theme);
    assert!(screen.contains("cannot read Deployment shop/reviews: forbidden"), "{screen}");
}
