//! The table of kinds. A row is all that tells one kind from another; built-in and custom kinds have the same form.

use serde_json::Value;

use crate::base::value;

/// The place of a kind in the table; it outlives the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KindId(pub(super) usize);

/// Where a kind keeps what its scale subresource shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalePaths {
    /// Wanted replicas.
    pub spec: String,
    /// Replicas there are.
    pub status: String,
    /// The label selector, as text or as an object.
    pub selector: String,
}

/// One kind.
#[derive(Debug, Clone, PartialEq)]
pub struct KindRow {
    /// API group, empty for the core group.
    pub group: String,
    /// Versions it is served in, the preferred one first.
    pub versions: Vec<String>,
    /// The version objects are stored in.
    pub storage: String,
    /// As in `kind: Pod`.
    pub kind: String,
    /// As in `kind: PodList`.
    pub list_kind: String,
    /// As in the path.
    pub plural: String,
    /// As a person types it.
    pub singular: String,
    /// Shorter still.
    pub short: Vec<String>,
    /// `all` and others.
    pub categories: Vec<String>,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// What may be done with it.
    pub verbs: Vec<String>,
    /// Subresources, as in the path.
    pub subresources: Vec<String>,
    /// Of kinds that can be scaled.
    pub scale: Option<ScalePaths>,
    /// Whether a CustomResourceDefinition made it.
    pub custom: bool,
    /// `additionalPrinterColumns` by version, of custom kinds.
    pub columns: Vec<(String, Value)>,
    /// Subresources by version, of custom kinds.
    pub parts: Vec<(String, Vec<String>)>,
    /// Fields that lists can be narrowed by, by version, of custom kinds.
    pub selectable: Vec<(String, Vec<String>)>,
    /// What is said of versions that nobody should use any more.
    pub deprecated: Vec<(String, String)>,
    /// Whether it is served now.
    pub served: bool,
}

