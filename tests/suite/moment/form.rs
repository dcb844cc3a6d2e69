//! The form: what it offers, what it asks, where it says what is wrong.

use brink::{
    cluster::{Kind, ObjectRef},
    fault::{
        catalogue::view::kinds,
        file,
        intent::{Driver, Fault, FaultKind, Target},
    },
    msg::{Command, Context, Effect, Failure},
    panes::{Form, Subject, Turn},
};
use insta::assert_snapshot;
use ratatui::layout::Rect;
use serde_json::json;

use super::stage::{Ground, Stage, at, draw, told};
use crate::suite::fault::sights;

fn pod() -> Subject {
    Subject {
        object: ObjectRef::new(Kind::namespaced("", "v1", "Pod", "pods"), "shop", "reviews-7d9f-x2k4p"),
        owner: Some(("ReplicaSet".to_owned(), "reviews-7d9f".to_owned())),
        labels: vec![("app".to_owned(), "reviews".to_owned()), ("pod-template-hash".to_owned(), "7d9f".to_owned())],
        containers: vec!["app".to_owned()],
        services: Vec::new(),
    }
}

fn open(stage: &mut Stage) -> Form {
    let (mut form, effects) = Form::open(Some(pod()), &mut stage.cx(at(0)));
    match effects.as_slice() {
        [Effect::Kinds(ticket, namespace)] => {
            assert_eq!(namespace, "shop");
            form.kinds(*ticket, &Ok(kinds(&sights::shop())));
        }
        other => panic!("{other:?}"),
    }
    form
}

fn press(form: &mut Form, stage: &mut Stage, commands: &[Command]) -> Vec<Effect> {
    commands.iter().flat_map(|command| form.update(*command, &mut stage.cx(at(0))).effects).collect()
}

fn checked(effects: &[Effect]) -> &Fault {
    match effects {
        [Effect::Check(_, fault, _)] => fault,
        other => panic!("{other:?}"),
    }
}

fn screen(form: &mut Form, stage: &Stage, width: u16, height: u16) -> String {
    form.settle(Rect::new(0, 0, width, height));
    told(&draw(width, height, |area, buf| form.view(area, buf, &stage.look(at(0)))), &stage.theme)
}

#[test]
fn a_pod_leads_to_a_fault_in_a_few_keys() {
    let mut stage = Stage::new();
    let mut form = open(&mut stage);
    assert_eq!(form.context(), Context::Picker);
    press(&mut form, &mut stage, &[Command::Choose]);
    // The first field that must be filled in has the focus.
    assert_eq!(form.context(), Context::Input);
    form.insert("1s");
    press(&mut form, &mut stage, &[Command::Complete]);
    form.insert("50");
    let effects = press(&mut form, &mut stage, &[Command::Accept]);
    let fault = checked(&effects);
    assert_eq!(fault.kind, FaultKind::HttpDelay);
    assert_eq!(fault.target, Target::Workload { kind: "Deployment".to_owned(), name: "reviews".to_owned() });
    assert_eq!(fault.namespace, "shop");
    assert_eq!((fault.duration.as_secs(), fault.lease.as_secs()), (60, 90));
    // While the server is asked, the same key asks nothing more.
    assert!(press(&mut form, &mut stage, &[Command::Accept]).is_empty());
}

#[test]
fn what_is_missing_is_said_in_place_and_nothing_is_asked() {
    let mut stage = Stage::new();
    let mut form = open(&mut stage);
    let effects = press(&mut form, &mut stage, &[Command::Choose, Command::Complete, Command::Accept]);
    assert!(effects.is_empty());
    let screen = screen(&mut form, &stage, 118, 30);
    assert!(screen.contains("`delay` is needed"), "{screen}");
    // The focus went to the field that is wrong.
    form.insert("2s");
    assert_eq!(checked(&press(&mut form, &mut stage, &[Command::Accept])).params["delay"], json!("2s"));
}

#[test]
fn a_wrong_value_is_told_with_its_range_while_it_is_typed() {
    let mut stage = Stage::new();
    let mut form = open(&mut stage);
    press(&mut form, &mut stage, &[Command::Choose]);
    form.insert("1s");
    press(&mut form, &mut stage, &[Command::Complete]);
    form.insert("150");
    let screen = screen(&mut form, &stage, 118, 30);
    assert!(screen.contains("`150` is not a number above 0 and up to 100"), "{screen}");
}

