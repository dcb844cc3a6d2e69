//! The preview: what a person reads before one key breaks something.
//!
//! It shows exactly one [`Checked`] and approves exactly its token. The approval key is deaf until the preview has stood on
//! the screen for half a second, and whenever it did not come alone (pasted, or in one read with other bytes): a key meant
//! for the screen before, or a terminal's echo, must not break anything. When something moved, the preview asks again and
//! says what moved; it never applies what was not shown.

mod changes;
mod facts;
mod view;

use std::time::Duration;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Cx, LineInput, Look, Reply, Turn, World, scrolled::Scrolled, shown::Shown};
use crate::{
    base::{Now, Ticket, sanitize},
    cluster::warrant::Purpose,
    config::Role,
    fault::{
        approval::{Approval, How},
        checked::{Checked, FRESH},
        guard::NoWarrant,
        intent::Driver,
        preview::Ruling,
        refusal::{ApplyError, Reader},
    },
    msg::{Command, Context, Effect, Failure},
};
use changes::Changes;

/// What the preview waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Another look of the API server.
    Check(Ticket),
    /// The end of an apply.
    Apply(Ticket),
}

/// A sentence of the preview itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Note {
    text: String,
    fix: String,
    role: Role,
}

/// See the module docs.
#[derive(Debug)]
pub struct Preview {
    checked: Box<Checked>,
    changes: Changes,
    scroll: Scrolled,
    shown: Shown,
    asked: Option<Asked>,
    /// The target's name as typed so far, while a confirmation is asked for.
    confirm: Option<LineInput>,
    note: Option<Note>,
    /// An apply was tried: the token is spent, and only another check can be approved.
    spent: bool,
}

/// What `a` would come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Confirm,
    Refuse,
}

impl Preview {
    /// Shows a checked plan.
    pub fn open(checked: Box<Checked>) -> Self {
        let changes = Changes::new(&checked);
        Self {
            checked,
            changes,
            scroll: Scrolled::default(),
            shown: Shown::default(),
            asked: None,
            confirm: None,
            note: None,
            spent: false,
        }
    }

    /// What is shown.
    pub fn checked(&self) -> &Checked {
        &self.checked
    }

    /// The lines of every diff, whole and in the order of one column.
    pub fn diff_texts(&self) -> Vec<&str> {
        let changes = 0..self.checked.preview.changes.len();
        changes.flat_map(|at| self.changes.diff(at)).map(|line| line.text.as_str()).collect()
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        if self.confirm.is_some() { Context::Input } else { Context::Preview }
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        if self.confirm.is_some() {
            return self.type_name(command, cx);
        }
        match command {
            Command::Apply => return self.apply(cx),
            Command::Back => return Reply { turn: Turn::Home, ..Reply::none() },
            Command::Edit if self.idle() && self.checked.plan.purpose == Purpose::Fault => {
                return Reply { turn: Turn::Form(Box::new(self.checked.plan.fault.clone())), ..Reply::none() };
            }
            Command::Driver if self.idle() => return self.other_driver(cx),
            Command::Recheck if self.idle() => return self.ask_again(None, cx),
            Command::Unfold => self.changes.unfold(&self.checked),
            Command::SideBySide => self.changes.turn(),
            Command::NextChange => self.changes.go(1),
            Command::PreviousChange => self.changes.go(-1),
            command => self.scroll.update(command),
        }
        if matches!(command, Command::NextChange | Command::PreviousChange) {
            self.scroll.top = self.changes.start(self.scroll.top);
        }
        Reply::none()
    }

    /// Text for the confirmation.
    pub fn insert(&mut self, text: &str) {
        if let Some(line) = &mut self.confirm {
            line.insert(text);
        }
    }

