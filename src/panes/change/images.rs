//! The images of an object's containers, and what they are corrected to.

use crate::{base::sanitize, cluster::Manifest, panes::LineInput};

/// A container and the image it should run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) container: String,
    pub(super) now: String,
    pub(super) line: LineInput,
    /// The images of several objects, where they differ; empty where they agree.
    pub(super) differ: String,
}

const CONTAINERS: [&str; 2] = ["containers", "initContainers"];

/// The pod template's spec, or the pod's own.
fn pod_spec(manifest: &Manifest) -> &'static [&'static str] {
    if manifest.kind() == "Pod" { &["spec"] } else { &["spec", "template", "spec"] }
}

/// The containers of an object, with their images.
pub(super) fn images(manifest: &Manifest) -> Vec<Image> {
    let spec = manifest.at(pod_spec(manifest));
    CONTAINERS
        .iter()
        .filter_map(|list| spec?.get(*list)?.as_array())
        .flatten()
        .filter_map(|one| {
            let container = one.get("name")?.as_str()?.to_owned();
            let now = one.get("image")?.as_str()?.to_owned();
            let line = LineInput::new(&sanitize::line(&now));
            Some(Image { container, now, line, differ: String::new() })
        })
        .collect()
}

/// The containers that all objects have, each with its image; where they differ, with none, and which there are is told beside it.
/// Objects whose containers do not agree have none in common: which, is the error.
pub(super) fn common(manifests: &[Manifest]) -> Result<Vec<Image>, String> {
    let Some((first, others)) = manifests.split_first() else { return Ok(Vec::new()) };
    let named = |manifest: &Manifest| images(manifest).into_iter().map(|image| image.container).collect::<Vec<_>>();
    let wanted = named(first);
    if let Some(other) = others.iter().find(|other| named(other) != wanted) {
        let told = |manifest: &Manifest| format!("{} has {}", manifest.name(), named(manifest).join(", "));
        return Err(format!("their containers do not agree: {}, {}", told(first), told(other)));
    }
    let mut all = images(first);
    for (at, image) in all.iter_mut().enumerate() {
        let mut found: Vec<String> = vec![image.now.clone()];
        for other in others {
            found.extend(images(other).into_iter().nth(at).map(|image| image.now));
        }
        found.sort();
        found.dedup();
        if found.len() > 1 {
            image.now = String::new();
            image.line = LineInput::default();
            image.differ = sanitize::line(&found.join(", ")).into_owned();
        }
    }
    Ok(all)
}

/// Writes the images that were corrected.
pub(super) fn set_images(manifest: &mut Manifest, wanted: &[(String, String)]) {
    let path = pod_spec(manifest);
    let Some(spec) = manifest.map_mut(path) else { return };
    for list in CONTAINERS {
        let Some(containers) = spec.get_mut(list).and_then(serde_json::Value::as_array_mut) else { continue };
        for one in containers {
            let name = one.get("name").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            if let (Some((_, image)), Some(map)) =
                (wanted.iter().find(|(known, _)| *known == name), one.as_object_mut())
            {
                map.insert("image".to_owned(), image.clone().into());
            }
        }
    }
}
