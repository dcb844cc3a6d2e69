//! What the agent is told of the screen: the objects a question names, and whatever a person wants explained.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{App, Screen, layout};
use crate::{
    agent::{
        Privacy,
        mention::{self, Kind, Object},
        session::Granted,
    },
    base::{Ticket, sanitize},
    cluster::pods::PodRow,
    config::Role,
    mesh::{crew, routes::RouteRow},
    msg::{Command, Effect, Failure},
    panes::{PaneKind, Viewer, agent::TOOLS, form::controller, picker::Item},
};

impl App {
    /// Before a key of the agent's line: what can be named, and what is.
    pub(super) fn tell_agent(&mut self, command: Command) {
        let Some(line) = self.panes.agent.line() else { return };
        match command {
            Command::Complete | Command::CompleteBack if line.contains('@') => {
                let objects = self.objects();
                self.panes.agent.knows(objects);
            }
            Command::Accept => {
                let (mut facts, mut missing) = (Vec::new(), Vec::new());
                let here = self.world.namespace.clone();
                let mentions = mention::mentions(line);
                let objects = if mentions.is_empty() { Vec::new() } else { self.objects() };
                let privacy = self.panes.agent.privacy();
                for one in mentions {
                    match objects.iter().find(|object| one.means(object, here.as_deref())) {
                        Some(object) if privacy.hides(&object.namespace) => {
                            let text = format!("nothing of {} goes along; {}", named(object), privacy.words());
                            self.notify(text, Role::Warn);
                        }
                        Some(object) => facts.push((named(object), self.about(object))),
                        None => missing.push(format!("{} {}", one.kind.word(), one.name)),
                    }
                }
                self.panes.agent.bring(facts, missing);
            }
            _ => {}
        }
    }

    /// Once an answer is whole: names in it that nobody has seen are marked. Where pods are not watched, nobody can tell.
    pub(super) fn check_answer(&mut self) {
        if self.panes.pods.watches() && !self.panes.pods.is_empty() {
            let objects = self.objects();
            self.panes.agent.mark_unseen(&objects);
        }
    }

    /// What live state holds that can be named, each once.
    fn objects(&self) -> Vec<Object> {
        let object =
            |kind, namespace: &str, name: &str| Object { kind, namespace: namespace.to_owned(), name: name.to_owned() };
        let mut all: Vec<Object> =
            self.panes.pods.rows().map(|row| object(Kind::Pod, &row.namespace, &row.name)).collect();
        for route in self.panes.routes.rows() {
            all.push(object(Kind::Route, &route.namespace, &route.name));
            all.extend(route.services().iter().map(|name| object(Kind::Service, &route.namespace, name)));
        }
        let crews = self.world.around.crews.keys();
        all.extend(crews.map(|(namespace, name)| object(Kind::Workload, namespace, name)));
        for row in self.world.metrics.iter().flat_map(|metrics| &metrics.workloads) {
            let (kind, name) = match row.workload.strip_prefix("svc/") {
                Some(name) => (Kind::Service, name),
                None => (Kind::Workload, row.workload.as_str()),
            };
            all.push(object(kind, &row.namespace, name));
        }
        all.sort();
        all.dedup();
        all
    }

    /// What brink shows of an object.
    fn about(&self, object: &Object) -> String {
        let of = |namespace: &str, name: &str| namespace == object.namespace && name == object.name;
        match object.kind {
            Kind::Pod => self.panes.pods.rows().find(|row| of(&row.namespace, &row.name)).map(|row| self.pod(row)),
            Kind::Route => self.panes.routes.rows().find(|row| of(&row.namespace, &row.name)).map(route),
            Kind::Service => {
                let leads =
                    |row: &&RouteRow| row.namespace == object.namespace && row.services().contains(&object.name);
                let routes: Vec<String> = self
                    .panes
                    .routes
                    .rows()
                    .filter(leads)
                    .map(|row| format!("{} leads to it", row.route_ref()))
                    .collect();
                Some(routes.join("\n")).filter(|text| !text.is_empty())
            }
            Kind::Workload => {
                let pods = self.panes.pods.rows();
                let pods = pods.filter(|row| *row.namespace == object.namespace && crew::workload(row) == object.name);
                Some(pods.take(20).map(|row| self.pod(row)).collect::<Vec<_>>().join("\n"))
            }
        }
        .into_iter()
        .chain(self.figures(object))
        .collect::<Vec<_>>()
        .join("\n")
    }