    /// The API server looked again.
    pub fn hear(&mut self, ticket: Ticket, answer: Result<Box<Checked>, Failure>) {
        if self.asked != Some(Asked::Check(ticket)) {
            return;
        }
        self.asked = None;
        self.confirm = None;
        match answer {
            Ok(checked) => {
                if !same_deed(&checked, &self.checked) && self.note.is_none() {
                    self.note = Some(Note {
                        text: "something moved; this is what it would be now".to_owned(),
                        fix: String::new(),
                        role: Role::Warn,
                    });
                }
                // The question has its answer.
                self.note = self.note.take().filter(|note| note.role != Role::TextDim);
                self.changes = Changes::new(&checked).looked_at_like(&self.changes);
                self.checked = checked;
                self.spent = false;
                // What is shown now was not on the screen before: the key is deaf again.
                self.shown.anew();
            }
            Err(failure) => {
                self.spent = true;
                self.note = Some(Note { text: failure.what, fix: failure.fix, role: Role::Bad });
            }
        }
    }

    /// The apply is through.
    pub fn applied(&mut self, ticket: Ticket, answer: Result<String, ApplyError>, cx: &mut Cx<'_>) -> Reply {
        if self.asked != Some(Asked::Apply(ticket)) {
            return Reply::none();
        }
        self.asked = None;
        match answer {
            Ok(_) => Reply { turn: Turn::Home, ..Reply::none() },
            Err(error) => {
                let again = matches!(
                    error,
                    ApplyError::Moved { .. } | ApplyError::Guard(NoWarrant::OtherToken { .. } | NoWarrant::Stale)
                );
                let role = if again { Role::Warn } else { Role::Bad };
                let note = Note {
                    text: sanitize::line(&error.to_string()).into_owned(),
                    fix: if again {
                        "nothing was applied; checked again".to_owned()
                    } else {
                        error.fix(Reader::Cockpit)
                    },
                    role,
                };
                self.spent = true;
                self.shown.anew();
                if again {
                    return self.ask_again(Some(note), cx);
                }
                self.note = Some(note);
                Reply::none()
            }
        }
    }

    /// Fits the window; what is drawn after this has been shown.
    pub fn settle(&mut self, area: Rect, look: &Look<'_>) {
        self.shown.drawn(area, look.now);
        view::settle(self, area, look);
        self.scroll.fit();
    }

