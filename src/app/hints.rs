//! Which keys matter here: five to seven, never a wall.

use super::{App, Screen, far};
use crate::{
    config::{
        Role,
        keymap::{Follow, chain, written},
    },
    msg::{Command, Context, Key},
    panes::PaneKind,
};

/// Most keys of one's own that are hinted at; the help has all.
const OWN: usize = 4;

/// Keys as typed, with their words.
pub fn hints(app: &App) -> Vec<(String, &str, Role)> {
    use Command as C;
    if let Some(far) = app.far_front().filter(|_| app.prompt.is_none()) {
        return far_hints(app, far);
    }
    let context = own_context(app);
    let own = match app.screens.last() {
        Some(Screen::Preview(preview)) if app.prompt.is_none() => Some(preview.hints(app.now, &app.world)),
        Some(Screen::Undo(undo)) if app.prompt.is_none() => Some(undo.hints(app.now)),
        Some(Screen::Change(change)) if app.prompt.is_none() => Some(change.hints()),
        Some(Screen::Act(act)) if app.prompt.is_none() => Some(act.hints()),
        Some(Screen::Launch(launch)) if app.prompt.is_none() => Some(launch.hints()),
        Some(Screen::Form(form)) if app.prompt.is_none() => Some(form.hints()),
        Some(Screen::WhoTakes(asked)) if app.prompt.is_none() => Some(asked.hints()),
        None if app.prompt.is_none() && context == Context::Faults => {
            Some(app.panes.faults.hints(&app.world).into_iter().map(|c| (c, c.spec().hint, Role::Key)).collect())
        }
        None if app.prompt.is_none() && app.focus == PaneKind::Agent => {
            Some(app.panes.agent.hints().into_iter().map(|(command, word)| (command, word, Role::Key)).collect())
        }
        _ => None,
    };
    let commands: &[Command] = match context {
        // What is marked is marked for something.
        Context::Pods | Context::Objects if app.any_marked() => &[
            C::Help,
            C::Actions,
            C::ClearMarks,
            C::Mark,
            C::MarkRange,
            C::DeleteObject,
            C::CopyName,
            C::Logs,
            C::Filter,
        ],
        Context::Pods => {
            &[C::Help, C::CommandLine, C::Filter, C::NextPane, C::NewFault, C::Describe, C::Logs, C::Shell]
        }
        Context::Routes => {
            &[C::Help, C::CommandLine, C::Filter, C::NextPane, C::NewFault, C::AskRoutes, C::Describe, C::Yaml]
        }
        Context::Mesh => {
            &[C::Help, C::CommandLine, C::Filter, C::NextPane, C::Graph, C::Charts, C::NewFault, C::Describe]
        }
        Context::Graph => {
            &[C::Help, C::GraphFocus, C::Back, C::GraphSize, C::GraphLayout, C::Filter, C::NewFault, C::Charts]
        }
        Context::Objects => &[
            C::Help,
            C::Back,
            C::CommandLine,
            C::Filter,
            C::Open,
            C::Describe,
            C::Yaml,
            C::EditObject,
            C::GoOwner,
            C::Wide,
        ],
        Context::Xray => {
            &[C::Help, C::Back, C::Fold, C::FoldAll, C::Open, C::Filter, C::Describe, C::Yaml, C::NewFault]
        }
        Context::Pulses => &[C::Help, C::Back, C::Open, C::Right, C::CommandLine],
        Context::Table | Context::Global => {
            &[C::Help, C::CommandLine, C::Filter, C::NextPane, C::NewFault, C::Describe, C::Yaml]
        }
        Context::Viewer => &[C::Back, C::Search, C::NextMatch, C::Wrap, C::Refetch, C::Help],
        Context::Logs => &[C::Back, C::Follow, C::Container, C::Since, C::Previous, C::Search, C::LogFilter, C::Help],
        Context::Picker => &[C::Choose, C::Mark, C::Filter, C::Back],
        Context::Forwards => &[C::EndForward, C::CopyName, C::Back],
        // These name their keys themselves.
        Context::Form | Context::Preview | Context::Faults | Context::Agent | Context::Script => &[],
        Context::Input => &[C::Accept, C::Cancel],
    };
    let path = chain(context);
    let pair = |(command, word, role): (Command, &'static str, Role)| {
        let key = match command {
            // `q` also leaves, and `i` also asks; these are what a hand finds without looking.
            Command::Back | Command::Cancel => plain_key(app, &path, command, "esc"),
            Command::Ask => plain_key(app, &path, command, "enter"),
            Command::Right if context == Context::Pulses => plain_key(app, &path, command, "tab"),
            _ => app.keymap.key(&path, command),
        };
        Some((key?, word, role))
    };
    let mut pairs = live_hints(app);
    let abort = abort_key(app);
    pairs.extend(side_hints(app));
    let own = own.unwrap_or_else(|| {
        let offered = commands.iter().filter(|command| means(app, **command));
        offered.map(|command| (*command, command.spec().hint, Role::Key)).collect()
    });
    pairs.extend(onward(app).into_iter().map(|(command, word)| (command, word, Role::Key)).filter_map(pair));
    pairs.extend(own.into_iter().filter_map(pair));
    pairs.extend(own_keys(app).into_iter().take(OWN).map(|(keys, word)| (keys, word, Role::Key)));
    if !app.world.any_live()
        && app.screens.is_empty()
        && !app.looks_only
        && let Some(abort) = abort
    {
        pairs.push((format!("{abort} {abort}"), "stop all", Role::Key));
    }
    pairs
}

