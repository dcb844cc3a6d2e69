//! Logs: what the containers of a pod said. The lines come from whoever simulates them.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    cluster::Cluster,
    options,
    proxy::{Answered, Asked},
    refusal::Refusal,
    wire::{Pulled, Request, Response, Stream},
};
use crate::{
    base::{
        usage::Usage,
        value::{list, text},
    },
    schema::validate::Cause,
    store::{Object, Store},
};

const TEXT: &str = "text/plain";

/// Whose lines are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod: String,
    /// Uid of the pod: another one of the same name said other things.
    pub uid: String,
    /// Name of the container.
    pub container: String,
    /// Of the container before the last restart.
    pub previous: bool,
    /// Only lines with a higher number.
    pub after: Option<u64>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number in the log of the container, rising.
    pub number: u64,
    /// When it was said.
    pub at: Timestamp,
    /// What was said, without a line end.
    pub text: String,
}

/// What is known of containers beyond the objects: where lines and figures come from.
pub trait Readings {
    /// The lines that are kept, oldest first.
    fn log(&self, ask: &Ask) -> Vec<Line>;

    /// What pods use; `None` where nobody measures, so that `metrics.k8s.io` is not served.
    fn usage(&self) -> Option<&Usage> {
        None
    }

    /// What a pod answers at one of its ports.
    fn reach(&self, _: &Store, _: &Object, _: Asked<'_>) -> Answered {
        Answered::Closed
    }
}

/// Containers that never say anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoReadings;

impl Readings for NoReadings {
    fn log(&self, _: &Ask) -> Vec<Line> {
        Vec::new()
    }
}

/// A log that is being read.
#[derive(Debug)]
pub struct Follow {
    ask: Ask,
    timestamps: bool,
    since: Option<Timestamp>,
}

/// `GET …/pods/NAME/log`.
pub fn serve(cluster: &Cluster, pod: &Object, request: &Request, readings: &dyn Readings) -> Result<Response, Refusal> {
    let (tail, bytes) = (options::number(request, "tailLines")?, options::number(request, "limitBytes")?);
    let seconds = options::number(request, "sinceSeconds")?;
    let mut causes = Vec::new();
    for (field, given, least, why) in [
        ("tailLines", tail, 0, "must be greater than or equal to 0"),
        ("limitBytes", bytes, 1, "must be greater than 0"),
        ("sinceSeconds", seconds, 1, "must be greater than 0"),
    ] {
        if let Some(given) = given.filter(|given| *given < least) {
            causes.push(Cause::invalid(field, &Value::from(given), why));
        }
    }
    if !causes.is_empty() {
        return Err(Refusal::of_log(pod.name(), &causes));
    }
    let container = container(pod.value(), request.ask("container"))?;
    // A pod that no node has taken yet says nothing.
    if text(pod.value(), &["spec", "nodeName"]).is_empty() {
        return Ok(Response::bytes(204, TEXT, Bytes::new()));
    }
    let since = match (seconds, request.ask("sinceTime")) {
        (Some(seconds), _) => Some(cluster.now() - SignedDuration::from_secs(seconds)),
        (None, Some(text)) => Some(text.parse().map_err(|_| Refusal::bad(format!("sinceTime: no time: {text:?}")))?),
        (None, None) => None,
    };
    let mut follow = Follow {
        ask: Ask {
            namespace: pod.namespace().to_owned(),
            pod: pod.name().to_owned(),
            uid: pod.uid().to_owned(),
            container: container.clone(),
            previous: request.is_set("previous"),
            after: None,
        },
        timestamps: request.is_set("timestamps"),
        since,
    };
    started(pod.value(), &container, follow.ask.previous)?;
    let (from, to) = window(pod.value(), &container, follow.ask.previous);
    follow.since = follow.since.max(from);
    let mut lines = readings.log(&follow.ask);
    lines.retain(|line| follow.since.is_none_or(|since| line.at >= since) && to.is_none_or(|to| line.at < to));
    if let Some(tail) = request.number("tailLines") {
        let tail = usize::try_from(tail).unwrap_or(usize::MAX);
        lines.drain(..lines.len().saturating_sub(tail));
    }
    let all = readings.log(&follow.ask);
    if request.is_set("follow") {
        // Lines before the first one wanted are never sent.
        let first = lines.first().map(|line| line.number);
        follow.ask.after = first.map_or_else(|| all.last().map(|line| line.number), |first| first.checked_sub(1));
        if first == Some(0) {
            follow.ask.after = None;
        }
        return Ok(Response::stream(TEXT, Stream::Follow(Box::new(follow))));
    }
    let mut text: String = lines.iter().map(|line| follow.write(line)).collect();
    if let Some(limit) = request.number("limitBytes") {
        let mut limit = usize::try_from(limit).unwrap_or(usize::MAX).min(text.len());
        while !text.is_char_boundary(limit) {
            limit -= 1;
        }
        text.truncate(limit);
    }
    Ok(Response::bytes(200, TEXT, Bytes::from(text)))
}

impl Follow {
    fn write(&self, line: &Line) -> String {
        if self.timestamps { format!("{} {}\n", line.at, line.text) } else { format!("{}\n", line.text) }
    }

