//! What can be served: something that answers requests and lets time pass, without doing either by itself.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    agents::{Asked, Begun, Called, closed},
    api::{Cluster, NoReadings, Pulled, Request, Response, Standing, Stream, User},
    base::trouble::Trouble,
    model::Rules,
    world::{Flood, World},
};

/// A world behind a server.
pub trait Machine: Send + 'static {
    /// Lets time pass up to a moment.
    fn advance(&mut self, to: Timestamp);
    /// Answers a request.
    fn request(&mut self, request: &Request) -> Response;
    /// What a stream has to say since the last time.
    fn pull(&mut self, stream: &mut Stream) -> Pulled;
    /// Who may log in.
    fn set_users(&mut self, users: Vec<User>);
    /// Forgets changes and begun lists.
    fn compact(&mut self);
    /// Remembers how everything is.
    fn checkpoint(&mut self, name: &str);
    /// Writes everything back as it was remembered; false when nothing was under this name.
    fn restore(&mut self, name: &str) -> bool;
    /// Which trouble stands from now on, with the API and in the logs.
    fn set_trouble(&mut self, standing: Standing, floods: Vec<Flood>);
    /// Answers a request to its Prometheus: path, parameters; status and body.
    fn metrics(&mut self, path: &str, params: &[(String, String)]) -> (u16, Value);
    /// What its scripted model goes by.
    fn rules(&self) -> Result<Rules, Trouble>;
    /// Answers what comes to its agents from outside.
    fn visit(&mut self, asked: &Asked<'_>) -> Response;
    /// Calls a tool of its MCP server.
    fn tool(&mut self, name: &str, given: &Value) -> Called;
    /// The words of a load that a tool began, once it is over.
    fn tool_ended(&mut self, begun: &Begun) -> Option<String>;
}

/// A cluster in which nothing happens but what clients do.
impl Machine for Cluster {
    fn advance(&mut self, to: Timestamp) {
        Self::advance(self, to);
    }

    fn request(&mut self, request: &Request) -> Response {
        self.answer(request, &NoReadings)
    }

    fn pull(&mut self, stream: &mut Stream) -> Pulled {
        Self::pull(self, stream, &NoReadings)
    }

    fn set_users(&mut self, users: Vec<User>) {
        Self::set_users(self, users);
    }

    fn compact(&mut self) {
        Self::compact(self);
    }

    fn checkpoint(&mut self, name: &str) {
        Self::checkpoint(self, name);
    }

    fn restore(&mut self, name: &str) -> bool {
        Self::restore(self, name)
    }

    fn set_trouble(&mut self, standing: Standing, _: Vec<Flood>) {
        self.set_standing(standing);
    }

    fn metrics(&mut self, _: &str, _: &[(String, String)]) -> (u16, Value) {
        (404, json!({"status": "error", "errorType": "not_found", "error": "nothing is measured here"}))
    }

    fn rules(&self) -> Result<Rules, Trouble> {
        Rules::own()
    }

    fn visit(&mut self, _: &Asked<'_>) -> Response {
        closed("there are no agents here")
    }

    fn tool(&mut self, _: &str, _: &Value) -> Called {
        Called::Failed("there are no tools here".to_owned())
    }

    fn tool_ended(&mut self, _: &Begun) -> Option<String> {
        None
    }
}

impl Machine for World {
    fn advance(&mut self, to: Timestamp) {
        Self::advance(self, to);
    }

    fn request(&mut self, request: &Request) -> Response {
        Self::request(self, request)
    }

    fn pull(&mut self, stream: &mut Stream) -> Pulled {
        Self::pull(self, stream)
    }

    fn set_users(&mut self, users: Vec<User>) {
        Self::set_users(self, users);
    }

    fn compact(&mut self) {
        Self::compact(self);
    }

    fn checkpoint(&mut self, name: &str) {
        Self::checkpoint(self, name);
    }

    fn restore(&mut self, name: &str) -> bool {
        Self::restore(self, name)
    }

    fn set_trouble(&mut self, standing: Standing, floods: Vec<Flood>) {
        Self::set_trouble(self, standing, floods);
    }

    fn metrics(&mut self, path: &str, params: &[(String, String)]) -> (u16, Value) {
        Self::metrics(self, path, params)
    }

    fn rules(&self) -> Result<Rules, Trouble> {
        Ok(Self::rules(self).clone())
    }

    fn visit(&mut self, asked: &Asked<'_>) -> Response {
        Self::visit(self, asked)
    }

    fn tool(&mut self, name: &str, given: &Value) -> Called {
        Self::tool(self, name, given)
    }

    fn tool_ended(&mut self, begun: &Begun) -> Option<String> {
        Self::tool_ended(self, begun)
    }
}
