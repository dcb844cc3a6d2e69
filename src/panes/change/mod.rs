//! A change by a person's hand: an object edited in an editor, an image corrected, or what an agent proposed and could not make
//! apply. It ends in the same preview as a fault, but without a lease: what is applied stays (rule R1, `Change`). Only a proposal
//! that was a fault stays one.
//!
//! The object is read fresh, so that what is edited is what stands in the cluster; between reading and applying the preview's
//! own checks notice whoever else was faster. Actions on an object that need no editor are not here: see [`super::Act`].

mod images;
mod view;

use images::{Image, common, set_images};

use super::{
    Cx, Reply,
    marked::{counted, names},
};
use crate::{
    agent::Draft,
    base::{Ticket, redact, sanitize},
    cluster::ObjectRef,
    fault::{
        checked::Checked,
        file::{self, Defaults},
        intent::Fault,
        yaml,
    },
    msg::{Command, Context, Effect, Failure, effect::ManagedFields},
};

/// What the change waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Read(Ticket),
    Editor(Ticket),
    Check(Ticket),
}

/// What is edited.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Of {
    /// An object of the cluster.
    Object(ObjectRef),
    /// The images of one, or of several whose containers agree.
    Images(Vec<ObjectRef>),
    /// What an agent proposed.
    Draft(Draft),
}

/// See the module docs.
#[derive(Debug)]
pub struct Change {
    of: Of,
    /// Objects whose images are corrected, while they are read: the question, and the answer.
    reads: Vec<(Ticket, Option<String>)>,
    images: Vec<Image>,
    at: usize,
    /// The text as it was read, or proposed.
    before: String,
    /// What is to be, as far as it was written.
    text: String,
    asked: Option<Asked>,
    failure: Option<Failure>,
}

impl Change {
    /// Reads an object to edit it.
    pub fn edit(object: ObjectRef, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        Self::open(object.clone(), Of::Object(object), cx)
    }

    /// Reads a workload to correct an image of it.
    pub fn image(object: ObjectRef, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        Self::images(vec![object], cx)
    }

    /// The same for several workloads at once.
    pub fn images(objects: Vec<ObjectRef>, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let read = |object: &ObjectRef| {
            let ticket = cx.tickets.take();
            ((ticket, None), Effect::Yaml(ticket, object.clone(), ManagedFields::Hidden))
        };
        let (reads, effects): (Vec<_>, Vec<_>) = objects.iter().map(read).unzip();
        let asked = reads.first().map(|(ticket, _)| Asked::Read(*ticket));
        (Self { reads, asked, ..Self::new(Of::Images(objects), String::new()) }, effects)
    }

    fn open(object: ObjectRef, of: Of, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let ticket = cx.tickets.take();
        let change = Self { asked: Some(Asked::Read(ticket)), ..Self::new(of, String::new()) };
        (change, vec![Effect::Yaml(ticket, object, ManagedFields::Hidden)])
    }

    /// Gives a proposal to the editor, to be corrected.
    pub fn draft(draft: Draft, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let text = draft.text.clone();
        let mut change = Self::new(Of::Draft(draft), text);
        let effects = change.open_editor(cx).effects;
        (change, effects)
    }

