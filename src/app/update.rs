//! Where an event goes. Total: an event that means nothing here changes nothing.

use std::time::Duration;

use super::{App, Screen, far};
use crate::{
    base::Now,
    config::{
        Role,
        keymap::{Resolved, written},
    },
    msg::{
        Command, Context, Effect, Event, Key,
        key::Code,
        line::{self, Line, Request},
    },
    panes::{
        Change, Form, PaneKind, Picker, Reply, Turn, Undo, Viewer, picker::Choice, preview::Preview, stop::Pressed,
        world::LinkState,
    },
};

/// A second `quit` within this span leaves although a fault is live.
const SURE: Duration = Duration::from_secs(3);
/// Rows nobody looks at are watched this much longer.
pub(super) const GRACE: Duration = Duration::from_mins(1);

impl App {
    /// Takes one event.
    pub fn update(&mut self, event: Event, now: Now) -> Vec<Effect> {
        self.now = now;
        self.uncast();
        if self.notice.as_ref().is_some_and(|notice| notice.until <= now.mono) {
            self.notice = self
                .waiting_notices
                .pop()
                .map(|notice| super::Notice { until: now.mono + Duration::from_secs(6), ..notice });
        }
        let mut effects = match event {
            Event::Key(key) => self.key(key, true),
            Event::Keys(keys) => keys.into_iter().flat_map(|key| self.key(key, false)).collect(),
            Event::Paste(text) => self.insert(&text),
            Event::Mouse(mouse) => self.mouse(mouse),
            Event::Resize { width, height } => {
                self.size = (width, height);
                Vec::new()
            }
            Event::Wake => Vec::new(),
            Event::Resumed => vec![Effect::Redraw],
            Event::Terminate => vec![Effect::Quit],
            Event::Cue(cue) => self.cue(cue),
            event => self.answer(event),
        };
        self.dress();
        effects.extend(self.let_go());
        effects.extend(self.tend());
        effects
    }

    /// A proposal whose preview and form are closed without an apply is one that was not taken.
    fn let_go(&mut self) -> Option<Effect> {
        let open = self.screens.iter().any(|screen| matches!(screen, Screen::Preview(_) | Screen::Form(_)));
        if open || !self.panes.agent.has_open() {
            return None;
        }
        self.panes.agent.let_go(&mut Self::cx(self.now, &mut self.tickets, &self.world, false))
    }

    /// Watches what is on screen, and ends watches of what has not been for a while.
    fn tend(&mut self) -> Vec<Effect> {
        // Its tables are watched by themselves.
        if self.looks_only || self.world.link != LinkState::Up {
            return Vec::new();
        }
        self.place();
        let scope = self.world.scope();
        let now = self.now;
        let mut effects = Vec::new();
        // The graph tells of each workload what its pods tell.
        let graph = self.panes.mesh.draws() && self.layout.pane(PaneKind::Mesh).is_some();
        let pods = graph || self.layout.pane(PaneKind::Pods).is_some();
        let routes = self.layout.pane(PaneKind::Routes).is_some();
        // Selectors of Istio's are judged by the pods they find.
        let pods = pods || routes && self.panes.routes.selects();
        let mut cx = Self::cx(now, &mut self.tickets, &self.world, false);
        if pods {
            self.seen.0 = now.mono;
            if !self.panes.pods.watches() {
                effects.extend(self.panes.pods.open(&scope, &mut cx));
            }
        } else if self.panes.pods.watches() && now.mono.saturating_sub(self.seen.0) > GRACE {
            effects.extend(self.panes.pods.close());
            self.panes.routes.hear_pods(None, &mut cx);
        }
        if routes {
            self.seen.1 = now.mono;
            if !self.panes.routes.watches() {
                effects.extend(self.panes.routes.open(&scope, &mut cx));
                self.panes.routes.hear_pods(self.panes.pods.alike(), &mut cx);
            }
        } else if self.panes.routes.watches() && now.mono.saturating_sub(self.seen.1) > GRACE {
            effects.extend(self.panes.routes.close());
        }
        if self.measures && self.layout.pane(PaneKind::Mesh).is_some() {
            self.seen.2 = now.mono;
            if !self.panes.mesh.watches() {
                effects.extend(self.panes.mesh.watch(&scope, &mut cx));
            }
        } else if self.panes.mesh.watches() && now.mono.saturating_sub(self.seen.2) > GRACE {
            effects.extend(self.panes.mesh.unwatch());
        }
        effects.extend(self.tend_usage());
        effects.extend(self.tend_trees());
        effects
    }

