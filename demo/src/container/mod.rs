//! The inside of a simulated container: a few files and a few programs, honest about what they are not.
//!
//! There is a shell `sh` and no `bash`, as in many images; proxies that are built without a shell have none. `tar` reads and
//! writes real archives. Whatever else is asked for is not there, and that is said as a container runtime says it. Pure: bytes
//! in, bytes out.

mod files;
mod line;
mod programs;
mod shell;
mod tarball;

pub use files::Files;
pub use programs::{Done, Facts, run};
pub use shell::{Heard, Shell};
