//! The questions, in PromQL. Metric and label names: Istio standard metrics (istio.io reference/config/metrics, 1.27) and
//! agentgateway 1.4.
//!
//! Reporters are kept apart in every answer (`sum by (reporter, …)`); [`super::fold`] counts each request once.

use std::time::Duration;

use super::{batches::together, plain_envoy::CLUSTERS, quantile::TOLD};
use crate::cluster::Scope;

/// What the questions are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interest {
    /// Requests to services of this namespace alone; `None`: all.
    pub namespace: Option<String>,
    /// Of these as well, where there is one.
    pub beside: Vec<String>,
    /// Names of the Gateways that carry traffic in from outside ([`super::route::gateway_names`]), for latency per route;
    /// their workloads are named so, or so and `-` and more. Empty: not asked.
    pub gateways: Vec<String>,
    /// Over which span rates are taken; at least four scrape intervals, or they have holes.
    pub window: Duration,
}

impl Default for Interest {
    fn default() -> Self {
        Self { namespace: None, beside: Vec::new(), gateways: Vec::new(), window: Duration::from_mins(1) }
    }
}

const REQUESTS: &str = "istio_requests_total";
const LATENCY: &str = "istio_request_duration_milliseconds_bucket";

impl Interest {
    /// About the namespaces of a scope.
    pub fn within(scope: &Scope) -> Self {
        Self { namespace: scope.namespace.clone(), beside: scope.beside.clone(), ..Self::default() }
    }

    /// The namespaces it is about; none: all.
    pub fn names(&self) -> Vec<&str> {
        let beside = self.beside.iter().filter(|_| self.namespace.is_some());
        self.namespace.iter().chain(beside).map(String::as_str).collect()
    }

    /// Whether it is about requests to services of this namespace.
    pub fn covers(&self, namespace: &str) -> bool {
        let names = self.names();
        names.is_empty() || names.contains(&namespace)
    }

    /// The namespaces as one word, to see whether they are still the same; `None`: all.
    pub fn about(&self) -> Option<String> {
        Some(self.names().join(",")).filter(|names| !names.is_empty())
    }

    /// Requests per second of every edge, by reporter, answer and how it was secured.
    pub fn edges(&self) -> String {
        format!(
            "sum by (reporter, source_workload_namespace, source_workload, destination_workload_namespace, \
             destination_workload, destination_service_namespace, destination_service_name, \
             destination_version, response_code, grpc_response_status, connection_security_policy) (rate({REQUESTS}{}[{}]))",
            self.selector(&[]),
            self.span()
        )
    }

    /// Latency buckets of every workload, by reporter.
    pub fn workload_latency(&self) -> String {
        format!(
            "sum by (reporter, destination_workload_namespace, destination_workload, le) (rate({LATENCY}{}[{}]))",
            self.selector(&[]),
            self.span()
        )
    }

    /// Latency buckets of requests from gateways to services; `None` without gateways.
    pub fn gateway_latency(&self) -> Option<String> {
        let from = self.gateways_matcher("=~")?;
        Some(format!(
            "sum by (reporter, source_workload_namespace, source_workload, destination_service_namespace, \
             destination_service_name, le) (rate({LATENCY}{}[{}]))",
            self.selector(&[from]),
            self.span()
        ))
    }

    /// Latency buckets of requests to services from inside the mesh.
    pub fn service_latency(&self) -> String {
        let inside: Vec<String> = self.gateways_matcher("!~").into_iter().collect();
        format!(
            "sum by (reporter, destination_service_namespace, destination_service_name, le) (rate({LATENCY}{}[{}]))",
            self.selector(&inside),
            self.span()
        )
    }

    /// Latency of every edge, by reporter: as quantiles, not as buckets.
    pub fn edge_latency(&self) -> String {
        let buckets = format!(
            "sum by (reporter, source_workload_namespace, source_workload, destination_workload_namespace, \
             destination_workload, destination_service_namespace, destination_service_name, le) (rate({LATENCY}{}[{}]))",
            self.selector(&[]),
            self.span()
        );
        together(&TOLD.map(|(name, quantile)| (name, format!("histogram_quantile({quantile}, {buckets})"))))
    }

    /// Requests per second of every route that a data plane itself labels, by status.
    pub fn labelled(&self) -> String {
        format!("sum by (route, status) (rate(agentgateway_requests_total{{route!=\"\"}}[{}]))", self.span())
    }

    /// Latency buckets (seconds) of such routes.
    pub fn labelled_latency(&self) -> String {
        // The unit suffix is added by the client library: both spellings are in use.
        format!(
            "sum by (route, le) (rate({{__name__=~\"agentgateway_request_duration(_seconds)?_bucket\", route!=\"\"}}[{}]))",
            self.span()
        )
    }

