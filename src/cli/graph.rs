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
    mesh::{
        graph::{Edge, Graph, NodeId, output::GraphOutput, text},
        weights::{Split, Weights},
        wins,
    },
};

/// Runs the command. Figures make the picture; pods, controllers and routes of the cluster tell what stands beside them, as in
/// the cockpit.
pub fn run(shape: GraphShape, globals: &Globals, out: &mut Out) -> Ended {
    let settings = settings::resolve(globals)?;
    let namespace = mesh::namespace(globals, &settings);
    let looked = mesh::look(globals, &settings, namespace.as_deref())?;
    let graph = looked.as_ref().ok().map(|snapshot| {
        let (around, routing) = mesh::around(globals, &settings, namespace.as_deref(), mesh::With::Routes);
        let weights = routing.map(|loaded| {
            let world = loaded.world();
            Weights::of(&world, &wins::wins(&world), &snapshot.measured)
        });
        Graph::of(snapshot, &around, &weights.unwrap_or_default())
    });
    match (shape, &graph) {
        // A machine reads an empty graph; a picture of nothing would be a lie.
        (GraphShape::Json, graph) => out.json(&graph.as_ref().map(GraphOutput::new).unwrap_or_default()),
        (GraphShape::Table | GraphShape::Dot | GraphShape::Mermaid, None) => {}
        (GraphShape::Table, Some(graph)) => out.text(table(graph)),
        (GraphShape::Dot, Some(graph)) => out.text(text::dot(graph)),
        (GraphShape::Mermaid, Some(graph)) => out.text(text::mermaid(graph)),
    }
    if let Err(why) = &looked {
        mesh::complain_of_none(why);
    }
    Ok(Ending::Done)
}

fn table(graph: &Graph) -> Table {
    let header = ["FROM", "TO", "MESH", "HEALTH", "RPS", "ERR%", "P99 MS", "WEIGHT", "TCP/S", "MTLS", "WHY"];
    let mut table = Table::new(&header);
    for edge in graph.edges() {
        let (Some(from), Some(to)) = (graph.nodes().get(edge.from), graph.nodes().get(edge.to)) else { continue };
        let golden = edge.golden();
        let id = |id: &NodeId| sanitize::line(&id.to_string()).into_owned();
        let plane = to.dataplane.map(|plane| match &to.waypoint {
            Some(waypoint) => format!("{} via {}", plane.word(), sanitize::line(waypoint)),
            None => plane.word().to_owned(),
        });
        table.row([
            id(&from.id),
            id(&to.id),
            plane.unwrap_or_else(|| "–".to_owned()),
            to.health.state.word().to_owned(),
            mesh::number(golden.rps),
            mesh::number(golden.error_share.map(|share| share * 100.0)),
            mesh::number(golden.p99_ms),
            weight(edge),
            mesh::number(edge.tcp.opened),
            edge.mtls.map_or("–", |mtls| if mtls { "yes" } else { "no" }).to_owned(),
            to.health.why(),
        ]);
    }
    table
}

fn weight(edge: &Edge) -> String {
    edge.split.as_ref().map_or_else(|| "–".to_owned(), Split::words)
}
