//! Plans of every kind, checked by a real API server: what it would store, what it refuses, who may. Nothing is written.

use std::time::{Duration, Instant};

use brink::{
    cluster::{
        api::{Api, Read},
        io::live::Live,
    },
    fault::{
        catalogue,
        checked::Checked,
        drivers::CompileError,
        file::{Defaults, read},
        io::{
            check::{Again, CheckError, again, prepare, prepare_change},
            sight,
        },
        known,
        policy::Policy,
        preview::{DryRun, Ruling, Verdict},
        rules::Terms,
        set::{self, Words},
        traffic::Traffic,
    },
};

use super::support::world::{World, world};

/// What `e2e_cockpit` breaks too.
pub const SHOP: &str = include_str!("e2e_plan/shop.yaml");

fn live(world: &World, context: &str) -> Live {
    Live::new(world.link(context), false)
}

/// Everything the test may have changed, as the server tells it.
fn state(world: &World) -> String {
    let kinds =
        "deployments,services,pods,configmaps,jobs,httproutes,virtualservices,envoyfilters,authorizationpolicies";
    world.kubectl(&["get", "-n", "shop", kinds, "-o", "jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.uid} {.metadata.generation} {.metadata.annotations}{\"\\n\"}{end}"], "")
}

fn terms() -> Terms {
    // Other tests have faults open on the same cluster.
    let policy = Policy { max_concurrent: 50, ..Policy::default() };
    Terms { policy, context: "kind-demo".to_owned(), readonly: false }
}

fn words(kind: &str, target: &str, set: &[&str]) -> brink::fault::intent::Fault {
    let words = Words {
        kind: kind.to_owned(),
        target: Some(target.to_owned()),
        set: set.iter().map(|one| (*one).to_owned()).collect(),
        ..Words::default()
    };
    set::fault(&words, "shop").unwrap()
}

async fn plan(api: &Live, fault: &brink::fault::intent::Fault) -> Checked {
    prepare(api, fault, "7f3a9c", &terms(), &Traffic::default())
        .await
        .unwrap_or_else(|error| panic!("{fault:?}: {error}"))
}

fn verdict<'a>(checked: &'a Checked, rule: &str) -> &'a Verdict {
    checked.preview.guard.iter().find(|one| one.rule == rule).unwrap_or_else(|| panic!("no rule {rule}"))
}

/// No rule refuses, and each rule that asks for a confirmation is one of these.
fn allowed_but_for(checked: &Checked, confirm: &[&str]) {
    for one in &checked.preview.guard {
        match one.verdict {
            Ruling::Ok => assert!(!confirm.contains(&one.rule.as_str()), "{one:?} should ask"),
            Ruling::Confirm => assert!(confirm.contains(&one.rule.as_str()), "{one:?}"),
            Ruling::Refuse => panic!("{one:?}"),
        }
    }
}

#[tokio::test]
async fn plans_are_checked_by_a_real_api_server() {
    let Some(world) = world() else { return };
    world.namespace("shop", SHOP);
    the_catalogue_says_what_works_here(world).await;
    every_kind_is_checked_and_nothing_is_written(world).await;
    an_approval_holds_while_nothing_moves_and_not_longer(world).await;
    what_the_server_refuses_and_who_may_not_is_told(world).await;
}

