//! How connections come about: TCP without delay, through a proxy when there is one, TLS, and a pool above.
//!
//! Built here rather than by kube because kube leaves `TCP_NODELAY` off, and each watch is a connection of its own: the
//! Nagle algorithm and delayed acknowledgements together would cost every one of them some 40 ms.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use http::{Request, Response, Uri};
use hyper::{
    body::Incoming,
    rt::{Read, Write},
};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{
            Connection, HttpConnector,
            proxy::{SocksV5, Tunnel},
        },
    },
    rt::{TokioExecutor, TokioTimer},
};
use kube::client::Body;
use rustls::{ClientConfig, pki_types::ServerName};
use tower::{BoxError, Service, ServiceBuilder, timeout::Timeout, util::BoxCloneSyncService};
use tower_http::decompression::{DecompressionBody, DecompressionLayer};

use super::{
    connect_error::ConnectError,
    kubeconfig::Chosen,
    proxy::{Proxy, Speech},
};

/// How long name resolution, TCP, proxy and TLS may take together.
const CONNECT: Duration = Duration::from_secs(10);

/// An unused connection is closed after this long.
const IDLE: Duration = Duration::from_mins(1);

/// A silent connection is probed after this long, thrice, 10 s apart: a dead link is noticed within a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// What comes back.
pub(super) type Answer = Response<DecompressionBody<Incoming>>;

/// A pool of connections to one server.
pub(super) type Connections = BoxCloneSyncService<Request<Body>, Answer, hyper_util::client::legacy::Error>;

/// The pool in use, and how to make a fresh one: a connection opened with a client certificate that has been replaced
/// must not be used again.
pub(super) struct Pool {
    make: Box<dyn Fn() -> Connections + Send + Sync>,
    present: RwLock<(u64, Connections)>,
}

impl Pool {
    /// The connections made with certificate number `certificate`.
    pub fn connections(&self, certificate: u64) -> Connections {
        {
            let present = self.present.read().unwrap_or_else(PoisonError::into_inner);
            if present.0 == certificate {
                return present.1.clone();
            }
        }
        let fresh = (self.make)();
        *self.present.write().unwrap_or_else(PoisonError::into_inner) = (certificate, fresh.clone());
        fresh
    }
}

/// Prepares the pool; nothing is connected yet.
pub(super) fn pool(chosen: &Chosen, tls: ClientConfig, proxy: Option<&Proxy>) -> Result<Pool, ConnectError> {
    let name = match chosen.cluster.tls_server_name.as_deref().filter(|name| !name.is_empty()) {
        None => None,
        Some(name) => Some(ServerName::try_from(name.to_owned()).map_err(|error| ConnectError::BadCluster {
            cluster: chosen.cluster_name.clone(),
            field: "tls-server-name",
            why: error.to_string(),
        })?),
    };
    let compressed = chosen.cluster.disable_compression != Some(true);
    let tls = Arc::new(tls);
    let tcp = tcp();
    let make: Box<dyn Fn() -> Connections + Send + Sync> = match proxy.cloned() {
        None => Box::new(move || connections(secure(tcp.clone(), &tls, name.as_ref()), compressed)),
        Some(proxy) => match proxy.speech {
            Speech::Http => Box::new(move || {
                let tunnel = tunnel(&proxy, tcp.clone());
                connections(secure(tunnel, &tls, name.as_ref()), compressed)
            }),
            Speech::Https => Box::new(move || {
                let tunnel = tunnel(&proxy, secure(tcp.clone(), &tls, None));
                connections(secure(tunnel, &tls, name.as_ref()), compressed)
            }),
            Speech::Socks5 => Box::new(move || {
                let mut socks = SocksV5::new(proxy.uri.clone(), tcp.clone());
                if let Some((user, password)) = &proxy.login {
                    socks = socks.with_auth(user.clone(), password.clone());
                }
                connections(secure(socks, &tls, name.as_ref()), compressed)
            }),
        },
    };
    let present = RwLock::new((0, make()));
    Ok(Pool { make, present })
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEP_ALIVE));
    tcp.set_keepalive_interval(Some(Duration::from_secs(10)));
    tcp.set_keepalive_retries(Some(3));
    tcp
}

fn tunnel<C>(proxy: &Proxy, connector: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(proxy.uri.clone(), connector);
    match proxy.authorization() {
        Some(authorization) => tunnel.with_auth(authorization),
        None => tunnel,
    }
}

fn secure<C>(connector: C, tls: &Arc<ClientConfig>, name: Option<&ServerName<'static>>) -> HttpsConnector<C>
where
    C: Service<Uri>,
{
    let builder = HttpsConnectorBuilder::new().with_tls_config(ClientConfig::clone(tls)).https_or_http();
    match name {
        Some(name) => builder
            .with_server_name_resolver(FixedServerNameResolver::new(name.clone()))
            .enable_http1()
            .wrap_connector(connector),
        None => builder.enable_http1().wrap_connector(connector),
    }
}

fn connections<C>(connector: C, compressed: bool) -> Connections
where
    C: Service<Uri, Error = BoxError> + Clone + Send + Sync + 'static,
    C::Response: Read + Write + Connection + Unpin + Send + 'static,
    C::Future: Send + 'static,
{
    let bounded = BoxCloneSyncService::new(Timeout::new(connector, CONNECT));
    let client: Client<_, Body> = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(4)
        .build(bounded);
    let decompression = DecompressionLayer::new().gzip(compressed);
    BoxCloneSyncService::new(ServiceBuilder::new().layer(decompression).service(client))
}
