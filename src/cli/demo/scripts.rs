//! The scripts that come with the program, and scripts in files.

use std::{fs, path::Path};

use crate::{
    base::suggest,
    cli::failure::{Code, Failure},
    script::{self, Script},
};

const SCRIPTS: &[(&str, &str)] = &[
    ("scale-down-up", include_str!("../../../demo/scripts/scale-down-up.yaml")),
    ("gateway-partition", include_str!("../../../demo/scripts/gateway-partition.yaml")),
    ("load", include_str!("../../../demo/scripts/load.yaml")),
    ("bad-image", include_str!("../../../demo/scripts/bad-image.yaml")),
    ("kagent", include_str!("../../../demo/scripts/kagent.yaml")),
    ("route-conflict", include_str!("../../../demo/scripts/route-conflict.yaml")),
    ("gitops-fights-back", include_str!("../../../demo/scripts/gitops-fights-back.yaml")),
    ("service-latency", include_str!("../../../demo/scripts/service-latency.yaml")),
    ("retry-and-eject", include_str!("../../../demo/scripts/retry-and-eject.yaml")),
    ("mtls-strict", include_str!("../../../demo/scripts/mtls-strict.yaml")),
    ("ambient-view", include_str!("../../../demo/scripts/ambient-view.yaml")),
];

/// All that come with the program.
pub fn all() -> Result<Vec<Script>, Failure> {
    SCRIPTS.iter().map(|(name, text)| read(&format!("{name}.yaml"), text)).collect()
}

/// A script by its name, or from a file.
pub fn find(given: &str) -> Result<Script, Failure> {
    if let Some((name, text)) = SCRIPTS.iter().find(|(name, _)| *name == given) {
        return read(&format!("{name}.yaml"), text);
    }
    let path = Path::new(given);
    let is_file = path.components().count() > 1 || path.extension().is_some();
    if !is_file {
        let fix = match suggest::nearest(given, SCRIPTS.iter().map(|(name, _)| *name)) {
            Some(near) => {
                format!("did you mean `{near}`? `brink demo --list` shows all; a file is named with its path")
            }
            None => "`brink demo --list` shows all; a file is named with its path".to_owned(),
        };
        return Err(Failure::usage("cannot play the script", format!("there is no script `{given}`"), fix));
    }
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::new(Code::Usage, format!("cannot read {given}"), error.to_string(), "is the path right?").at(given)
    })?;
    read(given, &text)
}

fn read(file: &str, text: &str) -> Result<Script, Failure> {
    script::read(file, text).map_err(|error| {
        Failure::usage("cannot read the script", error.why.clone(), error.fix.clone()).at(error.place.to_string())
    })
}

#[cfg(test)]
mod tests {
    use brink_demo::world;

    #[test]
    fn every_script_plays_in_a_world_there_is() {
        let worlds: Vec<&str> = world::names().collect();
        for script in super::all().unwrap() {
            assert!(worlds.contains(&script.world.as_str()), "{}: {}", script.name, script.world);
            assert!(super::find(&script.name).is_ok(), "{} is named like its file", script.name);
            assert!(script.minutes > 0 && !script.steps.is_empty());
        }
    }
}
