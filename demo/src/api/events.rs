//! Events are one table with two faces: they lie in the form of the core group, and the group `events.k8s.io` shows the same
//! objects under other names of fields.

use serde_json::{Map, Value, json};

use crate::{
    base::value::{put_missing, text},
    store::KindRow,
};

/// The group of the newer face.
pub const NEWER: &str = "events.k8s.io";
const SPOKEN: &str = "events.k8s.io/v1";

/// Fields by their older and their newer name.
const NAMES: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

/// Whether a row is the newer face.
pub fn is_newer(row: &KindRow) -> bool {
    row.group == NEWER && row.plural == "events"
}

/// An event with the names of the newer group.
pub fn newer(object: &Value) -> Value {
    if text(object, &["apiVersion"]) == SPOKEN {
        return object.clone();
    }
    let mut made =
        named(object, SPOKEN, |field| NAMES.iter().find(|(older, _)| *older == field).map(|(_, newer)| *newer));
    if let Some(map) = made.as_object_mut() {
        // Here a reporter that is not said is not written.
        for field in ["reportingController", "reportingInstance"] {
            if map.get(field).is_some_and(|said| said == "") {
                map.shift_remove(field);
            }
        }
        map.entry("eventTime").or_insert(Value::Null);
    }
    made
}

/// An event with the names of the core group: the form in which it lies.
pub fn older(object: &Value) -> Value {
    if text(object, &["apiVersion"]) != SPOKEN {
        return object.clone();
    }
    let mut made =
        named(object, "v1", |field| NAMES.iter().find(|(_, newer)| *newer == field).map(|(older, _)| *older));
    for field in ["reportingComponent", "reportingInstance"] {
        put_missing(&mut made, &[field], json!(""));
    }
    put_missing(&mut made, &["source"], json!({}));
    put_missing(&mut made, &["involvedObject"], json!({}));
    if let Some(map) = made.as_object_mut() {
        for field in ["eventTime", "firstTimestamp", "lastTimestamp"] {
            map.entry(field).or_insert(Value::Null);
        }
    }
    made
}

/// The field of the core group that a selector of the newer one means.
pub fn field(name: &str) -> String {
    if let Some(rest) = name.strip_prefix("regarding.") {
        return format!("involvedObject.{rest}");
    }
    if name == "reportingController" { "reportingComponent".to_owned() } else { name.to_owned() }
}

fn named(object: &Value, version: &str, other: impl Fn(&str) -> Option<&'static str>) -> Value {
    let mut made = Map::new();
    for (field, value) in object.as_object().into_iter().flatten() {
        let value = if field == "apiVersion" { json!(version) } else { value.clone() };
        made.insert(other(field).unwrap_or(field).to_owned(), value);
    }
    Value::Object(made)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::{Cluster, NoReadings, Request, User, wire::Body};

    const OLDER: &str = "/api/v1/namespaces/default/events";
    const NEWER: &str = "/apis/events.k8s.io/v1/namespaces/default/events";

    fn cluster() -> Cluster {
        let mut cluster = Cluster::new(1, jiff::Timestamp::UNIX_EPOCH);
        let groups = vec!["system:masters".to_owned()];
        cluster.set_users(vec![User { name: "admin".to_owned(), groups, token: "admin".to_owned() }]);
        cluster
    }

    fn ask(cluster: &mut Cluster, method: &str, path: &str, media: &str, body: &Value) -> Value {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query = query.split('&').filter_map(|one| one.split_once('='));
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.map(|(name, value)| (name.to_owned(), value.replace("%3D", "="))).collect(),
            content_type: media.to_owned(),
            token: "admin".to_owned(),
            body: if body.is_null() { bytes::Bytes::new() } else { body.to_string().into() },
            ..Request::default()
        };
        let answer = cluster.answer(&request, &NoReadings);
        let Body::Whole(bytes) = answer.body else { panic!("a stream") };
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn what_one_group_writes_the_other_shows_under_its_names() {
        let mut cluster = cluster();
        let event = json!({"metadata": {"name": "a.1"}, "involvedObject": {"kind": "Pod", "namespace": "default", "name": "a"},
            "reason": "Tested", "message": "it was tested", "type": "Normal", "count": 3, "source": {"component": "test"}});
        let made = ask(&mut cluster, "POST", OLDER, "", &event);
        let seen = ask(&mut cluster, "GET", &format!("{NEWER}/a.1"), "", &Value::Null);
        assert_eq!(seen["apiVersion"], "events.k8s.io/v1");
        assert_eq!(
            (
                &seen["note"],
                &seen["regarding"]["name"],
                &seen["deprecatedCount"],
                &seen["deprecatedSource"]["component"]
            ),
            (&json!("it was tested"), &json!("a"), &json!(3), &json!("test"))
        );
        assert_eq!(seen["metadata"]["uid"], made["metadata"]["uid"]);
        assert!(seen.get("message").is_none() && seen.get("involvedObject").is_none());
        let list = ask(&mut cluster, "GET", &format!("{NEWER}?fieldSelector=regarding.name%3Da"), "", &Value::Null);
        assert_eq!((list["items"].as_array().unwrap().len(), &list["items"][0]["note"]), (1, &json!("it was tested")));

        let patch = json!({"note": "once more"});
        let patched = ask(&mut cluster, "PATCH", &format!("{NEWER}/a.1"), "application/merge-patch+json", &patch);
        assert_eq!((&patched["note"], &patched["apiVersion"]), (&json!("once more"), &json!("events.k8s.io/v1")));
        let seen = ask(&mut cluster, "GET", &format!("{OLDER}/a.1"), "", &Value::Null);
        assert_eq!(
            (&seen["message"], &seen["apiVersion"], &seen["count"]),
            (&json!("once more"), &json!("v1"), &json!(3))
        );
        ask(&mut cluster, "DELETE", &format!("{NEWER}/a.1"), "", &Value::Null);
        assert_eq!(ask(&mut cluster, "GET", &format!("{OLDER}/a.1"), "", &Value::Null)["code"], 404);
    }

    #[test]
    fn an_event_of_the_newer_group_is_one_of_the_core_group() {
        let mut cluster = cluster();
        let event = json!({"metadata": {"name": "b.1"}, "eventTime": "2026-01-02T03:04:05.000006Z", "action": "Test",
            "regarding": {"kind": "Pod", "namespace": "default", "name": "a"}, "reason": "Tested", "note": "n", "type": "Normal",
            "reportingController": "test.dev/one", "reportingInstance": "here"});
        let made = ask(&mut cluster, "POST", NEWER, "", &event);
        assert_eq!((&made["apiVersion"], &made["note"]), (&json!("events.k8s.io/v1"), &json!("n")), "{made}");
        let seen = ask(&mut cluster, "GET", OLDER, "", &Value::Null);
        let seen = &seen["items"][0];
        assert_eq!(
            (&seen["message"], &seen["reportingComponent"], &seen["involvedObject"]["name"]),
            (&json!("n"), &json!("test.dev/one"), &json!("a"))
        );
        assert!(seen.get("firstTimestamp").is_some_and(Value::is_null) && seen["source"] == json!({}));
        let again = ask(
            &mut cluster,
            "POST",
            OLDER,
            "",
            &json!({"metadata": {"name": "b.1"}, "involvedObject": {"namespace": "default"}}),
        );
        assert_eq!(again["reason"], "AlreadyExists");
    }
}
