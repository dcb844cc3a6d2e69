//! A request as a line of words: what a person types to ask who takes it, and what is written where a request is shown.
//!
//! ```text
//! [METHOD] [http://|https://]HOST[:PORT][/PATH][?QUERY] [NAME:VALUE | NAME==VALUE]… [from NS/WORKLOAD] [at NS/GATEWAY]
//!     [class NAME] [sni NAME]
//! tls://HOST[:PORT] …    tcp://HOST[:PORT] at NS/GATEWAY    udp://HOST[:PORT] at NS/GATEWAY
//! GRPC HOST[:PORT]/SERVICE/METHOD …
//! ```
//!
//! Headers and query parameters are written as HTTPie has them; words with blanks are quoted as in a shell.

use compact_str::CompactString;

use super::{GrpcCall, Request, Scheme};

/// Methods of RFC 9110 §9, RFC 5789, and the word for calls of gRPC.
const METHODS: [&str; 10] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", GRPC];
const GRPC: &str = "GRPC";

impl Request {
    /// Reads a line. The error is a sentence that says what to write instead.
    pub fn read(line: &str) -> Result<Self, String> {
        let words = shlex::split(line).ok_or("a quote is opened and not closed")?;
        let mut words = words.iter().map(String::as_str).peekable();
        let method = words.next_if(|word| METHODS.contains(&word.to_ascii_uppercase().as_str()));
        let method = method.map_or_else(|| "GET".to_owned(), str::to_ascii_uppercase);
        let target = words.next().ok_or("name a host, such as shop.example.com/cart")?;
        let mut request = target_of(target)?;
        if method == GRPC {
            let call = GrpcCall::parse(&request.path)
                .ok_or_else(|| format!("{} is no gRPC method: write HOST/SERVICE/METHOD", request.path))?;
            request.grpc = Some(call);
            "POST".clone_into(&mut request.method);
        } else {
            request.method = method;
        }
        while let Some(word) = words.next() {
            let mut named = |what: &str| words.next().ok_or(format!("after `{word}` comes {what}"));
            match word {
                "from" => request.from = Some(pair(named("NS/WORKLOAD")?, "from NS/WORKLOAD")?),
                "at" => request.gateway = Some(pair(named("NS/GATEWAY")?, "at NS/GATEWAY")?),
                "class" => request.class = Some(named("the name of an IngressClass")?.into()),
                "sni" => {
                    request.sni = Some(named("the name in the handshake")?.to_owned());
                    request.scheme = match request.scheme {
                        Scheme::Http | Scheme::Https => Scheme::Https,
                        Scheme::Tls => Scheme::Tls,
                        Scheme::Tcp | Scheme::Udp => {
                            let scheme = request.scheme.word();
                            return Err(format!("{scheme}:// has no handshake: write tls:// or https://"));
                        }
                    };
                }
                word => match (word.find("=="), word.find(':')) {
                    (Some(at), header) if at > 0 && header.is_none_or(|header| at < header) => {
                        request.query.push((word[..at].to_owned(), word[at + 2..].to_owned()));
                    }
                    (_, Some(at)) if at > 0 => {
                        request.headers.push((word[..at].to_owned(), word[at + 1..].to_owned()));
                    }
                    _ => {
                        return Err(format!(
                            "`{word}` is neither NAME:VALUE nor NAME==VALUE, nor from, at, class or sni"
                        ));
                    }
                },
            }
        }
        Ok(request)
    }

    /// The line that [`Request::read`] reads as this request.
    pub fn words(&self) -> String {
        let mut target = match self.scheme {
            Scheme::Http => self.host.clone(),
            Scheme::Https | Scheme::Tls | Scheme::Tcp | Scheme::Udp => {
                format!("{}://{}", self.scheme.word(), self.host)
            }
        };
        if let Some(port) = self.port {
            target.push_str(&format!(":{port}"));
        }
        match &self.grpc {
            Some(call) => target.push_str(&format!("/{}/{}", call.service, call.method)),
            None => target.push_str(&self.path),
        }
        let method = if self.grpc.is_some() { GRPC } else { self.method.as_str() };
        let mut words = vec![method.to_owned(), target];
        words.extend(self.headers.iter().map(|(name, value)| format!("{name}:{value}")));
        words.extend(self.query.iter().map(|(name, value)| format!("{name}=={value}")));
        let joined = |(namespace, name): &(CompactString, CompactString)| format!("{namespace}/{name}");
        let mut add = |word: &str, value: Option<String>| {
            words.extend(value.into_iter().flat_map(|value| [word.to_owned(), value]));
        };
        add("from", self.from.as_ref().map(joined));
        add("at", self.gateway.as_ref().map(joined));
        add("class", self.class.as_ref().map(ToString::to_string));
        add("sni", self.sni.clone());
        // Only NUL cannot be quoted, and no request has one.
        let quoted = |word: &String| shlex::try_quote(word).map_or_else(|_| word.clone(), std::borrow::Cow::into_owned);
        words.iter().map(quoted).collect::<Vec<_>>().join(" ")
    }
}

