//! What Envoys do to protect and to repeat calls of a service: retries, ejected endpoints, full pools (`envoy_cluster_*`).
//!
//! Sidecars tell of these where their statistics are switched on (`proxyStatsMatcher`); plain Envoys (kgateway, Envoy
//! Gateway) always do. A cluster names its service: `outbound|PORT|SUBSET|HOST` from Istio, `kube_NS_NAME_PORT` from kgateway.

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::Serialize;

use super::{fold::Named, sample::ClusterLabels};

/// What callers' proxies did about calls of a service; `None`: no proxy tells.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Upstream {
    /// Retries per second.
    pub retries: Option<f64>,
    /// Retries per second that succeeded.
    pub retries_succeeded: Option<f64>,
    /// Retries per second that the retry budget or circuit breaker forbade.
    pub retries_refused: Option<f64>,
    /// Endpoints ejected now, by the proxy that ejected most.
    pub ejected: Option<f64>,
    /// Ejections per second, over all proxies.
    pub ejections: Option<f64>,
    /// Requests per second refused by a full queue (circuit breaker).
    pub pending_overflow: Option<f64>,
    /// Connections per second refused by a full pool (circuit breaker).
    pub connection_overflow: Option<f64>,
}

/// The signals of [`Upstream`] by the words of the question.
type Field = for<'a> fn(&'a mut Upstream) -> &'a mut Option<f64>;

const FIELDS: [(&str, Field); 7] = [
    ("retry", |upstream| &mut upstream.retries),
    ("retry_success", |upstream| &mut upstream.retries_succeeded),
    ("retry_overflow", |upstream| &mut upstream.retries_refused),
    ("ejected", |upstream| &mut upstream.ejected),
    ("ejections", |upstream| &mut upstream.ejections),
    ("pending_overflow", |upstream| &mut upstream.pending_overflow),
    ("cx_overflow", |upstream| &mut upstream.connection_overflow),
];

impl Upstream {
    /// Requests and connections per second that circuit breakers refused; `None`: nobody tells.
    pub fn overflow(&self) -> Option<f64> {
        match (self.pending_overflow, self.connection_overflow) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or_default() + b.unwrap_or_default()),
        }
    }

    /// Whether nothing was told.
    pub fn unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// By service, subsets together. Clusters that name no service of the cluster are left out.
pub fn by_service(samples: &[(ClusterLabels, f64)]) -> BTreeMap<Named, Upstream> {
    let mut all: BTreeMap<Named, Upstream> = BTreeMap::new();
    for (labels, value) in samples {
        let service = service(&labels.cluster_name).or_else(|| service(&labels.envoy_cluster_name));
        let Some(service) = service else { continue };
        let Some((word, field)) = FIELDS.iter().find(|(word, _)| *word == labels.signal) else { continue };
        let told = field(all.entry(service).or_default());
        *told = Some(match *told {
            // Endpoints ejected now are not added up: subsets of a service share them.
            Some(before) if *word == "ejected" => before.max(*value),
            Some(before) => before + value,
            None => *value,
        });
    }
    all
}

/// The service a cluster of Envoy stands for.
pub fn service(cluster: &str) -> Option<Named> {
    let named = |namespace: &str, name: &str| {
        (!namespace.is_empty() && !name.is_empty()).then(|| (CompactString::from(namespace), CompactString::from(name)))
    };
    if let Some(rest) = cluster.strip_prefix("outbound|") {
        let host = rest.rsplit('|').next()?.trim_end_matches(';');
        let (name, rest) = host.split_once('.')?;
        let (namespace, rest) = rest.split_once('.')?;
        return (rest == "svc" || rest.starts_with("svc.")).then(|| named(namespace, name)).flatten();
    }
    // Names of Kubernetes have no underscores, so these are unambiguous.
    let (namespace, rest) = cluster.strip_prefix("kube_")?.split_once('_')?;
    named(namespace, rest.split('_').next().unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{ClusterLabels, by_service, service};

    #[rstest]
    #[case("outbound|9080||reviews.shop.svc.cluster.local", Some(("shop", "reviews")))]
    #[case("outbound|9080|v1|reviews.shop.svc.cluster.local;", Some(("shop", "reviews")))]
    #[case("outbound|443||api.example.com", None)]
    #[case("inbound|9080||", None)]
    #[case("kube_shop_reviews_9080", Some(("shop", "reviews")))]
    #[case("kube_shop_reviews", Some(("shop", "reviews")))]
    #[case("xds-grpc", None)]
    #[case("outbound|", None)]
    fn a_cluster_names_its_service(#[case] cluster: &str, #[case] expected: Option<(&str, &str)>) {
        let expected = expected.map(|(namespace, name)| (namespace.into(), name.into()));
        assert_eq!(service(cluster), expected);
    }

    #[test]
    fn subsets_count_for_their_service() {
        let sample = |subset: &str, signal: &str, value: f64| {
            let cluster = format!("outbound|80|{subset}|db.shop.svc.cluster.local");
            let labels =
                ClusterLabels { cluster_name: cluster.into(), signal: signal.into(), ..ClusterLabels::default() };
            (labels, value)
        };
        let told = by_service(&[
            sample("v1", "retry", 2.0),
            sample("v2", "retry", 3.0),
            sample("v1", "ejected", 1.0),
            sample("v2", "ejected", 2.0),
            sample("", "cx_overflow", 0.5),
            sample("", "something_else", 9.0),
        ]);
        let db = &told[&("shop".into(), "db".into())];
        assert_eq!((db.retries, db.ejected, db.overflow(), db.ejections), (Some(5.0), Some(2.0), Some(0.5), None));
    }
}
