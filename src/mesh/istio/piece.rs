//! One object of Istio's configuration as a row, of whichever kind: what a watch keeps of it.

use super::{AuthorizationPolicyRow, DestinationRuleRow, GROUP, IstioGatewayRow, Rows, ServiceEntryRow, SidecarRow};
use crate::{
    base::Uid,
    cluster::{Kind, Manifest, Row},
    mesh::{mtls::peer_authentication::PeerAuthenticationRow, service::ServiceRow},
};

/// One object.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// networking.istio.io.
    DestinationRule(Box<DestinationRuleRow>),
    /// networking.istio.io.
    Gateway(IstioGatewayRow),
    /// networking.istio.io.
    ServiceEntry(ServiceEntryRow),
    /// networking.istio.io.
    Sidecar(SidecarRow),
    /// security.istio.io.
    PeerAuthentication(PeerAuthenticationRow),
    /// security.istio.io.
    AuthorizationPolicy(AuthorizationPolicyRow),
    /// Core: the hosts that everybody means.
    Service(ServiceRow),
}

/// The kinds of pieces, as the API server serves them.
pub fn pieces() -> Vec<Kind> {
    let mut all = super::kinds().to_vec();
    all.extend([PeerAuthenticationRow::kind(), AuthorizationPolicyRow::kind(), ServiceRow::kind()]);
    all
}

impl Piece {
    /// Reads an object; `None`: it is of another kind.
    pub fn of(object: &Manifest) -> Option<Self> {
        let group = object.api_version().split_once('/').map_or("", |(group, _)| group);
        Some(match (group, object.kind()) {
            (GROUP, "DestinationRule") => Self::DestinationRule(Box::new(DestinationRuleRow::decode(object))),
            (GROUP, "Gateway") => Self::Gateway(IstioGatewayRow::decode(object)),
            (GROUP, "ServiceEntry") => Self::ServiceEntry(ServiceEntryRow::decode(object)),
            (GROUP, "Sidecar") => Self::Sidecar(SidecarRow::decode(object)),
            ("security.istio.io", "PeerAuthentication") => {
                Self::PeerAuthentication(PeerAuthenticationRow::decode(object))
            }
            ("security.istio.io", "AuthorizationPolicy") => {
                Self::AuthorizationPolicy(AuthorizationPolicyRow::decode(object))
            }
            ("", "Service") => Self::Service(ServiceRow::decode(object)),
            _ => return None,
        })
    }

    /// Whether it is of a kind of Istio's that has a say in who takes a request.
    pub fn routes(&self) -> bool {
        match self {
            Self::DestinationRule(_) | Self::Gateway(_) | Self::ServiceEntry(_) | Self::Sidecar(_) => true,
            Self::PeerAuthentication(_) | Self::AuthorizationPolicy(_) | Self::Service(_) => false,
        }
    }
}

impl Rows {
    /// Adds one.
    pub fn put(&mut self, piece: Piece) {
        match piece {
            Piece::DestinationRule(row) => self.destination_rules.push(*row),
            Piece::Gateway(row) => self.gateways.push(row),
            Piece::ServiceEntry(row) => self.service_entries.push(row),
            Piece::Sidecar(row) => self.sidecars.push(row),
            Piece::PeerAuthentication(row) => self.peer_authentications.push(row),
            Piece::AuthorizationPolicy(row) => self.authorization_policies.push(row),
            Piece::Service(row) => drop(self.services.insert(row.key(), row)),
        }
    }
}

/// A piece that is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct PieceRow {
    /// `metadata.uid`, or a fold of kind, namespace and name.
    pub uid: Uid,
    /// The object.
    pub piece: Piece,
}

impl PieceRow {
    /// Reads an object; `None`: it is of another kind.
    pub fn decode(object: &Manifest) -> Option<Self> {
        let fold = || Uid::parse(&format!("{} {:?}/{}", object.kind(), object.namespace(), object.name()));
        Some(Self { uid: object.uid().unwrap_or_else(fold), piece: Piece::of(object)? })
    }
}

impl Row for PieceRow {
    fn uid(&self) -> Uid {
        self.uid
    }
}
