//! Whom the object of a chaos engine hits: pods by name, chosen here and never by the engine (rule R6).

use super::{
    CompileError,
    native::{self, HowMany},
    reach,
    words::{counted, spoken},
};
use crate::{
    cluster::Manifest,
    fault::{
        aim::{self, Aim},
        catalogue::{TargetType, Wanted},
        intent::Fault,
        plan::Reach,
        sight::Sight,
    },
};

/// Whose pods can be hit.
pub const TARGETS: &[TargetType] = &[
    TargetType::Service,
    TargetType::Workload(&["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod"]),
    TargetType::Selector,
];

/// The pods that are hit, of all that are meant.
pub struct Hit<'a> {
    /// What the target means.
    pub aim: Aim<'a>,
    /// The pods chosen.
    pub pods: Vec<&'a Manifest>,
}

/// Chooses the pods: the same id gives the same choice.
pub fn choose<'a>(wanted: &Wanted<'a>, how_many: HowMany) -> Result<Hit<'a>, CompileError> {
    let aim = aim::aim(wanted.fault, wanted.sight)?;
    let pods = native::choose(aim.pods.clone(), wanted.id, how_many, "are there")?;
    Ok(Hit { aim, pods })
}

impl Hit<'_> {
    /// What it touches, where each hit pod has this share of its requests disturbed; `lost`: they are out of service meanwhile.
    pub fn reach(&self, sight: &Sight, portion: f64, lost: bool) -> Reach {
        let chosen = Aim { pods: self.pods.clone(), ..self.aim.clone() };
        let mut reach = reach::hit(&chosen, sight, 1.0);
        reach.portion = native::share(self.pods.len(), self.aim.pods.len()) * portion;
        if lost {
            reach.lost = native::lost(&self.pods, &self.aim.pods, sight);
        }
        reach
    }

    /// A deed in words, `{}` standing for whom it hits; what happens once has no time.
    pub fn title(&self, deed: &str, once: bool, fault: &Fault) -> String {
        let deed = deed.replace("{}", &self.whom());
        if once { deed } else { format!("{deed} for {}", spoken(fault.duration)) }
    }

    /// `all 3 pods of reviews`.
    fn whom(&self) -> String {
        let called = &self.aim.called;
        match (self.pods.as_slice(), self.aim.pods.len()) {
            ([only], 1) => only.name().to_owned(),
            (some, all) if some.len() == all => format!("all {} of {called}", counted(all, "pod")),
            (some, all) => format!("{} of {} of {called}", some.len(), counted(all, "pod")),
        }
    }
}
