//! The files of a container, by their absolute paths.

use std::collections::BTreeMap;

/// Files and folders; a folder has no content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    nodes: BTreeMap<String, Option<Vec<u8>>>,
}

/// The most one container holds.
const MOST: usize = 64 << 20;

impl Files {
    /// What every image has, with the container's own name.
    pub fn new(host: &str) -> Self {
        let mut files = Self { nodes: BTreeMap::from([("/".to_owned(), None)]) };
        for folder in ["/bin", "/etc", "/home", "/tmp", "/usr", "/var/log"] {
            files.folder(folder);
        }
        let write = |files: &mut Self, path: &str, text: String| {
            let _ = files.write(path, text.into_bytes());
        };
        write(&mut files, "/etc/hostname", format!("{host}\n"));
        write(&mut files, "/etc/hosts", format!("127.0.0.1\tlocalhost\n127.0.0.1\t{host}\n"));
        write(&mut files, "/etc/os-release", "NAME=\"brink demo\"\nID=brink-demo\n".to_owned());
        for program in super::programs::NAMES {
            write(&mut files, &format!("/bin/{program}"), String::new());
        }
        files
    }

    /// Makes a folder with all above it.
    pub fn folder(&mut self, path: &str) {
        let mut so_far = String::new();
        for step in path.split('/').filter(|step| !step.is_empty()) {
            so_far = format!("{so_far}/{step}");
            self.nodes.entry(so_far.clone()).or_insert(None);
        }
    }

    /// Writes a file. The error is what a program says of it.
    pub fn write(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), &'static str> {
        if self.is_folder(path) {
            return Err("Is a directory");
        }
        let (above, _) = path.rsplit_once('/').unwrap_or(("", path));
        if !above.is_empty() && !self.is_folder(above) {
            return Err("No such file or directory");
        }
        let held: usize = self.nodes.values().flatten().map(Vec::len).sum();
        if held + bytes.len() > MOST {
            return Err("No space left on device");
        }
        self.nodes.insert(path.to_owned(), Some(bytes));
        Ok(())
    }

    /// The content of a file.
    pub fn read(&self, path: &str) -> Result<&[u8], &'static str> {
        match self.nodes.get(path) {
            Some(Some(bytes)) => Ok(bytes),
            Some(None) => Err("Is a directory"),
            None => Err("No such file or directory"),
        }
    }

    /// Takes a file or a folder with all in it away; whether it was there.
    pub fn remove(&mut self, path: &str) -> bool {
        let inside = format!("{}/", path.trim_end_matches('/'));
        let before = self.nodes.len();
        self.nodes.retain(|known, _| known == "/" || known != path && !known.starts_with(&inside));
        self.nodes.len() < before
    }

    /// Whether there is such a folder.
    pub fn is_folder(&self, path: &str) -> bool {
        matches!(self.nodes.get(path), Some(None))
    }

    /// Whether there is anything.
    pub fn has(&self, path: &str) -> bool {
        self.nodes.contains_key(path)
    }

    /// What stands in a folder, by name.
    pub fn list(&self, folder: &str) -> Vec<&str> {
        let inside = if folder == "/" { "/".to_owned() } else { format!("{folder}/") };
        let names = self.nodes.keys().filter_map(|path| path.strip_prefix(&inside));
        names.filter(|name| !name.is_empty() && !name.contains('/')).collect()
    }

    /// A path with everything below it, in order.
    pub fn below<'f>(&'f self, path: &'f str) -> impl Iterator<Item = (&'f str, Option<&'f [u8]>)> {
        let inside = format!("{}/", path.trim_end_matches('/'));
        let nodes = self.nodes.iter().filter(move |(known, _)| *known == path || known.starts_with(&inside));
        nodes.map(|(path, bytes)| (path.as_str(), bytes.as_deref()))
    }
}

/// A path as it stands after a folder: steps up and doubled slashes resolved.
pub fn resolve(folder: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let mut steps: Vec<&str> = Vec::new();
    for step in whole.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    format!("/{}", steps.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{Files, resolve};

    #[test]
    fn paths_and_files() {
        assert_eq!(resolve("/a/b", "../c//d/."), "/a/c/d");
        assert_eq!(resolve("/", "../.."), "/");
        let mut files = Files::new("web");
        assert_eq!(files.read("/etc/hostname"), Ok(&b"web\n"[..]));
        assert_eq!(files.write("/nowhere/x", Vec::new()), Err("No such file or directory"));
        files.write("/tmp/x", b"1".to_vec()).unwrap();
        assert_eq!(files.list("/tmp"), ["x"]);
        assert!(files.remove("/tmp") && !files.has("/tmp/x") && files.has("/"));
    }
}
