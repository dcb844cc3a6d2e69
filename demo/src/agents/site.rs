//! What agents and their tools reach of the world.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    api::{Request, Response},
    model::Rules,
    store::Store,
};

/// A load that somebody asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Where to, `http://HOST[:PORT]/PATH`.
    pub url: String,
    /// HTTP method.
    pub method: String,
    /// Request headers.
    pub headers: BTreeMap<String, String>,
    /// Who asks, at most one request each at a time.
    pub connections: u32,
    /// Requests per second of all of them; `None`: as many as get answers.
    pub qps: Option<f64>,
    /// How long, milliseconds.
    pub lasts: f64,
    /// How long one of them waits for an answer, milliseconds.
    pub patience: f64,
}

/// What came of a load.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ran {
    /// How long it has run, milliseconds.
    pub lasted: f64,
    /// Answers by status code; 0: none came.
    pub codes: BTreeMap<u16, u64>,
    /// How long each request took, milliseconds, in ascending order.
    pub took: Vec<f64>,
}

/// The world, as agents and tools see it.
pub trait Site {
    /// Asks the API as an account, `system:serviceaccount:NAMESPACE:NAME`.
    fn ask(&mut self, account: &str, request: Request) -> Response;
    /// The objects, for what a server knows of its own cluster.
    fn store(&self) -> &Store;
    /// Asks its Prometheus: path, parameters; status and body.
    fn measured(&self, path: &str, params: &[(String, String)]) -> (u16, Value);
    /// The rules of its scripted model.
    fn rules(&self) -> &Rules;
    /// The time.
    fn now(&self) -> Timestamp;
    /// Begins a load; its number.
    fn load(&mut self, load: Load) -> Result<u64, String>;
    /// What came of a load, once it is over; it is forgotten then.
    fn ran(&mut self, number: u64) -> Option<Ran>;
}
