//! Answers: rows, texts and reports on their way to whoever asked. A ticket nobody waits for any more changes nothing.

use super::{App, Screen, acts};
use crate::{
    agent::Told,
    base::{Ticket, sanitize},
    cluster::{
        Batch, Delta,
        address::ContextName,
        pods::{MeshMode, PodRow},
        spaces,
        table::TableRow,
    },
    config::{Role, keymap::chain},
    fault::{catalogue::view::KindsView, injection::State, io::scan::Scanned, refusal::ApplyError},
    mesh::{around::Around, signals::MetricSource},
    msg::{Command, Context, Effect, Event, Failure, event::Names},
    panes::{PaneKind, Reply, Viewer, picker::Item, world::LinkState},
};

impl App {
    /// Takes an answer.
    pub(super) fn answer(&mut self, event: Event) -> Vec<Effect> {
        let now = self.now;
        match event {
            Event::Views(ticket, answer) => self.views_kept(ticket, answer),
            Event::Far(ticket, event) => return self.far_hears(ticket, *event),
            Event::Linked(ticket, names) if self.link == Some(ticket) => return self.linked(names),
            Event::NotLinked(ticket, failure) if self.link == Some(ticket) => {
                self.world.link = LinkState::Down(failure);
            }
            Event::Pods(ticket, batch) => self.pods(ticket, batch),
            Event::Ran(_, answer) => self.ran(answer),
            Event::Usage(ticket, usage) => self.used(ticket, usage),
            Event::Discovered(ticket, answer) => return self.discovered(ticket, answer),
            Event::Object(ticket, object, answer) => return self.read(ticket, &object, answer),
            Event::Table(ticket, batch) => self.table(ticket, batch),
            Event::Relatives(ticket, batch) => return self.relatives(ticket, batch),
            Event::Health(ticket, batch) => self.health(ticket, &batch),
            Event::Routes(ticket, kind, batch) => {
                let mut cx = Self::cx(now, &mut self.tickets, &self.world, false);
                let moved = self.panes.routes.hear(ticket, kind, batch, &mut cx);
                self.look_again();
                let mut effects = if moved { self.routing_moved() } else { Vec::new() };
                if moved && self.measures {
                    self.attribute();
                    effects.extend(self.panes.mesh.through(self.panes.routes.gateways()));
                }
                return effects;
            }
            Event::Gateways(ticket, seen, batch) => {
                let mut cx = Self::cx(now, &mut self.tickets, &self.world, false);
                let mut effects = self.panes.routes.hear_gateways(ticket, seen, batch, &mut cx);
                effects.extend(self.routing_moved());
                self.attribute();
                return effects;
            }
            Event::ListenerSets(ticket, batch) => {
                let mut cx = Self::cx(now, &mut self.tickets, &self.world, false);
                let effects = self.panes.routes.hear_listener_sets(ticket, batch, &mut cx);
                self.attribute();
                return effects;
            }
            Event::Pieces(ticket, kind, seen, batch) => {
                let mut cx = Self::cx(now, &mut self.tickets, &self.world, false);
                return self.panes.routes.hear_pieces(ticket, kind, seen, batch, &mut cx);
            }
            Event::MeshRoot(ticket, root) => {
                let mut cx = Self::cx(now, &mut self.tickets, &self.world, false);
                self.panes.routes.hear_root(ticket, root, &mut cx);
            }
            Event::Labels(ticket, batch) => {
                let mut cx = Self::cx(now, &mut self.tickets, &self.world, false);
                self.panes.routes.hear_labels(ticket, batch, &mut cx);
                self.attribute();
            }
            Event::Beside(ticket, batch) => self.panes.mesh.hear_beside(ticket, batch),
            Event::Metrics(ticket, source, snapshot) if self.panes.mesh.asked(ticket) => {
                if source == MetricSource::None {
                    // Nothing was found; what an earlier source said is not its word.
                    self.world.metrics = None;
                }
                self.world.metric_source = source;
                if let Some(snapshot) = snapshot {
                    self.world.metrics = Some(snapshot);
                    self.attribute();
                }
                self.look_around();
                let mut cx = Self::cx(now, &mut self.tickets, &self.world, false);
                self.panes.mesh.measured(&mut cx);
                self.panes.pods.measured(&mut cx);
                self.panes.routes.measured(&mut cx);
            }
            Event::FaultSource(ticket, source) => self.panes.faults.hear(ticket, source, now),
            Event::Injection(view) => {
                // What was said while it was live is no longer true; what it came to is told where it stands.
                if view.ended() || view.state == State::Stuck {
                    self.forget_notices_of(&view.injection);
                }
                self.world.saw(*view);
            }
            // One's own are told by the engine; of others' only the record was known.
            Event::Gone(id) if self.world.injections.get(&id).is_some_and(|view| !view.mine) => {
                self.world.injections.remove(&id);
                // Its end was not told: it is over by now, and no chart goes on colouring.
                if let Some(span) = self.world.fault_spans.get_mut(&id).filter(|span| span.live) {
                    (span.live, span.to) = (false, span.to.or(Some(now.server)));
                }
            }
            Event::Scanned(scanned) => self.scanned(*scanned),
            Event::Latched(Some(by)) => self.world.latched = Some(by),
            Event::Latched(None) if self.stop.lifted() => self.world.latched = None,
            Event::Stopped(ticket, answer) => {
                if let Ok(stopped) = &answer {
                    self.world.latched.get_or_insert_with(|| "you".to_owned());
                    for view in stopped.injections.iter().chain(&stopped.foreign) {
                        self.world.saw(view.clone());
                    }
                }
                self.stop.stopped(ticket, answer);
            }
            Event::Ordered(ticket, answer) => {
                if let Err(failure) = &answer {
                    self.tell(failure);
                }
                return self.screens_hear(Event::Ordered(ticket, answer));
            }
            Event::Agent(ticket, told) => {
                let over = matches!(*told, Told::Ended(_));
                self.panes.agent.hear(ticket, *told);
                if over {
                    self.check_answer();
                }
            }
            Event::Talk(ticket, granted) => self.talk_granted(ticket, granted),
            event @ (Event::Question(..) | Event::Inbox(_)) => self.waits_for_person(event),
            Event::Themes(ticket, files) => self.themes_known(ticket, files),
            Event::Ground(ground) => self.on_ground(ground),
            Event::Notice(failure) => self.tell(&failure),
            event => return self.screens_hear(event),
        }
        Vec::new()
    }

