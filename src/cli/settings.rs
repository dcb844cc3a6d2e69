//! `config`, and the settings every command starts from.

use std::fs;

use serde_json::json;

use super::{
    Ended, Ending,
    args::{ConfigCheckArgs, ConfigCommand, Globals, Shape},
    failure::Failure,
    out::{self, Out},
    session,
};
use crate::{
    agent::model,
    base::suggest,
    cluster::io::connect,
    config::{
        complaint::Complaints,
        custom::{self, Bindings, Customs},
        io::{load, look},
        key::Key,
        overlay::{Overlays, Sources},
        policy_file::PolicyKey,
        settings::{self, File, Layer, Settings},
    },
    fault::policy::Policy,
};

/// Flags over environment over file over defaults.
pub fn resolve(globals: &Globals) -> Result<Settings, Failure> {
    Ok(layered(globals, &sources(globals)?))
}

/// The same, with what was said by whom: another context may be asked for later.
pub fn resolve_with(globals: &Globals) -> Result<(Settings, Sources), Failure> {
    let sources = sources(globals)?;
    Ok((layered(globals, &sources), sources))
}

/// The guardrails of the context that is used: the strictest of the file for all and of those that its sections name.
pub fn policy(globals: &Globals) -> Result<Policy, Failure> {
    let sources = sources(globals)?;
    let mut overlays = Overlays::default();
    let context = context(globals, &sources).unwrap_or_default();
    for path in sources.policies(&context) {
        let policy = load::policy(Some(&path))?;
        overlays.policies.insert(path, policy);
    }
    overlays.sources = sources;
    Ok(overlays.policy(&context))
}

fn sources(globals: &Globals) -> Result<Sources, Failure> {
    let flags = globals.layer();
    if let Some(url) = &globals.prometheus {
        settings::read(Key::Prometheus, url).map_err(|why| {
            let fix = "write it like http://prometheus.monitoring:9090, or say proxies or none";
            Failure::usage("cannot use --prometheus", why, fix)
        })?;
    }
    // One without a colon is a name of the settings file.
    if let Some(agent) = globals.agent.as_ref().filter(|agent| agent.is_empty() || agent.contains(':')) {
        let wrong = |why: String| {
            Failure::usage(
                "cannot use --agent",
                why,
                "write it like anthropic:MODEL or openai:MODEL@http://127.0.0.1:8080/v1",
            )
        };
        let (_, _, url) = model::parse(agent).map_err(wrong)?;
        url.as_deref().map_or(Ok(()), settings::check_url).map_err(wrong)?;
    }
    Ok(Sources { flags, environment: load::environment()?, file: load::settings()? })
}

/// Lays the sources over each other.
fn layered(globals: &Globals, sources: &Sources) -> Settings {
    let Sources { flags, environment, file } = sources;
    Settings::within(flags, environment, file, context(globals, sources).as_deref())
}

/// The context that is used. Which one is the kubeconfig's current one matters only to sections of the file, so it is asked for
/// only where there are some.
pub fn context(globals: &Globals, sources: &Sources) -> Option<String> {
    let Sources { flags, environment, file } = sources;
    let plain = Settings::within(flags, environment, file, None);
    if let Some(named) = plain.context() {
        return Some(named.to_owned());
    }
    if file.contexts.is_empty() {
        return None;
    }
    let contexts = connect::contexts(&session::address(globals, &plain)).unwrap_or_default();
    contexts.into_iter().find(|context| context.current).map(|context| context.name)
}

/// The same for commands that nothing may stand in the way of: what cannot be read is told and passed over.
pub fn resolve_anyway(globals: &Globals) -> Settings {
    let file = load::settings().unwrap_or_else(|complaints| {
        out::complain(&format!("note: the settings are passed over: {complaints}\n"));
        File::default()
    });
    let environment = load::environment().unwrap_or_else(|complaints| {
        out::complain(&format!("note: the environment is passed over: {complaints}\n"));
        Layer::new()
    });
    layered(globals, &Sources { flags: globals.layer(), environment, file })
}

/// The same where what cannot be read is told by whoever asks for more than how it looks.
pub fn resolve_quietly(globals: &Globals) -> Settings {
    let file = load::settings().unwrap_or_default();
    let environment = load::environment().unwrap_or_default();
    Settings::resolve(&globals.layer(), &environment, &file, None)
}

/// Runs a `config` command.
pub fn run(command: &ConfigCommand, globals: &Globals, out: &mut Out) -> Ended {
    match command {
        ConfigCommand::Check(args) => check(args, globals, out),
        ConfigCommand::Show(output) => show(globals, output.shape, out),
        ConfigCommand::Explain { key } => explain(globals, key, out),
    }
}

/// Reads the settings file, or the one given, and the guardrail file it leads to. Exit 1 when there is anything to say.
fn check(args: &ConfigCheckArgs, globals: &Globals, out: &mut Out) -> Ended {
    let (file, mut found) = match &args.file {
        Some(path) => {
            let name = path.display().to_string();
            let text = fs::read_to_string(path)
                .map_err(|error| load::unreadable(&name, &error, "correct the path or its rights"))?;
            // A file beside the settings holds nothing but a person's own.
            let beside = path.file_name().is_some_and(|file| custom::FILES.iter().any(|known| file == *known));
            let read = if beside {
                custom::parse(&name, &text)
            } else {
                settings::parse(&name, &text).map(|file| file.custom)
            };
            (name.clone(), read.and_then(|customs| meeting(&name, &customs, "default")).err())
        }
        None => {
            let path = load::file().ok_or_else(|| {
                Failure::usage("cannot find the settings file", "there is no home folder", "set HOME, or name the file")
            })?;
            (path.display().to_string(), load::settings().map(|_| ()).err())
        }
    };
    let mut checked = vec![file];
    if found.is_none()
        && let Some(policy) = resolve(globals)?.policy().filter(|_| args.file.is_none())
    {
        checked.push(policy.display().to_string());
        found = load::policy(Some(&policy)).map(|_| ()).err();
    }
    if found.is_none() && args.file.is_none() {
        let settings = resolve(globals)?;
        found = meeting(&checked.join(", "), settings.custom(), settings.keymap()).err();
    }
    if let Some(complaints) = &found {
        checked = vec![complaints.file.clone()];
    }
    print_complaints(&checked, found, args.output.shape, out)
}

