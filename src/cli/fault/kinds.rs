//! `fault kinds`: the catalogue, met with what this cluster serves.

use std::fmt::Write as _;

use super::desk;
use crate::{
    cli::{
        Ended, Ending,
        args::{Globals, Shape},
        failure::Failure,
        out::Out,
        session::Session,
    },
    fault::{
        catalogue::view::{self, DriverState, KindsView},
        io::sight,
    },
};

/// Runs the command.
pub fn run(shape: Shape, globals: &Globals, out: &mut Out) -> Ended {
    let session = Session::open(globals)?;
    let kinds = session.wait(async {
        desk::reach(&session).await?;
        let sight = sight::survey(&session.live)
            .await
            .map_err(|error| desk::uncompiled("cannot look at the cluster", &error))?;
        Ok::<_, Failure>(view::kinds(&sight))
    })?;
    match shape {
        Shape::Json => out.json(&kinds),
        Shape::Table => out.text(text(&kinds)),
    }
    Ok(Ending::Done)
}

fn text(kinds: &KindsView) -> String {
    let mut text = String::new();
    for kind in &kinds.kinds {
        let _ = writeln!(text, "{}\n  {}", kind.kind, kind.doc);
        let _ = writeln!(text, "  target   {}", kind.targets.join(", "));
        for param in &kind.params {
            let mut facts = vec![param.kind.to_owned()];
            if !param.unit.is_empty() {
                facts.push(param.unit.to_owned());
            }
            if !param.range.is_empty() {
                facts.push(param.range.clone());
            }
            match (&param.default, param.required) {
                (Some(serde_json::Value::String(default)), _) => facts.push(format!("default {default}")),
                (Some(default), _) => facts.push(format!("default {default}")),
                (None, true) => facts.push("required".to_owned()),
                (None, false) => {}
            }
            let _ = writeln!(text, "  --set {}=…  {} ({})", param.name, param.doc, facts.join(", "));
        }
        for driver in &kind.drivers {
            let sign = match driver.state {
                DriverState::Ok => "✓",
                DriverState::Dead => "!",
                _ => "–",
            };
            let _ = writeln!(text, "  {sign} {} ({}): {}", driver.driver, driver.class, driver.why);
        }
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}
