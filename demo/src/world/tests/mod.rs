//! Worlds read and built.

use jiff::Timestamp;
use serde_json::Value;

use super::{Built, Bundle, Wish, World, WorldFile, build, file, limits, named, names};
use crate::{
    api::{Body, Request, User},
    base::kinds,
    base::objects::Objects as _,
    control::{Key, json, tests_support::Shelf, time},
};

mod agents;
mod building;
mod exposed;
mod meshed;
mod metered;
mod reading;
mod rewinding;
mod speeds;
mod strain;

fn now() -> Timestamp {
    "2026-11-26T12:00:00Z".parse().unwrap()
}

fn read(name: &str) -> WorldFile {
    file::read(&named(name).unwrap()).unwrap()
}

fn built(name: &str, pods: Option<usize>) -> (Shelf, Built) {
    let file = read(name);
    let mut shelf = Shelf::at(7, time::earlier(now(), std::time::Duration::from_hours(24 * 365)));
    let built = build(file, pods, 7, now(), &mut shelf).unwrap();
    (shelf, built)
}

/// A world that lives, with one user who may do everything.
fn living(name: &str, pods: Option<usize>, seed: u64) -> World {
    let mut world = World::new(&Wish { bundle: named(name).unwrap(), pods, seed, now: now() }).unwrap();
    world.set_users(vec![User {
        name: "admin".to_owned(),
        groups: vec!["system:masters".to_owned(), "system:authenticated".to_owned()],
        token: "t".to_owned(),
    }]);
    world
}

/// Sends a request with this body, null for none, and reads the answer.
fn ask(world: &mut World, method: &str, path: &str, query: &[(&str, &str)], body: &Value) -> (u16, Value) {
    let content_type = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        content_type: content_type.to_owned(),
        token: "t".to_owned(),
        body: if body.is_null() { bytes::Bytes::new() } else { bytes::Bytes::from(body.to_string()) },
        ..Request::default()
    };
    read_answer(world, &request)
}

fn read_answer(world: &mut World, request: &Request) -> (u16, Value) {
    let answer = world.request(request);
    let Body::Whole(bytes) = answer.body else { panic!("{} is a stream", request.path) };
    (answer.code, serde_json::from_slice(&bytes).unwrap_or_default())
}