async fn every_kind_is_checked_and_nothing_is_written(world: &World) {
    let api = live(world, "admin");
    let before = state(world);

    let delay = words("http-delay", "service/reviews", &["delay=1s", "percent=50"]);
    let checked = plan(&api, &delay).await;
    let ops: Vec<&str> = checked.preview.changes.iter().map(|change| change.object.as_str()).collect();
    assert_eq!(ops, ["batch/v1/Job shop/brink-7f3a9c", "networking.istio.io/v1alpha3/EnvoyFilter shop/brink-7f3a9c"]);
    assert!(
        checked.preview.changes.iter().all(|change| change.dry_run == DryRun::Checked),
        "{:?}",
        checked.preview.changes
    );
    assert!(checked.preview.changes[1].diff.contains("fixed_delay: 1s\n"), "{}", checked.preview.changes[1].diff);
    assert!(
        checked.preview.changes[1].diff.contains("brink.dev/injection: 7f3a9c.1."),
        "{}",
        checked.preview.changes[1].diff
    );
    assert_eq!(checked.preview.class, "self-expiring");
    assert_eq!(checked.preview.blast.pods.len(), 4);
    assert!(checked.preview.predicts.iter().any(|line| line == "no istiod seen: nothing may act on this"));
    allowed_but_for(&checked, &["traffic", "effect"]);

    let mut by_rules = delay.clone();
    by_rules.driver = Some(catalogue::driver("istio-virtualservice").unwrap());
    let checked = plan(&api, &by_rules).await;
    let change = &checked.preview.changes[0];
    assert_eq!((change.op.as_str(), change.dry_run), ("patch", DryRun::Checked), "{}", change.message);
    assert!(change.diff.contains("+  - name: brink-7f3a9c-0\n"), "{}", change.diff);
    assert!(!change.diff.lines().any(|line| line.starts_with("-  ")), "only insertions:\n{}", change.diff);
    allowed_but_for(&checked, &["traffic", "effect"]);

    let abort = words("http-abort", "service/reviews", &["status=503"]);
    allowed_but_for(&plan(&api, &abort).await, &["traffic", "effect"]);

    let deny = words("authz-deny", "service/reviews", &["from=namespace/other"]);
    allowed_but_for(&plan(&api, &deny).await, &["traffic", "effect"]);

    let conflict = words("route-conflict", "route/my-route", &["backend=ratings"]);
    let checked = plan(&api, &conflict).await;
    allowed_but_for(&checked, &["traffic", "effect"]);
    assert_eq!(checked.preview.what_if, [], "a younger rival with the same match gets nothing");

    let recreate = words("route-conflict", "route/my-route", &["backend=ratings", "recreate=true"]);
    // Kinds that were defined a moment ago may not be listed yet, and then it is said that nobody knows.
    let deadline = Instant::now() + Duration::from_mins(1);
    let checked = loop {
        let checked = plan(&api, &recreate).await;
        if Instant::now() > deadline || !checked.preview.predicts.iter().any(|line| line.contains("is unknown: ")) {
            break checked;
        }
    };
    let states: Vec<DryRun> = checked.preview.changes.iter().map(|change| change.dry_run).collect();
    assert_eq!(states, [DryRun::Checked; 4], "{:?}", checked.preview.changes);
    let [moved] = checked.preview.what_if.as_slice() else {
        panic!("{:?} {:?}", checked.preview.what_if, checked.preview.predicts)
    };
    assert_eq!(moved.request, "GET shop.example.com/reviews");
    assert_eq!(moved.before, "HTTPRoute shop/my-route rule 0: shop/reviews:9080");
    assert!(moved.after.ends_with("rule 0: shop/ratings:9080"), "{moved:?}");
    allowed_but_for(&checked, &["traffic", "effect"]);

    let scale = words("scale", "deployment/reviews", &["replicas=3"]);
    let checked = plan(&api, &scale).await;
    let change = &checked.preview.changes[0];
    assert!(change.diff.contains("-  replicas: 4\n+  replicas: 3\n"), "{}", change.diff);
    allowed_but_for(&checked, &[]);

    let kill = words("pod-kill", "deployment/reviews", &["count=2"]);
    let checked = plan(&api, &kill).await;
    assert_eq!(checked.preview.class, "one-way");
    assert_eq!(checked.preview.changes.len(), 2);
    assert!(
        checked.preview.changes.iter().all(|change| change.dry_run == DryRun::Checked),
        "{:?}",
        checked.preview.changes
    );
    allowed_but_for(&checked, &[]);

    let manifest = read("m.yaml", include_str!("e2e_plan/mixed.yaml"), &Defaults::of("shop")).unwrap();
    let checked = plan(&api, &manifest).await;
    let ops: Vec<&str> = checked.plan.steps.iter().map(|step| step.change.op().word()).collect();
    assert_eq!(ops, ["patch", "create"]);
    assert!(
        checked.preview.changes[1].diff.contains("+        image: shop/app:broken"),
        "{}",
        checked.preview.changes[1].diff
    );

    let change = prepare_change(&api, &manifest, "7f3a9c", &terms(), &Traffic::default()).await.unwrap();
    assert_eq!((change.preview.class.as_str(), change.preview.lease_s), ("change", 0));
    assert!(change.plan.fuses.is_empty());

    assert_eq!(state(world), before, "a dry run wrote something");
}

