//! The tools of the load generator. Load goes to what is in this cluster and nowhere else.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use super::{
    kubectl::Kubectl,
    measure::{Figures, told},
    site::{Load, Site},
    tools::{Called, word},
};
use crate::{
    base::value::{at, list, text},
    store::Store,
};

/// The longest test.
const LONGEST: Duration = Duration::from_mins(30);
/// The most requests per second that this generator makes.
const MOST: f64 = 2_000.0;

/// A load that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Begun {
    /// Its number in the world.
    pub number: u64,
    load: Load,
}

impl Begun {
    /// What is said of it, once it is over.
    pub fn result(&self, site: &mut dyn Site) -> Option<String> {
        site.ran(self.number).map(|ran| pretty(&told(&self.load, &ran)))
    }
}

/// Calls one of them.
pub fn call(kubectl: &mut Kubectl<'_>, tool: &str, given: &Value) -> Called {
    let said = match tool {
        "run_load_test" => return run(kubectl.site, given).map_or_else(Called::Failed, Called::Runs),
        "create_load_profile" => profile(kubectl.site.store(), given),
        "parse_test_results" => parsed(given),
        "list_services" => services(kubectl, space(given)),
        "get_service_endpoints" => endpoints(kubectl, given).map(|(all, _)| pretty(&all)),
        "check_service_health" => health(kubectl, given),
        _ => namespaces(kubectl),
    };
    said.map_or_else(Called::Failed, Called::Said)
}

fn space(given: &Value) -> &str {
    Some(word(given, "namespace")).filter(|space| !space.is_empty()).unwrap_or("default")
}

fn run(site: &mut dyn Site, given: &Value) -> Result<Begun, String> {
    let url = inside(site.store(), word(given, "url"))?;
    let connections = given.get("connections").and_then(Value::as_u64).unwrap_or(10);
    let connections = u32::try_from(connections).ok().filter(|n| (1..=1000).contains(n));
    let connections = connections.ok_or("connections must be between 1 and 1000")?;
    let lasts = span(given, "duration", "30s")?;
    if lasts > LONGEST {
        return Err(format!("duration must not be longer than {} minutes", LONGEST.as_secs() / 60));
    }
    let qps = given.get("qps").and_then(Value::as_f64);
    if qps.is_some_and(|qps| !qps.is_finite() || qps <= 0.0) {
        return Err("qps must be above 0".to_owned());
    }
    let method = Some(word(given, "method")).filter(|method| !method.is_empty()).unwrap_or("GET").to_uppercase();
    if !["GET", "POST", "PUT", "DELETE", "PATCH"].contains(&method.as_str()) {
        return Err("method must be GET, POST, PUT, DELETE or PATCH".to_owned());
    }
    let headers = given.get("headers").and_then(Value::as_object).into_iter().flatten();
    let headers: BTreeMap<String, String> =
        headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
    let load = Load {
        url,
        method,
        headers,
        connections,
        // Without a wish it is as fast as answers come, up to what the generator can do.
        qps: Some(qps.unwrap_or(MOST).min(MOST)),
        lasts: lasts.as_secs_f64() * 1000.0,
        patience: span(given, "timeout", "3s")?.as_secs_f64() * 1000.0,
    };
    let number = site.load(load.clone())?;
    Ok(Begun { number, load: Load { qps, ..load } })
}

/// A target of this cluster: a Service by its name, or a host that a route of it takes.
fn inside(store: &Store, url: &str) -> Result<String, String> {
    let wrong =
        |why: &str| format!("url {why}: load goes to Services of this cluster only, http://NAME.NAMESPACE:PORT/PATH");
    let rest = url.strip_prefix("http://").ok_or_else(|| wrong("must begin with http://"))?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') || url.len() > 2000 || url.chars().any(char::is_control) {
        return Err(wrong("is not plain"));
    }
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host).to_lowercase();
    let parts: Vec<&str> = host.split('.').collect();
    let (name, namespace) = match parts.as_slice() {
        [name, namespace] | [name, namespace, "svc"] | [name, namespace, "svc", "cluster", "local"] => {
            (*name, *namespace)
        }
        // A tool server has no namespace of its own that anybody would mean.
        _ => return Err(wrong(&format!("names {host:?}, which is no Service with its namespace"))),
    };
    let known = store.find("", "services").is_some_and(|kind| store.get(kind, namespace, name).is_some());
    if !known {
        return Err(wrong(&format!("names {name}.{namespace}, which is not there")));
    }
    Ok(url.to_owned())
}

