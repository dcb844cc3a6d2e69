//! The API server of the world: the store and what it needs to answer for it.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{custom, events, openapi, pack, refusal::Refusal, trouble::Standing, usage, wire::Webhook};
use crate::{
    base::{names, value, when},
    schema::{Node, custom::Custom},
    store::{KindId, KindRow, Object, Store, pages::Pages},
};

/// Who may log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Name.
    pub name: String,
    /// Groups; `system:masters` may do everything.
    pub groups: Vec<String>,
    /// The bearer token.
    pub token: String,
}

/// Completes an object before it is created: what a webhook would do. It sees the cluster and the kind's row.
pub type Admission = fn(&Cluster, &KindRow, &mut Value);

/// The API server of the world.
#[derive(Debug, Clone)]
pub struct Cluster {
    pub(super) store: Store,
    pub(super) pages: Pages,
    pub(super) users: Vec<User>,
    pub(super) admission: Option<Admission>,
    /// Of the request that is being answered.
    pub(super) webhook: Option<Webhook>,
    pub(super) standing: Standing,
    now: Timestamp,
    seed: u64,
    made: u64,
    documents: BTreeMap<String, OnceLock<Arc<Value>>>,
    pub(super) checkpoints: BTreeMap<String, Vec<(KindId, Arc<Object>)>>,
    /// Schemas of custom kinds by `group/plural/version`, made on first use.
    customs: BTreeMap<String, OnceLock<Option<Arc<Custom>>>>,
}

/// The schema of a kind in one version: a document and the component in it.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    document: Arc<Value>,
    component: String,
    custom: bool,
    own: Option<Arc<Custom>>,
    stored: Option<Arc<Custom>>,
}

impl Schema {
    /// Where the kind begins.
    pub fn node(&self) -> Option<Node<'_>> {
        Node::of_component(&self.document, &self.component, self.custom)
    }

    /// What the definition of a custom kind says.
    pub fn own(&self) -> Option<&Custom> {
        self.own.as_deref()
    }

    /// The same of the version it is stored in, where that is another one.
    pub fn stored(&self) -> Option<&Custom> {
        self.stored.as_deref()
    }
}

impl Cluster {
    /// A cluster as it is right after its installation: built-in kinds, the recorded custom kinds and roles, the namespaces that
    /// every cluster has.
    pub fn new(seed: u64, now: Timestamp) -> Self {
        Self::with(seed, now, &[])
    }

