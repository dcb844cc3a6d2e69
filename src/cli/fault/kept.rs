//! Plans kept for `--plan ID`: the intent and the token of what was shown. Applying one plans it again and compares tokens, so
//! what is applied is what was shown, or nothing.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    cli::failure::{Code, Failure},
    cluster::warrant::Purpose,
    fault::{
        checked::{Checked, FRESH},
        file::{self, Defaults},
        intent::Fault,
    },
};

/// A plan on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPlan {
    /// Its id.
    pub id: String,
    /// The intent, as YAML: a Fault file, or the objects of a manifest.
    pub intent: String,
    /// Namespace of what names none.
    pub namespace: String,
    /// The hash of what was shown.
    pub token: String,
    /// Server time of the check.
    pub at: Timestamp,
    /// A change that is kept, rather than a fault.
    #[serde(default)]
    pub change: bool,
}

/// Keeps a plan that was shown, readable by this user alone.
pub fn keep(state_dir: &Path, checked: &Checked, namespace: &str) -> io::Result<()> {
    let plan = KeptPlan {
        id: checked.plan.id.clone(),
        intent: file::yaml(&checked.plan.fault),
        namespace: namespace.to_owned(),
        token: checked.token.clone(),
        at: checked.at,
        change: checked.plan.purpose == Purpose::Change,
    };
    let folder = state_dir.join("plans");
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    sweep(&folder, checked.at);
    let text = serde_json::to_vec(&plan).map_err(io::Error::other)?;
    let path = folder.join(format!("{}.json", plan.id));
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(&text)
}

/// Removes plans nobody can apply any more. What cannot be read or removed does no harm.
fn sweep(folder: &Path, now: Timestamp) {
    for path in fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())) {
        let kept = fs::read(&path).ok().and_then(|text| serde_json::from_slice::<KeptPlan>(&text).ok());
        if kept.is_none_or(|kept| now.duration_since(kept.at).unsigned_abs() > FRESH) {
            let _ = fs::remove_file(&path);
        }
    }
}

/// Takes a plan away: it can be applied once.
pub fn take(state_dir: &Path, id: &str) -> Result<KeptPlan, Failure> {
    let unknown = |why: String| {
        Failure::usage(
            format!("cannot apply plan {id}"),
            why,
            "plan it again: a plan can be applied once, within 2 minutes",
        )
    };
    let path = path(state_dir, id).ok_or_else(|| unknown("this is no id of a plan".to_owned()))?;
    let text = fs::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => unknown("there is no such plan".to_owned()),
        _ => unknown(format!("{}: {error}", path.display())),
    })?;
    fs::remove_file(&path).map_err(|error| unknown(format!("{}: {error}", path.display())))?;
    serde_json::from_slice(&text).map_err(|error| unknown(format!("{}: {error}", path.display())))
}

/// Ids are letters, digits and dashes: anything else would reach other files.
fn path(state_dir: &Path, id: &str) -> Option<PathBuf> {
    let plain = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    plain.then(|| state_dir.join("plans").join(format!("{id}.json")))
}

impl KeptPlan {
    /// The intent again.
    pub fn fault(&self) -> Result<Fault, Failure> {
        file::read(&format!("plan {}", self.id), &self.intent, &Defaults::of(&self.namespace)).map_err(|error| {
            Failure::usage(format!("cannot apply plan {}", self.id), error.to_string(), "plan it again")
        })
    }

    /// Whether what was checked now is what was shown then.
    pub fn same(&self, checked: &Checked) -> Result<(), Failure> {
        let refused = |why: &str| {
            Failure::new(
                Code::Unmet,
                format!("plan {} is not applied", self.id),
                why,
                "plan it again and look at the new preview",
            )
        };
        if checked.at.duration_since(self.at).unsigned_abs() > FRESH {
            return Err(refused("it is older than 2 minutes"));
        }
        if checked.token != self.token {
            return Err(refused("something moved since it was shown"));
        }
        Ok(())
    }
}