    fn new(of: Of, text: String) -> Self {
        Self {
            of,
            reads: Vec::new(),
            images: Vec::new(),
            at: 0,
            before: text.clone(),
            text,
            asked: None,
            failure: None,
        }
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        if self.images.is_empty() { Context::Viewer } else { Context::Input }
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        match command {
            Command::Back | Command::Cancel => return Reply::close(),
            Command::EditObject if self.asked.is_none() && !self.images_only() => return self.open_editor(cx),
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
        if let Some(read) = self.reads.iter_mut().find(|(asked, told)| *asked == ticket && told.is_none()) {
            match answer {
                Ok(text) => read.1 = Some(text.clone()),
                // One that cannot be read is enough: nothing is done to the others.
                Err(failure) => {
                    self.reads.clear();
                    self.asked = None;
                    self.failure = Some(failure.clone());
                }
            }
            if !self.reads.is_empty() && self.reads.iter().all(|(_, told)| told.is_some()) {
                self.asked = None;
                self.offer_images();
            }
            return Reply::none();
        }
        if self.asked != Some(Asked::Read(ticket)) {
            return Reply::none();
        }
        self.asked = None;
        match answer {
            Ok(text) => {
                self.before.clone_from(text);
                self.text.clone_from(text);
                return self.open_editor(cx);
            }
            Err(failure) => self.failure = Some(failure.clone()),
        }
        Reply::none()
    }

    /// All objects are read: their images, container by container.
    fn offer_images(&mut self) {
        let texts: Vec<String> = std::mem::take(&mut self.reads).into_iter().filter_map(|(_, text)| text).collect();
        self.text = texts.join("---\n");
        self.before.clone_from(&self.text);
        let manifests = self.intent().map(|fault| fault.manifests).unwrap_or_default();
        match common(&manifests) {
            Ok(images) => self.images = images,
            Err(what) => self.failure = Some(Failure::new(what, "correct them one by one, or mark others")),
        }
        if self.images.is_empty() && self.failure.is_none() {
            let what = format!("{} has no containers with images", self.short());
            self.failure = Some(Failure::new(what, "choose a pod of a workload"));
        }
    }

    /// The editor was left.
    pub fn edited(&mut self, ticket: Ticket, answer: &Result<Option<String>, Failure>, cx: &mut Cx<'_>) -> Reply {
        if self.asked != Some(Asked::Editor(ticket)) {
            return Reply::none();
        }
        self.asked = None;
        match answer {
            Ok(edited) => {
                if let Some(text) = edited {
                    self.text.clone_from(text);
                }
                if self.text == self.before {
                    // Nothing was changed: there is nothing to stay for.
                    return Reply::close();
                }
                match self.intent() {
                    Ok(fault) => self.check(fault, cx),
                    Err(failure) => {
                        self.failure = Some(failure);
                        Reply::none()
                    }
                }
            }
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

    fn open_editor(&mut self, cx: &mut Cx<'_>) -> Reply {
        let ticket = cx.tickets.take();
        self.failure = None;
        self.asked = Some(Asked::Editor(ticket));
        Effect::EditText(ticket, self.text.clone()).into()
    }

    fn images_only(&self) -> bool {
        matches!(self.of, Of::Images(_))
    }

    /// What is edited, in words.
    fn short(&self) -> String {
        match &self.of {
            Of::Object(object) => object.short(),
            Of::Images(objects) => match objects.as_slice() {
                [only] => only.short(),
                all => format!("{}: {}", counted(all), names(all)),
            },
            Of::Draft(_) => "a proposal that could not be made to apply".to_owned(),
        }
    }

    /// What is applied stays.
    fn kept(&self) -> bool {
        match &self.of {
            Of::Object(_) | Of::Images(_) => true,
            Of::Draft(draft) => draft.kept,
        }
    }

    /// What was written so far.
    fn intent(&self) -> Result<Fault, Failure> {
        let defaults = match &self.of {
            Of::Object(object) => Defaults::of(object.namespace.as_deref().unwrap_or_default()),
            // Each names its own.
            Of::Images(objects) => {
                Defaults::of(objects.first().and_then(|object| object.namespace.as_deref()).unwrap_or_default())
            }
            Of::Draft(draft) => draft.defaults(),
        };
        match file::read("your text", &self.text, &defaults) {
            Ok(fault) if fault.manifests.is_empty() && self.kept() => Err(Failure::new(
                "a Fault is no change to keep",
                "leave, and give it to the fault form: f, then ctrl-o",
            )),
            // The models' door refuses a mask as well: it was copied from an answer that had a secret there.
            Ok(fault) if fault.manifests.iter().any(|manifest| redact::holds_mask(&manifest.0)) => Err(Failure::new(
                "the objects hold (masked), which stands for a secret that brink does not show",
                "write the value itself, or leave the field out",
            )),
            Ok(fault) => Ok(fault),
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
        match self.intent() {
            Ok(mut fault) => {
                for manifest in &mut fault.manifests {
                    set_images(manifest, &wanted);
                }
                let texts = fault.manifests.iter().map(|manifest| yaml::text(&manifest.0));
                self.text = texts.collect::<Vec<_>>().join("---\n");
                self.check(fault, cx)
            }
            Err(failure) => {
                self.failure = Some(failure);
                Reply::none()
            }
        }
    }

    fn check(&mut self, fault: Fault, cx: &mut Cx<'_>) -> Reply {
        self.failure = None;
        let ticket = cx.tickets.take();
        self.asked = Some(Asked::Check(ticket));
        let (fault, traffic) = (Box::new(fault), cx.world.traffic(cx.now));
        if self.kept() {
            Effect::CheckChange(ticket, fault, traffic).into()
        } else {
            Effect::Check(ticket, fault, traffic).into()
        }
    }
}
