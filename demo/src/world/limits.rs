//! Which sizes and speeds a world can have.

use super::Trouble;

/// One client and one server.
pub const LEAST_PODS: u64 = 2;
/// What the world is designed for.
pub const MOST_PODS: u64 = 50_000;

/// Checks `--pods`.
pub fn pods(asked: u64) -> Result<usize, Trouble> {
    if asked < LEAST_PODS {
        let what = format!("a world of {asked} pods has nobody to talk to");
        return Err(Trouble::said(what, format!("the smallest is --pods {LEAST_PODS}: one client, one server")));
    }
    if asked > MOST_PODS {
        let what = format!("a world of {asked} pods is larger than one machine should hold");
        return Err(Trouble::said(what, format!("the largest is --pods {MOST_PODS}")));
    }
    usize::try_from(asked).map_err(|_| Trouble::said(format!("--pods {asked} is no count"), "write it like 130"))
}

/// Checks `--speed`: virtual seconds in a second.
pub fn speed(asked: f64) -> Result<f64, Trouble> {
    if asked == 0.0 {
        return Err(Trouble::said(
            "time does not stand still: --speed 0",
            "--speed 1 is real time, 20 is twenty times as fast",
        ));
    }
    if !(0.1..=100.0).contains(&asked) {
        return Err(Trouble::said(
            format!("--speed {asked} is out of range"),
            "it goes from 0.1 to 100; 1 is real time",
        ));
    }
    Ok(asked)
}
