//! No subcommand: the cockpit.

use std::{
    env,
    sync::{Arc, atomic::AtomicBool},
};

use super::{
    Ended, Ending,
    args::Globals,
    failure::{Code, Failure},
    out::Out,
    session, settings,
};
use crate::{
    agent::{Model, io::key},
    base::Ground,
    config::{Depth, Keymap, Settings, Theme, io::overlays, theme::Worn},
    journal::io::shelf::state_directory,
    msg,
    runtime::{self, CockpitError, Left, Options, Play, Stage},
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
pub fn run(globals: &Globals, out: &mut Out) -> Ended {
    match open(globals, Show::default())? {
        Left::Well => Ok(Ending::Done),
        Left::Unwell => Ok(Ending::Unmet),
        Left::ForDemo => demo(globals, out),
    }
}

/// The cockpit once more, on the world that lives inside brink. What led to no cluster is not its business.
#[cfg(feature = "demo")]
fn demo(globals: &Globals, out: &mut Out) -> Ended {
    let args = super::demo::args::DemoArgs::default();
    let globals = Globals {
        context: None,
        kubeconfig: None,
        namespace: None,
        as_user: None,
        as_groups: Vec::new(),
        prometheus: None,
        state_dir: None,
        ..globals.clone()
    };
    super::demo::run(&args, &globals, out)
}

/// It was left out when this program was built.
#[cfg(not(feature = "demo"))]
fn demo(_: &Globals, _: &mut Out) -> Ended {
    Err(Failure::usage("cannot open the demo", "this brink was built without it", "build it with `--features demo`"))
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
    Ok(match open(globals, show)? {
        // In the world itself the command that leads there leads nowhere.
        Left::Well | Left::ForDemo => Ending::Done,
        // The line of its last step says why.
        Left::Unwell => Ending::Unmet,
    })
}

fn open(globals: &Globals, show: Show) -> Result<Left, Failure> {
    let (settings, sources) = settings::resolve_with(globals)?;
    let var = |name: &str| env::var(name).ok();
    let plain = plain(&settings);
    // The drawing that is read out tells roles apart by their colours, whatever the terminal has.
    let depth = if plain {
        Depth::True
    } else {
        Depth::detect(var("NO_COLOR").as_deref(), var("COLORTERM").as_deref(), var("TERM").as_deref())
    };
    let set = |name| var(name).filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    let ground = var("COLORFGBG").as_deref().and_then(Ground::of_environment).unwrap_or_default();
    let (overlays, notices) = overlays::read(sources, &settings, depth, ground, !speaks_utf8(locale.as_deref()));
    let standard = || (Theme::standard(depth), Worn::default());
    let (mut theme, worn) = if plain { standard() } else { overlays.theme(&settings).unwrap_or_else(standard) };
    theme.ascii = settings.ascii().unwrap_or(overlays.ascii);
    let asks = runtime::ground::may_ask(var("TERM").as_deref());
    let asks_ground = worn.by_ground.is_some() && depth != Depth::Mono && asks;
    let keymap = overlays.keymap(&settings).unwrap_or_else(Keymap::standard);
    let policy = match settings::context(globals, &overlays.sources) {
        Some(context) => overlays.policy(&context),
        None => overlays.policy(""),
    };
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
        asks,
        asks_ground,
        mouse: settings.mouse(),
        links: settings.links().unwrap_or_else(|| runtime::links::known(&var)),
        ground,
        keymap,
        policy,
        state_dir,
        plain,
        record: globals.record.clone(),
        fps: u64::from(settings.fps()),
        notices,
        told: show.told,
        present: show.present,
        play: show.play,
        stage: show.stage,
        custom: settings.custom().clone(),
        mute: settings.mute(),
        overlays: Arc::new(overlays),
    };
    runtime::cockpit(options).map_err(|error| failed(&error))
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
    let model = settings.agent_set()?.ok_or_else(none)?;
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
