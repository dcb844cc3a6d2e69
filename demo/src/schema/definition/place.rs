//! What is known of a place in a schema on the way to it.

/// How a place is reached.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// As errors name it.
    pub path: String,
    /// Whether it is the root.
    pub root: bool,
    /// Whether it lies inside kind, version or metadata of a resource.
    pub meta: bool,
    /// Why no default may stand here.
    pub no_default: Option<String>,
    /// A place above whose parts have no counterpart in an older object.
    pub apart: Option<String>,
    /// Whether rules are looked at here; not inside of alternatives.
    pub rules: bool,
}

impl Place {
    /// A place below.
    pub fn child(&self, name: &str) -> Self {
        Self { path: format!("{}.{name}", self.path), root: false, ..self.clone() }
    }

    /// A named property.
    pub fn property(&self, name: &str) -> Self {
        Self { path: format!("{}.properties[{name}]", self.path), root: false, ..self.clone() }
    }

    /// One of several alternatives.
    pub fn alternative(&self, word: &str, at: Option<usize>) -> Self {
        let number = at.map(|at| format!("[{at}]")).unwrap_or_default();
        Self { path: format!("{}.{word}{number}", self.path), root: false, rules: false, ..self.clone() }
    }

    /// The same with what is inside kept apart from older objects.
    pub fn apart(mut self, from: &str) -> Self {
        self.apart.get_or_insert_with(|| from.to_owned());
        self
    }
}
