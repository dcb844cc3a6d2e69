//! Worlds: their files read, checked and built, and then alive.
//!
//! A world is plain manifests and, beside them, what a cluster cannot say. Reading and building are pure: texts come in as values,
//! objects go out through `Objects`. What flows is handed on as it stands; the traffic reads it.

mod agents;
mod apply;
pub mod build;
mod embedded;
pub mod file;
mod filler;
mod flood;
mod gitops;
mod keeping;
pub mod limits;
mod living;
mod logs;
pub mod manifest;
mod meter;
mod providers;
mod strain;
#[cfg(test)]
mod tests;

/// What a world shows, in one line.
pub fn title(bundle: &Bundle) -> Result<String, Trouble> {
    file::read(bundle).map(|world| world.title)
}

pub use self::{
    build::{Built, Stage, build},
    embedded::{Bundle, named, names},
    file::WorldFile,
    flood::Flood,
    living::{Wish, World},
};
pub use crate::base::trouble::Trouble;
