//! Who gets the traffic, and how well: routes and their precedence, golden signals, the service graph.
//!
//! Mental model: objects become rows ([`routes`], [`gateways`]), rows and a request become an answer ([`resolve`]), rows alone
//! say who is shadowed ([`wins`]) and what is wrong among them ([`conflicts`]), and with a change which requests move
//! ([`what_if`]); samples become figures ([`signals`]), and these a picture of who calls whom ([`graph`]). Pods become crews
//! ([`crew`]) with a data plane ([`dataplane`]); what else stands beside figures ([`beside`], [`weights`]) is put around them
//! ([`around`]); figures and crews become a verdict ([`health`]) and who speaks mutual TLS
//! ([`mtls`]). [`output`] is the machine form of the rest. `io/` asks Prometheus. Everything outside `io/` is a pure function of
//! what it is given.
//!
//! It changes nothing in the cluster, watches nothing itself (the cluster room's watches call [`routes::RouteRow::decode`]),
//! and judges by published rules alone: it says what was measured and where the number comes from.

pub mod alerts;
pub mod around;
pub mod backend_tls;
pub mod beside;
pub mod conflicts;
pub mod crew;
pub mod dataplane;
pub mod gateways;
pub mod graph;
pub mod health;
pub mod host;
pub mod ingress_class;
pub mod io;
pub mod istio;
pub mod json;
pub mod listener_sets;
pub mod load;
pub mod mesh_lines;
pub mod mtls;
pub mod output;
mod places;
pub mod relations;
pub mod resolve;
pub mod routes;
pub mod scrape;
pub mod service;
pub mod services;
pub mod signals;
pub mod space_lines;
mod stream_claims;
pub mod wanted;
pub mod weights;
pub mod what_if;
pub mod wins;
