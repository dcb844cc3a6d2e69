//! Logs as they are written: of one container ([`read`]), or of all pods that are selected, as one stream ([`follow`]).
//!
//! Reading never waits for whoever takes the lines: what comes faster than it is taken is kept up to a bound of lines and bytes,
//! then the oldest are dropped and counted. Nothing here sorts, filters or colours.

pub(super) mod many;
mod members;
mod one;
mod outlet;

pub use many::follow;
pub use one::read;