    /// When the picture changes by time alone: the approval key wakes up.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        self.shown.wakes(now)
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        view::view(self, area, buf, look);
    }

    /// Name for the frame.
    pub fn name(&self) -> String {
        "Preview".to_owned()
    }

    /// The words of the frame: what is previewed, and how old the check is in steps.
    pub fn title(&self, now: Now) -> super::Title {
        let plan = &self.checked.plan;
        let kind = if plan.purpose == Purpose::Change { "change" } else { plan.fault.kind.word() };
        let target = sanitize::line(&self.checked.confirm_name).into_owned();
        let age = now.age(self.checked.at);
        let checked = match (self.asked, age.as_secs()) {
            (Some(Asked::Check(_)), _) => "asking the API server…".to_owned(),
            (Some(Asked::Apply(_)), _) => "applying…".to_owned(),
            (None, 0..15) => "checked by the API server just now".to_owned(),
            (None, 15..60) => "checked by the API server 15 s ago".to_owned(),
            (None, 60..120) => "checked by the API server 1 min ago".to_owned(),
            (None, _) => "checked more than 2 min ago".to_owned(),
        };
        let mut spaces: Vec<&str> = plan.steps.iter().filter_map(|step| step.object.namespace.as_deref()).collect();
        spaces.sort_unstable();
        spaces.dedup();
        // What is done to objects of several namespaces is of none of them alone; a drain is about its node.
        let several = spaces.len() > 1 && plan.purpose == Purpose::Change && !plan.fault.namespace.is_empty();
        let namespace = if several { spaces.join(",") } else { plan.fault.namespace.clone() };
        let namespace = sanitize::line(&namespace);
        super::Title {
            words: vec![(kind.to_owned(), Role::Fault), (format!("{namespace}/{target}"), Role::Text)],
            right: Some((checked, Role::TextDim)),
        }
    }

    /// The keys that matter here. The approval stands dim while it is deaf.
    pub fn hints(&self, now: Now, world: &World) -> Vec<(Command, &'static str, Role)> {
        if self.confirm.is_some() {
            let awake = if self.awake(now) && world.latched.is_none() { Role::Key } else { Role::TextDim };
            return vec![(Command::Accept, "apply", awake), (Command::Cancel, "back", Role::Key)];
        }
        let mut hints = Vec::new();
        if self.verdict() != Verdict::Refuse {
            let ready = self.awake(now) && self.idle() && !self.spent && world.latched.is_none();
            hints.push((Command::Apply, "apply", if ready { Role::Key } else { Role::TextDim }));
        }
        if self.checked.plan.purpose == Purpose::Fault {
            hints.push((Command::Edit, "edit", Role::Key));
        }
        if !self.checked.plan.alternatives.is_empty() {
            hints.push((Command::Driver, "driver", Role::Key));
        }
        hints.push((Command::Back, "discard", Role::Key));
        hints.push((Command::Unfold, "unfold", Role::Key));
        if self.checked.preview.changes.len() > 1 {
            hints.push((Command::NextChange, "next change", Role::Key));
        }
        if self.changes.wide() {
            hints.push((Command::SideBySide, "side by side", Role::Key));
        }
        hints.push((Command::Recheck, "check again", Role::Key));
        hints
    }

    /// Whether an approval would be heard now.
    pub fn ready(&self, now: Now, world: &World) -> bool {
        self.awake(now)
            && self.idle()
            && !self.spent
            && world.latched.is_none()
            && self.verdict() != Verdict::Refuse
            && now.age(self.checked.at) < FRESH
    }

    /// What was typed of the name so far, while it is asked for.
    pub fn confirming(&self) -> Option<&str> {
        self.confirm.as_ref().map(LineInput::text)
    }

    /// What stands in the way, in words.
    pub fn trouble(&self) -> Option<&str> {
        let refused = || {
            let guard = self.checked.preview.guard.iter();
            guard.filter(|one| one.verdict == Ruling::Refuse).map(|one| one.rule.as_str()).next()
        };
        self.note.as_ref().map(|note| note.text.as_str()).or_else(refused)
    }

    /// Whom it will hit once applied: the injection's id, pods `NS/NAME`, routes `KIND NS/NAME`.
    pub fn hits(&self) -> (String, Vec<String>, Vec<String>) {
        let reach = &self.checked.plan.reach;
        let pods = reach.pods.iter().flat_map(|(ns, pods)| pods.iter().map(move |pod| format!("{ns}/{pod}"))).collect();
        (self.checked.plan.id.clone(), pods, reach.routes.clone())
    }

    fn idle(&self) -> bool {
        self.asked.is_none()
    }

    /// What is on the screen has been there long enough to have been read.
    fn awake(&self, now: Now) -> bool {
        self.shown.awake(now)
    }

    fn verdict(&self) -> Verdict {
        match self.checked.preview.guard.iter().map(|verdict| verdict.verdict).max() {
            Some(Ruling::Refuse) => Verdict::Refuse,
            Some(Ruling::Confirm) => Verdict::Confirm,
            Some(Ruling::Ok) | None => Verdict::Ok,
        }
    }

    fn apply(&mut self, cx: &mut Cx<'_>) -> Reply {
        if !self.approvable(cx) {
            return Reply::none();
        }
        // The head says by whom, and how it is lifted.
        if cx.world.latched.is_some() {
            return Reply::none();
        }
        if cx.world.readonly {
            self.note = Some(Note {
                text: "brink only looks here".to_owned(),
                fix: "start it without --readonly to apply".to_owned(),
                role: Role::Warn,
            });
            return Reply::none();
        }
        if self.spent || cx.now.age(self.checked.at) >= FRESH {
            let note = Note {
                text: "this preview was too old or used already".to_owned(),
                fix: "checked again; read it and press the key once more".to_owned(),
                role: Role::Warn,
            };
            return self.ask_again(Some(note), cx);
        }
        match self.verdict() {
            // The bottom line and GUARDS name the rule and how to change it.
            Verdict::Refuse => Reply::none(),
            Verdict::Confirm => {
                self.confirm = Some(LineInput::default());
                self.note = None;
                self.shown.anew();
                Reply::none()
            }
            Verdict::Ok => self.send(How::Key, cx),
        }
    }

    /// The one gate of every approval.
    fn approvable(&self, cx: &Cx<'_>) -> bool {
        cx.alone && self.idle() && self.awake(cx.now)
    }

    fn type_name(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        match command {
            Command::Cancel | Command::Back => {
                self.confirm = None;
                self.note = None;
            }
            Command::Accept => {
                if !self.approvable(cx) {
                    return Reply::none();
                }
                let typed = self.confirm.as_ref().map(|line| line.text().trim().to_owned()).unwrap_or_default();
                if typed == self.checked.confirm_name {
                    if cx.world.latched.is_some() {
                        self.confirm = None;
                        return self.apply(cx);
                    }
                    if cx.now.age(self.checked.at) >= FRESH {
                        let note = Note {
                            text: "the preview became older than 2 minutes".to_owned(),
                            fix: "checked again; read it and press the key once more".to_owned(),
                            role: Role::Warn,
                        };
                        return self.ask_again(Some(note), cx);
                    }
                    return self.send(How::Typed(typed), cx);
                }
                let wanted = sanitize::line(&self.checked.confirm_name).into_owned();
                self.note = Some(Note {
                    text: if typed.is_empty() {
                        format!("type {wanted} to apply")
                    } else {
                        format!("`{typed}` is not {wanted}: nothing was applied")
                    },
                    fix: String::new(),
                    role: Role::Warn,
                });
            }
            command => {
                if let Some(line) = &mut self.confirm {
                    line.edit(command);
                }
            }
        }
        Reply::none()
    }

    fn send(&mut self, how: How, cx: &mut Cx<'_>) -> Reply {
        let ticket = cx.tickets.take();
        self.asked = Some(Asked::Apply(ticket));
        self.confirm = None;
        self.note = None;
        self.spent = true;
        let approval = Approval { how, token: self.checked.token.clone() };
        Effect::Apply(ticket, self.checked.clone(), approval, cx.world.traffic(cx.now)).into()
    }

    fn ask_again(&mut self, note: Option<Note>, cx: &mut Cx<'_>) -> Reply {
        self.note = note;
        self.confirm = None;
        let ticket = cx.tickets.take();
        self.asked = Some(Asked::Check(ticket));
        let fault = Box::new(self.checked.plan.fault.clone());
        match self.checked.plan.purpose {
            Purpose::Change => Effect::CheckChange(ticket, fault, cx.world.traffic(cx.now)),
            Purpose::Fault | Purpose::Undo => Effect::Check(ticket, fault, cx.world.traffic(cx.now)),
        }
        .into()
    }

    fn other_driver(&mut self, cx: &mut Cx<'_>) -> Reply {
        let Some(next) = next_driver(self.checked.plan.driver, &self.checked.plan.alternatives) else {
            self.note = Some(Note {
                text: format!("only {} can do this here", self.checked.plan.driver.word()),
                fix: String::new(),
                role: Role::TextDim,
            });
            return Reply::none();
        };
        self.checked.plan.fault.driver = Some(next);
        let note = Note { text: format!("asking for {}", next.word()), fix: String::new(), role: Role::TextDim };
        // Until the answer is here, what stands on the screen is no longer what would be applied.
        self.spent = true;
        self.ask_again(Some(note), cx)
    }
}

/// Whether two checks found the same world. A token cannot tell: it holds the plan's id, and each look makes a new one.
fn same_deed(new: &Checked, old: &Checked) -> bool {
    new.identities == old.identities
        && new.plan.driver == old.plan.driver
        && new.plan.reach == old.plan.reach
        && new.plan.steps.len() == old.plan.steps.len()
        && new.preview.guard == old.preview.guard
}

/// The driver after this one, in the order of the catalogue, around.
fn next_driver(now: Driver, others: &[Driver]) -> Option<Driver> {
    let order = |driver: &Driver| Driver::ALL.iter().position(|one| one == driver);
    others
        .iter()
        .filter(|one| order(one) > order(&now))
        .min_by_key(|one| order(one))
        .or_else(|| others.iter().min_by_key(|one| order(one)))
        .copied()
}
