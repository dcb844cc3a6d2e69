//! Rules for connections as VirtualServices have them (networking.istio.io/v1 `TLSRoute` and `TCPRoute`).

use std::{collections::BTreeMap, net::IpAddr};

use compact_str::CompactString;

use super::{Backend, Parent};

/// One rule: any of its matches, then backends by weight.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct StreamRule {
    /// Of `spec.tls`, by the name in the handshake; else of `spec.tcp`.
    pub tls: bool,
    /// Its place in that list.
    pub index: usize,
    /// Alternatives; none: any connection.
    pub matches: Vec<StreamMatch>,
    /// Where it sends.
    pub backends: Vec<Backend>,
}

/// One alternative: all of it must hold. What is empty asks nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct StreamMatch {
    /// `sniHosts`, lower case, which may be patterns.
    pub sni: Vec<CompactString>,
    /// `destinationSubnets`, as written.
    pub subnets: Vec<CompactString>,
    /// `port`: the one the connection was made to.
    pub port: Option<u16>,
    /// `sourceLabels`: the client carries all of them.
    pub labels: BTreeMap<String, String>,
    /// `sourceNamespace`: the client's.
    pub namespace: Option<CompactString>,
    /// `gateways`: only there; empty: wherever the VirtualService counts.
    pub gateways: Vec<Parent>,
}

/// Whether an address lies in a subnet written `ADDRESS/BITS`, or is the address. `None`: it is no subnet.
pub fn within(subnet: &str, address: IpAddr) -> Option<bool> {
    let (base, bits) = subnet.split_once('/').map_or((subnet, None), |(base, bits)| (base, Some(bits)));
    let bits: Option<u32> = bits.map(str::parse).transpose().ok()?;
    let (base, address, most) = match (base.parse().ok()?, address) {
        (IpAddr::V4(base), IpAddr::V4(one)) => (u128::from(base.to_bits()), u128::from(one.to_bits()), 32),
        (IpAddr::V6(base), IpAddr::V6(one)) => (base.to_bits(), one.to_bits(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return Some(false),
    };
    let bits = bits.unwrap_or(most);
    let rest = most.checked_sub(bits)?;
    // A shift by all bits is none.
    Some(base.checked_shr(rest).unwrap_or(0) == address.checked_shr(rest).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::within;

    #[rstest]
    #[case("10.1.0.0/16", "10.1.200.3", Some(true))]
    #[case("10.1.0.0/16", "10.2.0.1", Some(false))]
    #[case("10.1.2.3", "10.1.2.3", Some(true))]
    #[case("0.0.0.0/0", "203.0.113.9", Some(true))]
    #[case("fd00::/8", "fd12::1", Some(true))]
    #[case("::/0", "fd12::1", Some(true))]
    #[case("fd00::/8", "10.0.0.1", Some(false))]
    #[case("10.1.0.0/33", "10.1.0.1", None)]
    #[case("ten/8", "10.1.0.1", None)]
    #[case("10.0.0.0/x", "10.1.0.1", None)]
    fn an_address_lies_in_its_subnet(#[case] subnet: &str, #[case] address: &str, #[case] yes: Option<bool>) {
        assert_eq!(within(subnet, address.parse().unwrap()), yes);
    }
}
