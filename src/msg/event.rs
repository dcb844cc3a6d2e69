//! What happens to the cockpit. Answers carry the [`Ticket`] of their question; one that nobody waits for any more is dropped.

use std::sync::Arc;

use super::{Brought, Cue, failure::Failure, key::Key, mouse::Mouse, program::Ran, saved::Kept};
use crate::{
    agent::{
        Told,
        mcp::{Question, Queued},
        session::Granted,
    },
    base::{Ground, Ticket},
    cluster::{
        Batch, Manifest, ObjectRef, Source,
        address::ContextName,
        discovery::Discovery,
        logs::LogBatch,
        namespaces::NamespaceRow,
        pods::PodRow,
        resource_health::HealthRow,
        session::{Ended, ForwardView, Ports},
        table::TableRow,
    },
    fault::{
        action,
        catalogue::view::KindsView,
        checked::Checked,
        foreseen::Foreseen,
        io::{scan::Scanned, stop::Stopped},
        refusal::ApplyError,
        view::InjectionView,
    },
    mesh::{
        beside::Beside,
        gateways::{GatewayRow, Seen},
        istio::PieceRow,
        load::Loaded,
        relations::Relative,
        routes::{RouteKind, RouteRow},
        signals::{MetricSource, Snapshot, resource_use::Usage},
    },
};

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A key.
    Key(Key),
    /// Several keys that came in one read: a paste without brackets, a burst over a slow link. None of them may approve
    /// anything.
    Keys(Vec<Key>),
    /// Text pasted at once. Never read as commands.
    Paste(String),
    /// Something done with the mouse. It never approves anything.
    Mouse(Mouse),
    /// The terminal offers to tell keys apart that are one byte otherwise (the keyboard protocol of kitty). For the runtime alone.
    Keyboard,
    /// The terminal's size, in cells.
    Resize {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// The time [`crate::msg`]'s receiver asked to be woken at has come.
    Wake,
    /// The terminal is ours again (after SIGCONT).
    Resumed,
    /// The process was asked to end (SIGTERM, SIGHUP).
    Terminate,
    /// The link to the cluster stands; first rows may come.
    Linked(Ticket, Names),
    /// There is no link.
    NotLinked(Ticket, Failure),
    /// The contexts of the kubeconfig.
    Contexts(Ticket, Result<Vec<ContextName>, Failure>),
    /// The themes of the person's folder.
    Themes(Ticket, Vec<ThemeFile>),
    /// The terminal said late how bright its ground is.
    Ground(Ground),
    /// The namespaces of the cluster, by name.
    Namespaces(Ticket, Result<Vec<String>, Failure>),
    /// Which kinds the cluster serves.
    Discovered(Ticket, Result<Arc<Discovery>, Failure>),
    /// Rows of any kind.
    Table(Ticket, Batch<TableRow>),
    /// Objects of one kind, and how they hang together with others.
    Relatives(Ticket, Batch<Relative>),
    /// How well objects of one kind are.
    Health(Ticket, Batch<HealthRow>),
    /// What pods or nodes use; `None`: nobody measures it.
    Usage(Ticket, Option<Box<Usage>>),
    /// An object that was asked for to go on from.
    Object(Ticket, ObjectRef, Result<Box<Manifest>, Failure>),
    /// Pods.
    Pods(Ticket, Batch<PodRow>),
    /// Routes of one kind.
    Routes(Ticket, RouteKind, Batch<RouteRow>),
    /// Gateways, and where they are looked for.
    Gateways(Ticket, Seen, Batch<GatewayRow>),
    /// ListenerSets, as rows of the same form.
    ListenerSets(Ticket, Batch<GatewayRow>),
    /// Objects of Istio's configuration and Services, of the kind of this name, and where they are looked for.
    Pieces(Ticket, String, Seen, Batch<PieceRow>),
    /// The root namespace of the mesh.
    MeshRoot(Ticket, String),
    /// Namespaces with their labels.
    Labels(Ticket, Batch<NamespaceRow>),
    /// Everything that has a say in who takes a request.
    Routing(Ticket, Result<Box<Loaded>, Failure>),
    /// What stands beside the figures of the mesh, of one kind.
    Beside(Ticket, Batch<Beside>),
    /// What the metric source says. Latest wins.
    Metrics(Ticket, MetricSource, Option<Box<Snapshot>>),
    /// A text that was asked for: a description, YAML.
    Text(Ticket, Result<String, Failure>),
    /// Lines of a log.
    Log(Ticket, LogBatch),
    /// A text was written: to which file, or why not.
    Saved(Ticket, Result<String, Failure>),
    /// The terminal is ours again: how the session in the container ended, or why there was none.
    Left(Ticket, Result<Ended, Failure>),
    /// A copy is through: where it lies, or why it does not.
    Copied(Ticket, Result<String, Failure>),
    /// The ports that were asked for.
    Ports(Ticket, Result<Ports, Failure>),
    /// How a forwarded port does, or why it is none.
    Forward(Ticket, Result<ForwardView, Failure>),
    /// How the list of injections stands as a source.
    FaultSource(Ticket, Source),
    /// An injection changed, own or foreign.
    Injection(Box<InjectionView>),
    /// The record of somebody's injection is gone: it has ended.
    Gone(String),
    /// A plan was checked by the API server, or why there is none.
    Checked(Ticket, Result<Box<Checked>, Failure>),
    /// What an action must know of its object, or why it cannot be done.
    ActSeen(Ticket, Result<Box<action::Seen>, Failure>),
    /// Which drivers work on this cluster.
    Kinds(Ticket, Result<KindsView, Failure>),
    /// The editor was left: what was saved, or `None` when nothing was.
    Edited(Ticket, Result<Option<String>, Failure>),
    /// A program that was started has ended, or why it was not started.
    Ran(Ticket, Result<Ran, Failure>),
    /// An apply is through: the injection's id, or why nothing stays applied.
    Applied(Ticket, Result<String, ApplyError>),
    /// What the scan at the start found and did.
    Scanned(Box<Scanned>),
    /// The emergency stop's latch: who set it and when, or `None` once it is lifted.
    Latched(Option<String>),
    /// What an undo would write, or why nobody can tell.
    Foreseen(Ticket, Result<Box<Foreseen>, Failure>),
    /// An abort, an extension, a decision or a release is through, or why not.
    Ordered(Ticket, Result<(), Failure>),
    /// The emergency stop is through.
    Stopped(Ticket, Result<Stopped, Failure>),
    /// What an ask tells.
    Agent(Ticket, Box<Told>),
    /// What came of a wish about conversations, or why nothing did.
    Talk(Ticket, Result<Granted, Failure>),
    /// Before a tool of another server runs a person is asked; the answer is [`super::Effect::Answer`] with this number.
    Question(Ticket, u64, Box<Question>),
    /// What MCP clients proposed for this cluster and waits for a person.
    Inbox(Vec<Queued>),
    /// The views that are kept now, or why one could not be kept.
    Views(Ticket, Result<Kept, Failure>),
    /// What happened on the far side of this ticket.
    Far(Ticket, Box<Event>),
    /// What a running script has done here.
    Cue(Cue),
    /// What an errand of the running script came to; for the script alone.
    Brought(u64, Result<Brought, Failure>),
    /// A text did not reach the clipboard by a program of this machine; for the runtime, which asks the terminal.
    Uncopied(String),
    /// Something worth a line at the bottom.
    Notice(Failure),
}

/// A theme of the person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThemeFile {
    /// Its name.
    pub name: String,
    /// What stands in its file.
    pub text: String,
}

/// Who and where, once linked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// Context of the kubeconfig, or `in-cluster`.
    pub context: String,
    /// The cluster's name in the kubeconfig.
    pub cluster: String,
    /// The user's name in the kubeconfig.
    pub user: String,
    /// The namespace chosen, or the context's own.
    pub namespace: String,
    /// The server's address.
    pub server: String,
    /// The context counts as production.
    pub production: bool,
}