#[test]
fn the_lease_follows_the_duration_until_it_is_typed() {
    let mut stage = Stage::new();
    let mut form = open(&mut stage);
    press(&mut form, &mut stage, &[Command::Choose]);
    form.insert("1s");
    for _ in 0..5 {
        press(&mut form, &mut stage, &[Command::Complete]);
    }
    form.insert("5m");
    assert!(screen(&mut form, &stage, 118, 30).contains("5m30s"), "{}", screen(&mut form, &stage, 118, 30));
    press(&mut form, &mut stage, &[Command::Complete]);
    form.insert("1m");
    press(&mut form, &mut stage, &[Command::Accept]);
    let screen = screen(&mut form, &stage, 118, 30);
    assert!(screen.contains("1m is shorter than the duration 5m"), "{screen}");
}

#[test]
fn another_target_can_be_typed() {
    let mut stage = Stage::new();
    let mut form = open(&mut stage);
    // The first field of http-delay is the target, a choice.
    press(&mut form, &mut stage, &[Command::Choose]);
    form.insert("1s");
    press(&mut form, &mut stage, &[Command::CompleteBack]);
    assert_eq!(form.context(), Context::Form);
    press(&mut form, &mut stage, &[Command::ValuePrevious, Command::FieldNext]);
    assert_eq!(form.context(), Context::Input);
    form.insert("srvice/reviews");
    press(&mut form, &mut stage, &[Command::Accept]);
    let shown = screen(&mut form, &stage, 118, 30);
    assert!(shown.contains("did you mean `service`?"), "{shown}");
    press(&mut form, &mut stage, &[Command::DeleteAll]);
    form.insert("service/reviews");
    let effects = press(&mut form, &mut stage, &[Command::Accept]);
    assert_eq!(checked(&effects).target, Target::Service("reviews".to_owned()));
}

#[test]
fn a_driver_can_be_chosen() {
    let mut stage = Stage::new();
    let mut form = open(&mut stage);
    press(&mut form, &mut stage, &[Command::Choose]);
    form.insert("1s");
    // The driver is the last field: one step back from the first, around.
    press(
        &mut form,
        &mut stage,
        &[Command::CompleteBack, Command::FieldPrevious, Command::ValueNext, Command::ValueNext],
    );
    assert_eq!(checked(&press(&mut form, &mut stage, &[Command::Submit])).driver, Some(Driver::IstioVirtualService));
}

#[test]
fn pasted_objects_become_the_manifest_kind() {
    let mut stage = Stage::new();
    let mut form = open(&mut stage);
    press(&mut form, &mut stage, &[Command::Last, Command::Choose]);
    assert_eq!(form.kind(), FaultKind::Manifest);
    form.insert("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: flags\ndata:\n  slow: 'true'\n");
    let effects = press(&mut form, &mut stage, &[Command::Accept]);
    let fault = checked(&effects);
    assert_eq!(fault.manifests.len(), 1);
    assert_eq!(fault.manifests[0].name(), "flags");
}

#[test]
fn broken_yaml_is_told_with_its_place() {
    let mut stage = Stage::new();
    let mut form = open(&mut stage);
    press(&mut form, &mut stage, &[Command::Last, Command::Choose]);
    form.insert("kind: ConfigMap\nmetadata: [\n");
    let screen = screen(&mut form, &stage, 118, 30);
    assert!(screen.contains("pasted YAML:"), "{screen}");
    assert!(press(&mut form, &mut stage, &[Command::Accept]).is_empty());
}

#[test]
fn a_path_is_read_and_its_objects_are_previewed() {
    let mut stage = Stage::new();
    let mut form = open(&mut stage);
    press(&mut form, &mut stage, &[Command::Last, Command::Choose]);
    form.insert("flags.yaml");
    let effects = press(&mut form, &mut stage, &[Command::Accept]);
    let ticket = match effects.as_slice() {
        [Effect::ReadFile(ticket, path)] if path == "flags.yaml" => *ticket,
        other => panic!("{other:?}"),
    };
    let missing = Failure::new("cannot read flags.yaml: no such file", "give the path");
    assert!(form.text(ticket, &Err(missing), &mut stage.cx(at(0))).effects.is_empty());
    assert!(screen(&mut form, &stage, 118, 30).contains("cannot read flags.yaml"));
    let effects = press(&mut form, &mut stage, &[Command::Accept]);
    let ticket = match effects.as_slice() {
        [Effect::ReadFile(ticket, _)] => *ticket,
        other => panic!("{other:?}"),
    };
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: flags}\n".to_owned();
    let reply = form.text(ticket, &Ok(text), &mut stage.cx(at(0)));
    assert_eq!(checked(&reply.effects).manifests[0].name(), "flags");
}

