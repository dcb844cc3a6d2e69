//! `demo --list`: the worlds and the scripts there are.

use brink_demo::world;
use serde_json::json;

use super::scripts;
use crate::cli::{Ended, Ending, args::Shape, failure::Failure, out::Out};

/// Prints them.
pub fn run(shape: Shape, out: &mut Out) -> Ended {
    let wrong = |trouble: world::Trouble| Failure::usage("cannot read a world", trouble.what, trouble.fix);
    let mut worlds = Vec::new();
    for name in world::names() {
        let bundle = world::named(name).map_err(wrong)?;
        worlds.push((name, world::title(&bundle).map_err(wrong)?));
    }
    let scripts = scripts::all()?;
    if shape == Shape::Json {
        let worlds: Vec<_> = worlds.iter().map(|(name, title)| json!({"world": name, "title": title})).collect();
        let one = |script: &crate::script::Script| {
            json!({"script": script.name, "title": script.title, "world": script.world, "minutes": script.minutes,
                   "steps": script.steps.len()})
        };
        let scripts: Vec<_> = scripts.iter().map(one).collect();
        out.json(&json!({"worlds": worlds, "scripts": scripts}));
        return Ok(Ending::Done);
    }
    out.line("WORLDS                brink demo --world NAME");
    for (name, title) in worlds {
        out.line(format_args!("  {name:<20}{title}"));
    }
    out.line("\nSCRIPTS               brink demo --play NAME");
    for script in scripts {
        let (name, title) = (&script.name, &script.title);
        out.line(format_args!("  {name:<20}{title} ({} min, world {})", script.minutes, script.world));
    }
    Ok(Ending::Done)
}
