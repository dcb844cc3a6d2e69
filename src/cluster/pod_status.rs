//! STATUS, READY and RESTARTS of a pod exactly as `kubectl get pods` prints them (Kubernetes 1.35).
//!
//! The words are those of the server's own printer: readers compare the two screens, and scripts search for them.

use std::borrow::Cow;

/// What the printer looks at.
#[derive(Debug, Clone, Default)]
pub struct PodFacts<'a> {
    /// `metadata.deletionTimestamp` is set.
    pub deleted: bool,
    /// `status.phase`.
    pub phase: &'a str,
    /// `status.reason`.
    pub reason: &'a str,
    /// `status.conditions`.
    pub conditions: Vec<Condition<'a>>,
    /// Number of `spec.containers`.
    pub containers: usize,
    /// `spec.initContainers`: name, and whether restartable (`restartPolicy: Always`).
    pub init: Vec<(&'a str, bool)>,
    /// `status.initContainerStatuses`.
    pub init_states: Vec<ContainerFacts<'a>>,
    /// `status.containerStatuses`.
    pub states: Vec<ContainerFacts<'a>>,
}

/// One condition.
#[derive(Debug, Clone, Copy, Default)]
pub struct Condition<'a> {
    /// `type`.
    pub kind: &'a str,
    /// `status`.
    pub status: &'a str,
    /// `reason`.
    pub reason: &'a str,
}

/// One container's status.
#[derive(Debug, Clone, Copy, Default)]
pub struct ContainerFacts<'a> {
    /// `name`.
    pub name: &'a str,
    /// `ready`.
    pub ready: bool,
    /// `started` is true.
    pub started: bool,
    /// `restartCount`.
    pub restarts: u32,
    /// `state`.
    pub state: State<'a>,
    /// `lastState.terminated.finishedAt`, RFC 3339, empty when there is none.
    pub last_finished: &'a str,
}

/// `state` of a container.
#[derive(Debug, Clone, Copy, Default)]
pub enum State<'a> {
    /// None of the three is set.
    #[default]
    None,
    /// `waiting`, with its reason.
    Waiting(&'a str),
    /// `running`.
    Running,
    /// `terminated`.
    Terminated {
        /// Its reason, may be empty.
        reason: &'a str,
        /// Exit code.
        code: i32,
        /// Signal, 0 for none.
        signal: i32,
    },
}

/// What is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed<'a> {
    /// READY: ready and all.
    pub ready: (u16, u16),
    /// STATUS.
    pub status: Cow<'a, str>,
    /// RESTARTS.
    pub restarts: u32,
    /// When the last container ended that was restarted, RFC 3339; empty for none.
    pub last_restart: &'a str,
}

/// Restarts and the latest end before one.
#[derive(Default, Clone, Copy)]
struct Restarts<'a> {
    count: u32,
    last: &'a str,
}

impl<'a> Restarts<'a> {
    fn add(&mut self, container: &ContainerFacts<'a>) {
        self.count = self.count.saturating_add(container.restarts);
        // Times of the API are RFC 3339 in UTC to the second: their text sorts as they do.
        if container.last_finished > self.last {
            self.last = container.last_finished;
        }
    }
}

/// Prints a pod.
pub fn print<'a>(pod: &PodFacts<'a>) -> Printed<'a> {
    let mut status: Cow<'a, str> = Cow::Borrowed(if pod.reason.is_empty() { pod.phase } else { pod.reason });
    if pod.conditions.iter().any(|one| one.kind == "PodScheduled" && one.reason == "SchedulingGated") {
        status = Cow::Borrowed("SchedulingGated");
    }
    let restartable = |name: &str| pod.init.iter().any(|(known, always)| *known == name && *always);
    let sidecars = pod.init.iter().filter(|(_, always)| *always).count();
    let all = pod.containers + sidecars;
    let mut ready = 0usize;
    let mut restarts = Restarts::default();
    let mut sidecar_restarts = Restarts::default();
    let mut initializing = false;
    for (at, container) in pod.init_states.iter().enumerate() {
        restarts.add(container);
        let sidecar = restartable(container.name);
        if sidecar {
            sidecar_restarts.add(container);
        }
        let waits = match container.state {
            State::Terminated { code: 0, .. } => continue,
            _ if sidecar && container.started => {
                ready += usize::from(container.ready);
                continue;
            }
            State::Terminated { reason: "", code, signal } => ended("Init:", code, signal),
            State::Terminated { reason, .. } => format!("Init:{reason}"),
            State::Waiting(reason) if !reason.is_empty() && reason != "PodInitializing" => format!("Init:{reason}"),
            State::Waiting(_) | State::Running | State::None => format!("Init:{at}/{}", pod.init.len()),
        };
        status = Cow::Owned(waits);
        initializing = true;
        break;
    }
    let is_true = |kind: &str| pod.conditions.iter().any(|one| one.kind == kind && one.status == "True");
    if !initializing || is_true("Initialized") {
        restarts = sidecar_restarts;
        let mut running = false;
        // From the last container to the first, so that the first one's trouble is what remains.
        for container in pod.states.iter().rev() {
            restarts.add(container);
            match container.state {
                State::Waiting(reason) if !reason.is_empty() => status = Cow::Borrowed(reason),
                State::Terminated { reason: "", code, signal } => status = Cow::Owned(ended("", code, signal)),
                State::Terminated { reason, .. } => status = Cow::Borrowed(reason),
                State::Running if container.ready => {
                    running = true;
                    ready += 1;
                }
                State::Waiting(_) | State::Running | State::None => {}
            }
        }
        if status == "Completed" && running {
            status = Cow::Borrowed(if is_true("Ready") { "Running" } else { "NotReady" });
        }
    }
    if pod.deleted && pod.reason == "NodeLost" {
        status = Cow::Borrowed("Unknown");
    } else if pod.deleted && !matches!(pod.phase, "Failed" | "Succeeded") {
        status = Cow::Borrowed("Terminating");
    }
    let count = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
    Printed { ready: (count(ready), count(all)), status, restarts: restarts.count, last_restart: restarts.last }
}

fn ended(front: &str, code: i32, signal: i32) -> String {
    if signal == 0 { format!("{front}ExitCode:{code}") } else { format!("{front}Signal:{signal}") }
}
