//! What a rule does, in the words a test says it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Deed;
use crate::{
    api::{Forbidden, Request, Undry, Webhook},
    world::Flood,
};

/// The longest wait; a longer one is a mistake in a test.
const LONGEST: u64 = 600_000;
/// The most a container says in a second.
const LOUDEST: u32 = 100_000;

/// Those of the first group do something to one request and have their namesakes in the proxy before a real API server; those of
/// the last stand for as long as their rule does, and take no match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// It waits before the server sees it.
    Delay {
        #[serde(default)]
        ms: u64,
    },
    /// The server acts; its answer waits.
    Late {
        #[serde(default)]
        ms: u64,
    },
    /// The connection breaks; the server never sees it.
    CutBefore {},
    /// The server acts; the connection breaks instead of an answer.
    CutAfter {
        #[serde(default)]
        ms: u64,
    },
    /// This is the answer; the server never sees it.
    Status {
        #[serde(default)]
        code: u16,
        #[serde(default)]
        message: String,
        #[serde(default)]
        retry_after_s: u32,
    },
    /// The answer has no date.
    StripDate {},
    /// A webhook changes what is to be stored (a merge patch), or refuses it.
    Webhook {
        #[serde(default)]
        patch: Value,
        #[serde(default)]
        message: String,
    },
    /// Somebody else writes first.
    Write {
        #[serde(default = "patch")]
        method: String,
        /// Empty: where the request goes.
        #[serde(default)]
        path: String,
        #[serde(default)]
        body: Value,
        #[serde(default = "somebody")]
        manager: String,
    },
    /// Nobody gets in, and whoever is in is put out.
    Unreachable {},
    /// A right that nobody has.
    Forbid {
        /// `PLURAL.GROUP`, the subresource behind a slash: `deployments/scale.apps`.
        #[serde(default)]
        resource: String,
        #[serde(default)]
        verbs: Vec<String>,
        #[serde(default)]
        namespace: String,
    },
    /// A kind without a dry run.
    NoDryRun {
        #[serde(default)]
        resource: String,
        /// A dry run writes.
        #[serde(default)]
        ignored: bool,
    },
    /// A container that talks without end.
    LogFlood {
        /// `NAMESPACE/NAME`, or how it begins.
        #[serde(default)]
        pod: String,
        #[serde(default)]
        lines_per_s: u32,
    },
}

fn patch() -> String {
    "PATCH".to_owned()
}

fn somebody() -> String {
    "somebody".to_owned()
}

impl Action {
    /// Checks the words; the error names the field.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Delay { ms } | Self::Late { ms } if *ms == 0 => {
                Err("action.ms: delay and late need a wait above 0".to_owned())
            }
            Self::Delay { ms } | Self::Late { ms } | Self::CutAfter { ms } if *ms > LONGEST => {
                Err(format!("action.ms: want 0 to {LONGEST}"))
            }
            Self::Status { code, .. } if !(400..=599).contains(code) => Err("action.code: want 400 to 599".to_owned()),
            Self::Webhook { patch, message } if message.is_empty() && !patch.is_object() => {
                Err("action: a webhook wants a patch (an object) or a message to refuse with".to_owned())
            }
            Self::Write { method, .. } if !["PATCH", "PUT", "POST", "DELETE"].contains(&method.as_str()) => {
                Err(format!("action.method: {method:?}; want PATCH, PUT, POST or DELETE"))
            }
            Self::Write { path, .. } if !path.is_empty() && !path.starts_with('/') => {
                Err("action.path: begins with /".to_owned())
            }
            Self::Forbid { resource, .. } | Self::NoDryRun { resource, .. } if resource.is_empty() => {
                Err("action.resource: want PLURAL.GROUP, or PLURAL in the core group".to_owned())
            }
            Self::LogFlood { pod, .. } if !pod.contains('/') => Err("action.pod: want NAMESPACE/NAME".to_owned()),
            Self::LogFlood { lines_per_s, .. } if !(1..=LOUDEST).contains(lines_per_s) => {
                Err(format!("action.lines_per_s: want 1 to {LOUDEST}"))
            }
            _ => Ok(()),
        }
    }

    /// Whether it stands by itself, without a request.
    pub fn stands(&self) -> bool {
        matches!(self, Self::Unreachable {} | Self::Forbid { .. } | Self::NoDryRun { .. } | Self::LogFlood { .. })
    }

    /// What happens to a request that its rule, of this name, is about.
    pub fn deed(&self, name: &str) -> Deed {
        match self {
            Self::Delay { ms } => Deed::Delay(Duration::from_millis(*ms)),
            Self::Late { ms } => Deed::Late(Duration::from_millis(*ms)),
            Self::CutAfter { ms } => Deed::CutAfter(Duration::from_millis(*ms)),
            Self::StripDate {} => Deed::StripDate,
            Self::Status { code, message, retry_after_s } => {
                let retry = (*retry_after_s > 0).then_some(*retry_after_s);
                Deed::Answer(*code, status(*code, message, retry), retry)
            }
            Self::Webhook { patch, message } => Deed::Admit(Box::new(Webhook {
                name: format!("{name}.brink.dev"),
                patch: patch.clone(),
                refusal: (!message.is_empty()).then(|| message.clone()),
            })),
            Self::Write { method, path, body, manager } => Deed::After(Box::new(Request {
                method: method.clone(),
                path: path.clone(),
                query: vec![("fieldManager".to_owned(), manager.clone())],
                content_type: if method == "PATCH" { "application/merge-patch+json" } else { "application/json" }
                    .to_owned(),
                agent: manager.clone(),
                body: if body.is_null() { bytes::Bytes::new() } else { body.to_string().into() },
                ..Request::default()
            })),
            Self::CutBefore {}
            | Self::Unreachable {}
            | Self::Forbid { .. }
            | Self::NoDryRun { .. }
            | Self::LogFlood { .. } => Deed::CutBefore,
        }
    }

    /// The rights it takes away.
    pub fn forbidden(&self) -> Option<Forbidden> {
        let Self::Forbid { resource, verbs, namespace } = self else { return None };
        let (resource, group) = split(resource);
        Some(Forbidden { group, resource, verbs: verbs.clone(), namespace: namespace.clone() })
    }

    /// The kind it leaves without a dry run.
    pub fn undry(&self) -> Option<Undry> {
        let Self::NoDryRun { resource, ignored } = self else { return None };
        let (resource, group) = split(resource);
        Some(Undry { group, resource, ignored: *ignored })
    }

    /// The container it makes talk.
    pub fn flood(&self) -> Option<Flood> {
        let Self::LogFlood { pod, lines_per_s } = self else { return None };
        let (namespace, pod) = pod.split_once('/')?;
        Some(Flood { namespace: namespace.to_owned(), pod: pod.to_owned(), rate: *lines_per_s })
    }
}

/// Plural and group of `PLURAL.GROUP`.
fn split(resource: &str) -> (String, String) {
    let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
    (plural.to_owned(), group.to_owned())
}

fn status(code: u16, message: &str, retry: Option<u32>) -> Value {
    let reason = match code {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        410 => "Expired",
        422 => "Invalid",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "InternalError",
    };
    let message = if message.is_empty() { reason } else { message };
    let mut status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    });
    if let Some(seconds) = retry {
        status["details"] = json!({"retryAfterSeconds": seconds});
    }
    status
}