fn span(given: &Value, name: &str, otherwise: &str) -> Result<Duration, String> {
    let text = Some(word(given, name)).filter(|text| !text.is_empty()).unwrap_or(otherwise);
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().map_err(|_| format!("{name} must be like 30s or 5m"))?;
    let millis = match unit {
        "ms" => 1,
        "s" | "" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(format!("{name} must be like 30s or 5m")),
    };
    let span = number.checked_mul(millis).filter(|millis| *millis > 0).map(Duration::from_millis);
    span.ok_or_else(|| format!("{name} must be like 30s or 5m"))
}

fn profile(store: &Store, given: &Value) -> Result<String, String> {
    let url = inside(store, word(given, "url"))?;
    let whole = span(given, "totalDuration", "5m")?.as_secs();
    let most = given.get("maxConnections").and_then(Value::as_u64).unwrap_or(100).clamp(1, 1000);
    let steps = given.get("steps").and_then(Value::as_u64).unwrap_or(5).clamp(1, 50);
    // Connections of each step, as shares of the most.
    let shares: Vec<(u64, u64)> = match word(given, "profileType") {
        "constant" => vec![(1, 1)],
        "ramp-up" | "step" => (1..=steps).map(|step| (step, steps)).collect(),
        "spike" => vec![(1, 10), (1, 1), (1, 10)],
        _ => return Err("profileType must be constant, ramp-up, spike or step".to_owned()),
    };
    let each = (whole / shares.len() as u64).max(1);
    let qps = given.get("maxQps").and_then(Value::as_f64);
    let planned = shares.iter().map(|(part, of)| {
        let connections = (most * part / of).max(1);
        let mut step = json!({"url": url, "duration": format!("{each}s"), "connections": connections});
        if let Some(qps) = qps {
            #[expect(clippy::cast_precision_loss, reason = "at most a thousand steps")]
            let share = *part as f64 / *of as f64;
            step["qps"] = json!((qps * share * 100.0).round() / 100.0);
        }
        step
    });
    Ok(pretty(&json!({"profileType": word(given, "profileType"), "steps": planned.collect::<Vec<_>>()})))
}

fn parsed(given: &Value) -> Result<String, String> {
    let now = Figures::read(word(given, "rawResults"))?;
    let mut compared = Vec::new();
    for earlier in given.get("compareWith").and_then(Value::as_array).into_iter().flatten() {
        let before = Figures::read(earlier.as_str().unwrap_or_default())?;
        compared.push(json!({"before": before.json(), "change": now.against(before)}));
    }
    Ok(pretty(&json!({"summary": now.json(), "comparisons": compared})))
}

fn services(kubectl: &mut Kubectl<'_>, namespace: &str) -> Result<String, String> {
    let all = kubectl.selected("services", namespace, "")?;
    let rows = all.iter().map(|one| {
        let ports = list(one, &["spec", "ports"]).iter().map(|port| at(port, &["port"]).clone());
        json!({
            "name": text(one, &["metadata", "name"]), "namespace": text(one, &["metadata", "namespace"]),
            "type": text(one, &["spec", "type"]), "ports": ports.collect::<Vec<_>>(),
        })
    });
    Ok(pretty(&json!({"services": rows.collect::<Vec<_>>()})))
}

/// Addresses of a Service, and how many of them are ready.
fn endpoints(kubectl: &mut Kubectl<'_>, given: &Value) -> Result<(Value, usize), String> {
    let (name, namespace) = (word(given, "serviceName"), space(given));
    kubectl.object("services", namespace, name)?;
    let slices = kubectl.selected("endpointslices", namespace, &format!("kubernetes.io/service-name={name}"))?;
    let mut rows = Vec::new();
    let mut ready = 0;
    for endpoint in slices.iter().flat_map(|slice| list(slice, &["endpoints"])) {
        let is = at(endpoint, &["conditions", "ready"]).as_bool() == Some(true);
        ready += usize::from(is);
        let address = list(endpoint, &["addresses"]).first().and_then(Value::as_str).unwrap_or_default();
        rows.push(json!({"address": address, "ready": is, "pod": text(endpoint, &["targetRef", "name"])}));
    }
    Ok((json!({"service": name, "namespace": namespace, "endpoints": rows}), ready))
}

fn health(kubectl: &mut Kubectl<'_>, given: &Value) -> Result<String, String> {
    let (all, ready) = endpoints(kubectl, given)?;
    let whole = list(&all, &["endpoints"]).len();
    Ok(pretty(&json!({
        "service": word(given, "serviceName"), "namespace": space(given), "healthy": ready > 0 && ready == whole,
        "readyEndpoints": ready, "totalEndpoints": whole,
    })))
}

fn namespaces(kubectl: &mut Kubectl<'_>) -> Result<String, String> {
    let all = kubectl.selected("namespaces", "", "")?;
    let names: Vec<&str> = all.iter().map(|one| text(one, &["metadata", "name"])).collect();
    Ok(pretty(&json!({"namespaces": names})))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
