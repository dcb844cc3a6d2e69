//! Attach: what the program of the container says from now on. It takes no input, as nearly no server does.

use serde_json::Value;

use super::{
    super::{machine::Machine, serve::Shared},
    Came, Channels, STDOUT, container, whole,
};
use crate::{
    api::{Body, Request},
    base::value::text,
};

pub(super) async fn run<M: Machine>(shared: &Shared<M>, request: &Request, pod: &Value, mut channels: Channels) {
    let (namespace, name) = (text(pod, &["metadata", "namespace"]), text(pod, &["metadata", "name"]));
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/log");
    let query = [("follow", "true"), ("tailLines", "0"), ("container", container(request, pod))];
    let answer = shared.ask(|machine| machine.request(&whole(shared, &path, &query)));
    let Body::Stream(mut stream) = answer.body else { return channels.end().await };
    let mut steps = shared.steps.subscribe();
    loop {
        let pulled = shared.ask(|machine| machine.pull(&mut stream));
        for chunk in &pulled.chunks {
            if !channels.send(STDOUT, chunk).await {
                return;
            }
        }
        if pulled.ended {
            return channels.end().await;
        }
        tokio::select! {
            changed = steps.changed() => if changed.is_err() { return },
            came = channels.next() => if matches!(came, Came::Over) { return },
        }
    }
}