    fn pod(&self, row: &PodRow) -> String {
        let owner = row.owner.as_ref().map_or_else(String::new, |owner| format!(", of {} {}", owner.kind, owner.name));
        let age = row.created.map_or_else(String::new, |at| format!(", {} s old", self.now.age(at).as_secs()));
        format!(
            "{}: {}, {}/{} ready, {} restarts, node {}{owner}{age}",
            row.name, row.status, row.ready.0, row.ready.1, row.restarts, row.node
        )
    }

    fn figures(&self, object: &Object) -> Option<String> {
        let name = match object.kind {
            Kind::Service => format!("svc/{}", object.name),
            Kind::Workload => object.name.clone(),
            Kind::Pod | Kind::Route => return None,
        };
        let row = self.world.workload(&object.namespace, &name)?;
        // By the names that `brink mesh -o json` has for them.
        serde_json::to_string(&row.golden).ok().map(|figures| format!("figures: {figures}"))
    }

    /// Begins a question about what is under the cursor or on the screen; what is shown goes along.
    pub(super) fn explain(&mut self) -> Vec<Effect> {
        if !self.panes.agent.ready() {
            self.notify("there is no agent to ask: start brink with --agent PROVIDER:MODEL[@URL]", Role::Warn);
            return Vec::new();
        }
        if matches!(self.screens.last(), Some(Screen::Form(_) | Screen::Change(_) | Screen::Act(_) | Screen::Launch(_)))
        {
            self.notify("leave the form first: what was typed in it would be lost", Role::Warn);
            return Vec::new();
        }
        let shown = self.shown();
        let error = self.notice.as_ref().filter(|notice| notice.role == Role::Bad).map(|notice| notice.text.clone());
        let (question, name, text) = match (error, self.screens.last()) {
            (Some(error), _) => {
                let text = format!("{}\n\non screen:\n{shown}", sanitize::line(&error));
                ("what does this error mean, and what can I do?".to_owned(), "the error".to_owned(), text)
            }
            (None, Some(screen)) => {
                let name = screen.name();
                (format!("explain {}", about(screen)), name, shown)
            }
            (None, None) => self.explained(shown),
        };
        let privacy = self.panes.agent.privacy();
        if self.hidden(&privacy, &format!("{question}\n{name}\n{text}")) {
            self.notify(format!("what is shown here goes to no model; {}", privacy.words()), Role::Warn);
            return Vec::new();
        }
        // Whoever asks about a proposal has not decided yet.
        self.panes.agent.leave_open();
        let mut effects = self.close_all();
        effects.extend(self.focus_on(PaneKind::Agent));
        self.panes.agent.begin(&question, name, text);
        effects
    }

    /// Whether a text of the screen may not be told: the place looked at is hidden, or a place that is stands in it.
    fn hidden(&self, privacy: &Privacy, text: &str) -> bool {
        let subject = self.subject().filter(|_| self.screens.is_empty()).and_then(|subject| subject.object.namespace);
        let here = self.world.spaces().into_iter().map(str::to_owned);
        let named = self.objects().into_iter().map(|object| object.namespace).filter(|name| text.contains(name));
        privacy.withhold || subject.into_iter().chain(here).chain(named).any(|name| privacy.hides(&name))
    }

    /// The question about the row under the cursor, or about the pane.
    fn explained(&self, shown: String) -> (String, String, String) {
        if self.focus == PaneKind::Faults
            && let Some(view) = self.panes.faults.selected(&self.world)
        {
            let name = format!("fault {}", view.injection);
            let text = format!("{}: {}, {}\n\non screen:\n{shown}", view.injection, view.title, view.state.word());
            return (format!("explain {name}"), name, text);
        }
        match self.subject() {
            Some(subject) => {
                let name = subject.object.short();
                let namespace = subject.object.namespace.clone().unwrap_or_default();
                let kind = match subject.object.kind.kind.as_str() {
                    "Pod" => Kind::Pod,
                    "Service" => Kind::Service,
                    _ if self.focus == PaneKind::Routes => Kind::Route,
                    _ => Kind::Workload,
                };
                let object = Object { kind, namespace, name: subject.object.name.clone() };
                let owner = controller(&subject).map_or_else(String::new, |(kind, name)| format!("\nof {kind} {name}"));
                let text = format!("{}{owner}\n\non screen:\n{shown}", self.about(&object));
                (format!("explain {name}: is it well, and if not, why?"), name, text)
            }
            None => {
                let name = format!("the pane {}", self.focus.name());
                ("explain what I see here".to_owned(), name, shown)
            }
        }
    }

