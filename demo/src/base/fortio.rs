//! The load a container makes when it runs `fortio load`: read off its image and its arguments, as its operator wrote them.

use std::time::Duration;

use serde_json::Value;

use super::value::{list, text};

/// What fortio does when nobody says: 8 requests a second for 5 s.
const QPS: f64 = 8.0;
const SPAN: Duration = Duration::from_secs(5);

/// A load.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Where to.
    pub url: String,
    /// Requests per second.
    pub qps: f64,
    /// How long; `None`: until it is stopped.
    pub span: Option<Duration>,
}

/// The load of a container, if it is one that makes any.
pub fn load(container: &Value) -> Option<Load> {
    let image = text(container, &["image"]);
    let name = image.rsplit('/').next().unwrap_or_default().split([':', '@']).next().unwrap_or_default();
    if name != "fortio" {
        return None;
    }
    let words = list(container, &["command"]).iter().chain(list(container, &["args"])).filter_map(Value::as_str);
    let mut words = words.skip_while(|word| *word != "load").skip(1);
    let mut load = Load { url: String::new(), qps: QPS, span: Some(SPAN) };
    while let Some(word) = words.next() {
        match word.trim_start_matches('-') {
            "qps" => load.qps = words.next()?.parse().ok().filter(|qps: &f64| qps.is_finite() && *qps > 0.0)?,
            "t" => load.span = span(words.next()?),
            // Other flags that bring a value of their own; it says nothing of where or how much.
            "c" | "n" | "H" | "timeout" | "p" | "r" if word.starts_with('-') => drop(words.next()),
            _ if word.starts_with('-') => {}
            url => url.clone_into(&mut load.url),
        }
    }
    (!load.url.is_empty()).then_some(load)
}

/// `90s`, `5m`; `0` is for ever.
fn span(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    Some(Duration::from_secs(
        number
            * if unit == "m" {
                60
            } else if unit == "h" {
                3600
            } else {
                1
            },
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{Load, load};

    #[test]
    fn it_is_read_off_the_arguments() {
        let made = |args: &[&str]| load(&json!({"image": "docker.io/fortio/fortio:1.66.0", "args": args}));
        let url = "http://a:80/b".to_owned();
        assert_eq!(
            made(&["load", "-qps", "150", "-c", "8", "-t", "5m", "http://a:80/b"]),
            Some(Load { url: url.clone(), qps: 150.0, span: Some(Duration::from_mins(5)) })
        );
        assert_eq!(made(&["load", "-t", "0", "http://a:80/b"]).and_then(|load| load.span), None);
        assert_eq!(made(&["load", "http://a:80/b"]).map(|load| load.qps), Some(8.0));
        assert_eq!(made(&["server"]), None);
        assert_eq!(load(&json!({"image": "nginx", "args": ["load", "http://a"]})), None);
    }
}
