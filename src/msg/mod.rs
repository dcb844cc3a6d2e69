//! What the rooms say to each other: events in, effects out, and the one table of commands.
