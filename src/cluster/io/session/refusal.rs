//! Why a websocket did not come about, in words with a remedy.

use kube::client::UpgradeConnectionError as Upgrade;

use super::super::{connect::Link, failure};
use crate::cluster::{
    api::Trouble,
    cause::remedy,
    session::{Place, SessionError},
};

/// What a refused exec, attach or port-forward comes to. `verb` is the subresource.
pub(super) fn told(link: &Link, place: &Place, verb: &str, error: &kube::Error) -> SessionError {
    let context = link.context();
    let what = |why: &str| format!("cannot {} {}: {why}", name(verb), place.words());
    match error {
        kube::Error::UpgradeConnection(Upgrade::ProtocolSwitch(code)) => match code.as_u16() {
            401 | 403 => SessionError::new(
                what("you may not"),
                format!(
                    "`kubectl --context {context} auth can-i create pods/{verb} -n {}` says whether you may",
                    place.namespace
                ),
            ),
            404 => SessionError::new(what("there is no such pod"), "it may have been replaced: look at the pods again"),
            400 => SessionError::new(
                what("the server refuses it"),
                "the container may not run, or have another name: describe the pod",
            ),
            500..=599 => SessionError::new(
                what("the API server cannot reach the node of the pod"),
                format!("`kubectl --context {context} get nodes` says whether it is ready"),
            ),
            code => SessionError::new(
                what(&format!("the server answered {code} and no websocket")),
                "a proxy on the way may not pass websockets on",
            ),
        },
        kube::Error::UpgradeConnection(other) => {
            SessionError::new(what(&other.to_string()), "a proxy on the way may not pass websockets on")
        }
        other => of_trouble(link, &what, &failure::trouble(link.server(), other)),
    }
}

/// The same of a request that failed before.
pub(super) fn trouble(link: &Link, what: &str, trouble: &Trouble) -> SessionError {
    of_trouble(link, &|why| format!("{what}: {why}"), trouble)
}

fn of_trouble(link: &Link, what: &dyn Fn(&str) -> String, trouble: &Trouble) -> SessionError {
    SessionError::new(what(&trouble.to_string()), remedy(trouble, link.context()))
}

fn name(verb: &str) -> &'static str {
    match verb {
        "attach" => "attach to",
        "portforward" => "forward a port to",
        _ => "go into",
    }
}
