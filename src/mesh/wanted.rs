//! Where a person wants figures from, and how to prove who asks, as the settings say it.

use std::path::PathBuf;

use http::{HeaderName, HeaderValue};

/// Where figures come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Ask {
    /// A Prometheus found in the cluster, else its proxies.
    #[default]
    Found,
    /// The proxies of the cluster, whatever else there is.
    Proxies,
    /// A Prometheus HTTP API at this address.
    Address(String),
    /// Nowhere: figures are unknown.
    Nowhere,
}

/// How to prove who asks, beside a user and a password in an address. Files are read when they are needed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// A file with a bearer token, read for each question: such tokens change.
    pub token_file: Option<PathBuf>,
    /// Headers of each question, such as `X-Scope-OrgID`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Authorities to trust instead of the system's, PEM.
    pub ca: Option<PathBuf>,
    /// Certificate of the client, PEM.
    pub certificate: Option<PathBuf>,
    /// Its key, PEM.
    pub key: Option<PathBuf>,
}

/// Both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Where from.
    pub ask: Ask,
    /// How.
    pub access: Access,
}

impl Wanted {
    /// From an address, without more ado.
    pub fn at(address: impl Into<String>) -> Self {
        Self { ask: Ask::Address(address.into()), access: Access::default() }
    }

    /// From nowhere.
    pub fn nowhere() -> Self {
        Self { ask: Ask::Nowhere, access: Access::default() }
    }
}

/// Reads headers: `Name: value`, several separated by `;`. Values are marked as secrets, so that no log shows them.
pub fn headers(text: &str) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    text.split(';').map(str::trim).filter(|one| !one.is_empty()).map(header).collect()
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    // What is wrong is told without the value.
    let (name, value) = text.split_once(':').ok_or("a header is written like `Name: value`")?;
    let wrong = |what: &str| format!("`{}` is no header: {what}", name.trim());
    let name_read = name.trim().parse::<HeaderName>().map_err(|_| wrong("its name has odd characters"))?;
    let mut value = value.trim().parse::<HeaderValue>().map_err(|_| wrong("its value has odd characters"))?;
    value.set_sensitive(true);
    Ok((name_read, value))
}

#[cfg(test)]
mod tests {
    use super::headers;

    #[test]
    fn headers_are_read_and_their_values_stay_secret() {
        let read = headers("X-Scope-OrgID: team-a|team-b; Authorization: Token s3cret;").unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].0, "x-scope-orgid");
        assert_eq!(read[0].1, "team-a|team-b");
        assert!(!format!("{read:?}").contains("s3cret"));
        assert_eq!(headers(""), Ok(Vec::new()));
        for wrong in ["X-Scope-OrgID", "a b: s3cret", "X: s3\u{1}cret"] {
            let told = headers(wrong).unwrap_err();
            assert!(!told.contains("s3"), "{told}");
        }
    }
}
