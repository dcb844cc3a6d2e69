//! YAML as kubectl writes it: two spaces, lists at the indentation of their key.

use serde_json::Value;

/// A value as YAML text, ending with a newline.
pub fn text(value: &Value) -> String {
    let options = serde_saphyr::ser_options! { compact_list_indent: true, prefer_block_scalars: false };
    // A JSON value has no state in which the writer fails; its words would show in the text if it ever did.
    serde_saphyr::to_string_with_options(value, options).unwrap_or_else(|error| format!("# not YAML: {error}\n"))
}
