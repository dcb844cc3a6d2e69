//! A terminal in a container: a shell of its own, or the program that runs there.

use bytes::Bytes;
use futures::SinkExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, AttachParams, AttachedProcess, TerminalSize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::{mpsc, watch},
};

use super::{
    super::connect::Link,
    refusal,
    status::{self, Exit},
};
use crate::{
    base::sanitize,
    cluster::session::{Ended, Entering, Place, SessionError},
};

/// Shells, the most comfortable first.
const SHELLS: [&str; 3] = ["bash", "sh", "ash"];
/// Ctrl-P and Ctrl-Q let go of an attached container, as they do in Docker.
const DETACH: [u8; 2] = [0x10, 0x11];
/// Ctrl-C, where nobody inside hears it.
const INTERRUPT: u8 = 0x03;

/// The terminal of the person.
#[derive(Debug)]
pub struct Tty {
    /// What is typed.
    pub input: mpsc::Receiver<Bytes>,
    /// What is shown.
    pub output: mpsc::Sender<Bytes>,
    /// Columns and rows.
    pub size: watch::Receiver<(u16, u16)>,
}

/// Goes into a container until it is left.
pub async fn run(link: &Link, place: &Place, entering: Entering, mut tty: Tty) -> Result<Ended, SessionError> {
    match entering {
        Entering::Shell => shell(link, place, &mut tty).await,
        Entering::Attach => attach(link, place, &mut tty).await,
    }
}

pub(super) fn pods(link: &Link, place: &Place) -> Api<Pod> {
    Api::namespaced(link.client().clone(), &place.namespace)
}

pub(super) fn params(place: &Place) -> AttachParams {
    let params = AttachParams::default();
    match &place.container {
        Some(container) => params.container(container),
        None => params,
    }
}

async fn shell(link: &Link, place: &Place, tty: &mut Tty) -> Result<Ended, SessionError> {
    let params = params(place).stdin(true).stdout(true).stderr(false).tty(true);
    for shell in SHELLS {
        let process = pods(link, place).exec(&place.pod, [shell], &params).await;
        let process = process.map_err(|error| refusal::told(link, place, "exec", &error))?;
        let wire = Wire { sends: true, tty: true, detaches: false };
        let (exit, heard) = pump(process, tty, wire).await;
        match exit {
            Pumped::Detached => return Ok(Ended::Detached),
            Pumped::Exit(Exit::Missing) => {}
            Pumped::Exit(Exit::Code(126 | 127)) if !heard => {}
            Pumped::Exit(Exit::Code(code)) => return Ok(Ended::Left(code)),
            Pumped::Exit(Exit::Failed(why)) => {
                return Err(SessionError::new(
                    format!("the shell in {} broke off: {why}", place.words()),
                    "the pod may have been replaced: look at the pods again",
                ));
            }
        }
    }
    let (context, namespace, pod) = (link.context(), &place.namespace, &place.pod);
    Err(SessionError::new(
        format!("there is no shell in {}: tried {}", place.words(), SHELLS.join(", ")),
        format!("`kubectl --context {context} debug -it {pod} -n {namespace} --image=busybox` brings one along"),
    ))
}

async fn attach(link: &Link, place: &Place, tty: &mut Tty) -> Result<Ended, SessionError> {
    let pod = pods(link, place).get(&place.pod).await;
    let pod = pod.map_err(|error| refusal::told(link, place, "attach", &error))?;
    let containers = pod.spec.map(|spec| spec.containers).unwrap_or_default();
    let container = match &place.container {
        Some(name) => containers.iter().find(|container| container.name == *name),
        None => containers.first(),
    };
    let wants =
        |flag: fn(&k8s_openapi::api::core::v1::Container) -> Option<bool>| container.and_then(flag) == Some(true);
    let (sends, terminal) = (wants(|container| container.stdin), wants(|container| container.tty));
    let params = params(place).stdin(sends).stdout(true).stderr(!terminal).tty(terminal);
    let process = pods(link, place).attach(&place.pod, &params).await;
    let process = process.map_err(|error| refusal::told(link, place, "attach", &error))?;
    let hint = if sends { "ctrl-p ctrl-q lets go" } else { "ctrl-c lets go; the container takes no input" };
    let told = format!("attached to {}: {hint}\r\n", place.words());
    let _ = tty.output.send(Bytes::from(told)).await;
    match pump(process, tty, Wire { sends, tty: terminal, detaches: true }).await.0 {
        Pumped::Detached => Ok(Ended::Detached),
        Pumped::Exit(Exit::Code(code)) => Ok(Ended::Left(code)),
        Pumped::Exit(Exit::Missing) => Ok(Ended::Left(127)),
        Pumped::Exit(Exit::Failed(why)) => Err(SessionError::new(
            format!("the connection to {} broke off: {why}", place.words()),
            "the container may have ended: look at the pods again",
        )),
    }
}

