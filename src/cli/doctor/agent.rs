//! The agent: which model would be asked, whether its key is there, whether its address answers. Nothing of a key is shown.

use std::time::{Duration, Instant};

use super::{Check, Health};
use crate::{
    agent::{
        Model, Tuning,
        io::{
            key,
            provider::{Patience, Provider, ProviderError},
        },
    },
    cli::{args::Globals, session, settings},
    cluster::io::connect::{Address, connect},
    mesh::io::endpoint::without_password,
};

/// The model, its key, its address: each says one thing.
const NAMES: [&str; 3] = ["agent", "agent key", "agent address"];

/// How long the address may take.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(5),
    stall: Duration::from_secs(10),
    whole: Duration::from_secs(20),
    retries: 0,
    pause: Duration::ZERO,
};

/// All of it. What is wrong with the settings themselves is told elsewhere.
pub fn check(globals: &Globals, checks: &mut Vec<Check>) {
    let [name, key_name, address] = NAMES;
    let Ok(settings) = settings::resolve(globals) else { return };
    let model = match settings.agent() {
        Ok(Some(model)) => model,
        Ok(None) => {
            let fix = "name one with --agent PROVIDER:MODEL[@URL], or set agent.provider and agent.model";
            checks.push(Check::new(name, Health::Absent, "no model is configured: there is nobody to ask", fix));
            return;
        }
        Err(failure) => {
            checks.push(Check::new(name, Health::Fail, failure.what, failure.fix));
            return;
        }
    };
    let about = if model.scripted() { " (the scripted model of the demo, no AI)" } else { "" };
    let place = match model.base_url.as_str() {
        "" => "in the cluster, through its API server".to_owned(),
        url => format!("at {}", without_password(url)),
    };
    checks.push(Check::ok(name, format!("{}{about} {place}", model.label())));
    match key::found(&model) {
        Ok(Some(place)) => checks.push(Check::ok(key_name, format!("from {place}"))),
        Ok(None) => checks.push(Check::ok(key_name, "none, and none is asked for")),
        Err(error) => {
            checks.push(failed(key_name, &error));
            // Without it the address would only say so again.
            return;
        }
    }
    checks.push(reach(address, &model, &session::address(globals, &settings)));
}

fn reach(name: &str, model: &Model, cluster: &Address) -> Check {
    // A check is less patient than an ask.
    let tuning = Tuning { connect: None, stall: None, whole: None, ..model.tuning.clone() };
    let made = Provider::new(Model { tuning, ..model.clone() }, PATIENCE);
    let provider = match made {
        Ok(provider) => provider,
        Err(error) => return failed(name, &error),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Check::new(name, Health::Fail, format!("cannot be asked: {error}"), "free some memory"),
    };
    let begun = Instant::now();
    let looked = runtime.block_on(async {
        if !model.base_url.is_empty() {
            return provider.look().await;
        }
        match connect(cluster) {
            Ok(link) => provider.through(&link)?.look().await,
            // Why there is no cluster is told elsewhere; without one there is no agent in it.
            Err(_) => provider.look().await,
        }
    });
    let took = begun.elapsed().as_millis();
    match looked {
        Ok(Some(false)) => Check::new(
            name,
            Health::Warn,
            format!("answers in {took} ms, and does not list {}", model.name),
            "check agent.model; some gateways take models they do not list",
        ),
        Ok(Some(true) | None) => Check::ok(name, format!("answers in {took} ms")),
        Err(error) => failed(name, &error),
    }
}

fn failed(name: &str, error: &ProviderError) -> Check {
    Check::new(name, Health::Fail, error.to_string(), error.fix())
}
