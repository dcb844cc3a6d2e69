//! What proxies say of themselves when nobody collects it: expositions become rates.
//!
//! Mental model: [`targets`] says which pods to ask and by which way; [`exposition`] reads one answer line by line;
//! [`counters`] remembers each counter and gives the rate of its increase, and [`answers`] puts rates into the same vectors
//! that a Prometheus answers with. So whatever is made of them is the same, whoever measured.
//!
//! It asks nothing itself (`io/scrape.rs`), keeps no history beyond one window, and reads only the series that a figure of
//! ours is made of.

pub mod answers;
pub mod counters;
pub mod exposition;
mod named;
pub mod targets;
