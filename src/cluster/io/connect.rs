//! A link to one cluster, as one user, made from a kubeconfig without asking the server anything.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use http::Uri;
use jiff::Timestamp;
use kube::Client;
use secrecy::ExposeSecret;
use tokio::sync::watch;

use super::{
    clock::Clock,
    cluster_id::Known,
    credentials::{Credentials, Origin, basic, bearer, token_end},
    dial,
    exec::Plugin,
    http_client::tls_provider,
    identity::Identity,
    kubeconfig::{self, Chosen},
    proxy, signed,
    simulated::Simulated,
    tls, wake,
};
pub use super::{connect_error::ConnectError, surroundings::Surroundings};
use crate::base::sanitize;
pub use crate::cluster::address::{Address, ContextName};

/// A link to a cluster. Cheap to clone; clones share connections, credentials and clock.
#[derive(Clone)]
pub struct Link {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    context: String,
    cluster: String,
    user: String,
    namespace: String,
    server: String,
    uri: Uri,
    address: Address,
    clock: Clock,
    simulated: Option<Simulated>,
    credentials: Arc<Credentials>,
    paged: AtomicBool,
    known: Known,
    sleeps: watch::Receiver<u64>,
}

/// Prints names only.
impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({} as {} at {})", self.context(), self.user(), self.server())
    }
}

/// Makes a link in the surroundings of this process. Must be called within a tokio runtime.
pub fn connect(address: &Address) -> Result<Link, ConnectError> {
    connect_in(address, &Surroundings::of_process())
}

/// Makes a link in given surroundings. Files are read; the network is not touched and no plugin runs yet.
pub fn connect_in(address: &Address, around: &Surroundings) -> Result<Link, ConnectError> {
    tls_provider();
    let chosen = match kubeconfig::read(address, around)? {
        Some(merged) => kubeconfig::choose(&merged, address)?,
        None => kubeconfig::in_cluster(address, around)?,
    };
    let authority = tls::authority(&chosen)?;
    let identity = Arc::new(Identity::default());
    let clock = Clock::new(chosen.rate);
    let credentials = Arc::new(credentials(&chosen, authority.as_deref(), &identity, &clock)?);
    let tls = tls::config(&chosen, authority.as_deref(), identity)?;
    let proxy = proxy::choose(&chosen.server, chosen.cluster.proxy_url.as_deref(), around)?;
    let pool = Arc::new(dial::pool(&chosen, tls, proxy.as_ref())?);
    let headers = signed::headers(address, &chosen)?;
    let way = signed::Signed {
        pool,
        server: chosen.server.clone(),
        credentials: credentials.clone(),
        clock: clock.clone(),
        headers,
    };
    let plain = |text: &str| sanitize::line(text).into_owned();
    let user = match (&address.as_user, &chosen.user.impersonate) {
        (Some(name), _) | (None, Some(name)) => format!("{} (as {})", plain(&chosen.user_name), plain(name)),
        (None, None) => plain(&chosen.user_name),
    };
    let pinned = Address {
        kubeconfig: chosen.files.clone(),
        context: (!chosen.files.is_empty()).then(|| chosen.context.clone()),
        namespace: Some(chosen.namespace.clone()),
        ..address.clone()
    };
    Ok(Link {
        inner: Arc::new(Inner {
            client: Client::new(way, chosen.namespace.clone()),
            context: plain(&chosen.context),
            cluster: plain(&chosen.cluster_name),
            user,
            namespace: plain(&chosen.namespace),
            server: plain(chosen.server.to_string().trim_end_matches('/')),
            uri: chosen.server,
            address: pinned,
            clock,
            // Without the file it may be alive or not: then it counts as alive.
            simulated: chosen.alive.and_then(|path| Simulated::at(&path).ok()),
            credentials,
            paged: AtomicBool::new(false),
            known: Known::default(),
            sleeps: wake::sleeps(),
        }),
    })
}

/// The contexts of the kubeconfig, for the choice inside the cockpit. Empty inside a pod.
pub fn contexts(address: &Address) -> Result<Vec<ContextName>, ConnectError> {
    contexts_in(address, &Surroundings::of_process())
}

/// The contexts of the kubeconfig found in given surroundings.
pub fn contexts_in(address: &Address, around: &Surroundings) -> Result<Vec<ContextName>, ConnectError> {
    Ok(kubeconfig::read(address, around)?.map(|merged| kubeconfig::contexts(&merged.config)).unwrap_or_default())
}