/// What of the terminal goes through.
#[derive(Clone, Copy)]
struct Wire {
    sends: bool,
    tty: bool,
    detaches: bool,
}

enum Pumped {
    Exit(Exit),
    Detached,
}

/// Carries bytes both ways until the other side ends or the person lets go; says whether anything was heard.
async fn pump(mut process: AttachedProcess, tty: &mut Tty, wire: Wire) -> (Pumped, bool) {
    let (mut stdin, mut sizes) = (process.stdin(), process.terminal_size());
    let (Some(mut stdout), status) = (process.stdout(), process.take_status()) else {
        return (Pumped::Exit(Exit::Failed("it gives nothing to read".to_owned())), false);
    };
    let mut stderr = process.stderr();
    tty.size.mark_changed();
    let (mut heard, mut typing, mut held) = (false, true, false);
    let (mut out, mut err) = (vec![0; 16 << 10], vec![0; 4 << 10]);
    loop {
        let mut told: Option<Bytes> = None;
        tokio::select! {
            read = stdout.read(&mut out) => match read {
                Ok(0) | Err(_) => break,
                Ok(count) => told = Some(shown(&out[..count], wire.tty)),
            },
            read = some(stderr.as_mut(), &mut err) => match read {
                Ok(0) | Err(_) => stderr = None,
                Ok(count) => told = Some(shown(&err[..count], wire.tty)),
            },
            typed = tty.input.recv(), if typing => match typed {
                None => typing = false,
                Some(bytes) => {
                    if wire.detaches && lets_go(&bytes, wire.sends, &mut held) {
                        process.abort();
                        return (Pumped::Detached, heard);
                    }
                    if let Some(stdin) = stdin.as_mut().filter(|_| wire.sends) {
                        let sent = async { stdin.write_all(&bytes).await?; stdin.flush().await };
                        typing = sent.await.is_ok();
                    }
                }
            },
            changed = tty.size.changed(), if sizes.is_some() => match (changed, sizes.as_mut()) {
                (Ok(()), Some(to)) => {
                    let (width, height) = *tty.size.borrow_and_update();
                    let _ = to.send(TerminalSize { width, height }).await;
                }
                // Nobody tells sizes any more.
                _ => sizes = None,
            },
        }
        if let Some(told) = told {
            heard = true;
            if tty.output.send(told).await.is_err() {
                process.abort();
                return (Pumped::Detached, heard);
            }
        }
    }
    let status = match status {
        Some(status) => status.await,
        None => None,
    };
    (Pumped::Exit(status::of(status)), heard)
}

async fn some<R: tokio::io::AsyncRead + Unpin>(reader: Option<&mut R>, into: &mut [u8]) -> std::io::Result<usize> {
    match reader {
        Some(reader) => reader.read(into).await,
        None => std::future::pending().await,
    }
}

/// What runs without a terminal of its own may not drive this one.
fn shown(bytes: &[u8], tty: bool) -> Bytes {
    if tty {
        return Bytes::copy_from_slice(bytes);
    }
    let text = String::from_utf8_lossy(bytes);
    Bytes::from(sanitize::lines(&text).replace('\n', "\r\n"))
}

fn lets_go(bytes: &[u8], sends: bool, held: &mut bool) -> bool {
    let began = std::mem::replace(held, bytes.last() == Some(&DETACH[0]));
    let pair = bytes.windows(2).any(|pair| *pair == DETACH) || began && bytes.first() == Some(&DETACH[1]);
    pair || !sends && bytes.contains(&INTERRUPT)
}

#[cfg(test)]
mod tests {
    use super::lets_go;

    #[test]
    fn letting_go_takes_two_keys_or_one_that_nobody_hears() {
        let mut held = false;
        assert!(lets_go(&[0x10, 0x11], true, &mut held));
        assert!(!lets_go(&[0x10], true, &mut held));
        assert!(lets_go(&[0x11], true, &mut held), "also one after the other");
        assert!(!lets_go(&[0x11], true, &mut held));
        assert!(!lets_go(&[0x03], true, &mut held), "the program hears it");
        assert!(lets_go(&[0x03], false, &mut held));
    }
}
