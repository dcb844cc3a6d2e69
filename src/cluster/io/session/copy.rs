//! Files in and out of a container, through the tar inside it, as kubectl does it.
//!
//! What comes out is unpacked under a name of its own and renamed when all of it is there, so that half a copy never looks like
//! a whole one.

use std::{
    io,
    path::{Path, PathBuf},
};

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, AttachedProcess};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    task::spawn_blocking,
};
use tokio_util::io::SyncIoBridge;

use super::{
    super::connect::Link,
    enter::{params, pods},
    refusal,
    status::{self, Exit},
    unpack::{discard, part, unpack},
};
use crate::{
    base::sanitize,
    cluster::session::{Copy, SessionError, Way},
};

/// What is read of a complaint.
const COMPLAINT: u64 = 4 << 10;

/// Copies; gives where it now lies, in words.
pub async fn run(link: &Link, copy: &Copy) -> Result<String, SessionError> {
    match copy.way {
        Way::Out => out(link, copy).await,
        Way::In => into(link, copy).await,
    }
}

/// A copy under way.
struct Work<'c> {
    link: &'c Link,
    copy: &'c Copy,
    pods: Api<Pod>,
}

impl Work<'_> {
    async fn exec(&self, command: &[&str], stdin: bool) -> Result<AttachedProcess, SessionError> {
        let params = params(&self.copy.place).stdin(stdin).stdout(true).stderr(true);
        let process = self.pods.exec(&self.copy.place.pod, command.iter().copied(), &params).await;
        process.map_err(|error| refusal::told(self.link, &self.copy.place, "exec", &error))
    }

    fn failed(&self, why: &str, fix: &str) -> SessionError {
        let Copy { place, remote, local, way } = self.copy;
        let inside = format!("{}:{remote}", place.words());
        let (from, to) = match way {
            Way::Out => (inside.as_str(), local.as_str()),
            Way::In => (local.as_str(), inside.as_str()),
        };
        SessionError::new(format!("cannot copy {from} to {to}: {why}"), fix)
    }

    /// What a tar that did not end well comes to.
    fn ended(&self, exit: Exit, complaint: &str) -> Result<(), SessionError> {
        let no_tar = "there is no tar in the container";
        let bring = "brink copies through it, as kubectl does; `kubectl debug` brings a container that has it";
        match exit {
            Exit::Code(0) => Ok(()),
            Exit::Missing | Exit::Code(127) => Err(self.failed(no_tar, bring)),
            Exit::Code(code) if complaint.is_empty() => {
                Err(self.failed(&format!("tar ended with {code}"), "look at the path and at the rights there"))
            }
            Exit::Code(_) => Err(self.failed(complaint, "look at the path and at the rights there")),
            Exit::Failed(why) => Err(self.failed(&why, "try again; the pod may have been replaced")),
        }
    }
}

fn work<'c>(link: &'c Link, copy: &'c Copy) -> Work<'c> {
    Work { link, copy, pods: pods(link, &copy.place) }
}

async fn out(link: &Link, copy: &Copy) -> Result<String, SessionError> {
    let work = work(link, copy);
    let (folder, name) = copy.remote.rsplit_once('/').unwrap_or(("", &copy.remote));
    let folder = if folder.is_empty() { "/" } else { folder };
    let target = target(&copy.local, name).map_err(|why| work.failed(&why, "name another place"))?;
    let mut process = work.exec(&["tar", "cf", "-", "-C", folder, "--", name], false).await?;
    let (Some(stdout), stderr, status) = (process.stdout(), process.stderr(), process.take_status()) else {
        return Err(work.failed("the connection gives nothing to read", "try again"));
    };
    let (bridge, wanted, place) = (SyncIoBridge::new(stdout), name.to_owned(), target.clone());
    let unpacking = spawn_blocking(move || unpack(bridge, &wanted, &place));
    let (unpacked, complaint) = tokio::join!(unpacking, complaint(stderr));
    let exit = status::of(match status {
        Some(status) => status.await,
        None => None,
    });
    let unpacked = unpacked.unwrap_or_else(|error| Err(io::Error::other(error)));
    let part = part(&target);
    let done = match unpacked {
        // A refusal of ours comes before what tar says of the pipe that broke.
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(work.failed(&error.to_string(), "nothing was kept; look at what this container is"))
        }
        Err(error) => work.ended(exit, &complaint).and(Err(work.failed(&error.to_string(), "look at the disk here"))),
        Ok(count) => work.ended(exit, &complaint).and_then(|()| {
            if count == 0 {
                return Err(work.failed("tar gave nothing", "look at the path"));
            }
            let moved = std::fs::rename(&part, &target);
            moved.map_err(|error| work.failed(&error.to_string(), "name another place"))
        }),
    };
    if done.is_err() {
        discard(&part);
    }
    done.map(|()| format!("{}:{} is now {}", copy.place.words(), copy.remote, target.display()))
}

