//! Draws the two sides: each frame begins with the context it shows.

use ratatui::buffer::Buffer;

use super::super::{App, layout};
use crate::{
    config::{Role, keymap::chain},
    msg::{Command, Context},
    panes::{Look, Title, state::Standing},
};

impl App {
    /// The frame of the far side; the focused one is drawn last, so that the shared line takes its colour.
    pub(in crate::app) fn far_frame(&self, buf: &mut Buffer, focused: bool) {
        if self.layout.far.is_empty() || self.far_front().is_some() != focused {
            return;
        }
        self.boxed(buf, self.layout.far, focused);
    }

    /// What stands in it.
    pub(in crate::app) fn far_view(&self, buf: &mut Buffer) {
        let area = self.layout.far;
        let Some(far) = self.far.as_ref().filter(|_| !area.is_empty()) else { return };
        let app = &far.app;
        let look =
            Look { now: self.now, theme: &self.theme, keymap: &self.keymap, world: &app.world, focused: far.focused };
        let (name, title) = match app.screens.last() {
            Some(screen) => (screen.name(), screen.title(self.now)),
            None => (String::new(), Title::default()),
        };
        let (context, mut title) = self.sided(far.context(), app.world.names.production, &name, title);
        title.words.insert(usize::from(app.world.names.production), ("read-only".to_owned(), Role::TextDim));
        self.title(buf, area, &context, &title, far.focused);
        let inside = layout::inside(area);
        match app.screens.last() {
            Some(screen) => screen.view(inside, buf, &look),
            None => {
                if let Some(message) = Standing::default().message(&look, "rows", 0) {
                    message.view(inside, buf, &look);
                }
            }
        }
    }

    /// A title of the near side: while there are two, it begins with the context.
    pub(in crate::app) fn near_title(&self, name: &str, title: Title) -> (String, Title) {
        if self.far.is_none() || self.covers_far() {
            return (name.to_owned(), title);
        }
        let names = &self.world.names;
        self.sided(&names.context, names.production, name, title)
    }

    fn sided(&self, context: &str, production: bool, name: &str, title: Title) -> (String, Title) {
        let mut words = Vec::new();
        if production {
            words.push(("production".to_owned(), Role::Warn));
        }
        words.push((name.to_owned(), Role::Text));
        words.extend(title.words);
        // One side at a time: the other is named beside it.
        if self.layout.far.is_empty() || self.layout.body.is_empty() {
            let other = match self.far.as_ref().filter(|far| !far.focused) {
                Some(far) => far.context(),
                None => self.world.names.context.as_str(),
            };
            let key = self.keymap.key(&chain(Context::Global), Command::NextPane).unwrap_or_default();
            words.push((format!(" {key} {other}"), Role::TextDim));
        }
        (context.to_owned(), Title { words, right: title.right })
    }
}
