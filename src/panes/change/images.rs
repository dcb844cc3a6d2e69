//! The images of an object's containers, and what they are corrected to.

use crate::{base::sanitize, cluster::Manifest, panes::LineInput};

/// A container and the image it should run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) container: String,
    pub(super) now: String,
    pub(super) line: LineInput,
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
            Some(Image { container, now, line })
        })
        .collect()
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
