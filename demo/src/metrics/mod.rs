//! What a Prometheus of the world would know: scraped series, and answers to PromQL over its HTTP API.
//!
//! The room reads the counters of `traffic` and listens to nothing: the door behind it maps requests to [`answer`].
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "scrape numbers and milliseconds of this era stay far below what these types hold"
)]

mod answers;
mod block;
mod expose;
mod packed;
mod promql;
mod scrape;
mod tags;
#[cfg(test)]
mod tests;
mod tsdb;

pub use self::{
    answers::answer,
    expose::open_metrics,
    promql::{Matrix, QueryError, instant, range},
    scrape::{Detail, Door, Scraper},
    tags::Tags,
    tsdb::{STALE, Tsdb, is_stale},
};
