//! Links that were used before, for a while: whoever comes back to a context finds its connections, what its exec plugin said,
//! and which cluster it is.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use jiff::Timestamp;

use crate::cluster::{
    Address,
    io::connect::{self, ConnectError, Link},
};

/// How many are kept.
const MOST: usize = 8;
/// How long one is kept that nobody asks for. Files a link was made of may be replaced meanwhile, such as certificates.
const KEPT: Duration = Duration::from_mins(10);

/// The links by the choices they were made by, the latest last.
#[derive(Debug, Default)]
pub(super) struct Links(Vec<Kept>);

#[derive(Debug)]
struct Kept {
    address: Address,
    /// The kubeconfig's files as they were then.
    files: Vec<Stamp>,
    link: Link,
    made: Instant,
}

/// A file with its time and length; `None` where it could not be looked at.
type Stamp = (PathBuf, Option<(SystemTime, u64)>);

impl Links {
    /// The link of an address, made anew where none is kept or where its files have changed.
    pub fn make(&mut self, address: &Address) -> Result<Link, ConnectError> {
        self.0.retain(|kept| kept.holds(Instant::now(), Timestamp::now()));
        if let Some(kept) = self.0.iter().find(|kept| kept.address == *address) {
            return Ok(kept.link.clone());
        }
        let link = connect::connect(address)?;
        let files = link.pinned().kubeconfig.iter().map(|path| stamp(path)).collect();
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(Kept { address: address.clone(), files, link: link.clone(), made: Instant::now() });
        Ok(link)
    }
}

impl Kept {
    fn holds(&self, now: Instant, clock: Timestamp) -> bool {
        let young = now.saturating_duration_since(self.made) < KEPT;
        let good = self.link.credentials_until().is_none_or(|until| until > clock);
        young && good && self.files.iter().all(|known| stamp(&known.0) == *known)
    }
}

fn stamp(path: &Path) -> Stamp {
    let seen = fs::metadata(path).and_then(|about| Ok((about.modified()?, about.len())));
    (path.to_owned(), seen.ok())
}
