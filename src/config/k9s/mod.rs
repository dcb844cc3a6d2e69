//! What k9s writes, read: its files as values, with every line that was not understood.
//!
//! Pure: text in, values and complaints out. What brink makes of them stands with the rooms they belong to.

pub mod skin;
