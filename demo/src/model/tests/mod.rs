//! Both wires from outside: requests in, streams out, whole conversations played against a small cluster.

mod names;
mod play;
mod scenarios;
mod wires;
