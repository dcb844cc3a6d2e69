//! Who the server says we are (`SelfSubjectReview`, authentication.k8s.io/v1; the answer is not stored).

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use kube::client::Body;
use serde::Deserialize;
use serde_json::json;

use super::{connect::Link, failure, wire::JSON};
use crate::{
    base::sanitize,
    cluster::{api::Trouble, cause::Cause},
};

/// A user as the cluster knows it, impersonation included.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Who {
    /// The name.
    #[serde(rename = "username")]
    pub name: String,
    /// The groups.
    pub groups: Vec<String>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Review {
    status: Status,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    user_info: Who,
}

/// Asks the server.
pub async fn whoami(link: &Link) -> Result<Who, Trouble> {
    let body = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" }).to_string();
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let mut request = link.request("POST", path, JSON, Body::from(Bytes::from(body)))?;
    request.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(JSON));
    let whole = link.fetch(request).await?;
    let review: Review = serde_json::from_slice(&whole.body).map_err(|error| Trouble::Unknown {
        server: link.server().to_owned(),
        why: failure::why(Cause::Protocol, &error.to_string()),
    })?;
    let plain = |text: String| sanitize::line(&text).into_owned();
    let user = review.status.user_info;
    Ok(Who { name: plain(user.name), groups: user.groups.into_iter().map(plain).collect() })
}

/// The user's name for records: as the server says it, or as the kubeconfig does where the server does not.
pub async fn user(link: &Link) -> String {
    match whoami(link).await {
        Ok(who) if !who.name.is_empty() => who.name,
        Ok(_) | Err(_) => link.user().to_owned(),
    }
}
