//! A kept change: an object edited in the person's editor, or an image corrected. It ends in the same preview as a fault, but
//! without a lease: what is applied stays (rule R1, `Change`).
//!
//! The object is read fresh, so that what is edited is what stands in the cluster; between reading and applying the preview's
//! own checks notice whoever else was faster.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Cx, LineInput, Look, Reply, Title, state::Message};
use crate::{
    base::{Ticket, sanitize, width},
    cluster::{Manifest, ObjectRef},
    config::Role,
    fault::{
        checked::Checked,
        file::{self, Defaults},
        yaml,
    },
    msg::{Command, Context, Effect, Failure, effect::ManagedFields},
    widgets::{caret, fill, put, put_spans, style_row},
};

/// What the change waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Read(Ticket),
    Editor(Ticket),
    Check(Ticket),
}

/// A container and the image it should run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Image {
    container: String,
    now: String,
    line: LineInput,
}

/// See the module docs.
#[derive(Debug)]
pub struct Change {
    object: ObjectRef,
    /// An image is to be corrected, rather than anything.
    images_only: bool,
    images: Vec<Image>,
    at: usize,
    /// The object as it was read.
    before: String,
    /// What is to be, as far as it was written.
    text: String,
    asked: Option<Asked>,
    failure: Option<Failure>,
}

impl Change {
    /// Reads an object to edit it.
    pub fn edit(object: ObjectRef, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        Self::open(object, false, cx)
    }

    /// Reads a workload to correct an image of it.
    pub fn image(object: ObjectRef, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        Self::open(object, true, cx)
    }

    fn open(object: ObjectRef, images_only: bool, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let ticket = cx.tickets.take();
        let effects = vec![Effect::Yaml(ticket, object.clone(), ManagedFields::Hidden)];
        let change = Self {
            object,
            images_only,
            images: Vec::new(),
            at: 0,
            before: String::new(),
            text: String::new(),
            asked: Some(Asked::Read(ticket)),
            failure: None,
        };
        (change, effects)
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        if self.images.is_empty() { Context::Viewer } else { Context::Input }
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        match command {
            Command::Back | Command::Cancel => return Reply::close(),
            Command::EditObject if self.asked.is_none() && !self.images_only => return self.open_editor(cx),
            Command::Accept if self.asked.is_none() => return self.correct(cx),
            Command::Complete | Command::HistoryForward => self.at = (self.at + 1) % self.images.len().max(1),
            Command::CompleteBack | Command::HistoryBack => {
                let len = self.images.len().max(1);
                self.at = (self.at + len - 1) % len;
            }
            command => {
                if let Some(image) = self.images.get_mut(self.at) {
                    image.line.edit(command);
                }
            }
        }
        Reply::none()
    }

    /// Text for the image with the focus.
    pub fn insert(&mut self, text: &str) {
        if let Some(image) = self.images.get_mut(self.at) {
            image.line.insert(text);
        }
    }

    /// The object as it stands.
    pub fn text(&mut self, ticket: Ticket, answer: &Result<String, Failure>, cx: &mut Cx<'_>) -> Reply {
        if self.asked != Some(Asked::Read(ticket)) {
            return Reply::none();
        }
        self.asked = None;
        match answer {
            Ok(text) => {
                self.before.clone_from(text);
                self.text.clone_from(text);
                if !self.images_only {
                    return self.open_editor(cx);
                }
                self.images = self.manifests().map(|all| all.iter().flat_map(images).collect()).unwrap_or_default();
                if self.images.is_empty() {
                    let what = format!("{} has no containers with images", self.object.short());
                    self.failure = Some(Failure::new(what, "choose a pod of a workload"));
                }
            }
            Err(failure) => self.failure = Some(failure.clone()),
        }
        Reply::none()
    }

