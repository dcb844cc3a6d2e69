//! `demo --notes`: the speaker's second terminal.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, IsTerminal as _},
    os::unix::net::UnixStream,
    path::PathBuf,
    time::SystemTime,
};

use crate::{
    base::{sanitize, width},
    cli::{
        Ended, Ending,
        failure::{Code, Failure},
        out::Out,
    },
    runtime::{leftover, notes},
    script::Told,
};

/// Follows the script that runs, until it is over.
pub fn run(out: &mut Out) -> Ended {
    let Some(stream) = newest() else {
        return Err(Failure::new(
            Code::Unmet,
            "there are no notes to follow",
            "no script plays on this machine",
            "start one in another terminal: `brink demo --play scale-down-up`; `brink demo --list` shows all",
        ));
    };
    let clears = io::stdout().is_terminal();
    let mut last = Told::default();
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { break };
        let Ok(told) = serde_json::from_str::<Told>(&line) else { continue };
        if clears {
            out.text("\x1b[2J\x1b[H");
            out.text(page(&told));
        } else if (last.step, &last.standing) != (told.step, &told.standing) {
            // In a pipe only what is new is worth a page.
            out.text(page(&told));
            out.line("");
        }
        out.flush();
        last = told;
    }
    out.line("the script is over");
    Ok(Ending::Done)
}

/// The demo that began last, of those that answer.
fn newest() -> Option<UnixStream> {
    let mut found: Vec<(SystemTime, PathBuf)> = fs::read_dir(std::env::temp_dir())
        .ok()?
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(leftover::PREFIX))
        .map(|entry| entry.path().join(notes::NAME))
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    found.sort();
    found.into_iter().rev().find_map(|(_, path)| UnixStream::connect(path).ok())
}

fn page(told: &Told) -> String {
    let (minutes, seconds) = (told.running_s / 60, told.running_s % 60);
    let mut page = format!(
        "{}   step {} of {}   {minutes}:{seconds:02} of {} min   {}\n\n",
        told.script, told.step, told.of, told.minutes, told.clock
    );
    for (head, text) in [("note", &told.note), ("on screen", &told.say), ("next", &told.next), ("now", &told.standing)]
    {
        if text.is_empty() {
            continue;
        }
        for (at, line) in width::wrap(&sanitize::line(text), 64).into_iter().enumerate() {
            page.push_str(&format!("{:<11}{line}\n", if at == 0 { head } else { "" }));
        }
        page.push('\n');
    }
    page
}
