//! Stateless drawings. They hold no state and decide nothing.
//!
//! Every one of them clips: a place outside the buffer draws nothing, so that no size of a terminal can break a frame.

pub mod ascii;
pub mod bars;
pub mod big;
pub mod diff;
pub mod frame;
pub mod hints;
pub mod link;
pub mod markdown;
pub mod meter;
pub mod put;
pub mod spark;
pub mod spotlight;

pub use put::{caret, fill, put, put_right, put_spans, style_row};
