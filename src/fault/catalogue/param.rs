//! One parameter: its type, unit, default and range, and how a given value is read.

use std::time::Duration;

use serde_json::{Value, json};

use crate::base::{span, suggest};

/// A parameter of a fault kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Param {
    /// Its name in files, forms and `--set`.
    pub name: &'static str,
    /// Its type and range.
    pub kind: ParamType,
    /// Its value when not given, as one would type it.
    pub default: Option<&'static str>,
    /// Whether the fault makes no sense without it. (`count` or `percent`: neither is required alone, see [`Param::either`].)
    pub required: bool,
    /// The other parameter that may stand in its place.
    pub either: Option<&'static str>,
    /// What it means.
    pub doc: &'static str,
}

/// The type of a parameter. Ranges are inclusive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParamType {
    /// A span such as `1s`, between these milliseconds.
    Span {
        /// Least milliseconds.
        min: u64,
        /// Most milliseconds.
        max: u64,
    },
    /// A share above 0 and up to 100.
    Percent,
    /// A whole number.
    Whole {
        /// Least.
        min: u64,
        /// Most.
        max: u64,
    },
    /// true or false.
    Flag,
    /// `SERVICE` or `SERVICE:PORT` of the fault's namespace.
    Backend,
    /// `KIND/NAME` of a workload, or `namespace/NAME`.
    Source,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// The name of an object, a container or a port.
    Name,
    /// A host name; `*.` may stand before it.
    Host,
    /// Any line of text; the words say what it is.
    Text(&'static str),
    /// `SERVICE=WEIGHT,SERVICE=WEIGHT`.
    Weights,
}

impl ParamType {
    /// The word of `fault kinds`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Span { .. } => "duration",
            Self::Percent => "number",
            Self::Whole { .. } => "integer",
            Self::Flag => "boolean",
            Self::Backend
            | Self::Source
            | Self::Choice(_)
            | Self::Name
            | Self::Host
            | Self::Text(_)
            | Self::Weights => "string",
        }
    }

    /// The unit of a bare value; empty when it carries its own or has none.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Percent => "%",
            _ => "",
        }
    }

    /// What may be given, in words.
    pub fn range(self) -> String {
        match self {
            Self::Span { min, max } => format!(
                "a span between {} and {}, such as 500ms or 1s",
                span::format(Duration::from_millis(min)),
                span::format(Duration::from_millis(max))
            ),
            Self::Percent => "a number above 0 and up to 100".to_owned(),
            Self::Whole { min, max } => format!("a whole number from {min} to {max}"),
            Self::Flag => "true or false".to_owned(),
            Self::Backend => "SERVICE or SERVICE:PORT".to_owned(),
            Self::Source => "KIND/NAME of a workload, such as deployment/web, or namespace/NAME".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Name => "a name of lower-case letters, digits, `-` and `.`".to_owned(),
            Self::Host => "a host name such as shop.example.com or *.example.com".to_owned(),
            Self::Text(what) => what.to_owned(),
            Self::Weights => "SERVICE=WEIGHT,SERVICE=WEIGHT with weights from 0 to 1000000".to_owned(),
        }
    }
}

impl Param {
    /// One without which the fault makes no sense.
    pub const fn needed(name: &'static str, kind: ParamType, doc: &'static str) -> Self {
        Self { name, kind, default: None, required: true, either: None, doc }
    }

    /// One that may be left out.
    pub const fn optional(name: &'static str, kind: ParamType, doc: &'static str) -> Self {
        Self { name, kind, default: None, required: false, either: None, doc }
    }

    /// Its value when left out, as one would type it.
    #[must_use]
    pub const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    /// The other one that may stand in its place.
    #[must_use]
    pub const fn instead_of(self, other: &'static str) -> Self {
        Self { either: Some(other), ..self }
    }

