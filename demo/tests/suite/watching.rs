//! The watcher of kube stays right, also when the changes it asks for are forgotten.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{DeleteParams, ListParams, ObjectMeta, PostParams, WatchEvent, WatchParams},
    runtime::{WatchStreamExt as _, watcher},
};

use super::support::{client, demo, send};

fn map(name: &str) -> ConfigMap {
    ConfigMap { metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() }, ..ConfigMap::default() }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("it never came")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watcher_sees_every_object_by_both_ways_of_beginning() {
    let demo = demo().await;
    let client = client(&demo.served.kubeconfig, "admin").await;
    let maps: Api<ConfigMap> = Api::namespaced(client, "default");
    maps.create(&PostParams::default(), &map("a")).await.unwrap();
    for config in [watcher::Config::default(), watcher::Config::default().streaming_lists()] {
        let mut seen = Box::pin(watcher(maps.clone(), config).applied_objects());
        let first = soon(seen.try_next()).await.unwrap().unwrap();
        assert_eq!(first.metadata.name.as_deref(), Some("a"));
        maps.create(&PostParams::default(), &map("b")).await.unwrap();
        let second = soon(seen.try_next()).await.unwrap().unwrap();
        assert_eq!(second.metadata.name.as_deref(), Some("b"));
        maps.delete("b", &DeleteParams::default()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forgotten_answers_410_and_a_watcher_begins_anew() {
    let demo = demo().await;
    let client = client(&demo.served.kubeconfig, "admin").await;
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    for name in ["a", "b", "c"] {
        maps.create(&PostParams::default(), &map(name)).await.unwrap();
    }
    let page = maps.list(&ListParams::default().limit(2)).await.unwrap();
    assert_eq!((page.items.len(), page.metadata.remaining_item_count), (2, Some(1)));
    let old = page.metadata.resource_version.clone().unwrap();
    let token = page.metadata.continue_.clone().unwrap();
    // The list goes on in the state it began with.
    maps.create(&PostParams::default(), &map("d")).await.unwrap();
    let rest = maps.list(&ListParams::default().limit(2).continue_token(&token)).await.unwrap();
    assert_eq!(rest.items.iter().map(|one| one.metadata.name.clone().unwrap()).collect::<Vec<_>>(), ["c"]);
    assert_eq!(rest.metadata.resource_version.as_ref(), Some(&old));

    let mut seen = Box::pin(watcher(maps.clone(), watcher::Config::default()).applied_objects());
    soon(seen.try_next()).await.unwrap().unwrap();
    compact(&demo).await;
    let path = format!("/api/v1/namespaces/default/configmaps?limit=2&continue={token}");
    let (code, status) = send(&client, "GET", &path, &[], b"").await;
    assert_eq!((code, status["reason"].as_str()), (410, Some("Expired")));
    let mut stale = Box::pin(maps.watch(&WatchParams::default(), &old).await.unwrap());
    match soon(stale.next()).await.unwrap() {
        Ok(WatchEvent::Error(error)) => assert_eq!(error.code, 410),
        other => panic!("{other:?}"),
    }
    maps.create(&PostParams::default(), &map("e")).await.unwrap();
    let last = soon(async {
        loop {
            match seen.try_next().await {
                Ok(Some(one)) if one.metadata.name.as_deref() == Some("e") => break one,
                Ok(Some(_)) | Err(_) => {}
                Ok(None) => panic!("the watcher ended"),
            }
        }
    })
    .await;
    assert!(last.metadata.uid.is_some());
}

async fn compact(demo: &super::support::Demo) {
    super::trouble::control(demo, "POST", "/compact", "").await;
}
