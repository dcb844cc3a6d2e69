//! A file beside the settings that holds nothing but a person's own; and what is wrong with all of it together.

use super::{Circle, Custom, Customs, TABLES};
use crate::config::{
    complaint::{Complaint, Complaints},
    toml_file::TomlFile,
};

/// Reads a file beside the settings that holds nothing but a person's own.
pub fn parse(name: &str, text: &str) -> Result<Customs, Complaints> {
    let mut toml = TomlFile::new(name, text);
    let table = toml.parse();
    let mut customs = Customs::default();
    let known: Vec<&str> = TABLES.into_iter().chain(["contexts"]).collect();
    toml.walk("", table.get_ref(), &known, |toml, line| {
        if customs.all.read(toml, line) {
            return;
        }
        for (pattern, section) in toml.table(line).into_iter().flatten() {
            let mut custom = Custom::default();
            let Some(section) = section.get_ref().as_table() else {
                toml.refuse(
                    line,
                    format!("`{}` must be a table", pattern.get_ref()),
                    "write [contexts.\"NAME\".aliases]",
                );
                continue;
            };
            let place = format!("contexts.{}", pattern.get_ref());
            toml.walk(&place, section, &TABLES, |toml, line| {
                custom.read(toml, line);
            });
            customs.lay(Customs { all: Custom::default(), contexts: vec![(pattern.get_ref().to_string(), custom)] });
        }
    });
    let customs = toml.done(customs)?;
    circles(name, &customs)?;
    Ok(customs)
}

/// Aliases that stand for each other without end, also across files.
pub fn circles(name: &str, custom: &Customs) -> Result<(), Complaints> {
    let complaint = |circle: Circle| Complaint {
        line: circle.place.line,
        key: format!("aliases.{}", circle.names.first().map_or("", String::as_str)),
        message: circle.words,
        hint: "let one of them name a command".to_owned(),
    };
    let circles = custom.circles();
    let file = circles.first().map_or_else(|| name.to_owned(), |circle| circle.place.file.to_string());
    let errors: Vec<Complaint> = circles.into_iter().map(complaint).collect();
    if errors.is_empty() { Ok(()) } else { Err(Complaints { file, errors }) }
}
