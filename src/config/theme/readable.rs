//! Which text of a theme is hard to read: every role on every ground it can come to stand on, in 24 bits and among 256 colours.

use super::draft::Draft;
use crate::config::{
    color::{self, hex},
    complaint::Complaint,
    role::Role,
};

/// Text on a ground.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    /// Whose ground.
    pub on: Role,
    /// The colour of the text.
    pub own: [u8; 3],
    /// The colour of the ground.
    pub ground: [u8; 3],
}

impl Pair {
    fn contrast(self) -> f64 {
        color::contrast(self.own, self.ground)
    }
}

impl Draft {
    /// Text whose contrast is below what its role needs. Of each role the worst is told.
    pub fn unreadable(&self) -> Vec<Complaint> {
        let mut wrong = Vec::new();
        for (role, name) in Role::ALL {
            let Some(needed) = role.needs_contrast() else { continue };
            let seen = self.pairs(role).into_iter().map(|pair| (pair, ""));
            let seen256 = self.pairs256(role).into_iter().map(|pair| (pair, " with 256 colours"));
            let worst = seen.chain(seen256).min_by(|(a, _), (b, _)| a.contrast().total_cmp(&b.contrast()));
            let Some((pair, remark)) = worst.filter(|(pair, _)| pair.contrast() < needed) else { continue };
            let on = match Role::ALL.iter().find(|(known, _)| *known == pair.on) {
                Some((_, ground)) if *ground != name => format!(" on `{ground}`"),
                _ => String::new(),
            };
            // Cut, not rounded: 4.49 is not 4.5.
            let found = (pair.contrast() * 10.0).floor() / 10.0;
            wrong.push(Complaint {
                line: self.roles.get(&role).map_or(0, |look| look.line),
                key: format!("roles.{name}"),
                message: format!("`{name}` is hard to read{on}{remark}: contrast {found:.1}:1, needs {needed}:1"),
                hint: "move its colour away from its ground".to_owned(),
            });
        }
        wrong
    }

    /// Moves what is hard to read towards white or black until it is not; a sentence for each move.
    pub fn mend(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        for (role, name) in Role::ALL {
            if role == Role::FaultBg {
                // The block of a live fault stands in its colour, which was mended before.
                let fault = self.roles.get(&Role::Fault).and_then(|look| look.fg.clone());
                self.roles.entry(role).or_default().bg = fault;
            }
            let Some(needed) = role.needs_contrast() else { continue };
            let pairs = self.pairs(role);
            let Some(own) = pairs.first().map(|pair| pair.own) else { continue };
            let grounds: Vec<[u8; 3]> = pairs.iter().map(|pair| pair.ground).collect();
            let Some(mended) = color::readable(own, &grounds, needed) else {
                said.push(format!("{name} stays hard to read: no colour is readable on all its grounds"));
                continue;
            };
            if mended == own {
                continue;
            }
            let worst = pairs.iter().map(|pair| pair.contrast()).fold(f64::MAX, f64::min);
            let why = if worst < needed {
                format!("contrast {:.1}:1", (worst * 10.0).floor() / 10.0)
            } else {
                "too faint with 256 colours".to_owned()
            };
            said.push(format!("{name} was hard to read ({why}): {} became {}", hex(own), hex(mended)));
            self.roles.entry(role).or_default().fg = Some(hex(mended));
        }
        said
    }

    /// The grounds that the text of a role can stand on, in 24 bits. What is the terminal's own is left out: nobody knows it.
    pub fn pairs(&self, role: Role) -> Vec<Pair> {
        self.stands(role, &|name| self.rgb(name))
    }

    /// The same among 256 colours; nobody knows the first 16 either.
    fn pairs256(&self, role: Role) -> Vec<Pair> {
        self.stands(role, &|name| color::of256(self.index(name)?))
    }

    fn stands(&self, role: Role, seen: &dyn Fn(&str) -> Option<[u8; 3]>) -> Vec<Pair> {
        let look = |role| self.roles.get(&role);
        let fg = |role| look(role).and_then(|look| look.fg.as_deref());
        let bg = |role| look(role).and_then(|look| look.bg.as_deref());
        // Text of a role without a colour of its own is that of its line, or plain text.
        let own = fg(role).or_else(|| match role {
            Role::Selection => None,
            Role::Changed => fg(Role::Added).or(fg(Role::Text)),
            _ => fg(Role::Text),
        });
        let Some(own) = own.and_then(seen) else { return Vec::new() };
        let grounds: &[Role] = match role {
            Role::Text => &[Role::Text, Role::Selection],
            Role::Selection => &[Role::Selection],
            role if bg(role).is_some() => &[role],
            role => role.stands_on(),
        };
        // The cursor of some themes has a colour of its own for the text, so that no other stands there.
        let cursor = fg(Role::Selection).is_some();
        grounds
            .iter()
            .filter(|ground| **ground != Role::Selection || role == Role::Selection || !cursor)
            .filter_map(|on| {
                // A ground that is not named shows what is beneath.
                let ground = bg(*on).or_else(|| bg(Role::Text)).and_then(seen)?;
                Some(Pair { on: *on, own, ground })
            })
            .collect()
    }
}
