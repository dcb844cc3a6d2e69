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
    CockpitError, Options, Pacer, Recorder,
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
    agent::model::KeySource,
    app::{App, Start, spoken::SIZE},
    base::Now,
    cluster::Address,
    config::{Depth, Theme, theme::Worn},
    mesh::wanted::Ask,
    msg::{Effect, Event},
    script::Act,
};

/// Runs the cockpit.
pub fn run(options: Options) -> Result<bool, CockpitError> {
    let begin = Instant::now();
    // Before the terminal is taken, so that no signal finds it taken and nobody listening.
    let away = Arc::new(AtomicBool::new(false));
    let signals = signals::start(away.clone()).map_err(CockpitError::Start)?;
    if options.told.load(Ordering::Relaxed) {
        // What was to be played was not.
        return Ok(options.play.is_none());
    }
    let unseen = options.play.as_ref().filter(|play| play.headless).map(|play| play.size);
    let mut printer = options.plain.then(|| Printer::new(options.theme.ascii, io::stdout().is_terminal()));
    let mut terminal = match (unseen, &printer) {
        (Some(_), _) => None,
        (None, Some(_)) => Some(Terminal::enter_plain()?),
        (None, None) => Some(Terminal::enter()?),
    };
    let heard = match &mut terminal {
        Some(terminal) if options.asks_ground && printer.is_none() => {
            ground::ask(terminal).map_err(CockpitError::Terminal)?
        }
        _ => ground::Heard::default(),
    };
    // What is said does not depend on the size of what it is said on.
    let size = unseen.or(printer.as_ref().map(|_| SIZE)).unwrap_or_else(Terminal::size);
    let mut recorder = recording(&options, size)?;
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
        asks_ground: _,
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
    } = options;
    // The drawing that is read has colours of its own, whatever the terminal has.
    let (theme, worn) = match &printer {
        Some(_) => (Theme::standard(Depth::True), Worn::default()),
        None => (theme, worn),
    };
    let start = Start {
        keymap,
        theme,
        worn,
        size,
        all_namespaces,
        namespace: address.namespace.clone(),
        readonly,
        metrics: metrics.ask != Ask::Nowhere,
        tolerances,
        agent: agent.clone(),
        zone: TimeZone::system(),
        now: Now { mono: begin.elapsed(), server: Timestamp::now() },
        notices,
        custom,
        kubeconfig: kubeconfig(&address),
        groups: address.as_groups.join(","),
    };
    let (mut app, effects) = App::new(start);
    if present {
        app.present();
    }
    app.on_ground(heard.ground.unwrap_or(ground));
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
        over: false,
        well: true,
    };
    // The first frame waits for nothing: no file, no thread, no network.
    cockpit.pacer.touch();
    cockpit.draw().map_err(CockpitError::Terminal)?;
    trace::start(&state_dir);
    let (keys_to, keys) = channel(64);
    // A channel that is held open and silent stands for the keys of nobody.
    if cockpit.terminal.is_some() {
        if !heard.typed.is_empty() {
            // The channel is empty and has room; nobody saw the screen yet, so that none of them approves anything.
            let _ = keys_to.try_send(Event::Keys(heard.typed));
        }
        cockpit.reader = Some(input::start(keys_to, heard.replies).map_err(CockpitError::Start)?);
    } else {
        cockpit.nobody = Some(keys_to);
    }
    let (clock, pulse, place) = (cockpit.clock.clone(), cockpit.pulse.clone(), cockpit.address.clone());
    let agent = agent.ok();
    let plan =
        doors::Plan { address, metrics, readonly, policy, agent, servers, state_dir, clock, place, pulse, stage };
    let (doors, events) = Doors::open(plan).map_err(CockpitError::Start)?;
    let waiting = Builder::new_current_thread().enable_time().build().map_err(CockpitError::Start)?;
    let ended = waiting.block_on(cockpit.run(effects, &doors, keys, signals, events));
    let well = cockpit.well;
    drop(cockpit);
    if let Some(terminal) = &mut terminal {
        terminal.give();
    }
    doors.close();
    ended.map(|()| well)
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
    over: bool,
    /// What was played went well.
    well: bool,
}

