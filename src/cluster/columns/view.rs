//! The columns of a kind, and the order of its rows.

use jiff::Timestamp;
use regex::Regex;
use serde_json::Value;

use super::{Column, ColumnError};

/// Which way rows are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// The least first.
    #[default]
    Ascending,
    /// The most first.
    Descending,
}

/// By which column rows are ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// Its title.
    pub column: String,
    /// Which way.
    pub direction: Direction,
}

impl Sort {
    /// Reads `NAME`, `NAME:asc` or `NAME:desc`.
    pub fn parse(text: &str) -> Result<Self, ColumnError> {
        let (column, direction) = match text.rsplit_once(':') {
            None => (text, Direction::Ascending),
            Some((column, "asc")) => (column, Direction::Ascending),
            Some((column, "desc")) => (column, Direction::Descending),
            Some(_) => return Err(ColumnError::Sort(text.to_owned())),
        };
        match column.trim() {
            "" => Err(ColumnError::Sort(text.to_owned())),
            column => Ok(Self { column: column.to_owned(), direction }),
        }
    }
}

/// How the objects of a kind are shown.
#[derive(Debug, Clone)]
pub struct View {
    /// The kind, as a command line names it: `pods`, `deployments.apps`.
    pub kind: String,
    /// Only in namespaces of this form.
    pub namespaces: Option<Regex>,
    /// In this order. The table's own columns that are not named come after them, among the wide ones.
    pub columns: Vec<Column>,
    /// The order of the rows.
    pub sort: Option<Sort>,
}

impl View {
    /// A view of `KIND` or `KIND@NAMESPACES`, without columns yet.
    pub fn of(name: &str) -> Result<Self, ColumnError> {
        let (kind, pattern) = match name.split_once('@') {
            Some((kind, pattern)) => (kind, Some(pattern)),
            None => (name, None),
        };
        let namespaces = match pattern {
            None => None,
            Some(pattern) => Some(Regex::new(pattern).map_err(|error| ColumnError::Namespaces {
                pattern: pattern.to_owned(),
                why: error.to_string().lines().last().unwrap_or_default().trim().to_owned(),
            })?),
        };
        Ok(Self { kind: kind.trim().to_lowercase(), namespaces, columns: Vec::new(), sort: None })
    }

    /// Whether it is for a kind in a namespace; `None` is all of them. `names` are the ways to write the kind.
    pub fn is_for(&self, names: &[&str], namespace: Option<&str>) -> bool {
        names.iter().any(|name| name.eq_ignore_ascii_case(&self.kind))
            && match (&self.namespaces, namespace) {
                (None, _) => true,
                (Some(pattern), Some(namespace)) => pattern.is_match(namespace),
                (Some(_), None) => false,
            }
    }

    /// The cells of an object, one for each column. `own` gives the table's own cell of a name.
    pub fn cells(&self, object: &Value, now: Timestamp, own: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
        self.columns.iter().map(|column| column.cell(object, now, own)).collect()
    }
}

impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        let pattern = |view: &Self| view.namespaces.as_ref().map(|pattern| pattern.as_str().to_owned());
        (&self.kind, pattern(self), &self.columns, &self.sort)
            == (&other.kind, pattern(other), &other.columns, &other.sort)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::{Column, Direction, Sort, View};

    #[test]
    fn a_view_gives_a_cell_for_each_column() {
        let mut view = View::of("Deployments.apps@^kube-").unwrap();
        view.columns = ["NAME", "IMAGE:.spec.template.spec.containers[*].image", "WANTED:.spec.replicas|N"]
            .map(|text| Column::parse(text).unwrap())
            .to_vec();
        let object =
            json!({ "spec": { "replicas": 3, "template": { "spec": { "containers": [{ "image": "a:1" }] } } } });
        let own = |name: &str| (name == "NAME").then(|| "coredns".to_owned());
        assert_eq!(view.cells(&object, Timestamp::UNIX_EPOCH, &own), ["coredns", "a:1", "3"]);
        assert!(view.is_for(&["deploy", "deployments.apps"], Some("kube-system")));
        assert!(!view.is_for(&["deployments.apps"], Some("shop")) && !view.is_for(&["deployments.apps"], None));
        assert!(!view.is_for(&["pods"], Some("kube-system")));
        assert!(View::of("pods@(").unwrap_err().to_string().contains("no regular expression"));
    }

    #[test]
    fn rows_are_ordered_by_a_column() {
        let sort = |text: &str| Sort::parse(text).map(|sort| (sort.column, sort.direction));
        assert_eq!(sort("AGE:desc"), Ok(("AGE".to_owned(), Direction::Descending)));
        assert_eq!(sort("CPU%/R"), Ok(("CPU%/R".to_owned(), Direction::Ascending)));
        assert!(sort("AGE:down").is_err() && sort(":asc").is_err());
    }
}
