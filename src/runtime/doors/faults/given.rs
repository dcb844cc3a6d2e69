//! A file of the person's machine with objects or a Fault.

use std::path::Path;

use tokio::io::AsyncReadExt as _;

use crate::{base::sanitize, msg::Failure};

/// A file with objects is text a person wrote; more is a mistake.
const LARGEST_FILE: u64 = 4 << 20;

/// Its text.
pub(super) async fn read_file(path: &str) -> Result<String, Failure> {
    let full = match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(path).to_path_buf(),
    };
    let failed = |why: String| {
        Failure::new(format!("cannot read {}: {why}", sanitize::line(path)), "give the path of a YAML or JSON file")
    };
    let file = tokio::fs::File::open(&full).await.map_err(|error| failed(error.to_string()))?;
    let meta = file.metadata().await.map_err(|error| failed(error.to_string()))?;
    // A pipe or a device may never end.
    if !meta.is_file() {
        return Err(failed("it is no file".to_owned()));
    }
    let mut text = String::new();
    file.take(LARGEST_FILE + 1).read_to_string(&mut text).await.map_err(|error| failed(error.to_string()))?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(failed(format!("it is larger than {} MiB", LARGEST_FILE >> 20)));
    }
    Ok(text)
}
