//! A pod in kubectl's own order of telling.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Manifest,
    describe::{Page, age, conditions, lay_out, one_line},
    pod_read,
};

/// All of a pod but its names and events.
pub(super) fn body(page: &mut Page, pod: &Manifest, now: Timestamp) {
    let text = |path: &[&str]| pod.text(path);
    page.field("Service Account", text(&["spec", "serviceAccountName"]).unwrap_or("default"));
    let host = text(&["status", "hostIP"]).unwrap_or_default();
    page.field(
        "Node",
        &text(&["spec", "nodeName"]).map_or_else(|| "<none>".to_owned(), |node| format!("{node}/{host}")),
    );
    page.maybe("Start Time", text(&["status", "startTime"]));
    match text(&["metadata", "deletionTimestamp"]).and_then(|at| at.parse::<Timestamp>().ok()) {
        Some(at) => {
            page.field("Status", &format!("Terminating (lasts {})", age(now, at)));
            let grace = pod.at(&["metadata", "deletionGracePeriodSeconds"]).map(one_line);
            page.maybe("Grace Period", grace.map(|grace| format!("{grace}s")).as_deref());
        }
        None => page.field("Status", &status(pod)),
    }
    page.maybe("Reason", text(&["status", "reason"]));
    page.maybe("Message", text(&["status", "message"]));
    page.maybe("IP", text(&["status", "podIP"]));
    let owners = pod.at(&["metadata", "ownerReferences"]).and_then(Value::as_array);
    let controls = |owner: &&Value| owner.get("controller").and_then(Value::as_bool) == Some(true);
    if let Some(owner) = owners.into_iter().flatten().find(controls) {
        page.field("Controlled By", &format!("{}/{}", part(owner, "kind"), part(owner, "name")));
    }
    containers(page, pod, "Init Containers", "initContainers", "initContainerStatuses");
    containers(page, pod, "Containers", "containers", "containerStatuses");
    containers(page, pod, "Ephemeral Containers", "ephemeralContainers", "ephemeralContainerStatuses");
    if let Some(found) = pod.at(&["status", "conditions"]) {
        conditions(page, found);
    }
    if let Some(volumes) =
        pod.at(&["spec", "volumes"]).filter(|volumes| volumes.as_array().is_some_and(|all| !all.is_empty()))
    {
        lay_out(page, "Volumes", volumes);
    }
    page.maybe("QoS Class", text(&["status", "qosClass"]));
    let selectors = pod.at(&["spec", "nodeSelector"]).and_then(Value::as_object);
    page.values(
        "Node-Selectors",
        selectors.into_iter().flatten().map(|(key, value)| format!("{key}={}", one_line(value))),
    );
    let tolerations = pod.at(&["spec", "tolerations"]).and_then(Value::as_array);
    page.values("Tolerations", tolerations.into_iter().flatten().map(toleration));
}

/// STATUS of the list, so that both screens say the same.
fn status(pod: &Manifest) -> String {
    let json = pod.0.to_string();
    pod_read::row(json.as_bytes()).map_or_else(|_| String::new(), |row| row.status.to_string())
}

fn part<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn toleration(toleration: &Value) -> String {
    let mut out = part(toleration, "key").to_owned();
    if !part(toleration, "value").is_empty() {
        out.push_str(&format!("={}", part(toleration, "value")));
    }
    if !part(toleration, "effect").is_empty() {
        out.push_str(&format!(":{}", part(toleration, "effect")));
    }
    if !part(toleration, "operator").is_empty() {
        out.push_str(&format!(" op={}", part(toleration, "operator")));
    }
    if let Some(seconds) = toleration.get("tolerationSeconds") {
        out.push_str(&format!(" for {}s", one_line(seconds)));
    }
    out
}

fn containers(page: &mut Page, pod: &Manifest, heading: &str, wanted: &str, found: &str) {
    let wanted = pod.at(&["spec", wanted]).and_then(Value::as_array);
    let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) else { return };
    let found = pod.at(&["status", found]).and_then(Value::as_array);
    page.line(&format!("{heading}:"));
    page.inside(|page| {
        for container in wanted {
            let name = part(container, "name");
            let state = found.into_iter().flatten().find(|state| part(state, "name") == name);
            page.line(&format!("{name}:"));
            page.inside(|page| one(page, container, state));
        }
    });
}

