//! `theme` and `keymap`: list what there is, check a file.

use serde_json::json;

use super::{
    Ended, Ending,
    args::{LookCommand, Shape},
    out::Out,
    settings::print_complaints,
    table::Table,
};
use crate::config::{complaint::Complaints, io::look::Look};

/// Runs the command.
pub fn run(look: Look, command: &LookCommand, out: &mut Out) -> Ended {
    match command {
        LookCommand::List(output) => {
            list(look, output.shape, out);
            Ok(Ending::Done)
        }
        LookCommand::Check(args) => {
            let name = args.file.display().to_string();
            // A bare name is a file here, never a built-in one.
            let path = if name.contains('/') { name.clone() } else { format!("./{name}") };
            let (_, text) = look.text(&path)?;
            let errors = look.check(&name, &text);
            let complaints = (!errors.is_empty()).then(|| Complaints { file: name.clone(), errors });
            print_complaints(&[name], complaints, args.output.shape, out)
        }
    }
}

fn list(look: Look, shape: Shape, out: &mut Out) {
    let all = look.all();
    let from = |file: &Option<std::path::PathBuf>| {
        file.as_ref().map_or_else(|| "built in".to_owned(), |file| file.display().to_string())
    };
    match shape {
        Shape::Json => {
            let rows: Vec<_> =
                all.iter().map(|named| json!({ "name": named.name, "from": from(&named.file) })).collect();
            out.json(&json!({ format!("{}s", look.word()): rows }));
        }
        Shape::Table => {
            let mut table = Table::new(&["NAME", "FROM"]);
            for named in &all {
                table.row([named.name.clone(), from(&named.file)]);
            }
            out.text(table);
        }
    }
}