    /// The editor was left.
    pub fn edited(&mut self, ticket: Ticket, answer: &Result<Option<String>, Failure>, cx: &mut Cx<'_>) -> Reply {
        if self.asked != Some(Asked::Editor(ticket)) {
            return Reply::none();
        }
        self.asked = None;
        match answer {
            Ok(Some(text)) if *text != self.before => {
                self.text.clone_from(text);
                match self.manifests() {
                    Ok(manifests) => self.check(manifests, cx),
                    Err(failure) => {
                        self.failure = Some(failure);
                        Reply::none()
                    }
                }
            }
            // Nothing was changed: there is nothing to stay for.
            Ok(_) => Reply::close(),
            Err(failure) => {
                self.failure = Some(failure.clone());
                Reply::none()
            }
        }
    }

    /// The API server's answer to the check.
    pub fn checked(&mut self, ticket: Ticket, answer: Result<Box<Checked>, Failure>) -> Reply {
        if self.asked != Some(Asked::Check(ticket)) {
            return Reply::none();
        }
        self.asked = None;
        Reply::checked(answer, &mut self.failure)
    }

    /// Name for the frame.
    pub fn name(&self) -> String {
        if self.images_only { "Image".to_owned() } else { "Edit".to_owned() }
    }

    /// The title.
    pub fn title(&self) -> Title {
        let right = self.asked.map(|asked| {
            let text = match asked {
                Asked::Read(_) => "reading…",
                Asked::Editor(_) => "in your editor…",
                Asked::Check(_) => "asking the API server…",
            };
            (text.to_owned(), Role::TextDim)
        });
        Title { words: vec![(sanitize::line(&self.object.short()).into_owned(), Role::Text)], right }
    }

    /// The keys that matter here.
    pub fn hints(&self) -> Vec<(Command, &'static str, Role)> {
        if self.images.is_empty() {
            return vec![(Command::EditObject, "edit again", Role::Key), (Command::Back, "leave", Role::Key)];
        }
        vec![
            (Command::Accept, "preview", Role::Key),
            (Command::Complete, "next container", Role::Key),
            (Command::Cancel, "leave", Role::Key),
        ]
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let text = look.theme.style(Role::Text);
        fill(buf, area, text);
        let room = area.width.saturating_sub(4);
        let mut y = area.y + 1;
        for (at, image) in self.images.iter().enumerate().take(usize::from(area.height.saturating_sub(4))) {
            let focused = at == self.at;
            let label = width::cut(&image.container, 18).into_owned();
            let role = if focused { Role::TextStrong } else { Role::TextDim };
            put(buf, area.x + 2, y, 18, &label, text.patch(look.theme.style(role)));
            let (shown, cursor) = image.line.window(usize::from(room.saturating_sub(20)));
            let changed = if image.line.text() == image.now { Role::Text } else { Role::Warn };
            let style = text.patch(look.theme.style(changed));
            put_spans(buf, area.x + 22, y, room.saturating_sub(20), [(shown, style)]);
            if focused {
                style_row(buf, area.x + 22, y, room.saturating_sub(20), look.theme.style(Role::Selection));
                caret(buf, area.x + 22 + u16::try_from(cursor).unwrap_or(0), y);
            }
            y += 1;
        }
        let below = Rect { y, height: area.bottom().saturating_sub(y), ..area };
        match (&self.failure, self.images.is_empty()) {
            (Some(failure), _) => {
                let (what, fix) = (sanitize::line(&failure.what), sanitize::line(&failure.fix));
                Message { text: what.into_owned(), fix: fix.into_owned(), role: Role::Bad }.view(below, buf, look);
            }
            (None, true) => Message::quiet("the object is being read", "").view(below, buf, look),
            (None, false) => {}
        }
    }

    fn open_editor(&mut self, cx: &mut Cx<'_>) -> Reply {
        let ticket = cx.tickets.take();
        self.failure = None;
        self.asked = Some(Asked::Editor(ticket));
        Effect::EditText(ticket, self.text.clone()).into()
    }

