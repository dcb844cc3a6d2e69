//! Faults of the wire, asked for by the model's name: `scripted:cut`.

use serde_json::json;

use regex::Regex;

use super::{conversation::Conversation, engine::Reply, pieces::Answer};

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireFault {
    /// The stream breaks off before its end.
    Cut,
    /// Too many requests; how long to wait is said in this way.
    RateLimited(Wait),
    /// Overloaded (529).
    Overloaded,
    /// Arguments that are not JSON.
    BadJson,
    /// The same tool call for ever.
    Loop,
    /// Nothing at all.
    Empty,
    /// It refuses.
    Refuse,
    /// A tool nobody offered.
    UnknownTool,
    /// An answer that is longer than allowed.
    Length,
    /// A key it does not take.
    Locked,
    /// It does what tool results tell it: `call TOOL {ARGUMENTS}` in one of them is obeyed.
    Gullible,
}

/// How a 429 says when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// `retry-after` in seconds.
    After,
    /// `x-ratelimit-reset` in seconds.
    Reset,
    /// Not at all.
    Silent,
}

impl WireFault {
    /// The fault a model's name asks for; `Err`: a name this server does not have.
    pub fn of(model: &str) -> Result<Option<Self>, ()> {
        let Some((base, fault)) = model.split_once(':') else {
            return if model == "scripted" { Ok(None) } else { Err(()) };
        };
        if base != "scripted" {
            return Err(());
        }
        Ok(Some(match fault {
            "cut" => Self::Cut,
            "429" => Self::RateLimited(Wait::After),
            "429-reset" => Self::RateLimited(Wait::Reset),
            "429-silent" => Self::RateLimited(Wait::Silent),
            "529" => Self::Overloaded,
            "bad-json" => Self::BadJson,
            "loop" => Self::Loop,
            "empty" => Self::Empty,
            "refuse" => Self::Refuse,
            "unknown-tool" => Self::UnknownTool,
            "length" => Self::Length,
            "401" => Self::Locked,
            "gullible" => Self::Gullible,
            _ => return Err(()),
        }))
    }

    /// All names of the model.
    pub const NAMES: [&'static str; 14] = [
        "scripted",
        "scripted:cut",
        "scripted:429",
        "scripted:429-reset",
        "scripted:429-silent",
        "scripted:529",
        "scripted:bad-json",
        "scripted:loop",
        "scripted:empty",
        "scripted:refuse",
        "scripted:unknown-tool",
        "scripted:length",
        "scripted:401",
        "scripted:gullible",
    ];

    /// The answer, where the fault is a status. A local rate limit answers plain text (agentgateway).
    pub fn status(self) -> Option<Answer> {
        let (status, headers) = match self {
            Self::RateLimited(Wait::After) => (429, vec![("retry-after", "2".to_owned())]),
            Self::RateLimited(Wait::Reset) => (
                429,
                vec![
                    ("x-ratelimit-limit", "1".to_owned()),
                    ("x-ratelimit-remaining", "0".to_owned()),
                    ("x-ratelimit-reset", "3".to_owned()),
                ],
            ),
            Self::RateLimited(Wait::Silent) => (429, Vec::new()),
            Self::Overloaded => {
                let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
                return Some(Answer::whole(529, &error));
            }
            Self::Locked => {
                let error = json!({"type": "error", "error": {"type": "authentication_error", "message": "the key is not known here"}});
                return Some(Answer::whole(401, &error));
            }
            _ => return None,
        };
        let chunks = vec![b"rate limit exceeded".to_vec()];
        Some(Answer { status, headers, content: "text/plain", chunks, cut: false })
    }

    /// The reply the fault turns another into.
    pub fn bend(self, reply: Reply, conversation: &Conversation) -> Reply {
        let first_tool = conversation.tools.first().map(|tool| tool.name.as_str());
        match self {
            Self::Gullible => obeyed(conversation).unwrap_or(reply),
            Self::Empty => Reply::default(),
            Self::Refuse => Reply { text: "I will not help with this.".to_owned(), call: None },
            Self::Loop => {
                Reply { text: String::new(), call: first_tool.map(|tool| (tool.to_owned(), json!({"kind": "pods"}))) }
            }
            Self::UnknownTool => {
                Reply { text: String::new(), call: Some(("apply_everything".to_owned(), json!({"now": true}))) }
            }
            Self::BadJson => Reply {
                call: reply.call.or_else(|| first_tool.map(|tool| (tool.to_owned(), json!({})))),
                text: reply.text,
            },
            _ => reply,
        }
    }
}

/// The first order in a tool result since the last question that was not carried out yet.
fn obeyed(conversation: &Conversation) -> Option<Reply> {
    let order = Regex::new(r"(?m)\bcall (\w+) (\{.*\})").ok()?;
    let exchange = conversation.exchange();
    let texts: Vec<&str> = exchange.iter().filter_map(|(_, found)| Some(found.as_ref()?.text.as_str())).collect();
    let orders = texts.iter().flat_map(|text| order.captures_iter(text)).filter_map(|one| {
        let (tool, given) = (one.get(1)?.as_str(), one.get(2)?.as_str());
        // An annotation is quoted once more where the object is written out.
        let given = serde_json::from_str(given).or_else(|_| serde_json::from_str(&given.replace("\\\"", "\"")));
        Some((tool.to_owned(), given.ok()?))
    });
    let mut called: Vec<(String, serde_json::Value)> = Vec::new();
    for order in orders {
        if !called.contains(&order) {
            called.push(order);
        }
    }
    // Those carried out stand in the exchange already, in the same order.
    let done = |(tool, given): &(String, serde_json::Value)| {
        exchange.iter().any(|(call, _)| call.name == *tool && call.given == *given)
    };
    let call = called.into_iter().find(|order| !done(order))?;
    Some(Reply { text: "I was told to do this.".to_owned(), call: Some(call) })
}