#[test]
fn the_editor_gets_the_fault_as_a_file_and_its_answer_fills_the_form() {
    let mut stage = Stage::new();
    let mut form = open(&mut stage);
    press(&mut form, &mut stage, &[Command::Choose]);
    form.insert("1s");
    let effects = press(&mut form, &mut stage, &[Command::EditYaml]);
    let (ticket, text) = match effects.as_slice() {
        [Effect::EditText(ticket, text)] => (*ticket, text.clone()),
        other => panic!("{other:?}"),
    };
    assert!(text.contains("kind: http-delay") && text.contains("delay: 1s"), "{text}");
    form.edited(ticket, &Ok(Some(text.replace("delay: 1s", "delay: 3s"))));
    assert_eq!(checked(&press(&mut form, &mut stage, &[Command::Accept])).params["delay"], json!("3s"));
}

#[test]
fn a_fault_is_filled_in_again_whole() {
    let mut stage = Stage::new();
    let mut fault = sights::delay();
    fault.scope.from = Some("deployment/web".to_owned());
    fault.scope.headers.insert("x-user".to_owned(), "ana".to_owned());
    fault.driver = Some(Driver::Istio);
    fault.name = "slow-reviews".to_owned();
    let (mut form, _) = Form::again(fault.clone(), &mut stage.cx(at(0)));
    let effects = press(&mut form, &mut stage, &[Command::Submit, Command::Accept]);
    let again = checked(&effects);
    // Values come back as text; the catalogue reads both alike.
    assert_eq!(file::yaml(&Fault { params: again.params.clone(), ..fault }), file::yaml(again));
}

#[test]
fn the_answer_of_the_server_leads_to_the_preview_or_is_told() {
    let mut stage = Stage::new();
    let mut form = open(&mut stage);
    press(&mut form, &mut stage, &[Command::Choose]);
    form.insert("1s");
    let ask = |form: &mut Form, stage: &mut Stage| match press(form, stage, &[Command::Accept]).as_slice() {
        [Effect::Check(ticket, ..)] => *ticket,
        other => panic!("{other:?}"),
    };
    let ticket = ask(&mut form, &mut stage);
    let failure = Failure::new("there is no Deployment shop/reviews", "choose another target");
    assert!(matches!(form.checked(ticket, Err(failure)).turn, Turn::Stay));
    assert!(screen(&mut form, &stage, 118, 30).contains("there is no Deployment shop/reviews"));
    let old = ticket;
    let ticket = ask(&mut form, &mut stage);
    let plan = Ground::calm().checked(&sights::delay());
    assert!(matches!(form.checked(old, Ok(plan.clone())).turn, Turn::Stay));
    assert!(matches!(form.checked(ticket, Ok(plan)).turn, Turn::Preview(_)));
}

#[test]
fn escape_goes_back_a_step_at_a_time() {
    let mut stage = Stage::new();
    let mut form = open(&mut stage);
    press(&mut form, &mut stage, &[Command::Choose, Command::Cancel]);
    assert_eq!(form.context(), Context::Picker);
    assert!(matches!(form.update(Command::Back, &mut stage.cx(at(0))).turn, Turn::Close));
}

#[test]
fn at_every_size() {
    let mut stage = Stage::new();
    for (width, height) in [(78, 20), (118, 36), (198, 56)] {
        let mut form = open(&mut stage);
        let kinds = screen(&mut form, &stage, width, height);
        assert_snapshot!(format!("form_kinds_{}x{}", width + 2, height + 4), kinds);
        press(&mut form, &mut stage, &[Command::Choose]);
        form.insert("1 second");
        press(&mut form, &mut stage, &[Command::Complete]);
        let fields = screen(&mut form, &stage, width, height);
        assert_snapshot!(format!("form_fields_{}x{}", width + 2, height + 4), fields);
    }
}

#[test]
fn a_cluster_without_a_mesh_dims_what_it_cannot_do_and_says_why() {
    let mut stage = Stage::new();
    let (mut form, effects) = Form::open(Some(pod()), &mut stage.cx(at(0)));
    let [Effect::Kinds(ticket, _)] = effects.as_slice() else { panic!() };
    form.kinds(*ticket, &Ok(kinds(&brink::fault::sight::Sight::default())));
    let screen = screen(&mut form, &stage, 118, 36);
    assert!(screen.contains("✗ istio"), "{screen}");
    assert!(screen.contains("EnvoyFilter of networking.istio.io"), "{screen}");
}

#[test]
fn no_size_and_no_text_breaks_it() {
    let mut stage = Stage::new();
    for width in (0..130).step_by(7) {
        for height in [0, 1, 2, 3, 7, 24] {
            let mut form = open(&mut stage);
            press(&mut form, &mut stage, &[Command::Choose]);
            form.insert("漢字\u{1b}[2Jé");
            screen(&mut form, &stage, width, height);
        }
    }
}
