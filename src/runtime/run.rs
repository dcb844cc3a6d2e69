//! The loop.

use std::{
    future::pending,
    io::{self, IsTerminal as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::{Timestamp, tz::TimeZone};
use tokio::{
    runtime::Builder,
    sync::mpsc::{Receiver, Sender, channel},
    time::sleep,
};

use super::{
    CockpitError, Left, Options, Pacer, Recorder, begin,
    clipboard::Clipboard,
    doors::{self, Doors},
    enter, ground, input,
    paint::Painter,
    play::Playing,
    printer::Printer,
    signals::{self, Asked},
    terminal::Terminal,
    trace,
};
use crate::{
    app::{App, Start, spoken::SIZE},
    base::Now,
    cluster::{Address, spaces},
    mesh::wanted::Ask,
    msg::{Effect, Event, Failure},
    script::Act,
};

/// Runs the cockpit.
pub fn run(options: Options) -> Result<Left, CockpitError> {
    let begin = Instant::now();
    // Before the terminal is taken, so that no signal finds nobody listening.
    let away = Arc::new(AtomicBool::new(false));
    let signals = signals::start(away.clone()).map_err(CockpitError::Start)?;
    if options.told.load(Ordering::Relaxed) {
        // What was to be played was not.
        return Ok(if options.play.is_none() { Left::Well } else { Left::Unwell });
    }
    let unseen = options.play.as_ref().filter(|play| play.headless).map(|play| play.size);
    let mut printer = options.plain.then(|| Printer::new(options.theme.ascii, io::stdout().is_terminal()));
    let (mut terminal, heard) = begin::take(&options)?;
    // What is said does not depend on the size of what it is said on.
    let size = unseen.or(printer.as_ref().map(|_| SIZE)).unwrap_or_else(Terminal::size);
    let mut recorder = begin::recorder(&options, size)?;
    let Options {
        address,
        all_namespaces,
        metrics,
        tolerances,
        agent,
        servers,
        readonly,
        theme,
        worn,
        asks: _,
        asks_ground: _,
        mouse: _,
        links,
        ground,
        keymap,
        policy,
        state_dir,
        plain: _,
        record: _,
        fps,
        notices,
        told: _,
        present,
        play,
        stage,
        custom,
        overlays,
        mute,
    } = options;
    // What is connected is at home in the first of several.
    let asked = address.namespace.clone();
    let address = Address { namespace: asked.as_deref().and_then(spaces::first), ..address };
    let start = Start {
        keymap,
        theme,
        worn,
        size,
        all_namespaces,
        namespace: asked,
        readonly,
        metrics: metrics.ask != Ask::Nowhere,
        tolerances,
        agent: agent.clone(),
        mute: mute.clone(),
        zone: TimeZone::system(),
        now: Now { mono: begin.elapsed(), server: Timestamp::now() },
        notices,
        custom,
        overlays: overlays.clone(),
        kubeconfig: begin::kubeconfig(&address),
        groups: address.as_groups.join(","),
    };
    let (mut app, effects) = App::new(start);
    if present {
        app.present();
    }
    app.on_ground(heard.ground.unwrap_or(ground));
    // Nobody copies where nobody watches.
    let clipboard = if unseen.is_some() { Clipboard::default() } else { Clipboard::here() };
    let playing = play.map(|play| Playing::new(play, stage.clone()));
    let mut cockpit = Cockpit {
        app,
        painter: Painter::new(size.0, size.1),
        pacer: Pacer::new(fps),
        begin,
        clock: doors::SharedClock::default(),
        pulse: doors::Pulse::default(),
        terminal: terminal.as_mut(),
        recorder: recorder.as_mut(),
        printer: printer.take(),
        playing,
        nobody: None,
        reader: None,
        away,
        address: enter::SharedAddress::default(),
        clipboard: clipboard.clone(),
        links,
        over: false,
        left: Left::Well,
    };
    // The first frame waits for nothing: no file, no thread, no network.
    cockpit.pacer.touch();
    cockpit.draw().map_err(CockpitError::Terminal)?;
    trace::start(&state_dir);
    let keys = cockpit.listen(heard)?;
    let plan = doors::Plan {
        address,
        metrics,
        readonly,
        policy,
        agent: agent.ok(),
        servers,
        state_dir,
        clock: cockpit.clock.clone(),
        place: cockpit.address.clone(),
        pulse: cockpit.pulse.clone(),
        stage,
        overlays,
        mute: mute.is_some(),
        clipboard: clipboard.program(),
    };
    let (doors, events) = Doors::open(plan).map_err(CockpitError::Start)?;
    let waiting = Builder::new_current_thread().enable_time().build().map_err(CockpitError::Start)?;
    let ended = waiting.block_on(cockpit.run(effects, &doors, keys, signals, events));
    let left = cockpit.left;
    drop(cockpit);
    if let Some(terminal) = &mut terminal {
        terminal.give();
    }
    doors.close();
    ended.map(|()| left)
}

struct Cockpit<'t> {
    app: App,
    painter: Painter,
    pacer: Pacer,
    begin: Instant,
    clock: doors::SharedClock,
    pulse: doors::Pulse,
    /// `None` when nobody watches.
    terminal: Option<&'t mut Terminal>,
    recorder: Option<&'t mut Recorder>,
    /// It is said in lines, and not drawn.
    printer: Option<Printer>,
    playing: Option<Playing>,
    nobody: Option<Sender<Event>>,
    /// Who reads the keys, once there is a terminal.
    reader: Option<input::Reader>,
    /// The terminal is another program's.
    away: Arc<AtomicBool>,
    /// Of the link that stands.
    address: enter::SharedAddress,
    /// Where copies go.
    clipboard: Clipboard,
    /// The terminal opens links.
    links: bool,
    over: bool,
    /// How it ends.
    left: Left,
}

impl Cockpit<'_> {
    /// The keys from here on, after those that were typed before the first frame.
    fn listen(&mut self, heard: ground::Heard) -> Result<Receiver<Event>, CockpitError> {
        let (keys_to, keys) = channel(64);
        // A channel that is held open and silent stands for the keys of nobody.
        if self.terminal.is_some() {
            for event in heard.typed {
                // The channel is empty and has room for what can be typed in a frame's time.
                let _ = keys_to.try_send(event);
            }
            self.reader = Some(input::start(keys_to, heard.parser, heard.replies).map_err(CockpitError::Start)?);
        } else {
            self.nobody = Some(keys_to);
        }
        Ok(keys)
    }

    fn now(&self) -> Now {
        Now { mono: self.begin.elapsed(), server: self.clock.now() }
    }

    async fn run(
        &mut self,
        effects: Vec<Effect>,
        doors: &Doors,
        mut keys: Receiver<Event>,
        mut signals: Receiver<Asked>,
        mut events: Receiver<Event>,
    ) -> Result<(), CockpitError> {
        self.carry_out(effects, doors).map_err(CockpitError::Terminal)?;
        while !self.over {
            self.pulse.beat();
            let due = self.pacer.due().or_else(|| self.wakes());
            let wait = due.map(|due| due.saturating_sub(self.begin.elapsed()));
            let first = tokio::select! {
                biased;
                asked = signals.recv() => {
                    self.signalled(asked.unwrap_or(Asked::End), doors).map_err(CockpitError::Terminal)?;
                    None
                }
                key = keys.recv() => match key {
                    Some(key) => Some(key),
                    // The terminal is gone: nobody is there any more.
                    None => Some(Event::Terminate),
                },
                event = events.recv() => Some(event.ok_or(CockpitError::Doors)?),
                () = after(wait) => self.pacer.due().is_none().then_some(Event::Wake),
            };
            let mut next = first;
            while let Some(event) = next {
                self.take(event, doors).map_err(CockpitError::Terminal)?;
                // A flood may not starve the screen: what comes within a frame's time goes into one frame, and the first
                // after idle is drawn at once.
                let due = self.pacer.due().is_some_and(|due| due <= self.begin.elapsed());
                next = if due { None } else { keys.try_recv().or_else(|_| events.try_recv()).ok() };
            }
            self.play(doors).map_err(CockpitError::Terminal)?;
            self.draw().map_err(CockpitError::Terminal)?;
        }
        Ok(())
    }

    fn wakes(&self) -> Option<Duration> {
        let script = self.playing.as_ref().and_then(|playing| playing.wakes(self.now()));
        self.app.wakes().into_iter().chain(script).min()
    }

    /// Lets the script do what it can do now. Bounded: whatever a script does, keys and rows come through.
    fn play(&mut self, doors: &Doors) -> io::Result<()> {
        for _ in 0..16 {
            let now = self.now();
            // Judged is what stands on the screen.
            self.app.settle();
            let Some(playing) = &mut self.playing else { return Ok(()) };
            let leave = playing.leave(&self.app);
            let acts = playing.player.tick(&self.app, now, leave);
            playing.tell();
            if let Some(well) = playing.player.over().filter(|_| playing.headless) {
                self.left = if well { Left::Well } else { Left::Unwell };
                self.over = true;
                return Ok(());
            }
            if acts.is_empty() {
                return Ok(());
            }
            for act in acts {
                match act {
                    Act::Cue(cue) => self.take(Event::Cue(cue), doors)?,
                    Act::Errand(id, errand) => doors.send(Effect::Errand(id, errand)),
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, event: Event, doors: &Doors) -> io::Result<()> {
        if let Event::Resize { width, height } = event {
            self.painter.resize(width, height);
            if let Some(recorder) = &mut self.recorder {
                recorder.resized(self.begin.elapsed(), width, height)?;
            }
        }
        let now = self.now();
        let event = match event {
            Event::Brought(id, answer) => {
                if let Some(playing) = &mut self.playing {
                    playing.player.hear(id, answer, now);
                }
                return Ok(());
            }
            Event::Uncopied(text) => return self.copy(&text, doors),
            // It said so after the first frame: the link is slow.
            Event::Keyboard => return self.terminal.as_mut().map_or(Ok(()), |terminal| terminal.tell_keys()),
            event => event,
        };
        if let Some(recorder) = &mut self.recorder {
            recorder.typed(&event, &self.app);
        }
        let effects = self.app.update(event, now);
        self.pacer.touch();
        self.carry_out(effects, doors)
    }

    fn carry_out(&mut self, effects: Vec<Effect>, doors: &Doors) -> io::Result<()> {
        for effect in effects {
            match effect {
                Effect::Quit => self.over = true,
                Effect::Demo => {
                    self.over = true;
                    self.left = Left::ForDemo;
                }
                Effect::Suspend => self.stop()?,
                Effect::Redraw => self.redraw(),
                Effect::Frames(fps) => self.pacer.limit(u64::from(fps)),
                Effect::Script(command) => {
                    let now = self.now();
                    if let Some(playing) = &mut self.playing {
                        let leave = playing.leave(&self.app);
                        playing.player.order(command, leave, now);
                    }
                }
                // A terminal without a cursor has no clipboard either; it would print what is sent to it.
                Effect::Copy(_)
                    if self.printer.is_some()
                        && self.clipboard.program().is_none()
                        && !ground::may_ask(std::env::var("TERM").ok().as_deref()) => {}
                Effect::Copy(text) if self.clipboard.program().is_none() => self.copy(&text, doors)?,
                Effect::EditText(ticket, text) => {
                    if self.terminal.is_none() {
                        continue;
                    }
                    // The editor gets the terminal; the loop goes on when it is left.
                    let edited = self.lend(|| super::editor::edit(&text))?;
                    let now = self.now();
                    let more = self.app.update(Event::Edited(ticket, edited), now);
                    self.carry_out(more, doors)?;
                }
                Effect::Enter(ticket, place, entering) => {
                    if self.terminal.is_none() {
                        continue;
                    }
                    let address = self.address.clone();
                    let left = self.lend(|| enter::run(&address, &place, entering))?;
                    let now = self.now();
                    let more = self.app.update(Event::Left(ticket, left), now);
                    self.carry_out(more, doors)?;
                }
                Effect::Start(ticket, program) if !program.background => {
                    if self.terminal.is_none() {
                        continue;
                    }
                    let ran = self.lend(|| super::doors::foreground(&program))?;
                    let now = self.now();
                    let more = self.app.update(Event::Ran(ticket, ran), now);
                    self.carry_out(more, doors)?;
                }
                effect => doors.send(effect),
            }
        }
        Ok(())
    }

    /// Gives the terminal to another program until that is left: neither keys nor its signals are ours meanwhile.
    fn lend<T>(&mut self, work: impl FnOnce() -> T) -> io::Result<T> {
        if let Some(reader) = &self.reader {
            reader.pause();
        }
        if let Some(terminal) = &mut self.terminal {
            terminal.give();
        }
        self.away.store(true, Ordering::Relaxed);
        self.pulse.away(true);
        let done = work();
        self.pulse.away(false);
        self.away.store(false, Ordering::Relaxed);
        if let Some(terminal) = &mut self.terminal {
            terminal.take()?;
        }
        if let Some(reader) = &self.reader {
            reader.resume();
        }
        // It may have been another size meanwhile.
        let (width, height) = self.size();
        self.painter.resize(width, height);
        let now = self.now();
        self.app.update(Event::Resize { width, height }, now);
        self.redraw();
        Ok(done)
    }

    fn signalled(&mut self, asked: Asked, doors: &Doors) -> io::Result<()> {
        match asked {
            Asked::End => {
                self.over = true;
                Ok(())
            }
            Asked::Stop => self.stop(),
            Asked::Resize if self.terminal.is_none() || self.printer.is_some() => Ok(()),
            Asked::Resize => {
                let (width, height) = Terminal::size();
                self.take(Event::Resize { width, height }, doors)
            }
            Asked::Continue => {
                self.redraw();
                Ok(())
            }
        }
    }

    fn stop(&mut self) -> io::Result<()> {
        let Some(terminal) = &mut self.terminal else { return Ok(()) };
        terminal.give();
        signals::stop_here();
        terminal.take()?;
        let (width, height) = self.size();
        self.painter.resize(width, height);
        let now = self.now();
        self.app.update(Event::Resize { width, height }, now);
        self.redraw();
        Ok(())
    }

    fn size(&self) -> (u16, u16) {
        if self.printer.is_some() { SIZE } else { Terminal::size() }
    }

    fn redraw(&mut self) {
        self.painter.forget();
        if let Some(printer) = &mut self.printer {
            printer.narrator.forget();
        }
        self.pacer.touch();
    }

    fn draw(&mut self) -> io::Result<()> {
        if self.over || !self.pacer.draw(self.begin.elapsed()) {
            return Ok(());
        }
        self.app.settle();
        let Some(terminal) = &mut self.terminal else { return Ok(()) };
        if let Some(printer) = &mut self.printer {
            let said = printer.narrator.say(&self.app);
            let printed = printer.print(said);
            terminal.write(printed.text.as_bytes())?;
            if let Some(recorder) = &mut self.recorder {
                recorder.said(self.begin.elapsed(), &self.app, &printed.lines)?;
            }
            return Ok(());
        }
        let app = &self.app;
        let links = self.links;
        let bytes = self.painter.frame_with(|buf| {
            let cursor = app.view(buf);
            (cursor, if links { app.links(buf) } else { Vec::new() })
        });
        if bytes.is_empty() {
            return Ok(());
        }
        terminal.write(bytes)?;
        if let Some(recorder) = &mut self.recorder {
            recorder.frame(self.begin.elapsed(), &self.app, self.painter.shown(), self.painter.cursor())?;
        }
        Ok(())
    }

    /// Asks the terminal to take a text into its clipboard.
    fn copy(&mut self, text: &str, doors: &Doors) -> io::Result<()> {
        match (self.clipboard.sequence(text), &mut self.terminal) {
            (Some(bytes), Some(terminal)) => terminal.write(&bytes),
            (Some(_), None) => Ok(()),
            (None, _) => {
                let what = format!("not copied: {} kB is more than terminals take", text.len() / 1000);
                self.take(Event::Notice(Failure::new(what, "copy a part of it, or ask for it with `brink get`")), doors)
            }
        }
    }
}

async fn after(wait: Option<Duration>) {
    match wait {
        Some(wait) => sleep(wait).await,
        None => pending().await,
    }
}
