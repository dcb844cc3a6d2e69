//! Worlds read and built.

use jiff::Timestamp;
use serde_json::Value;

use super::{Built, Bundle, WorldFile, build, file, limits, named, names};
use crate::{
    base::kinds,
    base::objects::Objects as _,
    control::{Key, json, tests_support::Shelf, time},
};

mod building;
mod reading;
mod rewinding;
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
