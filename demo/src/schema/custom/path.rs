//! Paths into the objects of a schema, as rules and selectable fields name them: `.spec.name`, `.data['a.b']`.

use serde_json::Value;

use super::{additional, join};

/// A path as errors name it, and the schema it leads to; else why it leads nowhere. `brackets`: whether they may be used.
pub fn read<'a>(text: &str, schema: &'a Value, brackets: bool) -> Result<(String, &'a Value), String> {
    let tokens = tokens(text);
    let mut tokens = tokens.iter().map(String::as_str);
    let (mut path, mut schema) = (String::new(), schema);
    let end = || "unexpected end of JSON path".to_owned();
    while let Some(token) = tokens.next() {
        let name = match token {
            "[" if !brackets => return Err("array notation is not allowed".to_owned()),
            "[" => {
                let quoted = tokens.next().ok_or_else(end)?;
                let inner = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
                let inner = inner.ok_or_else(|| format!("expected single quoted string but got {quoted}"))?;
                match tokens.next().ok_or_else(end)? {
                    "]" => inner.replace("\\'", "'").replace("\\\\", "\\"),
                    other => return Err(format!("expected ] but got {other}")),
                }
            }
            "." => tokens.next().ok_or_else(end)?.to_owned(),
            other => return Err(format!("expected [ or . but got: {other}")),
        };
        let nowhere = || "does not refer to a valid field".to_owned();
        if schema["properties"].as_object().is_some_and(|properties| !properties.is_empty()) {
            schema = schema["properties"].get(&name).ok_or_else(nowhere)?;
            path = join(&path, &name);
        } else {
            schema = additional(schema).ok_or_else(nowhere)?;
            path = format!("{path}[{name}]");
        }
    }
    Ok((path, schema))
}

/// Dots and brackets, and what lies between them; quotes keep them together.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let (mut word, mut quoted, mut before) = (String::new(), false, ' ');
    for c in text.chars() {
        match c {
            '\'' if word.is_empty() && !quoted => {
                quoted = true;
                word.push(c);
            }
            '\'' if quoted && before != '\\' => {
                quoted = false;
                word.push(c);
                tokens.push(std::mem::take(&mut word));
            }
            '.' | '[' | ']' if !quoted => {
                if !word.is_empty() {
                    tokens.push(std::mem::take(&mut word));
                }
                tokens.push(c.to_string());
            }
            c => word.push(c),
        }
        before = c;
    }
    if !word.is_empty() {
        tokens.push(word);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn names_and_keys_lead_somewhere_or_say_why_not() {
        let schema = json!({"properties": {"spec": {"properties": {
            "a": {"type": "string"}, "map": {"additionalProperties": {"type": "integer"}}}}}});
        let path = |text: &str| read(text, &schema, true).map(|(path, _)| path);
        assert_eq!(path(".spec.a"), Ok("spec.a".to_owned()));
        assert_eq!(path(".spec.map['x.y']"), Ok("spec.map[x.y]".to_owned()));
        assert_eq!(path(".spec.b"), Err("does not refer to a valid field".to_owned()));
        assert_eq!(path("spec"), Err("expected [ or . but got: spec".to_owned()));
        assert_eq!(
            read(".spec['a']", &schema, false).map(|found| found.0),
            Err("array notation is not allowed".to_owned())
        );
    }
}
