//! One manifest applied: created, or laid over what the cluster was born with.

use serde_json::Value;

use super::{Trouble, build::Stage, manifest::Manifest};
use crate::control::Control;

const MANAGER: &str = "kubectl-client-side-apply";

/// Applies a manifest.
pub(super) fn apply(stage: &mut impl Stage, control: &mut Control, one: &Manifest) -> Result<(), Trouble> {
    let key = &one.key;
    let made = match stage.get(key.kind, &key.namespace, &key.name) {
        None => stage.create(key.kind, one.object.clone(), MANAGER),
        Some(held) => {
            let mut wanted = (*held).clone();
            lay(&mut wanted, &one.object);
            stage.replace(key.kind, wanted, MANAGER)
        }
    };
    let made = made.map_err(|refused| {
        let what = format!("{} {} was refused: {}", key.kind.kind, key.name, refused.message);
        Trouble::at(&one.file, one.line, what, "correct the manifest")
    })?;
    control.observe(key, Some(&made), stage.now());
    Ok(())
}

/// Lays one object over another: maps are merged, everything else is replaced. The status is nobody's to apply.
fn lay(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                lay(under.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}
