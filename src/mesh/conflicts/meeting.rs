//! Which of many matches could take a request together, without asking every pair.
//!
//! Two matches that want different exact values of one thing (a header, a parameter, the method, the gRPC method) never meet.
//! So they are put into buckets by what they want of the thing that tells most of them apart, and only those of one bucket,
//! and those that want nothing exact of it, are looked at further. Thousands of routes that differ in one header cost as many
//! steps; what truly meets is as many pairs as there are.

use std::collections::{HashMap, HashSet};

use crate::mesh::routes::{Match, ValueMatch, rule::How};

/// A thing of a request of which an exact value may be wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Thing<'a> {
    Method,
    GrpcService,
    GrpcMethod,
    Header(&'a str),
    Query(&'a str),
}

/// All exact values that a match wants.
fn wanted(test: &Match) -> impl Iterator<Item = (Thing<'_>, &str)> {
    let exact = |one: &&ValueMatch| one.how == How::Exact;
    let method = test.method.iter().filter(exact).map(|one| (Thing::Method, one.value.as_str()));
    let headers = test.headers.iter().filter(exact).map(|one| (Thing::Header(&one.name), one.value.as_str()));
    let query = test.query.iter().filter(exact).map(|one| (Thing::Query(&one.name), one.value.as_str()));
    let call = test.grpc.iter().filter(|call| !call.regex);
    let call = call.flat_map(|call| {
        let service = call.service.iter().map(|name| (Thing::GrpcService, name.as_str()));
        service.chain(call.method.iter().map(|name| (Thing::GrpcMethod, name.as_str())))
    });
    method.chain(headers).chain(query).chain(call)
}

/// Every pair of these matches, as places in the list, that could meet; each once. It never leaves one out that does.
pub(super) fn pairs(tests: &[&Match]) -> Vec<(usize, usize)> {
    let mut search = Search { wants: tests.iter().map(|test| wanted(test).collect()).collect(), found: Vec::new() };
    search.within(&(0..tests.len()).collect::<Vec<_>>(), &[]);
    search.found
}

struct Search<'a> {
    wants: Vec<HashMap<Thing<'a>, &'a str>>,
    found: Vec<(usize, usize)>,
}

/// Matches by what they want of one thing.
#[derive(Default)]
struct Sorted<'a> {
    by_value: HashMap<&'a str, Vec<usize>>,
    exact: Vec<usize>,
    open: Vec<usize>,
}

impl<'a> Search<'a> {
    /// So few are compared one by one.
    const FEW: usize = 8;

