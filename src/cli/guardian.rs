//! `guardian`: the process that keeps the promise when the cockpit cannot. brink starts it itself; a person has no use for it.

use super::{
    Ended, Ending,
    args::Globals,
    failure::{Code, Failure},
    settings,
};
use crate::{
    journal::io::{Shelf, shelf},
    runtime::{engine::host, guardian},
};

/// Serves the process at the other end of standard input until all it armed is verified.
pub fn run(globals: &Globals) -> Ended {
    let cannot = |why: String| {
        Failure::new(
            Code::Usage,
            "cannot guard",
            why,
            "brink starts its guardian itself; there is nothing to do by hand",
        )
    };
    let settings = settings::resolve_anyway(globals);
    let Some(folder) = shelf::state_directory(settings.state_dir().as_deref()) else {
        return Err(cannot("there is no home folder".to_owned()));
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| cannot(error.to_string()))?;
    let served = runtime.block_on(guardian::serve(Shelf::new(&folder, &host())));
    // All is verified: a disk that hangs is not waited for.
    runtime.shutdown_background();
    served.map_err(|error| cannot(error.to_string()))?;
    Ok(Ending::Done)
}
