//! Values in a text that a shell runs. Each is put so that the shell sees exactly that value, as part of one word, whatever it
//! holds; how depends on the quotes around the place. Where the quotes cannot be told, only plain values are put.

use super::{Unfilled, Variables, is_plain, variables::Mention};

/// Whether a program of this name runs texts as POSIX shells do.
pub(super) fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "zsh" | "dash" | "ksh" | "ash")
}

/// What surrounds a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    /// Nothing, up to this closing character.
    Bare(char),
    /// `'…'`
    Single,
    /// `"…"`
    Double,
}

/// No closing character.
const NEVER: char = '\0';

/// Fills a text for a shell.
pub(super) fn fill(text: &str, variables: &Variables) -> Result<String, Unfilled> {
    let lost = is_beyond(text);
    let mut out = String::with_capacity(text.len());
    let mut around = vec![Around::Bare(NEVER)];
    let mut rest = text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let here = around.last().copied().unwrap_or(Around::Bare(NEVER));
        if c == '$'
            && let Some(mention) = Mention::first(rest)
        {
            variables.put(&mention, &mut out, &mut |value, out| put(value, here, lost, out))?;
            rest = rest.get(mention.len..).unwrap_or_default();
            before = 'x';
            continue;
        }
        let taken = step(c, rest, before, &mut around);
        let (head, tail) = rest.split_at(taken);
        out.push_str(head);
        before = head.chars().next_back().unwrap_or(' ');
        rest = tail;
    }
    Ok(out)
}

/// What the next characters of the shell's own text do to the quotes; gives how many bytes they are.
fn step(c: char, rest: &str, before: char, around: &mut Vec<Around>) -> usize {
    let here = around.last().copied().unwrap_or(Around::Bare(NEVER));
    match here {
        Around::Single => {
            if c == '\'' {
                around.pop();
            }
        }
        Around::Double | Around::Bare(_) if c == '\\' => return 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
        Around::Double | Around::Bare(_) if rest.starts_with("$(") => {
            around.push(Around::Bare(')'));
            return 2;
        }
        Around::Double => {
            if c == '"' {
                around.pop();
            }
        }
        Around::Bare(close) => match c {
            c if c == close => drop(around.pop()),
            '\'' => around.push(Around::Single),
            '"' => around.push(Around::Double),
            '(' => around.push(Around::Bare(')')),
            '#' if before.is_whitespace() || before == ';' => return rest.find('\n').unwrap_or(rest.len()),
            _ => {}
        },
    }
    c.len_utf8()
}

fn put(value: &str, around: Around, lost: bool, out: &mut String) -> Result<(), ()> {
    if value.contains('\0') {
        return Err(());
    }
    if !value.is_empty() && value.chars().all(is_plain) {
        out.push_str(value);
        return Ok(());
    }
    if lost {
        return Err(());
    }
    match around {
        Around::Bare(_) => {
            out.push('\'');
            out.push_str(&value.replace('\'', "'\\''"));
            out.push('\'');
        }
        Around::Single => out.push_str(&value.replace('\'', "'\\''")),
        Around::Double => {
            for c in value.chars() {
                if matches!(c, '\\' | '"' | '$' | '`') {
                    out.push('\\');
                }
                out.push(c);
            }
        }
    }
    Ok(())
}

/// Whether a text holds what is read by other rules than the quotes above: documents in place, backticks, `$'…'`, patterns of
/// `case`, and texts that are run once more.
fn is_beyond(text: &str) -> bool {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || ";|&()".contains(c)).collect();
    let again = words.iter().any(|word| matches!(*word, "eval" | "ssh" | "case" | "trap" | "source" | "su"));
    let nested = words.windows(2).any(|pair| {
        let name = pair[0].rsplit('/').next().unwrap_or_default();
        (is_shell(name) || super::reads(name).is_some()) && super::is_program_flag(pair[1])
    });
    again || nested || ["<<", "`", "$'"].iter().any(|mark| text.contains(mark))
}