fn one(page: &mut Page, container: &Value, state: Option<&Value>) {
    page.maybe("Container ID", state.map(|state| part(state, "containerID")));
    page.field("Image", part(container, "image"));
    page.maybe("Image ID", state.map(|state| part(state, "imageID")));
    page.maybe("Restart Policy", container.get("restartPolicy").and_then(Value::as_str));
    let ports = container.get("ports").and_then(Value::as_array);
    let port = |port: &Value| {
        let name = match part(port, "name") {
            "" => String::new(),
            name => format!(" ({name})"),
        };
        format!("{}/{}{name}", port.get("containerPort").map(one_line).unwrap_or_default(), part(port, "protocol"))
    };
    page.values("Ports", ports.into_iter().flatten().map(port));
    for (name, field) in [("Command", "command"), ("Args", "args")] {
        if let Some(words) = container.get(field).and_then(Value::as_array) {
            page.line(&format!("{name}:"));
            page.inside(|page| words.iter().for_each(|word| page.line(&one_line(word))));
        }
    }
    if let Some(status) = state {
        self::state(page, "State", status.get("state"));
        self::state(page, "Last State", status.get("lastState"));
        let ready = status.get("ready").and_then(Value::as_bool) == Some(true);
        page.field("Ready", if ready { "True" } else { "False" });
        page.field("Restart Count", &status.get("restartCount").map_or_else(|| "0".to_owned(), one_line));
    }
    for (name, field) in [("Limits", "limits"), ("Requests", "requests")] {
        if let Some(found) = container.get("resources").and_then(|resources| resources.get(field)) {
            lay_out(page, name, found);
        }
    }
    for (name, field) in [("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")] {
        if let Some(found) = container.get(field) {
            page.field(name, &probe(found));
        }
    }
    let sources = container.get("envFrom").and_then(Value::as_array);
    if let Some(sources) = sources.filter(|sources| !sources.is_empty()) {
        page.values("Environment Variables from", sources.iter().map(source));
    }
    let variables = container.get("env").and_then(Value::as_array);
    page.values("Environment", variables.into_iter().flatten().map(variable));
    let mounts = container.get("volumeMounts").and_then(Value::as_array);
    let mount = |mount: &Value| {
        let read_only = mount.get("readOnly").and_then(Value::as_bool) == Some(true);
        let how = if read_only { "ro" } else { "rw" };
        format!("{} from {} ({how})", part(mount, "mountPath"), part(mount, "name"))
    };
    page.values("Mounts", mounts.into_iter().flatten().map(mount));
}

fn state(page: &mut Page, name: &str, state: Option<&Value>) {
    let Some((kind, about)) = state.and_then(Value::as_object).and_then(|state| state.iter().next()) else { return };
    let mut word = kind.clone();
    if let Some(first) = word.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    page.field(name, &word);
    page.inside(|page| {
        for (label, field) in [("Reason", "reason"), ("Message", "message")] {
            page.maybe(label, about.get(field).and_then(Value::as_str));
        }
        for (label, field) in
            [("Exit Code", "exitCode"), ("Signal", "signal"), ("Started", "startedAt"), ("Finished", "finishedAt")]
        {
            page.maybe(label, about.get(field).map(one_line).as_deref());
        }
    });
}

fn probe(probe: &Value) -> String {
    let number = |field: &str| probe.get(field).map_or_else(|| "0".to_owned(), one_line);
    let how = if let Some(http) = probe.get("httpGet") {
        let scheme = part(http, "scheme").to_lowercase();
        let port = http.get("port").map(one_line).unwrap_or_default();
        format!("http-get {scheme}://{}:{port}{}", part(http, "host"), part(http, "path"))
    } else if let Some(exec) = probe.get("exec") {
        format!("exec {}", exec.get("command").map(one_line).unwrap_or_default())
    } else if let Some(tcp) = probe.get("tcpSocket") {
        format!("tcp-socket {}:{}", part(tcp, "host"), tcp.get("port").map(one_line).unwrap_or_default())
    } else if let Some(grpc) = probe.get("grpc") {
        format!("grpc :{} {}", grpc.get("port").map(one_line).unwrap_or_default(), part(grpc, "service"))
    } else {
        "unknown".to_owned()
    };
    format!(
        "{how} delay={}s timeout={}s period={}s #success={} #failure={}",
        number("initialDelaySeconds"),
        number("timeoutSeconds"),
        number("periodSeconds"),
        number("successThreshold"),
        number("failureThreshold")
    )
}

fn source(source: &Value) -> String {
    for (kind, field) in [("ConfigMap", "configMapRef"), ("Secret", "secretRef")] {
        if let Some(reference) = source.get(field) {
            return format!("{}  {kind}", part(reference, "name"));
        }
    }
    one_line(source)
}

fn variable(variable: &Value) -> String {
    let name = part(variable, "name");
    let Some(from) = variable.get("valueFrom") else { return format!("{name}: {}", part(variable, "value")) };
    for (kind, field) in [("secret", "secretKeyRef"), ("config map", "configMapKeyRef")] {
        if let Some(key) = from.get(field) {
            return format!("{name}: <set to the key '{}' in {kind} '{}'>", part(key, "key"), part(key, "name"));
        }
    }
    if let Some(field) = from.get("fieldRef") {
        return format!("{name}: ({})", part(field, "fieldPath"));
    }
    format!("{name}: {}", one_line(from))
}
