//! `bad-config`: one value of a configuration is another: a key of a ConfigMap, or an environment variable.

use serde_json::{Value, json};

use super::FaultKind;
use crate::{
    cluster::{Manifest, ObjectRef},
    fault::{
        aim,
        catalogue::{Deed, Judged, Param, ParamType, Row, TargetType, Wanted, WrongIntent, did_you_mean},
        drivers::{
            CompileError, manifest,
            reach::reads,
            template::{self, Template},
            words::spoken,
        },
        evidence::{self, Expected},
        intent::{Driver, Fault, Target},
        known,
        plan::Plan,
        sight::Given,
        sign::Sign,
    },
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::BadConfig,
    doc: "One value of a configuration is another: a key of a ConfigMap, or an environment variable of a workload.",
    example: "bad-config configmap/flags --set key=slow --set value=true",
    params: &[
        Param::optional("key", ParamType::Text("a key of the ConfigMap"), "which key, of a configmap")
            .instead_of("env"),
        Param::optional("env", ParamType::Text("a variable's name"), "which environment variable, of a workload")
            .instead_of("key"),
        Param::needed("value", ParamType::Text("any line of text"), "the value instead"),
        template::CONTAINER,
    ],
    targets: &[TargetType::Workload(&["ConfigMap", "Deployment", "DaemonSet"])],
    scopes: &[],
    sees: &[crate::fault::catalogue::Sees::ConfigMaps],
    judged: Judged::Traffic,
    checks: Some(checks),
    drivers: &[template::by_patch("another value in the ConfigMap or in the pod template", compile)],
    expects,
};

/// The ConfigMap aimed at.
fn config_map(fault: &Fault) -> Option<&str> {
    match &fault.target {
        Target::Workload { kind, name } if known::workload(kind)?.kind == "ConfigMap" => Some(name),
        _ => None,
    }
}

fn checks(fault: &Fault, deed: &Deed) -> Vec<WrongIntent> {
    let (map, key, env) = (config_map(fault).is_some(), deed.given_text("key"), deed.given_text("env"));
    match (map, key, env) {
        (true, None, Some(_)) => {
            vec![WrongIntent::new("params.env", "a ConfigMap has keys, no variables", "give `key`")]
        }
        (false, Some(_), None) => vec![WrongIntent::new(
            "params.key",
            "a workload has environment variables, no keys",
            "give `env`, or aim at configmap/NAME",
        )],
        _ => Vec::new(),
    }
}

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    match config_map(wanted.fault) {
        Some(name) => of_config_map(wanted, name),
        None => of_variable(wanted),
    }
}

fn of_config_map(wanted: &Wanted<'_>, name: &str) -> Result<Plan, CompileError> {
    let (key, value) = (wanted.deed.text("key")?, wanted.deed.text("value")?);
    let live = aim::find(&wanted.sight.config_maps, "ConfigMap", name, &wanted.fault.namespace)?;
    let data = live.at(&["data"]).and_then(Value::as_object);
    if !data.is_some_and(|data| data.contains_key(key)) {
        return Err(CompileError::CannotExpress {
            what: format!("ConfigMap {name} has no key `{key}`"),
            fix: did_you_mean(key, data.into_iter().flat_map(|data| data.keys().map(String::as_str))),
        });
    }
    if live.at(&["immutable"]).and_then(Value::as_bool) == Some(true) {
        return Err(CompileError::CannotExpress {
            what: format!("ConfigMap {name} is immutable: the server takes no change of it"),
            fix: "aim at the workload, with env".to_owned(),
        });
    }
    let given = Given {
        object: ObjectRef::new(known::config_map(), &wanted.fault.namespace, name),
        wanted: Manifest(json!({"data": {key: value}})),
        live: Some(live.clone()),
    };
    let title = format!("Set {key} of ConfigMap {name} for {}", spoken(wanted.fault.duration));
    let mut plan = manifest::changed(wanted, Driver::Native, &given, title)?;
    let (reach, told) = reads(name, &wanted.fault.namespace, wanted.sight);
    plan.reach = reach;
    plan.predicts.extend(told);
    Ok(plan)
}

fn of_variable(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let (env, value) = (wanted.deed.text("env")?, wanted.deed.text("value")?);
    let template = Template::of(wanted)?;
    let all = template.container.get("env").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let names = || all.iter().filter_map(|one| one.get("name")?.as_str());
    if !names().any(|name| name == env) {
        return Err(CompileError::CannotExpress {
            what: format!("container {} of {} sets no variable `{env}`", template.container_name(), template.called()),
            fix: did_you_mean(env, names()),
        });
    }
    // A variable has a value or a source of it, not both (core/v1 EnvVar).
    let fields = json!({"env": [{"name": env, "value": value, "valueFrom": null}]});
    let title = format!("Set {env} of {} for {}", template.called(), spoken(wanted.fault.duration));
    template.change(wanted, fields, title)
}

fn expects(plan: &Plan, deed: &Deed) -> Expected {
    // What the readers of a ConfigMap do with it is theirs to know.
    if deed.given_text("env").is_some() { evidence::sign(plan, Sign::rolled_out) } else { Expected::Unknown }
}
