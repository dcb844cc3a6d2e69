//! The control door of a proxy or of the embedded world: the same words at both.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::{Value, json};

/// Where trouble is ordered, over plain HTTP on loopback.
pub struct Door {
    address: String,
    token: String,
}

impl Door {
    /// The door at this URL, which may ask for a token.
    pub fn at(url: &str, token: &str) -> Self {
        let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { address, token: token.to_owned() }
    }

    /// One exchange.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let (address, token) = (&self.address, &self.token);
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let from = answer.find(['{', '[']).unwrap_or_else(|| panic!("{method} {path}: {answer}"));
        let to = answer.rfind(['}', ']']).unwrap();
        serde_json::from_str(&answer[from..=to]).unwrap_or(Value::Null)
    }

    /// Orders trouble for what fits; `Null` fits everything.
    pub fn rule(&self, id: &str, matching: &Value, action: &Value) {
        let mut rule = json!({"id": id, "action": action});
        if !matching.is_null() {
            rule["match"] = matching.clone();
        }
        let taken = self.ask("POST", "/rules", &rule.to_string());
        assert!(taken["error"].is_null(), "{rule}: {taken}");
    }

    /// Whether a rule has acted.
    pub fn hit(&self, id: &str) -> bool {
        let rules = self.ask("GET", "/rules", "");
        let list = rules.as_array().cloned().or_else(|| rules["rules"].as_array().cloned()).unwrap_or_default();
        list.iter().any(|rule| rule["id"] == id && rule["hits"].as_u64().unwrap_or_default() > 0)
    }

    /// All is well from here on; what is held stays held.
    pub fn clear(&self) {
        self.ask("DELETE", "/rules", "");
    }
}
