//! What chaos engines do below and inside the pods, where no mesh object tells of it: read from the records of their own
//! objects. What a record calls injected acts; with the record, or the object, it is gone.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::pods::Pods;
use crate::{
    base::{kinds, litmus, objects::Objects},
    traffic::{json, request::Text, span},
};

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Chaos {
    /// Between pods.
    pub wires: Vec<Wire>,
    /// Inside them.
    pub inside: HashMap<u32, Inside>,
}

/// What packets meet that leave some pods.
#[derive(Debug, Clone)]
pub struct Wire {
    /// The pods they leave.
    pub at: BTreeSet<u32>,
    /// The pods they go to; `None`: anywhere.
    pub towards: Option<BTreeSet<u32>>,
    /// What they meet.
    pub net: Net,
}

/// What packets meet (tc-netem, tc-tbf).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Net {
    /// Milliseconds more, and by how much that varies.
    pub delay: f64,
    /// See `delay`.
    pub jitter: f64,
    /// Share of packets that do not arrive whole.
    pub lost: f64,
    /// Bytes per millisecond at most.
    pub rate: Option<f64>,
    /// None arrives.
    pub cut: bool,
}

/// What a pod's own programs meet.
#[derive(Debug, Clone, Default)]
pub struct Inside {
    /// Cores taken by others.
    pub cores: f64,
    /// Bytes taken by others.
    pub bytes: f64,
    /// File access: share of requests and milliseconds more.
    pub files: Vec<(f64, f64)>,
    /// Share of requests whose file access fails.
    pub broken: f64,
    /// Names that are not resolved, or wrongly (`true`).
    pub names: Vec<(Text, bool)>,
    /// Requests behind the proxy.
    pub http: Vec<Http>,
}

/// What requests meet at a pod's port, behind its proxy.
#[derive(Debug, Clone)]
pub struct Http {
    port: Option<u16>,
    path: Text,
    method: Option<String>,
    code: Option<u16>,
    /// The answer is hit, after the program worked.
    pub answer: bool,
    /// The connection is closed.
    pub abort: bool,
    /// Milliseconds more.
    pub delay: f64,
    /// Another status.
    pub status: Option<u16>,
}

impl Http {
    /// Whether a request of a port, path and method, with the program's status where it is known, is hit.
    pub fn hits(&self, port: u16, path: &str, method: &str, code: Option<u16>) -> bool {
        self.port.is_none_or(|own| own == port)
            && self.path.matches(Some(path))
            && self.method.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(method))
            && self.code.is_none_or(|own| code == Some(own))
    }
}

impl Inside {
    /// What becomes of a name that is looked up: resolved, not at all, or (`true`) wrongly.
    pub fn lookup(&self, host: &str, namespace: &str) -> Option<bool> {
        let full = if host.contains('.') { host.to_owned() } else { format!("{host}.{namespace}.svc.cluster.local") };
        self.names.iter().find(|(text, _)| text.matches(Some(host)) || text.matches(Some(&full))).map(|one| one.1)
    }
}

impl Chaos {
    pub(super) fn read(objects: &dyn Objects, pods: &Pods) -> Self {
        let mut chaos = Self::default();
        for kind in kinds::CHAOS_MESH {
            for object in objects.list(kind, None) {
                chaos.add(&object, pods);
            }
        }
        for result in objects.list(kinds::CHAOS_RESULT, None) {
            chaos.add_result(&result, objects, pods);
        }
        chaos
    }

    fn add(&mut self, object: &Value, pods: &Pods) {
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let injected = |key: &str| -> BTreeSet<u32> {
            json::list(object, &["status", "experiment", "containerRecords"])
                .iter()
                .filter(|one| json::word(one, &["phase"]) == "Injected" && json::word(one, &["selectorKey"]) == key)
                .filter_map(|one| {
                    let mut parts = json::word(one, &["id"]).split('/');
                    let pod = (parts.next()?.to_owned(), parts.next()?.to_owned());
                    pods.by_name.get(&pod).copied()
                })
                .collect()
        };
        let hit = injected(".");
        if hit.is_empty() {
            return;
        }
        if json::word(object, &["kind"]) == "NetworkChaos" {
            return self.wire(spec, hit, injected(".Target"));
        }
        for pod in hit {
            inside(self.inside.entry(pod).or_default(), json::word(object, &["kind"]), spec, &pods.all[pod as usize]);
        }
    }

