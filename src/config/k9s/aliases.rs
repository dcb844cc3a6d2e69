//! `aliases: {short: "group/version/resource" | "pod ns /filter"}`.

use super::{
    entry::{At, Taker},
    kinds,
    written::{key, quoted},
    yaml,
};
use crate::fault::file::Located;

/// Takes them.
pub fn take(taker: &mut Taker, root: &Located) {
    // Old files say `alias`.
    let top = if root.value.get("alias").is_some() { "alias" } else { "aliases" };
    for (name, value) in taker.below(root, top) {
        let at = At { line: yaml::line(name), key: format!("aliases.{}", name.value) };
        let Some(line) = yaml::text(value).filter(|line| !line.trim().is_empty()) else {
            taker.leave(&at, "stands for nothing", "write it by hand");
            continue;
        };
        let line = kinds::command(&line);
        // It means that already.
        if line == name.value {
            continue;
        }
        if let Some(absent) = kinds::absent(&line) {
            taker.leave(&at, format!("brink has no `{absent}`"), "`brink --help` and `?` say what there is");
            continue;
        }
        taker.take(&at, "aliases.toml", &format!("[aliases]\n{} = {}\n", key(&name.value), quoted(&line)));
    }
}