    pub(super) fn key(&mut self, key: Key, alone: bool) -> Vec<Effect> {
        let key = if key.plainer().is_some() { self.reached(key) } else { key };
        let chain = self.chain();
        let resolved = self.keymap.resolve(&chain, &self.pending, key);
        // A sequence is given up by the key that gives up everything else.
        if !self.pending.is_empty() && key == Key::plain(Code::Esc) && !Self::aborts(&resolved) {
            self.pending.clear();
            return Vec::new();
        }
        let before = self.pending.clone();
        if let Some(effects) = self.own_key(key, &resolved, alone) {
            self.cast(&before, key, &[]);
            return effects;
        }
        match resolved {
            Resolved::Commands(commands) => {
                self.cast(&before, key, &commands);
                self.pending.clear();
                commands.into_iter().flat_map(|command| self.run(command, alone)).collect()
            }
            Resolved::Pending => {
                self.pending.push(key);
                Vec::new()
            }
            Resolved::Nothing => {
                let before = std::mem::take(&mut self.pending);
                let began = !before.is_empty();
                if began {
                    self.notify(format!("{} {key} means nothing here", written(&before)), Role::TextDim);
                }
                match key.typed() {
                    Some(c) if chain.first() == Some(&Context::Input) && !began => {
                        let effects = self.insert(c.encode_utf8(&mut [0; 4]));
                        self.cast_typed();
                        effects
                    }
                    _ => Vec::new(),
                }
            }
        }
    }

    pub(super) fn insert(&mut self, text: &str) -> Vec<Effect> {
        if let Some(prompt) = &mut self.prompt {
            prompt.line.insert(text);
            self.suggest();
            return Vec::new();
        }
        if self.far_front().is_some() {
            return self.on_far(|app| app.insert(text));
        }
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        match self.screens.last_mut() {
            Some(Screen::Objects(objects)) => objects.insert(text, &mut cx),
            Some(Screen::Xray(xray)) => xray.insert(text),
            Some(Screen::Viewer(viewer)) => viewer.insert(text),
            Some(Screen::Logs(logs)) => logs.insert(text),
            Some(Screen::Picker(picker)) => picker.insert(text),
            Some(Screen::Form(form)) => form.insert(text),
            Some(Screen::Change(change)) => change.insert(text),
            Some(Screen::Act(act)) => act.insert(text),
            Some(Screen::Launch(launch)) => launch.insert(text),
            Some(Screen::Preview(preview)) => preview.insert(text),
            Some(Screen::Undo(_) | Screen::Charts(_) | Screen::Forwards(_) | Screen::Pulses(_)) => {}
            Some(Screen::Enter(enter)) => enter.insert(text),
            Some(Screen::Forward(forward)) => forward.insert(text),
            Some(Screen::WhoTakes(asked)) => asked.insert(text),
            None => match self.focus {
                PaneKind::Pods => self.panes.pods.insert(text, &mut cx),
                PaneKind::Routes => self.panes.routes.insert(text, &mut cx),
                PaneKind::Mesh => self.panes.mesh.insert(text, &mut cx),
                PaneKind::Faults => self.panes.faults.insert(text, &mut cx),
                PaneKind::Agent => self.panes.agent.insert(text),
            },
        }
        Vec::new()
    }

