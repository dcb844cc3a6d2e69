//! Asks a URL how it is, for an abort condition: only the status of its answer counts.

use std::time::Duration;

use reqwest::{Client, redirect};

use crate::{base::innermost, cluster::io::http_client};

/// How long a connection may take.
const CONNECTS: Duration = Duration::from_secs(3);

/// A client for a URL. A redirect is an answer: it is not followed.
pub(crate) fn client(url: &str) -> Result<Client, String> {
    let builder = http_client::client(url.starts_with("https:"));
    builder.connect_timeout(CONNECTS).redirect(redirect::Policy::none()).build().map_err(|error| innermost(&error))
}

/// The status it answers with.
pub(crate) async fn status(client: &Client, url: &str) -> Result<u16, String> {
    let answer = client.get(url).send().await.map_err(|error| innermost(&error))?;
    Ok(answer.status().as_u16())
}