    /// The lines since the last time.
    pub fn pull(&mut self, cluster: &Cluster, readings: &dyn Readings) -> Pulled {
        let lines = readings.log(&self.ask);
        let text: String = lines
            .iter()
            .filter(|line| self.since.is_none_or(|since| line.at >= since))
            .map(|line| self.write(line))
            .collect();
        if let Some(last) = lines.last() {
            self.ask.after = Some(last.number);
        }
        let pods = cluster.store().find("", "pods");
        let pod = pods.and_then(|pods| cluster.store().get(pods, &self.ask.namespace, &self.ask.pod));
        let over = pod.is_none_or(|pod| {
            pod.uid() != self.ask.uid || !state(pod.value(), &self.ask.container)["state"]["terminated"].is_null()
        });
        let chunks = if text.is_empty() { Vec::new() } else { vec![Bytes::from(text)] };
        Pulled { chunks, ended: over || self.ask.previous }
    }
}

fn container(pod: &Value, asked: Option<&str>) -> Result<String, Refusal> {
    let name = text(pod, &["metadata", "name"]);
    let all: Vec<&str> = ["initContainers", "containers"]
        .iter()
        .flat_map(|field| list(pod, &["spec", field]))
        .map(|one| text(one, &["name"]))
        .collect();
    if let Some(asked) = asked {
        if all.contains(&asked) {
            return Ok(asked.to_owned());
        }
        return Err(Refusal::bad(format!("container {asked} is not valid for pod {name}")));
    }
    let main: Vec<&str> = list(pod, &["spec", "containers"]).iter().map(|one| text(one, &["name"])).collect();
    match main.as_slice() {
        [one] => Ok((*one).to_owned()),
        _ => Err(Refusal::bad(format!(
            "a container name must be specified for pod {name}, choose one of: [{}]",
            main.join(" ")
        ))),
    }
}

fn state<'a>(pod: &'a Value, container: &str) -> &'a Value {
    static NONE: Value = Value::Null;
    ["initContainerStatuses", "containerStatuses"]
        .iter()
        .flat_map(|field| list(pod, &["status", field]))
        .find(|one| one["name"] == container)
        .unwrap_or(&NONE)
}

/// From when to when the run of a container that is asked for lasted: what a restarted one said before is another log.
fn window(pod: &Value, container: &str, previous: bool) -> (Option<Timestamp>, Option<Timestamp>) {
    let state = state(pod, container);
    if state["restartCount"].as_i64().unwrap_or_default() == 0 {
        return (None, None);
    }
    let at = |path: [&str; 3]| text(state, &path).parse::<Timestamp>().ok();
    let last = at(["lastState", "terminated", "startedAt"]);
    if previous {
        // Moments are told to the second.
        let over = at(["lastState", "terminated", "finishedAt"]).map(|over| over + SignedDuration::from_secs(1));
        return (last, over);
    }
    let begun = at(["state", "running", "startedAt"]).or_else(|| at(["state", "terminated", "startedAt"]));
    (begun.or(last), None)
}

/// A container that never ran has no log.
fn started(pod: &Value, container: &str, previous: bool) -> Result<(), Refusal> {
    let name = text(pod, &["metadata", "name"]);
    let state = state(pod, container);
    if previous && state["lastState"]["terminated"].is_null() {
        return Err(Refusal::bad(format!("previous terminated container {container:?} in pod {name:?} not found")));
    }
    let reason = text(state, &["state", "waiting", "reason"]);
    let ran = state["restartCount"].as_i64().unwrap_or_default() > 0;
    if !reason.is_empty() && !ran {
        let why = match reason {
            "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" => "trying and failing to pull image".to_owned(),
            other => other.to_owned(),
        };
        return Err(Refusal::bad(format!("container {container:?} in pod {name:?} is waiting to start: {why}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::{Ask, Line, Readings, serve};
    use crate::{
        api::{Body, Cluster, Request},
        base::{kinds, objects::Objects as _},
        store::Object,
    };

    /// A container that says a word each minute of an hour.
    struct Talk;

    impl Readings for Talk {
        fn log(&self, _: &Ask) -> Vec<Line> {
            let line = |number: u64| Line {
                number,
                at: Timestamp::from_second(i64::try_from(number).unwrap() * 60).unwrap(),
                text: format!("word {number}"),
            };
            (0..60).map(line).collect()
        }
    }

    fn said(query: &[(&str, &str)]) -> String {
        let mut cluster = Cluster::new(1, Timestamp::from_second(3600).unwrap());
        let pod = json!({"metadata": {"name": "p", "namespace": "default"},
            "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i:1"}]}});
        let mut pod = serde_json::Value::clone(&cluster.create(kinds::POD, pod, "test").unwrap());
        pod["status"]["containerStatuses"] = json!([{
            "name": "c", "restartCount": 1, "ready": true, "image": "i:1", "imageID": "",
            "state": {"running": {"startedAt": "1970-01-01T00:50:00Z"}},
            "lastState": {"terminated": {
                "exitCode": 1, "startedAt": "1970-01-01T00:10:00Z", "finishedAt": "1970-01-01T00:45:00Z",
            }},
        }]);
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let request = Request { query, ..Request::default() };
        match serve(&cluster, &Object::unstored(pod), &request, &Talk).unwrap().body {
            Body::Whole(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            Body::Stream(_) => String::new(),
        }
    }

    #[test]
    fn a_restarted_container_has_two_logs() {
        assert!(said(&[]).starts_with("word 50\n") && said(&[]).ends_with("word 59\n"));
        let before = said(&[("previous", "true")]);
        assert!(before.starts_with("word 10\n") && before.ends_with("word 45\n"), "{before}");
        assert_eq!(said(&[("previous", "true"), ("tailLines", "1")]), "word 45\n");
    }
}
