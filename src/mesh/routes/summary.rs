//! Rows in few words: cells of the Routes pane.

use std::collections::BTreeSet;

use compact_str::CompactString;

use super::{Backend, Condition, Filter, Match, PathMatch, RouteRow, Rule, ValueMatch, Verdict, rule::How};
use crate::{
    base::{Uid, sanitize},
    cluster::delta::Row,
};

/// `Some(true)` when one condition is true, `Some(false)` when all that were written are false.
pub(super) fn any<'a>(conditions: impl Iterator<Item = Option<&'a Condition>>) -> Option<bool> {
    let mut answer = None;
    for condition in conditions.flatten() {
        match condition.verdict {
            Verdict::True => return Some(true),
            Verdict::False => answer = Some(false),
            Verdict::Unknown => {}
        }
    }
    answer
}

/// `Some(false)` when one condition is false, `Some(true)` when all that were written are true.
pub(super) fn all<'a>(conditions: impl Iterator<Item = Option<&'a Condition>>) -> Option<bool> {
    let mut answer = None;
    for condition in conditions.flatten() {
        match condition.verdict {
            Verdict::False => return Some(false),
            Verdict::True => answer = Some(true),
            Verdict::Unknown => {}
        }
    }
    answer
}

impl Row for RouteRow {
    fn uid(&self) -> Uid {
        self.uid
    }
}

impl RouteRow {
    /// HOST: the first hostname and how many more; `*` when it takes whatever its parents serve.
    pub fn host_cell(&self) -> String {
        self.hosts.first().map_or_else(|| "*".to_owned(), |host| clean(&and_more(host, self.hosts.len())))
    }

    /// MATCH: the first match of the first rule and how many more there are in all rules.
    pub fn match_cell(&self) -> String {
        if self.kind.is_stream() || self.rules.is_empty() && !self.streams.is_empty() {
            return "connections".to_owned();
        }
        let mut matches = self.rules.iter().flat_map(|rule| &rule.matches);
        let first = matches.next().map(Match::words).unwrap_or_default();
        clean(&and_more(&first, 1 + matches.count()))
    }

    /// BACKENDS: those of the first rule that has any, with their share of its requests, and how many more other rules name.
    pub fn backends_cell(&self) -> String {
        let mut rules = self.rules.iter().filter(|rule| !rule.backends.is_empty());
        let Some(first) = rules.next() else {
            if let Some(stream) = self.streams.iter().find(|stream| !stream.backends.is_empty()) {
                let names: Vec<String> = stream.backends.iter().map(|backend| self.backend_name(backend)).collect();
                return clean(&names.join(" "));
            }
            let answer = self.rules.iter().flat_map(|rule| &rule.filters).find_map(|filter| match filter {
                Filter::Redirect(redirect) => Some(format!("redirect {}", redirect.status)),
                Filter::DirectResponse { status } => Some(format!("answers {status}")),
                _ => None,
            });
            return answer.unwrap_or_else(|| "none".to_owned());
        };
        let known: Vec<String> = first.backends.iter().map(|backend| self.backend_name(backend)).collect();
        let others: BTreeSet<String> = rules
            .flat_map(|rule| &rule.backends)
            .map(|backend| self.backend_name(backend))
            .filter(|name| !known.contains(name))
            .collect();
        let shares = first.shares();
        let alone = known.len() == 1;
        let word = |(name, share): (&String, _)| match share {
            // All of it goes without saying.
            100 if alone => name.clone(),
            share => format!("{name} {share}%"),
        };
        let words: Vec<String> = known.iter().zip(shares).map(word).collect();
        clean(&and_more(&words.join(" "), 1 + others.len()))
    }

    /// PARENTS: all of them.
    pub fn parents_cell(&self) -> String {
        let own = |parent: &super::Parent| {
            let label = parent.label();
            label.strip_prefix(&format!("{}/", self.namespace)).map_or(label.clone(), ToOwned::to_owned)
        };
        clean(&self.parents.iter().map(own).collect::<Vec<_>>().join(" "))
    }