    /// Requests per second of the clusters of Envoys, by status ([`super::plain_envoy`]).
    pub fn upstream(&self) -> String {
        format!(
            "sum by (namespace, pod, envoy_cluster_name, envoy_response_code, envoy_response_code_class) \
             (rate({{__name__=~\"envoy_cluster_upstream_rq(_xx)?\", envoy_cluster_name=~\"{}\"}}[{}]))",
            escaped(CLUSTERS),
            self.span()
        )
    }

    /// Their latency buckets in milliseconds.
    pub fn upstream_latency(&self) -> String {
        format!(
            "sum by (namespace, pod, envoy_cluster_name, le) (rate(envoy_cluster_upstream_rq_time_bucket\
             {{envoy_cluster_name=~\"{}\"}}[{}]))",
            escaped(CLUSTERS),
            self.span()
        )
    }

    /// How many series of a mesh there are: whether a source is worth asking.
    pub fn worth() -> &'static str {
        "count({__name__=~\"istio_requests_total|istio_tcp_sent_bytes_total|agentgateway_requests_total|\
         envoy_cluster_upstream_rq|envoy_cluster_upstream_rq_xx\"})"
    }

    /// For trends: requests per second of every workload, by reporter.
    pub fn trend_rps(&self) -> String {
        self.by_workload(REQUESTS, &[], "")
    }

    /// For trends: failed requests per second of every workload, by reporter.
    pub fn trend_errors(&self) -> String {
        // `or` keeps gRPC failures, which come with HTTP 200; a request is in one of the two.
        let http = "response_code=~\"5..|0|-\"".to_owned();
        let rpc = ["grpc_response_status!~\"0|\"".to_owned(), "response_code!~\"5..|0|-\"".to_owned()];
        let spans = self.span();
        format!(
            "sum by (reporter, destination_workload_namespace, destination_workload) (rate({REQUESTS}{}[{spans}]) or \
             rate({REQUESTS}{}[{spans}]))",
            self.selector(&[http]),
            self.selector(&rpc)
        )
    }

    /// For trends: a quantile of every workload's latency in milliseconds, and of all together (without names), by reporter.
    pub fn trend_quantile(&self, quantile: f64) -> String {
        let all = format!("sum by (reporter, le) (rate({LATENCY}{}[{}]))", self.selector(&[]), self.span());
        format!(
            "histogram_quantile({quantile}, {}) or histogram_quantile({quantile}, {all})",
            self.by_workload(LATENCY, &[], ", le")
        )
    }

    fn by_workload(&self, metric: &str, matchers: &[String], more: &str) -> String {
        format!(
            "sum by (reporter, destination_workload_namespace, destination_workload{more}) (rate({metric}{}[{}]))",
            self.selector(matchers),
            self.span()
        )
    }

    pub(super) fn selector(&self, matchers: &[String]) -> String {
        let mut all = matchers.to_vec();
        match self.names().as_slice() {
            [] => {}
            [only] => all.push(format!("destination_service_namespace=\"{}\"", escaped(only))),
            names => {
                let names: Vec<String> = names.iter().map(|name| regex::escape(name)).collect();
                all.push(format!("destination_service_namespace=~\"{}\"", escaped(&names.join("|"))));
            }
        }
        if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(", ")) }
    }

    fn gateways_matcher(&self, operator: &str) -> Option<String> {
        if self.gateways.is_empty() {
            return None;
        }
        let names: Vec<String> = self.gateways.iter().map(|name| regex::escape(name)).collect();
        Some(format!("source_workload{operator}\"({})(-.*)?\"", escaped(&names.join("|"))))
    }

    /// PromQL durations: whole seconds are enough.
    pub(super) fn span(&self) -> String {
        format!("{}s", self.window.as_secs().max(1))
    }
}

/// A text inside a PromQL string.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::Interest;

    #[test]
    fn names_cannot_leave_their_quotes() {
        let interest = Interest {
            namespace: Some("a\"} or up{x=\"\\".to_owned()),
            gateways: vec!["gw.1".to_owned(), "b\"".to_owned()],
            ..Interest::default()
        };
        let question = interest.gateway_latency().unwrap();
        assert!(question.contains(r#"source_workload=~"(gw\\.1|b\")(-.*)?""#), "{question}");
        assert!(question.contains(r#"destination_service_namespace="a\"} or up{x=\"\\""#), "{question}");
        let several =
            Interest { namespace: Some("shop".to_owned()), beside: vec!["a\"|.*".to_owned()], ..Interest::default() };
        let question = several.service_latency();
        assert!(question.contains(r#"destination_service_namespace=~"shop|a\"\\|\\.\\*""#), "{question}");
    }

    #[test]
    fn nothing_is_asked_about_gateways_nobody_named() {
        let interest = Interest::default();
        assert_eq!(interest.gateway_latency(), None);
        assert!(!interest.service_latency().contains("source_workload"), "{}", interest.service_latency());
    }
}
