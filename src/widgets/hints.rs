//! The hint line: the few keys that matter here, as typed.

use ratatui::buffer::Buffer;

use super::put;
use crate::{
    base::width,
    config::{Role, Theme},
};

/// Draws `key word` pairs from the left, each key in its role; one that does not fit whole is left out with all after it.
pub fn hints(buf: &mut Buffer, x: u16, y: u16, cells: u16, pairs: &[(String, &str, Role)], theme: &Theme) {
    let mut used = 0;
    for (at, (key, word, role)) in pairs.iter().enumerate() {
        let gap = if at == 0 { 0 } else { 3 };
        let needed = u16::try_from(gap + width::width(key) + 1 + width::width(word)).unwrap_or(u16::MAX);
        if used + needed > cells {
            break;
        }
        used += u16::try_from(gap).unwrap_or(0);
        used += put(buf, x + used, y, cells - used, key, theme.style(*role));
        used += 1 + put(buf, x + used + 1, y, cells - used, word, theme.style(Role::TextDim));
    }
}
