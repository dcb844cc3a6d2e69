//! Reviews: may I, what may I, who am I. They are answered and never stored.

use serde_json::{Value, json};

use super::{
    access::{self, Deed},
    cluster::{Cluster, User},
    refusal::Refusal,
    wire::Response,
};
use crate::base::value::{self, text};

/// Answers a review, where the kind is one.
pub fn serve(
    cluster: &Cluster,
    plural: &str,
    namespace: &str,
    user: &User,
    body: &Value,
) -> Option<Result<Response, Refusal>> {
    let answered = match plural {
        "selfsubjectaccessreviews" => access_review(cluster, user, body),
        "subjectaccessreviews" | "localsubjectaccessreviews" => {
            let groups =
                value::list(body, &["spec", "groups"]).iter().filter_map(Value::as_str).map(str::to_owned).collect();
            let other = User { name: text(body, &["spec", "user"]).to_owned(), groups, token: String::new() };
            let mut body = body.clone();
            if plural == "localsubjectaccessreviews" {
                value::put(&mut body, &["spec", "resourceAttributes", "namespace"], json!(namespace));
            }
            access_review(cluster, &other, &body)
        }
        "selfsubjectrulesreviews" => Ok(rules_review(cluster, user, body)),
        "selfsubjectreviews" => {
            let mut answer = body.clone();
            value::put(&mut answer, &["status"], json!({"userInfo": {"username": user.name, "groups": user.groups}}));
            Ok(answer)
        }
        _ => return None,
    };
    Some(answered.map(|mut answer| {
        value::put_missing(&mut answer, &["metadata"], json!({}));
        Response::json(201, &answer)
    }))
}

fn access_review(cluster: &Cluster, user: &User, body: &Value) -> Result<Value, Refusal> {
    let resource = value::at(body, &["spec", "resourceAttributes"]);
    let path = value::at(body, &["spec", "nonResourceAttributes"]);
    if resource.is_object() == path.is_object() {
        return Err(Refusal::bad("spec: exactly one of nonResourceAttributes or resourceAttributes must be given"));
    }
    let deed = if resource.is_object() {
        let (plural, sub) = (text(resource, &["resource"]), text(resource, &["subresource"]));
        Deed {
            verb: text(resource, &["verb"]).to_owned(),
            group: text(resource, &["group"]).to_owned(),
            resource: if sub.is_empty() { plural.to_owned() } else { format!("{plural}/{sub}") },
            namespace: text(resource, &["namespace"]).to_owned(),
            name: text(resource, &["name"]).to_owned(),
            path: String::new(),
        }
    } else {
        Deed { verb: text(path, &["verb"]).to_owned(), path: text(path, &["path"]).to_owned(), ..Deed::default() }
    };
    let mut answer = body.clone();
    let allowed = access::may(cluster, user, &deed);
    value::put(&mut answer, &["status"], json!({"allowed": allowed}));
    Ok(answer)
}

fn rules_review(cluster: &Cluster, user: &User, body: &Value) -> Value {
    let (mut resources, mut paths) = (Vec::new(), Vec::new());
    let mut rules = access::rules(cluster, user, text(body, &["spec", "namespace"]));
    if user.groups.iter().any(|group| group == "system:masters") {
        rules.push(json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}));
        rules.push(json!({"verbs": ["*"], "nonResourceURLs": ["*"]}));
    }
    for rule in rules {
        if rule["nonResourceURLs"].is_array() {
            paths.push(json!({"verbs": rule["verbs"], "nonResourceURLs": rule["nonResourceURLs"]}));
        } else {
            let mut one =
                json!({"verbs": rule["verbs"], "apiGroups": rule["apiGroups"], "resources": rule["resources"]});
            if rule["resourceNames"].is_array() {
                one["resourceNames"] = rule["resourceNames"].clone();
            }
            resources.push(one);
        }
    }
    let mut answer = body.clone();
    value::put(
        &mut answer,
        &["status"],
        json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false}),
    );
    answer
}
