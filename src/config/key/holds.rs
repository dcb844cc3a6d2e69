//! What settings hold.

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A name.
    Name,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A command for the shell.
    Command,
    /// A path; relative ones start at the file that says them, `~/` at the home folder.
    Path,
    /// An address.
    Url,
    /// An address, or one of these words.
    UrlOr(&'static [&'static str]),
    /// HTTP headers.
    Headers,
    /// `true` or `false`.
    Flag,
    /// A whole number from … to ….
    Count(u64, u64),
    /// A number from … to ….
    Decimal(u64, u64),
    /// A span of time.
    Span,
    /// Pairs of a query.
    Query,
    /// A JSON object.
    Object,
    /// Names with `*` in them.
    Patterns,
}

impl Holds {
    /// In words, for the reference.
    pub fn words(self) -> String {
        match self {
            Self::Name => "name".to_owned(),
            Self::Choice(words) => words.join(" or "),
            Self::Command => "command".to_owned(),
            Self::Path => "path".to_owned(),
            Self::Url => "URL".to_owned(),
            Self::UrlOr(words) => format!("URL, {}", words.join(" or ")),
            Self::Headers => "headers".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Count(least, most) => format!("{least} to {most}"),
            Self::Decimal(least, most) => format!("{least}.0 to {most}.0"),
            Self::Span => "span of time".to_owned(),
            Self::Query => "query".to_owned(),
            Self::Object => "JSON object".to_owned(),
            Self::Patterns => "list of patterns".to_owned(),
        }
    }
}
