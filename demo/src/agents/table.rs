//! A Table of the API as kubectl prints it.

use serde_json::Value;

use crate::base::value::{int, list, text};

/// Rows below their headings; `spaces` puts the namespace before them.
pub fn rows(table: &Value, spaces: bool) -> String {
    let columns = list(table, &["columnDefinitions"]);
    // What has a priority is shown only to those who ask for all.
    let shown: Vec<usize> =
        (0..columns.len()).filter(|at| int(&columns[*at], &["priority"]).unwrap_or_default() == 0).collect();
    let head = shown.iter().map(|at| text(&columns[*at], &["name"]).to_uppercase());
    let mut lines: Vec<Vec<String>> = vec![spaces.then(|| "NAMESPACE".to_owned()).into_iter().chain(head).collect()];
    for row in list(table, &["rows"]) {
        let namespace = spaces.then(|| text(row, &["object", "metadata", "namespace"]).to_owned());
        let cells = list(row, &["cells"]);
        let shown = shown.iter().map(|at| match cells.get(*at) {
            Some(Value::String(text)) if text.is_empty() => "<none>".to_owned(),
            Some(Value::String(text)) => text.replace('\n', " "),
            Some(Value::Null) | None => "<none>".to_owned(),
            Some(other) => other.to_string(),
        });
        lines.push(namespace.into_iter().chain(shown).collect());
    }
    let width = |at: usize| lines.iter().filter_map(|line| line.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> =
        (0..lines.first().map_or(0, Vec::len)).map(|at| width(at).unwrap_or_default() + 3).collect();
    let told = lines.iter().map(|line| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<String>().trim_end().to_owned()
    });
    told.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn it_is_printed_as_kubectl_prints_it() {
        let table = json!({
            "columnDefinitions": [
                {"name": "Name", "priority": 0}, {"name": "Ready", "priority": 0}, {"name": "IP", "priority": 1},
            ],
            "rows": [
                {"cells": ["web-1", "1/1", "10.0.0.1"], "object": {"metadata": {"namespace": "shop"}}},
                {"cells": ["longer-name-2", null, ""], "object": {"metadata": {"namespace": "default"}}},
            ],
        });
        let told =
            "NAMESPACE   NAME            READY\nshop        web-1           1/1\ndefault     longer-name-2   <none>";
        assert_eq!(super::rows(&table, true), told);
        assert_eq!(super::rows(&table, false).lines().next(), Some("NAME            READY"));
    }
}