/// While a fault is live its end comes first.
fn live_hints(app: &App) -> Vec<(String, &'static str, Role)> {
    let mut pairs = Vec::new();
    if let Some(abort) = abort_key(app).filter(|_| app.world.any_live()) {
        // Somebody else's fault does not end by this key.
        if app.world.live().iter().any(|view| view.mine) {
            pairs.push((abort.clone(), "abort", Role::Key));
        }
        pairs.push((format!("{abort} {abort}"), "stop all", Role::Key));
    }
    pairs
}

/// While there are two sides: how to come to the other one, and how to close it.
fn side_hints(app: &App) -> Vec<(String, &'static str, Role)> {
    if app.layout.far.is_empty() {
        return Vec::new();
    }
    let key = |command| app.keymap.key(&chain(Context::Global), command);
    let words = [(Command::NextPane, "other side"), (Command::Split, "one side")];
    words.into_iter().filter_map(|(command, word)| Some((key(command)?, word, Role::Key))).collect()
}

/// On the far side: what looks, and how it becomes the cockpit's own.
fn far_hints<'a>(app: &App, far: &'a App) -> Vec<(String, &'a str, Role)> {
    let mut pairs: Vec<(String, &str, Role)> = live_hints(app);
    pairs.extend(side_hints(app));
    let own = app.keymap.key(&chain(Context::Global), Command::TakeOver);
    pairs.extend(own.map(|key| (key, Command::TakeOver.spec().hint, Role::Key)));
    pairs.extend(hints(far));
    pairs
}

/// What may follow the keys of a sequence pressed so far, and the key that gives it up.
pub fn following(app: &App) -> Vec<(String, &str, Role)> {
    // It stands first: whoever is lost sees it at any width.
    let mut pairs: Vec<(String, &str, Role)> = vec![("esc".to_owned(), "give up", Role::Key)];
    let mut known: Vec<Key> = Vec::new();
    for (key, follow) in app.keymap.following(&app.chain(), &app.pending) {
        let word = match follow {
            Follow::Run(command) => command.spec().hint,
            Follow::More => "more",
        };
        known.push(key);
        // Several keys of one command stand together.
        match pairs.iter_mut().find(|(_, before, _)| *before == word) {
            Some((keys, ..)) => keys.push_str(&format!("/{key}")),
            None => pairs.push((key.to_string(), word, Role::Key)),
        }
    }
    if app.takes_own_keys() {
        let names = app.kind_names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let own = app.own.bindings.following(&app.pending, &names);
        let free = own.into_iter().filter(|(key, _)| !known.contains(key));
        pairs.extend(free.map(|(key, word)| (key.to_string(), word.unwrap_or("more"), Role::Key)));
    }
    pairs
}