    /// What helpers of Litmus do (litmuschaos.io/v1alpha1): to the pods that their result calls injected, by the settings of
    /// the engine and, below them, of the experiment.
    fn add_result(&mut self, result: &Value, objects: &dyn Objects, pods: &Pods) {
        let (namespace, name) = (json::namespace(result), json::word(result, &["spec", "experiment"]));
        let marks = result.get("metadata").and_then(|meta| meta.get("annotations")).and_then(Value::as_object);
        let injected = marks.into_iter().flatten().filter(|(_, mark)| *mark == "injected");
        let engine = objects.get(kinds::CHAOS_ENGINE, namespace, json::word(result, &["spec", "engine"]));
        let info = engine.as_ref().map_or("", |engine| json::word(engine, &["spec", "appinfo", "appns"]));
        let space = if info.is_empty() { namespace } else { info };
        let hit: BTreeSet<u32> = injected
            .filter_map(|(key, _)| pods.by_name.get(&(space.to_owned(), key.strip_prefix("pod/")?.to_owned())).copied())
            .collect();
        if hit.is_empty() {
            return;
        }
        let experiment = objects.get(kinds::CHAOS_EXPERIMENT, namespace, name);
        let number = |setting: &str| -> f64 {
            let found = litmus::setting(engine.as_deref(), experiment.as_deref(), name, setting);
            found.and_then(|value| value.parse().ok()).unwrap_or_default()
        };
        let share = |name: &str| number(name).clamp(0.0, 100.0) / 100.0;
        let net = match name {
            "pod-network-latency" => {
                Net { delay: number("NETWORK_LATENCY"), jitter: number("JITTER"), ..Net::default() }
            }
            "pod-network-loss" => Net { lost: share("NETWORK_PACKET_LOSS_PERCENTAGE"), ..Net::default() },
            "pod-network-corruption" => Net { lost: share("NETWORK_PACKET_CORRUPTION_PERCENTAGE"), ..Net::default() },
            _ => return,
        };
        self.wires.push(Wire { at: hit, towards: None, net });
    }

    fn wire(&mut self, spec: &Value, source: BTreeSet<u32>, target: BTreeSet<u32>) {
        let aimed = spec.get("target").is_some_and(Value::is_object);
        let beyond = !json::list(spec, &["externalTargets"]).is_empty();
        let net = net(spec);
        let direction = json::word(spec, &["direction"]);
        if direction != "from" {
            // Addresses outside alone mean nobody in here.
            let towards = (aimed || beyond).then(|| target.clone());
            self.wires.push(Wire { at: source.clone(), towards, net });
        }
        if matches!(direction, "from" | "both") && aimed {
            self.wires.push(Wire { at: target, towards: Some(source), net });
        }
    }
}

fn percent(value: Option<&Value>) -> f64 {
    value.and_then(json::number).unwrap_or_default().clamp(0.0, 100.0) / 100.0
}

fn net(spec: &Value) -> Net {
    let part = |name: &str| spec.get(name).filter(|one| one.is_object());
    let millis = |name: &str| part("delay").and_then(|one| span::millis(one.get(name)?.as_str()?)).unwrap_or_default();
    let share = |name: &str| percent(part(name).and_then(|one| one.get(name)));
    let rate = part("bandwidth").or_else(|| part("rate")).and_then(|one| bytes_per_second(one.get("rate")?.as_str()?));
    Net {
        delay: millis("latency"),
        jitter: millis("jitter"),
        // What is corrupted on the way fails its checksum and is dropped.
        lost: 1.0 - (1.0 - share("loss")) * (1.0 - share("corrupt")),
        rate: rate.map(|rate| rate / 1000.0),
        cut: json::word(spec, &["action"]) == "partition",
    }
}