/// Keys of one's own that something else has.
fn meeting(file: &str, customs: &Customs, keymap: &str) -> Result<(), Complaints> {
    let (keymap, _) = look::keymap(keymap)?;
    let contexts = customs.contexts.iter().map(|(pattern, _)| customs.of(pattern));
    let mut errors = Vec::new();
    for custom in std::iter::once(customs.all.clone()).chain(contexts) {
        for complaint in Bindings::of(&custom).conflicts(&keymap) {
            if !errors.contains(&complaint) {
                errors.push(complaint);
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Complaints { file: file.to_owned(), errors }) }
}

/// The common end of the `check` commands.
pub fn print_complaints(files: &[String], complaints: Option<Complaints>, shape: Shape, out: &mut Out) -> Ended {
    let file = files.join(", ");
    let errors = complaints.map(|complaints| complaints.errors).unwrap_or_default();
    let ending = if errors.is_empty() { Ending::Done } else { Ending::Unmet };
    match shape {
        Shape::Json => out.json(&json!({ "file": file, "errors": errors, "imported": 0, "ignored": [] })),
        Shape::Table if errors.is_empty() => files.iter().for_each(|file| out.line(format_args!("{file}: ok"))),
        Shape::Table => out.line(Complaints { file, errors }),
    }
    Ok(ending)
}

fn show(globals: &Globals, shape: Shape, out: &mut Out) -> Ended {
    let settings = resolve(globals)?;
    match shape {
        Shape::Json => {
            let rows: Vec<_> = Key::ALL
                .into_iter()
                .map(|key| match settings.said(key) {
                    Some((value, origin)) => {
                        json!({ "key": key.word(), "value": value.to_string(), "origin": origin.to_string() })
                    }
                    None => json!({ "key": key.word(), "value": null, "origin": "default" }),
                })
                .collect();
            out.json(&json!({ "settings": rows }));
        }
        Shape::Table => {
            let mut table = super::table::Table::new(&["SETTING", "VALUE", "FROM"]);
            for key in Key::ALL {
                match settings.said(key) {
                    Some((value, origin)) => table.row([key.word().to_owned(), value.to_string(), origin.to_string()]),
                    None => table.row([key.word().to_owned(), key.default_words().to_owned(), "default".to_owned()]),
                }
            }
            out.text(table);
        }
    }
    Ok(Ending::Done)
}

/// What holds for a setting where brink is used now, and what every other source says of it.
fn said(globals: &Globals, key: Key, out: &mut Out) {
    let Ok((settings, sources)) = resolve_with(globals) else {
        out.line("  holds: unknown, for the settings cannot be read; `brink config check` says why");
        return;
    };
    let context = context(globals, &sources);
    let place = context.as_deref().map(|name| format!(" in {name}")).unwrap_or_default();
    match settings.said(key) {
        Some((value, origin)) => out.line(format_args!("  holds{place}: {value} (from {origin})")),
        None => out.line(format_args!("  holds{place}: the default")),
    }
    let plain = [("flag", &sources.flags), ("environment", &sources.environment), ("file", &sources.file.all)];
    let plain = plain.into_iter().map(|(word, layer)| (word.to_owned(), layer));
    let sections = sources.file.contexts.iter().map(|(pattern, layer)| (format!("contexts.{pattern}"), layer));
    for (word, layer) in plain.chain(sections) {
        if let Some((value, origin)) = layer.get(&key)
            && settings.said(key).is_none_or(|(_, won)| won != origin)
        {
            out.line(format_args!("  also said    {value} ({word}: {origin})"));
        }
    }
}

fn explain(globals: &Globals, word: &str, out: &mut Out) -> Ended {
    if let Some(key) = Key::of(word) {
        out.line(format_args!("{} ({})", key.word(), key.holds().words()));
        out.line(format_args!("  {}", key.doc()));
        out.line(format_args!("  default      {}", key.default_words()));
        out.line(format_args!("  environment  {}", key.env()));
        if let Some(flag) = key.flag() {
            out.line(format_args!("  flag         {flag}"));
        }
        if key.per_context() {
            out.line("  per context  [contexts.\"NAME\"] of the settings file; NAME may hold *");
        }
        said(globals, key, out);
        return Ok(Ending::Done);
    }
    if let Some(key) = PolicyKey::of(word) {
        out.line(format_args!("{} (guardrail)", key.word()));
        out.line(format_args!("  {}", key.doc()));
        out.line(format_args!("  default      {}", key.show(&Policy::default())));
        out.line("  file         the one `policy` names");
        return Ok(Ending::Done);
    }
    let known = || Key::ALL.map(Key::word).into_iter().chain(PolicyKey::ALL.map(PolicyKey::word));
    let fix = match suggest::nearest(word, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known: {}", known().collect::<Vec<_>>().join(", ")),
    };
    Err(Failure::usage(format!("cannot explain `{word}`"), "there is no such setting or guardrail", fix))
}