    /// The text of what a person looks at: the uppermost screen, or the pane with the focus.
    fn shown(&self) -> String {
        let area = match self.screens.last() {
            Some(_) => Some(self.layout.body),
            None => self.layout.pane(self.focus),
        };
        let Some(area) = area.map(layout::inside) else { return String::new() };
        let whole = Rect { x: 0, y: 0, width: self.size.0, height: self.size.1 };
        let mut buf = Buffer::empty(whole);
        self.view(&mut buf);
        let row = |y: u16| {
            let cells = (area.x..area.right()).filter_map(|x| buf.cell((x, y)));
            cells.map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned()
        };
        (area.y..area.bottom()).map(row).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// What came of a wish about conversations.
    pub(super) fn talk_granted(&mut self, ticket: Ticket, granted: Result<Granted, Failure>) {
        let items = match &granted {
            Ok(Granted::List(all)) => Some(Ok(all
                .iter()
                .map(|one| Item {
                    name: sanitize::line(&one.id).into_owned(),
                    note: sanitize::line(&one.about).into_owned(),
                    current: one.current,
                })
                .collect::<Vec<_>>())),
            Ok(Granted::Tools(tools, troubles)) => {
                if !tools.is_empty() || !troubles.is_empty() {
                    self.tools_told(&self.panes.agent.tools(tools, troubles));
                }
                None
            }
            Ok(Granted::Opened(_) | Granted::Stands(_) | Granted::Fell(..) | Granted::Exported(_)) => None,
            Err(failure) => Some(Err(failure.clone())),
        };
        if let Some(items) = items {
            for screen in &mut self.screens {
                if let Screen::Picker(picker) = screen {
                    picker.hear(ticket, items.clone());
                }
            }
        }
        self.panes.agent.granted(ticket, granted);
    }

    /// The tools of other servers join those on screen, if they are still looked at.
    fn tools_told(&mut self, text: &str) {
        if let Some(Screen::Viewer(viewer)) = self.screens.last_mut()
            && viewer.name() == TOOLS
        {
            *viewer = Viewer::text(TOOLS, text);
            viewer.update(Command::Wrap, &mut Self::cx(self.now, &mut self.tickets, &self.world, false));
        }
    }
}

fn named(object: &Object) -> String {
    let kind = match object.kind {
        Kind::Pod => "pod",
        Kind::Route => "route",
        Kind::Service => "service",
        Kind::Workload => "workload",
    };
    format!("{kind} {}/{}", object.namespace, object.name)
}

fn route(row: &RouteRow) -> String {
    let mut lines = vec![row.route_ref().to_string()];
    lines.extend(row.story());
    lines.join("\n")
}

/// What a screen is, for the question.
fn about(screen: &Screen) -> &'static str {
    match screen {
        Screen::Xray(_) => "how these objects hang together, and what is wrong if anything is",
        Screen::Pulses(_) => "how the cluster is, and what to look at first",
        Screen::Objects(_) => "what stands out among these objects, and what is wrong if anything is",
        Screen::Logs(_) => "what this log says, and what is wrong if anything is",
        Screen::Preview(_) => "what this change would do, and what I should expect to see",
        Screen::Undo(_) => "what this undo would do",
        Screen::Charts(_) => "these figures: what changed, and why",
        Screen::WhoTakes(_) => "who takes this request, and why",
        Screen::Viewer(_)
        | Screen::Picker(_)
        | Screen::Form(_)
        | Screen::Change(_)
        | Screen::Act(_)
        | Screen::Launch(_)
        | Screen::Enter(_)
        | Screen::Forward(_)
        | Screen::Forwards(_) => "what this says",
    }
}