/// A person's own keys that work here, and what stands beside them.
fn own_keys(app: &App) -> Vec<(String, &str)> {
    if !app.takes_own_keys() {
        return Vec::new();
    }
    let (names, chain) = (app.kind_names(), app.chain());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let here = app.own.bindings.here(&app.keymap, &chain, &names);
    here.into_iter().map(|binding| (written(&binding.keys), binding.description.as_str())).collect()
}

/// Whose keys count on the screen in front; a script that waits offers its own beside its caption.
fn own_context(app: &App) -> Context {
    app.chain().into_iter().find(|context| *context != Context::Script).unwrap_or(Context::Global)
}

/// This key where it is bound so, else any.
fn plain_key(app: &App, path: &[Context], command: Command, wanted: &str) -> Option<String> {
    let keys = app.keymap.keys(path, command);
    keys.into_iter().find(|key| key == wanted).or_else(|| app.keymap.key(path, command))
}

/// Where to go next from the panes: to the one who can be asked, and to what a fault does.
fn onward(app: &App) -> Option<(Command, &'static str)> {
    if !app.screens.is_empty() || app.prompt.is_some() || app.chain().first() == Some(&Context::Input) {
        return None;
    }
    if app.world.live().iter().any(|view| view.mine) {
        return app.layout.pane(PaneKind::Mesh).is_none().then_some((Command::ShowMesh, "watch errors and latency"));
    }
    let agent = &app.panes.agent;
    (agent.ready() && agent.fresh() && app.focus != PaneKind::Agent).then_some((Command::ShowAgent, "ask the agent"))
}

/// Whether a command does anything on the screen in front.
fn means(app: &App, command: Command) -> bool {
    if app.looks_only && !far::looks(command) && command != Command::CommandLine {
        return false;
    }
    match app.screens.last() {
        Some(screen) => screen.means(command),
        None => app.focus != PaneKind::Mesh || app.panes.mesh.means(command),
    }
}

/// The key that aborts also while text is typed.
pub fn abort_key(app: &App) -> Option<String> {
    app.keymap.keys(&chain(Context::Input), Command::Abort).into_iter().next().or_else(|| {
        app.keymap.keys(&chain(Context::Global), Command::Abort).into_iter().find(|key| key.starts_with("ctrl-"))
    })
}

/// The help: every key that works here, by context, from the command table and the keymap; one's own first.
pub fn help(app: &App) -> String {
    let mut text = String::new();
    let own = own_keys(app);
    if !own.is_empty() {
        text.push_str("your own\n");
        for (keys, what) in own {
            text.push_str(&format!("  {keys:<22} {what}\n"));
        }
        text.push('\n');
    }
    for context in app.chain() {
        text.push_str(&format!("{}\n", context.word()));
        let mut rows: Vec<(String, &str, &str)> = Vec::new();
        for (keys, commands) in app.keymap.bound(context) {
            let Some(command) = commands.first().filter(|command| means(app, **command)) else { continue };
            let spec = command.spec();
            match rows.iter_mut().find(|(_, _, doc)| *doc == spec.doc) {
                Some((known, ..)) => known.push_str(&format!(", {keys}")),
                None => rows.push((keys, spec.name, spec.doc)),
            }
        }
        let order = |name: &str| crate::msg::command::COMMANDS.iter().position(|spec| spec.name == name);
        rows.sort_by_key(|(_, name, _)| order(name));
        for (keys, _, doc) in rows {
            text.push_str(&format!("  {keys:<22} {doc}\n"));
        }
        text.push('\n');
    }
    text
}
