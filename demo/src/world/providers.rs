//! Providers of models outside the world: `providers: {anthropic: {models: [NAME], median: 900ms, sigma: 0.5, tokens: [150, 1200]}}`.
//! Backends of gateways name them by the field that holds their settings.

use serde_json::{Map, Value, json};

use super::{Trouble, file::WorldFile};
use crate::base::section::Section;

const FIELDS: &[&str] = &["models", "median", "sigma", "tokens"];

/// Reads the section, into how things serve.
pub(super) fn read(section: Section<'_>, world: &mut WorldFile) -> Result<(), Trouble> {
    for (key, at) in section.map()? {
        let one = Section::new(section.file, at, &key.value);
        let (mut provider, mut serves) = (Map::new(), Map::new());
        for (field, at) in one.fields(FIELDS)? {
            let value = Section::new(section.file, at, &field.value);
            let into = match field.value.as_str() {
                "models" => {
                    for name in value.list()? {
                        Section::new(section.file, name, "models").text()?;
                    }
                    &mut provider
                }
                "tokens" => {
                    let [least, most] = value.list()? else {
                        return Err(value.wrong("must be two numbers", "write the least and the most: `[150, 1200]`"));
                    };
                    Section::new(section.file, least, "tokens").whole()?;
                    Section::new(section.file, most, "tokens").whole()?;
                    &mut provider
                }
                "median" => {
                    value.span()?;
                    &mut serves
                }
                _ => {
                    value.number()?;
                    &mut serves
                }
            };
            into.insert(field.value.clone(), at.value.value());
        }
        if !provider.contains_key("models") {
            return Err(one.wrong("has no `models`", "name those it has: `models: [NAME]`"));
        }
        provider.insert("serves".to_owned(), json!({"443": Value::Object(serves)}));
        world.serves.insert(format!("providers/{}", key.value), Value::Object(provider));
    }
    Ok(())
}
