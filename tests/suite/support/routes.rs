//! Routes as YAML, for what is decided among them.

use brink::mesh::load::Loaded;

/// A route created at a minute of the hour; `parents` where its spec names none.
pub fn route(kind: &str, (namespace, name): (&str, &str), minute: u32, parents: &str, spec: &str) -> String {
    let parents = if spec.contains("parentRefs") { String::new() } else { format!("parentRefs: [{parents}], ") };
    format!(
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}, \
         creationTimestamp: '2026-01-01T00:{minute:02}:00Z'}}\nspec: {{{parents}{spec}}}\n"
    )
}

/// What is read from a text that is right.
#[track_caller]
pub fn loaded(text: &str) -> Loaded {
    let mut loaded = Loaded::default();
    loaded.read("test", text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    loaded
}
