//! Where a list that is read page by page goes on, as clients carry it: the version of the list and the place behind the last item.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{read::Wanted, refusal::Refusal};
use crate::store::Object;

/// The one form of tokens there is.
const FORM: &str = "meta.k8s.io/v1";

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The version of the list; without one it goes on in the newest.
    pub version: Option<u64>,
    /// The place from which it goes on.
    pub start: String,
    /// Where the world keeps the rest of the list. Clients make tokens without it.
    pub page: Option<u64>,
}

impl Token {
    /// The place of an object in a list.
    pub fn place(wanted: &Wanted, object: &Object) -> String {
        if wanted.namespace.is_some() || object.namespace().is_empty() {
            object.name().to_owned()
        } else {
            format!("{}/{}", object.namespace(), object.name())
        }
    }

    /// As it is sent.
    pub fn write(&self) -> String {
        let version = self.version.map_or_else(|| json!(-1), |version| json!(version));
        let mut said = json!({"v": FORM, "rv": version, "start": self.start});
        if let Some(page) = self.page {
            said["page"] = json!(page);
        }
        URL_SAFE_NO_PAD.encode(said.to_string())
    }

    /// Reads one; what is none is told in the words of the real server.
    pub fn read(token: &str) -> Result<Self, Refusal> {
        let wrong = |why: &str| Refusal::bad(format!("invalid continue token: continue key is not valid: {why}"));
        let text = URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong("illegal base64 data"))?;
        let said: Value = serde_json::from_slice(&text).map_err(|_| wrong(&strange(&text)))?;
        let form = said["v"].as_str().unwrap_or_default();
        if form != FORM {
            return Err(wrong(&format!("server does not recognize this encoded version {form}")));
        }
        let version = said["rv"].as_i64().unwrap_or_default();
        if version == 0 {
            return Err(wrong("incorrect encoded start resourceVersion (version meta.k8s.io/v1)"));
        }
        let start = said["start"].as_str().unwrap_or_default();
        if start.is_empty() {
            return Err(wrong("encoded start key empty (version meta.k8s.io/v1)"));
        }
        let parts = start.strip_prefix('/').unwrap_or(start);
        if parts.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(wrong(start));
        }
        Ok(Self { version: u64::try_from(version).ok(), start: parts.to_owned(), page: said["page"].as_u64() })
    }

    /// 410, with a token that goes on in the state of now.
    pub fn too_old(&self) -> Refusal {
        let why = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";
        let on = Self { version: None, page: None, ..self.clone() };
        Refusal { token: Some(on.write()), ..Refusal::expired(why) }
    }
}

fn strange(text: &[u8]) -> String {
    let first = String::from_utf8_lossy(text).chars().next().unwrap_or_default();
    let shown = if first.is_control() || !first.is_ascii() {
        format!("\\u{:04x}", text.first().copied().unwrap_or_default())
    } else {
        first.to_string()
    };
    format!("invalid character '{shown}' looking for beginning of value")
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let token = Token { version: Some(7), start: "shop/web\0".to_owned(), page: Some(3) };
        assert_eq!(Token::read(&token.write()).unwrap(), token);
        let on = token.too_old();
        assert_eq!(on.code, 410);
        let on = Token::read(&on.token.unwrap()).unwrap();
        assert_eq!((on.version, on.start.as_str(), on.page), (None, "shop/web\0", None));
    }
}