    /// ACCEPTED: `yes`, `no: REASON`, `refs: REASON` when accepted with references that do not resolve, `–` when no
    /// controller spoke.
    pub fn accepted_cell(&self) -> String {
        let reason = |of: fn(&super::Parent) -> Option<&Condition>| {
            self.parents
                .iter()
                .filter_map(of)
                .find(|condition| condition.verdict == Verdict::False)
                .map(|condition| condition.reason.to_string())
                .unwrap_or_default()
        };
        match (self.accepted(), self.resolved_refs()) {
            (Some(false), _) => clean(&format!("no: {}", reason(|parent| parent.accepted.as_ref()))),
            (_, Some(false)) => clean(&format!("refs: {}", reason(|parent| parent.resolved_refs.as_ref()))),
            (Some(true), _) => "yes".to_owned(),
            (None, _) => "–".to_owned(),
        }
    }

    /// What to say below the table when the cursor is on the row: what could not be read, or what a parent complained of.
    pub fn story(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for parent in &self.parents {
            for condition in [&parent.accepted, &parent.resolved_refs].into_iter().flatten() {
                if condition.verdict == Verdict::False {
                    let label = parent.label();
                    lines.push(clean(&format!("{label}: {}: {}", condition.reason, condition.message)));
                }
            }
            if let Some(partial) = parent.partially_invalid.as_ref().filter(|it| it.verdict == Verdict::True) {
                lines.push(clean(&format!("{}: in part invalid: {}", parent.label(), partial.message)));
            }
        }
        lines.extend(self.notes.iter().map(|note| clean(note)));
        lines
    }

    /// `name:port`, with the namespace when it is another one, with the subset when there is one.
    fn backend_name(&self, backend: &Backend) -> String {
        let label = backend.label();
        let own = label.strip_prefix(&format!("{}/", self.namespace)).unwrap_or(&label).to_owned();
        match &backend.subset {
            Some(subset) => format!("{own}@{subset}"),
            None => own,
        }
    }
}

impl Rule {
    /// Percent of the rule's requests each backend gets, in order; all 0 when the weights sum to zero.
    pub fn shares(&self) -> Vec<u64> {
        let sum: u64 = self.backends.iter().map(|backend| u64::from(backend.weight)).sum();
        self.backends
            .iter()
            .map(|backend| (u64::from(backend.weight) * 200 + sum).checked_div(2 * sum).unwrap_or(0))
            .collect()
    }
}

impl Match {
    /// In few words: `GET /path`, `=/exact`, `~/expression`, `/text*` (letter by letter), `[header=value]`, `?query=value`,
    /// `package.Service/Method`.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        if let Some(method) = &self.method {
            words.push(method.value.to_string());
        }
        match (&self.grpc, &self.path) {
            (Some(grpc), _) => {
                let name = |part: &Option<CompactString>| part.as_deref().unwrap_or("*").to_owned();
                words.push(format!(
                    "{}{}/{}",
                    if grpc.regex { "~" } else { "" },
                    name(&grpc.service),
                    name(&grpc.method)
                ));
            }
            (None, PathMatch::Exact(path)) => words.push(format!("={path}")),
            (None, PathMatch::Prefix(path)) if path.is_empty() => words.push("/".to_owned()),
            (None, PathMatch::Prefix(path)) => words.push(path.to_string()),
            (None, PathMatch::TextPrefix(path)) => words.push(format!("{path}*")),
            (None, PathMatch::Regex(path)) => words.push(format!("~{path}")),
            (None, PathMatch::Other(path)) => words.push(format!("({path})")),
        }
        for (open, close, list) in [("[", "]", &self.headers), ("?", "", &self.query)] {
            words.extend(list.iter().map(|test| format!("{open}{}{close}", test.words())));
        }
        words.extend(self.also.iter().map(|text| format!("{{{text}}}")));
        words.join(" ")
    }
}

impl ValueMatch {
    fn words(&self) -> String {
        match self.how {
            How::Exact => format!("{}={}", self.name, self.value),
            How::Prefix => format!("{}={}*", self.name, self.value),
            How::Regex => format!("{}~{}", self.name, self.value),
            How::Present => self.name.to_string(),
            How::Not if self.value.is_empty() => format!("!{}", self.name),
            How::Not => format!("{}!={}", self.name, self.value),
        }
    }
}

