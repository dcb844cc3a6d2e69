//! Screens that lie above the panes, one on top of the other.

use std::time::Duration;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    base::Now,
    msg::{Command, Context, Effect},
    panes::{
        Act, Change, Charts, Enter, Form, Forward, Forwards, Launch, Logs, Look, Objects, Picker, Pulses, Title, Undo,
        Viewer, WhoTakes, Xray, preview::Preview,
    },
};

/// Commands of lists that take marks; others have the same keys and no use for them.
const MARKING: [Command; 3] = [Command::Mark, Command::MarkRange, Command::ClearMarks];

/// One screen.
#[derive(Debug)]
pub enum Screen {
    /// Objects of a kind.
    Objects(Box<Objects>),
    /// The tree of what hangs together.
    Xray(Box<Xray>),
    /// How the cluster is.
    Pulses(Box<Pulses>),
    /// A text.
    Viewer(Viewer),
    /// A log.
    Logs(Box<Logs>),
    /// A list of names.
    Picker(Picker),
    /// The fault form.
    Form(Box<Form>),
    /// An object being edited, or an image corrected, to stay.
    Change(Box<Change>),
    /// What is chosen for an action on an object.
    Act(Box<Act>),
    /// A plugin, before it starts.
    Launch(Box<Launch>),
    /// The preview of a fault or a change.
    Preview(Box<Preview>),
    /// The preview of an undo.
    Undo(Box<Undo>),
    /// Which route takes a request.
    WhoTakes(Box<WhoTakes>),
    /// Figures over time.
    Charts(Charts),
    /// What is asked before a person goes into a pod.
    Enter(Box<Enter>),
    /// Which port is forwarded.
    Forward(Box<Forward>),
    /// Ports that are forwarded.
    Forwards(Forwards),
}

impl Screen {
    /// Whose keys count.
    pub fn context(&self) -> Context {
        match self {
            Self::Objects(objects) => objects.context(),
            Self::Xray(xray) => xray.context(),
            Self::Pulses(pulses) => pulses.context(),
            Self::Viewer(viewer) => viewer.context(),
            Self::Logs(logs) => logs.context(),
            Self::Picker(picker) => picker.context(),
            Self::Form(form) => form.context(),
            Self::Change(change) => change.context(),
            Self::Act(act) => act.context(),
            Self::Launch(launch) => launch.context(),
            Self::Preview(preview) => preview.context(),
            Self::Undo(undo) => undo.context(),
            Self::WhoTakes(asked) => asked.context(),
            Self::Charts(charts) => charts.context(),
            Self::Enter(enter) => enter.context(),
            Self::Forward(forward) => forward.context(),
            Self::Forwards(forwards) => forwards.context(),
        }
    }

    /// Whether a command of its contexts does anything here. Hints and help offer no others.
    pub fn means(&self, command: Command) -> bool {
        match self {
            Self::Viewer(viewer) => viewer.means(command),
            Self::Pulses(pulses) => pulses.means(command),
            Self::Logs(logs) => logs.means(command),
            Self::Charts(charts) => charts.means(command),
            Self::Picker(picker) => picker.means(command),
            Self::Objects(_) | Self::Xray(_) => true,
            Self::Form(_)
            | Self::Change(_)
            | Self::Act(_)
            | Self::Launch(_)
            | Self::Preview(_)
            | Self::Undo(_)
            | Self::WhoTakes(_)
            | Self::Forward(_)
            | Self::Enter(_) => !MARKING.contains(&command),
            Self::Forwards(_) => !MARKING.contains(&command) && !matches!(command, Command::Filter | Command::Choose),
        }
    }

    /// It decides itself what `back` means.
    pub fn keeps_back(&self) -> bool {
        match self {
            Self::Objects(objects) => objects.holds_back(),
            Self::Picker(picker) => picker.holds_back(),
            Self::Xray(xray) => xray.holds_back(),
            screen => {
                matches!(
                    screen,
                    Self::Form(_) | Self::Change(_) | Self::Act(_) | Self::Launch(_) | Self::Preview(_) | Self::Undo(_)
                )
            }
        }
    }

    /// Fits it to the inside of its frame.
    pub fn settle(&mut self, area: Rect, look: &Look<'_>) {
        match self {
            Self::Objects(objects) => objects.settle(area, look),
            Self::Xray(xray) => xray.settle(area),
            Self::Pulses(pulses) => pulses.settle(area, look),
            Self::Viewer(viewer) => viewer.settle(area),
            Self::Logs(logs) => logs.settle(area),
            Self::Picker(picker) => picker.settle(area),
            Self::Form(form) => form.settle(area),
            Self::Change(_)
            | Self::Act(_)
            | Self::Launch(_)
            | Self::Enter(_)
            | Self::Forward(_)
            | Self::Forwards(_) => {}
            Self::Preview(preview) => preview.settle(area, look),
            Self::Undo(undo) => undo.settle(area, look),
            Self::WhoTakes(asked) => asked.settle(area),
            Self::Charts(charts) => charts.settle(area, look.world),
        }
    }