    /// Reads a value as given (a file's number or text, a form's text) into its normal form: spans as text, numbers as
    /// numbers, flags as booleans.
    pub fn read(&self, given: &Value) -> Result<Value, String> {
        let wrong = || format!("{} is not {}", shown(given), self.kind.range());
        match self.kind {
            ParamType::Span { min, max } => {
                let text = given.as_str().ok_or_else(|| {
                    if given.is_number() {
                        format!("{given} has no unit: write {}", self.kind.range())
                    } else {
                        wrong()
                    }
                })?;
                let span = span::parse(text).map_err(|error| error.to_string())?;
                let within = (Duration::from_millis(min)..=Duration::from_millis(max)).contains(&span);
                if within { Ok(json!(span::format(span))) } else { Err(wrong()) }
            }
            ParamType::Percent => {
                let text = given.as_str().map(|text| text.trim().trim_end_matches('%'));
                let number = given.as_f64().or_else(|| text?.parse().ok()).ok_or_else(wrong)?;
                if number > 0.0 && number <= 100.0 { Ok(json!(number)) } else { Err(wrong()) }
            }
            ParamType::Whole { min, max } => {
                let number = given
                    .as_u64()
                    .or_else(|| given.as_str().and_then(|text| text.trim().parse().ok()))
                    .ok_or_else(wrong)?;
                if (min..=max).contains(&number) { Ok(json!(number)) } else { Err(wrong()) }
            }
            ParamType::Flag => match given {
                Value::Bool(flag) => Ok(json!(flag)),
                Value::String(text) if text == "true" => Ok(json!(true)),
                Value::String(text) if text == "false" => Ok(json!(false)),
                _ => Err(wrong()),
            },
            ParamType::Backend => {
                let text = given.as_str().ok_or_else(wrong)?;
                let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
                let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
                if is_name(name) && port_fits { Ok(json!(text)) } else { Err(wrong()) }
            }
            ParamType::Source => {
                let text = given.as_str().ok_or_else(wrong)?;
                let fits = text.split_once('/').is_some_and(|(kind, name)| {
                    is_name(name)
                        && (kind.eq_ignore_ascii_case("namespace") || crate::fault::known::workload(kind).is_some())
                });
                if fits { Ok(json!(text)) } else { Err(wrong()) }
            }
            ParamType::Choice(words) => {
                let text = given.as_str().ok_or_else(wrong)?;
                if words.contains(&text) { Ok(json!(text)) } else { Err(wrong()) }
            }
            ParamType::Name => {
                let text = given.as_str().ok_or_else(wrong)?;
                if is_name(text) { Ok(json!(text)) } else { Err(wrong()) }
            }
            ParamType::Host => {
                let text = given.as_str().ok_or_else(wrong)?;
                if is_name(text.strip_prefix("*.").unwrap_or(text)) { Ok(json!(text)) } else { Err(wrong()) }
            }
            ParamType::Text(_) => {
                let text = match given {
                    Value::String(text) => text.clone(),
                    Value::Bool(_) | Value::Number(_) => given.to_string(),
                    _ => return Err(wrong()),
                };
                let fits = !text.trim().is_empty() && text.len() <= LINE && !text.chars().any(char::is_control);
                if fits { Ok(json!(text)) } else { Err(wrong()) }
            }
            ParamType::Weights => weights(given).ok_or_else(wrong),
        }
    }

    /// What to do about a value that was refused: the nearest one that fits, else what it means.
    pub fn remedy(&self, given: &Value) -> String {
        let text = given.as_str().map(str::trim);
        let near = match self.kind {
            ParamType::Whole { min, max } => {
                let number = given.as_f64().or_else(|| text?.parse::<f64>().ok());
                number.map(|number| if number < bound(min) { min } else { max }).map(|near| near.to_string())
            }
            ParamType::Percent => {
                let number = given.as_f64().or_else(|| text?.trim_end_matches('%').parse().ok());
                number.filter(|number| *number > 100.0).map(|_| "100".to_owned())
            }
            ParamType::Span { min, max } => text
                .and_then(|text| span::parse(text).ok())
                .map(|span| span::format(span.clamp(Duration::from_millis(min), Duration::from_millis(max)))),
            ParamType::Choice(words) => {
                text.and_then(|text| suggest::nearest(text, words.iter().copied())).map(str::to_owned)
            }
            _ => None,
        };
        near.map_or_else(|| self.doc.to_owned(), |near| format!("the nearest is `{near}`"))
    }
}

/// The longest line of text a parameter takes.
const LINE: usize = 1024;

/// Weights of an HTTPRoute reach to a million (gateway.networking.k8s.io/v1 `BackendRef`).
const HEAVIEST: u64 = 1_000_000;

