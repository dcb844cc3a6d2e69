//! How keys move along the drawing: sideways along calls, up and down within a column.

use crate::{
    mesh::graph::{Graph, Sheet, sheet::Box},
    msg::Command,
};

/// The node a command leads to; `None` for a command that leads nowhere in any graph.
pub fn step(graph: &Graph, sheet: &Sheet, from: Option<usize>, command: Command, page: i32) -> Option<usize> {
    let all = || (0..sheet.boxes.len()).filter_map(|at| Some((at, sheet.boxes.get(at)?)));
    let first = || all().min_by_key(|(_, one)| (one.x, one.y)).map(|(at, _)| at);
    let last = || all().max_by_key(|(_, one)| (one.x, one.y)).map(|(at, _)| at);
    let here = from.and_then(|from| Some((from, sheet.boxes.get(from)?)));
    let to = match command {
        Command::First => first(),
        Command::Last => last(),
        Command::Left | Command::Right => {
            let Some((from, here)) = here else { return first() };
            sideways(graph, sheet, from, here, command == Command::Right)
        }
        Command::Up => up_or_down(sheet, here, -1),
        Command::Down => up_or_down(sheet, here, 1),
        Command::PageUp => up_or_down(sheet, here, -page.max(1)),
        Command::PageDown => up_or_down(sheet, here, page.max(1)),
        _ => return None,
    };
    // At the edge the cursor stays.
    to.or(from).or_else(first)
}

/// The nearest node on that side that is joined by a call, else the nearest column's nearest.
fn sideways(graph: &Graph, sheet: &Sheet, from: usize, here: &Box, right: bool) -> Option<usize> {
    let beyond = |one: &Box| if right { one.x - here.x } else { here.x - one.x };
    let joined = graph.edges().iter().filter_map(|edge| match (edge.from == from, edge.to == from) {
        (true, false) => Some(edge.to),
        (false, true) => Some(edge.from),
        (true, true) | (false, false) => None,
    });
    let nearest = |nodes: &mut dyn Iterator<Item = usize>, by_row: bool| {
        let there = nodes.filter_map(|at| Some((at, sheet.boxes.get(at)?))).filter(|(_, one)| beyond(one) > 0);
        there
            .min_by_key(|(at, one)| {
                let (row, column) = ((one.y - here.y).abs(), beyond(one));
                if by_row { (row, column, *at) } else { (column, row, *at) }
            })
            .map(|(at, _)| at)
    };
    nearest(&mut joined.into_iter(), true).or_else(|| nearest(&mut (0..sheet.boxes.len()), false))
}

/// The nearest node above or below in the column, at least so many rows away, else the furthest; without one, the nearest row of
/// another column.
fn up_or_down(sheet: &Sheet, here: Option<(usize, &Box)>, rows: i32) -> Option<usize> {
    let (from, here) = here?;
    let down = |one: &Box| if rows > 0 { one.y - here.y } else { here.y - one.y };
    let there = || {
        let all = (0..sheet.boxes.len()).filter_map(|at| Some((at, sheet.boxes.get(at)?)));
        all.filter(|(at, one)| *at != from && down(one) > 0)
    };
    let column = || there().filter(|(_, one)| one.x == here.x);
    let far = column().filter(|(_, one)| down(one) >= rows.abs()).min_by_key(|(_, one)| down(one));
    let far = far.or_else(|| column().max_by_key(|(_, one)| down(one)));
    far.or_else(|| there().min_by_key(|(at, one)| (down(one), (one.x - here.x).abs(), *at))).map(|(at, _)| at)
}
