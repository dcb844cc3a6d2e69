//! A skin of k9s: which colour stands at which place.
//!
//! Skins of the field hold keys that k9s does not know, names of colours that do not exist, anchors beside the one key that
//! counts, and only some of the places. All of that is read; what was not understood is told with its line.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    base::suggest,
    config::{
        color, color_names,
        complaint::{Complaint, meant},
    },
    fault::file::{self, Located, Node},
};

/// A colour of a skin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// 24 bits.
    Rgb([u8; 3]),
    /// The terminal's own.
    Terminal,
}

/// What a skin says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skin {
    colours: BTreeMap<String, Colour>,
}

impl Skin {
    /// The colour at a place such as `body.fgColor`.
    pub fn at(&self, place: &str) -> Option<Colour> {
        self.colours.get(place).copied()
    }

    /// The first of these places that has a colour.
    pub fn first(&self, places: &[&str]) -> Option<Colour> {
        places.iter().find_map(|place| self.at(place))
    }

    /// No place has a colour.
    pub fn is_empty(&self) -> bool {
        self.colours.is_empty()
    }

    /// Reads the text of a skin: what was understood, and what was not. An error is a text that is no skin at all.
    pub fn read(name: &str, text: &str) -> Result<(Self, Vec<Complaint>), Complaint> {
        let documents = file::documents(name, text).map_err(|error| Complaint {
            line: usize::try_from(error.place.line).unwrap_or_default(),
            key: String::new(),
            message: error.why,
            hint: error.fix,
        })?;
        let roots: Vec<&Node> = documents.iter().map(|document| &document.value).collect();
        let Some(k9s) = roots.iter().find_map(|root| root.get("k9s")) else {
            let keys: Vec<&str> = roots
                .iter()
                .flat_map(|root| match root {
                    Node::Map(entries) => entries.as_slice(),
                    Node::Scalar(_) | Node::List(_) => &[],
                })
                .map(|(key, _)| key.value.as_str())
                .collect();
            // Beside it stand anchors of any name, so that only a near one is worth a word.
            let hint = match suggest::nearest("k9s", keys) {
                Some(near) => format!("`{near}` stands there: write `k9s`"),
                None => "name a file of k9s' skins folder".to_owned(),
            };
            let message = "no skin of k9s: it has no `k9s` at its root".to_owned();
            return Err(Complaint { line: 0, key: String::new(), message, hint });
        };
        let mut reader = Reader::default();
        reader.section("", k9s);
        Ok((Self { colours: reader.colours }, reader.wrong))
    }
}

/// Sections with the keys of their colours, as `internal/config/styles.go` of k9s has them.
const SECTIONS: [(&str, &str); 22] = [
    ("body", "fgColor bgColor logoColor logoColorMsg logoColorInfo logoColorWarn logoColorError"),
    ("prompt", "fgColor bgColor suggestColor"),
    ("prompt.border", "command default"),
    ("help", "fgColor bgColor sectionColor keyColor numKeyColor"),
    ("info", "sectionColor fgColor cpuColor memColor k9sRevColor"),
    (
        "dialog",
        "fgColor bgColor buttonFgColor buttonBgColor \
         buttonFocusFgColor buttonFocusBgColor labelFgColor fieldFgColor",
    ),
    ("frame", ""),
    ("frame.title", "fgColor bgColor highlightColor counterColor filterColor"),
    ("frame.border", "fgColor focusColor"),
    ("frame.menu", "fgColor fgStyle keyColor numKeyColor"),
    ("frame.crumbs", "fgColor bgColor activeColor"),
    ("frame.status", "newColor modifyColor addColor pendingColor errorColor highlightColor killColor completedColor"),
    ("views", ""),
    ("views.table", "fgColor bgColor cursorFgColor cursorBgColor markColor"),
    ("views.table.header", "fgColor bgColor sorterColor selectedSortColumnColor"),
    ("views.xray", "fgColor bgColor cursorColor cursorTextColor graphicColor"),
    ("views.charts", "bgColor dialBgColor chartBgColor focusFgColor focusBgColor defaultDialColors defaultChartColors"),
    ("views.charts.resourceColors", ""),
    ("views.yaml", "keyColor valueColor colonColor"),
    ("views.picker", "mainColor focusColor shortcutColor"),
    ("views.logs", "fgColor bgColor"),
    ("views.logs.indicator", "fgColor bgColor toggleOnColor toggleOffColor"),
];

/// What may stand in a section: its colours and the sections in it.
fn known(section: &str) -> Vec<&'static str> {
    let colours = SECTIONS.iter().find(|(name, _)| *name == section).map_or("", |(_, colours)| *colours);
    let inner = SECTIONS.iter().filter_map(|(name, _)| match name.rsplit_once('.') {
        Some((outer, last)) => (outer == section).then_some(last),
        None => section.is_empty().then_some(*name),
    });
    colours.split_whitespace().chain(inner).collect()
}

#[derive(Default)]
struct Reader {
    colours: BTreeMap<String, Colour>,
    wrong: Vec<Complaint>,
}

