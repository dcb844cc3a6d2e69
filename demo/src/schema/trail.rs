//! Where in a value a walk is. It becomes text only where something is said of the place, which is almost never.

use std::fmt;

/// A place: what it lies in, and the last step to it.
#[derive(Debug, Clone, Copy)]
pub struct Trail<'a> {
    before: Option<&'a Trail<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Name(&'a str),
    At(usize),
}

impl<'a> Trail<'a> {
    /// The whole value.
    pub const ROOT: Self = Self { before: None, step: Step::Root };

    /// A field of what is here.
    #[must_use]
    pub fn name(&'a self, name: &'a str) -> Self {
        Self { before: Some(self), step: Step::Name(name) }
    }

    /// An item of what is here.
    #[must_use]
    pub fn at(&'a self, at: usize) -> Self {
        Self { before: Some(self), step: Step::At(at) }
    }

    /// Whether it is the whole value.
    pub fn is_root(&self) -> bool {
        self.before.is_none()
    }

    /// Whether it is a field of the whole, or lies in it.
    pub fn within(&self, field: &str) -> bool {
        match self.before {
            Some(before) if before.is_root() => matches!(self.step, Step::Name(name) if name == field),
            Some(before) => before.within(field),
            None => false,
        }
    }
}

impl fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(before) = self.before else { return Ok(()) };
        write!(f, "{before}")?;
        match self.step {
            Step::Name(name) if before.is_root() => f.write_str(name),
            Step::Name(name) => write!(f, ".{name}"),
            Step::At(at) => write!(f, "[{at}]"),
            Step::Root => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Trail;

    #[test]
    fn a_trail_reads_as_a_path() {
        let root = Trail::ROOT;
        let (spec, status) = (root.name("spec"), root.name("status"));
        let ports = spec.name("ports");
        let first = ports.at(0);
        assert_eq!(first.name("name").to_string(), "spec.ports[0].name");
        assert_eq!((root.to_string().as_str(), root.at(2).to_string().as_str()), ("", "[2]"));
        assert!(first.within("spec") && spec.within("spec") && !spec.within("ports") && !status.within("spec"));
    }
}
