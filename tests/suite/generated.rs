//! The generated pages in `docs/` are what the sources say today. `BRINK_BLESS=1` writes them.

use std::{env, fs, path::Path};

#[test]
fn generated_pages_are_fresh() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    for (name, page) in brink::cli::docs::pages() {
        let path = docs.join(name);
        if env::var_os("BRINK_BLESS").is_some() {
            fs::write(&path, &page).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == page, "docs/{name} is stale: run `cargo run -- generate-docs docs`");
    }
}

#[test]
fn the_generated_parts_of_the_readme_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("README.md");
    let kept = fs::read_to_string(&path).unwrap();
    let screen = |name: &str| {
        let path = root.join("docs/screens").join(format!("{name}.txt"));
        Some(fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    };
    let fresh = brink::cli::docs::readme(&kept, screen);
    if env::var_os("BRINK_BLESS").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap() == fresh, "README.md is stale: run `cargo run -- generate-docs docs`");
    for part in ["| `f` |", "| `a` |", "```text"] {
        assert!(fresh.contains(part), "README.md has lost {part}");
    }
}