    /// Rows of a table of objects, wherever it lies.
    fn table(&mut self, ticket: Ticket, batch: Batch<TableRow>) {
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        let asked = |screen: &&mut Screen| matches!(screen, Screen::Objects(objects) if objects.asked(ticket));
        if let Some(Screen::Objects(objects)) = self.screens.iter_mut().find(asked) {
            objects.hear(batch, &mut cx);
        }
    }

    /// Answers to questions of the screens above the panes.
    fn screens_hear(&mut self, event: Event) -> Vec<Effect> {
        let now = self.now;
        let mut cx = Self::cx(now, &mut self.tickets, &self.world, false);
        let mut replies: Vec<Reply> = Vec::new();
        match event {
            Event::Text(ticket, answer) if self.printed == Some(ticket) => {
                self.printed = None;
                match answer {
                    Ok(text) => {
                        let mut viewer = Viewer::text("Finish the undo by hand", &text);
                        // A command that is cut is none.
                        viewer.update(Command::Wrap, &mut cx);
                        self.screens.push(Screen::Viewer(viewer));
                    }
                    Err(failure) => self.tell(&failure),
                }
            }
            Event::Text(ticket, answer) => {
                for screen in &mut self.screens {
                    match screen {
                        Screen::Viewer(viewer) => viewer.hear(ticket, answer.clone()),
                        Screen::Form(form) => replies.push(form.text(ticket, &answer, &mut cx)),
                        Screen::Change(change) => replies.push(change.text(ticket, &answer, &mut cx)),
                        Screen::Objects(_)
                        | Screen::Xray(_)
                        | Screen::Pulses(_)
                        | Screen::Logs(_)
                        | Screen::Picker(_)
                        | Screen::Preview(_)
                        | Screen::Undo(_)
                        | Screen::WhoTakes(_)
                        | Screen::Act(_)
                        | Screen::Launch(_)
                        | Screen::Charts(_)
                        | Screen::Enter(_)
                        | Screen::Forward(_)
                        | Screen::Forwards(_) => {}
                    }
                }
            }
            Event::Kinds(ticket, answer) => self.kinds_known(ticket, &answer),
            Event::Edited(ticket, answer) => {
                for screen in &mut self.screens {
                    match screen {
                        Screen::Form(form) => form.edited(ticket, &answer),
                        Screen::Change(change) => replies.push(change.edited(ticket, &answer, &mut cx)),
                        Screen::Objects(_)
                        | Screen::Xray(_)
                        | Screen::Pulses(_)
                        | Screen::Viewer(_)
                        | Screen::Logs(_)
                        | Screen::Picker(_)
                        | Screen::Preview(_)
                        | Screen::Undo(_)
                        | Screen::WhoTakes(_)
                        | Screen::Act(_)
                        | Screen::Launch(_)
                        | Screen::Charts(_)
                        | Screen::Enter(_)
                        | Screen::Forward(_)
                        | Screen::Forwards(_) => {}
                    }
                }
            }
            Event::Routing(ticket, answer) => {
                for screen in &mut self.screens {
                    if let Screen::WhoTakes(asked) = screen {
                        replies.push(asked.hear(ticket, answer.clone(), &mut cx));
                    }
                }
            }
            Event::Contexts(ticket, answer) => self.contexts_known(ticket, answer),
            Event::Namespaces(ticket, answer) => {
                if let Ok(names) = &answer {
                    self.namespaces.clone_from(names);
                }
                let items = answer.map(|_| self.namespace_items());
                for screen in &mut self.screens {
                    if let Screen::Picker(picker) = screen {
                        picker.hear(ticket, items.clone());
                    }
                }
            }
            Event::Checked(ticket, answer) => {
                replies.push(self.panes.agent.checked(ticket, answer.clone()));
                for screen in &mut self.screens {
                    match screen {
                        Screen::Form(form) => replies.push(form.checked(ticket, answer.clone())),
                        Screen::Change(change) => replies.push(change.checked(ticket, answer.clone())),
                        Screen::Act(act) => replies.push(act.checked(ticket, answer.clone())),
                        Screen::Preview(preview) => preview.hear(ticket, answer.clone()),
                        Screen::Objects(_)
                        | Screen::Xray(_)
                        | Screen::Pulses(_)
                        | Screen::Viewer(_)
                        | Screen::Logs(_)
                        | Screen::Picker(_)
                        | Screen::Undo(_)
                        | Screen::WhoTakes(_)
                        | Screen::Launch(_)
                        | Screen::Charts(_)
                        | Screen::Enter(_)
                        | Screen::Forward(_)
                        | Screen::Forwards(_) => {}
                    }
                }
            }
            Event::ActSeen(ticket, answer) => replies = acts::seen(&mut self.screens, ticket, &answer, &mut cx),
            Event::Foreseen(ticket, answer) => acts::foreseen(&mut self.screens, ticket, &answer),
            Event::Ordered(ticket, _) => {
                for screen in &mut self.screens {
                    if let Screen::Undo(undo) = screen {
                        replies.push(undo.ordered(ticket));
                    }
                }
            }
            Event::Applied(ticket, answer) => return self.applied(ticket, &answer),
            // Those of logs and of what is done in pods.
            event => self.of_pods(event, now),
        }
        replies.into_iter().flat_map(|reply| self.turn(reply)).collect()
    }

