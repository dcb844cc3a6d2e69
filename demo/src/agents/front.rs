//! What comes to a program by HTTP, and what it answers.

use serde_json::{Value, json};

use super::{
    a2a::{self, Desk, Reply},
    analyze,
    behind::Program,
    kagent,
    site::Site,
};
use crate::api::{Response, Stream};

/// Who asks when nobody says.
const NOBODY: &str = "admin@kagent.dev";

/// A request to a program.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Method.
    pub method: &'a str,
    /// The path at the program's root, with its slash.
    pub path: &'a str,
    /// Parameters.
    pub query: &'a [(String, String)],
    /// Headers, lower-case names.
    pub headers: &'a [(String, String)],
    /// Where the program's root is, as cards tell it: `http://HOST:PORT`.
    pub root: &'a str,
    /// The body.
    pub body: &'a [u8],
}

impl Asked<'_> {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(has, _)| has == name).map_or("", |(_, value)| value.as_str())
    }

    fn user(&self) -> &str {
        let asked = self.query.iter().find(|(name, _)| name == "user_id").map(|(_, value)| value.as_str());
        let user = asked.unwrap_or_else(|| self.header("x-user-id"));
        if user.is_empty() { NOBODY } else { user }
    }
}

/// Answers as a program.
pub fn answer(program: Program, desk: &mut Desk, site: &mut dyn Site, asked: &Asked<'_>) -> Response {
    match program {
        Program::Kagent => kagents(desk, site, asked),
        Program::Analyser => match (asked.method, asked.path) {
            ("POST", "/a2a/analyze") => {
                let (code, body) = analyze::answer(site, asked.body);
                Response::json(code, &body)
            }
            ("GET", "/" | "/q/health") => Response::json(200, &json!({"status": "UP", "checks": []})),
            _ => nowhere(),
        },
    }
}

fn nowhere() -> Response {
    Response::json(404, &json!({"error": "there is no such path"}))
}

fn kagents(desk: &mut Desk, site: &mut dyn Site, asked: &Asked<'_>) -> Response {
    let user = asked.user();
    let Some(rest) = asked.path.strip_prefix("/api/a2a/") else {
        if asked.method != "GET" {
            return Response::json(405, &json!({"error": "this is only read here; agents are made with kubectl"}));
        }
        return match kagent::get(site.store(), desk, asked.path, user) {
            Some((code, body)) => Response::json(code, &body),
            None => nowhere(),
        };
    };
    let mut parts = rest.splitn(3, '/');
    let (namespace, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let rest = parts.next().unwrap_or_default();
    match (asked.method, rest) {
        ("GET", ".well-known/agent-card.json" | ".well-known/agent.json") => {
            let url = format!("{}/api/a2a/{namespace}/{name}/", asked.root);
            match a2a::agent(site.store(), namespace, name) {
                Some(agent) => Response::json(200, &a2a::card(&agent, &url)),
                None => Response::json(404, &json!({"error": format!("Agent {namespace}/{name} not found")})),
            }
        }
        ("POST", "") => spoken(desk.rpc(site, (namespace, name), user, asked.header("a2a-version"), asked.body)),
        _ => nowhere(),
    }
}

fn spoken(reply: Reply) -> Response {
    match reply {
        Reply::Now(body) => Response::json(200, &body),
        Reply::Later { listener, streams } => {
            let kind = if streams { "text/event-stream" } else { "application/json" };
            Response::stream(kind, Stream::Passed(listener))
        }
    }
}

/// What a program says of a request that came too early or too late.
pub fn closed(why: &str) -> Response {
    let body: Value = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": why,
        "reason": "ServiceUnavailable", "code": 503,
    });
    Response::json(503, &body)
}
