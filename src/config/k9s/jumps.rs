//! `jumps: {sourceGVR: {targetGVR, labelSelector, fieldSelector, targetNamespace}}`.

use super::{
    entry::{At, Taker},
    kinds,
    written::quoted,
    yaml,
};
use crate::fault::file::Located;

/// Takes them.
pub fn take(taker: &mut Taker, root: &Located) {
    for (name, value) in taker.below(root, "jumps") {
        let at = At { line: yaml::line(name), key: format!("jumps.{}", name.value) };
        let mut text = format!("[jumps.{}]\n", quoted(&kinds::kind(&name.value)));
        let known = ["targetGVR", "labelSelector", "fieldSelector", "targetNamespace"];
        taker.walk(&at.key, value, &known, |_, field, value| {
            let Some(given) = yaml::text(value) else { return false };
            if given.is_empty() {
                return true;
            }
            let (field, given) = match field {
                "targetGVR" => ("to", kinds::kind(&given)),
                "labelSelector" => ("labels", given),
                "fieldSelector" => ("fields", given),
                _ => ("namespace", given),
            };
            text.push_str(&format!("{field} = {}\n", quoted(&given)));
            true
        });
        taker.take(&at, "jumps.toml", &text);
    }
}
