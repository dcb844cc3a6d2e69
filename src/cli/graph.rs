//! `graph`: who calls whom in the mesh, how much and how well.

use super::{
    Ended, Ending,
    args::{Globals, GraphShape},
    mesh,
    out::Out,
    settings,
    table::Table,
};
use crate::{
    base::sanitize,
    mesh::crew::Crews,
    mesh::graph::{
        Graph,
        output::{EdgeLine, GraphOutput},
        text,
    },
};

/// Runs the command.
pub fn run(shape: GraphShape, globals: &Globals, out: &mut Out) -> Ended {
    let settings = settings::resolve(globals)?;
    let namespace = mesh::namespace(globals, &settings);
    let looked = mesh::look(globals, &settings, namespace.as_deref())?;
    let graph = looked.as_ref().ok().map(|snapshot| Graph::of(snapshot, &Crews::default()));
    match (shape, &graph) {
        // A machine reads an empty graph; a picture of nothing would be a lie.
        (GraphShape::Json, graph) => out.json(&graph.as_ref().map(GraphOutput::new).unwrap_or_default()),
        (GraphShape::Table | GraphShape::Dot | GraphShape::Mermaid, None) => {}
        (GraphShape::Table, Some(graph)) => out.text(table(&GraphOutput::new(graph))),
        (GraphShape::Dot, Some(graph)) => out.text(text::dot(graph)),
        (GraphShape::Mermaid, Some(graph)) => out.text(text::mermaid(graph)),
    }
    if let Err(why) = &looked {
        mesh::complain_of_none(why);
    }
    Ok(Ending::Done)
}

fn table(answer: &GraphOutput) -> Table {
    let mut table = Table::new(&["FROM", "TO", "RPS", "ERR%", "MTLS"]);
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}"));
    let row = |edge: &EdgeLine| {
        [
            sanitize::line(&edge.from).into_owned(),
            sanitize::line(&edge.to).into_owned(),
            number(edge.rps),
            number(edge.error_share.map(|share| share * 100.0)),
            edge.mtls.map_or("–", |mtls| if mtls { "yes" } else { "no" }).to_owned(),
        ]
    };
    for edge in &answer.edges {
        table.row(row(edge));
    }
    table
}