impl Cockpit<'_> {
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
                self.well = well;
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
                Effect::Suspend => self.stop()?,
                Effect::Redraw => self.redraw(),
                Effect::Script(command) => {
                    let now = self.now();
                    if let Some(playing) = &mut self.playing {
                        let leave = playing.leave(&self.app);
                        playing.player.order(command, leave, now);
                    }
                }
                // A terminal without a cursor has no clipboard either; it would print what is sent to it.
                Effect::Copy(_)
                    if self.printer.is_some() && !ground::may_ask(std::env::var("TERM").ok().as_deref()) => {}
                Effect::Copy(text) => self.write(&clipboard(&text))?,
                Effect::EditText(ticket, text) => {
                    if self.terminal.is_none() {
                        continue;
                    }
                    // The editor gets the terminal; the loop goes on when it is left.
                    let edited = self.lend(|| super::doors::edit_text(&text))?;
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
        let bytes = self.painter.frame(|buf| app.view(buf));
        if bytes.is_empty() {
            return Ok(());
        }
        terminal.write(bytes)?;
        if let Some(recorder) = &mut self.recorder {
            recorder.frame(self.begin.elapsed(), &self.app, self.painter.shown(), self.painter.cursor())?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.terminal {
            Some(terminal) => terminal.write(bytes),
            None => Ok(()),
        }
    }
}

async fn after(wait: Option<Duration>) {
    match wait {
        Some(wait) => sleep(wait).await,
        None => pending().await,
    }
}

/// Begins the recording that is asked for.
fn recording(options: &Options, (width, height): (u16, u16)) -> Result<Option<Recorder>, CockpitError> {
    let Some(path) = &options.record else { return Ok(None) };
    // Lines play on any terminal; nobody has one as tall as the drawing that is read.
    let height = if options.plain { 40 } else { height };
    let mut recorder = Recorder::create(path, width, height, Timestamp::now())
        .map_err(|why| CockpitError::Record { path: path.clone(), why })?;
    forewarn(&mut recorder, options);
    Ok(Some(recorder))
}

/// Tells a recording of what this machine knows and the screen may come to show: credentials of the kubeconfig, the key of the
/// provider. What cannot be read now cannot be shown either.
fn forewarn(recorder: &mut Recorder, options: &Options) {
    for file in std::env::split_paths(&kubeconfig(&options.address)) {
        if let Ok(text) = std::fs::read_to_string(file) {
            recorder.learn(&text);
        }
    }
    match options.agent.as_ref().map(|model| &model.key) {
        Ok(KeySource::Env { names, .. }) => {
            names.iter().filter_map(|name| std::env::var(name).ok()).for_each(|key| recorder.keep(&key));
        }
        Ok(KeySource::File(path)) => {
            if let Ok(key) = std::fs::read_to_string(path) {
                recorder.keep(key.trim());
            }
        }
        // Asking for it a second time would ask a person for a passphrase twice.
        Ok(KeySource::Command(_)) | Err(_) => {}
    }
}

/// The kubeconfig's files, as the environment variable lists them.
fn kubeconfig(address: &Address) -> String {
    if address.kubeconfig.is_empty() {
        let usual =
            || directories::BaseDirs::new().map(|dirs| dirs.home_dir().join(".kube/config").display().to_string());
        return std::env::var("KUBECONFIG").ok().filter(|list| !list.is_empty()).or_else(usual).unwrap_or_default();
    }
    let list = std::env::join_paths(&address.kubeconfig);
    list.map(|list| list.to_string_lossy().into_owned()).unwrap_or_default()
}

/// OSC 52: the terminal's own clipboard, also over ssh.
fn clipboard(text: &str) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = b"\x1b]52;c;".to_vec();
    for chunk in text.as_bytes().chunks(3) {
        let word = chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place) & 63) as usize];
            bytes.push(if place <= chunk.len() { letter } else { b'=' });
        }
    }
    bytes.extend_from_slice(b"\x07");
    bytes
}

#[cfg(test)]
mod tests {
    use super::clipboard;

    #[test]
    fn the_clipboard_speaks_base64() {
        for (text, code) in [("reviews", "cmV2aWV3cw=="), ("pods", "cG9kcw=="), ("abc", "YWJj"), ("", "")] {
            assert_eq!(clipboard(text), format!("\u{1b}]52;c;{code}\u{7}").into_bytes());
        }
    }
}
