//! The rooms of the world write as clients do: the same plans, the same refusals.

use std::sync::Arc;

use serde_json::Value;

use super::{
    cluster::Cluster,
    delete::{self, How},
    refusal::Refusal,
    write::{self, Call, Part, Unknown, Wish},
};
use crate::{
    base::{
        objects::{Kind, Objects, Refused},
        value::text,
    },
    store::KindId,
};

impl Cluster {
    fn of(&self, kind: Kind) -> Result<KindId, Refusal> {
        self.store.find(kind.group, kind.plural).ok_or_else(Refusal::no_such_path)
    }

    fn enact(&mut self, kind: Kind, part: Part, wish: Wish, manager: &str) -> Result<Arc<Value>, Refused> {
        let (Wish::Create(object) | Wish::Replace(object) | Wish::Patch(_, object)) = &wish;
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
        };
        let planned = write::plan(self, &call, wish)?;
        Ok(Arc::clone(write::commit(self, planned).value()))
    }
}

impl Objects for Cluster {
    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let id = self.of(kind).ok()?;
        self.store.get(id, namespace, name).map(|object| Arc::clone(object.value()))
    }

    fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let Ok(id) = self.of(kind) else { return Vec::new() };
        self.store.list(id, namespace).map(|object| Arc::clone(object.value())).collect()
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

    fn replace_status(&mut self, kind: Kind, object: Value, manager: &str) -> Result<Arc<Value>, Refused> {
        self.enact(kind, Part::Status, Wish::Replace(object), manager)
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
