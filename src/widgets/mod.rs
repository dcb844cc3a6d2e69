//! Stateless drawings, `impl Widget for &T`. They hold no state and decide nothing.
