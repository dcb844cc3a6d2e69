//! What may be asked of the task that works on an injection, and how it hears it.
//!
//! To end is no message among others: it is a level. It cannot be lost in a full channel, the first cause counts, and whoever
//! waits for an answer of the cluster or the disk can wait for it as well ([`unless_over`], [`patient`]).

use std::{future::pending, time::Duration};

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use super::patience;
use crate::{cluster::api::Api, fault::undo::Decision, journal::entry::Cause};

/// Orders that may wait to be taken.
const WAITING: usize = 8;
/// How long a write in flight may take to be answered once the injection is to end.
pub(crate) const LAST_ANSWER: Duration = Duration::from_secs(10);

/// What may be asked besides the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// More time.
    Extend(Duration),
    /// A person decided about an entangled object.
    Decide(Decision),
    /// Try again now.
    Now,
}

/// The end at which orders are given.
#[derive(Debug)]
pub(crate) struct Giver {
    end: watch::Sender<Option<Cause>>,
    orders: mpsc::Sender<Order>,
}

impl Giver {
    /// Has it end. The first cause counts.
    pub(crate) fn end(&self, cause: Cause) {
        self.end.send_if_modified(|told| {
            let first = told.is_none();
            told.get_or_insert(cause);
            first
        });
    }

    /// Gives another order; whether it was taken. It is not while more wait than the task can have looked at.
    pub(crate) fn give(&self, order: Order) -> bool {
        self.orders.try_send(order).is_ok()
    }

    /// Nobody takes orders any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.orders.is_closed()
    }
}

/// Whether, and why, an injection is to end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending(Option<watch::Receiver<Option<Cause>>>);

impl Ending {
    /// The cause, once it was told to end.
    pub(crate) fn told(&self) -> Option<Cause> {
        self.0.as_ref().and_then(|end| *end.borrow())
    }

    /// Returns when it is told to end; never, when nobody can tell it.
    pub(crate) async fn come(&mut self) -> Cause {
        let told = match &mut self.0 {
            Some(end) => end.wait_for(Option::is_some).await.ok().and_then(|cause| *cause),
            None => None,
        };
        match told {
            Some(cause) => cause,
            None => pending().await,
        }
    }
}

/// The end at which they are taken. By default nobody can give any.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    ending: Ending,
    orders: Option<mpsc::Receiver<Order>>,
}

impl Orders {
    /// The next order; never, when nobody can give one.
    pub(crate) async fn next(&mut self) -> Order {
        match &mut self.orders {
            Some(orders) => match orders.recv().await {
                Some(order) => order,
                None => pending().await,
            },
            None => pending().await,
        }
    }

    /// Whether it is to end, for as many as want to know.
    pub(crate) fn ending(&self) -> Ending {
        self.ending.clone()
    }
}

/// Both ends.
pub(crate) fn orders() -> (Giver, Orders) {
    let (end, ending) = watch::channel(None);
    let (orders, taken) = mpsc::channel(WAITING);
    (Giver { end, orders }, Orders { ending: Ending(Some(ending)), orders: Some(taken) })
}

/// Returns when an injection is to end: it was told to, or its deadline, if it has one yet, has come.
pub(crate) async fn over<A: Api>(api: &A, mut ending: Ending, deadline: Option<Timestamp>) -> Cause {
    let late = async {
        let Some(deadline) = deadline else { return pending().await };
        loop {
            let left = Duration::try_from(deadline.duration_since(api.now())).unwrap_or_default();
            if left.is_zero() {
                return;
            }
            api.sleep(left.max(Duration::from_millis(20))).await;
        }
    };
    tokio::select! {
        biased;
        cause = ending.come() => cause,
        () = late => Cause::Lease,
    }
}

/// The same, as much later as a write in flight may take to be answered.
pub(crate) async fn patient(over: impl Future<Output = Cause>) -> Cause {
    let cause = over.await;
    patience::wait(LAST_ANSWER).await;
    cause
}

/// Does something unless the injection is over first; it is then dropped where it stands.
pub(crate) async fn unless_over<T>(
    over: impl Future<Output = Cause>,
    work: impl Future<Output = T>,
) -> Result<T, Cause> {
    tokio::select! {
        biased;
        cause = over => Err(cause),
        done = work => Ok(done),
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, orders};
    use crate::journal::entry::Cause;

    #[tokio::test]
    async fn an_end_is_heard_behind_any_number_of_orders_and_keeps_its_first_cause() {
        let (giver, taken) = orders();
        while giver.give(Order::Now) {}
        giver.end(Cause::Person);
        giver.end(Cause::Stop);
        let mut ending = taken.ending();
        assert_eq!(ending.told(), Some(Cause::Person));
        assert_eq!(ending.come().await, Cause::Person);
        assert_eq!(taken.ending().come().await, Cause::Person, "whoever comes later hears it as well");
    }
}
