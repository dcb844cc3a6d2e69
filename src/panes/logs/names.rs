//! Short names for those who write into one stream, each in a colour of its own.

use std::collections::BTreeMap;

use crate::{base::width, cluster::logs::Writer, config::Role};

/// Cells a name may take.
const WIDEST: usize = 28;

const COLOURS: [Role; 6] = [Role::Chart1, Role::Chart2, Role::Chart3, Role::Chart4, Role::Chart5, Role::Chart6];

/// Those who write, with the name each has on screen.
#[derive(Debug, Default)]
pub struct Names {
    known: BTreeMap<Writer, (String, Role)>,
    width: u16,
}

impl Names {
    /// Meets who wrote a line.
    pub fn meet(&mut self, writer: &Writer) {
        if !writer.pod.is_empty() && !writer.container.is_empty() && !self.known.contains_key(writer) {
            let colour = COLOURS[self.known.len() % COLOURS.len()];
            self.known.insert(writer.clone(), (String::new(), colour));
            self.shorten();
        }
    }

    /// Whether there is somebody to tell apart.
    pub fn several(&self) -> bool {
        self.known.len() > 1
    }

    /// How many write.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// The containers, each once.
    pub fn containers(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.known.keys().map(|writer| writer.container.as_str()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The name and colour of a writer.
    pub fn of(&self, writer: &Writer) -> Option<(&str, Role)> {
        self.known.get(writer).map(|(name, colour)| (name.as_str(), *colour))
    }

    /// The cells of the column of names.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// What all pods' names have in common tells nobody apart; neither does the one container that all have.
    fn shorten(&mut self) {
        let pods: Vec<&str> = self.known.keys().map(|writer| writer.pod.as_str()).collect();
        let one_pod = pods.windows(2).all(|pair| pair[0] == pair[1]);
        let one_container = self.containers().len() == 1;
        let common = common(&pods);
        let mut widest = 0;
        for (writer, (name, _)) in &mut self.known {
            let pod = writer.pod.get(common..).unwrap_or(&writer.pod);
            *name = match (one_pod, one_container) {
                (true, _) => writer.container.clone(),
                (false, true) => pod.to_owned(),
                (false, false) => format!("{pod}/{}", writer.container),
            };
            *name = width::cut_middle(name, WIDEST).into_owned();
            widest = widest.max(width::width(name));
        }
        self.width = u16::try_from(widest).unwrap_or(0);
    }
}

/// Bytes at the beginning that all names share, up to a dash.
fn common(names: &[&str]) -> usize {
    let Some(first) = names.first() else { return 0 };
    let mut best = 0;
    for (at, _) in first.match_indices('-') {
        let front = &first[..=at];
        if names.iter().all(|name| name.starts_with(front) && name.len() > front.len()) {
            best = at + 1;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::{Names, Writer};

    fn met(writers: &[(&str, &str)]) -> Vec<String> {
        let mut names = Names::default();
        let writers: Vec<Writer> = writers
            .iter()
            .map(|(pod, container)| Writer { pod: (*pod).into(), container: (*container).into() })
            .collect();
        for writer in &writers {
            names.meet(writer);
        }
        writers.iter().map(|writer| names.of(writer).unwrap().0.to_owned()).collect()
    }

    #[test]
    fn names_are_as_short_as_they_can_be() {
        let one = met(&[("web-5d9-abcde", "main"), ("web-5d9-fghij", "main")]);
        assert_eq!(one, ["abcde", "fghij"]);
        let two = met(&[("web-v1-5d9-abcde", "main"), ("web-v2-77f-fghij", "main")]);
        assert_eq!(two, ["v1-5d9-abcde", "v2-77f-fghij"]);
        assert_eq!(met(&[("web-0", "main"), ("web-0", "proxy")]), ["main", "proxy"]);
        assert_eq!(met(&[("web-0", "main"), ("web-1", "proxy")]), ["0/main", "1/proxy"]);
        assert_eq!(met(&[("cart", "main"), ("web", "main")]), ["cart", "web"]);
    }
}
