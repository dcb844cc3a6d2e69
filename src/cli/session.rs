//! A link to the cluster for one command, and what its troubles mean on a command line.

use std::{future::Future, mem, path::PathBuf, time::Duration};

use tokio::runtime::{Builder, Runtime};

use super::{
    args::Globals,
    failure::{Code, Failure},
    metrics, out, settings,
};
use crate::{
    cluster::{
        api::Trouble,
        cause,
        io::{
            connect::{self, Address, ConnectError, Link},
            live::Live,
        },
        spaces,
    },
    config::Settings,
    journal::entry::Access,
    mesh::io::metrics::Metrics,
};

/// How long a thread that hangs at the disk is waited for when the command is over: its fault was undone and told by then.
const HANGS: Duration = Duration::from_secs(1);

/// Settings, a link and the one thread that waits for both.
pub struct Session {
    /// What flags, environment and files say.
    pub settings: Settings,
    /// The cluster.
    pub link: Link,
    /// The cluster as the fault room sees it.
    pub live: Live,
    /// Its metric source.
    pub metrics: Metrics,
    runtime: Runtime,
}

impl Session {
    /// Reads settings and kubeconfig. Nothing is asked of the cluster yet.
    pub fn open(globals: &Globals) -> Result<Self, Failure> {
        let settings = settings::resolve(globals)?;
        one_namespace(settings.namespace())?;
        let address = address(globals, &settings);
        Self::at(settings, &address)
    }

    /// For commands that end faults: settings that cannot be read are passed over, and `access` leads to the cluster where the
    /// fault is.
    pub fn to_end(globals: &Globals, access: Option<Access>) -> Result<Self, Failure> {
        let settings = settings::resolve_anyway(globals);
        let mut address = address(globals, &settings);
        if let Some(access) = access {
            address.kubeconfig = access.kubeconfig.iter().map(PathBuf::from).collect();
            address.context = Some(access.context).filter(|context| !context.is_empty());
            address.as_user = access.as_user.or(address.as_user);
            if address.as_groups.is_empty() {
                address.as_groups = access.as_groups;
            }
        }
        Self::at(settings, &address)
    }

    fn at(settings: Settings, address: &Address) -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
            Failure::new(Code::Unmet, "cannot start", error.to_string(), "raise the limits of open files and threads")
        })?;
        let link = {
            let _inside = runtime.enter();
            connect::connect(address).map_err(|error| unconnected(&error))?
        };
        let live = Live::new(link.clone(), settings.readonly());
        let metrics = Metrics::new(settings.metrics(), Some(live.clone()), metrics::PATIENCE);
        Ok(Self { settings, link, live, metrics, runtime })
    }

    /// Waits for work.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The namespace to look into; `None` for all.
    pub fn namespace(&self) -> Option<&str> {
        (!self.settings.all_namespaces()).then(|| self.link.namespace())
    }

    /// In which namespaces, for messages: ` in shop`, or nothing for all.
    pub fn where_(&self, namespaced: bool) -> String {
        match self.namespace() {
            Some(namespace) if namespaced => format!(" in {namespace}"),
            _ => String::new(),
        }
    }

    /// What a failed request means here.
    pub fn trouble(&self, what: impl Into<String>, trouble: &Trouble) -> Failure {
        let code = match trouble {
            Trouble::Unreachable { .. } | Trouble::Unknown { .. } => Code::Unreachable,
            Trouble::Refused(refusal) if matches!(refusal.code, 401 | 403 | 429 | 500..=599) => Code::Unreachable,
            Trouble::Refused(_) | Trouble::NoDryRun { .. } | Trouble::NoWarrant(_) => Code::Unmet,
        };
        Failure::new(code, what, trouble.to_string(), cause::remedy(trouble, self.link.context()))
            .at(self.link.server())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // To drop a runtime is to wait for its threads, for ever if need be; only one that is owned can be left.
        if let Ok(empty) = Builder::new_current_thread().build() {
            mem::replace(&mut self.runtime, empty).shutdown_timeout(HANGS);
        }
    }
}

/// Several namespaces are for the cockpit: a command looks into one, or into all.
pub fn one_namespace(asked: Option<&str>) -> Result<(), Failure> {
    match asked.map(spaces::read) {
        Some(names) if names.len() > 1 => Err(Failure::usage(
            "cannot look into several namespaces at once",
            format!("{} are named, and only the cockpit shows several", names.join(", ")),
            "name one with -n, or take all with -A",
        )),
        _ => Ok(()),
    }
}

/// Where to connect, as settings and flags say it.
pub fn address(globals: &Globals, settings: &Settings) -> Address {
    Address {
        kubeconfig: settings.kubeconfig().map(PathBuf::from).into_iter().collect(),
        context: settings.context().map(str::to_owned),
        namespace: settings.namespace().map(str::to_owned),
        as_user: globals.as_user.clone(),
        as_groups: globals.as_groups.clone(),
        as_uid: None,
        unattended: !out::can_ask(),
    }
}

/// Why there is no link, on a command line.
pub fn unconnected(error: &ConnectError) -> Failure {
    let code = match error {
        ConnectError::NoKubeconfig { .. } => Code::Unreachable,
        _ => Code::Usage,
    };
    let place = match error {
        ConnectError::Unreadable { path, .. } | ConnectError::Malformed { path, .. } => path.display().to_string(),
        _ => String::new(),
    };
    let fix = error.fix();
    Failure::new(code, "cannot connect", error.to_string(), fix).at(place)
}
