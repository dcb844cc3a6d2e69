//! What is done before the first frame: the terminal is taken and asked, a recording is opened.

use jiff::Timestamp;

use super::{CockpitError, Options, Recorder, Terminal, ground};
use crate::cluster::Address;

/// Takes the terminal and asks it what it can do; where nobody watches there is none.
pub(super) fn take(options: &Options) -> Result<(Option<Terminal>, ground::Heard), CockpitError> {
    if options.play.as_ref().is_some_and(|play| play.headless) {
        return Ok((None, ground::Heard::default()));
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
pub(super) fn recorder(options: &Options, size: (u16, u16)) -> Result<Option<Recorder>, CockpitError> {
    let Some(path) = &options.record else { return Ok(None) };
    let recorder = Recorder::create(path, size.0, size.1, Timestamp::now());
    recorder.map(Some).map_err(|why| CockpitError::Record { path: path.clone(), why })
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