/// Compared only: the bounds of parameters are small.
fn bound(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Weights in one normal form, as an object: from text, or as a map of a file.
fn weights(given: &Value) -> Option<Value> {
    let mut all = serde_json::Map::new();
    let mut take = |name: &str, weight: u64| {
        let fits = is_name(name) && weight <= HEAVIEST;
        fits && all.insert(name.to_owned(), json!(weight)).is_none()
    };
    let fits = match given {
        Value::Object(map) => map.iter().all(|(name, weight)| weight.as_u64().is_some_and(|weight| take(name, weight))),
        Value::String(text) => text.split(',').all(|pair| {
            pair.split_once('=')
                .and_then(|(name, weight)| Some((name.trim(), weight.trim().parse().ok()?)))
                .is_some_and(|(name, weight)| take(name, weight))
        }),
        _ => false,
    };
    (fits && !all.is_empty()).then_some(Value::Object(all))
}

fn shown(given: &Value) -> String {
    match given {
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

/// A DNS subdomain (RFC 1123), the form of most object names.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text.split('.').all(|part| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{Param, ParamType};

    const fn param(kind: ParamType) -> Param {
        Param { name: "p", kind, default: None, required: true, either: None, doc: "" }
    }

    const SPAN: ParamType = ParamType::Span { min: 1, max: 60_000 };
    const WORDS: ParamType = ParamType::Choice(&["ready", "live"]);

    #[rstest]
    #[case(SPAN, json!("1s"), Some(json!("1s")))]
    #[case(SPAN, json!("1000ms"), Some(json!("1s")))]
    #[case(SPAN, json!(1), None)]
    #[case(SPAN, json!("61s"), None)]
    #[case(SPAN, json!("0s"), None)]
    #[case(ParamType::Percent, json!(50), Some(json!(50.0)))]
    #[case(ParamType::Percent, json!("12.5%"), Some(json!(12.5)))]
    #[case(ParamType::Percent, json!(0), None)]
    #[case(ParamType::Percent, json!(101), None)]
    #[case(ParamType::Percent, json!("NaN"), None)]
    #[case(ParamType::Whole { min: 0, max: 9 }, json!("3"), Some(json!(3)))]
    #[case(ParamType::Whole { min: 0, max: 9 }, json!(-1), None)]
    #[case(ParamType::Whole { min: 0, max: 9 }, json!(1.5), None)]
    #[case(ParamType::Flag, json!("true"), Some(json!(true)))]
    #[case(ParamType::Flag, json!("yes"), None)]
    #[case(ParamType::Backend, json!("web:80"), Some(json!("web:80")))]
    #[case(ParamType::Backend, json!("web:0"), None)]
    #[case(ParamType::Backend, json!("Web"), None)]
    #[case(ParamType::Source, json!("Deployment/web"), Some(json!("Deployment/web")))]
    #[case(ParamType::Source, json!("web"), None)]
    #[case(ParamType::Source, json!("gizmo/web"), None)]
    #[case(WORDS, json!("ready"), Some(json!("ready")))]
    #[case(WORDS, json!("raedy"), None)]
    #[case(ParamType::Name, json!("web-1"), Some(json!("web-1")))]
    #[case(ParamType::Name, json!("Web"), None)]
    #[case(ParamType::Host, json!("*.example.com"), Some(json!("*.example.com")))]
    #[case(ParamType::Host, json!("*"), None)]
    #[case(ParamType::Text("a value"), json!(7), Some(json!("7")))]
    #[case(ParamType::Text("a value"), json!("a\u{1b}[2J"), None)]
    #[case(ParamType::Text("a value"), json!(" "), None)]
    #[case(ParamType::Weights, json!("a=1, b=0"), Some(json!({"a": 1, "b": 0})))]
    #[case(ParamType::Weights, json!({"a": 3}), Some(json!({"a": 3})))]
    #[case(ParamType::Weights, json!("a=1,a=2"), None)]
    #[case(ParamType::Weights, json!("a=1000001"), None)]
    #[case(ParamType::Weights, json!("a"), None)]
    #[case(ParamType::Weights, json!(""), None)]
    fn a_value_is_read_or_refused(#[case] kind: ParamType, #[case] given: Value, #[case] expected: Option<Value>) {
        assert_eq!(param(kind).read(&given).ok(), expected);
    }
    #[rstest]
    #[case(SPAN, json!("61s"), "the nearest is `1m`")]
    #[case(SPAN, json!("0s"), "the nearest is `1ms`")]
    #[case(SPAN, json!("long"), "what it means")]
    #[case(ParamType::Percent, json!(101), "the nearest is `100`")]
    #[case(ParamType::Percent, json!(0), "what it means")]
    #[case(ParamType::Whole { min: 2, max: 9 }, json!("12"), "the nearest is `9`")]
    #[case(ParamType::Whole { min: 2, max: 9 }, json!(-3), "the nearest is `2`")]
    #[case(WORDS, json!("raedy"), "the nearest is `ready`")]
    fn the_nearest_value_that_fits_is_told(#[case] kind: ParamType, #[case] given: Value, #[case] expected: &str) {
        assert!(param(kind).read(&given).is_err());
        assert_eq!(Param { doc: "what it means", ..param(kind) }.remedy(&given), expected);
    }
}