/// What the user's entry says about who we are.
fn credentials(
    chosen: &Chosen,
    authority: Option<&[u8]>,
    identity: &Arc<Identity>,
    clock: &Clock,
) -> Result<Credentials, ConnectError> {
    let wrong = |field, why: String| ConnectError::BadUser { user: chosen.user_name.clone(), field, why };
    let user = &chosen.user;
    let mut until = None;
    if let Some((cert, key)) = tls::client_certificate(chosen)? {
        until = identity.set(&cert, &key).map_err(|why| wrong("client-certificate", why))?;
    }
    let token = user.token.as_ref().filter(|token| !token.expose_secret().is_empty());
    let origin = if let Some(path) = user.token_file.as_ref().filter(|path| !path.is_empty()) {
        Origin::File(PathBuf::from(path), token.cloned())
    } else if let Some(token) = token {
        until = until.or(token_end(token.expose_secret()));
        Origin::Fixed(bearer(token.expose_secret()).map_err(|why| wrong("token", why.to_owned()))?)
    } else if let (Some(name), Some(password)) = (&user.username, &user.password) {
        Origin::Fixed(basic(name, password.expose_secret()).map_err(|why| wrong("password", why.to_owned()))?)
    } else if let Some(exec) = &user.exec {
        Origin::Exec(Box::new(Plugin::new(exec.clone(), chosen, authority).map_err(|why| wrong("exec", why))?))
    } else if let Some(provider) = &user.auth_provider {
        // Of the built-in providers only OIDC is left in kubectl; its token is used as it stands.
        match provider.config.get("id-token").filter(|_| provider.name == "oidc") {
            Some(token) => {
                until = token_end(token);
                Origin::Fixed(bearer(token).map_err(|why| wrong("auth-provider", why.to_owned()))?)
            }
            None => {
                let name = sanitize::line(&provider.name).into_owned();
                let why = format!(
                    "`{name}` was removed from Kubernetes; use its exec plugin (gke-gcloud-auth-plugin, kubelogin)"
                );
                return Err(wrong("auth-provider", why));
            }
        }
    } else {
        Origin::Nothing
    };
    Ok(Credentials::new(origin, identity.clone(), clock.clone(), until))
}

impl Link {
    /// The client for what the doors of this room do not cover (exec, port-forward).
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// The context's name.
    pub fn context(&self) -> &str {
        &self.inner.context
    }

    /// The cluster's name in the kubeconfig.
    pub fn cluster(&self) -> &str {
        &self.inner.cluster
    }

    /// The user's name in the kubeconfig, with whom it acts as.
    pub fn user(&self) -> &str {
        &self.inner.user
    }

    /// The namespace chosen by flag or context.
    pub fn namespace(&self) -> &str {
        &self.inner.namespace
    }

    /// The server's address, for messages.
    pub fn server(&self) -> &str {
        &self.inner.server
    }

    /// Whether the server is on this machine.
    pub fn on_loopback(&self) -> bool {
        kubeconfig::on_loopback(&self.inner.uri)
    }

    /// The server's clock.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// When the present credentials end, as far as a certificate, a token or a plugin says. Of an exec plugin nothing is
    /// known before the first request.
    pub fn credentials_until(&self) -> Option<Timestamp> {
        self.inner.credentials.until()
    }

    /// An address that leads to the very same files, context and user, whatever the environment says later: what a
    /// guardian connects with.
    pub fn pinned(&self) -> &Address {
        &self.inner.address
    }

    /// The process of a simulated cluster; `None` of a real one.
    pub fn simulated(&self) -> Option<&Simulated> {
        self.inner.simulated.as_ref()
    }

    pub(super) fn paged(&self) -> bool {
        self.inner.paged.load(Ordering::Relaxed)
    }

    pub(super) fn remember_paged(&self) {
        self.inner.paged.store(true, Ordering::Relaxed);
    }

    /// Counts the times this machine slept.
    pub(super) fn sleeps(&self) -> watch::Receiver<u64> {
        self.inner.sleeps.clone()
    }

    /// What the clusters of warrants are held to.
    pub(super) fn known(&self) -> &Known {
        &self.inner.known
    }
}