impl KindRow {
    /// `deployments.apps`, as error messages name it.
    pub fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// `Deployment.apps`, as error messages name it.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.kind.clone() } else { format!("{}.{}", self.kind, self.group) }
    }

    /// `apps/v1`.
    pub fn api_version(&self, version: &str) -> String {
        if self.group.is_empty() { version.to_owned() } else { format!("{}/{version}", self.group) }
    }

    /// Whether a subresource exists.
    pub fn has(&self, subresource: &str) -> bool {
        self.subresources.iter().any(|one| one == subresource)
    }

    /// Whether a subresource exists in a version.
    pub fn has_in(&self, version: &str, subresource: &str) -> bool {
        match self.parts.iter().find(|(of, _)| of == version) {
            Some((_, parts)) => parts.iter().any(|one| one == subresource),
            None => self.has(subresource),
        }
    }

    /// Reads a row from a resource of aggregated discovery.
    pub fn of_discovery(group: &str, version: &str, resource: &Value) -> Self {
        let texts = |path: &[&str]| -> Vec<String> {
            value::list(resource, path).iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let subresources: Vec<String> = value::list(resource, &["subresources"])
            .iter()
            .map(|one| value::text(one, &["subresource"]).to_owned())
            .collect();
        let kind = value::text(resource, &["responseKind", "kind"]).to_owned();
        let scale = subresources.iter().any(|one| one == "scale").then(|| ScalePaths {
            spec: ".spec.replicas".to_owned(),
            status: ".status.replicas".to_owned(),
            selector: ".spec.selector".to_owned(),
        });
        Self {
            group: group.to_owned(),
            versions: vec![version.to_owned()],
            storage: version.to_owned(),
            list_kind: format!("{kind}List"),
            kind,
            plural: value::text(resource, &["resource"]).to_owned(),
            singular: value::text(resource, &["singularResource"]).to_owned(),
            short: texts(&["shortNames"]),
            categories: texts(&["categories"]),
            namespaced: value::text(resource, &["scope"]) == "Namespaced",
            verbs: texts(&["verbs"]),
            subresources,
            scale,
            custom: false,
            columns: Vec::new(),
            parts: Vec::new(),
            selectable: Vec::new(),
            deprecated: Vec::new(),
            served: true,
        }
    }

    /// Reads a row from the spec of a CustomResourceDefinition.
    pub fn of_definition(spec: &Value) -> Self {
        let names = value::at(spec, &["names"]);
        let texts = |path: &[&str]| -> Vec<String> {
            value::list(names, path).iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let kind = value::text(names, &["kind"]).to_owned();
        let mut versions: Vec<&Value> =
            value::list(spec, &["versions"]).iter().filter(|one| one["served"] == Value::Bool(true)).collect();
        versions.sort_by_key(|one| std::cmp::Reverse(age_of(value::text(one, &["name"]))));
        let storage = value::list(spec, &["versions"]).iter().find(|one| one["storage"] == Value::Bool(true));
        let mut subresources: Vec<String> = Vec::new();
        let mut scale = None;
        let (mut parts, mut selectable, mut deprecated) = (Vec::new(), Vec::new(), Vec::new());
        for version in &versions {
            let name = value::text(version, &["name"]).to_owned();
            let of = value::at(version, &["subresources"]);
            let mut has = Vec::new();
            if !of["status"].is_null() {
                has.push("status".to_owned());
            }
            if of["scale"].is_object() {
                has.push("scale".to_owned());
                scale.get_or_insert_with(|| ScalePaths {
                    spec: value::text(of, &["scale", "specReplicasPath"]).to_owned(),
                    status: value::text(of, &["scale", "statusReplicasPath"]).to_owned(),
                    selector: value::text(of, &["scale", "labelSelectorPath"]).to_owned(),
                });
            }
            for one in &has {
                if !subresources.contains(one) {
                    subresources.push(one.clone());
                }
            }
            parts.push((name.clone(), has));
            let fields = value::list(version, &["selectableFields"]).iter();
            let fields = fields.map(|field| value::text(field, &["jsonPath"]).trim_start_matches('.').to_owned());
            selectable.push((name.clone(), fields.collect()));
            if version["deprecated"] == Value::Bool(true) {
                deprecated.push((name.clone(), discouraged(spec, &versions, version)));
            }
        }
        let or = |text: &str, other: String| if text.is_empty() { other } else { text.to_owned() };
        let columns = versions
            .iter()
            .map(|one| (value::text(one, &["name"]).to_owned(), value::at(one, &["additionalPrinterColumns"]).clone()))
            .collect();
        Self {
            group: value::text(spec, &["group"]).to_owned(),
            storage: storage.map(|one| value::text(one, &["name"]).to_owned()).unwrap_or_default(),
            versions: versions.iter().map(|one| value::text(one, &["name"]).to_owned()).collect(),
            list_kind: or(value::text(names, &["listKind"]), format!("{kind}List")),
            singular: or(value::text(names, &["singular"]), kind.to_lowercase()),
            kind,
            plural: value::text(names, &["plural"]).to_owned(),
            short: texts(&["shortNames"]),
            categories: texts(&["categories"]),
            namespaced: value::text(spec, &["scope"]) == "Namespaced",
            verbs: ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
                .map(str::to_owned)
                .to_vec(),
            subresources,
            scale,
            custom: true,
            columns,
            parts,
            selectable,
            deprecated,
            served: true,
        }
    }
}

/// How mature a version is: stable before beta before alpha, newer before older.
fn age_of(version: &str) -> (u8, u32, u32) {
    let rest = version.strip_prefix('v').unwrap_or(version);
    let number = |text: &str| text.parse().unwrap_or_default();
    if let Some((major, minor)) = rest.split_once("beta") {
        (1, number(major), number(minor))
    } else if let Some((major, minor)) = rest.split_once("alpha") {
        (0, number(major), number(minor))
    } else {
        (2, number(rest), 0)
    }
}

/// What is said to those who use a version that is deprecated: its own words, or which version to use instead.
fn discouraged(spec: &Value, versions: &[&Value], version: &Value) -> String {
    if let Some(words) = version["deprecationWarning"].as_str() {
        return words.to_owned();
    }
    let (group, kind) = (value::text(spec, &["group"]), value::text(spec, &["names", "kind"]));
    let said = format!("{group}/{} {kind} is deprecated", value::text(version, &["name"]));
    // The list begins with the newest.
    let mut better = versions.iter().take_while(|one| one["name"] != version["name"]);
    match better.find(|one| one["deprecated"] != Value::Bool(true)) {
        Some(better) => format!("{said}; use {group}/{} {kind}", value::text(better, &["name"])),
        None => said,
    }
}

#[cfg(test)]
mod tests {
    use super::age_of;

    #[test]
    fn stable_versions_come_first() {
        let mut versions = ["v1alpha3", "v1", "v1beta1", "v2", "v1beta2"];
        versions.sort_by_key(|version| std::cmp::Reverse(age_of(version)));
        assert_eq!(versions, ["v2", "v1", "v1beta2", "v1beta1", "v1alpha3"]);
    }
}
