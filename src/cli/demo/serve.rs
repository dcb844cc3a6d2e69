//! Serving a world until it is told to stop.

use std::{
    fs, io,
    net::SocketAddr,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use brink_demo::{
    io::{Failure as NotServed, Served, Settings, serve},
    world::{Wish, World},
};
use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Doors, Wanted, args::DemoArgs};
use crate::{
    cli::{
        Ended, Ending,
        args::Shape,
        failure::{Code, Failure},
        out::Out,
    },
    runtime::leftover,
};

/// How long clients must have been gone before an orphaned world ends.
const ALONE: Duration = Duration::from_mins(1);
/// How long a world that was told to stop waits for a guardian that still works on it.
const LINGER: Duration = Duration::from_secs(20);
/// Between two looks at who is there.
const LOOK: Duration = Duration::from_millis(50);

/// Builds, serves, tells where, and waits for the end.
pub fn run(wanted: &Wanted, address: SocketAddr, args: &DemoArgs, out: &mut Out) -> Ended {
    if args.attached {
        // The keys of the cockpit's terminal are not for the world. Fails in the leader of a group, which no child is.
        let _ = rustix::process::setsid();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| cannot(error.to_string(), "raise the limits of threads and open files (`ulimit -a`)"))?;
    let ended = runtime.block_on(async {
        // Before anything is made, so that no signal finds something and nobody listening.
        let mut told = Told::listen()
            .map_err(|error| cannot(format!("cannot listen for signals: {error}"), "raise the limits of this user"))?;
        live(wanted, address, args, &mut told, out).await
    });
    runtime.shutdown_background();
    ended
}

fn cannot(why: String, fix: &str) -> Failure {
    Failure::new(Code::Unmet, "cannot serve the world", why, fix)
}

async fn live(wanted: &Wanted, address: SocketAddr, args: &DemoArgs, told: &mut Told, out: &mut Out) -> Ended {
    let folder = Folder::make().map_err(|error| {
        let why = format!("no folder for its files in {}: {error}", std::env::temp_dir().display());
        cannot(why, "name a folder you may write to with TMPDIR")
    })?;
    let begin = Timestamp::now();
    let wish = Wish { bundle: wanted.bundle.clone(), pods: wanted.pods, seed: wanted.seed, now: begin };
    // A large world takes its time; an order to end does not wait for it.
    let building = tokio::task::spawn_blocking(move || World::new(&wish));
    let world = tokio::select! {
        built = building => built.map_err(|lost| cannot(lost.to_string(), "this is a mistake of the program: report it"))?,
        () = told.asked() => return Ok(Ending::Done),
    };
    let world = world.map_err(|trouble| Failure::usage("cannot make the world", trouble.what, trouble.fix))?;
    let settings = Settings {
        address,
        rate: wanted.speed,
        begin,
        kubeconfig: folder.path().join("kubeconfig"),
        name: "demo".to_owned(),
        seed: wanted.seed,
    };
    let served = serve(world, settings).await.map_err(|failure| {
        let asked_wrong = matches!(failure, NotServed::NotLoopback(_) | NotServed::Listen(..));
        let code = if asked_wrong { Code::Usage } else { Code::Unmet };
        Failure::new(code, "cannot serve the world", failure.to_string(), failure.fix())
    })?;
    tell(&served, folder.path(), args, out);
    if args.attached {
        attended(&served, told).await;
    } else {
        told.asked().await;
    }
    served.stop();
    Ok(Ending::Done)
}

fn tell(served: &Served, folder: &Path, args: &DemoArgs, out: &mut Out) {
    let doors = Doors {
        kubeconfig: served.kubeconfig.display().to_string(),
        server: served.url.clone(),
        prometheus: served.prometheus.clone(),
        model: served.model.clone(),
        a2a: served.a2a.clone(),
        mcp: served.mcp.clone(),
        control: served.control.clone(),
        control_token: served.control_token.clone(),
        folder: folder.display().to_string(),
    };
    if args.attached || args.output.shape == Shape::Json {
        // One line, so that whoever reads knows when it is whole.
        out.line(serde_json::to_string(&doors).unwrap_or_default());
    } else {
        out.line(format_args!("kubeconfig  {}", doors.kubeconfig));
        out.line(format_args!("server      {}", doors.server));
        out.line(format_args!("prometheus  {}", doors.prometheus));
        out.line(format_args!("model       {}", doors.model));
        out.line(format_args!("a2a         {}", doors.a2a));
        out.line(format_args!("mcp         {}", doors.mcp));
        out.line(format_args!(
            "\nbrink -A --kubeconfig {} --prometheus {} --agent {}\nctrl-c ends it",
            doors.kubeconfig,
            doors.prometheus,
            doors.agent()
        ));
    }
    out.flush();
}

/// Signals that end a world: its person's, its terminal's, its machine's.
struct Told([Signal; 3]);

impl Told {
    fn listen() -> io::Result<Self> {
        Ok(Self([signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?]))
    }

    async fn asked(&mut self) {
        let [ended, interrupted, hung_up] = &mut self.0;
        tokio::select! {
            _ = ended.recv() => {}
            _ = interrupted.recv() => {}
            _ = hung_up.recv() => {}
        }
    }
}

/// Until the cockpit says stop, or is gone and nobody else needs the world.
async fn attended(served: &Served, signals: &mut Told) {
    let told = tokio::select! {
        told = tokio::task::spawn_blocking(word) => told.unwrap_or(false),
        () = signals.asked() => true,
    };
    let (mut told, mut begun, mut alone) = (told, Instant::now(), Instant::now());
    loop {
        // A guardian has a connection of its own as long as it has something to undo.
        let (patience, quiet) = if told { (LINGER, Duration::ZERO) } else { (Duration::MAX, ALONE) };
        if served.connections() > 0 {
            alone = Instant::now();
        } else if alone.elapsed() >= quiet {
            return;
        }
        if begun.elapsed() >= patience {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            // Told twice it waits for nobody.
            () = signals.asked() => {
                if told {
                    return;
                }
                (told, begun) = (true, Instant::now());
            }
        }
    }
}

/// Waits for the word to stop; an end without it means that the cockpit was killed.
fn word() -> bool {
    let mut line = String::new();
    io::stdin().read_line(&mut line).is_ok_and(|_| line.trim() == "stop")
}

/// A folder of its own, for nobody else's eyes. It goes with its owner.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes one.
    pub(super) fn make() -> io::Result<Self> {
        let place = std::env::temp_dir();
        // A world that was killed could not take its own away.
        leftover::sweep(&place);
        let name = format!("{}{}-{:x}", leftover::PREFIX, std::process::id(), Timestamp::now().as_nanosecond());
        let folder = place.join(name);
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be taken away lies in a folder for temporary things.
        let _ = fs::remove_dir_all(&self.0);
    }
}