    /// The same with sets of custom kinds that not every world has, as world files name them: `chaos-mesh/v2.8.3`.
    pub fn with(seed: u64, now: Timestamp, sets: &[String]) -> Self {
        let mut cluster = Self {
            store: Store::default(),
            pages: Pages::default(),
            users: Vec::new(),
            admission: None,
            webhook: None,
            standing: Standing::default(),
            now,
            seed,
            made: 0,
            documents: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
            customs: BTreeMap::new(),
        };
        for group in pack::discovery().as_array().into_iter().flatten() {
            for version in value::list(group, &["versions"]) {
                let (group, name) = (value::text(group, &["group"]), value::text(version, &["version"]));
                for resource in value::list(version, &["resources"]) {
                    let row = KindRow::of_discovery(group, name, resource);
                    // Both groups of events show the same objects; core is where they lie.
                    match cluster.store.find("", "events").filter(|_| events::is_newer(&row)) {
                        Some(older) => cluster.store.set_face(row, older),
                        None => cluster.store.set_kind(row),
                    };
                }
            }
        }
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            cluster.furnish(json!({
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
            }));
        }
        for (name, value) in [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)] {
            cluster.furnish(json!({
                "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name, "generation": 1},
                "value": value, "preemptionPolicy": "PreemptLowerPriority",
            }));
        }
        let asked = |set: &str| sets.iter().any(|one| one.split('/').next() == Some(set));
        let part = |set: &str, part: fn() -> &'static Value| asked(set).then(part).and_then(Value::as_array);
        let apart = [
            part("chaos-mesh", pack::chaos_mesh),
            part("litmus", pack::litmus),
            part("argo-cd", pack::argo_cd),
            part("flux", pack::flux),
            part("kgateway", pack::kgateway),
            part("agentgateway", pack::agentgateway),
            part("dapr", pack::dapr),
            part("kagent", pack::kagent),
        ];
        let own = pack::definitions().as_array().into_iter().chain(apart.into_iter().flatten());
        let recorded = own.chain(pack::roles().as_array());
        for object in recorded.flatten() {
            cluster.furnish(object.clone());
        }
        cluster.furnish_viewer();
        cluster
    }

    /// What the user `viewer` may do: look, as far as the role `view` goes, at the kinds of the meshes and at what pods use.
    fn furnish_viewer(&mut self) {
        const RBAC: &str = "rbac.authorization.k8s.io";
        let mut groups: std::collections::BTreeSet<&str> =
            self.store.kinds().filter(|(_, row)| row.custom).map(|(_, row)| row.group.as_str()).collect();
        groups.insert(usage::GROUP);
        let rules = json!([{"apiGroups": groups, "resources": ["*"], "verbs": ["get", "list", "watch"]}]);
        let api = format!("{RBAC}/v1");
        self.furnish(
            json!({"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": "mesh-view"}, "rules": rules}),
        );
        for role in ["view", "mesh-view"] {
            self.furnish(json!({
                "apiVersion": api, "kind": "ClusterRoleBinding", "metadata": {"name": format!("viewer-{role}")},
                "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
                "subjects": [{"apiGroup": RBAC, "kind": "User", "name": "viewer"}],
            }));
        }
    }

    /// Stores an object that was there before anybody could write: only uid and time are added.
    fn furnish(&mut self, mut object: Value) {
        let (group, _) = split(value::text(&object, &["apiVersion"]));
        let Some(kind) = self.store.find_kind(group, value::text(&object, &["kind"])) else { return };
        let uid = self.next_uid(kind, &object);
        value::put(&mut object, &["metadata", "uid"], json!(uid));
        value::put(&mut object, &["metadata", "creationTimestamp"], json!(when::seconds(self.now)));
        if self.store.kind(kind).plural == "customresourcedefinitions" {
            value::put(&mut object, &["metadata", "generation"], json!(1));
            custom::establish(&mut object, self.now);
        }
        let stored = self.store.put(kind, object);
        self.after(kind, &stored, false);
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Moves time; it never goes back.
    pub fn advance(&mut self, to: Timestamp) {
        self.now = self.now.max(to);
    }

    /// Who may log in.
    pub fn set_users(&mut self, users: Vec<User>) {
        self.users = users;
    }

    /// Which trouble stands from now on.
    pub fn set_standing(&mut self, standing: Standing) {
        self.standing = standing;
    }

    /// Who completes new objects besides the server itself.
    pub fn set_admission(&mut self, admission: Admission) {
        self.admission = Some(admission);
    }

    /// The objects.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Whether changes are forgotten at once, because nobody can watch.
    pub fn set_forgetful(&mut self, forgetful: bool) {
        self.store.set_forgetful(forgetful);
    }

    /// Puts away what was read of kinds with many objects.
    pub fn tidy(&mut self) {
        self.store.tidy();
    }

    /// Forgets changes and begun lists, so that watches and pages answer 410.
    pub fn compact(&mut self) {
        self.store.compact();
        self.pages.forget();
    }

    /// The uid the next new object gets.
    pub(super) fn uid_for(&self, kind: &KindRow, object: &Value) -> String {
        let metadata = value::at(object, &["metadata"]);
        let subject = format!(
            "{}/{}/{}",
            kind.resource(),
            value::text(metadata, &["namespace"]),
            value::text(metadata, &["name"])
        );
        names::uid(self.seed, &subject, self.made)
    }

    fn next_uid(&mut self, kind: KindId, object: &Value) -> String {
        let uid = self.uid_for(self.store.kind(kind), object);
        self.made += 1;
        uid
    }

    /// Counts an object that was made.
    pub(super) fn count(&mut self) {
        self.made += 1;
    }

    /// A name behind a prefix that is free.
    pub(super) fn name_for(&self, kind: KindId, namespace: &str, prefix: &str, owner: &str) -> String {
        let subject = format!("{}/{namespace}/{prefix}/{owner}", self.store.kind(kind).resource());
        // Ordinals of one owner are tried in turn; the bound only guards against a namespace with every name taken.
        let free = (0..100_000)
            .map(|ordinal| format!("{prefix}{}", names::suffix(self.seed, &subject, ordinal)))
            .find(|name| self.store.get(kind, namespace, name).is_none());
        free.unwrap_or_else(|| format!("{prefix}{}", names::suffix(self.seed, &subject, self.made)))
    }

    /// The document of a group version, recorded or made of definitions.
    pub(super) fn document(&self, path: &str) -> Option<Arc<Value>> {
        if let Some(recorded) = pack::document(path) {
            return Some(recorded.parsed());
        }
        let slot = self.documents.get(path)?;
        Some(Arc::clone(slot.get_or_init(|| Arc::new(openapi::of_definitions(&self.store, path)))))
    }

    /// Group versions of custom kinds.
    pub(super) fn custom_documents(&self) -> impl Iterator<Item = &String> {
        self.documents.keys()
    }

    /// The schema of a kind.
    pub(super) fn schema(&self, kind: KindId, version: &str) -> Option<Schema> {
        let row = self.store.kind(kind);
        let path =
            if row.group.is_empty() { format!("api/{version}") } else { format!("apis/{}/{version}", row.group) };
        let document = self.document(&path)?;
        let component = openapi::component(&document, &row.group, version, &row.kind)?;
        let own = if row.custom { self.custom(row, version) } else { None };
        let stored = if row.custom && version != row.storage { self.custom(row, &row.storage) } else { None };
        Some(Schema { document, component, custom: row.custom, own, stored })
    }

    /// What the definition of a custom kind says of a version.
    fn custom(&self, row: &KindRow, version: &str) -> Option<Arc<Custom>> {
        let slot = self.customs.get(&format!("{}/{}/{version}", row.group, row.plural))?;
        let made = slot.get_or_init(|| {
            let definitions = self.store.find("apiextensions.k8s.io", "customresourcedefinitions")?;
            let definition = self.store.get(definitions, "", &row.resource())?;
            custom::schema(definition.value(), version).map(Arc::new)
        });
        made.clone()
    }

    /// What follows from a write beyond its object: a definition makes, changes or ends a kind.
    pub(super) fn after(&mut self, kind: KindId, object: &Object, gone: bool) {
        let row = self.store.kind(kind);
        if row.custom {
            if gone {
                custom::emptied(self, kind);
            }
            return;
        }
        if row.group != "apiextensions.k8s.io" || row.plural != "customresourcedefinitions" {
            return;
        }
        if gone {
            self.forget(object.value());
        } else {
            self.serve(object.value());
            custom::settle(self, kind, object);
        }
    }

    /// Serves the kind of a definition as it is now.
    fn serve(&mut self, definition: &Value) {
        if !custom::is_established(definition) {
            return;
        }
        let spec = value::at(definition, &["spec"]);
        let row = KindRow::of_definition(spec);
        for version in value::list(spec, &["versions"]) {
            let name = value::text(version, &["name"]);
            self.documents.insert(format!("apis/{}/{name}", row.group), OnceLock::new());
            self.customs.insert(format!("{}/{}/{name}", row.group, row.plural), OnceLock::new());
        }
        let known = self.store.find(&row.group, &row.plural).is_some();
        let storage = row.storage.clone();
        let kind = self.store.set_kind(row);
        if known {
            self.forget_documents();
            self.restate(kind, &storage);
        }
    }

    /// Objects that were stored by an older schema are read by the new one: its defaults come, what it does not know goes.
    fn restate(&mut self, kind: KindId, version: &str) {
        let Some(schema) = self.custom(self.store.kind(kind), version) else { return };
        let all: Vec<Arc<Object>> = self.store.list(kind, None).cloned().collect();
        for object in all {
            let held = object.tree();
            let mut state = Value::clone(&held);
            schema.prune(&mut state);
            schema.default(&mut state);
            if state != *held {
                self.store.restate(kind, &object, state);
            }
        }
    }

    /// Ends the kind of a definition.
    fn forget(&mut self, definition: &Value) {
        let row = KindRow::of_definition(value::at(definition, &["spec"]));
        if let Some(id) = self.store.find(&row.group, &row.plural) {
            self.store.drop_kind(id);
        }
        self.customs.retain(|path, _| !path.starts_with(&format!("{}/{}/", row.group, row.plural)));
        for version in row.versions {
            if let Some(slot) = self.documents.get_mut(&format!("apis/{}/{version}", row.group)) {
                *slot = OnceLock::new();
            }
        }
        self.forget_documents();
    }

    /// Documents of group versions that no kind is served in.
    fn forget_documents(&mut self) {
        let served: std::collections::BTreeSet<String> = self
            .store
            .kinds()
            .flat_map(|(_, row)| row.versions.iter().map(|version| format!("apis/{}/{version}", row.group)))
            .collect();
        self.documents.retain(|path, _| served.contains(path));
    }

    /// The kind and version of a path, or why there is none.
    pub(super) fn kind_at(&self, group: &str, version: &str, plural: &str) -> Result<KindId, Refusal> {
        let kind = self.store.find(group, plural).ok_or_else(|| self.nothing_at(group))?;
        if self.store.kind(kind).versions.iter().any(|served| served == version) {
            Ok(kind)
        } else {
            Err(self.nothing_at(group))
        }
    }

    /// Nothing is served at a path of a group. Groups of built-in kinds say so in a Status; behind the others nobody is at home.
    pub(super) fn nothing_at(&self, group: &str) -> Refusal {
        let built_in = self.store.kinds().any(|(_, row)| !row.custom && row.group == group);
        if built_in { Refusal::no_such_path() } else { Refusal::nowhere() }
    }
}

/// Group and version of an `apiVersion`.
pub(super) fn split(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}
