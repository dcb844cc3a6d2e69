//! The rooms of the world write as clients do: the same plans, the same refusals.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    cluster::Cluster,
    delete::{self, How},
    refusal::Refusal,
    write::{self, Call, Part, Unknown, Wish},
};
use crate::{
    base::{
        objects::{Kind, Objects, Refused, Visitor},
        value::text,
    },
    store::KindId,
};

impl Cluster {
    fn of(&self, kind: Kind) -> Result<KindId, Refusal> {
        self.store.find(kind.group, kind.plural).ok_or_else(Refusal::no_such_path)
    }

    fn enact(&mut self, kind: Kind, part: Part, wish: Wish, manager: &str) -> Result<Arc<Value>, Refused> {
        let (Wish::Create(object)
        | Wish::Replace(object)
        | Wish::Patch(_, object)
        | Wish::Apply { config: object, .. }) = &wish;
        let (namespace, name) =
            (text(object, &["metadata", "namespace"]).to_owned(), text(object, &["metadata", "name"]).to_owned());
        let name = if matches!(wish, Wish::Create(_)) { String::new() } else { name };
        let id = self.of(kind)?;
        let call = Call {
            kind: id,
            version: kind.version,
            namespace: if kind.namespaced { &namespace } else { "" },
            name: &name,
            part,
            manager,
            unknown: Unknown::Warn,
            doubled: &[],
        };
        let planned = write::plan(self, &call, wish)?;
        Ok(Arc::clone(write::commit(self, planned).value()))
    }
}

impl Objects for Cluster {
    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let id = self.of(kind).ok()?;
        self.store.get(id, namespace, name).map(|object| object.tree())
    }

    fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let Ok(id) = self.of(kind) else { return Vec::new() };
        self.store.list(id, namespace).map(|object| object.tree()).collect()
    }

    fn visit(&self, kind: Kind, namespace: Option<&str>, see: &mut Visitor<'_>) {
        let Ok(id) = self.of(kind) else { return };
        for object in self.store.list(id, namespace) {
            see(object.version, &|| object.tree());
        }
    }

    fn create(&mut self, kind: Kind, object: Value, manager: &str) -> Result<Arc<Value>, Refused> {
        self.enact(kind, Part::Whole, Wish::Create(object), manager)
    }

    fn replace(&mut self, kind: Kind, object: Value, manager: &str) -> Result<Arc<Value>, Refused> {
        // A controller that takes the last finalizer off a namespace writes it as a whole.
        let leaving = kind.plural == "namespaces" && !object["metadata"]["deletionTimestamp"].is_null();
        let part = if leaving { Part::Finalize } else { Part::Whole };
        self.enact(kind, part, Wish::Replace(object), manager)
    }

    fn replace_status(&mut self, kind: Kind, mut object: Value, manager: &str) -> Result<Arc<Value>, Refused> {
        // Nothing else of it is looked at, and reading a whole pod for its status is most of what a status would cost.
        let told = json!({"metadata": object["metadata"].take(), "status": object["status"].take()});
        self.enact(kind, Part::Status, Wish::Replace(told), manager)
    }

    fn delete(&mut self, kind: Kind, namespace: &str, name: &str, uid: Option<&str>) -> Result<(), Refused> {
        let id = self.of(kind)?;
        let Some(old) = self.store.get(id, namespace, name).cloned() else {
            return Err(Refusal::not_found(self.store.kind(id), name).into());
        };
        // A pod whose time is over goes at once: that is how a kubelet says that it has ended.
        let ended = old.is_leaving().then_some(0);
        let how = How { grace: ended, uid: uid.map(str::to_owned), ..How::default() };
        let planned = delete::plan(self, id, &old, &how)?;
        write::commit(self, planned);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        api::Cluster,
        base::objects::{Kind, Objects as _},
    };

    const NAMESPACES: Kind =
        Kind { group: "", version: "v1", kind: "Namespace", plural: "namespaces", namespaced: false };
    const PODS: Kind = Kind { group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true };

    fn cluster() -> Cluster {
        Cluster::new(1, jiff::Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_namespace_goes_when_its_controller_takes_the_finalizer_off() {
        let mut cluster = cluster();
        cluster.create(NAMESPACES, json!({"metadata": {"name": "shop"}}), "test").unwrap();
        cluster.delete(NAMESPACES, "", "shop", None).unwrap();
        let held = cluster.get(NAMESPACES, "", "shop").unwrap();
        assert_eq!(held["status"]["phase"], "Terminating");
        let late = cluster.create(PODS, json!({"metadata": {"name": "p", "namespace": "shop"}}), "test").unwrap_err();
        assert_eq!(late.code, 403);
        let mut free = Value::clone(&held);
        free["spec"] = json!({});
        cluster.replace(NAMESPACES, free, "test").unwrap();
        assert!(cluster.get(NAMESPACES, "", "shop").is_none());
    }

    #[test]
    fn a_pod_on_a_node_has_time_to_end_and_goes_when_the_kubelet_says_so() {
        let mut cluster = cluster();
        let pod = json!({"metadata": {"generateName": "web-", "namespace": "default"},
            "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i:1"}]}});
        let made = cluster.create(PODS, pod, "test").unwrap();
        let name = made["metadata"]["name"].as_str().unwrap().to_owned();
        assert_eq!((made["status"]["phase"].as_str(), name.len()), (Some("Pending"), 9));
        let mut runs = Value::clone(&made);
        runs["status"]["phase"] = json!("Running");
        let runs = cluster.replace_status(PODS, runs, "kubelet").unwrap();
        assert_eq!(cluster.replace_status(PODS, Value::clone(&made), "kubelet").unwrap_err().reason, "Conflict");
        assert_eq!(cluster.delete(PODS, "default", &name, Some("other")).unwrap_err().code, 409);
        cluster.delete(PODS, "default", &name, runs["metadata"]["uid"].as_str()).unwrap();
        let leaves = cluster.get(PODS, "default", &name).unwrap();
        assert_eq!(leaves["metadata"]["deletionTimestamp"], "1970-01-01T00:00:30Z");
        cluster.delete(PODS, "default", &name, None).unwrap();
        assert!(cluster.list(PODS, Some("default")).is_empty());
    }
}
