//! The kubeconfig of a world: readable by its owner alone, since it holds tokens.

use std::{
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use base64::Engine as _;

use crate::api::User;

/// What a client could not know of the server behind the address.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Virtual seconds per second.
    pub rate: f64,
    /// The file the world locks while it lives.
    pub alive: &'a Path,
}

/// Writes the file; one context per user, called like the user. The current one is the first user's once more, called like the
/// world: that is what a person reads on the screen.
pub fn write(
    path: &Path,
    name: &str,
    server: &str,
    authority: &str,
    world: &Facts<'_>,
    users: &[User],
) -> io::Result<()> {
    let authority = base64::engine::general_purpose::STANDARD.encode(authority);
    let mut text = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: {name}\n  cluster:\n    server: {server}\n    certificate-authority-data: {authority}\n"
    );
    // JSON is YAML, and says any path.
    let alive = serde_json::json!({"alive": world.alive});
    let _ = write!(text, "    extensions:\n    - name: brink.dev/world\n      extension: {alive}\n");
    let rate = world.rate;
    if (rate - 1.0).abs() > f64::EPSILON {
        let _ = write!(text, "    - name: brink.dev/clock\n      extension:\n        rate: {rate}\n");
    }
    let mut contexts = String::from("contexts:\n");
    let mut logins = String::from("users:\n");
    let mut context = |called: &str, user: &User| {
        let _ = write!(contexts, "- name: {called}\n  context:\n    cluster: {name}\n    user: {}\n", user.name);
    };
    if let Some(first) = users.first() {
        context(name, first);
    }
    for user in users {
        context(&user.name, user);
        let _ = write!(logins, "- name: {}\n  user:\n    token: {}\n", user.name, user.token);
    }
    text.push_str(&contexts);
    text.push_str(&logins);
    if !users.is_empty() {
        let _ = writeln!(text, "current-context: {name}");
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
