//! `[views]`: columns by kind, in k9s' notation.

use crate::{
    cluster::columns::{Column, Sort, View},
    config::toml_file::{Line, TomlFile, entries},
};

/// Reads the table.
pub(super) fn read(toml: &mut TomlFile<'_>, line: Line<'_, '_>, views: &mut Vec<View>) {
    let Some(table) = toml.table(line) else { return };
    for entry in entries("views", table) {
        let Some(inner) = toml.table(entry) else { continue };
        let mut view = match View::of(entry.key) {
            Ok(view) => view,
            Err(error) => {
                toml.refuse(entry, error.to_string(), "");
                continue;
            }
        };
        let place = format!("views.{}", entry.key);
        toml.walk(&place, inner, &["columns", "sort"], |toml, line| match line.key {
            "columns" => {
                for text in toml.texts(line).unwrap_or_default() {
                    match Column::parse(&text) {
                        Ok(column) => view.columns.push(column),
                        Err(error) => toml.refuse(line, format!("`{text}`: {error}"), ""),
                    }
                }
            }
            _ => {
                if let Some(text) = toml.text(line) {
                    match Sort::parse(&text) {
                        Ok(sort) => view.sort = Some(sort),
                        Err(error) => toml.refuse(line, error.to_string(), ""),
                    }
                }
            }
        });
        views.push(view);
    }
}
