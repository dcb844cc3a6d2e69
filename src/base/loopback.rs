//! Hosts that cannot be anywhere but on this machine.

use core::net::IpAddr;

/// Whether a host says so itself, brackets around an IPv6 address or not: a name other than `localhost` may lead anywhere.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn a_name_may_lead_anywhere() {
        for here in ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"] {
            assert!(is_loopback(here), "{here}");
        }
        for away in ["", "localhost.example", "127.0.0.1.nip.io", "0.0.0.0", "10.0.0.1", "[::ffff:10.0.0.1]"] {
            assert!(!is_loopback(away), "{away}");
        }
    }
}