    /// Which drivers work here: for the forms that ask.
    fn kinds_known(&mut self, ticket: Ticket, answer: &Result<KindsView, Failure>) {
        for screen in &mut self.screens {
            if let Screen::Form(form) = screen {
                form.kinds(ticket, answer);
            }
        }
    }

    /// The answer to an apply: what came from the inbox is done with.
    fn applied(&mut self, ticket: Ticket, answer: &Result<String, ApplyError>) -> Vec<Effect> {
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        let front = self.screens.iter().rev().find_map(|screen| match screen {
            Screen::Preview(preview) => {
                let checked = preview.checked();
                Some((checked.plan.fault.clone(), checked.preview.title.clone()))
            }
            _ => None,
        });
        let mut effects = Vec::new();
        if let (Ok(_), Some((fault, title))) = (answer, front) {
            effects.extend(self.panes.agent.applied(&fault));
            effects.extend(self.panes.agent.applied_as(&fault, &title, &mut cx));
        }
        let mut replies = Vec::new();
        for screen in &mut self.screens {
            if let Screen::Preview(preview) = screen {
                replies.push(preview.applied(ticket, answer.clone(), &mut cx));
            }
        }
        effects.extend(replies.into_iter().flat_map(|reply| self.turn(reply)));
        effects
    }

