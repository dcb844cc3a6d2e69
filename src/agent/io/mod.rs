//! Speaks to providers of models, and runs tools through the doors of the other rooms.
//!
//! [`openai`], [`anthropic`], [`a2a`] and [`analyze`] are the wires: how a request is written and how one event of the stream
//! is read; none touches the network. [`provider`] is the one door to it, `line` the way there: an address, or the API server
//! of the cluster. [`key`] reads the key each time and keeps it nowhere. [`toolbox`] runs tools, [`turn`] ties all of it together
//! for one ask, within what [`meter`] counts. [`recorded`] writes down what an ask hears, [`shelf`] keeps it, and [`rerun`] runs
//! it again. [`mcp`] speaks to servers and clients of the Model Context Protocol, [`inbox`] keeps what its clients propose.
//! Nothing here writes to a cluster.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]

pub mod a2a;
pub mod analyze;
pub mod anthropic;
mod dialect;
pub mod inbox;
pub mod key;
mod line;
pub mod mcp;
pub mod meter;
pub mod openai;
mod orphan;
pub mod pen;
pub mod provider;
pub mod recorded;
pub mod rerun;
pub mod shelf;
pub mod toolbox;
pub mod turn;
pub mod voice;
mod whole;
