//! Tickets tie an answer to its question, so that a late answer to an abandoned question is dropped.

/// The number of one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(u64);

/// Hands out tickets; each is unique within a process.
#[derive(Debug, Default)]
pub struct Tickets {
    next: u64,
}

impl Tickets {
    /// The next ticket.
    pub fn take(&mut self) -> Ticket {
        self.next += 1;
        Ticket(self.next)
    }
}
