//! The guardian as a process: how it is raised, and what it does when it is.
//!
//! The cockpit starts its own program again with a hidden subcommand, one end of a socket as standard input. The child makes a
//! session of its own before it says anything, so neither the terminal's hang-up nor its ^C reaches it; what it guards is
//! decided in [`crate::fault::io::guardian`].

use std::{
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{fs::OpenOptionsExt, net},
    },
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, atomic::AtomicBool},
};

use signal_hook::consts::{SIGHUP, SIGTSTP, SIGUSR1, SIGUSR2};
use tokio::{
    net::UnixStream,
    process::Command,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use super::{engine::host, leftover};
use crate::{
    cluster::io::{
        connect::{self, Address},
        live::Live,
        whoami,
    },
    fault::io::{
        guardian::{Identity, guard},
        sentry::{Raise, Wire},
    },
    journal::{entry::Arm, io::Shelf},
};

/// The hidden subcommand.
pub const WORD: &str = "guardian";

/// How a guardian for this state directory is started.
pub fn raise(state_dir: &Path) -> Raise {
    let state_dir = std::path::absolute(state_dir).unwrap_or_else(|_| state_dir.to_path_buf());
    Arc::new(move || {
        let state_dir = state_dir.clone();
        Box::pin(async move { start(&state_dir) })
    })
}

fn start(state_dir: &Path) -> io::Result<Wire> {
    let (ours, theirs) = net::UnixStream::pair()?;
    let mut command = Command::new(program()?);
    command.arg0("brink").arg("--state-dir").arg(state_dir).arg(WORD);
    command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null()).stderr(log(state_dir));
    // Not tied to this handle: it must live when we die. The runtime reaps it when it ends first.
    drop(command.kill_on_drop(false).spawn()?);
    ours.set_nonblocking(true)?;
    Ok(wire(UnixStream::from_std(ours)?))
}

/// This program, also after an upgrade has replaced its file.
fn program() -> io::Result<PathBuf> {
    let own = PathBuf::from("/proc/self/exe");
    if own.exists() { Ok(own) } else { std::env::current_exe() }
}

/// Where a guardian's last words go; nowhere, when the folder cannot be written.
fn log(state_dir: &Path) -> Stdio {
    let file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(state_dir.join("guardian.log"));
    file.map_or_else(|_| Stdio::null(), Stdio::from)
}

fn wire(stream: UnixStream) -> Wire {
    let (reader, writer) = stream.into_split();
    Wire { reader: Box::new(reader), writer: Box::new(writer) }
}

/// Serves the process at the other end of standard input until it is gone and all is verified. An error says why it could
/// not begin: standard input is no socket, for one.
pub async fn serve(shelf: Shelf) -> io::Result<()> {
    // Fails in the leader of a process group, which a child of ours never is.
    let _ = rustix::process::setsid();
    for deaf in [SIGHUP, SIGTSTP, SIGUSR1, SIGUSR2] {
        signal_hook::flag::register(deaf, Arc::new(AtomicBool::new(false)))?;
    }
    let mut told = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let stream = net::UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // A file or a terminal is no socket: asked for its peer, it says so.
    stream.peer_addr()?;
    stream.set_nonblocking(true)?;
    let wire = wire(UnixStream::from_std(stream)?);
    let (met, mut worlds) = mpsc::unbounded_channel();
    let identified = |arm| {
        let met = met.clone();
        async move {
            let identity = identify(arm).await?;
            if let Some(world) = identity.api.link().simulated() {
                // Nobody listens only when this process is about to end.
                let _ = met.send(world.clone());
            }
            Ok(identity)
        }
    };
    guard(wire, shelf.clone(), identified, async {
        tokio::select! {
            _ = told.recv() => {}
            _ = interrupted.recv() => {}
        }
    })
    .await;
    shelf.written().await;
    while let Ok(world) = worlds.try_recv() {
        leftover::after_guarding(&world, &host());
    }
    Ok(())
}

/// A client of its own from the pinned context; nobody is there to answer a plugin's question.
async fn identify(arm: Arm) -> Result<Identity<Live>, String> {
    let address = Address {
        kubeconfig: arm.access.kubeconfig.iter().map(PathBuf::from).collect(),
        context: Some(arm.access.context).filter(|context| !context.is_empty()),
        namespace: None,
        as_user: arm.access.as_user,
        as_groups: arm.access.as_groups,
        as_uid: None,
        unattended: true,
    };
    let link = connect::connect(&address).map_err(|error| error.to_string())?;
    let user = whoami::whoami(&link).await.map_err(|trouble| trouble.to_string())?.name;
    let until = link.credentials_until();
    Ok(Identity { api: Arc::new(Live::new(link, false)), user, until })
}
