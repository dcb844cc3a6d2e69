//! Objects read by their metadata alone: what stands in a Secret is not brought here for a tree that shows its name.

use super::{
    decode::{Decoder, Item, MakesRows, Objects, Page},
    event::Unread,
};
use crate::cluster::Manifest;

/// The same as [`Objects`], asked for and read as `PartialObjectMetadata` (meta.k8s.io/v1).
pub(super) struct Metadata<F>(pub Objects<F>);

impl<R: Send, F: FnMut(&Manifest) -> Option<R> + Send> Decoder for Metadata<F>
where
    F: MakesRows<Row = R>,
{
    type Row = R;
    const ACCEPT: &'static str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    const STREAMED: &'static str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    const QUERY: &'static str = "";

    fn items(&mut self, json: &[u8]) -> Result<Vec<Item<R>>, Unread> {
        self.0.items(json)
    }

    fn page(&mut self, json: &[u8]) -> Result<Page<R>, Unread> {
        self.0.page(json)
    }
}
