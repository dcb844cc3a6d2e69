//! What is done with the mouse, in cells of the screen.

/// One thing done with it, at a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub act: MouseAct,
    /// Column, from 0.
    pub x: u16,
    /// Row, from 0.
    pub y: u16,
}

/// What is done. Of the buttons only the left one means anything, and only without modifiers: with one the terminal itself
/// selects text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseAct {
    /// The button goes down.
    Press,
    /// It moves while the button is down.
    Drag,
    /// The button goes up.
    Release,
    /// The wheel turns away.
    WheelUp,
    /// The wheel turns here.
    WheelDown,
}
