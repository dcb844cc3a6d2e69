//! One role of a theme file: `bad = { fg = "red", bold = true }`.

use std::collections::BTreeMap;

use ratatui::style::Modifier;
use toml::de::DeValue;

use super::draft::Look;
use crate::config::{
    complaint::meant,
    role::Role,
    toml_file::{Line, TomlFile, entries},
};

/// Modifiers by their names.
pub(super) const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];

/// Reads the look of a role into its table.
pub(super) fn read_role(
    file: &mut TomlFile<'_>,
    table: &str,
    entry: Line<'_, '_>,
    is_color: &dyn Fn(&str) -> bool,
    colors: &[String],
    into: &mut BTreeMap<Role, Look>,
) {
    let path = format!("{table}.{}", entry.key);
    let Some(role) = Role::named(entry.key) else {
        let message = format!("there is no role `{}`", entry.key);
        file.blame(entry, &path, message, meant(entry.key, Role::ALL.map(|(_, name)| name)));
        return;
    };
    let DeValue::Table(fields) = entry.value.get_ref() else {
        file.blame(entry, &path, format!("`{}` must be a table", entry.key), "write { fg = \"NAME\" }");
        return;
    };
    let line = file.line(entry.at);
    let mut look = Look { line, ..Look::default() };
    for field in entries(&path, fields) {
        let path = format!("{path}.{}", field.key);
        let modifier = MODIFIERS.iter().find(|(name, _)| *name == field.key);
        match (field.key, modifier, field.value.get_ref()) {
            ("fg" | "bg", _, DeValue::String(name)) if is_color(name) => {
                let side = if field.key == "fg" { &mut look.fg } else { &mut look.bg };
                *side = Some(name.to_string());
            }
            ("fg" | "bg", _, value) => {
                let given = value.as_str().unwrap_or_default();
                let hint = if colors.is_empty() {
                    "without colour only modifiers can be set".to_owned()
                } else {
                    meant(given, colors.iter().map(String::as_str))
                };
                file.blame(field, &path, format!("there is no colour `{given}`"), hint);
            }
            (_, Some((_, modifier)), DeValue::Boolean(on)) => look.modifiers.set(*modifier, *on),
            (name, Some(_), _) => {
                file.blame(field, &path, format!("`{name}` must be true or false"), "");
            }
            (name, None, _) => {
                let known = ["fg", "bg", "bold", "dim", "italic", "underline", "reverse"];
                file.blame(field, &path, format!("a role has no `{name}`"), meant(name, known));
            }
        }
    }
    into.insert(role, look);
}
