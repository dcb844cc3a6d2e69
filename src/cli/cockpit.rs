//! No subcommand: the cockpit.

use std::{
    env,
    sync::{Arc, atomic::AtomicBool},
};

use super::{
    Ended, Ending,
    args::Globals,
    failure::{Code, Failure},
    session, settings,
};
use crate::{
    agent::{Model, io::key},
    base::Ground,
    config::{
        Depth, Keymap, Settings, Theme,
        io::{load, look},
        theme::{AUTO, ByGround, Worn},
    },
    fault::policy::Policy,
    journal::io::shelf::state_directory,
    msg,
    runtime::{self, CockpitError, Options, Play, Stage},
};

/// What a demo adds to a cockpit.
#[derive(Debug, Default)]
pub struct Show {
    /// Fewer panes, larger words.
    pub present: bool,
    /// A script to play.
    pub play: Option<Play>,
    /// The world that this process started.
    pub stage: Option<Stage>,
    /// Somebody asked to end before the cockpit listens itself.
    pub told: Arc<AtomicBool>,
}

/// Reads what the cockpit needs and runs it.
pub fn run(globals: &Globals) -> Ended {
    show(globals, Show::default())
}

/// Whether anybody could see it, or hear it.
pub fn seen(globals: &Globals) -> Result<(), Failure> {
    let plain = plain(&settings::resolve(globals)?);
    let found = if plain { runtime::Terminal::check_keys() } else { runtime::Terminal::check() };
    found.map_err(|error| failed(&error))
}

/// Whether it is said in lines: as somebody said, else on terminals that know no cursor.
fn plain(settings: &Settings) -> bool {
    settings.plain().unwrap_or_else(|| env::var("TERM").is_ok_and(|term| term == "dumb"))
}

/// The same as [`run`], with what a demo adds.
pub fn show(globals: &Globals, show: Show) -> Ended {
    let settings = settings::resolve(globals)?;
    let var = |name| env::var(name).ok();
    let depth = Depth::detect(var("NO_COLOR").as_deref(), var("COLORTERM").as_deref(), var("TERM").as_deref());
    let mut notices = Vec::new();
    let name = settings.theme();
    let set = |name| var(name).filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    let ascii = settings.ascii().unwrap_or_else(|| !speaks_utf8(locale.as_deref()));
    let ground = var("COLORFGBG").as_deref().and_then(Ground::of_environment).unwrap_or_default();
    let mut read = |name: &str| {
        // What only decorates, or only limits new faults, must not keep a person from ending one.
        let (theme, wrong) = look::theme(name, depth).unwrap_or_else(|complaints| {
            notices.push(format!("theme: {complaints}"));
            (Theme::standard(depth), Vec::new())
        });
        notices.extend(wrong.iter().map(|complaint| format!("theme {name}: {complaint}")));
        theme
    };
    let by_ground = (name == AUTO).then(|| {
        let mut of = |ground| read(ByGround::name(ground));
        ByGround { dark: of(Ground::Dark), light: of(Ground::Light) }
    });
    let mut theme = match &by_ground {
        Some(themes) => themes.on(ground).clone(),
        None => read(name),
    };
    let asks_ground = by_ground.is_some() && depth != Depth::Mono && runtime::ground::may_ask(var("TERM").as_deref());
    let worn = Worn { name: name.to_owned(), by_ground };
    theme.ascii = ascii;
    let name = settings.keymap();
    let (keymap, wrong) = look::keymap(name).unwrap_or_else(|complaints| {
        notices.push(format!("keymap: {complaints}"));
        (Keymap::standard(), Vec::new())
    });
    notices.extend(wrong.iter().map(|complaint| format!("keymap {name}: {complaint}")));
    let policy = load::policy(settings.policy().as_deref())
        .unwrap_or_else(|complaints| Policy { broken: Some(complaints.to_string()), ..Policy::default() });
    let state_dir = state_directory(settings.state_dir().as_deref()).ok_or_else(|| {
        let why = "this user has no home directory";
        Failure::new(Code::Usage, "no place for journals", why, "name one with --state-dir")
    })?;
    let options = Options {
        address: session::address(globals, &settings),
        all_namespaces: settings.all_namespaces(),
        metrics: settings.metrics(),
        tolerances: settings.tolerances(),
        agent: agent(&settings),
        servers: settings.servers().to_vec(),
        readonly: settings.readonly(),
        theme,
        worn,
        asks_ground,
        ground,
        keymap,
        policy,
        state_dir,
        plain: plain(&settings),
        record: globals.record.clone(),
        fps: u64::from(settings.fps()),
        notices,
        told: show.told,
        present: show.present,
        play: show.play,
        stage: show.stage,
        custom: settings.custom().clone(),
    };
    match runtime::cockpit(options) {
        Ok(true) => Ok(Ending::Done),
        // The line of its last step says why.
        Ok(false) => Ok(Ending::Unmet),
        Err(error) => Err(failed(&error)),
    }
}

fn failed(error: &CockpitError) -> Failure {
    let code = match error {
        CockpitError::NoTerminal(_) | CockpitError::Record { .. } => Code::Usage,
        CockpitError::Terminal(_) | CockpitError::Start(_) | CockpitError::Doors => Code::Unmet,
    };
    Failure::new(code, "cannot open the cockpit", error.to_string(), error.fix())
}

/// The model to ask, or why there is none: no model, half of one, or no key.
fn agent(settings: &Settings) -> Result<Model, msg::Failure> {
    let none = || {
        msg::Failure::new(
            "there is no agent to ask",
            "start brink with --agent PROVIDER:MODEL[@URL], or set agent.provider and agent.model",
        )
    };
    let model = settings.agent()?.ok_or_else(none)?;
    key::present(&model).map_err(|error| msg::Failure::new(error.to_string(), error.fix()))?;
    Ok(model)
}

/// Whether glyphs beyond ASCII arrive; nothing said means a terminal of today.
fn speaks_utf8(locale: Option<&str>) -> bool {
    match locale {
        None | Some("") => true,
        Some("C" | "POSIX") => false,
        Some(locale) => {
            let locale = locale.to_ascii_lowercase();
            !locale.contains('.') || locale.contains("utf-8") || locale.contains("utf8")
        }
    }
}
