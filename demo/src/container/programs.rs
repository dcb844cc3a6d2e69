//! The programs of a container, one call at a time.

use super::{
    files::{Files, resolve},
    shell::Shell,
    tarball,
};

/// What is there in `/bin`.
pub const NAMES: [&str; 19] = [
    "cat", "date", "echo", "env", "false", "hostname", "id", "ls", "mkdir", "ps", "pwd", "rm", "sh", "stty", "tar",
    "test", "true", "uname", "whoami",
];

/// What a container knows of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The pod's name, which is its host name.
    pub host: String,
    /// What it runs, as `ps` shows it.
    pub command: String,
    /// Its environment.
    pub env: Vec<(String, String)>,
    /// The time of the world, as `date` prints it.
    pub date: String,
    /// Columns and rows of the terminal, where there is one.
    pub size: Option<(u16, u16)>,
    /// It was built without a shell and without programs.
    pub bare: bool,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Done {
    /// What it said.
    pub out: Vec<u8>,
    /// What it complained of.
    pub err: Vec<u8>,
    /// Its exit code.
    pub code: i32,
}

impl Done {
    pub(super) fn said(text: impl Into<String>) -> Self {
        Self { out: text.into().into_bytes(), ..Self::default() }
    }

    pub(super) fn failed(code: i32, text: impl Into<String>) -> Self {
        Self { err: text.into().into_bytes(), code, ..Self::default() }
    }
}

/// Runs a program in a folder with what it is given to read; `None` where there is no such program.
pub fn run(files: &mut Files, facts: &Facts, folder: &str, words: &[String], stdin: &[u8]) -> Option<Done> {
    let (name, given) = words.split_first()?;
    let name = name.strip_prefix("/bin/").unwrap_or(name);
    if facts.bare || !NAMES.contains(&name) {
        return None;
    }
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let plain: Vec<&str> = given.iter().copied().filter(|word| !word.starts_with('-')).collect();
    Some(match name {
        "true" => Done::default(),
        "false" => Done { code: 1, ..Done::default() },
        "echo" => match given.as_slice() {
            ["-n", rest @ ..] => Done::said(rest.join(" ")),
            all => Done::said(format!("{}\n", all.join(" "))),
        },
        "pwd" => Done::said(format!("{folder}\n")),
        "hostname" => Done::said(format!("{}\n", facts.host)),
        "whoami" => Done::said("root\n"),
        "id" => Done::said("uid=0(root) gid=0(root) groups=0(root)\n"),
        "uname" => Done::said("Linux\n"),
        "date" => Done::said(format!("{}\n", facts.date)),
        "env" => Done::said(lines(facts.env.iter().map(|(name, value)| format!("{name}={value}")))),
        "ps" => Done::said(format!("PID   USER     COMMAND\n    1 root     {}\n    7 root     sh\n", facts.command)),
        "stty" => match facts.size {
            Some((columns, rows)) if given == ["size"] => Done::said(format!("{rows} {columns}\n")),
            Some(_) => Done::default(),
            None => Done::failed(1, "stty: standard input: Not a tty\n"),
        },
        "ls" => ls(files, folder, &plain),
        "cat" => cat(files, folder, &plain, stdin),
        "mkdir" => {
            for path in plain {
                files.folder(&resolve(folder, path));
            }
            Done::default()
        }
        "rm" => {
            let gone = plain.iter().find(|path| !files.remove(&resolve(folder, path)) && !given.contains(&"-f"));
            match gone {
                Some(path) => Done::failed(1, format!("rm: can't remove '{path}': No such file or directory\n")),
                None => Done::default(),
            }
        }
        "test" => test(files, folder, &given),
        "tar" => tarball::run(files, folder, &given, stdin),
        "sh" => match given.as_slice() {
            ["-c", script, ..] => Shell::script(files, facts, folder, script),
            [] => Shell::script(files, facts, folder, &String::from_utf8_lossy(stdin)),
            [other, ..] => Done::failed(2, format!("sh: {other}: only -c is known here\n")),
        },
        _ => return None,
    })
}

fn ls(files: &Files, folder: &str, paths: &[&str]) -> Done {
    let path = resolve(folder, paths.first().copied().unwrap_or("."));
    if files.is_folder(&path) {
        return Done::said(lines(files.list(&path).into_iter().map(str::to_owned)));
    }
    if files.has(&path) {
        Done::said(format!("{path}\n"))
    } else {
        Done::failed(1, format!("ls: {path}: No such file or directory\n"))
    }
}

/// Texts, each on a line of its own.
fn lines(texts: impl Iterator<Item = String>) -> String {
    let mut all = String::new();
    for text in texts {
        all.push_str(&text);
        all.push('\n');
    }
    all
}

fn cat(files: &Files, folder: &str, paths: &[&str], stdin: &[u8]) -> Done {
    let mut done = Done::default();
    if paths.is_empty() {
        done.out = stdin.to_vec();
    }
    for path in paths {
        match files.read(&resolve(folder, path)) {
            Ok(bytes) => done.out.extend_from_slice(bytes),
            Err(why) => {
                done.err.extend_from_slice(format!("cat: can't open '{path}': {why}\n").as_bytes());
                done.code = 1;
            }
        }
    }
    done
}

fn test(files: &Files, folder: &str, given: &[&str]) -> Done {
    let holds = match given {
        ["-d", path] => files.is_folder(&resolve(folder, path)),
        ["-f", path] => files.read(&resolve(folder, path)).is_ok(),
        ["-e", path] => files.has(&resolve(folder, path)),
        [one, "=", other] => one == other,
        [one] => !one.is_empty(),
        _ => return Done::failed(2, "test: not understood here\n"),
    };
    Done { code: i32::from(!holds), ..Done::default() }
}

#[cfg(test)]
mod tests {
    use super::{Facts, run};
    use crate::container::Files;

    fn said(files: &mut Files, line: &str) -> (String, i32) {
        let facts = Facts { host: "web-1".to_owned(), size: Some((80, 24)), ..Facts::default() };
        let words: Vec<String> = ["sh", "-c", line].map(str::to_owned).to_vec();
        let done = run(files, &facts, "/", &words, b"").unwrap();
        (String::from_utf8([done.out, done.err].concat()).unwrap(), done.code)
    }

    #[test]
    fn a_few_programs_do_what_they_do_everywhere() {
        let mut files = Files::new("web-1");
        assert_eq!(said(&mut files, "echo hi > /tmp/x && cat /tmp/x; stty size"), ("hi\n24 80\n".to_owned(), 0));
        assert_eq!(said(&mut files, "cd /tmp; pwd; ls"), ("/tmp\nx\n".to_owned(), 0));
        assert_eq!(said(&mut files, "false && echo no; echo $?").0, "1\n");
        assert_eq!(said(&mut files, "curl x"), ("sh: curl: not found\n".to_owned(), 127));
        assert_eq!(said(&mut files, "exit 3; echo no"), (String::new(), 3));
        assert_eq!(run(&mut files, &Facts::default(), "/", &["bash".to_owned()], b""), None);
        let bare = Facts { bare: true, ..Facts::default() };
        assert_eq!(run(&mut files, &bare, "/", &["sh".to_owned()], b""), None);
    }
}
