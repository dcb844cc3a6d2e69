//! `hotKeys: {id: {shortCut, override, description, command, keepHistory}}`.

use super::{
    entry::{At, Taker},
    keys, kinds,
    written::quoted,
    yaml,
};
use crate::fault::file::Located;

/// Takes them.
pub fn take(taker: &mut Taker, root: &Located) {
    for (name, value) in taker.below(root, "hotKeys") {
        let at = At { line: yaml::line(name), key: format!("hotKeys.{}", name.value) };
        let (mut pressed, mut command, mut rest) = (None, None, String::new());
        let known = ["shortCut", "override", "description", "command", "keepHistory"];
        taker.walk(&at.key, value, &known, |taker, field, value| match (field, yaml::text(value)) {
            ("shortCut", Some(text)) => {
                pressed = keys::key(&text);
                if pressed.is_none() {
                    taker.leave(&at, format!("`{text}` is no key here"), "write [[hotkeys]] by hand");
                }
                true
            }
            ("command", Some(text)) => {
                command = Some(kinds::command(&text));
                true
            }
            ("description", Some(text)) => {
                rest.push_str(&format!("description = {}\n", quoted(&text)));
                true
            }
            // Every line is kept in brink's history.
            ("keepHistory", _) => yaml::flag(value).is_some(),
            ("override", _) => match yaml::flag(value) {
                Some(flag) => {
                    if flag {
                        rest.push_str("override = true\n");
                    }
                    true
                }
                None => false,
            },
            _ => false,
        });
        let (Some(pressed), Some(command)) = (pressed, command) else {
            taker.leave(&at, "has no key or no command that could be taken", "write [[hotkeys]] by hand");
            continue;
        };
        if let Some(absent) = kinds::absent(&command) {
            taker.leave(&at, format!("brink has no `{absent}`"), "`brink --help` and `?` say what there is");
            continue;
        }
        let text = format!("[[hotkeys]]\nkey = {}\ncommand = {}\n{rest}", quoted(&pressed), quoted(&command));
        taker.take(&at, "hotkeys.toml", &text);
    }
}
