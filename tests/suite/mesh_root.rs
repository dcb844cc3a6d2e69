//! Where the root of a mesh is looked up: beside its istiod, and only as far as the reader may.

use brink::{
    cluster::ObjectRef,
    fault::{intent::FaultKind, io::sight::look, known, sight::Controller},
};
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    fault::sights::{fault, workload},
    support::fake_cluster::{Twist, World},
};

/// A mesh whose istiod, of a revision, stands in `mesh`, with the mesh config of both the plain and the revised name.
fn world(revision: Value) -> World {
    let world = World::new(&["shop", "mesh"], Vec::new());
    let mut istiod = json!({"metadata": {"labels": {"app": "istiod"}}, "status": {"availableReplicas": 1}});
    if !revision.is_null() {
        istiod["metadata"]["labels"]["istio.io/rev"] = revision;
    }
    world.put(&ObjectRef::new(known::deployment(), "mesh", "istiod"), istiod);
    for (name, root) in [("istio", "plain-root"), ("istio-canary", "canary-root")] {
        let config = json!({"metadata": {}, "data": {"mesh": format!("rootNamespace: {root}\n")}});
        world.put(&ObjectRef::new(known::config_map(), "mesh", name), config);
    }
    world
}

async fn seen(world: &World) -> (Controller, String) {
    let wanted = fault(FaultKind::Scale, workload("Deployment", "web"), &[]);
    let sight = look(&world.client("preview"), &wanted).await.unwrap();
    (sight.istiod, sight.root_namespace)
}

#[rstest]
#[case(Value::Null, "plain-root")]
#[case(json!("default"), "plain-root")]
#[case(json!("canary"), "canary-root")]
#[case(json!("gone"), "istio-system")]
#[tokio::test]
async fn the_root_is_what_the_mesh_config_says(#[case] revision: Value, #[case] root: &str) {
    assert_eq!(seen(&world(revision)).await, (Controller::Alive, root.to_owned()));
}

#[tokio::test]
async fn who_may_not_read_it_goes_by_the_usual_one() {
    let world = world(Value::Null);
    world.script(|call, _| match call.object.as_str() {
        "ConfigMap mesh/istio" => Twist::Status(403, "configmaps \"istio\" is forbidden"),
        _ => Twist::Pass,
    });
    assert_eq!(seen(&world).await, (Controller::Alive, "istio-system".to_owned()));
}

#[tokio::test]
async fn without_a_mesh_it_is_the_usual_one() {
    assert_eq!(seen(&World::new(&["shop"], Vec::new())).await, (Controller::Absent, "istio-system".to_owned()));
}
