//! `plugins: {id: {…}}`, the same map bare, or one bare plugin.

use super::{
    entry::{At, Taker},
    keys, kinds,
    written::{list, quoted},
    yaml,
};
use crate::fault::file::Located;

const KNOWN: [&str; 13] = [
    "shortCut",
    "description",
    "scopes",
    "command",
    "args",
    "background",
    "confirm",
    "dangerous",
    "override",
    "overwriteOutput",
    "pipes",
    "inputs",
    "name",
];

/// Takes them. `name` is that of the file, for one bare plugin.
pub fn take(taker: &mut Taker, name: &str, root: &Located) {
    let bare = |node: &Located| node.value.get("command").is_some() && node.value.get("shortCut").is_some();
    if root.value.get("plugins").is_some() {
        for (name, value) in taker.below(root, "plugins") {
            one(taker, &At { line: yaml::line(name), key: format!("plugins.{}", name.value) }, &name.value, value);
        }
    } else if bare(root) {
        one(taker, &At { line: yaml::line(root), key: name.to_owned() }, name, root);
    } else {
        for (name, value) in yaml::entries(root) {
            one(taker, &At { line: yaml::line(name), key: name.value.clone() }, &name.value, value);
        }
    }
}

fn one(taker: &mut Taker, at: &At, name: &str, node: &Located) {
    let mut text = format!("[[plugins]]\nname = {}\n", quoted(name));
    taker.walk(&at.key, node, &KNOWN, |taker, field, value| {
        let line = match field {
            "shortCut" => yaml::text(value).and_then(|text| {
                let key = keys::key(&text);
                if key.is_none() {
                    taker.leave(at, format!("`{text}` is no key here"), "write [[plugins]] by hand");
                }
                Some(format!("key = {}\n", quoted(&key?)))
            }),
            "description" | "command" => yaml::text(value).map(|text| format!("{field} = {}\n", quoted(&text))),
            "args" | "pipes" => yaml::texts(value).map(|texts| format!("{field} = {}\n", list(&texts))),
            "scopes" => yaml::texts(value).map(|texts| {
                let kinds: Vec<String> = texts.iter().map(|text| kinds::kind(text)).collect();
                format!("scopes = {}\n", list(&kinds))
            }),
            "background" | "confirm" | "dangerous" | "override" => {
                yaml::flag(value).map(|flag| format!("{field} = {flag}\n"))
            }
            "overwriteOutput" => yaml::flag(value).map(|flag| format!("overwrite-output = {flag}\n")),
            "inputs" => inputs(taker, at, value),
            // The id is the name.
            _ => Some(String::new()),
        };
        line.map(|line| text.push_str(&line)).is_some()
    });
    taker.take(at, "plugins.toml", &text);
}

fn inputs(taker: &mut Taker, at: &At, node: &Located) -> Option<String> {
    let mut tables = Vec::new();
    for input in yaml::list(node)? {
        let mut parts = Vec::new();
        let known = ["name", "type", "label", "required", "default", "options"];
        taker.walk(&format!("{}.inputs", at.key), input, &known, |_, field, value| {
            let part = match field {
                "required" => yaml::flag(value).map(|flag| format!("required = {flag}")),
                "options" => yaml::texts(value).map(|texts| format!("options = {}", list(&texts))),
                // `$INPUT_NAME` is found however it is written; a dash would end it.
                "name" => yaml::text(value).map(|text| format!("name = {}", quoted(&text.replace('-', "_")))),
                _ => yaml::text(value).map(|text| format!("{field} = {}", quoted(&text))),
            };
            part.map(|part| parts.push(part)).is_some()
        });
        tables.push(format!("{{ {} }}", parts.join(", ")));
    }
    Some(format!("inputs = [{}]\n", tables.join(", ")))
}
