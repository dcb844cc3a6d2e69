//! Objects as the server answers them, for printing: Tables, YAML, lists nobody decodes.

use bytes::Bytes;

use super::{connect::Link, wire};
use crate::cluster::{
    Kind, ObjectRef,
    api::Trouble,
    request::{collection_path, object_path, query},
};

/// In what form the server answers a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON of the objects, indented by the server.
    Json,
    /// YAML of the objects.
    Yaml,
    /// `Table` (meta.k8s.io/v1): the server's own printer columns, with each row's metadata.
    Table,
}

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// One object.
    One(ObjectRef),
    /// A collection.
    All {
        /// Its kind.
        kind: Kind,
        /// One namespace; `None` for all.
        namespace: Option<String>,
        /// Label selector, empty for all.
        labels: String,
    },
}

/// Reads it in one answer, in this form.
pub async fn read(link: &Link, what: &What, form: Form) -> Result<Bytes, Trouble> {
    let (accept, parameter) = match form {
        Form::Json => (wire::JSON, "pretty=true"),
        Form::Yaml => ("application/yaml", ""),
        Form::Table => ("application/json;as=Table;v=v1;g=meta.k8s.io", "includeObject=Metadata"),
    };
    let path = match what {
        What::One(object) => format!("{}?{parameter}", object_path(object)),
        What::All { kind, namespace, labels } => {
            let selector = if labels.is_empty() { String::new() } else { format!("&labelSelector={}", query(labels)) };
            format!("{}?{parameter}{selector}", collection_path(kind, namespace.as_deref()))
        }
    };
    Ok(link.get(&path, accept).await?.body)
}
