//! Values as the server's language prints them, since its messages carry them.

use serde_json::Value;

/// A number with a fraction, as `%v` prints it.
pub fn float(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    // The shortest form that reads back; below the power -4 and from 6 on with an exponent.
    if (-4..6).contains(&scientific(number)) {
        return format!("{number}");
    }
    let text = format!("{number:e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or_default();
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", power.abs())
}

fn scientific(number: f64) -> i32 {
    format!("{number:e}").split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or_default()
}

/// The type of a value by its name in that language.
pub fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// JSON with sorted names, as the server writes a value into a message.
pub fn json(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut names: Vec<&String> = map.keys().collect();
            names.sort_unstable();
            let inner: Vec<String> =
                names.into_iter().map(|name| format!("{}:{}", text(name), json(&map[name]))).collect();
            format!("{{{}}}", inner.join(","))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(json).collect::<Vec<_>>().join(",")),
        Value::String(plain) => text(plain),
        other => other.to_string(),
    }
}

/// A text in JSON; three signs that mean something in HTML are escaped.
fn text(plain: &str) -> String {
    Value::from(plain).to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// A bad value in a message: plain where it is plain, else JSON.
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Number(number) if number.is_f64() => float(number.as_f64().unwrap_or_default()),
        other => json(other),
    }
}

/// A text as `%q` prints it.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\u{b}' => out.push_str("\\v"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{float, shown};

    #[test]
    fn numbers_look_as_the_server_prints_them() {
        for (number, text) in [
            (0.0, "0"),
            (1.5, "1.5"),
            (100_000.0, "100000"),
            (1_000_000.0, "1e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
        ] {
            assert_eq!(float(number), text);
        }
    }

    #[test]
    fn objects_are_sorted_json_and_texts_are_quoted() {
        assert_eq!(shown(&json!({"b": "<", "a": [1, true]})), r#"{"a":[1,true],"b":"\u003c"}"#);
        assert_eq!(shown(&json!("a\"b\n")), r#""a\"b\n""#);
    }
}
