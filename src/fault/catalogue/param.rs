//! One parameter: its type, unit, default and range, and how a given value is read.

use std::time::Duration;

use serde_json::{Value, json};

use crate::base::span;

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
}

impl ParamType {
    /// The word of `fault kinds`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Span { .. } => "duration",
            Self::Percent => "number",
            Self::Whole { .. } => "integer",
            Self::Flag => "boolean",
            Self::Backend | Self::Source => "string",
        }
    }

    /// The unit of a bare value; empty when it carries its own or has none.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Percent => "%",
            Self::Span { .. } | Self::Whole { .. } | Self::Flag | Self::Backend | Self::Source => "",
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
        }
    }
}

impl Param {
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
        }
    }
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
    fn a_value_is_read_or_refused(#[case] kind: ParamType, #[case] given: Value, #[case] expected: Option<Value>) {
        assert_eq!(param(kind).read(&given).ok(), expected);
    }
}
