//! The kubeconfig of a world: readable by its owner alone, since it holds tokens.

use std::{
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use base64::Engine as _;

use crate::api::User;

/// Writes the file; one context per user, the first one current.
pub fn write(path: &Path, name: &str, server: &str, authority: &str, rate: f64, users: &[User]) -> io::Result<()> {
    let authority = base64::engine::general_purpose::STANDARD.encode(authority);
    let mut text = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: {name}\n  cluster:\n    server: {server}\n    certificate-authority-data: {authority}\n"
    );
    if (rate - 1.0).abs() > f64::EPSILON {
        let _ = write!(text, "    extensions:\n    - name: brink.dev/clock\n      extension:\n        rate: {rate}\n");
    }
    let mut contexts = String::from("contexts:\n");
    let mut logins = String::from("users:\n");
    for user in users {
        let _ = write!(contexts, "- name: {0}\n  context:\n    cluster: {name}\n    user: {0}\n", user.name);
        let _ = write!(logins, "- name: {}\n  user:\n    token: {}\n", user.name, user.token);
    }
    text.push_str(&contexts);
    text.push_str(&logins);
    if let Some(first) = users.first() {
        let _ = writeln!(text, "current-context: {}", first.name);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // A file of an earlier start could be readable by others; a new one never is.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
