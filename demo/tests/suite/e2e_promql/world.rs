//! The samples of a living world, by way of `OpenMetrics` and promtool.

use brink_demo::{
    metrics::open_metrics,
    world::{Wish, World, named},
};
use jiff::Timestamp;

use super::{lines, now, oracle::Oracle, report, sweep};
use crate::suite::support::program;

#[test]
fn the_world_answers_as_prometheus_would_over_its_samples() {
    let (Some(prometheus), Some(promtool)) = (program("prometheus"), program("promtool")) else { return };
    let end = now().div_euclid(1000) * 1000;
    let moment = Timestamp::from_millisecond(end).unwrap();
    let wish = Wish { bundle: named("shop").unwrap(), pods: None, seed: 5, now: moment };
    let world = World::new(&wish).unwrap();
    let text = open_metrics(world.samples(), end - 480_000);
    let oracle = Oracle::of_blocks(&prometheus, &promtool, &text);
    let moments = [end - 1_250, end - 60_000];
    let grids = [(end - 120_000, end, 15_000)];
    let (mut queries, mut asked, mut wrong) = (0, 0, Vec::new());
    for query in lines(include_str!("world.txt")) {
        let (more, differing) = sweep(world.samples(), &oracle, query, &moments, &grids);
        queries += 1;
        asked += more;
        wrong.extend(differing.into_iter().next());
    }
    println!("{asked} answers to {queries} questions about the world equal those of Prometheus, but {}", wrong.len());
    report(&wrong);
}
