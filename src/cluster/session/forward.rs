//! A port of this machine that leads into a pod.

use core::net::{IpAddr, Ipv4Addr};

use crate::cluster::logs::Of;

/// What is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardWish {
    /// The namespace of the pods.
    pub namespace: String,
    /// One pod, or whichever of those selected is ready.
    pub of: Of,
    /// Where it listens; loopback unless somebody asked for more.
    pub address: IpAddr,
    /// The port here; 0 for one that is free.
    pub local: u16,
    /// The port of the pod.
    pub remote: u16,
}

impl ForwardWish {
    /// `shop/web-1:9080`.
    pub fn target(&self) -> String {
        format!("{}/{}:{}", self.namespace, self.of.words(), self.remote)
    }
}

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It listens.
    Listening,
    /// The last connection did not get through; the next tries again.
    Failing(String),
    /// It ended, and why.
    Ended(String),
}

/// How a forward does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardView {
    /// The port it listens on.
    pub local: u16,
    /// How it stands.
    pub standing: Standing,
    /// The pod the last connection went to.
    pub pod: Option<String>,
    /// Connections open now.
    pub open: usize,
    /// Connections so far.
    pub all: u64,
    /// Bytes to the pod.
    pub sent: u64,
    /// Bytes from the pod.
    pub received: u64,
}

/// Reads `[[ADDRESS:]LOCAL:]REMOTE`; an empty LOCAL takes a port that is free. The error is a sentence.
pub fn ports(text: &str) -> Result<(IpAddr, u16, u16), String> {
    let text = text.trim();
    let port = |part: &str, least: u16| {
        let number = part.trim().parse::<u16>().ok().filter(|port| *port >= least);
        number.ok_or_else(|| format!("`{part}` is no port: write LOCAL:REMOTE, such as 8080:9080"))
    };
    let (front, remote) = text.rsplit_once(':').unwrap_or((text, text));
    let remote = port(remote, 1)?;
    let (address, local) = match front.rsplit_once(':') {
        Some((address, local)) => {
            let plain = address.trim_start_matches('[').trim_end_matches(']');
            let address = if plain == "*" { "0.0.0.0" } else { plain };
            let address = address.parse().map_err(|_| format!("`{plain}` is no address: 127.0.0.1, ::1 or 0.0.0.0"))?;
            (address, local)
        }
        None => (IpAddr::V4(Ipv4Addr::LOCALHOST), front),
    };
    let local = if local.trim().is_empty() { 0 } else { port(local, 0)? };
    Ok((address, local, remote))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::ports;

    #[rstest]
    #[case("8080:9080", "127.0.0.1", 8080, 9080)]
    #[case("9080", "127.0.0.1", 9080, 9080)]
    #[case(":9080", "127.0.0.1", 0, 9080)]
    #[case("0.0.0.0:80:9080", "0.0.0.0", 80, 9080)]
    #[case("[::1]:8080:9080", "::1", 8080, 9080)]
    fn ports_are_read(#[case] text: &str, #[case] address: &str, #[case] local: u16, #[case] remote: u16) {
        assert_eq!(ports(text), Ok((address.parse().unwrap(), local, remote)));
    }

    #[rstest]
    #[case("")]
    #[case("8080:0")]
    #[case("8080:http")]
    #[case("70000:80")]
    #[case("host:80:80")]
    fn what_is_no_port_is_told(#[case] text: &str) {
        assert!(ports(text).is_err());
    }
}