/// Scheme, host, port, path and query.
fn target_of(word: &str) -> Result<Request, String> {
    let (scheme, rest) = match word.split_once("://") {
        None => (Scheme::Http, word),
        Some(("http", rest)) => (Scheme::Http, rest),
        Some(("https", rest)) => (Scheme::Https, rest),
        Some(("tls", rest)) => (Scheme::Tls, rest),
        Some(("tcp", rest)) => (Scheme::Tcp, rest),
        Some(("udp", rest)) => (Scheme::Udp, rest),
        Some((other, _)) => {
            return Err(format!("{other}:// is not asked here: write http://, https://, tls://, tcp:// or udp://"));
        }
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // Within brackets of an IPv6 address colons separate no port.
    let colon = authority.rfind(':').filter(|at| !authority[*at..].contains(']'));
    let (host, port) = match colon {
        None => (authority, None),
        Some(at) => {
            let (host, port) = (&authority[..at], &authority[at + 1..]);
            let number = port.parse().ok().filter(|port| *port > 0);
            (host, Some(number.ok_or_else(|| format!("`{port}` is no port: write a number from 1 to 65535"))?))
        }
    };
    if host.is_empty() {
        return Err(format!("{word} names no host: write one before the path, such as shop.example.com/cart"));
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), value.to_owned())
    });
    let path = if path.is_empty() { "/" } else { path };
    Ok(Request { scheme, port, query: query.collect(), ..Request::get(host, path) })
}

fn pair(word: &str, form: &str) -> Result<(CompactString, CompactString), String> {
    match word.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok((namespace.into(), name.into()))
        }
        _ => Err(format!("`{word}` is not complete: write {form}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::super::{GrpcCall, Request, Scheme};

    #[rstest]
    #[case("shop.example.com", Request::get("shop.example.com", "/"))]
    #[case("get http://shop.example.com/cart", Request::get("shop.example.com", "/cart"))]
    #[case("https://shop.example.com:8443/", Request {
        scheme: Scheme::Https, port: Some(8443), ..Request::get("shop.example.com", "/")
    })]
    #[case("DELETE [::1]:80/a?b=c&d", Request {
        method: "DELETE".to_owned(),
        port: Some(80),
        query: vec![("b".to_owned(), "c".to_owned()), ("d".to_owned(), String::new())],
        ..Request::get("[::1]", "/a")
    })]
    #[case("reviews:9080 x-user:ana 'note:two words' q==a:b from shop/web", Request {
        port: Some(9080),
        headers: vec![("x-user".to_owned(), "ana".to_owned()), ("note".to_owned(), "two words".to_owned())],
        query: vec![("q".to_owned(), "a:b".to_owned())],
        from: Some(("shop".into(), "web".into())),
        ..Request::get("reviews", "/")
    })]
    #[case("udp://dns.example.com:53", Request { scheme: Scheme::Udp, port: Some(53), ..Request::get("dns.example.com", "/") })]
    #[case("grpc reviews.shop/shop.Reviews/Get at infra/edge", Request {
        gateway: Some(("infra".into(), "edge".into())),
        ..Request::call("reviews.shop", GrpcCall { service: "shop.Reviews".to_owned(), method: "Get".to_owned() })
    })]
    fn lines_are_read(#[case] line: &str, #[case] expected: Request) {
        assert_eq!(Request::read(line), Ok(expected));
    }

    #[rstest]
    #[case("", "name a host, such as shop.example.com/cart")]
    #[case("GET", "name a host, such as shop.example.com/cart")]
    #[case("GET /cart", "/cart names no host: write one before the path, such as shop.example.com/cart")]
    #[case("ftp://a", "ftp:// is not asked here: write http://, https://, tls://, tcp:// or udp://")]
    #[case("a:0/", "`0` is no port: write a number from 1 to 65535")]
    #[case("a from", "after `from` comes NS/WORKLOAD")]
    #[case("a from web", "`web` is not complete: write from NS/WORKLOAD")]
    #[case("a b", "`b` is neither NAME:VALUE nor NAME==VALUE, nor from, at, class or sni")]
    #[case("a 'b", "a quote is opened and not closed")]
    #[case("grpc a/b", "/b is no gRPC method: write HOST/SERVICE/METHOD")]
    fn mistakes_are_told(#[case] line: &str, #[case] told: &str) {
        assert_eq!(Request::read(line), Err(told.to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            method in prop::sample::select(vec!["GET", "PUT", "DELETE"]).prop_map(str::to_owned),
            host in "[a-z][a-z0-9.-]{0,12}", path in "/[ -~]{0,12}", port in proptest::option::of(1u16..),
            headers in prop::collection::vec(("[a-z][a-z-]{0,6}", "[ -~]{0,8}"), 0..3),
            query in prop::collection::vec(("[a-z]{1,4}", "[ -~]{0,8}"), 0..3),
            from in proptest::option::of(("[a-z]{1,4}", "[a-z]{1,4}")),
        ) {
            prop_assume!(!path.contains('?'));
            let request = Request {
                method,
                port,
                headers,
                query,
                from: from.map(|(namespace, name)| (namespace.into(), name.into())),
                ..Request::get(&host, &path)
            };
            prop_assert_eq!(Request::read(&request.words()), Ok(request));
        }

        #[test]
        fn no_line_is_too_odd(line in "\\PC{0,40}") {
            let _ = Request::read(&line);
        }
    }
}