/// As tc reads a rate: `bps` are bytes, `bit` are bits, with decimal prefixes.
fn bytes_per_second(text: &str) -> Option<f64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let number: f64 = text[..digits].parse().ok()?;
    let (prefix, factor) = match &text[digits..] {
        unit if unit.ends_with("bps") => (unit.trim_end_matches("bps").to_owned(), 1.0),
        unit if unit.ends_with("bit") => (unit.trim_end_matches("bit").to_owned(), 0.125),
        _ => return None,
    };
    let scale = match prefix.as_str() {
        "" => 1.0,
        "k" => 1e3,
        "m" => 1e6,
        "g" => 1e9,
        "t" => 1e12,
        _ => return None,
    };
    (number > 0.0).then_some(number * factor * scale)
}

/// As stress programs read a size: a number with `B`, `K`/`KB` to `T`/`TB`, all by 1024, or a share of the memory.
fn size(text: &str, limit: Option<f64>) -> f64 {
    if let Some(share) = text.strip_suffix('%') {
        return share.parse::<f64>().unwrap_or_default() / 100.0 * limit.unwrap_or_default();
    }
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().unwrap_or_default();
    let power = match text[digits..].trim_end_matches(['B', 'b', 'i']) {
        "K" | "k" => 1,
        "M" | "m" => 2,
        "G" | "g" => 3,
        "T" | "t" => 4,
        _ => 0,
    };
    number * 1024f64.powi(power)
}

fn inside(own: &mut Inside, kind: &str, spec: &Value, pod: &super::Pod) {
    match kind {
        "StressChaos" => {
            let stressors = spec.get("stressors").unwrap_or(&Value::Null);
            if let Some(cpu) = stressors.get("cpu") {
                let workers = cpu.get("workers").and_then(Value::as_f64).unwrap_or(1.0);
                let load = cpu.get("load").and_then(Value::as_f64).unwrap_or(100.0);
                own.cores += workers * load / 100.0;
            }
            if let Some(memory) = stressors.get("memory") {
                own.bytes += size(json::word(memory, &["size"]), pod.memory_limit);
            }
        }
        "DNSChaos" => {
            let wrongly = json::word(spec, &["action"]) == "random";
            let patterns = json::texts(spec, &["patterns"]);
            let all = if patterns.is_empty() { vec!["*".to_owned()] } else { patterns };
            own.names.extend(all.iter().map(|pattern| (wildcard(pattern), wrongly)));
        }
        "IOChaos" => {
            let share = spec.get("percent").map_or(1.0, |value| percent(Some(value)));
            match json::word(spec, &["action"]) {
                "latency" => own.files.push((share, span::millis(json::word(spec, &["delay"])).unwrap_or_default())),
                "fault" => own.broken = own.broken.max(share),
                _ => {}
            }
        }
        "HTTPChaos" => {
            let path = json::word(spec, &["path"]);
            own.http.push(Http {
                port: json::port(spec, &["port"]),
                path: if path.is_empty() { Text::Present } else { wildcard(path) },
                method: json::text(spec, &["method"]).map(str::to_owned),
                code: json::port(spec, &["code"]),
                answer: json::word(spec, &["target"]) == "Response",
                abort: spec.get("abort").and_then(Value::as_bool) == Some(true),
                delay: span::millis(json::word(spec, &["delay"])).unwrap_or_default(),
                status: json::port(spec, &["replace", "code"]),
            });
        }
        _ => {}
    }
}

/// `*` stands for any text, `?` for any letter.
fn wildcard(pattern: &str) -> Text {
    let escaped = regex::escape(&pattern.to_ascii_lowercase());
    Text::regex(&format!("(?i){}", escaped.replace(r"\*", ".*").replace(r"\?", ".")))
}

#[cfg(test)]
mod tests {
    use super::{bytes_per_second, size, wildcard};

    #[test]
    fn units_are_those_of_the_tools_behind() {
        assert_eq!(bytes_per_second("1mbps"), Some(1e6));
        assert_eq!(bytes_per_second("8kbit"), Some(1e3));
        assert_eq!(bytes_per_second("fast"), None);
        assert!((size("256MB", None) - 268_435_456.0).abs() < 1.0);
        assert!((size("50%", Some(100.0)) - 50.0).abs() < 1e-9);
        assert!(wildcard("ratings.*").matches(Some("ratings.shop.svc.cluster.local")));
        assert!(!wildcard("ratings.*").matches(Some("reviews.shop")));
    }
}
