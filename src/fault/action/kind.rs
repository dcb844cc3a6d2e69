//! The kinds of actions: their words, and to which kinds of objects each of them may be done.

use crate::cluster::Kind;

/// A kind of action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ActionKind {
    /// Another number of replicas.
    Scale,
    /// New pods of the same template.
    Restart,
    /// The template of an earlier revision.
    Rollback,
    /// A CronJob makes no jobs, until it is resumed.
    Suspend,
    /// A CronJob makes jobs again.
    Resume,
    /// A job of a CronJob now.
    Trigger,
    /// No new pod starts on a node.
    Cordon,
    /// New pods start on a node again.
    Uncordon,
    /// A node is cordoned and its pods are evicted.
    Drain,
    /// Labels are set or taken off.
    Label,
    /// Annotations are set or taken off.
    Annotate,
    /// The object goes.
    Delete,
    /// A pod goes at once, without its grace period.
    Kill,
}

impl ActionKind {
    /// All of them, in the order of the list a person picks from.
    pub const ALL: [Self; 13] = [
        Self::Scale,
        Self::Restart,
        Self::Rollback,
        Self::Suspend,
        Self::Resume,
        Self::Trigger,
        Self::Cordon,
        Self::Uncordon,
        Self::Drain,
        Self::Label,
        Self::Annotate,
        Self::Delete,
        Self::Kill,
    ];

    /// Its word, on the command line and in the journal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Scale => "scale",
            Self::Restart => "restart",
            Self::Rollback => "rollback",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Trigger => "trigger",
            Self::Cordon => "cordon",
            Self::Uncordon => "uncordon",
            Self::Drain => "drain",
            Self::Label => "label",
            Self::Annotate => "annotate",
            Self::Delete => "delete",
            Self::Kill => "kill",
        }
    }

    /// The kind of a word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What it does, for a list.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Scale => "another number of replicas",
            Self::Restart => "new pods of the same template",
            Self::Rollback => "back to an earlier revision",
            Self::Suspend => "make no more jobs for now",
            Self::Resume => "make jobs again",
            Self::Trigger => "make one job now",
            Self::Cordon => "no new pods here",
            Self::Uncordon => "new pods here again",
            Self::Drain => "cordon, and evict the pods",
            Self::Label => "set or take off labels",
            Self::Annotate => "set or take off annotations",
            Self::Delete => "delete the object",
            Self::Kill => "delete the pod without its grace period",
        }
    }

    /// Whether it means something for objects of this kind. Of a kind brink does not know by heart only its scale subresource
    /// tells whether it can be scaled, which is asked when it is tried.
    pub fn fits(self, kind: &Kind) -> bool {
        let is = |group: &str, names: &[&str]| kind.group == group && names.contains(&kind.kind.as_str());
        let rollout = is("argoproj.io", &["Rollout"]);
        match self {
            Self::Scale => {
                let core = matches!(kind.group.as_str(), "" | "batch" | "policy" | "rbac.authorization.k8s.io")
                    || is("apps", &["DaemonSet", "ControllerRevision"]);
                (!core || is("", &["ReplicationController"])) && kind.namespaced
            }
            Self::Restart | Self::Rollback => rollout || is("apps", &["Deployment", "StatefulSet", "DaemonSet"]),
            Self::Suspend | Self::Resume | Self::Trigger => is("batch", &["CronJob"]),
            Self::Cordon | Self::Uncordon | Self::Drain => is("", &["Node"]),
            Self::Kill => is("", &["Pod"]),
            Self::Label | Self::Annotate | Self::Delete => true,
        }
    }

    /// Whether it is about one object only: what is chosen for one means nothing to another.
    pub fn alone(self) -> bool {
        self == Self::Rollback
    }

    /// What it can be done to, in words.
    pub fn needs(self) -> &'static str {
        match self {
            Self::Scale => "a Deployment, StatefulSet, ReplicaSet or another kind with a scale subresource",
            Self::Restart | Self::Rollback => "a Deployment, StatefulSet, DaemonSet or Rollout",
            Self::Suspend | Self::Resume | Self::Trigger => "a CronJob",
            Self::Cordon | Self::Uncordon | Self::Drain => "a Node",
            Self::Kill => "a Pod",
            Self::Label | Self::Annotate | Self::Delete => "any object",
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::ActionKind as A;
    use crate::{cluster::Kind, fault::known};

    #[test]
    fn every_word_names_its_kind() {
        for kind in A::ALL {
            assert_eq!(A::named(kind.word()), Some(kind));
        }
    }

    #[rstest]
    #[case(known::deployment(), A::Scale, true)]
    #[case(known::daemon_set(), A::Scale, false)]
    #[case(known::daemon_set(), A::Restart, true)]
    #[case(Kind::namespaced("argoproj.io", "v1alpha1", "Rollout", "rollouts"), A::Scale, true)]
    #[case(Kind::namespaced("argoproj.io", "v1alpha1", "Rollout", "rollouts"), A::Restart, true)]
    #[case(known::node(), A::Scale, false)]
    #[case(known::node(), A::Drain, true)]
    #[case(known::pod(), A::Drain, false)]
    #[case(known::config_map(), A::Delete, true)]
    fn actions_fit_their_kinds(#[case] kind: Kind, #[case] action: A, #[case] fits: bool) {
        assert_eq!(action.fits(&kind), fits);
    }
}