    /// What the agent pane holds until a person looks at it; told where that pane is not in front.
    fn waits_for_person(&mut self, event: Event) {
        match event {
            Event::Question(ticket, id, question) => {
                let server = question.server.clone();
                if self.panes.agent.hear_question(ticket, id, *question) && self.focus != PaneKind::Agent {
                    let what = format!("the model asks for a tool of the MCP server {server}{}", self.there());
                    self.notify(what, Role::Warn);
                }
            }
            Event::Inbox(queued) => {
                let clients = self.panes.agent.hear_inbox(queued);
                if let Some(client) = clients.first() {
                    self.notify(format!("MCP client {client} proposes something{}", self.there()), Role::Warn);
                }
            }
            _ => {}
        }
    }

    /// Where the agent is, unless it is in front.
    fn there(&self) -> String {
        let key = self.keymap.key(&chain(Context::Global), Command::ShowAgent);
        key.filter(|_| self.focus != PaneKind::Agent).map(|key| format!("; {key} shows it")).unwrap_or_default()
    }

    fn linked(&mut self, names: Names) -> Vec<Effect> {
        let (all, namespace) = std::mem::take(&mut self.wanted);
        let mut spaces = namespace.map(|word| spaces::read(&word)).unwrap_or_default();
        if spaces.is_empty() {
            spaces.push(names.namespace.clone());
        }
        self.world.beside = if all { Vec::new() } else { spaces.split_off(1) };
        self.world.namespace = spaces.pop().filter(|_| !all);
        self.world.names = names;
        self.world.link = LinkState::Up;
        self.own.settle(&self.world.names.context);
        self.overlaid.know(&self.world.names.context);
        let mut effects = self.open_panes();
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        effects.extend(self.panes.faults.open(&mut cx));
        let ticket = self.tickets.take();
        self.names_ticket = Some(ticket);
        effects.push(Effect::Namespaces(ticket));
        effects.extend(self.discover());
        effects.extend(self.line_after_link());
        effects
    }

    fn pods(&mut self, ticket: Ticket, batch: Batch<PodRow>) {
        let modes = batch.deltas.iter().filter_map(|delta| match delta {
            Delta::Upsert(row) => Some(row.mesh),
            Delta::Remove(_) => None,
        });
        for mode in modes {
            match (mode, self.mesh_word) {
                (MeshMode::Ambient, _) => self.mesh_word = Some("ambient"),
                (MeshMode::Sidecar, None) => self.mesh_word = Some("sidecar"),
                (MeshMode::Sidecar | MeshMode::None, _) => {}
            }
        }
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        if self.panes.pods.hear(ticket, batch, &mut cx) {
            self.panes.routes.hear_pods(self.panes.pods.alike(), &mut cx);
        }
        self.look_again();
    }

