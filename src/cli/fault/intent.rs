//! From arguments to an intent. What can be wrong without a cluster is found before one is asked.

use std::{
    fs,
    io::{self, Read},
    time::Duration,
};

use crate::{
    base::span,
    cli::{args::IntentArgs, failure::Failure},
    fault::{
        catalogue::{self, WrongIntent},
        file::{self, Defaults, FileError},
        intent::Fault,
        set::{self, Words},
    },
};

/// What was given, read but not yet met with a namespace.
#[derive(Debug, Clone)]
pub enum Given {
    /// A file.
    File {
        /// Its name, or `stdin`.
        name: String,
        /// Its text.
        text: String,
        /// `--duration`, `--lease`, `--driver`.
        over: Over,
    },
    /// Words of the command line.
    Words(Words),
}

/// What the command line says over a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Over {
    duration: Option<Duration>,
    lease: Option<Duration>,
    driver: Option<String>,
}

impl Given {
    /// Reads files and words, and finds what is wrong with them before a cluster is asked.
    pub fn read(args: &IntentArgs) -> Result<Self, Failure> {
        let over = Over {
            duration: read_span("--duration", args.duration.as_deref())?,
            lease: read_span("--lease", args.lease.as_deref())?,
            driver: args.driver.clone(),
        };
        let given = match (&args.file, &args.kind) {
            (Some(name), _) => {
                if !args.set.is_empty() || args.selector.is_some() {
                    return Err(Failure::usage(
                        "cannot understand the command line",
                        "--set and -l do not go with -f",
                        "write them into the file, or name a kind and a target instead of -f",
                    ));
                }
                let (name, text) = read_file(name)?;
                Self::File { name, text, over }
            }
            (None, Some(kind)) => Self::Words(Words {
                kind: kind.clone(),
                target: args.target.clone(),
                selector: args.selector.clone(),
                set: args.set.clone(),
                duration: over.duration,
                lease: over.lease,
                driver: over.driver,
            }),
            (None, None) => {
                return Err(Failure::usage(
                    "no fault is given",
                    "neither -f nor a kind stands on the command line",
                    "name a kind and a target (`brink fault kinds` lists the kinds), or give a file with -f",
                ));
            }
        };
        given.fault("default")?;
        Ok(given)
    }

    /// The intent, in this namespace where it names none itself.
    pub fn fault(&self, namespace: &str) -> Result<Fault, Failure> {
        let fault = match self {
            Self::File { name, text, over } => {
                let defaults = Defaults { namespace: namespace.to_owned(), duration: over.duration, lease: over.lease };
                let mut fault = file::read(name, text, &defaults).map_err(wrong_file)?;
                if let Some(driver) = &over.driver {
                    fault.driver = Some(catalogue::driver(driver).map_err(|wrong| wrong_intent(&[wrong]))?);
                }
                fault
            }
            Self::Words(words) => set::fault(words, namespace).map_err(|wrong| wrong_intent(&[wrong]))?,
        };
        catalogue::deed(&fault).map_err(|wrong| wrong_intent(&wrong))?;
        Ok(fault)
    }
}

fn read_span(flag: &str, text: Option<&str>) -> Result<Option<Duration>, Failure> {
    text.map(span::parse).transpose().map_err(|wrong| {
        Failure::usage(
            format!("cannot understand {flag}"),
            format!("`{}` is not a span of time", wrong.text),
            "write it like 500ms, 90s, 1m30s or 2h",
        )
    })
}

fn read_file(name: &str) -> Result<(String, String), Failure> {
    if name == "-" {
        let mut text = String::new();
        io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| Failure::usage("cannot read standard input", error.to_string(), "give YAML in UTF-8"))?;
        return Ok(("stdin".to_owned(), text));
    }
    let text = fs::read_to_string(name).map_err(|error| {
        Failure::usage(format!("cannot read {name}"), error.to_string(), "correct the path or its rights").at(name)
    })?;
    Ok((name.to_owned(), text))
}

fn wrong_file(wrong: FileError) -> Failure {
    let place = wrong.place.to_string();
    Failure::usage(format!("cannot use {place}"), wrong.why, wrong.fix).at(place)
}

/// The first thing wrong, and how many more there are.
fn wrong_intent(wrong: &[WrongIntent]) -> Failure {
    let more = match wrong.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    match wrong.first() {
        Some(first) => {
            Failure::usage("cannot make this fault", format!("{}: {}{more}", first.field, first.why), first.fix.clone())
                .at(first.field.clone())
        }
        None => Failure::usage("cannot make this fault", "it does not fit its kind", "see `brink fault kinds`"),
    }
}
