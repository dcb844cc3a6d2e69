//! Reviews: may I, what may I, who am I. They are answered and never stored.

use serde_json::{Value, json};

use super::{
    access::{self, Deed},
    cluster::{Cluster, User},
    refusal::Refusal,
    wire::Response,
};
use crate::{
    base::value::{self, text},
    schema::validate::Cause,
};

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
            if other.name.is_empty() && other.groups.is_empty() {
                let why = "at least one of user or group must be specified";
                return Some(Err(wrong(&Cause::invalid("spec.user", &json!(""), why))));
            }
            let asked = text(body, &["spec", "resourceAttributes", "namespace"]);
            if plural == "localsubjectaccessreviews" && asked != namespace {
                let why = "must match metadata.namespace";
                return Some(Err(wrong(&Cause::invalid("spec.resourceAttributes.namespace", &json!(asked), why))));
            }
            let mut body = body.clone();
            if plural == "localsubjectaccessreviews" {
                value::put(&mut body, &["spec", "resourceAttributes", "namespace"], json!(namespace));
            }
            access_review(cluster, &other, &body)
        }
        "selfsubjectrulesreviews" if text(body, &["spec", "namespace"]).is_empty() => {
            Err(Refusal::bad("no namespace on request"))
        }
        "selfsubjectrulesreviews" => Ok(rules_review(cluster, user, body)),
        "tokenreviews" => Ok(token_review(cluster, body)),
        "selfsubjectreviews" => {
            let mut answer = body.clone();
            value::put(&mut answer, &["status"], json!({"userInfo": {"username": user.name, "groups": user.groups}}));
            Ok(answer)
        }
        _ => return None,
    };
    Some(answered.map(|mut answer| {
        let (group, kind) = match plural {
            "selfsubjectaccessreviews" => ("authorization", "SelfSubjectAccessReview"),
            "subjectaccessreviews" => ("authorization", "SubjectAccessReview"),
            "localsubjectaccessreviews" => ("authorization", "LocalSubjectAccessReview"),
            "selfsubjectrulesreviews" => ("authorization", "SelfSubjectRulesReview"),
            "tokenreviews" => ("authentication", "TokenReview"),
            _ => ("authentication", "SelfSubjectReview"),
        };
        value::put(&mut answer, &["kind"], json!(kind));
        value::put(&mut answer, &["apiVersion"], json!(format!("{group}.k8s.io/v1")));
        value::put_missing(&mut answer, &["metadata"], json!({}));
        if plural == "selfsubjectreviews" {
            let now = crate::base::when::seconds(cluster.now());
            value::put(&mut answer, &["metadata", "creationTimestamp"], json!(now));
        }
        Response::json(201, &answer)
    }))
}

/// A review that asks nothing that can be answered. The real server does not name its kind.
fn wrong(cause: &Cause) -> Refusal {
    let message = format!(".authorization.k8s.io \"\" is invalid: {}: {}", cause.field, cause.message);
    let causes = json!([{"reason": cause.reason, "message": cause.message, "field": cause.field}]);
    Refusal {
        details: json!({"group": "authorization.k8s.io", "causes": causes}),
        ..Refusal::new(422, "Invalid", message)
    }
}

/// Whose a token is.
fn token_review(cluster: &Cluster, body: &Value) -> Value {
    let token = text(body, &["spec", "token"]);
    let known = cluster.users.iter().find(|user| !token.is_empty() && user.token == token);
    let mut answer = body.clone();
    let status = match known {
        Some(user) => json!({"authenticated": true, "user": {"username": user.name, "groups": user.groups}}),
        None => json!({"user": {}, "error": "invalid bearer token"}),
    };
    value::put(&mut answer, &["status"], status);
    answer
}

fn access_review(cluster: &Cluster, user: &User, body: &Value) -> Result<Value, Refusal> {
    let resource = value::at(body, &["spec", "resourceAttributes"]);
    let path = value::at(body, &["spec", "nonResourceAttributes"]);
    if resource.is_object() && path.is_object() {
        let given = json!({"Path": path["path"], "Verb": path["verb"]});
        let why = "cannot be specified in combination with resourceAttributes";
        return Err(wrong(&Cause::invalid("spec.nonResourceAttributes", &given, why)));
    }
    if !resource.is_object() && !path.is_object() {
        let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        return Err(wrong(&Cause::invalid("spec.resourceAttributes", &Value::Null, why)));
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
    value::put(&mut answer, &["spec"], json!({}));
    value::put(
        &mut answer,
        &["status"],
        json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false}),
    );
    answer
}
