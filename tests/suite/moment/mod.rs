//! The fault moment: form, preview, live, stop.

mod act;
mod change;
pub mod faults;
mod form;
mod preview;
pub mod stage;
mod stop;
mod undo;
mod words;
