//! What may not be read may be there: an object of ours beside it would be no fault, or another one.

use super::CompileError;
use crate::fault::sight::Sight;

/// Refuses where objects of a namespace may not be read; `unknown` says in words what is not known without them.
pub fn need(sight: &Sight, plural: &str, namespace: &str, unknown: &str) -> Result<(), CompileError> {
    let what = format!("{plural} in {namespace}");
    if sight.unreadable.contains(&what) {
        let why = format!("you may not read them, so {unknown} is not known");
        return Err(CompileError::Unreadable { what, why });
    }
    Ok(())
}
