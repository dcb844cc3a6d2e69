//! What is wrong with a file of ours, line by line, with the remedy. The shape is the machine output of the `check` commands.

use std::fmt;

use serde::Serialize;

/// One thing wrong at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Complaint {
    /// From 1; 0 when it concerns the whole file.
    pub line: usize,
    /// The key it is about, dotted; empty when it concerns the syntax.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// A file that cannot be used as it is. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Complaints {
    /// The file, as the person named it.
    pub file: String,
    /// In the order of the lines.
    pub errors: Vec<Complaint>,
}

impl Complaints {
    /// One complaint about a file.
    pub fn one(file: &str, complaint: Complaint) -> Self {
        Self { file: file.to_owned(), errors: vec![complaint] }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        f.write_str(&self.message)?;
        if !self.hint.is_empty() {
            write!(f, "; {}", self.hint)?;
        }
        Ok(())
    }
}

/// One line each, `FILE:LINE: …`.
impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, complaint) in self.errors.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            match complaint.line {
                0 => write!(f, "{}: {complaint}", self.file)?,
                line => write!(f, "{}:{line}: {complaint}", self.file)?,
            }
        }
        Ok(())
    }
}

/// The hint of an unknown name: the nearest known one, or all of them when there are few.
pub fn meant<'a>(given: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(name) = crate::base::suggest::nearest(given, known.clone()) {
        format!("did you mean `{name}`?")
    } else {
        let known: Vec<&str> = known.into_iter().collect();
        if known.len() <= 32 { format!("known are {}", known.join(", ")) } else { String::new() }
    }
}