fn and_more(first: &str, count: usize) -> String {
    if count > 1 { format!("{first} +{}", count - 1) } else { first.to_owned() }
}

fn clean(text: &str) -> String {
    sanitize::line(text).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RouteRow;
    use crate::{cluster::Manifest, mesh::routes::RouteKind};

    fn row(kind: RouteKind, spec: &serde_json::Value, status: &serde_json::Value) -> RouteRow {
        let object = json!({"metadata": {"namespace": "shop", "name": "r"}, "spec": spec, "status": status});
        RouteRow::decode(kind, &Manifest(object))
    }

    #[test]
    fn an_http_route_in_cells() {
        let conditions = json!([
            {"type": "Accepted", "status": "True", "reason": "Accepted"},
            {"type": "ResolvedRefs", "status": "False", "reason": "BackendNotFound", "message": "no \u{1b}[31mv3"},
        ]);
        let row = row(
            RouteKind::Http,
            &json!({
                "hostnames": ["a.x", "b.x"],
                "parentRefs": [{"name": "gw", "namespace": "infra", "sectionName": "web"}, {"name": "own"}],
                "rules": [
                    {"matches": [{"path": {"type": "Exact", "value": "/p"}, "method": "GET",
                                  "headers": [{"name": "X-V", "value": "1"}]}, {"path": {"value": "/q/"}}],
                     "backendRefs": [{"name": "v1", "port": 80, "weight": 9}, {"name": "v2", "port": 80}]},
                    {"backendRefs": [{"name": "v1", "port": 80}, {"name": "v3", "namespace": "n", "port": 80}]},
                ],
            }),
            &json!({"parents": [{"parentRef": {"name": "own"}, "controllerName": "c", "conditions": conditions}]}),
        );
        assert_eq!(row.host_cell(), "a.x +1");
        assert_eq!(row.match_cell(), "GET =/p [x-v=1] +2");
        assert_eq!(row.backends_cell(), "v1:80 90% v2:80 10% +1");
        assert_eq!(row.parents_cell(), "infra/gw#web own");
        assert_eq!(row.accepted_cell(), "refs: BackendNotFound");
        assert_eq!(row.story(), ["shop/own: BackendNotFound: no v3"]);
    }

    #[test]
    fn a_virtual_service_in_cells() {
        let row = row(
            RouteKind::VirtualService,
            &json!({
                "hosts": ["reviews"],
                "http": [
                    {"match": [{"uri": {"prefix": "/v"}, "sourceLabels": {"app": "web"}}],
                     "fault": {"delay": {"fixedDelay": "2s"}},
                     "route": [{"destination": {"host": "reviews", "subset": "v1"}, "weight": 75},
                               {"destination": {"host": "reviews.other.svc.cluster.local", "port": {"number": 9080}}, "weight": 25}]},
                ],
            }),
            &json!(null),
        );
        assert_eq!(row.host_cell(), "reviews");
        assert_eq!(row.match_cell(), "/v* {from app=web}");
        assert_eq!(row.backends_cell(), "reviews@v1 75% other/reviews:9080 25%");
        assert_eq!(row.parents_cell(), "mesh");
        assert_eq!(row.accepted_cell(), "–");
    }

    #[test]
    fn a_virtual_service_for_connections_in_cells() {
        let spec =
            json!({"hosts": ["db"], "tcp": [{"route": [{"destination": {"host": "db", "port": {"number": 5432}}}]}]});
        let row = row(RouteKind::VirtualService, &spec, &json!(null));
        assert_eq!((row.match_cell().as_str(), row.backends_cell().as_str()), ("connections", "db:5432"));
    }

    #[test]
    fn a_grpc_route_in_cells() {
        let spec = json!({"rules": [{"matches": [{"method": {"service": "p.S", "method": "M"}}, {"method": {"service": "p.T"}}]}]});
        let row = row(RouteKind::Grpc, &spec, &json!(null));
        assert_eq!((row.host_cell().as_str(), row.match_cell().as_str()), ("*", "p.S/M +1"));
        assert_eq!(row.backends_cell(), "none");
    }
}