/// Where a copy comes to lie: under its own name in a folder, else exactly there.
fn target(local: &str, name: &str) -> Result<PathBuf, String> {
    let mut path = PathBuf::from(local);
    if local.ends_with('/') || local == "." || local == ".." || path.is_dir() {
        path.push(name);
    }
    if path.is_dir() {
        return Err(format!("{} is there already", path.display()));
    }
    if path.file_name().is_none() {
        return Err(format!("{} names no file", path.display()));
    }
    Ok(path)
}

async fn into(link: &Link, copy: &Copy) -> Result<String, SessionError> {
    let work = work(link, copy);
    let local = PathBuf::from(&copy.local);
    let there = std::fs::symlink_metadata(&local);
    let meta = there.map_err(|error| work.failed(&error.to_string(), "name a file or folder of this machine"))?;
    let own = local.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let own = own.ok_or_else(|| work.failed("it has no name", "name a file or folder of this machine"))?;
    let remote = if copy.remote.is_empty() { "/" } else { &copy.remote };
    let (folder, name) = match remote.rsplit_once('/') {
        _ if work.is_folder(remote).await? => (remote.to_owned(), own),
        Some((folder, name)) => ((if folder.is_empty() { "/" } else { folder }).to_owned(), name.to_owned()),
        None => ("/".to_owned(), remote.to_owned()),
    };
    let mut process = work.exec(&["tar", "xmf", "-", "-C", &folder], true).await?;
    let (Some(stdin), stdout, stderr, status) =
        (process.stdin(), process.stdout(), process.stderr(), process.take_status())
    else {
        return Err(work.failed("the connection takes nothing", "try again"));
    };
    let (bridge, inside) = (SyncIoBridge::new(stdin), name.clone());
    let packing = spawn_blocking(move || pack(bridge, &local, meta.is_dir(), &inside));
    let (packed, complaint, _) = tokio::join!(packing, complaint(stderr), complaint(stdout));
    let exit = status::of(match status {
        Some(status) => status.await,
        None => None,
    });
    // What tar says of it is the cause of a pipe that broke.
    work.ended(exit, &complaint)?;
    let packed = packed.unwrap_or_else(|error| Err(io::Error::other(error)));
    packed.map_err(|error| work.failed(&error.to_string(), "look at the file here"))?;
    Ok(format!("{} is now {}:{}/{name}", copy.local, copy.place.words(), folder.trim_end_matches('/')))
}

impl Work<'_> {
    async fn is_folder(&self, path: &str) -> Result<bool, SessionError> {
        let mut process = self.exec(&["test", "-d", path], false).await?;
        let (stdout, stderr, status) = (process.stdout(), process.stderr(), process.take_status());
        tokio::join!(complaint(stdout), complaint(stderr));
        let exit = status::of(match status {
            Some(status) => status.await,
            None => None,
        });
        Ok(exit == Exit::Code(0))
    }
}

fn pack(
    into: SyncIoBridge<impl tokio::io::AsyncWrite + Unpin>,
    local: &Path,
    folder: bool,
    name: &str,
) -> io::Result<()> {
    let mut builder = tar::Builder::new(into);
    builder.follow_symlinks(false);
    if folder {
        builder.append_dir_all(name, local)?;
    } else {
        builder.append_path_with_name(local, name)?;
    }
    builder.into_inner()?.shutdown()
}

/// The last words of a program, on one line.
async fn complaint(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let mut bytes = Vec::new();
    // What came until it broke is said all the same.
    let _ = (&mut stream).take(COMPLAINT).read_to_end(&mut bytes).await;
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    sanitize::line(String::from_utf8_lossy(&bytes).trim()).into_owned()
}
