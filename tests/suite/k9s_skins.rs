//! Every skin that k9s ships becomes a theme that brink reads without a complaint. The skins are read from the pinned Go module;
//! none of them is kept here.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::cli::Home;

/// The folder of skins of the pinned k9s, where Go can bring it.
fn skins() -> Option<PathBuf> {
    let build = include_str!("../cluster/build");
    let pinned = build.lines().find_map(|line| line.strip_prefix("k9s=")).expect("tests/cluster/build pins k9s");
    let module = format!("github.com/derailed/k9s@{}", pinned.trim());
    let elsewhere = tempfile::TempDir::new().unwrap();
    let told = Command::new("go").args(["mod", "download", "-json", &module]).current_dir(elsewhere.path()).output();
    let skipped = |why: &str| {
        println!("SKIPPED: {module} is not here, so that none of its skins was imported: {why}");
        None
    };
    match told {
        Err(error) => skipped(&error.to_string()),
        Ok(output) => match serde_json::from_slice::<Value>(&output.stdout)
            .ok()
            .and_then(|told| told["Dir"].as_str().map(|folder| Path::new(folder).join("skins")))
        {
            Some(folder) => Some(folder),
            None => skipped(&String::from_utf8_lossy(&output.stderr)),
        },
    }
}

#[test]
fn every_skin_that_k9s_ships_becomes_a_theme() {
    let Some(folder) = skins() else { return };
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .map(|path| path.to_str().unwrap().to_owned())
        .collect();
    files.sort();
    assert!(files.len() > 30, "{files:?}");

    let home = Home::new();
    let words = ["theme", "import", "-o", "json"].map(str::to_owned).into_iter().chain(files.iter().cloned());
    let made = home.brink(words).json();
    let made = made["themes"].as_array().unwrap();
    assert_eq!(made.len(), files.len());
    let listed = home.brink(["theme", "list"]).ok();
    let (mut mended, mut unknown) = (0, 0);
    for theme in made {
        let (Some(name), Some(to)) = (theme["theme"].as_str(), theme["to"].as_str()) else {
            panic!("no theme came of {theme}")
        };
        assert!(listed.contains(name), "{name} is not listed");
        assert_eq!(home.brink(["theme", "check", to]).ok(), format!("{to}: ok\n"));
        // What was not understood has its line.
        let errors = theme["errors"].as_array().unwrap();
        assert!(errors.iter().all(|error| error["line"].as_u64().unwrap() > 0), "{theme}");
        unknown += errors.len();
        mended += theme["remarks"].as_array().unwrap().iter().filter(|one| one.to_string().contains("became")).count();
    }
    println!(
        "{} skins of k9s became themes; {unknown} lines were not understood, {mended} colours were mended",
        made.len()
    );

    let red = made.iter().find(|theme| theme["theme"] == "red").unwrap();
    assert!(red["errors"].to_string().contains("there is no colour `linegreen`"), "{red}");
    assert!(red["errors"].to_string().contains("did you mean `limegreen`?"), "{red}");
}