impl Reader {
    fn section(&mut self, section: &str, at: &Located) {
        let entries = match &at.value {
            Node::Map(entries) => entries,
            // A section without anything in it.
            Node::Scalar(Value::Null) => return,
            Node::Scalar(_) | Node::List(_) => {
                return self.blame(at, section, "it must be a map of colours".to_owned(), String::new());
            }
        };
        let known = known(section);
        for (key, value) in entries {
            let name = key.value.as_str();
            let place = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
            if SECTIONS.iter().any(|(name, _)| *name == place) {
                self.section(&place, value);
            } else if section == "views.charts.resourceColors" {
                // Resources of any name.
                self.list(&place, value);
            } else if !known.contains(&name) {
                let message = format!("k9s knows no `{name}` here");
                let hint = match suggest::nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "k9s leaves it out as well".to_owned(),
                };
                self.blame(key, &place, message, hint);
            } else if place == "frame.menu.fgStyle" {
                if !matches!(&value.value, Node::Scalar(Value::String(style)) if ["dim", "normal", "bold"].contains(&style.as_str()))
                {
                    self.blame(value, &place, "no style of text".to_owned(), "known are dim, normal, bold".to_owned());
                }
            } else if name.ends_with("Colors") {
                self.list(&place, value);
            } else if let Some(colour) = self.colour(&place, value) {
                self.colours.insert(place, colour);
            }
        }
    }

    /// A list of colours, kept under the numbers of their places.
    fn list(&mut self, place: &str, at: &Located) {
        match &at.value {
            Node::List(list) => {
                for (number, one) in list.iter().enumerate() {
                    let place = format!("{place}.{number}");
                    if let Some(colour) = self.colour(&place, one) {
                        self.colours.insert(place, colour);
                    }
                }
            }
            Node::Scalar(Value::Null) => {}
            Node::Scalar(_) | Node::Map(_) => {
                self.blame(at, place, "it must be a list of colours".to_owned(), String::new());
            }
        }
    }

    fn colour(&mut self, place: &str, at: &Located) -> Option<Colour> {
        let Node::Scalar(value) = &at.value else {
            self.blame(at, place, "it must be a colour".to_owned(), "write \"#rrggbb\" or a name".to_owned());
            return None;
        };
        let Value::String(text) = value else {
            if !value.is_null() {
                let message = format!("`{value}` is no colour");
                self.blame(at, place, message, "write \"#rrggbb\", in quotes".to_owned());
            }
            return None;
        };
        match text.as_str() {
            "" => None,
            "default" | "-" => Some(Colour::Terminal),
            text => {
                let found = color::rgb(text).or_else(|| color_names::named(text)).map(Colour::Rgb);
                if found.is_none() {
                    let hint = if text.starts_with('#') {
                        "write it as \"#rrggbb\"".to_owned()
                    } else {
                        meant(text, color_names::all())
                    };
                    self.blame(at, place, format!("there is no colour `{text}`"), hint);
                }
                found
            }
        }
    }

    fn blame<T>(&mut self, at: &serde_saphyr::Spanned<T>, key: &str, message: String, hint: String) {
        let line = usize::try_from(at.referenced.line()).unwrap_or_default();
        self.wrong.push(Complaint { line, key: key.to_owned(), message, hint });
    }
}

#[cfg(test)]
mod tests {
    use super::{Colour, Skin};

    #[test]
    fn what_stands_in_skins_of_the_field_is_read() {
        let text = "\
ink: &ink \"#f8f8f2\"
k9s:
  body:
    fgColor: *ink
    bgColor: default
    logoColor: PapayaWhip
  frame:
    title:
      highlightcolor: red
  views:
    xray:
      showIcons: false
    charts:
      defaultDialColors:
        - linegreen
        - \"-\"
    table:
";
        let (skin, wrong) = Skin::read("skin.yaml", text).unwrap();
        assert_eq!(skin.at("body.fgColor"), Some(Colour::Rgb([0xf8, 0xf8, 0xf2])));
        assert_eq!(skin.at("body.bgColor"), Some(Colour::Terminal));
        assert_eq!(skin.first(&["body.nothing", "body.logoColor"]), Some(Colour::Rgb([0xff, 0xef, 0xd5])));
        assert_eq!(skin.at("views.charts.defaultDialColors.1"), Some(Colour::Terminal));
        let told: Vec<String> = wrong.iter().map(|one| format!("{}: {one}", one.line)).collect();
        assert_eq!(
            told,
            [
                "9: `frame.title.highlightcolor`: k9s knows no `highlightcolor` here; did you mean `highlightColor`?",
                "12: `views.xray.showIcons`: k9s knows no `showIcons` here; k9s leaves it out as well",
                "15: `views.charts.defaultDialColors.0`: there is no colour `linegreen`; did you mean `limegreen`?",
            ]
        );
    }

    #[test]
    fn what_is_no_skin_is_said() {
        let told = |text| Skin::read("skin.yaml", text).unwrap_err().to_string();
        assert!(told("").contains("no skin of k9s"));
        assert!(told("k9:\n  body: {}\n").contains("`k9` stands there"));
        assert!(told("k9s: [").contains("not well-formed YAML"));
        let (skin, wrong) = Skin::read("skin.yaml", "k9s:\n  body: red\n").unwrap();
        assert!(skin.is_empty());
        assert_eq!(wrong[0].line, 2);
    }
}
