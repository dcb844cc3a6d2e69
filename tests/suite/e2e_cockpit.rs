//! The main job with the real binary on a real terminal against a real API server: choose a pod, fill the form, read the
//! preview, apply, abort, see it proven; then the emergency stop.

use super::{
    cockpit::pty::Session,
    e2e_plan::SHOP,
    support::{
        guardians::State,
        world::{World, own_world},
    },
};

/// Objects of ours in the namespace, as the server tells them.
fn ours(world: &World) -> String {
    let all = world.kubectl(&["get", "-n", "shop", "envoyfilters,jobs,configmaps", "-o", "name"], "");
    all.lines().filter(|name| name.contains("/brink-")).collect::<Vec<_>>().join("\n")
}

/// From the pods to a live fault.
fn apply(session: &mut Session) {
    session.until("the pods", |screen| screen.contains("reviews-"));
    session.preview_delay("no istiod seen", "1s");
    // Nobody measures and no istiod runs: the guardrails ask for the name.
    assert!(session.approve(), "{}", session.contents());
}

#[test]
fn a_fault_is_chosen_read_applied_aborted_and_proven_undone() {
    // Its own: the emergency stop ends every fault of the user.
    let Some(world) = own_world() else { return };
    world.namespace("shop", SHOP);
    let state = State::new();
    let (kubeconfig, folder) = (world.kubeconfig.clone(), state.path().display().to_string());
    let arguments = ["--kubeconfig", &kubeconfig, "--context", "admin", "-n", "shop", "--state-dir", &folder];
    let mut session = Session::start(120, 40, &arguments);

    apply(&mut session);
    let live = ours(&world);
    assert!(live.contains("envoyfilter.networking.istio.io/brink-"), "{live}");
    assert!(live.contains("job.batch/brink-") && live.contains("configmap/brink-"), "{live}");

    session.press("\x18");
    session.until("the proof", |screen| screen.contains("http-delay is over: 1 object read back and as before"));
    assert_eq!(ours(&world), "", "nothing of it is left");

    apply(&mut session);
    session.press("\x18");
    session.press("\x18");
    session.until("the stop", |screen| screen.contains("STOPPED by"));
    session.until("the end of it", |screen| screen.lines().next().is_some_and(|header| header.contains("no faults")));
    assert_eq!(ours(&world), "", "nothing of it is left");

    session.press(":release the drill is over\r");
    session.until("the release", |screen| !screen.contains("STOPPED by"));
    session.press(":q\r");
    assert_eq!(session.ended(), 0);
}

/// Edits the live fault as a colleague would, and aborts it: its undo needs a person.
fn entangle(world: &World, session: &mut Session) {
    apply(session);
    let filter = world.kubectl(&["get", "-n", "shop", "envoyfilters", "-o", "name"], "");
    let theirs = r#"{"spec":{"priority":7}}"#;
    world.kubectl(&["patch", "-n", "shop", filter.trim(), "--type=merge", "-p", theirs], "");
    session.press("\x18");
    session.until("the undo that is stuck", |screen| screen.lines().next().is_some_and(|line| line.contains("stuck")));
    session.press("4");
    session.until("the decisions", |screen| screen.contains("F force mine") && screen.contains("not undone"));
}

#[test]
fn a_stuck_undo_is_decided_in_the_cockpit() {
    let Some(world) = own_world() else { return };
    world.namespace("shop", SHOP);
    let state = State::new();
    let (kubeconfig, folder) = (world.kubeconfig.clone(), state.path().display().to_string());
    let arguments = ["--kubeconfig", &kubeconfig, "--context", "admin", "-n", "shop", "--state-dir", &folder];
    let mut session = Session::start(120, 40, &arguments);

    entangle(&world, &mut session);
    session.press("p");
    session.until("the commands", |screen| {
        screen.contains("kubectl -n shop delete envoyfilters.networking.istio.io brink-")
            && screen.contains("--ignore-not-found")
    });
    session.press("\x1b");
    // To write over what they wrote is read before it is done.
    session.insist("F", "force mine", "what it would write", |screen| {
        screen.contains("What others wrote meanwhile is lost") && screen.contains("delete  EnvoyFilter shop/brink-")
    });
    session.press("G");
    session.until("what they wrote", |screen| screen.contains("priority: 7"));
    assert_ne!(ours(&world), "", "nothing was written yet");
    session.insist("a", "discard", "the proof", |screen| screen.contains("1 object read back and as before"));
    assert_eq!(ours(&world), "", "nothing of it is left");

    session.press("1");
    entangle(&world, &mut session);
    session.press("K");
    session.until("the question", |screen| screen.contains("K again says yes"));
    session.press("K");
    session.until("its end", |screen| screen.lines().next().is_some_and(|header| header.contains("no faults")));
    let left = ours(&world);
    assert!(left.starts_with("envoyfilter.") && !left.contains('\n'), "theirs stays, and nothing else of it: {left}");
    session.press(":q\r");
    assert_eq!(session.ended(), 0);
}
