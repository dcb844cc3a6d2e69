//! kubectl on the world that the real binary serves, as a person sits at it: what is asked once, what is followed while
//! something else changes it, and what the world does not do. `--nocapture` prints the transcript.

use super::support::{kubectl::Kubectl, served::Demo, wait::until};

/// Time of the worlds: rollouts and grace periods take a few seconds, and a person could still follow.
const SPEED: &str = "5";

fn stage() -> Option<(Demo, Kubectl)> {
    let demo = Demo::with(&["--speed", SPEED]);
    let kubectl = Kubectl::on(demo.door("kubeconfig"))?;
    Some((demo, kubectl))
}

#[track_caller]
fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

const WEB: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.27", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"#;

#[test]
fn the_world_is_listed_described_and_explained() {
    let Some((_demo, kubectl)) = stage() else { return };
    holds(&kubectl.says("version"), &["Server Version: v1."]);
    holds(&kubectl.says("get nodes"), &["STATUS", "Ready"]);
    holds(&kubectl.says("get pods -n shop -o wide"), &["NAME", "READY", "NODE", "details-", "2/2"]);
    holds(
        &kubectl.says("get deployments,services,statefulsets -n shop"),
        &["deployment.apps/details", "statefulset.apps/cart"],
    );
    holds(&kubectl.says("get httproutes,gateways -A"), &["my-route", "my-gateway"]);
    holds(&kubectl.says("get virtualservices -n shop"), &["reviews"]);
    holds(
        &kubectl.says("describe deployment details -n shop"),
        &["2 desired | 2 updated | 2 total | 2 available", "Pod Template:"],
    );
    holds(&kubectl.says("describe pods -n shop -l app=details"), &["Containers:", "Conditions:", "Node:", "Ready"]);
    holds(&kubectl.says("describe httproute my-route -n infra"), &["Backend Refs:", "Accepted"]);
    holds(&kubectl.says("describe node"), &["Allocatable:", "Non-terminated Pods:"]);
    holds(&kubectl.says("explain deployment.spec.replicas"), &["GROUP:", "apps", "replicas <integer>"]);
    holds(&kubectl.says("explain virtualservice.spec.http.fault"), &["abort", "delay"]);
    holds(&kubectl.says("api-resources --api-group=networking.istio.io"), &["VirtualService", "EnvoyFilter"]);
    holds(&kubectl.says("auth whoami"), &["admin"]);
    assert_eq!(kubectl.says("auth can-i delete pods -n shop").trim(), "yes");
    let viewer = kubectl.as_user("viewer");
    assert_eq!(viewer.says("auth can-i list pods -n shop").trim(), "yes");
    assert_eq!(viewer.run(&["auth", "can-i", "delete", "pods", "-n", "shop"], "").out.trim(), "no");
    let denied = viewer.refused(&["delete", "pod", "-n", "shop", "-l", "app=details"], "");
    holds(&denied, &[r#"User "viewer" cannot delete resource "pods""#]);
}

#[test]
fn a_change_is_seen_by_a_watch_and_a_rollout_is_followed_to_its_end() {
    let Some((_demo, kubectl)) = stage() else { return };
    let mut watch = kubectl.stream("get deployment details -n shop -w");
    watch.until("how it began", |line| line.contains("2/2"));
    holds(&kubectl.says("scale deployment/details -n shop --replicas=4"), &["scaled"]);
    watch.until("the wish", |line| line.contains("2/4"));
    watch.until("the end", |line| line.contains("4/4"));
    let mut pods = kubectl.stream("get pods -n shop -l app=details -w --output-watch-events");
    pods.until("the pods", |line| line.contains("ADDED") && line.contains("details-"));
    holds(
        &kubectl.says("set image deployment/details -n shop details=registry.example.com/shop/details:1.4.1"),
        &["updated"],
    );
    // It ends by itself, once the new pods are there.
    let (code, said) = kubectl.stream("rollout status deployment/details -n shop --timeout=100s").ends();
    assert_eq!(code, 0, "{said:?}");
    holds(&said.concat(), &["successfully rolled out"]);
    pods.until("an old pod's end", |line| line.contains("DELETED"));
    holds(&kubectl.says("rollout history deployment/details -n shop"), &["REVISION"]);
    // An image that does not exist: the rollout does not end, and says so when its time is over.
    kubectl.says("set image deployment/details -n shop details=nginx:latesttttt");
    let stuck = kubectl.refused(&["rollout", "status", "deployment/details", "-n", "shop", "--timeout=3s"], "");
    holds(&stuck, &["timed out waiting for the condition"]);
    until("the pod that cannot start", 60, || {
        kubectl.says("get pods -n shop -l app=details").contains("ImagePullBackOff")
    });
    kubectl.says("rollout undo deployment/details -n shop");
    holds(
        &kubectl.says("wait deployment/details -n shop --for=condition=Available --timeout=100s"),
        &["condition met"],
    );
    holds(&kubectl.says("rollout status deployment/details -n shop --timeout=100s"), &["successfully rolled out"]);
    kubectl.says("scale deployment/details -n shop --replicas=1");
    holds(
        &kubectl.says("wait deployment/details -n shop --for=jsonpath={.status.replicas}=1 --timeout=100s"),
        &["condition met"],
    );
    watch.until("the smaller one", |line| line.contains("1/1"));
    assert!(watch.goes_on(), "a watch does not end by itself");
}

#[test]
fn logs_are_followed_while_traffic_runs_and_end_with_their_pod() {
    let Some((_demo, kubectl)) = stage() else { return };
    let mut logs = kubectl.stream("logs -n shop deployment/reviews-v1 -c istio-proxy -f --tail=0");
    for n in 1..=10 {
        logs.until(&format!("request {n}"), |line| line.contains("GET "));
    }
    let many = kubectl.stream("logs -n shop -l app=reviews -c istio-proxy --prefix -f --tail=1 --max-log-requests=20");
    let mut many = many;
    many.until("a second pod", |line| line.starts_with("[pod/reviews-v2-"));
    many.until("a third pod", |line| line.starts_with("[pod/reviews-v3-"));
    let pod = kubectl.says("get pods -n shop -l app=reviews,version=v2 -o name").lines().next().unwrap().to_owned();
    let mut own = kubectl.stream(&format!("logs -n shop {pod} -c istio-proxy -f --timestamps --since=60s"));
    own.until("a line with its time", |line| line.starts_with("20") && line.contains("Z "));
    holds(&kubectl.says(&format!("delete -n shop {pod} --wait=false")), &["deleted"]);
    let (code, said) = own.ends();
    assert_eq!(code, 0, "{:?}", said.last());
    holds(&kubectl.says(&format!("wait -n shop {pod} --for=delete --timeout=100s")), &[]);
    assert!(logs.goes_on(), "another pod's end is not this one's");
    logs.until("one more request", |line| line.contains("GET "));
    let none = kubectl.refused(&["logs", "-n", "shop", "deployment/reviews-v1", "-c", "nothing"], "");
    holds(&none, &["container nothing is not valid"]);
}

#[test]
fn objects_are_made_compared_edited_patched_and_deleted() {
    let Some((_demo, kubectl)) = stage() else { return };
    kubectl.says("create namespace try");
    let newer = WEB.replace("1.27", "1.28");
    let apply =
        |words: &[&str], text: &str| kubectl.says_all(&[&["apply", "-n", "try", "-f", "-"], words].concat(), text);
    // A dry run says what would be, and nothing is.
    holds(&apply(&["--dry-run=server"], WEB), &["deployment.apps/web created (server dry run)"]);
    holds(&kubectl.refused(&["get", "deployment", "web", "-n", "try"], ""), &["NotFound"]);
    holds(&apply(&[], WEB), &["deployment.apps/web created", "service/web created"]);
    holds(&apply(&[], WEB), &["deployment.apps/web unchanged", "service/web unchanged"]);
    // No difference is 0, a difference is 1 and shown.
    assert_eq!(kubectl.says_all(&["diff", "-n", "try", "-f", "-"], WEB), "");
    let differs = kubectl.run(&["diff", "-n", "try", "-f", "-"], &newer);
    assert_eq!(differs.code, 1, "{differs:?}");
    holds(&differs.out, &["-      - image: nginx:1.27", "+      - image: nginx:1.28"]);
    holds(&apply(&["--dry-run=server"], &newer), &["deployment.apps/web configured (server dry run)"]);
    let image = || kubectl.says("get deployment web -n try -o jsonpath={.spec.template.spec.containers[0].image}");
    assert_eq!(image(), "nginx:1.27");
    holds(&kubectl.says("rollout status deployment/web -n try --timeout=100s"), &["successfully rolled out"]);
    // An editor that changes something, one that changes nothing, and one that errs first and mends it the second time.
    kubectl.editor("sed -i 's/nginx:1.27/nginx:1.29/' \"$1\"");
    holds(&kubectl.says("edit deployment web -n try"), &["deployment.apps/web edited"]);
    assert_eq!(image(), "nginx:1.29");
    kubectl.editor("true");
    let same = kubectl.run(&["edit", "deployment", "web", "-n", "try"], "");
    holds(&(same.out + &same.err), &["Edit cancelled, no changes made"]);
    kubectl.editor("if grep -q 'replicas: -1' \"$1\"; then sed -i 's/replicas: -1/replicas: 3/' \"$1\"; else sed -i 's/replicas: 2/replicas: -1/' \"$1\"; fi");
    let edited = kubectl.run(&["edit", "deployment", "web", "-n", "try"], "");
    assert_eq!(edited.code, 0, "{edited:?}");
    holds(&(edited.out + &edited.err), &["deployment.apps/web edited"]);
    assert_eq!(kubectl.says("get deployment web -n try -o jsonpath={.spec.replicas}"), "3");
    // Every kind of patch.
    let patch = |words: &[&str]| kubectl.says_all(&[&["patch", "deployment", "web", "-n", "try"], words].concat(), "");
    holds(
        &patch(&["-p", r#"{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"busybox"}]}}}}"#]),
        &["patched"],
    );
    holds(&patch(&["--type=merge", "-p", r#"{"metadata":{"labels":{"m":"1"}}}"#]), &["patched"]);
    holds(&patch(&["--type=json", "-p", r#"[{"op":"add","path":"/metadata/labels/j","value":"1"}]"#]), &["patched"]);
    holds(&patch(&["--subresource=scale", "--type=merge", "-p", r#"{"spec":{"replicas":2}}"#]), &["patched"]);
    let now = kubectl.says("get deployment web -n try -o jsonpath={.spec.replicas}/{.metadata.labels.m}{.metadata.labels.j}/{.spec.template.spec.containers[*].name}");
    assert!(now == "2/11/side web" || now == "2/11/web side", "{now}");
    let twice = kubectl.refused(
        &[
            "patch",
            "deployment",
            "web",
            "-n",
            "try",
            "--type=json",
            "-p",
            r#"[{"op":"test","path":"/metadata/labels/j","value":"2"}]"#,
        ],
        "",
    );
    holds(&twice, &["the server rejected our request"]);
    // Whoever applies as somebody else is told whose field it is.
    let theirs = kubectl.refused(&["apply", "--server-side", "--field-manager=other", "-n", "try", "-f", "-"], &newer);
    holds(&theirs, &["conflict", "image"]);
    holds(&kubectl.says("label deployment web -n try tier=front"), &["labeled"]);
    // What cannot be is refused in the server's words.
    let bad = WEB.replace("replicas: 2", "replicas: two");
    holds(&kubectl.refused(&["apply", "-n", "try", "-f", "-"], &bad), &["replicas"]);
    let unknown = WEB.replace("replicas: 2", "replcas: 2");
    holds(&kubectl.refused(&["apply", "-n", "try", "-f", "-"], &unknown), &["unknown field \"spec.replcas\""]);
    holds(
        &kubectl.says("delete deployment web -n try --dry-run=server"),
        &["deployment.apps \"web\" deleted", "(server dry run)"],
    );
    holds(&kubectl.says_all(&["delete", "-n", "try", "-f", "-"], WEB), &["deployment.apps \"web\" deleted"]);
    kubectl.says("wait pods -n try -l app=web --for=delete --timeout=100s");
    // It ends when the namespace has gone with everything in it.
    kubectl.says("delete namespace try");
    holds(&kubectl.refused(&["get", "namespace", "try"], ""), &["NotFound"]);
}

#[test]
fn a_node_is_drained_as_far_as_a_budget_allows() {
    let Some((_demo, kubectl)) = stage() else { return };
    kubectl.says("create namespace try");
    kubectl.says_all(&["apply", "-n", "try", "-f", "-"], WEB);
    kubectl.says("rollout status deployment/web -n try --timeout=100s");
    kubectl.says("create poddisruptionbudget web -n try --selector=app=web --min-available=2");
    until("the budget is counted", 60, || {
        kubectl.says("get pdb web -n try -o jsonpath={.status.currentHealthy}/{.status.disruptionsAllowed}") == "2/0"
    });
    let places = || kubectl.says("get pods -n try -l app=web -o jsonpath={.items[*].spec.nodeName}");
    let node = places().split(' ').next().unwrap().to_owned();
    let drain = format!("drain {node} --ignore-daemonsets --delete-emptydir-data --force --pod-selector=app=web");
    // The budget keeps both: every try is told, and the command goes on trying.
    let mut draining = kubectl.stream(&format!("{drain} --timeout=110s"));
    draining.until("the budget's word", |line| line.contains("violate the pod's disruption budget"));
    assert!(places().contains(&node), "a pod went against its budget");
    holds(&kubectl.says(&format!("get node {node}")), &["Ready,SchedulingDisabled"]);
    // Given room, the same command ends by itself, with the pod gone from the node and another in its place.
    holds(
        &kubectl.says_all(
            &["patch", "pdb", "web", "-n", "try", "--type=merge", "-p", r#"{"spec":{"minAvailable":1}}"#],
            "",
        ),
        &["patched"],
    );
    let (code, said) = draining.ends();
    assert_eq!(code, 0, "{said:?}");
    holds(&said.concat(), &["evicted", "drained"]);
    kubectl.says("rollout status deployment/web -n try --timeout=100s");
    until("the pods stand elsewhere", 60, || !places().contains(&node));
    assert_eq!(places().split(' ').count(), 2);
    holds(&kubectl.says(&format!("uncordon {node}")), &["uncordoned"]);
    // The other pods of the node, which nobody selected, still stand there.
    let here = format!("get pods -A --no-headers --field-selector=spec.nodeName={node}");
    assert!(!kubectl.says(&here).is_empty());
}

#[test]
fn kubectl_goes_into_a_pod_and_copies_out_of_it_what_it_copied_in() {
    let Some((_demo, kubectl)) = stage() else { return };
    let pod = kubectl.says("get pods -n shop -l app=details -o jsonpath={.items[0].metadata.name}");
    let said = kubectl.says_all(&["exec", "-n", "shop", &pod, "-c", "details", "--", "echo", "hello"], "");
    assert_eq!(said.trim(), "hello");
    let file = kubectl.file("some", "text of a person");
    kubectl.says_all(&["cp", "-c", "details", &file, &format!("shop/{pod}:/tmp/some")], "");
    let back = kubectl.file("back", "");
    kubectl.says_all(&["cp", "-c", "details", &format!("shop/{pod}:/tmp/some"), &back], "");
    assert_eq!(std::fs::read_to_string(back).unwrap(), "text of a person");
}

#[test]
fn what_the_world_does_not_do_it_says_and_nothing_hangs() {
    let Some((_demo, kubectl)) = stage() else { return };
    for (words, why) in [
        (vec!["get", "nothing"], "the server doesn't have a resource type \"nothing\""),
        (vec!["get", "pod", "nothing", "-n", "shop"], "pods \"nothing\" not found"),
        (vec!["get", "pods", "-n", "shop", "--field-selector=spec.nothing=1"], "field label not supported"),
        (vec!["wait", "deployment/details", "-n", "shop", "--for=condition=Nonsense", "--timeout=2s"], "timed out"),
        (
            vec!["scale", "deployment/details", "-n", "shop", "--replicas=3", "--current-replicas=9"],
            "Expected replicas to be 9",
        ),
    ] {
        holds(&kubectl.refused(&words, ""), &[why]);
    }
}
