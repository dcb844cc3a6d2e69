//! The same with the real binary on a real terminal: a row of the table of Deployments is scaled, and another session, on the
//! same machine, puts it back.

use crate::suite::{
    cockpit::pty::Session,
    e2e_plan::SHOP,
    support::{wait::until, world::own_world},
};

#[test]
fn a_row_is_scaled_and_a_later_session_puts_it_back() {
    // Its own: the shop's name is taken in the shared one.
    let Some(world) = own_world() else { return };
    world.namespace("shop", SHOP);
    let kubeconfig = world.kubeconfig.clone();
    let arguments = ["--kubeconfig", &kubeconfig, "--context", "admin", "-n", "shop"];
    let replicas = || world.kubectl(&["get", "-n", "shop", "deployment", "web", "-o", "jsonpath={.spec.replicas}"], "");

    let mut session = Session::start(120, 40, &arguments);
    session.until("the pods", |screen| screen.contains("reviews-"));
    session.press(":deploy /web\r");
    session.until("the table", |screen| {
        screen.contains("UP-TO-DATE") && screen.contains("web") && !screen.contains("reviews")
    });
    session.press("s");
    session.until("the form", |screen| screen.contains("replicas") && screen.contains("2 now"));
    session.press("\x153\r");
    session.until("the preview", |screen| {
        screen.contains("Scale Deployment shop/web from 2 to 3") && screen.contains("GUARDS")
    });
    assert_eq!(replicas(), "2", "nothing is written before the key");
    session.insist("a", "discard", "the change", |screen| screen.contains("applied as previewed"));
    until("three replicas", 60, || replicas() == "3");
    session.press(":q\r");
    session.until("the end", |_| true);

    let mut later = session.beside(120, 40, &arguments);
    later.until("the pods", |screen| screen.contains("reviews-"));
    later.press(":changes\r");
    later.until("the change of before", |screen| {
        screen.contains("changes 1 kept of 1") && screen.contains("• Scale Deployment shop/web from 2 to 3")
    });
    later.press("u");
    later.until("what its undo would write", |screen| {
        screen.contains("It was to stay; its undo writes this") && screen.contains("+   replicas: 2")
    });
    assert_eq!(replicas(), "3", "nothing is written before the key");
    later.insist("a", "discard", "its end", |screen| screen.contains("changes 0 kept of 1"));
    assert_eq!(replicas(), "2");
}
