//! Sources of one kind of rows in several namespaces, told as one.

use super::source::Source;

/// What each of the sources said last.
#[derive(Debug, Clone)]
pub struct Together {
    each: Vec<(String, Source)>,
}

impl Together {
    /// Of these namespaces, none of which was heard yet.
    pub fn of(namespaces: impl IntoIterator<Item = String>) -> Self {
        Self { each: namespaces.into_iter().map(|name| (name, Source::Idle)).collect() }
    }

    /// One of them, by its place, says how it stands: how all of them do.
    pub fn hear(&mut self, at: usize, source: Source) -> Source {
        if let Some((_, known)) = self.each.get_mut(at) {
            *known = source;
        }
        self.told()
    }

    fn told(&self) -> Source {
        let troubled: Vec<&(String, Source)> = self.each.iter().filter(|(_, source)| cause(source).is_some()).collect();
        let well = || self.each.iter().map(|(_, source)| source).filter(|source| cause(source).is_none());
        let absent = |source: &Source| matches!(source, Source::Absent { .. });
        let complete = |source: &Source| absent(source) || *source == Source::Live;
        if troubled.is_empty() {
            return match self.each.first() {
                // A kind that is not served is so everywhere.
                Some((_, first)) if self.each.iter().all(|(_, source)| absent(source)) => first.clone(),
                _ if well().all(complete) => Source::Live,
                _ => loading(well()),
            };
        }
        let what = lines(&troubled);
        if troubled.len() < self.each.len() {
            return Source::Partly { what, settled: well().all(complete) };
        }
        let retry = troubled.iter().filter_map(|(_, source)| match source {
            Source::Broken { retry, .. } => Some(*retry),
            _ => None,
        });
        match retry.min() {
            Some(retry) => Source::Broken { cause: what, retry },
            None => Source::Forbidden { what },
        }
    }
}

fn loading<'a>(all: impl Iterator<Item = &'a Source>) -> Source {
    let (mut seen, mut total) = (0, Some(0));
    for source in all {
        if let Source::Loading { seen: some, total: of } = source {
            seen += some;
            total = total.zip(*of).map(|(a, b)| a + b);
        } else if *source == Source::Idle {
            total = None;
        }
    }
    Source::Loading { seen, total: total.filter(|total| *total > 0) }
}

/// What is wrong with a source, with the remedy in a second line.
fn cause(source: &Source) -> Option<&str> {
    match source {
        Source::Broken { cause: what, .. } | Source::Forbidden { what } | Source::Partly { what, .. } => Some(what),
        Source::Idle | Source::Loading { .. } | Source::Live | Source::Absent { .. } => None,
    }
}

/// Each cause with its namespaces, and the first remedy.
fn lines(troubled: &[&(String, Source)]) -> String {
    let mut told: Vec<(Vec<&str>, &str)> = Vec::new();
    let mut fix = "";
    for (name, source) in troubled {
        let (what, remedy) = cause(source).map(|what| what.split_once('\n').unwrap_or((what, ""))).unwrap_or_default();
        if fix.is_empty() {
            fix = remedy;
        }
        match told.iter_mut().find(|(_, known)| *known == what) {
            Some((names, _)) => names.push(name),
            None => told.push((vec![name], what)),
        }
    }
    let told: Vec<String> = told.into_iter().map(|(names, what)| format!("{}: {what}", names.join(", "))).collect();
    if fix.is_empty() { told.join("; ") } else { format!("{}\n{fix}", told.join("; ")) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Together;
    use crate::cluster::Source;

    fn all() -> Together {
        Together::of(["shop", "pay"].map(str::to_owned))
    }

    fn forbidden() -> Source {
        Source::Forbidden { what: "you may not list pods\nask for it".to_owned() }
    }

    #[test]
    fn all_are_live_only_once_each_is() {
        let mut all = all();
        let Source::Loading { seen: 3, total: None } = all.hear(0, Source::Loading { seen: 3, total: Some(9) }) else {
            panic!("of the other nothing is known")
        };
        assert!(matches!(all.hear(0, Source::Live), Source::Loading { .. }));
        assert_eq!(
            all.hear(1, Source::Loading { seen: 2, total: Some(4) }),
            Source::Loading { seen: 2, total: Some(4) }
        );
        assert_eq!(all.hear(1, Source::Live), Source::Live);
    }

    #[test]
    fn one_that_fails_is_named_and_the_other_goes_on() {
        let mut all = all();
        all.hear(1, forbidden());
        assert_eq!(
            all.hear(0, Source::Live),
            Source::Partly { what: "pay: you may not list pods\nask for it".to_owned(), settled: true }
        );
        let Source::Broken { cause, retry } =
            all.hear(0, Source::Broken { cause: "cut".to_owned(), retry: Duration::from_secs(3) })
        else {
            panic!("nothing comes any more")
        };
        assert_eq!(
            (cause.as_str(), retry),
            ("shop: cut; pay: you may not list pods\nask for it", Duration::from_secs(3))
        );
        assert_eq!(
            all.hear(0, forbidden()),
            Source::Forbidden { what: "shop, pay: you may not list pods\nask for it".to_owned() }
        );
    }

    #[test]
    fn what_is_not_served_is_absent() {
        let (mut all, absent) = (all(), Source::Absent { what: "no such kind".to_owned() });
        all.hear(0, absent.clone());
        assert_eq!(all.hear(1, absent.clone()), absent);
    }
}
