//! k9s on the world that the real binary serves: what people use today must believe it whole. It starts, shows every kind, describes,
//! follows logs, scales and deletes. Only where k9s is built (`tests/cluster/build --all`).

use std::collections::BTreeSet;

use super::{
    cockpit::pty::Session,
    support::{kubectl::Kubectl, served::Demo, wait::until},
};

/// k9s on a terminal in the namespace of the shop.
fn k9s(demo: &Demo) -> Option<Session> {
    let program = std::env::var_os("BRINK_E2E_BIN_DIR").map(|bin| std::path::PathBuf::from(bin).join("k9s"))?;
    if !program.exists() {
        println!("skipped: {} is not built; tests/cluster/build k9s", program.display());
        return None;
    }
    let words = ["--kubeconfig", demo.door("kubeconfig"), "-n", "shop", "-c", "pods"];
    Some(Session::of(200, 50, program.to_str()?, &words))
}

/// The heading of a view of a kind, however it is capitalised.
fn headed(screen: &str, plural: &str) -> bool {
    screen.to_lowercase().contains(&format!(" {plural}("))
}

/// A view of a kind, by its plural or, as k9s tells two of one name apart, by group, version and plural.
fn shows(session: &mut Session, kind: &str) {
    session.press(&format!(":{kind}\r"));
    let plural = kind.rsplit('/').next().unwrap_or(kind);
    session.until(&format!("the view of {kind}"), |screen| headed(screen, plural));
}

#[test]
#[ignore = "needs k9s, which is built for comparisons only"]
fn k9s_shows_describes_scales_and_deletes_in_the_world() {
    let demo = Demo::start();
    let Some(kubectl) = Kubectl::on(demo.door("kubeconfig")) else { return };
    let Some(mut session) = k9s(&demo) else { return };
    session.until("the pods", |screen| headed(screen, "pods") && screen.contains("reviews-v1"));

    // NAME, SHORTNAMES where there are some, APIVERSION, NAMESPACED, KIND.
    let resources = kubectl.says("api-resources --verbs=list --no-headers");
    let kinds: BTreeSet<String> = resources
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split_whitespace().collect();
            format!("{}/{}", cells[cells.len() - 3], cells[0])
        })
        // k9s shows events by their own group alone.
        .filter(|kind| kind != "v1/events")
        .collect();
    assert!(kinds.len() > 30, "{kinds:?}");
    for kind in &kinds {
        shows(&mut session, kind);
    }
    println!("{} kinds shown", kinds.len());

    shows(&mut session, "pods");
    session.press("/details\r");
    session.until("one pod", |screen| screen.contains("details-") && !screen.contains("reviews-v1"));
    session.press("d");
    session.until("its description", |screen| screen.contains("Describe(") && screen.contains("Namespace:"));
    session.press("\x1b");
    session.until("the pods again", |screen| headed(screen, "pods"));
    session.press("l");
    session.until("its logs", |screen| screen.contains("Logs(") && screen.contains("GET "));
    session.press("\x1b");
    session.until("the pods again", |screen| headed(screen, "pods"));

    shows(&mut session, "deployments");
    session.press("/details\r");
    session.until("one deployment", |screen| screen.contains("details") && !screen.contains("productpage"));
    session.press("s");
    session.until("the question", |screen| screen.contains("Scale"));
    session.press("\x7f3\t\r");
    until("three replicas", 60, || kubectl.says("get deployment details -n shop -o jsonpath={.spec.replicas}") == "3");
    session.until("they run", |screen| screen.contains("3/3"));

    shows(&mut session, "configmaps");
    kubectl.says("create configmap -n shop passing --from-literal=a=b");
    session.press("/passing\r");
    session.until("the map", |screen| screen.contains("passing") && !screen.contains("kube-root-ca"));
    session.press("\x04");
    session.until("the question", |screen| screen.contains("Delete"));
    session.press("\t\r");
    until("its end", 60, || !kubectl.says("get configmaps -n shop -o name").contains("passing"));
}
