//! `GET …/pods/NAME/exec`, `attach` and `portforward`: whether a session may begin. What is said in it is not the API's business.

use super::{
    refusal::Refusal,
    wire::{Request, Response},
};
use crate::{
    base::value::{list, text},
    store::Object,
};

/// Answers 101 with the pod, when the session may begin: whoever holds the connection goes on from there.
pub fn open(pod: &Object, verb: &str, request: &Request) -> Result<Response, Refusal> {
    if !request.upgrade {
        return Err(Refusal::bad("unable to upgrade: missing upgrade headers in request"));
    }
    if text(pod.value(), &["spec", "nodeName"]).is_empty() {
        return Err(Refusal::bad(format!("pod {} does not have a host assigned", pod.name())));
    }
    if verb == "portforward" {
        if pod.phase() != "Running" {
            let why = format!("unable to forward port because pod is not running. Current status={}", pod.phase());
            return Err(Refusal::bad(why));
        }
        return Ok(Response::json(101, pod.value()));
    }
    if verb == "exec" && request.ask("command").is_none() {
        return Err(Refusal::bad("you must specify at least 1 command for the container"));
    }
    let containers = list(pod.value(), &["spec", "containers"]);
    let sidecars = list(pod.value(), &["spec", "initContainers"]);
    let all: Vec<&str> = containers.iter().chain(sidecars).map(|one| text(one, &["name"])).collect();
    let name = match request.ask("container") {
        Some(name) if all.contains(&name) => name,
        Some(name) => return Err(Refusal::bad(format!("container {name} is not valid for pod {}", pod.name()))),
        None => containers.first().map(|one| text(one, &["name"])).unwrap_or_default(),
    };
    let states = ["containerStatuses", "initContainerStatuses"];
    let state = states.iter().flat_map(|field| list(pod.value(), &["status", field])).find(|one| one["name"] == name);
    if state.is_none_or(|state| !state["state"]["running"].is_object()) {
        return Err(Refusal::new(500, "InternalError", format!("container not found ({name:?})")));
    }
    Ok(Response::json(101, pod.value()))
}