    /// Pairs of one list.
    fn within(&mut self, list: &[usize], done: &[Thing<'a>]) {
        let thing = if list.len() > Self::FEW { self.thing(list, &[], done) } else { None };
        let Some(thing) = thing else {
            for (at, a) in list.iter().enumerate() {
                self.found.extend(list[at + 1..].iter().map(|b| (*a, *b)));
            }
            return;
        };
        let done = [done, &[thing]].concat();
        let sorted = self.sort(list, thing);
        for bucket in sorted.by_value.values() {
            self.within(bucket, &done);
        }
        self.within(&sorted.open, &done);
        self.across(&sorted.open, &sorted.exact, &done);
    }

    /// Pairs of one from each list.
    fn across(&mut self, a: &[usize], b: &[usize], done: &[Thing<'a>]) {
        if a.is_empty() || b.is_empty() {
            return;
        }
        let thing = if a.len().min(b.len()) > 1 { self.thing(a, b, done) } else { None };
        let Some(thing) = thing else {
            self.found.extend(a.iter().flat_map(|a| b.iter().map(move |b| (*a, *b))));
            return;
        };
        let done = [done, &[thing]].concat();
        let (a, b) = (self.sort(a, thing), self.sort(b, thing));
        for (value, bucket) in &a.by_value {
            if let Some(other) = b.by_value.get(value) {
                self.across(bucket, other, &done);
            }
        }
        self.across(&a.open, &b.open, &done);
        self.across(&a.open, &b.exact, &done);
        self.across(&a.exact, &b.open, &done);
    }

    /// The thing of which most values are wanted, at least two. Of two alike the first by name.
    fn thing(&self, a: &[usize], b: &[usize], done: &[Thing<'a>]) -> Option<Thing<'a>> {
        let mut values: HashMap<Thing<'a>, HashSet<&str>> = HashMap::new();
        for at in a.iter().chain(b) {
            for (thing, value) in &self.wants[*at] {
                if !done.contains(thing) {
                    values.entry(*thing).or_default().insert(value);
                }
            }
        }
        let several = values.iter().filter(|(_, values)| values.len() > 1);
        let most = several.max_by(|(a, many), (b, other)| many.len().cmp(&other.len()).then_with(|| b.cmp(a)));
        most.map(|(thing, _)| *thing)
    }

    fn sort(&self, list: &[usize], thing: Thing<'a>) -> Sorted<'a> {
        let mut sorted = Sorted::default();
        for at in list {
            match self.wants[*at].get(&thing) {
                Some(value) => {
                    sorted.by_value.entry(value).or_default().push(*at);
                    sorted.exact.push(*at);
                }
                None => sorted.open.push(*at),
            }
        }
        sorted
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::pairs;
    use crate::mesh::{
        conflicts::covering::meet,
        routes::{GrpcMatch, Match, ValueMatch, rule::How},
    };

    fn value(name: &str, how: u8, value: u8) -> ValueMatch {
        let how = [How::Exact, How::Exact, How::Regex, How::Present, How::Not][usize::from(how)];
        ValueMatch { name: name.into(), how, value: format!("v{value}").into() }
    }

    fn values() -> impl Strategy<Value = Vec<ValueMatch>> {
        proptest::collection::vec((0..3u8, 0..5u8, 0..4u8), 0..3).prop_map(|all| {
            let mut seen = BTreeSet::new();
            let fresh = all.into_iter().filter(|(name, ..)| seen.insert(*name)).collect::<Vec<_>>();
            fresh.into_iter().map(|(name, how, one)| value(&format!("n{name}"), how, one)).collect()
        })
    }

    fn one() -> impl Strategy<Value = Match> {
        let call = (any::<bool>(), proptest::option::of(0..2u8), proptest::option::of(0..3u8));
        let method = proptest::option::of((0..2u8, 0..3u8));
        (values(), values(), method, proptest::option::of(call)).prop_map(|(headers, query, method, call)| Match {
            headers,
            query,
            method: method.map(|(how, one)| value("", how * 2, one)),
            grpc: call.map(|(regex, service, method)| GrpcMatch {
                regex,
                service: service.map(|one| format!("s{one}").into()),
                method: method.map(|one| format!("m{one}").into()),
            }),
            ..Match::default()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

        /// Of the pairs that are found those that meet are all that meet, and none is found twice.
        #[test]
        fn the_fast_way_finds_what_the_naive_way_finds(tests in proptest::collection::vec(one(), 0..40)) {
            let tests: Vec<&Match> = tests.iter().collect();
            let ordered = |(a, b): (usize, usize)| (a.min(b), a.max(b));
            let found: Vec<_> = pairs(&tests).into_iter().map(ordered).collect();
            let once: BTreeSet<_> = found.iter().copied().collect();
            prop_assert_eq!(found.len(), once.len(), "a pair is found twice");
            let met = |(a, b): &(usize, usize)| meet(tests[*a], tests[*b]);
            let naive = (0..tests.len()).flat_map(|a| (a + 1..tests.len()).map(move |b| (a, b))).filter(met);
            prop_assert_eq!(naive.collect::<BTreeSet<_>>(), once.into_iter().filter(met).collect());
        }
    }

    #[test]
    fn thousands_that_differ_in_one_value_are_not_paired() {
        let all: Vec<Match> = (0..3000u32)
            .map(|n| Match {
                headers: vec![ValueMatch { name: "tenant".into(), how: How::Exact, value: format!("t{n}").into() }],
                ..Match::default()
            })
            .collect();
        assert!(pairs(&all.iter().collect::<Vec<_>>()).is_empty());
    }
}