async fn what_the_server_refuses_and_who_may_not_is_told(world: &World) {
    let api = live(world, "admin");

    // The server's own validation speaks.
    let invalid = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: reviews}\nspec: {replicas: -3}\n";
    let checked = plan(&api, &read("m.yaml", invalid, &Defaults::of("shop")).unwrap()).await;
    assert_eq!(checked.preview.changes[0].dry_run, DryRun::Refused);
    assert!(
        verdict(&checked, "dry-run").value.contains("must be greater than or equal to 0"),
        "{:?}",
        verdict(&checked, "dry-run")
    );
    assert_eq!(verdict(&checked, "dry-run").verdict, Ruling::Refuse);

    // A kind nobody serves is named with the nearest one.
    let unknown = "apiVersion: apps/v1\nkind: Deploymint\nmetadata: {name: x}\n";
    let unknown = read("m.yaml", unknown, &Defaults::of("shop")).unwrap();
    let error = prepare(&api, &unknown, "7f3a9c", &terms(), &Traffic::default()).await.unwrap_err();
    assert!(error.to_string().contains("did you mean Deployment?"), "{error}");

    // A budget refuses the second eviction; the dry run of each alone passes, the prediction tells.
    world.kubectl(
        &["apply", "-n", "shop", "-f", "-"],
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: all}\nspec: {minAvailable: 4, selector: {matchLabels: {app: reviews}}}\n",
    );
    world.kubectl(&["wait", "-n", "shop", "pdb/all", "--for=jsonpath={.status.currentHealthy}=4", "--timeout=30s"], "");
    let kill = words("pod-kill", "deployment/reviews", &["count=1"]);
    let checked = plan(&api, &kill).await;
    assert_eq!(checked.preview.changes[0].dry_run, DryRun::Refused, "{:?}", checked.preview.changes[0]);
    assert!(checked.preview.changes[0].message.contains("disruption budget"), "{}", checked.preview.changes[0].message);

    // Rights: a viewer sees the plan and what is missing.
    let viewer = live(world, "viewer");
    let scale = words("scale", "deployment/reviews", &["replicas=3"]);
    let checked = plan(&viewer, &scale).await;
    let rights = verdict(&checked, "rights");
    assert_eq!(rights.verdict, Ruling::Refuse);
    assert!(rights.value.contains("patch deployments.apps in shop"), "{rights:?}");
    assert_eq!(verdict(&checked, "record").verdict, Ruling::Refuse);

    // Nobody sees nothing, and is told so rather than that the target is not there.
    let error = prepare(&live(world, "nobody"), &scale, "7f3a9c", &terms(), &Traffic::default()).await.unwrap_err();
    assert!(matches!(error, CheckError::Compile(CompileError::Unreadable { .. })), "{error}");
    assert!(error.to_string().contains("deployments in shop"), "{error}");

    // A namespace on its way out.
    world.kubectl(&["create", "namespace", "leaving"], "");
    world.kubectl(
        &["apply", "-n", "leaving", "-f", "-"],
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, finalizers: [kubebrink.test/held]}\n",
    );
    world.kubectl(&["delete", "namespace", "leaving", "--wait=false"], "");
    let into = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, namespace: leaving}\ndata: {a: b}\n";
    let checked = plan(&api, &read("m.yaml", into, &Defaults::of("shop")).unwrap()).await;
    assert_eq!(verdict(&checked, "namespace").verdict, Ruling::Refuse, "{:?}", verdict(&checked, "namespace"));
}

async fn an_approval_holds_while_nothing_moves_and_not_longer(world: &World) {
    let api = live(world, "admin");
    let scale = words("scale", "deployment/reviews", &["replicas=3"]);
    let checked = plan(&api, &scale).await;

    // Status churn does not count.
    let deployment = brink::cluster::ObjectRef::new(known::deployment(), "shop", "reviews");
    let version = |answer: brink::cluster::api::Answer| answer.body.resource_version().map(str::to_owned);
    let first = version(api.read(&Read::Get(deployment.clone())).await.unwrap());
    world.kubectl(
        &[
            "patch",
            "-n",
            "shop",
            "deployment/reviews",
            "--subresource=status",
            "--type=merge",
            "-p",
            r#"{"status":{"observedGeneration":0}}"#,
        ],
        "",
    );
    assert_ne!(version(api.read(&Read::Get(deployment)).await.unwrap()), first);
    assert!(matches!(again(&api, &checked, &terms(), &Traffic::default()).await.unwrap(), Again::Same(_)));

    // Another image does.
    world.kubectl(&["set", "image", "-n", "shop", "deployment/reviews", "reviews=shop/app:2"], "");
    let Again::Moved(new) = again(&api, &checked, &terms(), &Traffic::default()).await.unwrap() else {
        panic!("the image changed and the approval still holds")
    };
    assert_ne!(new.token, checked.token);
    world.kubectl(&["rollout", "status", "-n", "shop", "deployment/reviews", "--timeout=60s"], "");
}

async fn the_catalogue_says_what_works_here(world: &World) {
    let kinds = catalogue::view::kinds(&sight::survey(&live(world, "admin")).await.unwrap());
    let state = |kind: &str, driver: &str| {
        let kind = kinds.kinds.iter().find(|one| one.kind == kind).unwrap();
        kind.drivers.iter().find(|one| one.driver == driver).unwrap().state
    };
    assert_eq!(state("http-delay", "istio"), catalogue::view::DriverState::Dead);
    assert_eq!(state("route-conflict", "gateway-api"), catalogue::view::DriverState::Ok);
    assert_eq!(state("scale", "native"), catalogue::view::DriverState::Ok);
}
