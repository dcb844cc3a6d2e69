//! Actions on objects, carried out and undone: the same story on a real API server with its controllers, and on the embedded
//! world. Each is looked at, previewed, applied, found among the changes of a later session, and undone.

mod cockpit;
mod hand;
mod story;

use super::support::{demo::Demo, world::own_world};
use hand::Hand;

#[test]
fn a_real_cluster_is_acted_on_and_put_back() {
    let Some(world) = own_world() else { return };
    world.kubectl(&["create", "namespace", "shop"], "");
    let hand = Hand::of(|| world.link("admin"));
    story::tell(&hand);
}

#[test]
fn the_embedded_world_is_acted_on_and_put_back() {
    let demo = Demo::of("shop", 10.0);
    let hand = Hand::of(|| demo.link());
    story::tell(&hand);
}

#[test]
fn who_may_not_learns_it_before_the_form() {
    let Some(world) = own_world() else { return };
    world.kubectl(&["create", "namespace", "shop"], "");
    let hand = Hand::of(|| world.link("viewer"));
    story::refused(&hand);
}
