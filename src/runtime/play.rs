//! A script that plays in the loop: who may approve where, and who hears of it.

use std::{path::PathBuf, time::Duration};

use secrecy::SecretString;

use super::notes::Notes;
use crate::{
    app::App,
    base::Now,
    fault::policy::Policy,
    script::{Leave, Player, Report, Script, player::Manner},
};

/// However fast a world's time goes, nothing lasts longer than so many times what is usual.
const MOST_SPEED: f64 = 100.0;

/// A world that this very process started: what proves it, and where it is.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Its control door.
    pub control: String,
    /// The word of this one world, made at its start and told to its parent alone.
    pub token: SecretString,
    /// Its API server. Nowhere else does the script approve anything.
    pub server: String,
    /// How many faults its script has open at once; nowhere else may they be.
    pub concurrent: u32,
    /// How much faster its time goes than this machine's.
    pub speed: f64,
}

impl Stage {
    /// The guardrails of a person in this world: so many faults at once as its script has, and leases as long by this machine's
    /// clock as elsewhere by the server's.
    pub(super) fn loosened(&self, mut policy: Policy) -> Policy {
        policy.max_concurrent = policy.max_concurrent.max(self.concurrent);
        policy.max_lease = policy.max_lease.mul_f64(self.pace());
        policy
    }

    /// Its faults last as long by this machine's clock as the script says: at twenty-fold speed ten minutes would be thirty
    /// seconds, less than a busy machine may need to see what they do.
    pub fn paced(&self, mut script: Script) -> Script {
        for step in &mut script.steps {
            step.fault = step.fault.take().map(|fault| Box::new(fault.lasting(self.pace())));
        }
        script
    }

    /// How many times longer a fault lasts here, the script's own and what the agent proposes in it.
    pub(super) fn pace(&self) -> f64 {
        self.speed.clamp(1.0, MOST_SPEED)
    }
}

/// What is to be played, and how.
#[derive(Debug)]
pub struct Play {
    /// The script.
    pub script: Script,
    /// Nobody watches: no terminal is taken.
    pub headless: bool,
    /// The size of the screen nobody sees.
    pub size: (u16, u16),
    /// Where the speaker's second terminal may listen.
    pub notes: Option<PathBuf>,
    /// Who hears what became of each step.
    pub tell: fn(&Report),
}

/// It plays.
pub(super) struct Playing {
    pub player: Player,
    pub headless: bool,
    stage: Option<Stage>,
    notes: Option<Notes>,
    tell: fn(&Report),
}

impl Playing {
    /// Begins.
    pub fn new(play: Play, stage: Option<Stage>) -> Self {
        let Play { script, headless, size: _, notes, tell } = play;
        // Without a second terminal the show goes on.
        let notes = notes.and_then(|folder| {
            Notes::open(&folder).inspect_err(|error| tracing::warn!(%error, "no second terminal")).ok()
        });
        Self { player: Player::new(script, Manner { headless }), headless, stage, notes, tell }
    }

    /// What the script may do now: on another cluster than its own world it asks as everybody does.
    pub fn leave(&self, app: &App) -> Leave {
        let own = self.stage.as_ref().is_some_and(|stage| stage.server == app.world.names.server);
        Leave { approve: own, rewind: own }
    }

    /// Tells everybody what is new.
    pub fn tell(&mut self) {
        for report in self.player.take_reports() {
            tracing::info!(step = report.step, ok = report.ok, report.message, "script");
            (self.tell)(&report);
        }
        if let Some(notes) = &self.notes {
            notes.tell(self.player.told());
        }
    }

    /// When it wants to look again.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        let read = self.notes.as_ref().is_some_and(Notes::read).then(|| now.mono + Duration::from_secs(1));
        self.player.wakes(now).into_iter().chain(read).min()
    }
}