    pub(super) fn run(&mut self, command: Command, alone: bool) -> Vec<Effect> {
        if let Some(effects) = self.far_key(command, alone) {
            return effects;
        }
        match command {
            Command::Split => return self.split(),
            Command::TakeOver => return self.take_over(),
            command if self.far.is_some() && self.prompt.is_none() => {
                if let Some(effects) = self.side_key(command) {
                    return effects;
                }
            }
            _ => {}
        }
        match command {
            Command::Abort => return self.abort(),
            Command::StopAll => return self.stop_all(),
            Command::StopEveryone => {
                let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, alone);
                return match self.stop.everyone(&mut cx) {
                    Some(pressed) => self.pressed(pressed),
                    None => Vec::new(),
                };
            }
            Command::Quit => return self.quit(Effect::Quit),
            Command::Demo => return self.demo(),
            Command::Explain => return self.explain(),
            Command::Suspend => return vec![Effect::Suspend],
            Command::Redraw => return vec![Effect::Redraw],
            Command::Present => {
                self.set_presenting(!self.presenting);
                return Vec::new();
            }
            Command::Forwards => return self.open_forwards(),
            Command::Pulses => return self.open_pulses(),
            Command::ScriptOn
            | Command::ScriptRetry
            | Command::ScriptSkip
            | Command::ScriptByHand
            | Command::ScriptRewind => return vec![Effect::Script(command)],
            // What was said is waved away with the same key that leaves.
            Command::Back | Command::Cancel => self.hush(),
            _ => {}
        }
        if self.prompt.is_some() {
            return self.prompt_key(command);
        }
        if !self.screens.is_empty() {
            return self.screen_key(command, alone);
        }
        self.pane_key(command, alone)
    }

    /// The abort key, whatever lies above.
    fn abort(&mut self) -> Vec<Effect> {
        let chosen = (self.focus == PaneKind::Faults && self.screens.is_empty())
            .then(|| self.panes.faults.selected(&self.world))
            .flatten()
            .cloned();
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, true);
        let pressed = self.stop.abort(chosen.as_ref(), &mut cx);
        self.pressed(pressed)
    }

    fn stop_all(&mut self) -> Vec<Effect> {
        let pressed = self.stop.press(&mut Self::cx(self.now, &mut self.tickets, &self.world, true));
        self.pressed(pressed)
    }

    fn pressed(&mut self, pressed: Pressed) -> Vec<Effect> {
        match pressed.said {
            Some((text, role)) => self.notify_about(text, role, pressed.about),
            // The red block says it, and what was said before it is no longer so.
            None => self.hush(),
        }
        pressed.effects
    }

    fn demo(&mut self) -> Vec<Effect> {
        if matches!(self.world.link, LinkState::Up) {
            self.notify("there is a cluster here; leave it and run `brink demo` for the one inside brink", Role::Warn);
            return Vec::new();
        }
        self.quit(Effect::Demo)
    }

    /// Leaves as wanted; a second time when a fault is live.
    fn quit(&mut self, leave: Effect) -> Vec<Effect> {
        let sure = self.quit_asked.is_some_and(|before| self.now.mono.saturating_sub(before) <= SURE);
        if self.world.live().iter().any(|view| view.mine) && !sure {
            self.quit_asked = Some(self.now.mono);
            self.notify("a fault is live: leaving undoes it; press again within 3 s to leave", Role::Warn);
            return Vec::new();
        }
        vec![leave]
    }

    fn prompt_key(&mut self, command: Command) -> Vec<Effect> {
        let Some(prompt) = &mut self.prompt else { return Vec::new() };
        match command {
            Command::Cancel => self.prompt = None,
            Command::Accept => {
                let text = prompt.line.text().trim().to_owned();
                self.prompt = None;
                if text.is_empty() {
                    return Vec::new();
                }
                if self.history.last() != Some(&text) {
                    self.history.push(text.clone());
                }
                return self.line(&text);
            }
            // What empties the line closes it, as a hand expects.
            Command::DeleteBack if prompt.line.text().is_empty() => self.prompt = None,
            command => {
                if prompt.edit(command, &self.history) {
                    self.suggest();
                }
            }
        }
        Vec::new()
    }

    pub(super) fn line(&mut self, text: &str) -> Vec<Effect> {
        let line = line::parse(&self.own.custom.aliases.expand(text));
        if self.far_front().is_some() && line.as_ref().is_ok_and(|line| !far::steers_line(line)) {
            return self.on_far(|app| app.line(text));
        }
        match line {
            Err(told) => {
                self.notify(told, Role::Warn);
                Vec::new()
            }
            Ok(line) if self.looks_only => self.looking_line(line),
            Ok(Line::Run(command)) => {
                let mut effects = self.close_screens_for(command);
                effects.extend(self.run(command, true));
                effects
            }
            Ok(Line::Namespace(name)) => self.go_namespace(Some(name)),
            Ok(Line::Context(name)) => self.go_context(name),
            Ok(Line::Act(action, given)) => self.act(action, &given),
            Ok(Line::Pane(command, request)) => self.go_pane(command, &request),
            Ok(Line::Objects(request)) => self.go_objects(&request),
            Ok(Line::Xray(request)) => self.go_xray(&request),
            Ok(Line::Theme(name)) => self.themes(name),
            Ok(Line::Beside(request)) => self.open_far(request),
            Ok(Line::Unsplit) => self.close_far(),
            Ok(Line::View(line)) => self.view_line(line),
            Ok(Line::Logs(asked)) => self.typed_logs(asked),
            Ok(Line::Copy(from, to)) => self.copy_file(&from, &to),
            Ok(Line::Release(reason)) => vec![Effect::Release(self.tickets.take(), reason)],
        }
    }

    /// Going somewhere from the command line leaves the screens above the panes.
    pub(super) fn close_screens_for(&mut self, command: Command) -> Vec<Effect> {
        use Command as C;
        if matches!(
            command,
            C::ShowPods
                | C::ShowRoutes
                | C::ShowMesh
                | C::Graph
                | C::ShowFaults
                | C::ShowChanges
                | C::ShowAgent
                | C::AllNamespaces
                | C::Actions
        ) {
            self.close_all()
        } else {
            Vec::new()
        }
    }

    pub(super) fn close_all(&mut self) -> Vec<Effect> {
        self.screens.drain(..).flat_map(|mut screen| screen.close()).collect()
    }

    /// Closes what lies above the panes, down to a table of objects.
    fn close_to_table(&mut self) -> Vec<Effect> {
        let keep = self.screens.iter().rposition(|screen| matches!(screen, Screen::Objects(_))).map_or(0, |at| at + 1);
        self.screens.drain(keep..).flat_map(|mut screen| screen.close()).collect()
    }

    pub(super) fn screen_key(&mut self, command: Command, alone: bool) -> Vec<Effect> {
        let Some(screen) = self.screens.last_mut() else { return Vec::new() };
        let typing = screen.context() == Context::Input;
        if !typing
            && matches!(screen, Screen::Objects(_))
            && let Some(effects) = self.objects_key(command)
        {
            return effects;
        }
        if !typing && let Some(effects) = self.related_key(command) {
            return effects;
        }
        let Some(screen) = self.screens.last_mut() else { return Vec::new() };
        if !typing {
            match command {
                // What a preview or a form gives up is its own business.
                Command::Back | Command::Leave if !screen.keeps_back() => return self.close_top(),
                Command::Help => return self.open_help(),
                Command::CommandLine => return self.open_prompt(),
                _ => {}
            }
        }
        if command == Command::Container
            && let Screen::Logs(logs) = screen
        {
            let items = logs.others();
            if !items.is_empty() {
                let ticket = self.tickets.take();
                self.screens.push(Screen::Picker(Picker::of(Choice::Container, ticket, items)));
                return Vec::new();
            }
        }
        if command == Command::EditObject
            && let Screen::Viewer(viewer) = screen
            && let Some(object) = viewer.yaml_of().cloned()
        {
            return self.change(object, false);
        }
        let command = if command == Command::Leave { Command::Back } else { command };
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, alone);
        let reply = match screen {
            Screen::Objects(objects) => objects.update(command, &mut cx),
            Screen::Xray(xray) => xray.update(command, &mut cx).into(),
            // Its keys lead elsewhere, or are its own: both were seen to before.
            Screen::Pulses(_) => Reply::none(),
            Screen::Viewer(viewer) => viewer.update(command, &mut cx),
            Screen::Logs(logs) => logs.update(command, &mut cx),
            Screen::Form(form) => form.update(command, &mut cx),
            Screen::Change(change) => change.update(command, &mut cx),
            Screen::Act(act) => act.update(command, &mut cx),
            Screen::Launch(launch) => launch.update(command, &mut cx),
            Screen::Preview(preview) => preview.update(command, &mut cx),
            Screen::Undo(undo) => undo.update(command, &mut cx),
            Screen::WhoTakes(asked) => asked.update(command, &mut cx),
            Screen::Enter(enter) => enter.update(command, &mut cx),
            Screen::Forward(forward) => forward.update(command, &mut cx),
            Screen::Forwards(forwards) => forwards.update(command, &mut cx),
            Screen::Charts(charts) => {
                charts.update(command, cx.world);
                Reply::none()
            }
            Screen::Picker(picker) => {
                let choice = picker.choice;
                return match picker.update(command) {
                    Some(name) => self.picked(choice, name),
                    None => Vec::new(),
                };
            }
        };
        self.turn(reply)
    }

    /// Goes where a reply says, and gives what it wants done.
    pub(super) fn turn(&mut self, reply: Reply) -> Vec<Effect> {
        let mut effects = reply.effects;
        for effect in &effects {
            match effect {
                Effect::Copy(text) => {
                    let lines = text.lines().count();
                    self.notify(format!("copied {lines} {}", if lines == 1 { "line" } else { "lines" }), Role::TextDim);
                }
                // Whom it hits is known here first; the rows carry the sign as soon as the injection is seen.
                Effect::Apply(_, checked, ..) => {
                    let (id, reach) = (checked.plan.id.clone(), &checked.plan.reach);
                    let pods =
                        reach.pods.iter().flat_map(|(ns, pods)| pods.iter().map(move |pod| format!("{ns}/{pod}")));
                    self.world.hit_pods.insert(id.clone(), pods.collect());
                    self.world.hit_routes.insert(id.clone(), reach.routes.iter().cloned().collect());
                    self.intents.insert(id, checked.plan.fault.clone());
                }
                Effect::Print(ticket, _) => self.printed = Some(*ticket),
                effect => self.remember(effect),
            }
        }
        match reply.turn {
            Turn::Stay => {}
            Turn::Close => effects.extend(self.close_top()),
            Turn::Preview(checked) => self.screens.push(Screen::Preview(Box::new(Preview::open(checked)))),
            Turn::Refused(why) => self.notify(why, Role::Warn),
            Turn::Undo(id, decision) => {
                let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
                let (undo, more) = Undo::open(id, decision, &mut cx);
                self.screens.push(Screen::Undo(Box::new(undo)));
                effects.extend(more);
            }
            Turn::Form(fault) => {
                effects.extend(self.close_top());
                // The form the preview came from still holds what was typed.
                if !matches!(self.screens.last(), Some(Screen::Form(_))) {
                    let (form, more) =
                        Form::again(*fault, &mut Self::cx(self.now, &mut self.tickets, &self.world, false));
                    self.screens.push(Screen::Form(Box::new(form)));
                    effects.extend(more);
                }
            }
            Turn::Route(route) => {
                effects.extend(self.close_top());
                if !self.panes.routes.select(&route) {
                    self.notify(format!("{route} is not among the rows shown here"), Role::TextDim);
                }
            }
            Turn::Home => effects.extend(self.close_to_table()),
            Turn::Text(title, text) => {
                let mut viewer = Viewer::text(&title, &text);
                let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
                viewer.update(Command::Wrap, &mut cx);
                self.screens.push(Screen::Viewer(viewer));
            }
            Turn::Found(object, title, text) => effects.extend(self.follow(object, title, text)),
            Turn::Draft(draft) => {
                let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
                let (change, more) = Change::draft(*draft, &mut cx);
                self.screens.push(Screen::Change(Box::new(change)));
                effects.extend(more);
            }
            Turn::Conversations(ticket) => {
                self.screens.push(Screen::Picker(Picker::new(Choice::Conversation, ticket)));
            }
            Turn::Faults => {
                effects.extend(self.close_all());
                self.focus = PaneKind::Faults;
            }
        }
        effects
    }

    fn close_top(&mut self) -> Vec<Effect> {
        self.screens.pop().map(|mut screen| screen.close()).unwrap_or_default()
    }

    fn picked(&mut self, choice: Choice, name: String) -> Vec<Effect> {
        let mut effects = self.close_top();
        effects.extend(match choice {
            Choice::Namespace => self.go_namespace(Some(name)),
            Choice::Context => self.go_context(name),
            Choice::View => self.open_view(&name),
            Choice::FarContext => self.open_far(Request { context: Some(name), ..Request::default() }),
            Choice::Theme => self.keep_theme(&name),
            Choice::Action => self.chosen_action(&name),
            Choice::Conversation => {
                let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
                self.panes.agent.go_on(name, &mut cx)
            }
            Choice::Container => {
                let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
                match self.screens.last_mut() {
                    Some(Screen::Logs(logs)) => logs.choose(&name, &mut cx),
                    _ => Vec::new(),
                }
            }
        });
        effects
    }

    fn pane_key(&mut self, command: Command, alone: bool) -> Vec<Effect> {
        let typing = self.chain().first() == Some(&Context::Input);
        if !typing {
            match command {
                Command::Help => return self.open_help(),
                Command::CommandLine => return self.open_prompt(),
                Command::NextPane => return self.focus_by(1),
                Command::PreviousPane => return self.focus_by(PaneKind::ALL.len() - 1),
                Command::LastPane => return self.focus_on(self.before),
                Command::ShowPods => return self.focus_on(PaneKind::Pods),
                Command::ShowRoutes => return self.focus_on(PaneKind::Routes),
                Command::ShowMesh => return self.focus_on(PaneKind::Mesh),
                // From the command line it is asked for from anywhere.
                Command::Graph => {
                    let shown = self.focus != PaneKind::Mesh || !self.panes.mesh.draws();
                    self.look_around();
                    self.panes.mesh.show_graph(shown, &self.world);
                    return self.focus_on(PaneKind::Mesh);
                }
                Command::ShowFaults => return self.focus_on(PaneKind::Faults),
                // From the command line it is asked for from anywhere.
                Command::ShowChanges if self.focus != PaneKind::Faults => {
                    self.panes.faults.show_changes();
                    return self.focus_on(PaneKind::Faults);
                }
                Command::ShowAgent => return self.focus_on(PaneKind::Agent),
                Command::Zoom => {
                    self.zoomed = !self.zoomed;
                    return Vec::new();
                }
                Command::Leave | Command::Back if !self.holds_back() => {
                    if self.zoomed {
                        self.zoomed = false;
                    } else if command == Command::Leave {
                        return self.quit(Effect::Quit);
                    }
                    return Vec::new();
                }
                Command::AllNamespaces => return self.go_namespace(None),
                Command::Namespaces => return self.pick(Choice::Namespace),
                Command::Contexts => return self.pick(Choice::Context),
                command => {
                    if let Some(effects) = self.act_on_subject(command) {
                        return effects;
                    }
                }
            }
        }
        if self.focus == PaneKind::Agent {
            self.tell_agent(command);
        }
        let command = if command == Command::Leave { Command::Back } else { command };
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, alone);
        let reply = match self.focus {
            PaneKind::Pods => self.panes.pods.update(command, &mut cx),
            PaneKind::Routes => self.panes.routes.update(command, &mut cx),
            PaneKind::Mesh => self.panes.mesh.update(command, &mut cx),
            PaneKind::Faults => self.panes.faults.update(command, &mut cx),
            PaneKind::Agent => self.panes.agent.update(command, &mut cx),
        };
        self.turn(reply)
    }

    fn holds_back(&self) -> bool {
        match self.focus {
            PaneKind::Pods => self.panes.pods.holds_back(),
            PaneKind::Routes => self.panes.routes.holds_back(),
            PaneKind::Mesh => self.panes.mesh.holds_back(),
            PaneKind::Faults => self.panes.faults.holds_back(),
            PaneKind::Agent => self.panes.agent.holds_back(),
        }
    }
}
