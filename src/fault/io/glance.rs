//! A look into one's own journals from beside the engine: an injection another process of the same person keeps is his all
//! the same, and its journal knows more than its record.

use jiff::Timestamp;

use super::outside;
use crate::{
    fault::view::InjectionView,
    journal::io::{Drawer, Shelf},
};

/// What the journal of an injection says, when it lies on this shelf; finished ones too. `None` makes it somebody else's.
pub fn own(shelf: &Shelf, cluster_uid: &str, id: &str, now: Timestamp) -> Option<InjectionView> {
    [Drawer::Open, Drawer::Done].into_iter().find_map(|drawer| {
        let digest = shelf.digest(&shelf.path(drawer, cluster_uid, id)).ok()?;
        let (arm, _) = digest.arm.as_ref()?;
        Some(outside::view_of(arm, &digest, now))
    })
}
