//! Why something was not applied, not aborted or not released, in words a person can act on.

use thiserror::Error;

use super::guard::NoWarrant;

/// Why an apply came to nothing. Whatever had been written before is undone, or being undone (the view says which).
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ApplyError {
    /// The guard does not allow it. Nothing was written.
    #[error(transparent)]
    Guard(#[from] NoWarrant),
    /// This preview was applied or refused before. Nothing was written.
    #[error("this preview was used already")]
    Spent,
    /// Something moved since the preview. Nothing was written.
    #[error("{object} moved since the preview: {why}")]
    Moved {
        /// What moved.
        object: String,
        /// How.
        why: String,
    },
    /// The emergency stop is latched. Nothing was written.
    #[error("the emergency stop is on ({by})")]
    Latched {
        /// Who, when and where it holds.
        by: String,
    },
    /// Another open injection stands in the way (rule R11). Nothing was written.
    #[error("{owner}'s injection {id} is open: {why}")]
    Rival {
        /// Its id.
        id: String,
        /// Whose it is.
        owner: String,
        /// Which object, or how many are allowed.
        why: String,
    },
    /// A safety net could not be put up. Nothing was written.
    #[error("the {net} is not in place: {why}")]
    Net {
        /// `journal`, `record`, `fuse`, `guardian`.
        net: &'static str,
        /// What was said.
        why: String,
    },
    /// The plan cannot be carried out as it is. Nothing was written.
    #[error("this plan cannot be armed: {0}")]
    Unfit(String),
    /// An abort condition cannot be read, or is breached already. Nothing was written.
    #[error("an abort condition stands in the way: {0}")]
    Condition(String),
    /// A step was refused or its answer never came; everything is being undone.
    #[error("step {step} ({object}) failed: {why}")]
    Step {
        /// Its number.
        step: u32,
        /// Its object.
        object: String,
        /// The server's words.
        why: String,
    },
    /// The engine behind it did not act; everything is being undone.
    #[error("not injected: step {step} ({object}): {why}")]
    NotInjected {
        /// Its number.
        step: u32,
        /// Its object.
        object: String,
        /// The engine's words.
        why: String,
    },
    /// The server stored something else than previewed; everything is being undone.
    #[error("the server stored something else than previewed for {object}: {diff}")]
    Deviated {
        /// The object.
        object: String,
        /// Path, expected and stored, of each.
        diff: String,
    },
    /// It was aborted or stopped while it was applied; everything is being undone.
    #[error("stopped while applying: {0}")]
    Stopped(String),
    /// The cluster cannot be reached or refused a read. Nothing was written.
    #[error("{what}: {why}")]
    Link {
        /// What was tried.
        what: String,
        /// What came back.
        why: String,
    },
}

/// Where a remedy is read: it names what can be done there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// By a person in the cockpit.
    Cockpit,
    /// By whoever called a command.
    CommandLine,
}

impl ApplyError {
    /// What to do about it.
    pub fn fix(&self, reader: Reader) -> String {
        let here = reader == Reader::Cockpit;
        match self {
            Self::Guard(NoWarrant::Confirm { .. }) if !here => {
                "type the name when asked, or give --yes outside production".to_owned()
            }
            Self::Guard(NoWarrant::YesInProduction) if !here => {
                "apply it in the cockpit, where the name can be typed".to_owned()
            }
            Self::Guard(_) => "change the target or the parameters, or the policy key the rule names".to_owned(),
            Self::Spent | Self::Moved { .. } if here => "look at the new preview".to_owned(),
            Self::Spent | Self::Moved { .. } => "plan it again and look at the new preview".to_owned(),
            Self::Latched { .. } if here => "find out why it was stopped, then `:release REASON`".to_owned(),
            Self::Latched { .. } => "find out why it was stopped, then `brink release --reason TEXT`".to_owned(),
            Self::Rival { .. } if here => "wait until it has ended, or end it in the faults pane".to_owned(),
            Self::Rival { id, .. } => format!("wait until it has ended, or `brink fault abort {id}`"),
            Self::Net { net, .. } => match *net {
                "journal" => "make the state directory writable, or name another with --state-dir".to_owned(),
                "record" => "ask for rights on configmaps in the touched namespaces (`brink doctor --faults` prints the Role), or set `record-local` in the policy".to_owned(),
                "fuse" => "ask for rights on jobs in the touched namespaces (`brink doctor --faults` prints the Role), or choose a guarded driver".to_owned(),
                _ => "run `brink doctor --faults`: it starts a guardian and says what is missing".to_owned(),
            },
            Self::Condition(_) => {
                "wait until its figure is well, or change the condition; `brink doctor` tells whether the metric source answers"
                    .to_owned()
            }
            Self::Unfit(_) => "split the plan or change the manifest".to_owned(),
            Self::Step { .. } | Self::NotInjected { .. } | Self::Deviated { .. } | Self::Stopped(_) if here => {
                "nothing stays applied; the faults pane tells how the undo went".to_owned()
            }
            Self::Step { .. } | Self::NotInjected { .. } | Self::Deviated { .. } | Self::Stopped(_) => {
                "nothing stays applied; `brink fault show` tells how the undo went".to_owned()
            }
            Self::Link { .. } => "check the connection with `brink doctor`".to_owned(),
        }
    }

    /// Whether anything had been written when it failed.
    pub fn touched(&self) -> bool {
        matches!(self, Self::Step { .. } | Self::NotInjected { .. } | Self::Deviated { .. } | Self::Stopped(_))
    }
}

/// Why an abort, an extension, a decision on a stuck undo or a release was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OrderError {
    /// No such injection here or in the cluster.
    #[error("no open injection `{0}`")]
    Unknown(String),
    /// It is not in a state in which this can be asked.
    #[error("injection {id} is {state}: {why}")]
    NotNow {
        /// Its id.
        id: String,
        /// Its state's word.
        state: &'static str,
        /// Why not.
        why: String,
    },
    /// Only its owner may, or anyone after the deadline.
    #[error("injection {id} belongs to {owner}: {why}")]
    NotYours {
        /// Its id.
        id: String,
        /// Whose it is.
        owner: String,
        /// What is reserved.
        why: String,
    },
    /// Read-only mode.
    #[error("nothing is written in read-only mode")]
    ReadOnly,
    /// The journal or the latch could not be read or written.
    #[error("{what}: {why}")]
    Disk {
        /// What was tried.
        what: String,
        /// What came back.
        why: String,
    },
    /// The cluster cannot be reached or refused.
    #[error("{what}: {why}")]
    Link {
        /// What was tried.
        what: String,
        /// What came back.
        why: String,
    },
}

impl OrderError {
    /// What to do about it.
    pub fn fix(&self, reader: Reader) -> String {
        let here = reader == Reader::Cockpit;
        match self {
            Self::Unknown(_) if here => "it may have ended meanwhile; the faults pane shows what is open".to_owned(),
            Self::NotNow { .. } if here => "the faults pane tells where it stands".to_owned(),
            Self::Unknown(_) => "`brink fault list --all` shows what is open".to_owned(),
            Self::NotNow { id, .. } => format!("`brink fault show {id}` tells where it stands"),
            Self::NotYours { owner, .. } => {
                format!("ask {owner}, or wait for its deadline; aborting is always allowed")
            }
            Self::ReadOnly => "start brink without --readonly".to_owned(),
            Self::Disk { .. } => "make the state directory writable, or name another with --state-dir".to_owned(),
            Self::Link { .. } => "check the connection with `brink doctor`".to_owned(),
        }
    }
}
