//! Asking a person first: kagent's confirmation request, and what counts as a decision.

use serde_json::{Value, json};

use super::task::Part;

/// A call that waits for a decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// The id of the request.
    pub id: String,
    /// The id of the call.
    pub call: String,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub given: Value,
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Do it.
    Approve,
    /// Do not; perhaps why.
    Reject(String),
}

/// A call of a tool, as a data part.
pub fn called(id: &str, tool: &str, given: &Value) -> Part {
    Part::Data(json!({"id": id, "name": tool, "args": given}), json!({"kagent_type": "function_call"}))
}

/// What a tool answered, as a data part.
pub fn answered(id: &str, tool: &str, said: &str, failed: bool) -> Part {
    let data = json!({"id": id, "name": tool, "response": {"isError": failed, "result": said}});
    Part::Data(data, json!({"kagent_type": "function_response"}))
}

impl Pending {
    /// The request for a confirmation.
    pub fn card(&self) -> Part {
        let data = json!({
            "id": self.id, "name": "adk_request_confirmation",
            "args": {
                "originalFunctionCall": {"id": self.call, "name": self.tool, "args": self.given},
                "toolConfirmation": {"hint": format!("Tool {} needs your approval", self.tool), "confirmed": false},
            },
        });
        Part::Data(data, json!({"kagent_type": "function_call", "kagent_is_long_running": true}))
    }

    /// Reads a decision: a data part that says it, else words that mean it. Anything else is a no, with the words as its reason.
    pub fn decided(&self, parts: &[Part]) -> Decision {
        for part in parts {
            let Part::Data(data, _) = part else { continue };
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            match data["decision_type"].as_str() {
                Some("approve") => return Decision::Approve,
                Some("batch") => {
                    let of =
                        |map: &Value| [&self.call, &self.id].into_iter().find_map(|id| map.get(id.as_str())).cloned();
                    if of(&data["decisions"]).is_some_and(|one| one == "approve") {
                        return Decision::Approve;
                    }
                    return Decision::Reject(of(&data["rejection_reasons"]).as_ref().map(text).unwrap_or_default());
                }
                Some(_) => {
                    let reason = data.get("rejection_reason").or_else(|| data.get("reason"));
                    return Decision::Reject(reason.map(text).unwrap_or_default());
                }
                None => {}
            }
        }
        let words: Vec<&str> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Text(text) => Some(text.as_str()),
                Part::Data(..) => None,
            })
            .collect();
        let words = words.join(" ");
        let bare = words.trim().trim_end_matches(['.', '!']).to_lowercase();
        if matches!(bare.as_str(), "y" | "yes" | "ok" | "approve" | "approved" | "proceed" | "continue" | "do it") {
            return Decision::Approve;
        }
        Decision::Reject(words.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Decision, Part, Pending};

    #[test]
    fn only_a_clear_yes_is_one() {
        let pending = Pending { id: "c1".into(), call: "f1".into(), tool: "k8s_scale".into(), given: Value::Null };
        let data = |data: Value| pending.decided(&[Part::Data(data, Value::Null)]);
        let said = |text: &str| pending.decided(&[Part::Text(text.to_owned())]);
        assert_eq!(data(json!({"decision_type": "approve"})), Decision::Approve);
        assert_eq!(data(json!({"decision_type": "batch", "decisions": {"f1": "approve"}})), Decision::Approve);
        assert_eq!(
            data(json!({"decision_type": "batch", "decisions": {"f1": "reject"}, "rejection_reasons": {"f1": "late"}})),
            Decision::Reject("late".to_owned())
        );
        assert_eq!(
            data(json!({"decision_type": "batch", "decisions": {"f2": "approve"}})),
            Decision::Reject(String::new())
        );
        assert_eq!(data(json!({"decision_type": "maybe"})), Decision::Reject(String::new()));
        assert_eq!(said(" Yes! "), Decision::Approve);
        assert_eq!(said("yes, but not now"), Decision::Reject("yes, but not now".to_owned()));
        assert_eq!(pending.decided(&[]), Decision::Reject(String::new()));
    }
}
