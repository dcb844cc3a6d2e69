//! What is done before the first frame: the terminal is taken and asked, a recording is opened.

use jiff::Timestamp;

use super::{CockpitError, Options, Recorder, Terminal, ground};
use crate::{agent::model::KeySource, cluster::Address};

/// Takes the terminal and asks it what it can do; where nobody watches there is none.
pub(super) fn take(options: &Options) -> Result<(Option<Terminal>, ground::Heard), CockpitError> {
    if options.play.as_ref().is_some_and(|play| play.headless) {
        return Ok((None, ground::Heard::default()));
    }
    if options.plain {
        return Ok((Some(Terminal::enter_plain()?), ground::Heard::default()));
    }
    let mut terminal = Terminal::enter()?;
    let heard = if options.asks {
        ground::ask(&mut terminal, options.asks_ground).map_err(CockpitError::Terminal)?
    } else {
        ground::Heard::default()
    };
    if options.mouse {
        terminal.hear_mouse().map_err(CockpitError::Terminal)?;
    }
    if heard.keyboard {
        terminal.tell_keys().map_err(CockpitError::Terminal)?;
    }
    Ok((Some(terminal), heard))
}

/// The recording that was asked for, of a screen of this size.
pub(super) fn recorder(options: &Options, (width, height): (u16, u16)) -> Result<Option<Recorder>, CockpitError> {
    let Some(path) = &options.record else { return Ok(None) };
    // Lines play on any terminal; nobody has one as tall as the drawing that is read.
    let height = if options.plain { 40 } else { height };
    let mut recorder = Recorder::create(path, width, height, Timestamp::now())
        .map_err(|why| CockpitError::Record { path: path.clone(), why })?;
    forewarn(&mut recorder, options);
    Ok(Some(recorder))
}

/// Tells a recording of what this machine knows and the screen may come to show: credentials of the kubeconfig, the key of the
/// provider. What cannot be read now cannot be shown either.
fn forewarn(recorder: &mut Recorder, options: &Options) {
    for file in std::env::split_paths(&kubeconfig(&options.address)) {
        if let Ok(text) = std::fs::read_to_string(file) {
            recorder.learn(&text);
        }
    }
    match options.agent.as_ref().map(|model| &model.key) {
        Ok(KeySource::Env { names, .. }) => {
            names.iter().filter_map(|name| std::env::var(name).ok()).for_each(|key| recorder.keep(&key));
        }
        Ok(KeySource::File(path)) => {
            if let Ok(key) = std::fs::read_to_string(path) {
                recorder.keep(key.trim());
            }
        }
        // Asking for it a second time would ask a person for a passphrase twice.
        Ok(KeySource::Command(_)) | Err(_) => {}
    }
}

/// The kubeconfig's files, as the environment variable lists them.
pub(super) fn kubeconfig(address: &Address) -> String {
    if address.kubeconfig.is_empty() {
        let usual =
            || directories::BaseDirs::new().map(|dirs| dirs.home_dir().join(".kube/config").display().to_string());
        return std::env::var("KUBECONFIG").ok().filter(|list| !list.is_empty()).or_else(usual).unwrap_or_default();
    }
    let list = std::env::join_paths(&address.kubeconfig);
    list.map(|list| list.to_string_lossy().into_owned()).unwrap_or_default()
}