    /// The objects written so far.
    fn manifests(&self) -> Result<Vec<Manifest>, Failure> {
        let defaults = Defaults::of(self.object.namespace.as_deref().unwrap_or_default());
        match file::read("your text", &self.text, &defaults) {
            Ok(fault) if fault.manifests.is_empty() => Err(Failure::new(
                "a Fault is no change to keep",
                "leave, and give it to the fault form: f, then ctrl-o",
            )),
            Ok(fault) => Ok(fault.manifests),
            Err(error) => Err(Failure::new(sanitize::line(&error.to_string()).into_owned(), "edit it again")),
        }
    }

    fn correct(&mut self, cx: &mut Cx<'_>) -> Reply {
        let wanted: Vec<(String, String)> = self
            .images
            .iter()
            .filter(|image| image.line.text().trim() != image.now)
            .map(|image| (image.container.clone(), image.line.text().trim().to_owned()))
            .collect();
        if wanted.is_empty() || wanted.iter().any(|(_, image)| image.is_empty() || image.contains(char::is_whitespace))
        {
            self.failure = Some(Failure::new("no image was corrected", "type the image to run, such as web:1.4.2"));
            return Reply::none();
        }
        match self.manifests() {
            Ok(mut manifests) => {
                for manifest in &mut manifests {
                    set_images(manifest, &wanted);
                }
                self.text = manifests.iter().map(|manifest| yaml::text(&manifest.0)).collect::<Vec<_>>().join("---\n");
                self.check(manifests, cx)
            }
            Err(failure) => {
                self.failure = Some(failure);
                Reply::none()
            }
        }
    }

    fn check(&mut self, manifests: Vec<Manifest>, cx: &mut Cx<'_>) -> Reply {
        let defaults = Defaults::of(self.object.namespace.as_deref().unwrap_or_default());
        let (duration, lease) = defaults.times(None, None);
        let fault = crate::fault::intent::Fault {
            name: String::new(),
            namespace: defaults.namespace,
            kind: crate::fault::intent::FaultKind::Manifest,
            target: crate::fault::intent::Target::Manifest,
            params: std::collections::BTreeMap::new(),
            scope: crate::fault::intent::Scope::default(),
            ramp: Vec::new(),
            abort_when: Vec::new(),
            duration,
            lease,
            driver: None,
            manifests,
        };
        self.failure = None;
        let ticket = cx.tickets.take();
        self.asked = Some(Asked::Check(ticket));
        Effect::CheckChange(ticket, Box::new(fault), cx.world.traffic(cx.now)).into()
    }
}

const CONTAINERS: [&str; 2] = ["containers", "initContainers"];

/// The pod template's spec, or the pod's own.
fn pod_spec(manifest: &Manifest) -> &'static [&'static str] {
    if manifest.kind() == "Pod" { &["spec"] } else { &["spec", "template", "spec"] }
}

fn images(manifest: &Manifest) -> Vec<Image> {
    let spec = manifest.at(pod_spec(manifest));
    CONTAINERS
        .iter()
        .filter_map(|list| spec?.get(*list)?.as_array())
        .flatten()
        .filter_map(|one| {
            let container = one.get("name")?.as_str()?.to_owned();
            let now = one.get("image")?.as_str()?.to_owned();
            let line = LineInput::new(&sanitize::line(&now));
            Some(Image { container, now, line })
        })
        .collect()
}

fn set_images(manifest: &mut Manifest, wanted: &[(String, String)]) {
    let path = pod_spec(manifest);
    let Some(spec) = manifest.map_mut(path) else { return };
    for list in CONTAINERS {
        let Some(containers) = spec.get_mut(list).and_then(serde_json::Value::as_array_mut) else { continue };
        for one in containers {
            let name = one.get("name").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            if let (Some((_, image)), Some(map)) =
                (wanted.iter().find(|(known, _)| *known == name), one.as_object_mut())
            {
                map.insert("image".to_owned(), image.clone().into());
            }
        }
    }
}
