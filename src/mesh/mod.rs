//! Who gets the traffic, and how well: routes and their precedence, golden signals.
//!
//! Pure: it is given rows and samples. `io/` asks Prometheus. It changes nothing.

pub mod io;
