//! Why a link fails, and what to do about it: one line each.

use super::api::Trouble;

/// What is wrong with the way to the server, as far as the link can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Nothing listens at the address.
    Refused,
    /// The name does not resolve.
    UnknownHost,
    /// No answer to the connection attempt.
    ConnectTimeout,
    /// No route.
    NoRoute,
    /// The connection broke.
    Cut,
    /// Connected, but no answer in time.
    AnswerTimeout,
    /// The server's certificate has expired.
    CertificateExpired,
    /// The server's certificate is not valid yet.
    CertificateNotYetValid,
    /// The server's certificate is signed by an authority the kubeconfig does not name.
    UnknownAuthority,
    /// The server's certificate is for other names.
    WrongName,
    /// The server rejects our client certificate.
    ClientCertificate,
    /// Any other TLS failure.
    Tls,
    /// The proxy could not be used.
    Proxy,
    /// The proxy wants a user and a password.
    ProxyAuth,
    /// An exec plugin or a token file gave no credentials.
    Credentials,
    /// Something that does not speak HTTP, or a cut answer.
    Protocol,
    /// None of these.
    Other,
}

impl Cause {
    /// All of them, in the order they are looked for.
    pub const ALL: [Self; 17] = [
        Self::Refused,
        Self::UnknownHost,
        Self::ConnectTimeout,
        Self::NoRoute,
        Self::Cut,
        Self::AnswerTimeout,
        Self::CertificateExpired,
        Self::CertificateNotYetValid,
        Self::UnknownAuthority,
        Self::WrongName,
        Self::ClientCertificate,
        Self::Tls,
        Self::ProxyAuth,
        Self::Proxy,
        Self::Credentials,
        Self::Protocol,
        Self::Other,
    ];

    /// The words every message of this cause begins with.
    pub fn words(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::UnknownHost => "the host name does not resolve",
            Self::ConnectTimeout => "no answer to the connection attempt",
            Self::NoRoute => "no route to the host",
            Self::Cut => "the connection broke",
            Self::AnswerTimeout => "no answer in time",
            Self::CertificateExpired => "the server's certificate has expired",
            Self::CertificateNotYetValid => "the server's certificate is not valid yet",
            Self::UnknownAuthority => "the server's certificate is signed by an unknown authority",
            Self::WrongName => "the server's certificate is for another name",
            Self::ClientCertificate => "the server rejected the client certificate",
            Self::Tls => "the TLS handshake failed",
            Self::Proxy => "the proxy did not connect",
            Self::ProxyAuth => "the proxy wants a user and a password",
            Self::Credentials => "no credentials",
            Self::Protocol => "the answer is not HTTP",
            Self::Other => "the request failed",
        }
    }

    /// What to do, in one line.
    pub fn fix(self) -> &'static str {
        match self {
            Self::Refused => "start the API server or its tunnel, or correct `server` in the kubeconfig",
            Self::UnknownHost => "check `server` in the kubeconfig, the VPN and DNS",
            Self::ConnectTimeout | Self::NoRoute => "check the VPN, the firewall, and `proxy-url` or HTTPS_PROXY",
            Self::Cut => "brink tries again by itself; if it goes on, look at proxies and load balancers on the way",
            Self::AnswerTimeout => "the API server may be overloaded: try `kubectl get --raw /readyz`",
            Self::CertificateExpired => {
                "renew the server's certificate (kubeadm: `kubeadm certs renew apiserver`); check this machine's clock"
            }
            Self::CertificateNotYetValid => "check this machine's clock",
            Self::UnknownAuthority => {
                "put the cluster's CA into `certificate-authority-data`; after a rebuilt cluster fetch the kubeconfig anew"
            }
            Self::WrongName => "set `tls-server-name` in the kubeconfig to a name the certificate carries",
            Self::ClientCertificate => {
                "the client certificate may have expired: fetch the kubeconfig anew or log in again"
            }
            Self::Tls => "check that `server` in the kubeconfig is an https address of the API server",
            Self::Proxy => "check `proxy-url` in the kubeconfig, HTTPS_PROXY and NO_PROXY",
            Self::ProxyAuth => "write the proxy as http://user:password@host:port in `proxy-url` or HTTPS_PROXY",
            Self::Credentials => "log in as you do for kubectl (`kubectl get --raw /version` shows the same error)",
            Self::Protocol => "check that `server` in the kubeconfig is the API server and not another service",
            Self::Other => "try `kubectl get --raw /version` with the same context",
        }
    }

    /// The cause a message of ours begins with.
    pub fn of(message: &str) -> Self {
        Self::ALL.into_iter().find(|cause| message.starts_with(cause.words())).unwrap_or(Self::Other)
    }
}

/// What to do about a failed request, in one line; `context` is the kubeconfig context for commands to run.
pub fn remedy(trouble: &Trouble, context: &str) -> String {
    match trouble {
        Trouble::Unreachable { why, .. } | Trouble::Unknown { why, .. } => Cause::of(why).fix().to_owned(),
        Trouble::Refused(refusal) => match refusal.code {
            401 => format!(
                "log in again for context `{context}`, as you do for kubectl: the server does not accept the credentials"
            ),
            403 => format!("ask for the right; `kubectl --context {context} auth can-i --list` shows what you may do"),
            404 => "check the name and the namespace".to_owned(),
            409 => "somebody changed it in between: look at it again".to_owned(),
            422 | 400 => "correct what the server names".to_owned(),
            429 => "the server is busy: brink waits and tries again".to_owned(),
            500..=599 => format!(
                "the server is in trouble: `kubectl --context {context} get --raw '/readyz?verbose'` says where"
            ),
            _ => "see the server's words".to_owned(),
        },
        Trouble::NoDryRun { .. } => {
            "brink does not write what it cannot try first; use a kind that supports dry run".to_owned()
        }
        Trouble::NoWarrant(_) => "start without --readonly, or switch to the cluster the plan was made for".to_owned(),
    }
}
