//! The request whose owner is asked for.

use compact_str::CompactString;

/// One request as a proxy sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is spoken.
    pub scheme: Scheme,
    /// The `Host` header without its port, any case.
    pub host: String,
    /// The port it came in on; `None`: any port of the scheme's protocol.
    pub port: Option<u16>,
    /// The path, beginning with `/`, without the query.
    pub path: String,
    /// The method, upper case.
    pub method: String,
    /// Headers; names in any case. Equal names are joined with `, ` as RFC 9110 §5.2 has it.
    pub headers: Vec<(String, String)>,
    /// Query parameters, decoded; of equal names the first counts.
    pub query: Vec<(String, String)>,
    /// Only this Gateway, as `(namespace, name)`.
    pub gateway: Option<(CompactString, CompactString)>,
    /// Only this class of Ingresses.
    pub class: Option<CompactString>,
    /// The name in the TLS handshake, any case; `None`: the host. It chooses the listener, the host then chooses the route.
    pub sni: Option<String>,
    /// The gRPC method called. Its path and its HTTP method follow from it.
    pub grpc: Option<GrpcCall>,
    /// The workload inside the mesh that sends it, as `(namespace, name)`; `None`: it comes in from outside.
    pub from: Option<(CompactString, CompactString)>,
}

/// A gRPC method as requests name it: `/SERVICE/METHOD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcCall {
    /// `package.Service`.
    pub service: String,
    /// The method.
    pub method: String,
}

impl GrpcCall {
    /// Reads `SERVICE/METHOD`; a leading slash is fine.
    pub fn parse(text: &str) -> Option<Self> {
        let (service, method) = text.strip_prefix('/').unwrap_or(text).split_once('/')?;
        let whole = !service.is_empty() && !method.is_empty() && !method.contains('/');
        whole.then(|| Self { service: service.to_owned(), method: method.to_owned() })
    }
}

/// What is spoken: requests, or a connection whose inside is nobody's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheme {
    /// Plain.
    #[default]
    Http,
    /// TLS ends at the Gateway.
    Https,
    /// A TLS connection, of which only the name in the handshake is seen.
    Tls,
    /// A connection, of which nothing is seen.
    Tcp,
    /// Datagrams, of which nothing is seen.
    Udp,
}

impl Scheme {
    /// Whether a connection carries a name to be told apart by.
    pub fn has_name(self) -> bool {
        match self {
            Self::Http | Self::Https | Self::Tls => true,
            Self::Tcp | Self::Udp => false,
        }
    }

    /// As written in URLs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Tls => "tls",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    /// The listener protocol that takes it.
    pub fn protocol(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
            Self::Tls => "TLS",
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }

    /// Whether a listener of this protocol gets the connection. A TLS listener gets those with its name in the handshake,
    /// whatever is spoken inside.
    pub(super) fn reaches(self, protocol: &str) -> bool {
        protocol == self.protocol() || self == Self::Https && protocol == "TLS"
    }

    /// Whether it is a connection rather than a request.
    pub fn is_stream(self) -> bool {
        match self {
            Self::Http | Self::Https => false,
            Self::Tls | Self::Tcp | Self::Udp => true,
        }
    }

    /// The port that is usual for it; 0: none is.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https | Self::Tls => 443,
            Self::Tcp | Self::Udp => 0,
        }
    }
}

impl Request {
    /// A `GET` of `path` on `host`, over plain HTTP, on any port.
    pub fn get(host: &str, path: &str) -> Self {
        Self {
            scheme: Scheme::Http,
            host: host.to_owned(),
            port: None,
            path: path.to_owned(),
            method: "GET".to_owned(),
            headers: Vec::new(),
            query: Vec::new(),
            gateway: None,
            class: None,
            sni: None,
            grpc: None,
            from: None,
        }
    }

    /// A call of a gRPC method on `host`, over plain HTTP/2, on any port.
    pub fn call(host: &str, call: GrpcCall) -> Self {
        let path = format!("/{}/{}", call.service, call.method);
        Self { method: "POST".to_owned(), grpc: Some(call), ..Self::get(host, &path) }
    }

    /// A header's value, equal names joined.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// A query parameter's first value.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The request with the query taken off its path, and the path, which then begins with `/` and has no query.
    pub(super) fn split(&self) -> (Self, String) {
        let mut request = self.clone();
        request.method.make_ascii_uppercase();
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        request.query.extend(pairs.map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key.to_owned(), value.to_owned())
        }));
        let path = path.split('#').next().unwrap_or_default();
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        path.clone_into(&mut request.path);
        (request, path)
    }
}
