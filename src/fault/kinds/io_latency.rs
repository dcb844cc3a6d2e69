//! `io-latency`: files of a volume answer late.

use serde_json::{Value, json};

use super::FaultKind;
use crate::{
    cluster::Manifest,
    fault::{
        catalogue::{Deed, Judged, Param, ParamType, Row, Wanted, WrongIntent},
        drivers::{
            CompileError,
            chaos_mesh::{self, Chaos},
            hit,
            native::HowMany,
            words::spoken,
        },
        evidence,
        intent::Fault,
        plan::Plan,
    },
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::IoLatency,
    doc: "Files of a volume answer late.",
    example: "io-latency statefulset/cart --set delay=100ms --set path=/data",
    params: &[
        Param::needed("delay", ParamType::Span { min: 1, max: 600_000 }, "how long each call waits"),
        Param::needed(
            "path",
            ParamType::Text("the path a volume is mounted at, such as /data"),
            "where the volume is mounted",
        ),
        Param::optional("percent", ParamType::Whole { min: 1, max: 100 }, "share of the calls").or("100"),
    ],
    targets: hit::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: Some(checks),
    drivers: &[chaos_mesh::by(
        "IOChaos",
        "an IOChaos of our own (a file system between program and volume), under a fuse",
        compile,
    )],
    expects: evidence::engine,
};

fn checks(_: &Fault, deed: &Deed) -> Vec<WrongIntent> {
    match deed.given_text("path") {
        Some(path) if !path.starts_with('/') => {
            vec![WrongIntent::new("params.path", format!("`{path}` is no absolute path"), "begin it with `/`")]
        }
        _ => Vec::new(),
    }
}

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let (delay, path, percent) = (wanted.deed.span("delay")?, wanted.deed.text("path")?, wanted.deed.whole("percent")?);
    let hit = hit::choose(wanted, HowMany::Percent(100.0))?;
    let container = chaos_mesh::container(&hit.pods, None)?;
    if let Some(pod) = hit.pods.iter().find(|pod| !mounts(pod, &container, path)) {
        return Err(CompileError::CannotExpress {
            what: format!("container {container} of pod {} mounts no volume at {path}", pod.name()),
            fix: "give the path of one of its volumeMounts".to_owned(),
        });
    }
    let spec = json!({
        "action": "latency", "delay": format!("{}ms", delay.as_millis()), "percent": percent,
        "volumePath": path, "path": format!("{}/**/*", path.trim_end_matches('/')), "containerNames": [container],
    });
    let chaos = Chaos::new(
        "IOChaos",
        spec,
        format!("Delay {percent} % of the file calls under {path} in {{}} by {}", spoken(delay)),
    );
    let predicts = vec!["requests that read or write there take longer, and hold their workers meanwhile".to_owned()];
    chaos_mesh::compile(wanted, Chaos { predicts, ..chaos })
}

fn mounts(pod: &Manifest, container: &str, path: &str) -> bool {
    let all = pod.at(&["spec", "containers"]).and_then(Value::as_array);
    let own = all.into_iter().flatten().filter(|one| one.get("name").and_then(Value::as_str) == Some(container));
    own.filter_map(|one| one.get("volumeMounts")?.as_array()).flatten().any(|mount| {
        let at = mount.get("mountPath").and_then(Value::as_str).unwrap_or_default();
        !at.is_empty() && path.trim_end_matches('/').starts_with(at.trim_end_matches('/'))
    })
}
