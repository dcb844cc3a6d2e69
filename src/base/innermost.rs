//! The cause under the layers of a library's error.

use std::error::Error;

/// The words of the cause under all layers: those above name the address with everything in it, or say nothing.
pub fn innermost<E: Error + 'static>(error: &E) -> String {
    let mut cause: &(dyn Error + 'static) = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if std::ptr::addr_eq(cause, error) { "the request could not be made".to_owned() } else { cause.to_string() }
}
