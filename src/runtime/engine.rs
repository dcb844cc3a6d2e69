//! The fault engine on a real cluster, with its guardian: what the cockpit and the command line both start.

use std::{path::Path, sync::Arc};

use tokio::sync::mpsc;

use super::guardian;
use crate::{
    cluster::io::{connect::Link, live::Live, whoami},
    config::io::pinned::pinned,
    fault::{
        io::{
            engine::{Engine, Place},
            sentry::Pulse,
            watching,
        },
        policy::Policy,
        rules::Terms,
        view::InjectionView,
    },
    journal::{entry::Access, io::Shelf},
    mesh::io::metrics::Metrics,
};

/// Makes the engine. `policy` may be the default where it could not be read: the guard refuses faults then, while undoing
/// needs none. Asks the server who we are.
pub async fn engine(
    live: &Live,
    state_dir: &Path,
    policy: &Policy,
    pulse: Pulse,
    metrics: &Metrics,
    views: mpsc::Sender<InjectionView>,
) -> Engine<Live> {
    let host = host();
    let place = Place {
        state_dir: state_dir.to_path_buf(),
        access: access(live.link()),
        user: whoami::user(live.link()).await,
        host: host.clone(),
        readonly: live.read_only(),
        home: policy.home.clone(),
        max_concurrent: policy.max_concurrent,
        max_lease: policy.longest_lease(live.link().context()),
        blackouts: policy.blackouts.clone(),
        record_local: policy.record_local,
        yes_in_production: policy.yes_in_production,
    };
    let shelf = Shelf::new(state_dir, &host);
    Engine::new(Arc::new(live.clone()), place, shelf, Some(guardian::raise(state_dir)), pulse, views)
        .metered(watching::meter(metrics))
}

/// The terms that plans are judged by: the guardrails of a person, and what the cluster holds everybody to.
pub async fn terms(live: &Live, policy: Policy, readonly: bool) -> Terms {
    let context = live.link().context().to_owned();
    let (policy, _) = pinned(live, policy, &context).await;
    Terms { policy, context, readonly }
}

/// `pid@host`.
pub fn host() -> String {
    let name = rustix::system::uname();
    format!("{}@{}", std::process::id(), name.nodename().to_string_lossy())
}

/// How to reach the very same cluster again, from another folder and another environment.
fn access(link: &Link) -> Access {
    let address = link.pinned();
    let whole =
        |file: &std::path::PathBuf| std::path::absolute(file).unwrap_or_else(|_| file.clone()).display().to_string();
    Access {
        kubeconfig: address.kubeconfig.iter().map(whole).collect(),
        context: address.context.clone().unwrap_or_default(),
        as_user: address.as_user.clone(),
        as_groups: address.as_groups.clone(),
    }
}
