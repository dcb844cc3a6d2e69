//! The cockpit on the embedded world, with the real binary on a real terminal: the main job as a newcomer lives it, and the
//! agent pane with a model played by the test.

mod asking;
mod journey;
mod plain;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Processes that began with this home: the cockpit, its world, its guardians.
fn processes(home: &Path) -> Vec<String> {
    let needle = format!("HOME={}", home.display());
    let ours = |entry: fs::DirEntry| {
        let environment = fs::read(entry.path().join("environ")).ok()?;
        let ours = environment.split(|byte| *byte == 0).any(|pair| pair == needle.as_bytes());
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        (ours && !line.is_empty()).then(|| String::from_utf8_lossy(&line).replace('\0', " "))
    };
    fs::read_dir("/proc").unwrap().filter_map(|entry| ours(entry.ok()?)).collect()
}

/// Folders of worlds in a folder for temporary things.
fn folders(place: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("brink-demo-")).collect()
}

/// Waits until nothing of a cockpit and its world is left on this machine.
fn nothing_left(home: &Path) {
    let end = Instant::now() + Duration::from_mins(2);
    while !(processes(home).is_empty() && folders(home).is_empty()) {
        assert!(Instant::now() < end, "left behind: {:?}, {:?}", processes(home), folders(home));
        std::thread::yield_now();
    }
}

/// The figures of a workload in the mesh pane, as they stand after its name: requests a second, errors in percent, and so on.
fn figures(screen: &str, workload: &str) -> Option<Vec<String>> {
    screen.lines().flat_map(|line| line.split('│')).find_map(|part| {
        let mut words = part.split_whitespace();
        words.find(|word| *word == workload)?;
        // Its health stands before the figures: `ok`, `25.1% 5xx`.
        let health = |word: &str| matches!(word, "ok" | "–" | "5xx" | "4xx" | "sent") || word.ends_with('%');
        let rest: Vec<String> = words.map(str::to_owned).skip_while(|word| health(word)).collect();
        rest.first()?.parse::<f64>().ok()?;
        Some(rest)
    })
}
