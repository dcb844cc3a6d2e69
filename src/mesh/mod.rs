//! Who gets the traffic, and how well: routes and their precedence, golden signals.
//!
//! Mental model: objects become rows ([`routes`], [`gateways`]), rows and a request become an answer ([`resolve`]), rows alone
//! say who is shadowed ([`wins`]) and what is wrong among them ([`conflicts`]); samples become figures ([`signals`]).
//! Objects and a change become the requests that move ([`what_if`]). [`output`]
//! is the machine form of all of it. `io/` asks Prometheus. Everything outside `io/` is a pure function of what it is given.
//!
//! It changes nothing in the cluster, watches nothing itself (the cluster room's watches call [`routes::RouteRow::decode`]),
//! and does not judge health: it says what was measured and where the number comes from.

pub mod alerts;
pub mod conflicts;
pub mod gateways;
pub mod host;
pub mod io;
pub mod istio;
pub mod json;

pub mod load;
pub mod output;
mod places;
pub mod resolve;
pub mod routes;
pub mod signals;
pub mod what_if;
pub mod wins;
