//! Filters of jq, by jaq: compiled once, asked of one value after the other.
//!
//! What a filter may not reach is the business of whoever compiles it; no input but the value, no modules and no variables are
//! there.

use jaq_core::{
    Compiler, Ctx, Vars,
    compile::Undefined,
    data::JustLut,
    load::{self, Arena, File, Loader},
    unwrap_valr,
};
use jaq_json::Val;

/// A compiled filter.
pub struct Filter(jaq_core::Filter<JustLut<Val>>);

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It cannot be read: what is missing where, in words.
    Unread(String),
    /// There is no variable of this name.
    Variable(String),
    /// There is no filter of this name with as many arguments.
    Unknown(String),
    /// It reads well and means nothing.
    Meaningless,
}

/// Compiles a filter over the library of jq, without these names of it.
pub fn compile(text: &str, without: &[&str]) -> Result<Filter, Wrong> {
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let modules = Loader::new(defs.filter(|def| !without.contains(&def.name)))
        .load(&arena, File { code: text, path: () })
        .map_err(|errors| Wrong::Unread(unread(errors)))?;
    let compiled = Compiler::default().with_funs(funs.filter(|(name, ..)| !without.contains(name))).compile(modules);
    compiled.map(Filter).map_err(|errors| {
        let unknown = errors.into_iter().flat_map(|(_, errors)| errors).next();
        match unknown {
            Some((name, Undefined::Var)) => Wrong::Variable(name.to_owned()),
            Some((name, _)) => Wrong::Unknown(name.to_owned()),
            None => Wrong::Meaningless,
        }
    })
}

impl Filter {
    /// What it gives for a value, one after the other; there may be no end.
    pub fn run(&self, input: Val) -> impl Iterator<Item = Result<Val, jaq_core::Error<Val>>> {
        let ctx = Ctx::<JustLut<Val>>::new(&self.0.lut, Vars::new([]));
        self.0.id.run((ctx, input)).map(unwrap_valr)
    }
}

fn unread<P>(errors: load::Errors<&str, P>) -> String {
    let mut found = errors.into_iter().map(|(_, error)| match error {
        load::Error::Io(_) => "it names a file".to_owned(),
        load::Error::Lex(errors) => expected(errors.first().map(|(expect, at)| (expect.as_str(), *at))),
        load::Error::Parse(errors) => expected(errors.first().map(|(expect, at)| (expect.as_str(), *at))),
    });
    found.next().unwrap_or_else(|| "it cannot be read".to_owned())
}

fn expected(what: Option<(&str, &str)>) -> String {
    match what {
        Some((what, "")) => format!("{what} is missing at the end"),
        Some((what, at)) => {
            let near: String = at.chars().take(12).collect();
            format!("{what} is missing before `{near}`")
        }
        None => "it cannot be read".to_owned(),
    }
}
