//! How pods behave, as the world says it: what a cluster's own objects cannot say.

use std::{collections::BTreeMap, time::Duration};

/// Behaviour of images and workloads.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Behaviours {
    /// By image name; `*` at the end stands for any rest. The longest pattern that fits decides.
    pub images: Vec<(String, Image)>,
    /// By namespace, kind and name of the workload.
    pub workloads: BTreeMap<(String, String, String), Workload>,
}

/// Behaviour of an image.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Image {
    /// The registry does not have it.
    pub not_found: bool,
    /// How long a node pulls it that does not have it yet.
    pub pull: Option<Duration>,
    /// Its program ends by itself.
    pub crash: Option<Crash>,
}

/// Behaviour of the pods of a workload.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Workload {
    /// From the start of a container until it is ready.
    pub ready: Option<Duration>,
    /// Its program ends by itself.
    pub crash: Option<Crash>,
    /// How long the pods of a Job run until they succeed.
    pub completes: Option<Duration>,
    /// From SIGTERM until the program has ended.
    pub stops: Option<Duration>,
}

/// A program that ends by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Crash {
    /// How long it runs.
    pub after: Duration,
    /// Its exit code.
    pub code: i64,
}

impl Behaviours {
    /// What is known of an image.
    pub fn image(&self, name: &str) -> Option<&Image> {
        let fits = |pattern: &str| match pattern.strip_suffix('*') {
            Some(front) => name.starts_with(front),
            None => pattern == name,
        };
        self.images
            .iter()
            .filter(|(pattern, _)| fits(pattern))
            .max_by_key(|(pattern, _)| (!pattern.ends_with('*'), pattern.len()))
            .map(|(_, image)| image)
    }

    /// What is known of a workload.
    pub fn workload(&self, namespace: &str, kind: &str, name: &str) -> Option<&Workload> {
        self.workloads.get(&(namespace.to_owned(), kind.to_owned(), name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Behaviours, Image};

    #[test]
    fn the_most_exact_pattern_decides() {
        let lost = Image { not_found: true, ..Image::default() };
        let images = vec![
            ("*".to_owned(), Image::default()),
            ("nginx:latest".to_owned(), Image::default()),
            ("nginx:latestt*".to_owned(), lost),
        ];
        let known = Behaviours { images, ..Behaviours::default() };
        let lost = |name: &str| known.image(name).map(|image| image.not_found);
        assert_eq!(lost("nginx:latesttttt"), Some(true));
        assert_eq!(lost("nginx:latest"), Some(false));
        assert_eq!(lost("redis"), Some(false));
    }
}
