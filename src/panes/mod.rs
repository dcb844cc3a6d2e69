//! One file per pane: its state, update and view side by side. A pane does no I/O.
