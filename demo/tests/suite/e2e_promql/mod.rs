//! PromQL of the world against a real Prometheus over the same samples: results, kinds, labels and refusals are the same.

pub mod compare;
mod endpoints;
mod generated;
mod lab;
pub mod oracle;
mod world;

use std::time::{SystemTime, UNIX_EPOCH};

use brink_demo::metrics::{Tsdb, answer};

use self::{compare::difference, lab::Lab, oracle::Oracle};
use super::support::program;

/// Unix milliseconds. Prometheus takes only samples of today into its head.
fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Asks both, and says what differs. `GET` and `POST` take turns.
pub fn ask(tsdb: &Tsdb, oracle: &Oracle, path: &str, params: &[(&str, String)]) -> Option<String> {
    let params: Vec<(String, String)> =
        params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let query = params.first().map(|(_, value)| value.as_str()).unwrap_or_default();
    let ours = answer(tsdb, path, &params, now());
    let theirs = if query.len().is_multiple_of(2) { oracle.get(path, &params) } else { oracle.post(path, &params) };
    let instant = path.ends_with("query");
    difference(&ours, &theirs, instant && query.starts_with("sort"), instant)
        .map(|said| format!("{path} {params:?}\n  {said}"))
}

/// Asks at moments and over grids (start, end, step; milliseconds). What differs, and how many answers were held against each other.
pub fn sweep(
    tsdb: &Tsdb,
    oracle: &Oracle,
    query: &str,
    moments: &[i64],
    grids: &[(i64, i64, i64)],
) -> (usize, Vec<String>) {
    let seconds = |ms: i64| format!("{}.{:03}", ms / 1000, ms % 1000);
    let query = query.to_owned();
    let instants = moments
        .iter()
        .filter_map(|at| ask(tsdb, oracle, "/api/v1/query", &[("query", query.clone()), ("time", seconds(*at))]));
    let mut wrong: Vec<String> = instants.collect();
    wrong.extend(grids.iter().filter_map(|(start, end, step)| {
        let params =
            [("query", query.clone()), ("start", seconds(*start)), ("end", seconds(*end)), ("step", seconds(*step))];
        ask(tsdb, oracle, "/api/v1/query_range", &params)
    }));
    (moments.len() + grids.len(), wrong)
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn report(wrong: &[String]) {
    let shown: Vec<&str> = wrong.iter().take(40).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} answers differ:\n{}", wrong.len(), shown.join("\n"));
}

#[test]
fn hard_questions_are_answered_as_prometheus_answers_them() {
    let Some(prometheus) = program("prometheus") else { return };
    let lab = Lab::full(now());
    let oracle = Oracle::of_store(&prometheus, &lab.tsdb);
    let (begin, end) = (lab.begin, lab.end);
    let moments = [begin + 1_999_500, begin + 2_000_000, end - 55_123, end, end + 90_000];
    let grids = [(begin + 900_000, begin + 2_100_000, 30_000), (end - 300_000, end + 400_000, 17_300)];
    let (mut queries, mut asked, mut wrong) = (0, 0, Vec::new());
    for query in lines(include_str!("queries.txt")) {
        let (more, differing) = sweep(&lab.tsdb, &oracle, query, &moments, &grids);
        queries += 1;
        asked += more;
        // One difference of a question is enough to see it.
        wrong.extend(differing.into_iter().next());
    }
    println!("{asked} answers to {queries} questions equal those of Prometheus, but {}", wrong.len());
    report(&wrong);
}