    /// Gives the measured requests to the routes that take them.
    fn attribute(&mut self) {
        if let Some(metrics) = &mut self.world.metrics {
            (metrics.routes, self.world.weights) = self.panes.routes.figures(&metrics.measured);
        }
    }

    /// Takes over what stands around the figures.
    pub(super) fn look_around(&mut self) {
        let tolerances = self.world.around.tolerances;
        self.world.around = Around::of(self.panes.pods.rows(), self.panes.mesh.beside(), tolerances);
    }

    /// Whoever asks who takes a request is told what holds now.
    fn routing_moved(&mut self) -> Vec<Effect> {
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        let ask = |screen: &mut Screen| match screen {
            Screen::WhoTakes(asked) => asked.again(&mut cx),
            Screen::Objects(_)
            | Screen::Xray(_)
            | Screen::Pulses(_)
            | Screen::Viewer(_)
            | Screen::Logs(_)
            | Screen::Picker(_)
            | Screen::Form(_)
            | Screen::Change(_)
            | Screen::Act(_)
            | Screen::Launch(_)
            | Screen::Preview(_)
            | Screen::Undo(_)
            | Screen::Charts(_)
            | Screen::Enter(_)
            | Screen::Forward(_)
            | Screen::Forwards(_) => Vec::new(),
        };
        self.screens.iter_mut().flat_map(ask).collect()
    }

    /// What a crash left, said in a line each.
    fn scanned(&mut self, scanned: Scanned) {
        if !scanned.undone.is_empty() {
            let kinds: Vec<String> =
                scanned.undone.iter().map(|view| sanitize::line(&view.title).into_owned()).collect();
            let text = if self.world.readonly {
                format!("left by a crash, and not undone because brink only looks: {}", kinds.join("; "))
            } else {
                format!("left by a crash, being undone: {}", kinds.join("; "))
            };
            self.notify(text, Role::Warn);
        }
        for view in scanned.undone.into_iter().chain(scanned.foreign).chain(scanned.held) {
            if !self.world.injections.contains_key(&view.injection) {
                self.world.saw(view);
            }
        }
        if !scanned.stale_marks.is_empty() {
            let objects = sanitize::line(&scanned.stale_marks.join(", ")).into_owned();
            self.notify(
                format!(
                    "marks of finished faults are back on {objects}: `brink fault recover --stale-marks` takes them off"
                ),
                Role::Warn,
            );
        }
        for warning in scanned.warnings {
            self.notify(sanitize::line(&warning).into_owned(), Role::Warn);
        }
    }

    /// Says a failure with its remedy.
    pub(super) fn tell(&mut self, failure: &Failure) {
        let text =
            if failure.fix.is_empty() { failure.what.clone() } else { format!("{}: {}", failure.what, failure.fix) };
        self.notify(text, Role::Bad);
    }

    fn contexts_known(&mut self, ticket: Ticket, answer: Result<Vec<ContextName>, Failure>) {
        let items = answer.map(|contexts| {
            let current = self.world.names.context.clone();
            let item = |context: &ContextName| Item {
                name: context.name.clone(),
                note: format!("{} as {}, {}", context.cluster, context.user, context.namespace),
                current: context.name == current,
            };
            let items: Vec<Item> = contexts.iter().map(item).collect();
            self.contexts = contexts;
            items
        });
        for screen in &mut self.screens {
            if let Screen::Picker(picker) = screen {
                picker.hear(ticket, items.clone());
            }
        }
        if self.names_ticket == Some(ticket) {
            self.suggest();
        }
    }
}
