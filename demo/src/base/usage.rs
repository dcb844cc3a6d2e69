//! What containers use, as it was read of the nodes last: what a metrics server keeps.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

/// CPU and memory.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Amount {
    /// Cores.
    pub cores: f64,
    /// Bytes.
    pub memory: f64,
}

impl Amount {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { cores: self.cores + other.cores, memory: self.memory + other.memory }
    }
}

/// What the containers of a pod use.
#[derive(Debug, Clone, PartialEq)]
pub struct PodUsage {
    /// When it was read.
    pub at: Timestamp,
    /// The span that the CPU is an average of.
    pub window: Duration,
    /// By container, those that run.
    pub containers: Vec<(String, Amount)>,
}

impl PodUsage {
    /// All containers, or one of them; `None` when it is not there.
    pub fn of(&self, container: Option<&str>) -> Option<Amount> {
        let mut found = self.containers.iter().filter(|(name, _)| container.is_none_or(|wanted| wanted == name));
        let first = found.next()?.1;
        Some(found.fold(first, |sum, (_, more)| sum.and(*more)))
    }
}

/// What all pods use of which anything is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    spaces: BTreeMap<String, BTreeMap<String, PodUsage>>,
}

impl Usage {
    /// Notes a pod.
    pub fn note(&mut self, namespace: &str, pod: &str, usage: PodUsage) {
        let Some(space) = self.spaces.get_mut(namespace) else {
            self.spaces.insert(namespace.to_owned(), BTreeMap::from([(pod.to_owned(), usage)]));
            return;
        };
        space.insert(pod.to_owned(), usage);
    }

    /// Forgets a pod.
    pub fn forget(&mut self, namespace: &str, pod: &str) {
        if let Some(space) = self.spaces.get_mut(namespace) {
            space.remove(pod);
        }
    }

    /// A pod.
    pub fn pod(&self, namespace: &str, name: &str) -> Option<&PodUsage> {
        self.spaces.get(namespace)?.get(name)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Amount, PodUsage, Usage};

    #[test]
    fn a_pod_uses_what_its_containers_use_together() {
        let amount = |cores, memory| Amount { cores, memory };
        let containers = vec![("app".to_owned(), amount(0.25, 64.0)), ("side".to_owned(), amount(0.5, 32.0))];
        let pod = PodUsage { at: jiff::Timestamp::UNIX_EPOCH, window: Duration::from_secs(15), containers };
        assert_eq!(pod.of(None), Some(amount(0.75, 96.0)));
        assert_eq!(pod.of(Some("side")), Some(amount(0.5, 32.0)));
        assert_eq!(pod.of(Some("none")), None);
        let mut usage = Usage::default();
        usage.note("shop", "web", pod.clone());
        assert_eq!(usage.pod("shop", "web"), Some(&pod));
        usage.forget("shop", "web");
        assert_eq!(usage.pod("shop", "web"), None);
    }
}