    /// What is to be ended when it closes.
    pub fn close(&mut self) -> Vec<Effect> {
        match self {
            Self::Objects(objects) => objects.close(),
            Self::Xray(xray) => xray.close(),
            Self::Pulses(pulses) => pulses.close(),
            Self::Logs(logs) => logs.close(),
            Self::WhoTakes(asked) => asked.close(),
            Self::Viewer(_)
            | Self::Picker(_)
            | Self::Form(_)
            | Self::Change(_)
            | Self::Act(_)
            | Self::Launch(_)
            | Self::Preview(_)
            | Self::Undo(_)
            | Self::Charts(_)
            | Self::Enter(_)
            | Self::Forward(_)
            | Self::Forwards(_) => Vec::new(),
        }
    }

    /// When its picture changes by time alone.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        match self {
            Self::Objects(objects) => objects.wakes(now),
            Self::Xray(xray) => xray.wakes(now),
            Self::Pulses(pulses) => pulses.wakes(now),
            Self::Preview(preview) => preview.wakes(now),
            Self::Undo(undo) => undo.wakes(now),
            Self::Logs(logs) => logs.wakes(now),
            Self::Viewer(_)
            | Self::Picker(_)
            | Self::Form(_)
            | Self::Change(_)
            | Self::Act(_)
            | Self::Launch(_)
            | Self::WhoTakes(_)
            | Self::Charts(_)
            | Self::Enter(_)
            | Self::Forward(_)
            | Self::Forwards(_) => None,
        }
    }

    /// Its name in the frame.
    pub fn name(&self) -> String {
        match self {
            Self::Objects(objects) => objects.name(),
            Self::Xray(xray) => xray.name(),
            Self::Pulses(pulses) => pulses.name(),
            Self::Viewer(viewer) => viewer.name(),
            Self::Logs(logs) => logs.name(),
            Self::Picker(picker) => picker.name(),
            Self::Form(form) => form.name(),
            Self::Change(change) => change.name(),
            Self::Act(act) => act.name(),
            Self::Launch(launch) => launch.name(),
            Self::Preview(preview) => preview.name(),
            Self::Undo(undo) => undo.name(),
            Self::WhoTakes(asked) => asked.name(),
            Self::Charts(charts) => charts.name(),
            Self::Enter(enter) => enter.name(),
            Self::Forward(forward) => forward.name(),
            Self::Forwards(forwards) => forwards.name(),
        }
    }

    /// What else stands in the frame.
    pub fn title(&self, now: Now) -> Title {
        match self {
            Self::Objects(objects) => objects.title(now),
            Self::Xray(xray) => xray.title(),
            Self::Pulses(pulses) => pulses.title(),
            Self::Viewer(viewer) => viewer.title(),
            Self::Logs(logs) => logs.title(),
            Self::Picker(picker) => picker.title(),
            Self::Form(form) => form.title(),
            Self::Change(change) => change.title(),
            Self::Act(act) => act.title(),
            Self::Launch(launch) => launch.title(),
            Self::Preview(preview) => preview.title(now),
            Self::Undo(undo) => undo.title(),
            Self::WhoTakes(asked) => asked.title(),
            Self::Charts(charts) => charts.title(),
            Self::Enter(enter) => enter.title(),
            Self::Forward(forward) => forward.title(),
            Self::Forwards(forwards) => forwards.title(),
        }
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        match self {
            Self::Objects(objects) => objects.view(area, buf, look),
            Self::Xray(xray) => xray.view(area, buf, look),
            Self::Pulses(pulses) => pulses.view(area, buf, look),
            Self::Viewer(viewer) => viewer.view(area, buf, look),
            Self::Logs(logs) => logs.view(area, buf, look),
            Self::Picker(picker) => picker.view(area, buf, look),
            Self::Form(form) => form.view(area, buf, look),
            Self::Change(change) => change.view(area, buf, look),
            Self::Act(act) => act.view(area, buf, look),
            Self::Launch(launch) => launch.view(area, buf, look),
            Self::Preview(preview) => preview.view(area, buf, look),
            Self::Undo(undo) => undo.view(area, buf, look),
            Self::WhoTakes(asked) => asked.view(area, buf, look),
            Self::Charts(charts) => charts.view(area, buf, look),
            Self::Enter(enter) => enter.view(area, buf, look),
            Self::Forward(forward) => forward.view(area, buf, look),
            Self::Forwards(forwards) => forwards.view(area, buf, look),
        }
    }
}
