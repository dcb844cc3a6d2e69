//! Store in, store out, in virtual time: what clients see of rollouts, failures, ends and routes.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use crate::base::objects::Objects as _;

use super::{
    Key,
    behaviour::{Crash, Image, Workload},
    json, kinds,
    tests_support::{World, deployment, service},
};

mod chaos;
mod cron;
mod ends;
mod fuse;
mod gateways;
mod gitops;
mod images;
mod litmus;
mod mesh;
mod others;
mod rolling;
mod scaling;

fn status<'a>(object: &'a Value, field: &str) -> &'a Value {
    json::at(object, &["status", field])
}

fn condition<'a>(object: &'a Value, kind: &str) -> (&'a str, &'a str) {
    let found = json::condition(json::list(object, &["status", "conditions"]), kind);
    found.map_or(("", ""), |one| (json::text(one, &["status"]), json::text(one, &["reason"])))
}

fn names(objects: &[std::sync::Arc<Value>]) -> BTreeSet<String> {
    objects.iter().map(|one| json::text(one, &["metadata", "name"]).to_owned()).collect()
}

fn waiting(pod: &Value) -> &str {
    let first = json::list(pod, &["status", "containerStatuses"]).first().unwrap_or(&Value::Null);
    json::text(first, &["state", "waiting", "reason"])
}

fn lost_image(world: &mut World, pattern: &str) {
    let image = Image { not_found: true, ..Image::default() };
    world.control.state.behaviours.images.push((pattern.to_owned(), image));
}
